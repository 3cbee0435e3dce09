package scope

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// Store is all that the stage needs, within the runner's transaction. Scope
// returns the report of a commit, by its whole name or the beginning of it,
// ScopeOfVersion the newest report of a version, and Releases a product's newest
// first.
type Store interface {
	Scope(ctx context.Context, commit string) (Report, bool, error)
	ScopeOfVersion(ctx context.Context, version string) (Report, bool, error)
	Releases(ctx context.Context, p product.ID, limit int) ([]release.Release, error)
	Binding(ctx context.Context, id release.ID) (Binding, bool, error)
	PutBinding(ctx context.Context, b Binding) error
}

// late is how many releases back a change may still be told of.
const late = 20

// Stage holds each release against the report of its commit, whichever comes
// first, and has the products looked at that go along.
type Stage struct {
	Products map[product.ID]product.Product
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	switch k {
	case EventReported, release.EventDeployed, release.EventEnriched:
		return true
	}
	return false
}

// Handle binds the releases that the event is about.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var plan action.Plan
	if ev.Kind == EventReported {
		var l Line
		if err := ev.Decode(&l); err != nil {
			return plan, err
		}
		err := s.reported(ctx, db, l.Commit, ev.At, &plan)
		return plan, err
	}
	var r release.Release
	if err := ev.Decode(&r); err != nil {
		return plan, err
	}
	if _, ok := s.Products[r.Product]; !ok {
		return plan, nil
	}
	told, known, err := db.Scope(ctx, r.Commit)
	if r.Commit == "" {
		told, known, err = db.ScopeOfVersion(ctx, r.Version)
	}
	if err != nil || !known || !told.Released(r) {
		return plan, err
	}
	err = s.bind(ctx, db, told, r, ev.At, &plan)
	return plan, err
}

// Released reports whether a release brings the change: by its commit, or, when
// nobody told that, by a version of a product that the report names. A rollback
// brings nothing of its own: what it restores was expected before.
func (r Report) Released(rel release.Release) bool {
	if rel.Source == release.Rollback || rel.Source == release.Baseline {
		return false
	}
	if rel.Commit != "" {
		return release.SameCommit(rel.Commit, r.Commit)
	}
	claim, _ := r.Of(rel.Product)
	return r.Version != "" && rel.Version == r.Version && claim != Unknown
}

// reported binds the newest release of every product that is of the change.
func (s *Stage) reported(ctx context.Context, db Store, commit string, now time.Time, plan *action.Plan) error {
	told, known, err := db.Scope(ctx, commit)
	if err != nil || !known {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(s.Products)) {
		r, ok, err := newest(ctx, db, id, told)
		if err != nil {
			return err
		}
		if ok {
			if err := s.bind(ctx, db, told, r, now, plan); err != nil {
				return err
			}
		}
	}
	return nil
}

// newest returns a product's newest release of a change.
func newest(ctx context.Context, db Store, p product.ID, told Report) (release.Release, bool, error) {
	all, err := db.Releases(ctx, p, late)
	if err != nil {
		return release.Release{}, false, fmt.Errorf("releases of %s: %w", p, err)
	}
	for _, r := range all {
		if told.Released(r) {
			return r, true, nil
		}
	}
	return release.Release{}, false, nil
}

// bind says what a release was expected to ship, and asks for looks at the
// products that go along with the one that is live now.
func (s *Stage) bind(ctx context.Context, db Store, told Report, r release.Release, now time.Time, plan *action.Plan) error {
	claim, chain := told.Of(r.Product)
	b := Binding{
		Release: r.ID, Product: r.Product, Version: r.Version, Commit: told.Commit, Claim: claim,
		Text: told.say(r.Product, claim, chain), At: now,
	}
	was, known, err := db.Binding(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("scope of %s: %w", r.ID, err)
	}
	b.Asked = was.Asked
	if err := s.along(ctx, db, told, r, &b, plan); err != nil {
		return err
	}
	same := known && was.Claim == b.Claim && was.Text == b.Text && was.Commit == b.Commit
	if same && len(was.Asked) == len(b.Asked) {
		return nil
	}
	if !same {
		plan.Events = append(plan.Events, journal.New(EventBound, now, b).About(string(r.Product), string(r.ID), "", ""))
	}
	if err := db.PutBinding(ctx, b); err != nil {
		return fmt.Errorf("keep scope of %s: %w", r.ID, err)
	}
	return nil
}

// along asks for looks at the other products that ship with a release, once
// each, unless they have a release of their own, whose watch looks.
func (s *Stage) along(ctx context.Context, db Store, told Report, r release.Release, b *Binding, plan *action.Plan) error {
	live, err := db.Releases(ctx, r.Product, 1)
	if err != nil {
		return fmt.Errorf("releases of %s: %w", r.Product, err)
	}
	if len(live) == 0 || live[0].ID != r.ID {
		return nil // something newer is live: looking now would say nothing of this one
	}
	for _, id := range slices.Sorted(maps.Keys(s.Products)) {
		claim, chain := told.Of(id)
		if id == r.Product || claim != Ships || slices.Contains(b.Asked, id) {
			continue
		}
		if _, own, err := newest(ctx, db, id, told); err != nil || own {
			if err != nil {
				return err
			}
			continue
		}
		b.Asked = append(b.Asked, id)
		sh := Shipment{
			Product: id, Release: r.ID, From: r.Product, Version: r.Version, Commit: told.Commit, Chain: Chain(chain), At: b.At,
		}
		sh.Text = fmt.Sprintf("%s %s ships %s too: %s", r.Product, r.Version, id, cmp.Or(sh.Chain, "no reason was given"))
		plan.Events = append(plan.Events, journal.New(EventShipped, b.At, sh).About(string(id), "", "", ""))
	}
	return nil
}
