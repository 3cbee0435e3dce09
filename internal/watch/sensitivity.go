package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// Level of sensitivity.
type Level string

// High is the one level above the usual.
const High Level = "high"

// Sensitivity says that, and why, a release is watched more closely: for twice
// as long, with rounds twice as dense, and without giving a journey that comes
// and goes the benefit of the doubt. What it takes to call a release broken
// stays the same: suspicion is no evidence, and nobody is paged by it alone.
type Sensitivity struct {
	Level  Level     `json:"level"`
	Reason string    `json:"reason"` // a sentence
	Since  time.Time `json:"since"`
}

// Trust tells what a release's pipeline is worth; false when nothing was told
// of it.
type Trust interface {
	PipelineStanding(ctx context.Context, id release.ID) (pipeline.Standing, bool, error)
}

// densest is the shortest pause between two rounds that we choose ourselves.
const densest = 5 * time.Second

// Sensitive reports whether the watch is at high sensitivity.
func (w Watch) Sensitive() bool { return w.Sensitivity != nil && w.Sensitivity.Level == High }

// Reason is why the watch is at high sensitivity, "" when it is not.
func (w Watch) Reason() string {
	if !w.Sensitive() {
		return ""
	}
	return w.Sensitivity.Reason
}

// every is the pause between two rounds of this watch.
func (w Watch) every(p product.Product) time.Duration {
	if !w.Sensitive() {
		return p.Watch.Every
	}
	return min(max(p.Watch.Every/2, densest), p.Watch.Every)
}

// window is how long this watch lasts.
func (w Watch) window(p product.Product) time.Duration {
	if w.Sensitive() {
		return 2 * p.Watch.For
	}
	return p.Watch.For
}

// doubt sets the sensitivity of a watch that is opened now.
func (s *Stage) doubt(ctx context.Context, db Store, w *Watch, now time.Time) error {
	if w.Kind != KindRelease {
		return nil // a rollback is proven by what failed, not by its pipeline
	}
	st, known, err := db.PipelineStanding(ctx, w.Release)
	if err != nil {
		return fmt.Errorf("pipeline of %s: %w", w.Release, err)
	}
	if known && st.Alarming() {
		w.Sensitivity = &Sensitivity{Level: High, Reason: st.Say(), Since: now}
	}
	return nil
}

// raise makes an open watch sensitive when its pipeline turns out to be no
// evidence, or says the new reason of one that is. It is never lowered: a step
// that was repeated until it passed is no reason to look away.
func (s *Stage) raise(ctx context.Context, db Store, p product.Product, st pipeline.Standing, now time.Time) (action.Plan, error) {
	var plan action.Plan
	w, err := db.Watch(ctx, ID("w-"+string(st.Release)))
	if fault.Is(err, fault.NotFound) {
		return plan, nil // it opens later, and asks then
	}
	if err != nil || w.State != Open || w.Kind != KindRelease || !st.Alarming() || w.Reason() == st.Say() {
		return plan, err
	}
	if w.Sensitive() {
		w.Sensitivity.Reason = st.Say()
		return plan, db.PutWatch(ctx, w)
	}
	w.Sensitivity = &Sensitivity{Level: High, Reason: st.Say(), Since: now}
	if until := w.Opened.Add(w.window(p)); until.After(w.Until) {
		w.Until = until
	}
	plan.Due = append(plan.Due,
		journal.Due{Key: tickKey(w.ID, ""), At: now.Add(w.every(p)), Event: w.event(EventTick, now)},
		journal.Due{Key: closeKey(w.ID), At: w.Until, Event: w.event(EventClose, now)})
	plan.Events = append(plan.Events, w.event(EventRaised, now))
	return plan, db.PutWatch(ctx, w)
}
