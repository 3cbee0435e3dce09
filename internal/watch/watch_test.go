package watch_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// desk is a store and the stage over it.
type desk struct {
	t        *testing.T
	stage    watch.Stage
	watches  map[watch.ID]watch.Watch
	order    []watch.ID
	releases map[release.ID]release.Release
	flakes   map[string]flake.Record
	signals  []signal.Signal
	standing map[release.ID]pipeline.Standing
}

func (d *desk) PipelineStanding(_ context.Context, id release.ID) (pipeline.Standing, bool, error) {
	st, ok := d.standing[id]
	return st, ok, nil
}

func (d *desk) Flakes(context.Context, product.ID) (map[string]flake.Record, error) {
	return maps.Clone(d.flakes), nil
}

func (d *desk) PutFlake(_ context.Context, r flake.Record) error {
	if d.flakes == nil {
		d.flakes = map[string]flake.Record{}
	}
	d.flakes[r.Journey] = r
	return nil
}

func (d *desk) PutSignal(_ context.Context, s signal.Signal) error {
	d.signals = append(d.signals, s)
	return nil
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	p := product.Product{
		ID: "shop", URL: "http://shop.test", PreviousURL: "http://{version}.shop.test", Pages: []string{"/"},
		Journeys:     []product.Journey{{ID: "book", Timeout: 20 * time.Second}, {ID: "pay", Timeout: 5 * time.Second, Every: time.Minute}},
		Integrations: []product.Integration{{ID: "bank", Probe: product.Probe{URL: "http://bank.test"}}},
		Watch:        product.Window{For: 10 * time.Minute, Every: 15 * time.Second, Settle: time.Minute},
	}
	return &desk{
		t: t, stage: watch.Stage{Products: map[product.ID]product.Product{"shop": p}},
		watches: map[watch.ID]watch.Watch{}, releases: map[release.ID]release.Release{"shop-1": {ID: "shop-1", Version: "v1"}},
	}
}

func (d *desk) Watch(_ context.Context, id watch.ID) (watch.Watch, error) {
	w, ok := d.watches[id]
	if !ok {
		return w, fault.Newf(fault.NotFound, "no watch %s", id)
	}
	return w, nil
}

func (d *desk) PutWatch(_ context.Context, w watch.Watch) error {
	if _, known := d.watches[w.ID]; !known {
		d.order = append(d.order, w.ID)
	}
	d.watches[w.ID] = w
	return nil
}

func (d *desk) OpenWatches(context.Context, product.ID) ([]watch.Watch, error) {
	var out []watch.Watch
	for _, id := range d.order {
		if w := d.watches[id]; w.State == watch.Open {
			out = append(out, w)
		}
	}
	return out, nil
}

func (d *desk) Release(_ context.Context, id release.ID) (release.Release, error) {
	r, ok := d.releases[id]
	if !ok {
		return r, fault.Newf(fault.NotFound, "no release %s", id)
	}
	return r, nil
}

func (d *desk) LastAssets(context.Context, release.ID) ([]string, error) {
	return []string{"http://shop.test/app.v1.js"}, nil
}

// event hands the stage an event and returns its plan.
func (d *desk) event(ev journal.Event, at time.Duration) action.Plan {
	d.t.Helper()
	ev.At = t0.Add(at)
	ev.Product = "shop"
	plan, err := d.stage.Handle(d.t.Context(), d, ev)
	if err != nil {
		d.t.Fatal(err)
	}
	return plan
}

func (d *desk) deploy(id release.ID, version string, at time.Duration) action.Plan {
	d.t.Helper()
	r := release.Release{ID: id, Product: "shop", Version: version, Compare: "shop-1", Source: release.Announced}
	d.releases[id] = r
	return d.event(journal.New(release.EventDeployed, t0, r), at)
}

// see reports a signal of a watch.
func (d *desk) see(s signal.Signal, at time.Duration) action.Plan {
	d.t.Helper()
	s.At, s.Product = t0.Add(at), "shop"
	return d.event(signal.Observed(s), at)
}

// due fires one of a plan's due events.
func (d *desk) due(plan action.Plan, prefix string, at time.Duration) action.Plan {
	d.t.Helper()
	for _, x := range plan.Due {
		if strings.HasPrefix(x.Key, prefix) {
			return d.event(x.Event, at)
		}
	}
	d.t.Fatalf("nothing is due under %s: %+v", prefix, plan.Due)
	return action.Plan{}
}

// looks lists what a plan looks at: "journey/book/new", with + for confirm.
func looks(t *testing.T, plan action.Plan) []string {
	t.Helper()
	var out []string
	keys := map[string]bool{}
	for _, a := range plan.Actions {
		var l watch.Look
		if a.Decode(&l) == nil && l.Trace {
			if l.Kind != signal.Journey || !a.Due.After(a.Queued) || a.Lane != action.LaneRecheck {
				t.Errorf("a trace holds up what decides: %+v", a)
			}
			continue
		}
		if err := a.Decode(&l); err != nil || keys[a.Key] || a.Expires.IsZero() || a.Lease <= 0 {
			t.Fatalf("action %+v: %v", a, err)
		}
		keys[a.Key] = true
		mark := ""
		if l.Confirm {
			mark = "+"
		}
		out = append(out, l.Thing()+mark)
	}
	return out
}

func fail(w watch.ID, k signal.Kind, name, served string) signal.Signal {
	return signal.Signal{Watch: string(w), Kind: k, Name: name, Side: signal.New, Served: served, Outcome: signal.Fail}
}

func pass(w watch.ID, k signal.Kind, name, served string) signal.Signal {
	s := fail(w, k, name, served)
	s.Outcome = signal.Pass
	return s
}

func TestReleaseLooksAtEverythingAtOnceAndInRounds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	plan := d.deploy("shop-2", "v2", 0)
	want := []string{
		"version/version/new", "assets/assets/new", "journey/book/new", "journey/pay/new", "probe/bank/",
		"previous_assets/previous assets/new",
	}
	if diff := cmp.Diff(want, looks(t, plan)); diff != "" {
		t.Errorf("first round (-want +got):\n%s", diff)
	}
	next := d.due(plan, "watch/tick/", 15*time.Second)
	if diff := cmp.Diff(want, looks(t, next)); diff != "" || d.watches["w-shop-2"].Round != 2 {
		t.Errorf("second round (-want +got):\n%s", diff)
	}
}

func TestFailureIsConfirmedByMoreLooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deploy("shop-2", "v2", 0)
	two, four := []string{"journey/book/new+", "journey/book/new+"}, []string{"journey/book/old+", "journey/book/old+"}
	first := d.see(fail("w-shop-2", signal.Journey, "book", "v2"), time.Second)
	if diff := cmp.Diff(append(two, four...), looks(t, first)); diff != "" {
		t.Errorf("first failure (-want +got):\n%s", diff)
	}
	confirm := fail("w-shop-2", signal.Journey, "book", "v2")
	confirm.Confirm = true
	if got := d.see(confirm, 2*time.Second); len(got.Actions) != 0 {
		t.Errorf("a confirming look was confirmed: %v", looks(t, got))
	}
	// One flake of the old release must not leave the question open for ever,
	// nor may it be asked for ever.
	asked := 0
	for i := range 10 {
		again := d.see(fail("w-shop-2", signal.Journey, "book", "v2"), time.Duration(3+i)*time.Second)
		for _, a := range again.Actions {
			for _, b := range first.Actions {
				if a.Key == b.Key {
					t.Fatalf("%s is asked twice: the second would be dropped", a.Key)
				}
			}
		}
		if len(again.Actions) > 0 {
			asked++
		}
	}
	if asked == 0 || asked > 4 {
		t.Errorf("asked again %d times", asked)
	}
	// What passed before gets more looks.
	d.see(pass("w-shop-2", signal.Journey, "book", "v2"), 20*time.Second)
	got := looks(t, d.see(fail("w-shop-2", signal.Journey, "book", "v2"), 30*time.Second))
	if len(got) != watch.ConfirmAgain+watch.ConfirmOld {
		t.Errorf("after it passed: %v", got)
	}
}

func TestOtherVersionIsLookedAtAgainWhileItSettles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deploy("shop-2", "v2", 0)
	for i := range 3 {
		got := d.see(pass("w-shop-2", signal.Journey, "book", "v1"), time.Duration(i)*time.Second)
		if diff := cmp.Diff([]string{"journey/book/new"}, looks(t, got)); diff != "" || !got.Actions[0].Due.After(t0.Add(time.Duration(i)*time.Second)) {
			t.Fatalf("try %d (-want +got):\n%s", i, diff)
		}
	}
	if got := looks(t, d.see(pass("w-shop-2", signal.Journey, "book", "v1"), 2*time.Minute)); len(got) != 0 {
		t.Errorf("after the time to settle: %v", got)
	}
	if w := d.watches["w-shop-2"]; !w.Met.IsZero() {
		t.Error("the new version was never met")
	}
}

func TestStartingServerIsLookedAtAgainNotConfirmed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deploy("shop-2", "v2", 0)
	if got := looks(t, d.see(fail("w-shop-2", signal.Version, "version", ""), time.Second)); !cmp.Equal(got, []string{"version/version/new"}) {
		t.Errorf("while it may start: %v", got)
	}
	if got := looks(t, d.see(fail("w-shop-2", signal.Version, "version", ""), 20*time.Second)); len(got) != 4 {
		t.Errorf("when it should have started: %v", got)
	}
}

func TestNewReleaseSupersedes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deploy("shop-2", "v2", 0)
	plan := d.deploy("shop-3", "v3", time.Minute)
	if d.watches["w-shop-2"].State != watch.Superseded || len(plan.Drop) != 2 || plan.Events[0].Kind != watch.EventEnded {
		t.Errorf("watch %+v, plan %+v", d.watches["w-shop-2"], plan)
	}
	if got := d.see(fail("w-shop-2", signal.Journey, "book", "v2"), 2*time.Minute); len(got.Actions) != 0 {
		t.Errorf("a superseded watch asks: %v", looks(t, got))
	}
}

func TestWindowEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late  time.Duration
		fails bool // in the last round
		open  bool
	}{
		"in time":                       {0, false, false},
		"a little late":                 {30 * time.Second, false, false},
		"slept through":                 {2 * time.Hour, false, true},
		"a failure waits for its looks": {0, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			plan := d.deploy("shop-2", "v2", 0)
			if c.fails {
				d.see(fail("w-shop-2", signal.Journey, "book", "v2"), 9*time.Minute)
			}
			end := d.due(plan, "watch/close/", 10*time.Minute+c.late)
			w := d.watches["w-shop-2"]
			if (w.State == watch.Open) != c.open {
				t.Fatalf("state %s", w.State)
			}
			for n := 0; w.State == watch.Open; n++ {
				if n > 5 {
					t.Fatal("the window never ends")
				}
				end = d.due(end, "watch/close/", w.Until.Sub(t0))
				w = d.watches["w-shop-2"]
			}
			if end.Events[0].Kind != watch.EventEnded {
				t.Errorf("events %+v", end.Events)
			}
		})
	}
}

func TestStandingWatchComesBackToWhatFailed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := watch.StandingID("shop")
	stand := d.event(journal.New(watch.EventStanding, t0, nil), 0)
	if len(stand.Due) != 1 || !strings.HasSuffix(stand.Due[0].Key, "/pay") {
		t.Fatalf("only a journey with a turn of its own runs: %+v", stand.Due)
	}
	// The provider dies: every journey at once, once.
	red := signal.Signal{Watch: string(id), Kind: signal.Probe, Name: "bank", Outcome: signal.Fail}
	if got := looks(t, d.see(red, time.Minute)); !cmp.Equal(got, []string{"journey/book/new", "journey/pay/new"}) {
		t.Errorf("the probe turned red: %v", got)
	}
	if got := looks(t, d.see(red, 2*time.Minute)); len(got) != 0 {
		t.Errorf("it is red still: %v", got)
	}
	// A journey without a turn of its own fails, and is looked at until it passes.
	plan := d.see(fail(id, signal.Journey, "book", ""), 3*time.Minute)
	for i := range 3 {
		plan = d.due(plan, "watch/tick/"+string(id)+"/book", time.Duration(4+i)*time.Minute)
		if got := looks(t, plan); !cmp.Equal(got, []string{"journey/book/new"}) {
			t.Fatalf("look %d: %v", i, got)
		}
	}
	d.see(pass(id, signal.Journey, "book", ""), 8*time.Minute)
	plan = d.due(plan, "watch/tick/"+string(id)+"/book", 9*time.Minute)
	if len(plan.Actions)+len(plan.Due) != 0 {
		t.Errorf("it works again and is still looked at: %+v", plan)
	}
}

func TestConfigOnlyReleaseIsComparedWithNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deploy("shop-2", "v1", 0) // the same version: its side slot is itself
	if w := d.watches["w-shop-2"]; w.Against != "" || w.Previous != "" {
		t.Errorf("compared with itself: %+v", w)
	}
}

func TestUnknownProductIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ev := journal.New(watch.EventTick, t0, watch.Tick{ID: "w-gone-1"})
	ev.Product = "gone"
	plan, err := d.stage.Handle(t.Context(), d, ev)
	if err != nil || fmt.Sprint(plan) != fmt.Sprint(action.Plan{}) {
		t.Errorf("plan %+v, %v", plan, err)
	}
}
