package npm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pnpm9 = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    devDependencies:
      prettier:
        specifier: ^3.0.0
        version: 3.0.0

  apps/web:
    dependencies:
      '@acme/ui':
        specifier: workspace:*
        version: link:../../packages/ui
      next:
        specifier: ^15.0.0
        version: 15.0.0(react@19.0.0)
    devDependencies:
      eslint:
        specifier: ^9.0.0
        version: 9.0.0

  packages/ui:
    dependencies:
      react:
        specifier: ^19.0.0
        version: 19.0.0

packages:

  eslint@9.0.0:
    resolution: {integrity: sha512-eslint}
    engines: {node: '>=18'}

  next@15.0.0:
    resolution: {integrity: sha512-next}

  prettier@3.0.0:
    resolution: {integrity: sha512-prettier}
    hasBin: true

  react@19.0.0:
    resolution: {integrity: sha512-react}

  tiny@1.0.0:
    resolution: {integrity: sha512-tiny1}

  tiny@2.0.0:
    resolution: {integrity: sha512-tiny2}

snapshots:

  eslint@9.0.0:
    dependencies:
      tiny: 1.0.0

  next@15.0.0(react@19.0.0):
    dependencies:
      react: 19.0.0
      tiny: 1.0.0

  prettier@3.0.0: {}

  react@19.0.0: {}

  tiny@1.0.0: {}

  tiny@2.0.0: {}
`

func pnpmTree() files {
	return files{
		"package.json":             `{"name":"root","private":true,"packageManager":"pnpm@10.1.0","devDependencies":{"prettier":"^3.0.0"}}`,
		"pnpm-workspace.yaml":      "packages:\n  - apps/*\n  - packages/*\n",
		"pnpm-lock.yaml":           pnpm9,
		"apps/web/package.json":    `{"name":"@acme/web","scripts":{"build":"next build","start":"next start"},"dependencies":{"@acme/ui":"workspace:*","next":"^15.0.0"},"devDependencies":{"eslint":"^9.0.0"}}`,
		"packages/ui/package.json": `{"name":"@acme/ui","dependencies":{"react":"^19.0.0"}}`,
	}
}

func TestPnpm(t *testing.T) {
	t.Parallel()
	base := pnpmTree()
	lock := func(old, new string) files {
		t.Helper()
		if !strings.Contains(pnpm9, old) {
			t.Fatalf("the lockfile does not have %q", old)
		}
		return files{"pnpm-lock.yaml": strings.ReplaceAll(pnpm9, old, new)}
	}
	for name, c := range map[string]struct {
		change files
		want   map[string]string
	}{
		"nothing":     {files{}, map[string]string{}},
		"integrity":   {lock("sha512-react}", "sha512-other}"), map[string]string{"node:apps/web": "ship", "node:packages/ui": "ship"}},
		"redirect":    {lock("react: 19.0.0\n      tiny: 1.0.0", "react: 19.0.0\n      tiny: 2.0.0"), map[string]string{"node:apps/web": "ship"}},
		"lint only":   {lock("sha512-eslint}", "sha512-other}"), map[string]string{"node:apps/web": "verify"}},
		"root only":   {lock("sha512-prettier}", "sha512-other}"), map[string]string{"node:": "verify"}},
		"unused":      {lock("sha512-tiny2}", "sha512-other}"), map[string]string{}},
		"settings":    {lock("autoInstallPeers: true", "autoInstallPeers: false"), map[string]string{"node:": "ship", "node:apps/web": "ship", "node:packages/ui": "ship"}},
		"specifier":   {lock("specifier: ^19.0.0", "specifier: 'catalog:'"), map[string]string{}},
		"patch":       {lock("next@15.0.0(react", "next@15.0.0(patch_hash=abc)(react"), map[string]string{"node:apps/web": "ship"}},
		"engines":     {lock(">=18", ">=20"), map[string]string{}},
		"pnpm minor":  {files{"package.json": strings.Replace(base["package.json"], "10.1.0", "10.2.0", 1)}, map[string]string{"node:": "verify"}},
		"description": {files{"packages/ui/package.json": `{"name":"@acme/ui","description":"x","dependencies":{"react":"^19.0.0"}}`}, map[string]string{"node:packages/ui": "verify"}},
		"exports":     {files{"packages/ui/package.json": `{"name":"@acme/ui","main":"x","dependencies":{"react":"^19.0.0"}}`}, map[string]string{"node:packages/ui": "ship"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			head := base.with(c.change)
			if name == "patch" {
				head["pnpm-lock.yaml"] = strings.Replace(head["pnpm-lock.yaml"], "version: 15.0.0(react", "version: 15.0.0(patch_hash=abc)(react", 1)
			}
			if diff := cmp.Diff(c.want, moved(t, base, head)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPnpmNeeds(t *testing.T) {
	t.Parallel()
	web := read(t, pnpmTree())["node:apps/web"]
	if len(web.Needs) != 1 || web.Needs[0].Unit != "node:packages/ui" || web.Needs[0].Scope != "ship" {
		t.Errorf("needs: %+v", web.Needs)
	}
	if web.External["tiny@1.0.0"] == "" || web.External["verify:eslint@9.0.0"] == "" {
		t.Errorf("closure: %v", web.External)
	}
}
