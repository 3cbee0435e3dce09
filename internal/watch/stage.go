package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
)

// Windows keeps the watches, within the runner's transaction. Watch returns a
// NotFound fault for an unknown id; OpenWatches includes the standing watch.
type Windows interface {
	Watch(ctx context.Context, id ID) (Watch, error)
	PutWatch(ctx context.Context, w Watch) error
	OpenWatches(ctx context.Context, p product.ID) ([]Watch, error)
}

// Memory is what is known from before. Release returns a NotFound fault for
// an unknown id; LastAssets the first-party asset URLs of a release's last
// passing crawl, none when there was none; Flakes what is known of a product's
// journeys. PutSignal is idempotent by the signal's id.
type Memory interface {
	Release(ctx context.Context, id release.ID) (release.Release, error)
	LastAssets(ctx context.Context, id release.ID) ([]string, error)
	Flakes(ctx context.Context, p product.ID) (map[string]flake.Record, error)
	PutFlake(ctx context.Context, r flake.Record) error
	PutSignal(ctx context.Context, s signal.Signal) error
}

// Store is all that the stage needs.
type Store interface {
	Windows
	Memory
	Trust
}

// Stage opens, drives and closes watches.
type Stage struct {
	Products map[product.ID]product.Product
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	switch k {
	case release.EventDeployed, EventTick, EventClose, EventStanding, signal.EventObserved, action.EventDone,
		pipeline.EventJudged, scope.EventShipped:
		return true
	}
	return false
}

// Handle decides what one event means for the watches. It is called in order,
// at least once for each event.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	p, ok := s.Products[product.ID(ev.Product)]
	if !ok {
		return action.Plan{}, nil // a product that left the configuration
	}
	switch ev.Kind {
	case release.EventDeployed:
		var r release.Release
		if err := ev.Decode(&r); err != nil {
			return action.Plan{}, err
		}
		return s.open(ctx, db, p, r, ev.At)
	case EventStanding:
		return s.stand(ctx, db, p, ev.At)
	case EventTick:
		return s.tick(ctx, db, p, ev)
	case EventClose:
		return s.end(ctx, db, p, ev)
	case signal.EventObserved:
		var sig signal.Signal
		if err := ev.Decode(&sig); err != nil {
			return action.Plan{}, err
		}
		return s.observed(ctx, db, p, sig, ev.At)
	case action.EventDone:
		var a action.Action
		if err := ev.Decode(&a); err != nil {
			return action.Plan{}, err
		}
		return s.unlooked(ctx, db, p, a, ev.At)
	case pipeline.EventJudged:
		var st pipeline.Standing
		if err := ev.Decode(&st); err != nil {
			return action.Plan{}, err
		}
		return s.raise(ctx, db, p, st, ev.At)
	case scope.EventShipped:
		var sh scope.Shipment
		if err := ev.Decode(&sh); err != nil {
			return action.Plan{}, err
		}
		return s.shipped(ctx, db, p, sh, ev.At)
	}
	return action.Plan{}, nil
}

// open starts the watch of a release and asks for the first looks.
func (s *Stage) open(ctx context.Context, db Store, p product.Product, r release.Release, now time.Time) (action.Plan, error) {
	var plan action.Plan
	before, err := db.OpenWatches(ctx, p.ID)
	if err != nil {
		return plan, fmt.Errorf("open watch of %s: %w", r.ID, err)
	}
	for _, w := range before {
		if w.Kind == KindStanding || w.Release == r.ID {
			continue
		}
		w.State, w.Ended = Superseded, now
		if err := db.PutWatch(ctx, w); err != nil {
			return plan, fmt.Errorf("supersede watch %s: %w", w.ID, err)
		}
		plan.Drop = append(plan.Drop, tickKey(w.ID, ""), closeKey(w.ID))
		plan.Events = append(plan.Events, w.event(EventEnded, now))
	}
	w := Watch{
		ID: ID("w-" + string(r.ID)), Kind: KindRelease, Product: p.ID, Release: r.ID, Version: r.Version,
		State: Open, Opened: now, Round: 1, Asked: map[string]int{},
	}
	if r.Source == release.Rollback {
		w.Kind = KindVerify
	}
	if err := s.doubt(ctx, db, &w, now); err != nil {
		return plan, err
	}
	w.Until = now.Add(w.window(p))
	if err := s.compare(ctx, db, &w, r); err != nil {
		return plan, err
	}
	if w.Flakes, err = db.Flakes(ctx, p.ID); err != nil {
		return plan, fmt.Errorf("flakes before %s: %w", w.ID, err)
	}
	if err := s.round(ctx, db, p, &w, now, &plan); err != nil {
		return plan, err
	}
	plan.Events = append(plan.Events, w.event(EventOpened, now))
	plan.Due = append(plan.Due,
		journal.Due{Key: tickKey(w.ID, ""), At: now.Add(w.every(p)), Event: w.event(EventTick, now)},
		journal.Due{Key: closeKey(w.ID), At: w.Until, Event: w.event(EventClose, now)})
	return plan, db.PutWatch(ctx, w)
}

// compare sets what the release is compared with.
func (s *Stage) compare(ctx context.Context, db Store, w *Watch, r release.Release) error {
	if r.Compare == "" || w.Kind == KindVerify {
		return nil
	}
	old, err := db.Release(ctx, r.Compare)
	if err != nil {
		return fmt.Errorf("compare watch %s: %w", w.ID, err)
	}
	if old.Judgement != release.Bad && old.Version != r.Version {
		w.Previous, w.Against = old.ID, old.Version
	}
	return nil
}

// round asks for one look at everything.
func (s *Stage) round(ctx context.Context, db Store, p product.Product, w *Watch, now time.Time, plan *action.Plan) error {
	ask := func(kind signal.Kind, name string, urls []string) {
		look := w.look(p, kind, name, signal.New)
		look.URLs = urls
		plan.Actions = append(plan.Actions, w.ask(p, look, now, 0))
	}
	ask(signal.Version, "version", nil)
	if len(p.Pages) > 0 {
		ask(signal.Assets, "assets", nil)
	}
	for _, j := range p.Journeys {
		// The looks that confirm a failure of the round before come first: the
		// verdict waits for them, and browsers are dear.
		if asked := w.Asked[string(signal.Journey)+"/"+j.ID]; asked == 0 || asked < w.Round-1 {
			ask(signal.Journey, j.ID, nil)
		}
	}
	for _, in := range p.Integrations {
		if in.Probe.URL != "" {
			look := w.look(p, signal.Probe, in.ID, signal.None)
			look.Version = ""
			plan.Actions = append(plan.Actions, w.ask(p, look, now, 0))
		}
	}
	if w.Previous == "" {
		return nil
	}
	urls, err := db.LastAssets(ctx, w.Previous)
	if err != nil {
		return fmt.Errorf("assets before %s: %w", w.ID, err)
	}
	if len(urls) > 0 {
		ask(signal.OldAsset, "previous assets", urls)
	}
	return nil
}

// stand opens the product's standing watch, or keeps it, and sets the clocks
// of the journeys that run when nothing is released.
func (s *Stage) stand(ctx context.Context, db Store, p product.Product, now time.Time) (action.Plan, error) {
	w := Watch{
		ID: StandingID(p.ID), Kind: KindStanding, Product: p.ID, State: Open, Opened: now,
		Asked: map[string]int{},
	}
	open, err := db.OpenWatches(ctx, p.ID)
	if err != nil {
		return action.Plan{}, fmt.Errorf("stand by %s: %w", p.ID, err)
	}
	for _, o := range open {
		if o.ID == w.ID {
			w = o
		}
	}
	if w.Flakes, err = db.Flakes(ctx, p.ID); err != nil {
		return action.Plan{}, fmt.Errorf("stand by %s: %w", p.ID, err)
	}
	var plan action.Plan
	for _, j := range p.Journeys {
		if j.Every > 0 {
			plan.Due = append(plan.Due, w.tickFor(j, now))
		}
	}
	return plan, db.PutWatch(ctx, w)
}

// tick starts the next round of a watch, or one journey of a standing watch.
func (s *Stage) tick(ctx context.Context, db Store, p product.Product, ev journal.Event) (action.Plan, error) {
	var t Tick
	if err := ev.Decode(&t); err != nil {
		return action.Plan{}, err
	}
	w, err := db.Watch(ctx, t.ID)
	if err != nil || w.State != Open {
		return action.Plan{}, err
	}
	w.Round++
	if w.Kind == KindStanding {
		plan, err := s.tickStanding(ctx, db, p, w, t.Journey, ev.At)
		if err != nil {
			return plan, err
		}
		return plan, db.PutWatch(ctx, w)
	}
	var plan action.Plan
	if err := s.round(ctx, db, p, &w, ev.At, &plan); err != nil {
		return plan, err
	}
	plan.Due = append(plan.Due, journal.Due{
		Key: tickKey(w.ID, ""), At: ev.At.Add(w.every(p)), Event: w.event(EventTick, ev.At),
	})
	return plan, db.PutWatch(ctx, w)
}

// tickStanding asks for one journey, unless a release is being watched: then
// that watch looks at it anyway.
func (s *Stage) tickStanding(ctx context.Context, db Store, p product.Product, w Watch, name string, now time.Time) (plan action.Plan, err error) {
	open, err := db.OpenWatches(ctx, p.ID)
	if err != nil {
		return plan, fmt.Errorf("tick %s: %w", w.ID, err)
	}
	busy := len(open) > 1
	for _, j := range p.Journeys {
		if j.ID != name || j.Every <= 0 && w.Asked["journey/"+name] == 0 {
			continue // it works again, or is looked at in release windows only
		}
		plan.Due = append(plan.Due, w.tickFor(j, now))
		if !busy {
			plan.Actions = append(plan.Actions, w.standing(p, j, now))
		}
	}
	return plan, nil
}

// end closes a watch whose window is over, unless the window was not really
// watched: then it goes on.
func (s *Stage) end(ctx context.Context, db Store, p product.Product, ev journal.Event) (action.Plan, error) {
	var t Tick
	if err := ev.Decode(&t); err != nil {
		return action.Plan{}, err
	}
	w, err := db.Watch(ctx, t.ID)
	if err != nil || w.State != Open {
		return action.Plan{}, err
	}
	if w.Sensitive() && ev.At.Before(w.Until) {
		return action.Plan{}, nil // it was made longer after this close was due
	}
	if longer := w.owed(p, ev.At); longer > 0 {
		w.Until, w.Extended = ev.At.Add(longer), w.Extended+1
		due := journal.Due{Key: closeKey(w.ID), At: w.Until, Event: w.event(EventClose, ev.At)}
		return action.Plan{Due: []journal.Due{due}}, db.PutWatch(ctx, w)
	}
	w.State, w.Ended = Ended, ev.At
	plan := action.Plan{
		Drop:   []string{tickKey(w.ID, "")},
		Events: []journal.Event{w.event(EventEnded, ev.At)},
	}
	return plan, db.PutWatch(ctx, w)
}

// Bounds of a window that goes on.
const (
	lateClose    = time.Minute // a close later than this and one round was slept through
	maxExtension = 3
)

// owed is how much longer a watch must go on: as long as the server slept or
// the clock jumped within the window, and for a failure of the last round
// until it is confirmed.
func (w Watch) owed(p product.Product, now time.Time) time.Duration {
	if w.Extended >= maxExtension {
		return 0
	}
	if late := now.Sub(w.Until); late > p.Watch.Every+lateClose {
		return min(late, p.Watch.For)
	}
	if w.Extended > 0 {
		return 0
	}
	for thing, round := range w.Asked {
		kind, _, _ := strings.Cut(thing, "/")
		switch signal.Kind(kind) {
		case signal.Journey, signal.Assets, signal.Version, signal.OldAsset, signal.Probe, signal.Health:
		default:
			continue // a note of ours
		}
		if w.Round-round > 1 {
			continue
		}
		longer := p.Watch.Every
		for _, j := range p.Journeys {
			longer = max(longer, j.Timeout)
		}
		return min(longer, p.Watch.For)
	}
	return 0
}
