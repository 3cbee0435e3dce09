package npm

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// testdata holds lockfiles that pnpm 10, npm 11, Yarn 1, Yarn 4 and Bun 1.3 wrote
// for workspaces of the same make.
func testLock(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What each package manager resolved: a change of one entry is seen by those that
// have it in their closure, and by no others.
func TestLockfiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, as string
		old, new string // one entry, changed in place
	}{
		{"package-lock.json", "package-lock.json", `"integrity": "sha512-`, `"integrity": "sha512-X`},
		{"pnpm-lock.yaml", "pnpm-lock.yaml", "integrity: sha512-", "integrity: sha512-X"},
		{"berry.lock", "yarn.lock", "checksum: 10c0/", "checksum: 10c0/X"},
		{"yarn1.lock", "yarn.lock", "integrity sha512-", "integrity sha512-X"},
		{"bun.lock", "bun.lock", `"sha512-`, `"sha512-X`},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			text := testLock(t, c.file)
			lock := func(text string) *lock {
				l, err := parseLock(&home{manifest: &manifest{}}, c.as, "", []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			was := lock(text)
			if len(was.pkgs) < 10 {
				t.Fatalf("it has only %d packages", len(was.pkgs))
			}
			edges := 0
			for _, p := range was.pkgs {
				edges += len(p.edges)
				if p.name == "" || strings.HasSuffix(p.key, "@") {
					t.Errorf("a package is called %q, %q", p.name, p.key)
				}
				for _, e := range p.edges {
					if e.to.none() {
						t.Errorf("%s leads %s nowhere", p.key, e.name)
					}
				}
			}
			if edges < 10 {
				t.Errorf("it has only %d edges", edges)
			}
			is := lock(strings.Replace(text, c.old, c.new, 1))
			below := 0
			for i := range was.pkgs {
				if was.tower[i] != is.tower[i] {
					below++
				}
			}
			if below == 0 || below == len(was.pkgs) {
				t.Errorf("one entry of %d changed, and so did %d", len(was.pkgs), below)
			}
		})
	}
}

const yarn1 = `# yarn lockfile v1


"@x/y@^1.0.0", "@x/y@^1.1.0":
  version "1.1.0"
  resolved "https://registry.yarnpkg.com/@x/y/-/y-1.1.0.tgz#aa"
  integrity sha512-y
  dependencies:
    tiny "^1.0.0"

tiny@^1.0.0:
  version "1.0.0"
  resolved "https://registry.yarnpkg.com/tiny/-/tiny-1.0.0.tgz#bb"
  integrity sha512-t1
`

const berry8 = `__metadata:
  version: 8
  cacheKey: 10c0

"@acme/ui@workspace:*, @acme/ui@workspace:packages/ui":
  version: 0.0.0-use.local
  resolution: "@acme/ui@workspace:packages/ui"
  languageName: unknown
  linkType: soft

"web@workspace:apps/web":
  version: 0.0.0-use.local
  resolution: "web@workspace:apps/web"
  dependencies:
    "@acme/ui": "workspace:*"
    tiny: "npm:^1.0.0"
  languageName: unknown
  linkType: soft

"root@workspace:.":
  version: 0.0.0-use.local
  resolution: "root@workspace:."
  languageName: unknown
  linkType: soft

"tiny@npm:^1.0.0":
  version: 1.0.0
  resolution: "tiny@npm:1.0.0"
  checksum: 10c0/aa
  languageName: node
  linkType: hard

"tiny@patch:tiny@npm%3A^1.0.0#~/.yarn/patches/tiny.patch":
  version: 1.0.0
  resolution: "tiny@patch:tiny@npm%3A1.0.0#~/.yarn/patches/tiny.patch::version=1.0.0&hash=abc"
  checksum: 10c0/bb
  languageName: node
  linkType: hard
`

const npm3 = `{"lockfileVersion":3,"packages":{
"":{"name":"root","workspaces":["apps/*","packages/*"]},
"apps/web":{"name":"web","dependencies":{"@acme/ui":"*","tiny":"^2.0.0"}},
"packages/ui":{"name":"@acme/ui","dependencies":{"tiny":"^1.0.0"}},
"node_modules/@acme/ui":{"resolved":"packages/ui","link":true},
"node_modules/web":{"resolved":"apps/web","link":true},
"node_modules/tiny":{"version":"1.0.0","integrity":"sha512-t1"},
"apps/web/node_modules/tiny":{"version":"2.0.0","integrity":"sha512-t2"}}}`

const bun1 = `{
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "root", },
    "apps/web": { "name": "web", "dependencies": { "@acme/ui": "workspace:*", "tiny": "^2.0.0", }, },
    "packages/ui": { "name": "@acme/ui", "dependencies": { "tiny": "^1.0.0", }, },
  },
  "packages": {
    "@acme/ui": ["@acme/ui@workspace:packages/ui"],
    "web": ["web@workspace:apps/web"],
    "tiny": ["tiny@1.0.0", "", {}, "sha512-t1"],
    "web/tiny": ["tiny@2.0.0", "", {}, "sha512-t2"],
  }
}`

// Which version of two a unit gets, by each package manager's own way.
func TestResolves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lock, text, want string
		tiny             string
	}{
		"npm":           {"package-lock.json", npm3, "^2.0.0", "tiny@2.0.0"},
		"bun":           {"bun.lock", bun1, "^2.0.0", "tiny@2.0.0"},
		"yarn":          {"yarn.lock", yarn1, "^1.0.0", "tiny@1.0.0"},
		"berry":         {"yarn.lock", berry8, "^1.0.0", "tiny@1.0.0"},
		"patch":         {"yarn.lock", berry8, "patch:tiny@npm%3A^1.0.0#~/.yarn/patches/tiny.patch", "tiny@patch:tiny@npm%3A1.0.0#~/.yarn/patches/tiny.patch::version=1.0.0&hash=abc"},
		"pnpm5":         {"pnpm-lock.yaml", "lockfileVersion: 5.4\nimporters:\n  .: {}\n  packages/ui: {}\n  apps/web:\n    specifiers:\n      tiny: ^1\n    dependencies:\n      '@acme/ui': link:../../packages/ui\n      tiny: 1.0.0_react@17.0.2\npackages:\n  /tiny/1.0.0_react@17.0.2:\n    resolution: {integrity: sha512-x}\n    dev: false\n", "^1", "tiny/1.0.0_react@17.0.2"},
		"pnpm6":         {"pnpm-lock.yaml", "lockfileVersion: '6.0'\nimporters:\n  .: {}\n  packages/ui: {}\n  apps/web:\n    dependencies:\n      '@acme/ui':\n        specifier: workspace:*\n        version: link:../../packages/ui\n      tiny:\n        specifier: ^1\n        version: 1.0.0(react@17.0.2)\npackages:\n  /tiny@1.0.0(react@17.0.2):\n    resolution: {integrity: sha512-x}\n", "^1", "tiny@1.0.0(react@17.0.2)"},
		"alias":         {"pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters:\n  .: {}\n  packages/ui: {}\n  apps/web:\n    dependencies:\n      '@acme/ui':\n        specifier: workspace:*\n        version: link:../../packages/ui\n      tiny:\n        specifier: npm:other@1\n        version: other@1.0.0\npackages:\n  other@1.0.0:\n    resolution: {integrity: sha512-x}\nsnapshots:\n  other@1.0.0: {}\n", "npm:other@1", "other@1.0.0"},
		"two documents": {"pnpm-lock.yaml", "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies:\n      cfg:\n        specifier: 1.0.0\n        version: 1.0.0\npackages:\n  cfg@1.0.0:\n    resolution: {integrity: sha512-c}\n---\nlockfileVersion: '9.0'\nimporters:\n  .: {}\n  packages/ui: {}\n  apps/web:\n    dependencies:\n      '@acme/ui':\n        specifier: workspace:*\n        version: link:../../packages/ui\n      tiny:\n        specifier: ^1\n        version: 1.0.0\npackages:\n  tiny@1.0.0:\n    resolution: {integrity: sha512-x}\nsnapshots:\n  tiny@1.0.0: {}\n", "^1", "tiny@1.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			protocol := "*"
			if name == "berry" || strings.HasPrefix(name, "pnpm") {
				protocol = "workspace:*"
			}
			units := read(t, files{
				"package.json":             `{"name":"root","workspaces":["apps/*","packages/*"]}`,
				c.lock:                     c.text,
				"apps/web/package.json":    `{"name":"web","dependencies":{"@acme/ui":"` + protocol + `","tiny":"` + c.want + `"}}`,
				"packages/ui/package.json": `{"name":"@acme/ui"}`,
			})
			web := units["node:apps/web"]
			if len(web.Needs) != 1 || web.Needs[0].Unit != "node:packages/ui" {
				t.Errorf("needs: %+v", web.Needs)
			}
			if web.External[c.tiny] == "" {
				t.Errorf("%s is missing in %v", c.tiny, sortedKeys(web.External))
			}
			if name == "patch" && !slices.ContainsFunc(web.Inputs, func(in workspace.Input) bool { return in.Pattern == ".yarn/patches/tiny.patch" }) {
				t.Errorf("inputs: %+v", web.Inputs)
			}
			if name == "two documents" && web.External["setting config dependency cfg"] == "" {
				t.Errorf("closure: %v", web.External)
			}
		})
	}
}

// What cannot be read is said, and for whom.
func TestProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change files
		path   string
		units  []string
	}{
		"lockfile conflict": {files{"pnpm-lock.yaml": "lockfileVersion: '9.0'\n<<<<<<< HEAD\nimporters: {}\n=======\n"}, "pnpm-lock.yaml", nil},
		"no lockfile":       {files{"pnpm-lock.yaml": "a: b\n"}, "pnpm-lock.yaml", nil},
		"binary lockfile":   {files{"pnpm-lock.yaml": "", "bun.lockb": "x"}, "bun.lockb", nil},
		"npm lockfile":      {files{"pnpm-lock.yaml": "", "package-lock.json": "{"}, "package-lock.json", nil},
		"not installed":     {files{"apps/new/package.json": `{"name":"new","dependencies":{"react":"^19.0.0"}}`}, "apps/new/package.json", []string{"node:apps/new"}},
		"manifest":          {files{"apps/web/package.json": "{,"}, "apps/web/package.json", []string{"node:apps/web"}},
		"same name":         {files{"packages/two/package.json": `{"name":"@acme/ui"}`}, "packages/ui/package.json", []string{"node:packages/two", "node:packages/ui"}},
		"workspace":         {files{"pnpm-workspace.yaml": "packages: [\n"}, "pnpm-workspace.yaml", nil},
		"turbo":             {files{"turbo.json": "{"}, "turbo.json", nil},
		"package's turbo":   {files{"turbo.json": "{}", "apps/web/turbo.json": "{"}, "apps/web/turbo.json", []string{"node:apps/web"}},
		"nx":                {files{"nx.json": "["}, "nx.json", nil},
		"project":           {files{"nx.json": "{}", "apps/web/project.json": "["}, "apps/web/project.json", []string{"node:apps/web"}},
		"lerna":             {files{"lerna.json": "["}, "lerna.json", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			space := readSpace(t, pnpmTree().with(c.change))
			for _, p := range space.Problems {
				if p.Path == c.path && cmp.Equal(p.Units, c.units) && p.Reason != "" {
					return
				}
			}
			t.Errorf("problems: %+v", space.Problems)
		})
	}
}

func TestReadStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, pnpmTree()); !errors.Is(err, context.Canceled) {
		t.Errorf("it answered %v", err)
	}
}
