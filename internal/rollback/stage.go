package rollback

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// Store is the ledger, within the runner's transaction. Releases returns a
// product's newest releases first.
type Store interface {
	Release(ctx context.Context, id release.ID) (release.Release, error)
	PutRelease(ctx context.Context, r release.Release) error
	Releases(ctx context.Context, p product.ID, limit int) ([]release.Release, error)
	State(ctx context.Context, p product.ID) (release.State, error)
	PutState(ctx context.Context, st release.State) error
}

// history is how many releases back a target is looked for.
const history = 100

// Stage remembers verdicts in the ledger and orders rollbacks.
type Stage struct {
	Products map[product.ID]product.Product
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	return k == verdict.EventReached || k == EventRequested || k == action.EventDone ||
		k == incident.EventOpened || k == incident.EventJoined || k == incident.EventReopened
}

// Handle decides what one event means for the pointer.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	p, ok := s.Products[product.ID(ev.Product)]
	if !ok {
		return action.Plan{}, nil
	}
	switch ev.Kind {
	case verdict.EventReached:
		return s.judged(ctx, db, ev)
	case EventRequested:
		return s.requested(ctx, db, p, ev)
	case action.EventDone:
		return s.performed(ctx, db, ev)
	}
	return s.automatic(ctx, db, p, ev)
}

// judged writes a verdict into the ledger.
func (s *Stage) judged(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var v verdict.Verdict
	if err := ev.Decode(&v); err != nil {
		return action.Plan{}, err
	}
	j, ok := v.Judgement()
	switch {
	case v.State == verdict.NotDeployed:
		return action.Plan{}, s.notLive(ctx, db, v)
	case v.Kind != watch.KindStanding && (v.State == verdict.Observing || ok):
		if err := s.cameUp(ctx, db, v); err != nil {
			return action.Plan{}, err
		}
	}
	if !ok {
		return action.Plan{}, nil
	}
	r, err := db.Release(ctx, v.Release)
	if err != nil {
		return action.Plan{}, fmt.Errorf("remember verdict: %w", err)
	}
	st, err := db.State(ctx, r.Product)
	if err != nil {
		return action.Plan{}, fmt.Errorf("remember verdict of %s: %w", r.ID, err)
	}
	had := st.Pin
	e := release.Remember(st, r, j)
	var plan action.Plan
	if had != nil && e.State.Pin == nil {
		plan.Events = append(plan.Events, journal.New(release.EventUnpinned, ev.At, *had).
			About(ev.Product, ev.Release, ev.Watch, ""))
	}
	return plan, keep(ctx, db, e)
}

// notLive corrects the ledger when an announced version never came up: what
// was live before still is.
func (s *Stage) notLive(ctx context.Context, db Store, v verdict.Verdict) error {
	r, err := db.Release(ctx, v.Release)
	if err != nil {
		return fmt.Errorf("correct ledger: %w", err)
	}
	st, err := db.State(ctx, r.Product)
	if err != nil || st.Live != r.ID || r.Previous == "" {
		return err
	}
	st.Live = r.Previous
	return db.PutState(ctx, st)
}

// cameUp takes that correction back: the newest release was late, and is
// live after all. Without this a broken late-comer could not be undone.
func (s *Stage) cameUp(ctx context.Context, db Store, v verdict.Verdict) error {
	r, err := db.Release(ctx, v.Release)
	if err != nil {
		return fmt.Errorf("correct ledger: %w", err)
	}
	st, err := db.State(ctx, r.Product)
	if err != nil || r.Previous == "" || st.Live != r.Previous || !st.Newest(r) {
		return err
	}
	st.Live = r.ID
	return db.PutState(ctx, st)
}

// automatic orders a rollback for an incident whose verdict advises one, if
// the product says that may happen by itself. It waits for the incident, so
// that the order and everything after it stand in its timeline.
func (s *Stage) automatic(ctx context.Context, db Store, p product.Product, ev journal.Event) (action.Plan, error) {
	var u incident.Update
	if err := ev.Decode(&u); err != nil {
		return action.Plan{}, err
	}
	v := u.Incident.Verdict
	if v.State != verdict.BrokenRelease || !v.Rollback || !p.Rollback.Automatic || u.Incident.Release != v.Release {
		return action.Plan{}, nil
	}
	o := Order{Bad: v.Release, By: "postflight", Automatic: true, Incident: string(u.Incident.ID), Reason: v.Summary, RequestedAt: ev.At}
	return s.order(ctx, db, p, o, ev)
}

// requested orders what a person asked for.
func (s *Stage) requested(ctx context.Context, db Store, p product.Product, ev journal.Event) (action.Plan, error) {
	var o Order
	if err := ev.Decode(&o); err != nil {
		return action.Plan{}, err
	}
	o.RequestedAt, o.Incident = ev.At, ev.Incident
	return s.order(ctx, db, p, o, ev)
}

// order decides, and queues the rollback or says why not.
func (s *Stage) order(ctx context.Context, db Store, p product.Product, o Order, ev journal.Event) (action.Plan, error) {
	bad, err := db.Release(ctx, o.Bad)
	if err != nil {
		return action.Plan{}, fmt.Errorf("order rollback: %w", err)
	}
	st, err := db.State(ctx, p.ID)
	if err != nil {
		return action.Plan{}, fmt.Errorf("order rollback of %s: %w", bad.ID, err)
	}
	past, err := db.Releases(ctx, p.ID, history)
	if err != nil {
		return action.Plan{}, fmt.Errorf("order rollback of %s: %w", bad.ID, err)
	}
	done, refusal := Decide(Case{Product: p, State: st, Bad: bad, Past: past, Order: o})
	if refusal != nil {
		if o.Automatic && refusal.silent {
			return action.Plan{}, nil
		}
		return action.Plan{Events: []journal.Event{
			journal.New(EventRefused, ev.At, refusal).About(ev.Product, string(bad.ID), ev.Watch, o.Incident),
		}}, nil
	}
	a := action.Action{
		Key: done.key(ev.Seq), Kind: ActionPerform, Lane: action.LaneDeploy,
		Title:   fmt.Sprintf("Roll back %s from %s to %s", p.Name, done.BadVersion, done.Version),
		Product: ev.Product, Release: string(bad.ID), Watch: ev.Watch, Incident: o.Incident,
		Group: "deploy/" + ev.Product, State: action.Queued, Queued: ev.At, Due: ev.At,
		Lease: p.Rollback.Timeout + 30*time.Second,
		Retry: action.Retry{Max: 3, First: time.Second, Until: ev.At.Add(2*p.Rollback.Timeout + time.Minute)},
	}
	return action.Plan{Actions: []action.Action{a.Encode(done)}}, nil
}

// key makes an automatic rollback of one release happen once for ever. That
// two robots do not fight over the pointer is seen to by Decide, which says so
// to people; a key would drop the second attempt in silence.
func (o Order) key(seq int64) string {
	if o.Automatic {
		return fmt.Sprintf("rollback/%s/%s/automatic", o.Product, o.Bad)
	}
	return fmt.Sprintf("rollback/%s/%s/%d", o.Product, o.Bad, seq)
}

// performed enters a rollback that moved the pointer: a new release, which is
// watched like any other, and the pin.
func (s *Stage) performed(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	var a action.Action
	if err := ev.Decode(&a); err != nil {
		return action.Plan{}, err
	}
	if a.Kind != ActionPerform || a.State != action.Done {
		return action.Plan{}, nil
	}
	var o Order
	if err := a.Decode(&o); err != nil {
		return action.Plan{}, err
	}
	var did Performed
	if err := json.Unmarshal(a.Result, &did); err != nil {
		return action.Plan{}, fmt.Errorf("decode result of %s: %w", a.Key, err)
	}
	bad, err := db.Release(ctx, o.Bad)
	if err != nil {
		return action.Plan{}, fmt.Errorf("enter rollback: %w", err)
	}
	target, err := db.Release(ctx, o.Target)
	if err != nil {
		return action.Plan{}, fmt.Errorf("enter rollback: %w", err)
	}
	st, err := db.State(ctx, o.Product)
	if err != nil {
		return action.Plan{}, fmt.Errorf("enter rollback of %s: %w", bad.ID, err)
	}
	if undone, err := s.undone(ctx, db, st, o); err != nil || undone {
		return action.Plan{}, err
	}
	bad.Judgement = release.Bad
	if err := db.PutRelease(ctx, bad); err != nil {
		return action.Plan{}, fmt.Errorf("condemn %s: %w", bad.ID, err)
	}
	e := release.Undo(st, bad, target, release.Pin{By: o.By, Reason: o.Reason, At: did.Flipped})
	about := func(k journal.Kind, data any) journal.Event {
		return journal.New(k, ev.At, data).About(ev.Product, string(e.Release.ID), "", o.Incident)
	}
	plan := action.Plan{Events: []journal.Event{
		about(release.EventDeployed, e.Release), about(release.EventPinned, e.State.Pin),
	}}
	return plan, keep(ctx, db, e)
}

// undone reports whether another order did the same already: the button was
// pressed while the automatic rollback ran.
func (s *Stage) undone(ctx context.Context, db Store, st release.State, o Order) (bool, error) {
	if st.Live == "" || st.Live == o.Bad {
		return false, nil
	}
	live, err := db.Release(ctx, st.Live)
	if err != nil {
		return false, fmt.Errorf("enter rollback of %s: %w", o.Bad, err)
	}
	return live.Undoes == o.Bad && live.Version == o.Version, nil
}

func keep(ctx context.Context, db Store, e release.Entry) error {
	if err := db.PutRelease(ctx, e.Release); err != nil {
		return fmt.Errorf("keep release %s: %w", e.Release.ID, err)
	}
	return db.PutState(ctx, e.State)
}
