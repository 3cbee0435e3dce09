package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// Ledger is what was told of a product's pipelines. Both return what belongs
// to a release: told of its version, else of its commit.
type Ledger interface {
	PipelineSteps(ctx context.Context, p product.ID, version, commit string) ([]Entry, error)
	PipelineClosings(ctx context.Context, p product.ID, version, commit string) ([]Closed, error)
}

// Book keeps the standings, within the runner's transaction. Releases returns
// the newest first. PutPipelineStanding also remembers which steps and which
// closings, by their runs, belong to the release.
type Book interface {
	Releases(ctx context.Context, p product.ID, limit int) ([]release.Release, error)
	PipelineStanding(ctx context.Context, id release.ID) (Standing, bool, error)
	PutPipelineStanding(ctx context.Context, s Standing, steps, runs []string) error
}

// Store is all that the stage needs.
type Store interface {
	Ledger
	Book
}

// late is how many releases back a step may still be told of.
const late = 50

// Stage holds each release against its pipeline, whichever comes first.
type Stage struct {
	Products map[product.ID]product.Product
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	switch k {
	case EventReported, EventClosed, release.EventDeployed, release.EventEnriched:
		return true
	}
	return false
}

// Handle weighs the pipeline of the releases that the event is about, and
// tells of each whose standing changed. A release of which nothing was told
// makes no word.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var plan action.Plan
	p := product.ID(ev.Product)
	if _, ok := s.Products[p]; !ok {
		return plan, nil
	}
	if ev.Kind == release.EventDeployed || ev.Kind == release.EventEnriched {
		var r release.Release
		if err := ev.Decode(&r); err != nil {
			return plan, err
		}
		return plan, s.weigh(ctx, db, r, ev, &plan)
	}
	var l Line
	if err := ev.Decode(&l); err != nil {
		return plan, err
	}
	all, err := db.Releases(ctx, p, late)
	if err != nil {
		return plan, fmt.Errorf("releases of %s: %w", p, err)
	}
	for _, r := range slices.Backward(all) { // the newest takes the steps that several share
		if l.Version != "" && l.Version == r.Version || SameCommit(l.Commit, r.Commit) {
			if err := s.weigh(ctx, db, r, ev, &plan); err != nil {
				return plan, err
			}
		}
	}
	return plan, nil
}

func (s *Stage) weigh(ctx context.Context, db Store, r release.Release, ev journal.Event, plan *action.Plan) error {
	told, err := db.PipelineSteps(ctx, r.Product, r.Version, r.Commit)
	if err != nil {
		return fmt.Errorf("steps of %s: %w", r.ID, err)
	}
	closings, err := db.PipelineClosings(ctx, r.Product, r.Version, r.Commit)
	if err != nil {
		return fmt.Errorf("closings of %s: %w", r.ID, err)
	}
	told, closings = Of(r, told, closings)
	if len(told)+len(closings) == 0 {
		return nil
	}
	now := Stand(r, told, closings)
	now.At = ev.At
	was, known, err := db.PipelineStanding(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("standing of %s: %w", r.ID, err)
	}
	ids := make([]string, 0, len(told))
	for _, e := range told {
		ids = append(ids, e.ID)
	}
	runs := make([]string, 0, len(closings))
	for _, c := range closings {
		runs = append(runs, c.Run)
	}
	if known && was.same(now) {
		now.At = was.At
	}
	if err := db.PutPipelineStanding(ctx, now, ids, runs); err != nil {
		return fmt.Errorf("keep standing of %s: %w", r.ID, err)
	}
	if !known || was.State != now.State || now.Alarming() && was.Say() != now.Say() {
		plan.Events = append(plan.Events, journal.New(EventJudged, ev.At, now).About(string(r.Product), string(r.ID), "", ""))
	}
	return nil
}

// SameCommit reports whether two names of commits mean the same.
func SameCommit(a, b string) bool { return release.SameCommit(a, b) }
