package watch

import (
	"context"
	"fmt"
	"hash/fnv"
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
// the flake rate. A journey that passed before gets more of them, because
// every round of the window is another chance for a flake.
const (
	ConfirmNew   = 2 // further looks on the new release
	ConfirmAgain = 4 // the same, of a journey that passed before
	ConfirmOld   = 2
	// maxConfirm bounds them for a journey that is known to flake.
	maxConfirm = 8
)

const (
	retryPause = time.Second      // before a look that met another version is repeated
	restart    = 10 * time.Second // a product without any answer may be starting for so long
	relook     = time.Minute      // between two looks of a standing watch at what failed
	traceLater = 30 * time.Second // after the looks that decide, and a rollback
	maxAgain   = 4                // rounds in a row whose failures are confirmed anew
)

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
	at := now.Add(relook)
	if j.Every > 0 {
		at = turn(w.Product, j, now)
	}
	return journal.Due{Key: tickKey(w.ID, j.ID), At: at, Event: ev}
}

// Turn is when a journey runs next by itself after now; zero when it does not.
func Turn(p product.ID, j product.Journey, now time.Time) time.Time {
	if j.Every <= 0 {
		return time.Time{}
	}
	return turn(p, j, now)
}

// turn returns the next instant at which it is a journey's turn. Each has its
// own place in its interval, by its name, so that a hundred journeys of five
// minutes do not start together, and a restart moves none.
func turn(p product.ID, j product.Journey, now time.Time) time.Time {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s/%s", p, j.ID)
	every := j.Every.Microseconds()
	place := int64(h.Sum64()%uint64(every)) - now.UnixMicro()%every
	if place <= 0 {
		place += every
	}
	return now.Add(time.Duration(place) * time.Microsecond)
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
		a.Lane = w.lane()
		for _, j := range p.Journeys {
			if j.ID == l.Name {
				a.Lease = j.Timeout + time.Minute
			}
		}
	}
	if l.Confirm && w.Kind != KindStanding {
		a.Lane = action.LaneConfirm
	}
	// A look that waited longer than a few rounds tells nothing about now.
	a.Expires = a.Due.Add(max(3*p.Watch.Every, time.Minute))
	return a.Encode(l)
}

// lane says how urgent this watch's journeys are: a release's come first.
func (w Watch) lane() action.Lane {
	switch w.Kind {
	case KindRelease:
		return action.LaneJourney
	case KindVerify:
		return action.LaneVerify
	default:
		return action.LaneRecheck
	}
}

// traced makes the look that records a trace of what fails. It costs a second,
// so it comes after the looks that decide, and only if the window is still
// open then.
func (w Watch) traced(p product.Product, journey string, now time.Time, number int) action.Action {
	look := w.look(p, signal.Journey, journey, signal.New)
	look.Confirm, look.Trace = true, true
	a := w.ask(p, look, now, number)
	a.Lane, a.Due = action.LaneRecheck, now.Add(traceLater)
	a.Expires = a.Due.Add(max(3*p.Watch.Every, time.Minute))
	return a
}

// standing makes the action of a journey's own turn: the last in the row. One
// that cannot start before the next turn is left out, and says so.
func (w Watch) standing(p product.Product, j product.Journey, now time.Time) action.Action {
	a := w.ask(p, w.look(p, signal.Journey, j.ID, signal.New), now, 0)
	a.Lane, a.Group = action.LaneStanding, "standing/"+string(w.Product)+"/"+j.ID
	a.Expires = a.Due.Add(max(j.Every, relook))
	if j.Every > 0 {
		a.Expires = a.Due.Add(j.Every)
	}
	return a
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
	changed := sig.Side == signal.New && w.meet(sig)
	if sig.Side == signal.New && sig.Kind == signal.Journey {
		learned, err := s.learn(ctx, db, &w, sig, now)
		if err != nil {
			return plan, err
		}
		changed = changed || learned
	}
	switch {
	case sig.Quarantined: // its failures count for nothing, so nothing confirms them
	case sig.Side == signal.New && (w.otherVersion(sig) || w.starting(p, sig)):
		changed = s.again(p, &w, sig, now, &plan) || changed
	case sig.Side == signal.Old:
	case sig.Outcome == signal.Pass:
		changed = w.passed(thing) || changed
	case sig.Outcome == signal.Fail && !sig.Confirm:
		changed = s.failed(p, &w, sig, now, &plan) || changed
	}
	if !changed {
		return plan, nil
	}
	return plan, db.PutWatch(ctx, w)
}

// meet remembers when the watched version was first served.
func (w *Watch) meet(sig signal.Signal) bool {
	if !w.Met.IsZero() || w.Version == "" || sig.Served != w.Version {
		return false
	}
	w.Met = sig.At
	return true
}

// passed forgets the failures of a thing, but not that it can pass.
func (w *Watch) passed(thing string) bool {
	changed := w.Asked[thing] != 0 || w.Asked["passed/"+thing] == 0
	delete(w.Asked, thing)
	delete(w.Asked, "again/"+thing)
	w.Asked["passed/"+thing] = 1
	return changed
}

// failed asks for the looks that confirm a failure: at once, and again with
// the next rounds that fail, because a look may be lost and one flake of the
// old release must not leave the question open.
func (s *Stage) failed(p product.Product, w *Watch, sig signal.Signal, now time.Time, plan *action.Plan) bool {
	thing := string(sig.Kind) + "/" + sig.Name
	if w.Asked[thing] == 0 {
		w.Asked[thing] = max(w.Round, 1)
	} else if w.Asked["again/"+thing]++; w.Asked["again/"+thing] > maxAgain {
		return s.relook(p, w, sig, now, plan)
	}
	s.confirm(p, w, sig, now, plan)
	s.relook(p, w, sig, now, plan)
	return true
}

// relook lets a standing watch come back to a journey that failed and has no
// turn of its own: nothing else would ever see that it works again.
func (s *Stage) relook(p product.Product, w *Watch, sig signal.Signal, now time.Time, plan *action.Plan) bool {
	if w.Kind != KindStanding || sig.Kind != signal.Journey {
		return false
	}
	for _, j := range p.Journeys {
		if j.ID == sig.Name && j.Every <= 0 {
			plan.Due = append(plan.Due, w.tickFor(j, now))
		}
	}
	return false
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

// starting reports a failure without any version soon after the pointer
// moved: the product may be starting, so it is looked at again.
func (w Watch) starting(p product.Product, sig signal.Signal) bool {
	return w.Version != "" && w.Met.IsZero() && sig.Served == "" && sig.Outcome == signal.Fail && sig.Kind != signal.OldAsset &&
		sig.At.Before(w.Opened.Add(min(p.Watch.Settle, restart)))
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
func (s *Stage) confirm(p product.Product, w *Watch, sig signal.Signal, now time.Time, plan *action.Plan) {
	thing := string(sig.Kind) + "/" + sig.Name
	// Numbers go on within a watch: two confirmations in one round are two.
	first := w.Asked["confirms/"+thing]
	w.Asked["confirms/"+thing] += maxConfirm + 1
	more := func(side signal.Side, n int) {
		for i := range n {
			look := w.look(p, sig.Kind, sig.Name, side)
			look.Confirm = true
			plan.Actions = append(plan.Actions, w.ask(p, look, now, first+i+1))
		}
	}
	switch sig.Kind {
	case signal.Journey, signal.Assets, signal.Version, signal.Health:
		n := ConfirmNew
		if sig.Kind == signal.Journey {
			passed := w.Asked["passed/"+thing] != 0
			n = min(max(w.Needs(p, sig.Name, stepOf(sig), passed)-1, ConfirmNew), maxConfirm)
		}
		more(signal.New, n)
		if _, ok := p.BaseAt(w.Against); ok && w.Kind == KindRelease {
			more(signal.Old, ConfirmOld)
		}
		if sig.Kind == signal.Journey {
			plan.Actions = append(plan.Actions, w.traced(p, sig.Name, now, first+maxConfirm))
		}
	case signal.OldAsset:
		look := w.look(p, sig.Kind, sig.Name, signal.New)
		look.Confirm = true
		for _, a := range sig.Assets {
			look.URLs = append(look.URLs, a.URL)
		}
		plan.Actions = append(plan.Actions, w.ask(p, look, now, first+1))
	case signal.Probe:
		for i := range ConfirmNew {
			look := w.look(p, sig.Kind, sig.Name, signal.None)
			look.Version, look.Confirm = "", true
			plan.Actions = append(plan.Actions, w.ask(p, look, now, first+i+1))
		}
	}
}
