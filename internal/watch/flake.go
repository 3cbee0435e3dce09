package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// Needs returns how many failures in a row of a journey, at a step, prove a
// fault: by what is known of its flakes from before, else by the rule of
// thumb. What passed before takes more, because every round of the window is
// another chance for a flake.
func (w Watch) Needs(p product.Product, journey, step string, passed bool) int {
	least, rounds := 1+ConfirmNew, 1
	if passed {
		least, rounds = 1+ConfirmAgain, w.rounds(p, journey)
		if w.Sensitive() {
			least++ // it has four times the rounds
		}
	}
	known, ok := w.Flakes[journey]
	if !ok {
		return least
	}
	return known.Needs(step, rounds, least)
}

// rounds is how often a journey is looked at in the window, or in a day.
func (w Watch) rounds(p product.Product, journey string) int {
	if w.Kind != KindStanding {
		return int(w.window(p)/max(w.every(p), time.Second)) + 1
	}
	for _, j := range p.Journeys {
		if j.ID == journey && j.Every > 0 {
			return int(24*time.Hour/j.Every) + 1
		}
	}
	return 1
}

// stepOf names the step at which a signal failed, as flakes are counted.
func stepOf(s signal.Signal) string {
	if s.Failure == nil {
		return ""
	}
	return flake.Key(s.Failure.Step, s.Failure.Title)
}

// StepOf names the step at which all of the signals failed, "" when they
// differ: then the whole journey's rate counts.
func StepOf(signals []signal.Signal) string {
	step := ""
	for i, s := range signals {
		if at := stepOf(s); i > 0 && at != step {
			return ""
		} else {
			step = at
		}
	}
	return step
}

// learn counts flakes. A standing run that passes is a run; a failure that its
// own confirmation does not reproduce, before so many failed that it is no
// chance, is a flake. While a provider is down nothing is chance.
// It reports whether the watch changed.
func (s *Stage) learn(ctx context.Context, db Memory, w *Watch, sig signal.Signal, now time.Time) (changed bool, err error) {
	p := s.Products[w.Product]
	pending := "pending/journey/" + sig.Name
	switch {
	case w.otherVersion(sig) || w.starting(p, sig) || sig.Outcome == signal.Broken:
		return false, nil
	case sig.Outcome == signal.Fail:
		if w.Asked[pending]++; w.Suspect == nil {
			w.Suspect = map[string]string{}
		}
		w.Suspect[sig.Name] = stepOf(sig)
		return true, nil
	}
	failed, step := w.Asked[pending], w.Suspect[sig.Name]
	if failed > 0 {
		delete(w.Asked, pending)
		delete(w.Suspect, sig.Name)
		changed = true
	}
	runs, flakes := 0, 0
	if w.Kind == KindStanding {
		runs = 1
	}
	if sig.Confirm && failed > 0 && failed < w.Needs(p, sig.Name, step, true) && !w.trouble() {
		runs, flakes = 1+failed, failed
	}
	if runs == 0 {
		return changed, nil
	}
	known, err := db.Flakes(ctx, p.ID)
	if err != nil {
		return changed, fmt.Errorf("flakes of %s: %w", sig.Name, err)
	}
	r := known[sig.Name]
	r.Product, r.Journey = p.ID, sig.Name
	r = r.Saw(runs, flakes, step, now)
	if w.Kind == KindStanding {
		if w.Flakes == nil {
			w.Flakes = map[string]flake.Record{}
		}
		w.Flakes[sig.Name], changed = r, true
	}
	if err := db.PutFlake(ctx, r); err != nil {
		return changed, fmt.Errorf("keep flakes of %s: %w", sig.Name, err)
	}
	return changed, nil
}

// trouble reports whether a provider is known to be down.
func (w Watch) trouble() bool {
	for thing, n := range w.Asked {
		if n > 0 && strings.HasPrefix(thing, string(signal.Probe)+"/") {
			return true
		}
	}
	return false
}

// unlooked says that a look was not made, so that nobody takes its silence for
// a pass or for an outage: the outcome is broken, our own fault.
func (s *Stage) unlooked(ctx context.Context, db Store, p product.Product, a action.Action, now time.Time) (action.Plan, error) {
	var plan action.Plan
	if a.Kind != ActionLook || a.State != action.Failed {
		return plan, nil
	}
	var l Look
	if err := a.Decode(&l); err != nil {
		return plan, err
	}
	w, err := db.Watch(ctx, l.Watch)
	if err != nil || w.State != Open {
		return plan, err
	}
	why := a.Error
	if a.Attempt == 0 || strings.HasPrefix(a.Error, "expired before") {
		why = fmt.Sprintf("no free worker for %s", now.Sub(a.Due).Round(time.Second))
	}
	sum := sha256.Sum256([]byte("unlooked:" + a.Key))
	sig := signal.Signal{
		ID: signal.ID("s" + hex.EncodeToString(sum[:])[:20]), At: now, Product: p.ID, Release: l.Release, Watch: string(l.Watch),
		Kind: l.Kind, Name: l.Name, Side: l.Side, Round: l.Round, Confirm: l.Confirm, Expected: l.Version,
		Outcome: signal.Broken, Summary: "unknown: " + why,
	}
	if l.Kind == signal.Journey {
		_, sig.Quarantined = p.Quarantined(l.Name, now)
	}
	if err := db.PutSignal(ctx, sig); err != nil {
		return plan, fmt.Errorf("say that %s was not looked at: %w", l.Name, err)
	}
	plan.Events = append(plan.Events, signal.Observed(sig))
	return plan, nil
}
