package apitest

import (
	"context"

	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
)

// ReportScope keeps what a change ships.
func (h *House) ReportScope(_ context.Context, r scope.Report) (c scope.Change, fresh bool, err error) {
	if r, err = r.Check(); err != nil {
		return c, false, err
	}
	h.change(func() {
		was, known := h.scopes[r.Commit]
		fresh = !known || was.Say() != r.Say()
		h.scopes[r.Commit] = r
		for p, m := range h.builds[r.Commit] {
			h.compare(r, p, m)
		}
		c = h.about(r)
	})
	return c, fresh, nil
}

// Scope returns what was told of a change.
func (h *House) Scope(_ context.Context, commit string) (scope.Change, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, r := range h.scopes {
		if release.SameCommit(id, commit) {
			return h.about(r), nil
		}
	}
	return scope.Change{}, missing("change", commit)
}

// about adds what the house knows; the lock is held.
func (h *House) about(r scope.Report) scope.Change {
	c := scope.Change{Report: r}
	byID := map[product.ID]product.Product{}
	for _, p := range h.products {
		byID[p.ID] = p
	}
	for _, hit := range append(r.Shipped(), r.Verified()...) {
		s := scope.Shipping{Hit: hit, Title: hit.Name}
		if p, ok := byID[product.ID(hit.Name)]; ok {
			s.Configured, s.Title = true, p.Name
			for _, j := range p.Journeys {
				s.Journeys = append(s.Journeys, j.ID)
			}
		}
		c.Ships = append(c.Ships, s)
	}
	c.Channels = page.QA(byID, r)
	for p := range h.builds[r.Commit] {
		if f, ok := h.found[string(p)+"/"+r.Commit]; ok {
			c.Findings = append(c.Findings, f)
		}
	}
	return c
}

// ReportArtifacts keeps a build, and holds it against that of the base.
func (h *House) ReportArtifacts(ctx context.Context, m scope.Manifest) (fresh bool, against string, found *scope.Finding, err error) {
	if _, err := h.Product(ctx, m.Product); err != nil {
		return false, "", nil, err
	}
	if m, err = m.Check(); err != nil {
		return false, "", nil, err
	}
	h.change(func() {
		if h.builds[m.Commit] == nil {
			h.builds[m.Commit] = map[product.ID]scope.Manifest{}
		}
		was, known := h.builds[m.Commit][m.Product]
		fresh = !known || !was.Same(m)
		h.builds[m.Commit][m.Product] = m
		if r, ok := h.scopes[m.Commit]; ok {
			against, found = h.compare(r, m.Product, m)
		}
	})
	return fresh, against, found, nil
}

// compare holds a build against that of the report's base; the lock is held.
func (h *House) compare(r scope.Report, p product.ID, now scope.Manifest) (string, *scope.Finding) {
	was, known := h.builds[r.Base][p]
	if claim, _ := r.Of(p); !known || claim == scope.Ships || claim == scope.Unknown {
		return "", nil
	}
	f, differs := scope.Compare(r, was, now)
	if !differs {
		delete(h.found, string(p)+"/"+r.Commit)
		return was.Commit, nil
	}
	h.found[string(p)+"/"+r.Commit] = f
	return was.Commit, &f
}
