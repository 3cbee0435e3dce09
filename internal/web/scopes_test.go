package web

import (
	"context"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/workspace"
)

// sharedChange ships two products by shared code, and was wrong about a third.
func sharedChange() ScopeView {
	chain := func(name string, more ...scope.Step) []scope.Step {
		out := []scope.Step{{Kind: "file", Name: "packages/ui/src/button.tsx", Why: "changed"}, {Kind: "unit", Name: "@workshop/ui", Why: "dependencies"}}
		return append(append(out, more...), scope.Step{Kind: "product", Name: name})
	}
	c := scope.Change{
		Report: scope.Report{
			Commit: "f3a9c2d17be0456789f3a9c2d17be0456789f3a9", Base: "8c1f0b6d2e94aa018c1f0b6d2e94aa018c1f0b6d", Title: "Rounder buttons in the whole house",
			Address: "https://code.example/workshop/changes/318", Version: "2026.11.21-1", At: at(-1200),
			Products: []scope.Hit{
				{Name: "workshop", Scope: workspace.Ship, Chain: chain("workshop")},
				{Name: "gifts", Scope: workspace.Ship, Chain: chain("gifts", scope.Step{Kind: "unit", Name: "@workshop/catalogue", Why: "imports"})},
				{Name: "reindeer-admin", Scope: workspace.Ship, Chain: chain("reindeer-admin")},
				{Name: "storybook", Scope: workspace.Verify, Chain: []scope.Step{{Kind: "file", Name: "packages/ui/src/button.stories.tsx", Why: "changed"}, {Kind: "product", Name: "storybook"}}},
			},
			Unaffected: []string{"ledger", "mail-worker"}, Unowned: []string{".editorconfig"}, Routes: []string{"/book/extras", "/gifts/[id]"}, RoutesKnown: true,
		},
		Channels: []string{"qa", "qa-mail"},
		Findings: []scope.Finding{{
			Product: "ledger", Commit: "f3a9c2d17be0456789", Claim: scope.Unaffected, Against: "8c1f0b6d2e94aa01", Exact: true, Total: 3,
			Files: []scope.Difference{
				{Path: "assets/app.4f1c.js", Was: "", Now: strings.Repeat("9b1d", 16)},
				{Path: "assets/app.77aa.js", Was: strings.Repeat("04e2", 16)},
				{Path: "index.html", Was: strings.Repeat("aa", 32), Now: strings.Repeat("bc", 32)},
			},
			Text: "our own bug: said unaffected, bytes changed: assets/app.4f1c.js of ledger is new, and 2 more, against the build of 8c1f0b6d2e", At: at(-60),
		}},
	}
	titles := map[string]string{"workshop": "Father Christmas Workshop", "gifts": "Gift finder"}
	for _, h := range c.Products {
		s := scope.Shipping{Hit: h, Title: h.Name}
		if t, ok := titles[h.Name]; ok {
			s.Configured, s.Title = true, t
		}
		switch h.Name {
		case "workshop":
			s.Journeys = []string{"Book a visit", "Browse the workshop"}
			s.Release = &release.Release{ID: "r42", Version: "2026.11.21-1"}
		case "gifts":
			s.Journeys = []string{"Find a gift"}
		}
		c.Ships = append(c.Ships, s)
	}
	b := scope.Binding{Release: "r42", Product: "workshop", Claim: scope.Ships, Text: "expected to ship, because packages/ui/src/button.tsx → @workshop/ui", Asked: []product.ID{"gifts"}, At: at(0)}
	return ScopeView{Change: &c, Binding: &b, Looks: map[product.ID]Looks{"gifts": {Total: 1, Passed: 1}}}
}

func scopeHTML(t *testing.T, s ScopeView) string {
	t.Helper()
	v := fullWorld().releases["r42"]
	v.Scope = s
	var b strings.Builder
	if err := scopeSection(frame{Now: at(90), name: func(id product.ID) string { return string(id) }}, dossier{ReleaseView: v}).Render(context.WithoutCancel(t.Context()), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestScopeSection(t *testing.T) {
	t.Parallel()
	got := scopeHTML(t, sharedChange())
	for _, want := range []string{
		"Said unaffected, bytes changed", "packages/ui/src/button.tsx", "@workshop/catalogue", "chain-end", "Only verified", "this release", "not announced",
		"not watched here", "1 of 1 passed after this release", "no journey", "told on qa, qa-mail", "/book/extras, /gifts/[id]", "ledger, mail-worker",
		`href="https://code.example/workshop/changes/318"`, "9b1d9b1d9b1d", "new → 9b1d",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the section does not say %q", want)
		}
	}
	if none := scopeHTML(t, ScopeView{}); !strings.Contains(none, "Nobody said what this change ships") || strings.Contains(none, "Expected") {
		t.Errorf("without a report: %s", none)
	}
	odd := sharedChange()
	odd.Change.Findings, odd.Change.Channels, odd.Change.RoutesKnown, odd.Change.All = nil, nil, false, "the lockfile does not parse"
	odd.Binding.Claim, odd.Binding.Text = scope.Unaffected, "was not expected to ship: change f3a9c2d17b was said to leave workshop alone"
	got = scopeHTML(t, odd)
	for _, want := range []string{"Was not expected to ship", "All products, because the lockfile does not parse", "nobody was told", "unknown: nobody worked them out", "everything ships"} {
		if !strings.Contains(got, want) {
			t.Errorf("the section does not say %q", want)
		}
	}
}

func TestScopeSectionIsEscaped(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	v := sharedChange()
	c := v.Change
	c.Commit, c.Base, c.Title, c.All, c.Address = evil, evil, evil, evil, "javascript:alert(1)"
	c.Unaffected, c.Unowned, c.Problems, c.Routes, c.Channels = []string{evil}, []string{evil}, []string{evil}, []string{evil}, []string{evil}
	for i := range c.Ships {
		s := &c.Ships[i]
		s.Name, s.Title, s.Chain, s.Journeys = evil, evil, []scope.Step{{Kind: evil, Name: evil, Why: evil}}, []string{evil}
	}
	c.Findings[0] = scope.Finding{Product: evil, Claim: evil, Text: evil, Files: []scope.Difference{{Path: evil, Was: evil, Now: evil}}}
	v.Binding.Claim, v.Binding.Text = scope.Verifies, evil
	if got := scopeHTML(t, v); strings.Contains(got, "<script") || strings.Contains(got, "<img") || strings.Contains(got, `href="javascript`) || strings.Contains(got, "style=") {
		t.Errorf("not escaped: %s", got)
	}
}
