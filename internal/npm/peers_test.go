package npm

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// Held against turbo 2 ("turbo ls --affected") over some 200 commits of random
// workspaces of 29 packages (pnpm 10, npm 11, Yarn 4, Yarn 1, Bun 1.3; changes of
// sources, tests, dependencies, lockfiles, catalogs, overrides, patches, settings,
// packages added, renamed and removed) and against Nx 22 on projects without
// manifests, these are all the ways in which we differ, and why each stands. What
// they list and we do not ship is listed by us as what verifies, or follows from
// such a thing alone.
func TestDisagreements(t *testing.T) {
	t.Parallel()
	tree := pnpmTree().with(files{"turbo.json": `{"tasks":{"build":{},"lint":{}}}`})
	web := tree["apps/web/package.json"]
	for _, c := range []struct {
		name, theirs, why string
		base, head        files
		want              map[string]string
	}{
		{
			"a linter is bumped", "turbo: every package with it, and all their users", "no build takes a linter in",
			tree, tree.with(files{"pnpm-lock.yaml": strings.ReplaceAll(pnpm9, "sha512-eslint", "sha512-x")}),
			map[string]string{"node:apps/web": "verify"},
		},
		{
			"a description", "turbo: the package and all its users", "no build reads it",
			tree, tree.with(files{"apps/web/package.json": strings.Replace(web, `{"name"`, `{"description":"x","name"`, 1)}),
			map[string]string{"node:apps/web": "verify"},
		},
		{
			"a task that does not ship", "turbo: all packages, for turbo.json is global", "only lint is run otherwise",
			tree, tree.with(files{"turbo.json": `{"tasks":{"build":{},"lint":{"env":["X"]}}}`}),
			map[string]string{"node:": "verify", "node:apps/web": "verify", "node:packages/ui": "verify"},
		},
		{
			"how packages are linked", "turbo: the root only", "with hoisting another version may be found from every package",
			tree, tree.with(files{".npmrc": "shamefully-hoist=true\nfund=false\n"}),
			map[string]string{"node:": "ship", "node:apps/web": "ship", "node:packages/ui": "ship"},
		},
		{
			"a setting moves to pnpm-workspace.yaml", "turbo: the root", "it means the same there",
			tree.with(files{".npmrc": "node-linker=hoisted\n"}),
			tree.with(files{"pnpm-workspace.yaml": tree["pnpm-workspace.yaml"] + "nodeLinker: hoisted\n"}),
			map[string]string{},
		},
		{
			"Node's major version", "turbo: the root only", "the toolchain of every build is another",
			tree.with(files{".nvmrc": "20.1.0"}), tree.with(files{".nvmrc": "v22.0.0\n"}),
			map[string]string{"node:": "ship", "node:apps/web": "ship", "node:packages/ui": "ship"},
		},
		{
			"Node's minor version", "turbo: the root", "it builds the same",
			tree.with(files{".nvmrc": "20.1.0"}), tree.with(files{".nvmrc": "v20.2.0\n"}),
			map[string]string{},
		},
		{
			"Yarn's resolutions", "turbo: nothing but the root", "what is resolved is another package: turbo misses it",
			yarnTree("1.0.0"), yarnTree("1.0.1"),
			map[string]string{"node:": "verify", "node:apps/web": "ship"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(moved(t, c.base, c.head), c.want); diff != "" {
				t.Errorf("%s, but %s:\n%s", c.theirs, c.why, diff)
			}
		})
	}
}

// yarnTree is a workspace of Yarn whose root pins a package that a dependency
// asks for otherwise.
func yarnTree(pin string) files {
	return files{
		"package.json":          `{"name":"root","workspaces":["apps/*"],"resolutions":{"tiny":"` + pin + `"}}`,
		"apps/web/package.json": `{"name":"web","dependencies":{"big":"^1.0.0"}}`,
		"yarn.lock": "__metadata:\n  version: 8\n\n\"web@workspace:apps/web\":\n  resolution: \"web@workspace:apps/web\"\n\n\"root@workspace:.\":\n  resolution: \"root@workspace:.\"\n\n" +
			"\"big@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"big@npm:1.0.0\"\n  dependencies:\n    tiny: \"npm:^0.9.0\"\n\n" +
			"\"tiny@npm:" + pin + "\":\n  version: " + pin + "\n  resolution: \"tiny@npm:" + pin + "\"\n",
	}
}

// Hostile trees cost time that is linear in their size, and end.
func TestHostile(t *testing.T) {
	t.Parallel()
	deep := `{"name":"a","dependencies":` + strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_001)
	circle := files{"package.json": `{"workspaces":["p/*"]}`}
	for i := range 50 {
		circle[fmt.Sprintf("p/%d/package.json", i)] = fmt.Sprintf(`{"name":"p%d","dependencies":{"p%d":"*"}}`, i, (i+1)%50)
		circle[fmt.Sprintf("p/%d/tsconfig.json", i)] = fmt.Sprintf(`{"extends":"../%d/tsconfig.json"}`, (i+1)%50)
	}
	for name, tree := range map[string]files{
		"circle":          circle,
		"deep json":       {"package.json": deep},
		"itself":          {"package.json": `{"name":"a","workspaces":["."],"dependencies":{"a":"*"}}`, "tsconfig.json": `{"extends":"./tsconfig.json"}`},
		"stars":           {"package.json": `{"workspaces":["` + strings.Repeat("**/", 200) + `x","{a,b}` + strings.Repeat("{a,b}", 40) + `"]}`, strings.Repeat("a/", 200) + "package.json": `{}`},
		"out of the tree": {"package.json": `{"workspaces":["../*","/etc/*"],"dependencies":{"a":"file:../../../../etc/passwd"}}`},
		"wrong types":     {"package.json": `{"name":1,"scripts":[],"dependencies":"x","workspaces":{"packages":1},"pnpm":[],"nx":3}`, "nx.json": `{}`, "turbo.json": `{"tasks":{"build":3},"globalDependencies":null}`, "project.json": `{"name":"x"}`},
		"names":           {"package.json": `{"workspaces":["p/*"]}`, "p/a\nb/package.json": `{"name":"a\nb","dependencies":{"\u0000":"*"}}`, "p/[x]*/package.json": `{"name":"*"}`},
		"tasks in circle": {"package.json": `{"scripts":{"build":"x"}}`, "turbo.json": `{"tasks":{"build":{"dependsOn":["a"]},"a":{"dependsOn":["build","a"]}}}`},
		"inputs in circle": {
			"package.json": `{"workspaces":["p/*"]}`, "p/a/package.json": `{}`,
			"nx.json": `{"namedInputs":{"a":["b"],"b":["a"],"production":["a","{projectRoot}/x"]},"targetDefaults":{"build":{"inputs":["a",{"runtime":"node -v"},{"input":"b"},7]}}}`,
		},
		"lock in circle": {
			"package.json":   `{"dependencies":{"a":"1"}}`,
			"pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: '1', version: '1'}\nsnapshots:\n  a@1:\n    dependencies: {b: '1'}\n  b@1:\n    dependencies: {a: '1'}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, u := range readSpace(t, tree).Units {
				for _, in := range u.Inputs {
					if strings.HasPrefix(in.Pattern, "..") || strings.HasPrefix(in.Pattern, "/") {
						t.Errorf("%s is made of %q", u.ID, in.Pattern)
					}
				}
			}
		})
	}
}

// Ten thousand packages with a lockfile are read in one piece.
func TestMany(t *testing.T) {
	t.Parallel()
	tree := keep(bigTree(10_000, 2_000))
	space, err := Read(t.Context(), tree)
	if err != nil || len(space.Units) != 10_001 || len(space.Problems) != 0 {
		t.Errorf("%d units, problems %v, %v", len(space.Units), space.Problems, err)
	}
}

// A closure of any size differs when anything below differs, however deep.
func TestLargeClosure(t *testing.T) {
	t.Parallel()
	tree := bigTree(3, 1000)
	changed := 0
	for _, j := range []int{0, 7, 500, 999} {
		old := fmt.Sprintf("ext%d@1.0.%d:\n    resolution: {integrity: sha512-0", j, j)
		if !strings.Contains(tree["pnpm-lock.yaml"], old) {
			t.Fatalf("%q is missing", old)
		}
		head := tree.with(files{"pnpm-lock.yaml": strings.Replace(tree["pnpm-lock.yaml"], old, old[:len(old)-1]+"1", 1)})
		changed += len(moved(t, tree, head))
	}
	if changed < 4 {
		t.Errorf("four packages changed, and only %d closures", changed)
	}
}

// Both commits may be read at once by one reader.
func TestReaderShared(t *testing.T) {
	t.Parallel()
	r := NewReader()
	var wg sync.WaitGroup
	spaces := make([]workspace.Space, 4)
	for i := range spaces {
		wg.Go(func() {
			space, err := r.Read(t.Context(), pnpmTree())
			if err != nil {
				t.Error(err)
			}
			spaces[i] = space
		})
	}
	wg.Wait()
	for _, s := range spaces[1:] {
		if diff := cmp.Diff(s, spaces[0]); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"name":"a","workspaces":["p/*"],"scripts":{"build":"node ../x"}}`, `{"tasks":{"build":{"inputs":["a"]}}}`, `{"extends":"../x","references":[{"path":"."}]}`, "import 'a'")
	f.Add(`{"workspaces":{"packages":["**"]},"nx":{"implicitDependencies":["*"]}}`, `{/* c */}`, `{"compilerOptions":{"paths":{"*":["../*"]}}}`, "@use \"../../x\"")
	f.Fuzz(func(t *testing.T, manifest, config, ts, source string) {
		tree := files{
			"package.json": manifest, "turbo.json": config, "nx.json": config, "p/a/project.json": config, "p/a/package.json": manifest,
			"p/b/project.json": ts, "p/a/tsconfig.json": ts, "tsconfig.base.json": ts, "p/b/a.ts": source, "p/a/vite.config.ts": source,
			".npmrc": source, ".yarnrc.yml": source, "pnpm-workspace.yaml": source,
		}
		if _, err := Read(t.Context(), tree); err != nil {
			t.Error(err)
		}
	})
}
