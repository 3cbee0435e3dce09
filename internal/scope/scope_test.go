package scope_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/workspace"
)

const head, base = "c0ffee0123456789", "ba5eba5eba5eba5e"

func report() scope.Report {
	return scope.Report{
		Commit: head, Base: base,
		Products: []scope.Hit{
			{Name: "shop", Scope: workspace.Ship, Chain: []scope.Step{{Kind: "file", Name: "a.ts"}, {Kind: "unit", Name: "@acme/a"}, {Kind: "product", Name: "shop"}}},
			{Name: "docs", Scope: workspace.Verify},
		},
		Unaffected: []string{"admin"},
	}
}

// What a report does not name is not known; "all" ships it.
func TestClaims(t *testing.T) {
	t.Parallel()
	all := report()
	all.All = "the base is not known"
	for _, c := range []struct {
		r    scope.Report
		p    product.ID
		want scope.Claim
		why  string
	}{
		{report(), "shop", scope.Ships, "a.ts → @acme/a → shop"},
		{report(), "docs", scope.Verifies, ""},
		{report(), "admin", scope.Unaffected, ""},
		{report(), "other", scope.Unknown, ""},
		{scope.Report{}, "shop", scope.Unknown, ""},
		{all, "shop", scope.Ships, "a.ts → @acme/a → shop"},
		{all, "docs", scope.Ships, "the base is not known → docs"},
		{all, "admin", scope.Ships, "the base is not known → admin"},
		{all, "other", scope.Ships, "the base is not known → other"},
	} {
		got, chain := c.r.Of(c.p)
		if got != c.want || scope.Chain(chain) != c.why {
			t.Errorf("%s (all %q): got %s %q, want %s %q", c.p, c.r.All, got, scope.Chain(chain), c.want, c.why)
		}
	}
}

func TestSay(t *testing.T) {
	t.Parallel()
	quiet, verified, all, many := report(), report(), report(), report()
	quiet.Products, verified.Products, all.All = nil, verified.Products[1:], "no base"
	for i := range 9 {
		many.Products = append(many.Products, scope.Hit{Name: fmt.Sprint("p", i), Scope: workspace.Ship})
	}
	for want, r := range map[string]scope.Report{
		"This change will release: shop": report(), "This change releases nothing": quiet,
		"This change releases nothing; it touches the checks of docs":        verified,
		"This change will release every product: all, because no base":       all,
		"This change will release: shop, p0, p1, p2, p3 and 5 more":          many,
		"Nothing is known of what this change releases: CI named no product": {},
	} {
		if got := r.Say(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := make([]scope.Step, 40)
	for i := range long {
		long[i] = scope.Step{Kind: "unit", Name: fmt.Sprint("u", i)}
	}
	if got, want := scope.Chain(long), "u0 → u1 → u2 → u3 → … → u39"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func files(pairs ...string) map[string]scope.File {
	out := map[string]scope.File{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = scope.File{Hash: strings.Repeat(pairs[i+1], 64), Size: 1}
	}
	return out
}

func TestCompare(t *testing.T) {
	t.Parallel()
	build := func(p product.ID, commit string, f map[string]scope.File) scope.Manifest {
		return scope.Manifest{Product: p, Commit: commit, Files: f}
	}
	was := build("admin", base, files("a.js", "a", "b.js", "b", "c.js", "c"))
	now := build("admin", head, files("a.js", "a", "b.js", "d", "n.js", "e"))
	got, found := scope.Compare(report(), was, now)
	want := []scope.Difference{
		{Path: "b.js", Was: strings.Repeat("b", 64), Now: strings.Repeat("d", 64)},
		{Path: "c.js", Was: strings.Repeat("c", 64)},
		{Path: "n.js", Now: strings.Repeat("e", 64)},
	}
	if !found || !got.Exact || got.Total != 3 || !cmp.Equal(got.Files, want) {
		t.Errorf("found %v %+v", found, got)
	}
	if want := "our own bug: said unaffected, bytes changed: b.js of admin is changed, and 2 more, against the build of ba5eba5eba"; got.Text != want {
		t.Errorf("got %q, want %q", got.Text, want)
	}
	other := was
	other.Commit = "0123456789abcdef"
	if got, found := scope.Compare(report(), other, now); !found || got.Exact || !strings.Contains(got.Text, "other changes may lie between") {
		t.Errorf("against another build: %v %+v", found, got)
	}
	for what, c := range map[string][2]scope.Manifest{
		"the same bytes":  {was, build("admin", head, was.Files)},
		"it ships":        {build("shop", base, was.Files), build("shop", head, now.Files)},
		"nothing is said": {build("other", base, was.Files), build("other", head, now.Files)},
	} {
		if got, found := scope.Compare(report(), c[0], c[1]); found {
			t.Errorf("%s: %+v", what, got)
		}
	}
	many := files()
	for i := range 500 {
		many[fmt.Sprint(i)] = scope.File{Hash: "x"}
	}
	if got, _ := scope.Compare(report(), was, build("admin", head, many)); len(got.Files) != 50 || got.Total != 503 {
		t.Errorf("%d files of %d", len(got.Files), got.Total)
	}
}

// What no honest pipeline tells is refused; what is merely too long is cut; no
// product is ever left out.
func TestCheckReport(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(*scope.Report){
		"no commit":            func(r *scope.Report) { r.Commit = "" },
		"a short commit":       func(r *scope.Report) { r.Commit = "c0ffee" },
		"a commit with a path": func(r *scope.Report) { r.Commit = "../../../etc" },
		"a line feed":          func(r *scope.Report) { r.Version = "v\n1" },
		"a product twice":      func(r *scope.Report) { r.Unaffected = []string{"shop"} },
		"a nameless product":   func(r *scope.Report) { r.Products[0].Name = " " },
		"an escape in a name":  func(r *scope.Report) { r.Products[0].Name = "a\x1b[31m" },
		"an unknown scope":     func(r *scope.Report) { r.Products[0].Scope = "maybe" },
		"too many products":    func(r *scope.Report) { r.Products = make([]scope.Hit, 2001) },
	} {
		r := report()
		spoil(&r)
		if _, err := r.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	r := report()
	r.All = strings.Repeat("\u202e\x1b<b>", 9999)
	for i := range 1000 {
		r.Products[0].Chain = append(r.Products[0].Chain, scope.Step{Name: strings.Repeat("ä", 5000)})
		r.Unowned = append(r.Unowned, fmt.Sprint("file\n", i))
	}
	got, err := r.Check()
	if err != nil || len(got.Products) != 2 || len(got.Products[0].Chain) != 24 || len(got.Unowned) != 500 || len(got.All) > 1000 {
		t.Fatalf("%v: %d products, %d steps, %d files", err, len(got.Products), len(got.Products[0].Chain), len(got.Unowned))
	}
	if last := got.Unowned[499]; last != "… and 501 more" {
		t.Errorf("the last file is %q", last)
	}
}

func TestCheckManifest(t *testing.T) {
	t.Parallel()
	good := func() scope.Manifest {
		return scope.Manifest{Product: "shop", Commit: head, Files: files("assets/a.js", "a", "b", "b")}
	}
	if _, err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*scope.Manifest){
		"no files":        func(m *scope.Manifest) { m.Files = nil },
		"no commit":       func(m *scope.Manifest) { m.Commit = "" },
		"a wrong hash":    func(m *scope.Manifest) { m.Files["b"] = scope.File{Hash: "zz"} },
		"upper case":      func(m *scope.Manifest) { m.Files["b"] = scope.File{Hash: strings.Repeat("A", 64)} },
		"a negative size": func(m *scope.Manifest) { m.Files["b"] = scope.File{Hash: strings.Repeat("a", 64), Size: -1} },
	} {
		m := good()
		spoil(&m)
		if _, err := m.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	for _, path := range []string{"", ".", "/etc/passwd", "../x", "a/../../x", "a//b", "a\nb", "\xff", strings.Repeat("x", 501)} {
		m := good()
		m.Files[path] = m.Files["b"]
		if _, err := m.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("path %q: got %v", path, err)
		}
	}
	many := good()
	for i := range 20_000 {
		many.Files[fmt.Sprint(i)] = many.Files["b"]
	}
	if _, err := many.Check(); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many files: %v", err)
	}
}

// FuzzCheck holds that what is kept is bounded, visible, and never fewer
// products than were told.
func FuzzCheck(f *testing.F) {
	f.Add("c0ffee0", "shop", "packages/ui/a.ts", "all")
	f.Add("\xff", "a\nb", "\u202e", "")
	f.Fuzz(func(t *testing.T, commit, name, step, all string) {
		r := scope.Report{Commit: commit, All: all, Products: []scope.Hit{{Name: name, Scope: workspace.Ship, Chain: []scope.Step{{Name: step}}}}, Problems: []string{step}}
		got, err := r.Check()
		if err != nil {
			return
		}
		texts := []string{got.Commit, got.All, got.Products[0].Name, got.Products[0].Chain[0].Name, got.Problems[0], got.Say()}
		if slices.ContainsFunc(texts, func(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) || len(s) > 1500 }) {
			t.Errorf("kept %q", texts)
		}
		if again, err := got.Check(); err != nil || !cmp.Equal(again, got) {
			t.Errorf("checked twice: %v", err)
		}
	})
}
