package npm

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// scopeOf is what a file of a unit's folder is for, as affected reads the rules.
func scopeOf(t *testing.T, u workspace.Unit, rel string) workspace.Scope {
	t.Helper()
	for _, rule := range slices.Backward(u.Own) {
		ok, err := doublestar.Match(rule.Pattern, rel)
		if err != nil {
			t.Errorf("pattern %q: %v", rule.Pattern, err)
		}
		if ok {
			return rule.Scope
		}
	}
	return workspace.Ship
}

func TestOwn(t *testing.T) {
	t.Parallel()
	tree := pnpmTree()
	scripts := `{"name":"@acme/web","scripts":{"build":"next build"},"dependencies":{"@acme/ui":"workspace:*"}}`
	for name, c := range map[string]struct {
		change files
		ship   []string
		verify []string
	}{
		"by custom": {
			files{},
			[]string{"src/a.ts", "app/test/page.tsx", "content/a.md", "next.config.js", "package.json", "docs/a.mdx", ".env", "src/tests/a.ts"},
			[]string{
				"src/a.test.ts", "src/a.spec.tsx", "src/__tests__/a.ts", "src/a.stories.tsx", ".storybook/main.ts", "README.md", "LICENSE",
				"eslint.config.js", ".eslintrc.cjs", ".prettierrc", "jest.config.ts", "vitest.config.mts", "e2e/a.ts", "test/a.ts", "playwright.config.ts", "tsconfig.spec.json", ".gitignore",
			},
		},
		"turbo inputs": {
			files{"turbo.json": `{"tasks":{"build":{"inputs":["src/**","next.config.js","README.md","!src/dev/**"]}}}`, "apps/web/package.json": scripts},
			[]string{"src/a.ts", "next.config.js", "README.md"},
			[]string{"scripts/a.sh", "src/dev/a.ts", "src/a.test.ts"},
		},
		"turbo default": {
			files{"turbo.jsonc": "{ // v1\n\"pipeline\":{\"build\":{\"inputs\":[\"$TURBO_DEFAULT$\",\"!fixtures/**\"],},}}", "apps/web/package.json": scripts},
			[]string{"src/a.ts", "any"},
			[]string{"fixtures/a.json"},
		},
		"turbo of the package": {
			files{"turbo.json": `{"tasks":{"build":{"inputs":["src/**"]}}}`, "apps/web/turbo.json": `{"extends":["//"],"tasks":{"build":{"inputs":["$TURBO_EXTENDS$","public/**"]}}}`, "apps/web/package.json": scripts},
			[]string{"src/a.ts", "public/a.png"},
			[]string{"x/a.ts"},
		},
		"turbo of a task it has not": {
			files{"turbo.json": `{"tasks":{"build":{"inputs":["src/**"]}}}`, "apps/web/package.json": `{"name":"@acme/web"}`},
			[]string{"src/a.ts", "other/a.ts"},
			nil,
		},
		"turbo of two tasks": {
			files{"turbo.json": `{"tasks":{"build":{"inputs":["src/**","!src/gen/**"],"dependsOn":["codegen"]},"codegen":{"inputs":["schema/**"]}}}`, "apps/web/package.json": strings.Replace(scripts, `"build":`, `"codegen":"x","build":`, 1)},
			[]string{"src/a.ts", "schema/a.graphql", "src/gen/a.ts"},
			[]string{"tools/a.ts"},
		},
		"nx": {
			files{
				"nx.json":               `{"namedInputs":{"default":["{projectRoot}/**/*","sharedGlobals"],"production":["default","!{projectRoot}/**/?(*.)+(spec|test).[jt]s?(x)?(.snap)","!{projectRoot}/.kept/**"],"sharedGlobals":["{workspaceRoot}/babel.config.json"]},"targetDefaults":{"build":{"inputs":["production","^production"]}}}`,
				"apps/web/project.json": `{"name":"web","projectType":"application"}`,
			},
			[]string{"src/a.ts"},
			[]string{"src/a.spec.ts", ".kept/a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web := read(t, tree.with(c.change))["node:apps/web"]
			for _, f := range c.ship {
				if got := scopeOf(t, web, f); got != workspace.Ship {
					t.Errorf("%s: %s", f, got)
				}
			}
			for _, f := range c.verify {
				if got := scopeOf(t, web, f); got != workspace.Verify {
					t.Errorf("%s: %s", f, got)
				}
			}
		})
	}
}

// made writes what a unit is made of besides its own files and packages.
func made(u workspace.Unit) []string {
	var out []string
	for _, n := range u.Needs {
		out = append(out, fmt.Sprintf("%s %s by %s", n.Scope, strings.TrimPrefix(n.Unit, "node:"), n.Via))
	}
	for _, in := range u.Inputs {
		out = append(out, fmt.Sprintf("%s file %s by %s", in.Scope, in.Pattern, in.Why))
	}
	slices.Sort(out)
	return out
}

func TestMade(t *testing.T) {
	t.Parallel()
	base := files{
		"package.json":            `{"name":"root","workspaces":["apps/*","packages/*"]}`,
		"apps/web/package.json":   `{"name":"web"}`,
		"packages/a/package.json": `{"name":"a"}`, "packages/b/package.json": `{"name":"@x/b"}`,
		"packages/eslint-config/package.json": `{"name":"eslint-config"}`,
		"scripts/build.mjs":                   "x", "tsconfig.json": `{"compilerOptions":{"paths":{"~/*":["./src/*"]}}}`, "shared/env.js": "x",
	}
	for name, c := range map[string]struct {
		change files
		want   []string
	}{
		"development":    {files{"apps/web/package.json": `{"devDependencies":{"a":"*","eslint-config":"*"}}`}, []string{"ship packages/a by devDependencies", "verify packages/eslint-config by devDependencies"}},
		"not that tool":  {files{"apps/web/package.json": `{"dependencies":{"eslint-config":"*"}}`}, []string{"ship packages/eslint-config by dependencies"}},
		"path":           {files{"apps/web/package.json": `{"dependencies":{"q":"file:../../packages/a","r":"link:../../packages/b/lib"}}`}, []string{"ship packages/a by dependencies", "ship packages/b by dependencies"}},
		"alias":          {files{"apps/web/package.json": `{"dependencies":{"q":"workspace:@x/b@*"}}`}, []string{"ship packages/b by dependencies"}},
		"no unit":        {files{"apps/web/package.json": `{"dependencies":{"q":"file:../../shared"}}`}, []string{"ship file shared/** by dependencies"}},
		"peer":           {files{"apps/web/package.json": `{"peerDependencies":{"a":"*"}}`}, []string{"ship packages/a by peerDependencies"}},
		"from elsewhere": {files{"apps/web/package.json": `{"dependencies":{"a":"npm:other@1"}}`}, nil},
		"scripts":        {files{"apps/web/package.json": `{"scripts":{"build":"node ../../scripts/build.mjs && cp ../../packages/a/x .","test":"node ../../shared/env.js"}}`}, []string{"ship file scripts/build.mjs by script build", "ship packages/a by script build", "verify file shared/env.js by script test"}},
		"settings":       {files{"apps/web/vite.config.ts": "import x from '../../shared/env'\nimport y from \"../../packages/b/vite\""}, []string{"ship file shared/env.js by vite.config.ts", "ship packages/b by vite.config.ts"}},
		"tsconfig":       {files{"apps/web/tsconfig.json": "{ // c\n\"extends\":\"@x/b/base.json\",\"references\":[{\"path\":\"../../packages/a\"}],\"include\":[\"src\",\"../../shared/**/*.ts\"],}"}, []string{"ship file shared/** by tsconfig include", "ship packages/a by tsconfig references", "ship packages/b by tsconfig extends"}},
		"tsconfig paths": {files{"apps/web/tsconfig.json": `{"compilerOptions":{"baseUrl":".","paths":{"@a/*":["../../packages/a/src/*"]}}}`}, []string{"ship packages/a by tsconfig paths"}},
		"turbo": {
			files{"turbo.json": `{"globalDependencies":[".env"],"tasks":{"build":{"dependsOn":["^build","//#gen","a#build"],"inputs":["src/**","$TURBO_ROOT$/shared/*.js","../../scripts/**"]},"//#gen":{"inputs":["schema/**"]}}}`, "apps/web/package.json": `{"name":"web","scripts":{"build":"x"}}`},
			[]string{"ship file schema/** by turbo.json //#gen", "ship file scripts/** by turbo.json inputs", "ship file shared/*.js by turbo.json inputs", "ship packages/a by turbo.json dependsOn"},
		},
		"root babel": {files{"babel.config.js": "x"}, []string{"ship file babel.config.js by found from every package"}},
		"nx": {
			files{"nx.json": `{"namedInputs":{"production":["{projectRoot}/**/*","{workspaceRoot}/shared/*"]},"targetDefaults":{"build":{"inputs":["production"]}}}`, "apps/web/project.json": `{"name":"web","implicitDependencies":["a","!b"]}`},
			[]string{"ship file shared/* by nx inputs", "ship packages/a by implicitDependencies"},
		},
		"patch": {
			files{"package-lock.json": `{"lockfileVersion":3,"packages":{"apps/web":{},"node_modules/t":{"version":"1.0.0"}}}`, "patches/t+1.0.0.patch": "x", "apps/web/package.json": `{"dependencies":{"t":"1"}}`, "package.json": `{"name":"root","workspaces":["apps/*"],"scripts":{"postinstall":"patch-package"}}`},
			[]string{"ship file patches/t+1.0.0.patch by patch of t"},
		},
		"name with a newline": {files{"apps/web/package.json": `{"dependencies":{"q":"file:../../sha\nred[1]"}}`, "sha\nred[1]/a": "x"}, []string{"ship file sha\nred\\[1\\]/** by dependencies"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(made(read(t, base.with(c.change))["node:apps/web"]), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Projects of Nx without a package.json: only their sources say what they need.
func TestNxImports(t *testing.T) {
	t.Parallel()
	tree := files{
		"package.json":                `{"name":"root","dependencies":{"react":"1","lodash":"1"},"devDependencies":{"eslint":"1","typescript":"1"}}`,
		"package-lock.json":           `{"lockfileVersion":3,"packages":{"":{},"node_modules/react":{"version":"1.0.0"},"node_modules/lodash":{"version":"1.0.0"},"node_modules/eslint":{"version":"1.0.0"},"node_modules/typescript":{"version":"1.0.0"}}}`,
		"nx.json":                     `{}`,
		"tsconfig.base.json":          `{"compilerOptions":{"paths":{"@acme/ui":["libs/ui/src/index.ts"],"@acme/data/*":["libs/data/src/*"],"@acme/only-tests":["libs/only/src"]}}}`,
		"apps/web/project.json":       `{"name":"web","projectType":"application"}`,
		"apps/web/src/main.ts":        "import React from 'react'\nimport { a } from '@acme/ui' // don't\nconst x = () => import(\"@acme/data/deep\")\n",
		"apps/web/src/main.spec.ts":   "import '@acme/only-tests'\n",
		"apps/web/tsconfig.json":      `{"extends":"../../tsconfig.base.json"}`,
		"libs/ui/project.json":        `{"name":"ui","projectType":"library"}`,
		"libs/ui/src/index.ts":        "export * from '../../rel/src/a'",
		"libs/ui/src/lib/style.scss":  "@use '../../../theme/src/x';",
		"libs/data/project.json":      `{"name":"data"}`,
		"libs/only/project.json":      `{"name":"only"}`,
		"libs/rel/project.json":       `{"name":"rel"}`,
		"libs/theme/project.json":     `{"name":"theme"}`,
		"apps/web-e2e/project.json":   `{"name":"web-e2e","projectType":"application","implicitDependencies":["web"]}`,
		"libs/theme/src/x.scss":       "",
		"libs/ui/node_modules/x.json": "",
	}
	units := read(t, tree)
	for unit, want := range map[string][]string{
		"node:apps/web":     {"ship libs/data by import @acme/data/deep", "ship libs/ui by import @acme/ui", "verify libs/only by import @acme/only-tests"},
		"node:libs/ui":      {"ship libs/rel by import", "ship libs/theme by import"},
		"node:apps/web-e2e": {"ship apps/web by implicitDependencies"},
	} {
		if diff := cmp.Diff(made(units[unit]), want); diff != "" {
			t.Errorf("%s: %s", unit, diff)
		}
	}
	web := units["node:apps/web"]
	if web.External["react@1.0.0"] == "" || web.External["lodash@1.0.0"] != "" || web.External["typescript@1.0.0"] == "" {
		t.Errorf("closure: %v", sortedKeys(web.External))
	}
	if !web.Product || units["node:libs/ui"].Product || units["node:apps/web-e2e"].Product {
		t.Error("web is the product, and nothing else is")
	}
	path := strings.Replace(tree["tsconfig.base.json"], "libs/ui/src/index.ts", "libs/ui/src/main.ts", 1)
	if diff := cmp.Diff(moved(t, tree, tree.with(files{"tsconfig.base.json": path})), map[string]string{"node:libs/ui": "ship"}); diff != "" {
		t.Error(diff)
	}
}

func TestProduct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dir      string
		manifest string
		more     string
		want     bool
	}{
		"apps":       {"apps/web", `{}`, "", true},
		"library":    {"packages/web", `{"main":"x"}`, "", false},
		"start":      {"packages/web", `{"scripts":{"start":"node ."}}`, "", true},
		"watch":      {"packages/web", `{"scripts":{"start":"tsc --watch"}}`, "", false},
		"deploy":     {"packages/web", `{"scripts":{"deploy":"x"}}`, "", true},
		"dockerfile": {"packages/web", `{}`, "Dockerfile", true},
		"framework":  {"packages/web", `{}`, "next.config.mjs", true},
		"command":    {"packages/web", `{"bin":"x"}`, "", true},
		"tests":      {"apps/web-e2e", `{}`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := files{"package.json": `{"workspaces":["*/*"]}`, c.dir + "/package.json": c.manifest}
			if c.more != "" {
				tree[path.Join(c.dir, c.more)] = "x"
			}
			units := read(t, tree)
			if got := units["node:"+c.dir].Product; got != c.want {
				t.Errorf("product: %t", got)
			}
			if units["node:"].Product {
				t.Error("the root is a product")
			}
		})
	}
}
