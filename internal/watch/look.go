package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// Tick is the data of the due events of a watch.
type Tick struct {
	ID      ID     `json:"id"`
	Journey string `json:"journey,omitempty"` // of a standing watch
}

// How many looks a failure must survive, and how many must pass on the old
// release: three of three and two of two bound the false alarm by the cube of
// the flake rate.
const (
	ConfirmNew = 2 // further looks on the new release
	ConfirmOld = 2
)

// retryPause is the wait before a look that met another version is repeated.
const retryPause = time.Second

func tickKey(id ID, journey string) string { return "watch/tick/" + string(id) + "/" + journey }
func closeKey(id ID) string                { return "watch/close/" + string(id) }

// event returns an event about the watch; due kinds carry a Tick.
func (w Watch) event(k journal.Kind, now time.Time) journal.Event {
	var data any = w
	if k == EventTick || k == EventClose {
		data = Tick{ID: w.ID}
	}
	return journal.New(k, now, data).About(string(w.Product), string(w.Release), string(w.ID), "")
}

// tickFor returns the next turn of a journey of a standing watch.
func (w Watch) tickFor(j product.Journey, now time.Time) journal.Due {
	ev := journal.New(EventTick, now, Tick{ID: w.ID, Journey: j.ID}).About(string(w.Product), "", string(w.ID), "")
	return journal.Due{Key: tickKey(w.ID, j.ID), At: now.Add(j.Every), Event: ev}
}

// look describes one look of this watch's present round.
func (w Watch) look(p product.Product, kind signal.Kind, name string, side signal.Side) Look {
	l := Look{
		Watch: w.ID, Product: w.Product, Release: w.Release, Kind: kind, Name: name, Side: side,
		Version: w.Version, Base: p.URL, Round: w.Round,
	}
	if side == signal.Old {
		l.Version = w.Against
		l.Base, _ = p.BaseAt(w.Against)
	}
	return l
}

// ask makes the action of a look. Its number tells apart the looks of one
// round at one thing.
func (w Watch) ask(p product.Product, l Look, now time.Time, number int) action.Action {
	a := action.Action{
		Key:  fmt.Sprintf("look/%s/%s/%d.%d.%d", l.Watch, l.Thing(), l.Round, number, l.Try),
		Kind: ActionLook, Lane: action.LaneCheck, Title: "Look at " + l.Name,
		Product: string(l.Product), Release: string(l.Release), Watch: string(l.Watch),
		State: action.Queued, Queued: now, Due: now, Lease: time.Minute, Retry: action.Retry{Max: 1}, Quiet: true,
	}
	if l.Try > 0 {
		a.Due = now.Add(retryPause)
	}
	if l.Kind == signal.Journey {
		a.Lane = action.LaneJourney
		for _, j := range p.Journeys {
			if j.ID == l.Name {
				a.Lease = j.Timeout + time.Minute
			}
		}
	}
	if l.Confirm {
		a.Lane = action.LaneConfirm
	}
	// A look that waited longer than a few rounds tells nothing about now.
	a.Expires = a.Due.Add(max(3*p.Watch.Every, time.Minute))
	return a.Encode(l)
}

// observed asks for more looks where one signal does not decide.
func (s *Stage) observed(ctx context.Context, db Store, p product.Product, sig signal.Signal, now time.Time) (action.Plan, error) {
	if sig.Watch == "" || sig.Kind == signal.Boot {
		return action.Plan{}, nil
	}
	w, err := db.Watch(ctx, ID(sig.Watch))
	if err != nil || w.State != Open {
		return action.Plan{}, err
	}
	if w.Asked == nil {
		w.Asked = map[string]int{}
	}
	var plan action.Plan
	thing := string(sig.Kind) + "/" + sig.Name
	if w.Kind == KindStanding && sig.Kind == signal.Probe {
		if !s.turned(p, &w, sig, now, &plan) {
			return plan, nil
		}
		return plan, db.PutWatch(ctx, w)
	}
	switch {
	case sig.Side == signal.New && w.otherVersion(sig):
		if s.again(p, &w, sig, now, &plan) {
			return plan, db.PutWatch(ctx, w)
		}
		return plan, nil
	case sig.Outcome == signal.Broken && !sig.Confirm:
		return plan, nil
	case sig.Outcome == signal.Pass && !sig.Confirm && sig.Side != signal.Old:
		changed := w.Asked[thing] != 0
		delete(w.Asked, thing)
		if sig.Served == w.Version && w.Met.IsZero() && w.Version != "" {
			w.Met, changed = sig.At, true
		}
		if !changed {
			return plan, nil
		}
	case sig.Outcome == signal.Fail && !sig.Confirm && w.Asked[thing] == 0:
		w.Asked[thing] = w.Round
		s.confirm(p, w, sig, now, &plan)
	default:
		return plan, nil
	}
	return plan, db.PutWatch(ctx, w)
}

// turned asks for every journey at once when a provider goes down or comes
// back: do its users feel it, and is it really over?
func (s *Stage) turned(p product.Product, w *Watch, sig signal.Signal, now time.Time, plan *action.Plan) bool {
	thing := string(sig.Kind) + "/" + sig.Name
	red := sig.Outcome == signal.Fail
	if sig.Outcome == signal.Broken || red == (w.Asked[thing] != 0) {
		return false
	}
	w.Round++
	delete(w.Asked, thing)
	if red {
		w.Asked[thing] = w.Round
	}
	for _, j := range p.Journeys {
		plan.Actions = append(plan.Actions, w.ask(p, w.look(p, signal.Journey, j.ID, signal.New), now, 0))
	}
	return true
}

// otherVersion reports whether the look met a version that is not the one
// being watched: it says nothing about the release.
func (w Watch) otherVersion(sig signal.Signal) bool {
	return w.Version != "" && sig.Served != "" && sig.Served != w.Version && sig.Kind != signal.OldAsset
}

// again repeats a look that met another version, while the release may still
// be settling. Each try is a look of its own, so that none is lost.
func (s *Stage) again(p product.Product, w *Watch, sig signal.Signal, now time.Time, plan *action.Plan) bool {
	if now.After(w.Opened.Add(p.Watch.Settle)) || sig.Confirm {
		return false
	}
	thing := "try/" + string(sig.Kind) + "/" + sig.Name
	w.Asked[thing]++
	look := w.look(p, sig.Kind, sig.Name, signal.New)
	look.Try = w.Asked[thing]
	plan.Actions = append(plan.Actions, w.ask(p, look, now, 0))
	return true
}

// confirm asks for the looks that tell a flake from a fault and a release
// from its environment.
func (s *Stage) confirm(p product.Product, w Watch, sig signal.Signal, now time.Time, plan *action.Plan) {
	more := func(side signal.Side, n int) {
		for i := range n {
			look := w.look(p, sig.Kind, sig.Name, side)
			look.Confirm = true
			plan.Actions = append(plan.Actions, w.ask(p, look, now, i+1))
		}
	}
	switch sig.Kind {
	case signal.Journey, signal.Assets, signal.Version, signal.Health:
		more(signal.New, ConfirmNew)
		if _, ok := p.BaseAt(w.Against); ok && w.Kind == KindRelease {
			more(signal.Old, ConfirmOld)
		}
	case signal.OldAsset:
		look := w.look(p, sig.Kind, sig.Name, signal.New)
		look.Confirm = true
		for _, a := range sig.Assets {
			look.URLs = append(look.URLs, a.URL)
		}
		plan.Actions = append(plan.Actions, w.ask(p, look, now, 1))
	case signal.Probe:
		for i := range ConfirmNew {
			look := w.look(p, sig.Kind, sig.Name, signal.None)
			look.Version, look.Confirm = "", true
			plan.Actions = append(plan.Actions, w.ask(p, look, now, i+1))
		}
	}
}
