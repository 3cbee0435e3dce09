package app

import (
	"context"
	"maps"
	"slices"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/redact"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/workspace"
)

// ReportScope enters what CI says a change ships. Telling the same twice is no
// error; fresh is false then, and nobody is told again. The builds of the commit
// that are known are held against what is said now.
func (d *Desk) ReportScope(ctx context.Context, r scope.Report) (c scope.Change, fresh bool, err error) {
	if r, err = r.Check(); err != nil {
		return c, false, err
	}
	r = r.Redact(redact.New().Text)
	r.At = d.now().UTC()
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		if fresh, err = tx.PutScope(ctx, r); err != nil {
			return err
		}
		if fresh {
			line := scope.Line{Commit: r.Commit, Text: r.Say()}
			if _, err := tx.Append(ctx, journal.New(scope.EventReported, d.now(), line)); err != nil {
				return err
			}
			built, err := tx.Built(ctx, r.Commit)
			if err != nil {
				return err
			}
			for _, p := range built {
				if _, _, err := d.compare(ctx, tx, r.Commit, p); err != nil {
					return err
				}
			}
		}
		c, err = change(ctx, tx, d.products, r.Commit)
		return err
	})
	return c, fresh, err
}

// Scope returns what was told of a change.
func (d *Desk) Scope(ctx context.Context, commit string) (scope.Change, error) {
	return read(ctx, d.store, func(tx *store.Tx) (scope.Change, error) { return change(ctx, tx, d.products, commit) })
}

// ReportArtifacts enters what a build of a product produced, and holds it
// against what was said of the change.
func (d *Desk) ReportArtifacts(ctx context.Context, m scope.Manifest) (fresh bool, against string, found *scope.Finding, err error) {
	if _, err := d.product(m.Product); err != nil {
		return false, "", nil, err
	}
	if m, err = m.Check(); err != nil {
		return false, "", nil, err
	}
	m.At = d.now().UTC()
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		if fresh, err = tx.PutManifest(ctx, m); err != nil {
			return err
		}
		against, found, err = d.compare(ctx, tx, m.Commit, m.Product)
		return err
	})
	return fresh, against, found, err
}

// compare holds a build against that of the report's base, or the one before,
// and keeps what speaks against the report.
func (d *Desk) compare(ctx context.Context, tx *store.Tx, commit string, p product.ID) (against string, found *scope.Finding, err error) {
	told, known, err := tx.Scope(ctx, commit)
	if err != nil || !known {
		return "", nil, err
	}
	now, known, err := tx.Manifest(ctx, p, commit)
	if err != nil || !known {
		return "", nil, err
	}
	if claim, _ := told.Of(p); claim != scope.Unaffected && claim != scope.Verifies {
		return "", nil, tx.DropFinding(ctx, p, told.Commit)
	}
	was, known, err := tx.Manifest(ctx, p, told.Base)
	if err == nil && (!known || was.Commit == now.Commit) {
		was, known, err = tx.ManifestBefore(ctx, p, now.Commit, now.At)
	}
	if err != nil || !known {
		return "", nil, err
	}
	f, differs := scope.Compare(told, was, now)
	if !differs {
		return was.Commit, nil, tx.DropFinding(ctx, p, told.Commit)
	}
	fresh, err := tx.PutFinding(ctx, f)
	if err != nil || !fresh {
		return was.Commit, &f, err
	}
	about := ""
	if r, ok, err := releaseOf(ctx, tx, p, told); err != nil {
		return was.Commit, &f, err
	} else if ok {
		about = string(r.ID)
	}
	_, err = tx.Append(ctx, journal.New(scope.EventContradicted, d.now(), f).About(string(p), about, "", ""))
	return was.Commit, &f, err
}

// releaseOf returns a product's newest release of a change.
func releaseOf(ctx context.Context, tx *store.Tx, p product.ID, told scope.Report) (release.Release, bool, error) {
	rows, err := tx.Releases(ctx, p, maxRows)
	if err != nil {
		return release.Release{}, false, err
	}
	i := slices.IndexFunc(rows, told.Released)
	if i < 0 {
		return release.Release{}, false, nil
	}
	return rows[i], true, nil
}

// change returns a report with what is known of its products.
func change(ctx context.Context, tx *store.Tx, products map[product.ID]product.Product, commit string) (c scope.Change, err error) {
	known := false
	if c.Report, known, err = tx.Scope(ctx, commit); err != nil {
		return c, err
	}
	if !known {
		return c, fault.Newf(fault.NotFound, "nothing was told of change %s", scope.Short(commit)).
			WithHint("tell it with: postflight affected, with a server")
	}
	hits := append(c.Shipped(), c.Verified()...)
	if c.All != "" {
		hits = c.Shipped()
		for _, id := range slices.Sorted(maps.Keys(products)) {
			if !slices.ContainsFunc(hits, func(h scope.Hit) bool { return h.Name == string(id) }) {
				_, chain := c.Of(id)
				hits = append(hits, scope.Hit{Name: string(id), Scope: workspace.Ship, Chain: chain})
			}
		}
	}
	for _, h := range hits {
		s := scope.Shipping{Hit: h, Title: h.Name}
		p, configured := products[product.ID(h.Name)]
		if configured {
			s.Configured, s.Title = true, p.Name
			for _, j := range p.Journeys {
				s.Journeys = append(s.Journeys, titleOf(j))
			}
			r, ok, err := releaseOf(ctx, tx, p.ID, c.Report)
			if err != nil {
				return c, err
			}
			if ok {
				s.Release = &r
			}
		}
		c.Ships = append(c.Ships, s)
	}
	c.Channels = page.QA(products, c.Report)
	c.Findings, err = tx.Findings(ctx, c.Commit)
	return c, err
}

// titleOf is how people call a journey.
func titleOf(j product.Journey) string {
	if j.Title != "" {
		return j.Title
	}
	return j.ID
}
