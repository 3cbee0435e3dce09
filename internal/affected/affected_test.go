package affected_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/affected"
	"github.com/postflight/postflight/internal/workspace"
)

// shop is two apps, a library both are made with, one that only tests use, and a
// tool.
func shop() workspace.Space {
	unit := func(dir, name string, product bool, needs ...workspace.Need) workspace.Unit {
		return workspace.Unit{
			ID: "node:" + dir, Name: name, Dir: dir, Manifest: dir + "/package.json", Product: product, Needs: needs,
			External: map[string]string{"react@18.2.0": "a"},
			Own:      []workspace.Input{{Pattern: "**/*.test.ts", Scope: workspace.Verify}, {Pattern: "*.md", Scope: workspace.Verify}, {Pattern: "tmp/**", None: true}},
		}
	}
	need := func(dir string, s workspace.Scope) workspace.Need {
		return workspace.Need{Unit: "node:" + dir, Scope: s, Via: "dependencies"}
	}
	return workspace.Space{
		Ecosystem: "node",
		Units: []workspace.Unit{
			{ID: "node:", Name: "//", Manifest: "package.json"},
			unit("apps/admin", "admin", true, need("packages/ui", workspace.Ship)),
			unit("apps/web", "web", true, need("packages/ui", workspace.Ship), need("packages/fakes", workspace.Verify)),
			unit("packages/fakes", "fakes", false),
			unit("packages/theme", "theme", false, need("packages/ui", workspace.Ship)),
			unit("packages/ui", "ui", false, need("packages/theme", workspace.Ship)), // a circle
		},
		Global:  []workspace.Input{{Pattern: ".npmrc", Scope: workspace.Ship, Why: "settings of the package manager"}},
		Claimed: []string{"pnpm-lock.yaml"},
	}
}

// with returns shop, changed.
func with(change func(s *workspace.Space)) []workspace.Space {
	s := shop()
	if change != nil {
		change(&s)
	}
	return []workspace.Space{s}
}

// said writes hits in a line each: scope, then the chain.
func said(hits []affected.Hit) []string {
	var out []string
	for _, h := range hits {
		var links []string
		for _, s := range h.Chain {
			links = append(links, s.Name)
		}
		out = append(out, fmt.Sprintf("%s %s: %s", h.Scope, h.Name, strings.Join(links, " → ")))
	}
	return out
}

// changed are files that were modified.
func changed(paths ...string) []affected.Change {
	var out []affected.Change
	for _, p := range paths {
		out = append(out, affected.Change{Path: p})
	}
	return out
}

// external gives a unit another closure.
func external(dir string, closure map[string]string) func(s *workspace.Space) {
	return func(s *workspace.Space) {
		for i := range s.Units {
			if s.Units[i].Dir == dir {
				s.Units[i].External = closure
			}
		}
	}
}

// story is one change and what is told of it.
type story struct {
	name string
	in   affected.Input
	want []string
	all  string
}

// files are stories of files that changed.
func files() []story {
	return []story{
		{"nothing changed", affected.Input{}, nil, ""},
		{"a file of an app", affected.Input{Changes: changed("apps/web/src/a.ts")}, []string{"ship web: apps/web/src/a.ts → web"}, ""},
		{
			"a file of a library, past a circle",
			affected.Input{Changes: changed("packages/theme/a.css")},
			[]string{"ship admin: packages/theme/a.css → theme → ui → admin", "ship web: packages/theme/a.css → theme → ui → web"},
			"",
		},
		{
			"a test of a library",
			affected.Input{Changes: changed("packages/ui/a.test.ts")},
			[]string{"verify admin: packages/ui/a.test.ts → ui → admin", "verify web: packages/ui/a.test.ts → ui → web"},
			"",
		},
		{"a test of an app", affected.Input{Changes: changed("apps/web/a.test.ts")}, []string{"verify web: apps/web/a.test.ts → web"}, ""},
		{"what only tests are made with", affected.Input{Changes: changed("packages/fakes/a.ts")}, []string{"verify web: packages/fakes/a.ts → fakes → web"}, ""},
		{"what is no input", affected.Input{Changes: changed("apps/web/tmp/a")}, nil, ""},
		{
			"a file for all",
			affected.Input{Changes: changed(".npmrc")},
			[]string{"ship admin: .npmrc → admin", "ship web: .npmrc → web"},
			"",
		},
	}
}

// closures are stories of what is resolved, removed, broken or declared.
func closures() []story {
	remove := func(s *workspace.Space) {
		s.Units = slices.DeleteFunc(s.Units, func(u workspace.Unit) bool { return u.Dir == "packages/theme" })
		s.Units[4].Needs = nil
	}
	return []story{
		{"a lockfile that resolves the same", affected.Input{Changes: changed("pnpm-lock.yaml")}, nil, ""},
		{
			"a lockfile that resolves one otherwise",
			affected.Input{Changes: changed("pnpm-lock.yaml"), Head: with(external("apps/admin", map[string]string{"react@18.3.0": "b"}))},
			[]string{"ship admin: +react@18.3.0, -react@18.2.0 → admin"},
			"",
		},
		{
			"the same version with other edges",
			affected.Input{Changes: changed("pnpm-lock.yaml"), Head: with(external("packages/ui", map[string]string{"react@18.2.0": "b"}))},
			[]string{"ship admin: react@18.2.0 → ui → admin", "ship web: react@18.2.0 → ui → web"},
			"",
		},
		{
			"a tool that only checks",
			affected.Input{Changes: changed("pnpm-lock.yaml"), Head: with(external("apps/admin", map[string]string{"react@18.2.0": "a", workspace.VerifyPrefix + "eslint@9.0.0": "b"}))},
			[]string{"verify admin: +eslint@9.0.0 → admin"},
			"",
		},
		{
			"a library removed",
			affected.Input{Changes: []affected.Change{{Path: "packages/theme/package.json", Removed: true}}, Head: with(remove)},
			[]string{"ship admin: theme → ui → admin", "ship web: theme → ui → web"},
			"",
		},
		{
			"a manifest that cannot be read",
			affected.Input{Changes: changed("README.md"), Head: with(func(s *workspace.Space) {
				s.Problems = []workspace.Problem{{Path: "pnpm-lock.yaml", Reason: "line 3: no YAML"}}
			})},
			[]string{"ship admin: pnpm-lock.yaml: line 3: no YAML → admin", "ship web: pnpm-lock.yaml: line 3: no YAML → web"},
			"",
		},
		{
			"the base is not known",
			affected.Input{All: "the clone is shallow"},
			[]string{"ship admin: the clone is shallow → admin", "ship web: the clone is shallow → web"},
			"the clone is shallow",
		},
		{
			"declared products",
			affected.Input{Changes: changed("infra/web.tf", "apps/admin/a.ts"), Products: []affected.Product{
				{Name: "shop", Units: []string{"node:apps/web"}, Paths: []string{"infra/**"}}, {Name: "back office", Units: []string{"node:apps/admin"}}, {Name: "suite", DependsOn: []string{"shop"}},
			}},
			[]string{"ship back office: apps/admin/a.ts → admin → back office", "ship shop: infra/web.tf → shop", "ship suite: infra/web.tf → shop → suite"},
			"",
		},
	}
}

func TestCompute(t *testing.T) {
	t.Parallel()
	for _, tt := range append(files(), closures()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in.Base == nil {
				tt.in.Base = with(nil)
			}
			if tt.in.Head == nil {
				tt.in.Head = with(nil)
			}
			got := affected.Compute(tt.in)
			if d := cmp.Diff(tt.want, said(got.Products)); d != "" || got.All != tt.all {
				t.Errorf("all %q (-want +got):\n%s", got.All, d)
			}
		})
	}
}

func TestUnowned(t *testing.T) {
	t.Parallel()
	s := shop()
	s.Units = s.Units[1:] // without a root unit
	got := affected.Compute(affected.Input{
		Base: []workspace.Space{s}, Head: []workspace.Space{s}, Changes: []affected.Change{{Path: "LICENSE"}, {Path: "apps/web/a.ts"}},
	})
	if d := cmp.Diff([]string{"LICENSE"}, got.Unowned); d != "" || got.Total != 2 {
		t.Errorf("%d products, unowned (-want +got):\n%s", got.Total, d)
	}
}
