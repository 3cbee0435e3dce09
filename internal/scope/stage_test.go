package scope_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// shelf is a store in memory.
type shelf struct {
	told     map[string]scope.Report
	releases map[product.ID][]release.Release // newest first
	bound    map[release.ID]scope.Binding
}

func (s *shelf) Scope(_ context.Context, commit string) (scope.Report, bool, error) {
	for c, r := range s.told {
		if release.SameCommit(c, commit) {
			return r, true, nil
		}
	}
	return scope.Report{}, false, nil
}

func (s *shelf) ScopeOfVersion(_ context.Context, version string) (scope.Report, bool, error) {
	for _, r := range s.told {
		if r.Version == version {
			return r, true, nil
		}
	}
	return scope.Report{}, false, nil
}

func (s *shelf) Releases(_ context.Context, p product.ID, limit int) ([]release.Release, error) {
	return s.releases[p][:min(len(s.releases[p]), limit)], nil
}

func (s *shelf) Binding(_ context.Context, id release.ID) (scope.Binding, bool, error) {
	b, ok := s.bound[id]
	return b, ok, nil
}

func (s *shelf) PutBinding(_ context.Context, b scope.Binding) error {
	s.bound[b.Release] = b
	return nil
}

// deploy enters a release and hands its event to the stage.
func (s *shelf) deploy(t *testing.T, r release.Release) []string {
	t.Helper()
	s.releases[r.Product] = append([]release.Release{r}, s.releases[r.Product]...)
	return s.handle(t, journal.New(release.EventDeployed, t0, r).About(string(r.Product), string(r.ID), "", ""))
}

func (s *shelf) handle(t *testing.T, ev journal.Event) []string {
	t.Helper()
	products := map[product.ID]product.Product{"shop": {ID: "shop"}, "admin": {ID: "admin"}, "blog": {ID: "blog"}}
	plan, err := (&scope.Stage{Products: products}).Handle(t.Context(), s, ev)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range plan.Events {
		out = append(out, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Product, " ", e.Release)))
	}
	return out
}

func TestStage(t *testing.T) {
	t.Parallel()
	three := report()
	three.Products = append(three.Products, scope.Hit{Name: "blog", Scope: "ship"}, scope.Hit{Name: "admin", Scope: "ship"})
	three.Unaffected = nil
	empty := func(told ...scope.Report) *shelf {
		s := &shelf{told: map[string]scope.Report{}, releases: map[product.ID][]release.Release{}, bound: map[release.ID]scope.Binding{}}
		for _, r := range told {
			s.told[r.Commit] = r
		}
		return s
	}
	is := func(what string, got []string, want ...string) {
		t.Helper()
		if strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	shop := release.Release{ID: "shop-2", Product: "shop", Version: "v2", Commit: head[:8], Source: release.Announced}
	back := release.Release{ID: "shop-3", Product: "shop", Version: "v2", Commit: head, Source: release.Rollback}
	admin := release.Release{ID: "admin-1", Product: "admin", Version: "v2", Commit: head, Source: release.Announced}

	s := empty(three)
	is("the first release", s.deploy(t, shop), "scope.shipped admin", "scope.shipped blog", "scope.bound shop shop-2")
	is("told again", s.handle(t, journal.New(scope.EventReported, t0, scope.Line{Commit: head})))
	is("one that went along is released by itself", s.deploy(t, admin), "scope.shipped blog", "scope.bound admin admin-1")
	is("a rollback", s.deploy(t, back))

	s = empty()
	is("nobody told", s.deploy(t, shop))
	s.told[head] = three
	is("told late", s.handle(t, journal.New(scope.EventReported, t0, scope.Line{Commit: head})), "scope.shipped admin", "scope.shipped blog", "scope.bound shop shop-2")

	s = empty()
	s.deploy(t, shop)
	s.deploy(t, release.Release{ID: "shop-9", Product: "shop", Version: "v9", Commit: "feedfeedfeed"})
	s.told[head] = three
	is("told of what is not live any more", s.handle(t, journal.New(scope.EventReported, t0, scope.Line{Commit: head})), "scope.bound shop shop-2")

	three.Version = "v2"
	noticed := release.Release{ID: "shop-4", Product: "shop", Version: "v2", Source: release.Noticed}
	s = empty(three)
	is("noticed, by its version", s.deploy(t, noticed), "scope.shipped admin", "scope.shipped blog", "scope.bound shop shop-4")
	s = empty()
	s.deploy(t, noticed)
	s.told[head] = three
	is("noticed, and told late", s.handle(t, journal.New(scope.EventReported, t0, scope.Line{Commit: head})), "scope.shipped admin", "scope.shipped blog", "scope.bound shop shop-4")
	other := report()
	other.Version, other.Products, other.Unaffected = "v2", nil, []string{"admin"}
	s = empty(other)
	is("the same version of a product that is not named", s.deploy(t, noticed))

	s = empty(report())
	is("said to be left alone", s.deploy(t, admin), "scope.shipped shop", "scope.bound admin admin-1")
	if b := s.bound["admin-1"]; !b.Unexpected() || !strings.Contains(b.Text, "was not expected to ship") {
		t.Errorf("binding %+v", b)
	}
	if unknown := (release.Release{ID: "x", Product: "gone", Commit: head}); len(s.deploy(t, unknown)) != 0 {
		t.Error("a product that left the configuration is bound")
	}
}
