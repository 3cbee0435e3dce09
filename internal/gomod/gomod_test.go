package gomod

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/workspace"
)

// memory is a tree in memory.
type memory map[string]string

func (m memory) Files() []string { return slices.Sorted(maps.Keys(m)) }

func (m memory) Read(p string) ([]byte, error) {
	if text, ok := m[p]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

func (m memory) Hash(p string) string {
	if text, ok := m[p]; ok {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return ""
}

// with is a copy with some files changed; "" removes one.
func (m memory) with(pairs ...string) memory {
	out := maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "" {
			delete(out, pairs[i])
		}
	}
	return out
}

func read(t *testing.T, m memory) workspace.Space {
	t.Helper()
	s, err := Read(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unit(t *testing.T, s workspace.Space, id string) workspace.Unit {
	t.Helper()
	for _, u := range s.Units {
		if u.ID == id {
			return u
		}
	}
	t.Fatalf("no unit %s in %v", id, ids(s))
	return workspace.Unit{}
}

func ids(s workspace.Space) []string {
	var out []string
	for _, u := range s.Units {
		out = append(out, u.ID)
	}
	return out
}

func needs(u workspace.Unit) []string {
	var out []string
	for _, n := range u.Needs {
		out = append(out, n.Unit+" "+string(n.Scope))
	}
	return out
}

func keys(u workspace.Unit) []string { return slices.Sorted(maps.Keys(u.External)) }

func patterns(u workspace.Unit) []string {
	var out []string
	for _, in := range u.Inputs {
		out = append(out, in.Pattern+" "+string(in.Scope))
	}
	return out
}

func shop() memory {
	return memory{
		"go.mod": "module example.com/shop\n\ngo 1.26\n\nrequire (\n\tgithub.com/a/one v1.0.0\n\tgithub.com/b/two v1.2.0\n" +
			"\tgithub.com/c/deep v0.1.0 // indirect\n)\n",
		"go.sum": "github.com/a/one v1.0.0 h1:one=\ngithub.com/a/one v1.0.0/go.mod h1:m=\ngithub.com/b/two v1.2.0 h1:two=\n" +
			"github.com/c/deep v0.1.0 h1:deep=\n",
		"README.md":           "shop",
		"cmd/web/main.go":     "package main\nimport (\n\t\"embed\"\n\t\"fmt\"\n\t\"example.com/shop/cart\"\n)\n//go:embed static/*.html all:theme\nvar f embed.FS\n",
		"cmd/web/a.html":      "x",
		"cmd/web/static/x":    "x",
		"cmd/web/theme/x":     "x",
		"cmd/job/main.go":     "package main\nimport _ \"github.com/b/two/pkg\"\n",
		"cart/cart.go":        "package cart\nimport _ \"github.com/a/one\"\n",
		"cart/cart_test.go":   "package cart\nimport (\n\t_ \"example.com/shop/internal/check\"\n\t_ \"github.com/b/two\"\n)\n",
		"cart/gen.go":         "//go:build ignore\n\npackage main\nimport _ \"example.com/shop/nothing\"\n",
		"cart/win.go":         "//go:build windows\n\npackage cart\nimport _ \"example.com/shop/win\"\n",
		"win/win.go":          "package win\n",
		"internal/check/c.go": "package check\n",
		"cart/testdata/a.go":  "package broken(\n",
	}
}

func TestPackages(t *testing.T) {
	t.Parallel()
	s := read(t, shop())
	if diff := cmp.Diff(ids(s), []string{"go:cart", "go:cmd/job", "go:cmd/web", "go:internal/check", "go:win"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s.Claimed, []string{"go.mod", "go.sum"}); diff != "" {
		t.Error(diff)
	}
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	cart, web, job := unit(t, s, "go:cart"), unit(t, s, "go:cmd/web"), unit(t, s, "go:cmd/job")
	if !web.Product || !job.Product || cart.Product {
		t.Errorf("products: web %v, job %v, cart %v", web.Product, job.Product, cart.Product)
	}
	if diff := cmp.Diff(needs(cart), []string{"go:internal/check verify", "go:win ship"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(web), []string{"go:cart ship"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(keys(cart), []string{"behind github.com/c/deep", "github.com/a/one@v1.0.0", "go.mod go"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(keys(web), []string{"go.mod go"}); diff != "" {
		t.Error("a package without imports from outside: " + diff)
	}
	want := []string{"cmd/web/static/*.html ship", "cmd/web/static/*.html/** ship", "cmd/web/theme ship", "cmd/web/theme/** ship"}
	if diff := cmp.Diff(patterns(web), want); diff != "" {
		t.Error(diff)
	}
	if cart.Name != "example.com/shop/cart" || cart.Manifest != "cart/cart.go" {
		t.Errorf("name %q, manifest %q", cart.Name, cart.Manifest)
	}
}

// changed are the units whose closure or needs differ.
func changed(t *testing.T, a, b memory) []string {
	t.Helper()
	r := New()
	was, err := r.Read(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	is, err := r.Read(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, u := range is.Units {
		for _, v := range was.Units {
			if v.ID == u.ID && (!maps.Equal(u.External, v.External) || !slices.Equal(u.Needs, v.Needs)) {
				out = append(out, u.ID)
			}
		}
	}
	return out
}

func TestModuleChanges(t *testing.T) {
	t.Parallel()
	base := shop()
	mod, sum := base["go.mod"], base["go.sum"]
	all := []string{"go:cart", "go:cmd/job", "go:cmd/web", "go:internal/check", "go:win"}
	for _, c := range []struct {
		name string
		head memory
		want []string
	}{
		{"nothing", base, nil},
		{"a module that one package imports", base.with("go.mod", strings.Replace(mod, "one v1.0.0", "one v1.1.0", 1)), []string{"go:cart"}},
		{"the other, which a test of cart imports too", base.with("go.mod", strings.Replace(mod, "two v1.2.0", "two v1.3.0", 1)), []string{"go:cmd/job"}},
		{"an indirect one stands behind any", base.with("go.mod", strings.Replace(mod, "deep v0.1.0", "deep v0.2.0", 1)), []string{"go:cart", "go:cmd/job"}},
		{"the same version with other content", base.with("go.sum", strings.Replace(sum, "h1:one=", "h1:else=", 1)), []string{"go:cart"}},
		{"the language", base.with("go.mod", strings.Replace(mod, "go 1.26", "go 1.27", 1)), all},
		{"the toolchain", base.with("go.mod", mod+"toolchain go1.26.3\n"), all},
		{"godebug", base.with("go.mod", mod+"godebug default=go1.21\n"), all},
		{"a replacement", base.with("go.mod", mod+"replace github.com/a/one => github.com/fork/one v1.0.1\n"), []string{"go:cart"}},
		{"what is marked indirect and is not", base.with("go.mod", strings.Replace(mod, "one v1.0.0", "one v1.0.0 // indirect", 1)), nil},
		{"a comment and a retraction", base.with("go.mod", mod+"retract v0.0.1 // no\n"), nil},
		{"a checksum of a go.mod", base.with("go.sum", sum+"github.com/z/z v1.0.0/go.mod h1:z=\n"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(changed(t, base, c.head), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDirectModuleBehindAnother(t *testing.T) {
	t.Parallel()
	base := shop()
	// go.sum knows that something asks for an older version of one.
	base["go.sum"] += "github.com/a/one v0.9.0/go.mod h1:old=\n"
	head := base.with("go.mod", strings.Replace(base["go.mod"], "one v1.0.0", "one v1.1.0", 1))
	if diff := cmp.Diff(changed(t, base, head), []string{"go:cart", "go:cmd/job"}); diff != "" {
		t.Error(diff)
	}
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	m := memory{
		"go.work":          "go 1.26\nuse (\n\t./app\n\t./lib\n)\nreplace github.com/x/y => ./third\n",
		"app/go.mod":       "module example.com/app\ngo 1.26\nrequire (\n\texample.com/lib v0.0.0\n\tgithub.com/x/y v1.0.0\n\tgithub.com/q/q v1.0.0\n)\n",
		"app/main.go":      "package main\nimport (\n\t_ \"example.com/lib/pkg\"\n\t_ \"github.com/x/y\"\n)\n",
		"lib/go.mod":       "module example.com/lib\ngo 1.26\nrequire github.com/q/q v1.2.0\n",
		"lib/pkg/p.go":     "package pkg\nimport _ \"github.com/q/q\"\n",
		"lib/sub/go.mod":   "module example.com/lib/sub\ngo 1.26\n",
		"lib/sub/s.go":     "package sub\n",
		"third/go.mod":     "module github.com/x/y\ngo 1.26\n",
		"third/y.go":       "package y\n",
		"alone/go.mod":     "module example.com/alone\ngo 1.26\nrequire example.com/lib v0.3.0\nreplace example.com/lib => ../lib\n",
		"alone/main.go":    "package main\nimport _ \"example.com/lib/pkg\"\n",
		"outside/go.mod":   "module example.com/outside\ngo 1.26\nrequire example.com/lib v0.3.0\n",
		"outside/go.sum":   "example.com/lib v0.3.0 h1:lib=\n",
		"outside/main.go":  "package main\nimport _ \"example.com/lib/pkg\"\n",
		"vendor/x/x/x.go":  "package x(",
		"testdata/go.mod":  "module broken(",
		"app/_old/main.go": "package main(",
	}
	s := read(t, m)
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	if diff := cmp.Diff(needs(unit(t, s, "go:app")), []string{"go:lib/pkg ship", "go:third ship"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(keys(unit(t, s, "go:app")), []string{"github.com/q/q@v1.0.0", "github.com/q/q@v1.2.0", "go.mod go", "go.work go"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs(unit(t, s, "go:alone")), []string{"go:lib/pkg ship"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(keys(unit(t, s, "go:outside")), []string{"example.com/lib@v0.3.0", "go.mod go"}); diff != "" {
		t.Error("a released version of a neighbour is no local package: " + diff)
	}
}

func TestVendor(t *testing.T) {
	t.Parallel()
	base := memory{
		"go.mod":                          "module example.com/m\ngo 1.26\nrequire (\n\tgithub.com/a/one v1.0.0\n\tgithub.com/b/two v1.0.0\n\tgithub.com/c/deep v1.0.0 // indirect\n)\n",
		"vendor/modules.txt":              "# github.com/a/one v1.0.0\n## explicit\ngithub.com/a/one\n# github.com/b/two v1.0.0\n## explicit\ngithub.com/b/two\n# github.com/c/deep v1.0.0\n## explicit\ngithub.com/c/deep/x\n",
		"vendor/github.com/a/one/a.go":    "package one\nimport _ \"github.com/c/deep/x\"\n",
		"vendor/github.com/b/two/b.go":    "package two\n",
		"vendor/github.com/c/deep/x/x.go": "package x\n",
		"cmd/a/main.go":                   "package main\nimport _ \"github.com/a/one\"\n",
		"cmd/b/main.go":                   "package main\nimport _ \"github.com/b/two\"\n",
	}
	if diff := cmp.Diff(keys(unit(t, read(t, base), "go:cmd/b")), []string{"github.com/b/two@v1.0.0", "go.mod go"}); diff != "" {
		t.Error(diff)
	}
	head := base.with("vendor/github.com/c/deep/x/x.go", "package x\nvar X int\n")
	if diff := cmp.Diff(changed(t, base, head), []string{"go:cmd/a"}); diff != "" {
		t.Error(diff)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		head memory
		want []string // the units that problems touch; "all" for every one
	}{
		{"a file", shop().with("cart/cart.go", "package cart\nimport ("), []string{"go:cart"}},
		{"a test", shop().with("cart/cart_test.go", "package cart\nimport ("), nil},
		{"go.mod", shop().with("go.mod", "module example.com/shop\nrequire (\n"), []string{"go:cart", "go:cmd/job", "go:cmd/web", "go:internal/check", "go:win"}},
		{"go.sum", shop().with("go.sum", "<<<<<<< HEAD\n"), []string{"go:cart", "go:cmd/job", "go:cmd/web", "go:internal/check", "go:win"}},
		{"an import that nothing provides", shop().with("win/win.go", "package win\nimport _ \"github.com/no/where\"\n"), []string{"go:win"}},
		{"go.work", shop().with("go.work", "use ("), []string{"all"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range read(t, c.head).Problems {
				got = append(got, p.Units...)
				if len(p.Units) == 0 {
					got = append(got, "all")
				}
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBuiltElsewhere(t *testing.T) {
	t.Parallel()
	m := shop().with(
		"web/embed.go", "package web\nimport \"embed\"\n//go:embed dist\nvar f embed.FS\n",
		"web/package.json", "{}", "web/src/a.ts", "x",
		"cmd/web/main.go", "package main\nimport (\n\t_ \"example.com/shop/gen/api\"\n\t_ \"example.com/shop/web\"\n)\n",
		"proto/a.proto", "x",
		"native/n.go", "package native\n// #cgo CFLAGS: -I${SRCDIR}/../third/include\n// #include \"../c/x.h\"\nimport \"C\"\n",
		"third/include/a.h", "x", "c/x.h", "x",
	)
	s := read(t, m)
	if len(s.Problems) > 0 {
		t.Error(s.Problems)
	}
	if diff := cmp.Diff(needs(unit(t, s, "go:web")), []string{"node:web ship"}); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(patterns(unit(t, s, "go:web")), "web/** ship") {
		t.Error(patterns(unit(t, s, "go:web")))
	}
	if got := patterns(unit(t, s, "go:cmd/web")); !slices.Contains(got, "gen/api/** ship") || !slices.Contains(got, "**/*.{"+sourcesOf+"} ship") {
		t.Error(got)
	}
	want := []string{"third/include ship", "third/include/** ship", "c/x.h ship", "c/**/*.{" + nativeExts + "} ship"}
	if diff := cmp.Diff(patterns(unit(t, s, "go:native")), want); diff != "" {
		t.Error(diff)
	}
}

func TestConstraints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line          string
		never, tagged bool
	}{
		{"", false, false},
		{"//go:build ignore", true, true},
		{"//go:build linux && !cgo", false, false},
		{"//go:build !ignore", false, false},
		{"//go:build ignore || linux", false, false},
		{"//go:build linux && ignore", true, true},
		{"//go:build integration", false, true},
		{"//go:build !integration", false, false},
		{"// +build ignore", true, true},
		{"/* text\n//go:build ignore\n*/", false, false},
		{"//go:build (", false, false},
	} {
		never, tagged := constrained([]byte("// License.\n\n" + c.line + "\n\npackage x\n//go:build ignore\n"))
		if never != c.never || tagged != c.tagged {
			t.Errorf("%q: never %v, tagged %v; want %v, %v", c.line, never, tagged, c.never, c.tagged)
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	m := shop().with(
		"a/a.go", "b/b.go", "b/b.go", "../a/a.go", // symbolic links
		"l/real.go", "package l\n", "k/link.go", "../l/real.go",
		"x\ny/[z]*.go", "package y\n",
		"cart/cart.go", "package cart\nimport _ \"example.com/shop/cart\"\nimport _ \"example.com/shop/../etc\"\n",
		"evil/go.mod", "module ../../etc\nreplace x => ../../..\n", "evil/e.go", "package e\n",
	)
	s := read(t, m)
	if diff := cmp.Diff(patterns(unit(t, s, "go:k")), []string{"l/real.go ship"}); diff != "" {
		t.Error(diff)
	}
	if u := unit(t, s, "go:x\ny"); u.Dir != "x\ny" {
		t.Error(u)
	}
}

func TestReadTwiceParsesOnce(t *testing.T) {
	t.Parallel()
	r, m := New(), shop()
	if _, err := r.Read(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	n := len(r.sources)
	if _, err := r.Read(t.Context(), m.with("win/win.go", "package win\nvar X int\n")); err != nil {
		t.Fatal(err)
	}
	if got := len(r.sources); got != n+1 {
		t.Errorf("%d sources, want %d", got, n+1)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("module example.com/m\ngo 1.26\n", "package m\nimport \"embed\"\n//go:embed \"a b\" c\nvar x embed.FS\n", "use .\n")
	f.Add("module m", "package m\nimport \"C\"\n", "go 1.x")
	f.Add("module m\nreplace m => ./\n", "//go:build a && !b\npackage m\nimport \"m/m/m\"\n", "use ./..\n")
	f.Fuzz(func(t *testing.T, mod, src, work string) {
		m := memory{"go.mod": mod, "go.sum": mod, "a/a.go": src, "a/b_test.go": src, "go.work": work, "vendor/modules.txt": src}
		s := read(t, m)
		for _, u := range s.Units {
			if !strings.HasPrefix(u.ID, "go:") {
				t.Errorf("id %q", u.ID)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	m := memory{"go.mod": "module example.com/m\ngo 1.26\nrequire github.com/a/one v1.0.0\n"}
	body := strings.Repeat("func f() { println(1) }\n", 200)
	for i := range 400 {
		for k := range 5 {
			m[fmt.Sprintf("p%d/f%d.go", i, k)] = fmt.Sprintf("package p%d\nimport (\n\t\"context\"\n\t\"fmt\"\n\t_ \"github.com/a/one\"\n\t_ \"example.com/m/p%d\"\n)\n// %d\n", i, (i+1)%400, k) + body
		}
	}
	files := m.Files()
	t := fixed{m, files}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(b.Context(), t); err != nil {
			b.Fatal(err)
		}
	}
}

// fixed hashes by name, as cheap as git does.
type fixed struct {
	memory
	files []string
}

func (f fixed) Files() []string      { return f.files }
func (f fixed) Hash(p string) string { return p }
