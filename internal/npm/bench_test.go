package npm

import (
	"fmt"
	"strings"
	"testing"
)

// bigTree is a workspace of n packages whose lockfile resolves m packages from
// outside, each with some edges.
func bigTree(n, m int) files {
	tree := files{"package.json": `{"name":"root"}`, "pnpm-workspace.yaml": "packages: ['packages/*']\n", "turbo.json": `{"tasks":{"build":{"dependsOn":["^build"]}}}`}
	var b strings.Builder
	b.WriteString("lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n")
	for i := range n {
		dir := fmt.Sprintf("packages/p%d", i)
		deps := ""
		fmt.Fprintf(&b, "\n  %s:\n    dependencies:\n", dir)
		for k := range 10 {
			j := (i*31 + k*97) % m
			deps += fmt.Sprintf(`,"ext%d":"^1.0.0"`, j)
			fmt.Fprintf(&b, "      ext%d:\n        specifier: ^1.0.0\n        version: 1.0.%d(peer@1.0.0)\n", j, j)
		}
		if i > 0 {
			deps += fmt.Sprintf(`,"@acme/p%d":"workspace:*"`, i/2)
			fmt.Fprintf(&b, "      '@acme/p%d':\n        specifier: workspace:*\n        version: link:../p%d\n", i/2, i/2)
		}
		tree[dir+"/package.json"] = fmt.Sprintf(`{"name":"@acme/p%d","scripts":{"build":"tsc"},"dependencies":{%s}}`, i, deps[1:])
		tree[dir+"/tsconfig.json"] = `{"extends":"../../tsconfig.base.json"}`
		tree[dir+"/src/index.ts"] = "export {}"
	}
	tree["tsconfig.base.json"] = `{"compilerOptions":{"strict":true}}`
	b.WriteString("\npackages:\n")
	for j := range m {
		fmt.Fprintf(&b, "\n  ext%d@1.0.%d:\n    resolution: {integrity: sha512-%086d==}\n    engines: {node: '>=18'}\n    hasBin: true\n", j, j, j)
	}
	b.WriteString("\nsnapshots:\n")
	for j := range m {
		fmt.Fprintf(&b, "\n  ext%d@1.0.%d(peer@1.0.0):\n    dependencies:\n", j, j)
		for k := 1; k < 6; k++ {
			d := (j*7 + k*13) % m
			if j%5 != 0 {
				d = j - j%5 + (j+k)%5
			}
			fmt.Fprintf(&b, "      ext%d: 1.0.%d(peer@1.0.0)\n", d, d)
		}
	}
	tree["pnpm-lock.yaml"] = b.String()
	return tree
}

// kept is a tree whose listing and hashes cost nothing, as git's do.
type kept struct {
	files
	list   []string
	hashes map[string]string
}

func (k kept) Files() []string         { return k.list }
func (k kept) Hash(path string) string { return k.hashes[path] }

func keep(f files) kept {
	k := kept{files: f, list: f.Files(), hashes: map[string]string{}}
	for _, p := range k.list {
		k.hashes[p] = f.Hash(p)
	}
	return k
}

func BenchmarkRead(b *testing.B) {
	tree := keep(bigTree(100, 6000))
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, err := Read(b.Context(), tree); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("same lockfile", func(b *testing.B) {
		r := NewReader()
		for b.Loop() {
			if _, err := r.Read(b.Context(), tree); err != nil {
				b.Fatal(err)
			}
		}
	})
}
