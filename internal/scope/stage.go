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
// returns the report of a commit, by its whole name or the beginning of it, and
// Releases a product's newest first.
type Store interface {
	Scope(ctx context.Context, commit string) (Report, bool, error)
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
	if _, ok := s.Products[r.Product]; !ok || !ownWork(r) {
		return plan, nil
	}
	told, known, err := db.Scope(ctx, r.Commit)
	if err != nil || !known {
		return plan, err
	}
	err = s.bind(ctx, db, told, r, ev.At, &plan)
	return plan, err
}

// ownWork reports whether a release brings a commit of its own: a rollback
// restores what was expected before.
func ownWork(r release.Release) bool {
	return r.Commit != "" && r.Source != release.Rollback && r.Source != release.Baseline
}

// reported binds the newest release of every product that has the commit.
func (s *Stage) reported(ctx context.Context, db Store, commit string, now time.Time, plan *action.Plan) error {
	told, known, err := db.Scope(ctx, commit)
	if err != nil || !known {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(s.Products)) {
		r, ok, err := newest(ctx, db, id, told.Commit)
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

// newest returns a product's newest release of a commit.
func newest(ctx context.Context, db Store, p product.ID, commit string) (release.Release, bool, error) {
	all, err := db.Releases(ctx, p, late)
	if err != nil {
		return release.Release{}, false, fmt.Errorf("releases of %s: %w", p, err)
	}
	for _, r := range all {
		if ownWork(r) && release.SameCommit(r.Commit, commit) {
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
		if _, own, err := newest(ctx, db, id, told.Commit); err != nil || own {
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
