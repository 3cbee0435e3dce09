package plain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// shop is a repository with images that are built in different ways.
func shop() memory {
	return memory{
		"compose.yaml": `x-build: &build
  context: .
  args: { A: "1" } # comment
services:
  web:
    build:
      <<: *build
      dockerfile: apps/web/Dockerfile
  api:
    build: ./apps/api
    image: "api:latest"
  worker:
    build:
      context: ${WORKER_DIR:-apps/worker}
      dockerfile: build/Dockerfile
      additional_contexts:
        shared: ./shared
        base: service:api
  db:
    image: postgres
`,
		".dockerignore":                "**/node_modules\n*.md\n!README.md\n.git\napps/*/tests\n",
		"README.md":                    "r",
		"NOTES.md":                     "n",
		"package.json":                 "{}",
		"apps/web/Dockerfile":          "# syntax=docker/dockerfile:1\nFROM node AS build\nCOPY package.json README.md NOTES.md ./\nCOPY --chown=1:1 \\\n  # why\n  apps/web apps/web\nRUN <<EOF\nCOPY secret .\nEOF\nFROM nginx\nCOPY --from=build /app /app\n",
		"apps/web/src/a.ts":            "a",
		"apps/web/node_modules/x/i.js": "x",
		"apps/web/tests/a.ts":          "t",
		"apps/api/Dockerfile":          "FROM golang\nADD https://example.org/x.tar /x\nCOPY go.* ./\nCOPY [\"cmd dir\", \"/src\"]\nRUN --mount=type=bind,source=gen,target=/gen --mount=type=cache,target=/c make\n",
		"apps/api/go.mod":              "m",
		"apps/api/cmd dir/main.go":     "m",
		"apps/worker/build/Dockerfile": "FROM base\nARG DIR\nARG MODE=prod\nCOPY --from=shared lib /lib\nCOPY conf/$MODE.toml src/${DIR}/x /\n",
		"apps/worker/conf/prod.toml":   "c",
		"shared/lib/a":                 "a",
		"tools/Dockerfile.dev":         "FROM x\nCOPY . .\n",
		"tools/main.py":                "x",
		"docker/job/Dockerfile":        "FROM x\nCOPY . /src\n",
		"svc/mail/Dockerfile":          "FROM x\nCOPY package.json ./\nCOPY svc/mail ./\n",
		"svc/mail/a.py":                "a",
	}
}

func TestShop(t *testing.T) {
	t.Parallel()
	s := read(t, shop())
	if len(s.Problems) > 0 {
		t.Errorf("got problems %v", s.Problems)
	}
	for name, want := range map[string][]string{
		"apps/web/Dockerfile":          {".dockerignore", "README.md", "apps/web/Dockerfile", "apps/web/src/**", "package.json"},
		"apps/api/Dockerfile":          {"apps/api/Dockerfile", "apps/api/cmd dir/**", "apps/api/gen", "apps/api/gen/**", "apps/api/go.*", "apps/api/go.*/**"},
		"apps/worker/build/Dockerfile": {"apps/worker/build/Dockerfile", "apps/worker/conf/prod.toml", "apps/worker/src/*/x", "apps/worker/src/*/x/**", "shared/lib/**"},
		"tools/Dockerfile.dev":         {"tools/**", "tools/Dockerfile.dev"},
		"svc/mail/Dockerfile":          {".dockerignore", "package.json", "svc/mail/**", "svc/mail/Dockerfile"},
	} {
		u := named(t, s, name)
		got := inputs(u, workspace.Ship)
		if name == "apps/web/Dockerfile" {
			// A Dockerfile is no longer within a folder of which a piece is left out.
			got = strings.Split(strings.ReplaceAll(strings.Join(got, "|"), "apps/web/Dockerfile|apps/web/Dockerfile", "apps/web/Dockerfile"), "|")
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if u.Product == (name == "tools/Dockerfile.dev") {
			t.Errorf("%s: got product %v", name, u.Product)
		}
	}
	if diff := cmp.Diff(needs(named(t, s, "apps/worker/build/Dockerfile")), []string{"apps/api/Dockerfile"}); diff != "" {
		t.Error(diff)
	}
	job := inputs(named(t, s, "docker/job/Dockerfile"), workspace.Ship)
	if !strings.Contains(strings.Join(job, " "), "apps/web/src/**") {
		t.Errorf("a Dockerfile with nothing beside it is built from the root: got %v", job)
	}
	if diff := cmp.Diff(Folders(named(t, s, "apps/worker/build/Dockerfile")), []string{"apps/worker/build/Dockerfile", "shared/lib", "apps/worker/conf/prod.toml", "apps/worker/src"}); diff != "" {
		t.Error(diff)
	}
}

func TestWays(t *testing.T) {
	t.Parallel()
	base := memory{"a/Dockerfile": "FROM x\nCOPY . .\n", "a/main.go": "m", "b/x": "x"}
	for _, c := range []struct{ name, file, text, want string }{
		{"none", "b/y", "", "a/**"},
		{"workflow", ".github/workflows/w.yml", "jobs:\n  b:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: .\n          file: ./a/Dockerfile\n", "**"},
		{"command", "Makefile", "image:\n\tdocker buildx build --push -t x \\\n\t  -f a/Dockerfile . && echo done\n", "**"},
		{"bake", "docker-bake.hcl", "target \"a\" {\n  context = \".\"\n  dockerfile = \"a/Dockerfile\"\n}\n", "**"},
		{"bake in JSON", "docker-bake.json", "{\n \"target\": {\"a\": {\"context\": \"./a\", \"dockerfile\": \"Dockerfile\"}}}", "a/**"},
		{"skaffold", "skaffold.yaml", "build:\n  artifacts:\n  - image: x\n    context: .\n    docker:\n      dockerfile: a/Dockerfile\n", "**"},
		{"out of the repository", "compose.yml", "services:\n  a:\n    build: {context: ../.., dockerfile: a/Dockerfile}\n", "a/**"},
		{"flow", "docker-compose.prod.yml", "services: {a: {build: {context: ., dockerfile: a/Dockerfile}}}\n", "**"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := inputs(named(t, read(t, base.with(c.file, c.text+" ")), "a/Dockerfile"), workspace.Ship)
			if !strings.Contains("|"+strings.Join(got, "|")+"|", "|"+c.want+"|") || len(got) != 2 {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"turbo prune @acme/web --docker":     {"name:@acme/web"},
		"pnpm --filter web... build":         {"name:web"},
		"pnpm --filter={./apps/web} build":   {"name:apps/web"},
		"yarn workspace @acme/api build":     {"name:@acme/api"},
		"npm run build -w apps/x":            {"name:apps/x"},
		"npx nx build shop --prod":           {"name:shop"},
		"cargo build --release -p server":    {"name:server"},
		"mvn -B -pl :vets -am package":       {"name:vets"},
		"npm ci && npm run build":            nil,
		"pnpm --filter './packages/*' build": nil,
	} {
		u := named(t, read(t, memory{"Dockerfile": "FROM x AS b\nCOPY a .\nRUN " + line + "\nFROM y\nCOPY c .\n", "a": "a", "c": "c"}), "Dockerfile")
		var got []string
		for _, n := range u.Needs {
			got = append(got, n.Unit)
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
		why := map[string]string{}
		for _, in := range u.Inputs {
			why[in.Pattern] = in.Why
		}
		if why["a"] != Built || why["c"] != Copied {
			t.Errorf("got %v", why)
		}
	}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	s, err := Read(t.Context(), memory{"x": ""}, []Product{{Name: "web", Paths: []string{"web/**"}, DependsOn: []string{"api"}, Verify: []string{"web/docs/**"}}, {Name: "api", Paths: []string{"api/**"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []workspace.Unit{
		{
			ID: "plain:web", Name: "web", Dir: "postflight.yaml#web", Product: true,
			Needs:  []workspace.Need{{Unit: "plain:api", Scope: workspace.Ship, Via: "depends_on"}},
			Inputs: []workspace.Input{{Pattern: "web/**", Scope: workspace.Ship, Why: "paths"}, {Pattern: "web/docs/**", Scope: workspace.Verify, Why: "verify"}},
		},
		{ID: "plain:api", Name: "api", Dir: "postflight.yaml#api", Product: true, Inputs: []workspace.Input{{Pattern: "api/**", Scope: workspace.Ship, Why: "paths"}}},
	}
	if diff := cmp.Diff(s.Units, want); diff != "" {
		t.Error(diff)
	}
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rules, file string
		want        bool
	}{
		{"node_modules", "node_modules/x", true},
		{"node_modules", "a/node_modules/x", false},
		{"**/node_modules", "a/b/node_modules/x", true},
		{"/a/", "a/b", true},
		{"*", "a/b", true},
		{"*\n!a", "a/b", false},
		{"*\n!a\na/b", "a/b", true},
		{"a/**/*.ts", "a/b/c/d.ts", true},
		{"# a", "a", false},
		{"../a", "a", true},
		{"[", "[", false},
	} {
		if got := ignored(ignore([]byte(c.rules)), c.file); got != c.want {
			t.Errorf("%q of %s: got %v, want %v", c.rules, c.file, got, c.want)
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	if s := read(t, memory{"Dockerfile": strings.Repeat("A", 2<<20)}); len(s.Problems) != 1 || len(s.Problems[0].Units) != 1 {
		t.Errorf("got problems %v", s.Problems)
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 {build: x}\n")
	for i := range 60 {
		fmt.Fprintf(&bomb, "a%d: &a%d\n  x: *a%d\n  y: *a%d\n", i+1, i+1, i, i)
	}
	bomb.WriteString("services:\n  <<: *a60\n")
	s := read(t, memory{"compose.yml": bomb.String(), ".github/workflows/a.yml": bomb.String(), "Dockerfile": "FROM x\nCOPY ../x y/../../z ./\n"})
	if len(s.Units) != 1 || len(s.Problems) != 0 {
		t.Errorf("got %v", s)
	}
	many := memory{"Dockerfile": "FROM x\nCOPY . .\n", ".dockerignore": "**/*.md\nout\n", "out/a": "a"}
	for i := range 1000 {
		many[fmt.Sprintf("d%d/a.md", i)], many[fmt.Sprintf("d%d/a.go", i)] = "m", "g"
	}
	if got := inputs(named(t, read(t, many), "Dockerfile"), workspace.Ship); len(got) > maxListed || !strings.Contains(strings.Join(got, " "), "**") {
		t.Errorf("got %d patterns", len(got))
	}
}

func FuzzRead(f *testing.F) {
	f.Add("FROM x AS y\nCOPY --from=y [\"a\"] b\nRUN <<E\nE\n", "services:\n  a: &b\n    build: {context: [}\n  c: *b\n", "*\n!a/**\n")
	f.Add("ARG A=${A}\nCOPY $A ${A:-x} .", "- - - a: |\n  b\n<<: *x", "[\n\\")
	f.Fuzz(func(t *testing.T, docker, compose, ignore string) {
		m := memory{"a/Dockerfile": docker, "compose.yml": compose, "docker-bake.json": compose, ".github/workflows/x.yml": compose, ".dockerignore": ignore, "a/b": "b"}
		if _, err := Read(t.Context(), m, nil); err != nil {
			t.Error(err)
		}
	})
}
