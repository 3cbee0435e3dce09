package watch_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

const standing = watch.ID("standing-shop")

// stand opens the standing watch.
func (d *desk) stand() action.Plan { return d.event(journal.New(watch.EventStanding, t0, nil), 0) }

// at is a failure at a step.
func at(s signal.Signal, step int, title string) signal.Signal {
	s.Failure = &signal.Failure{Step: step, Title: title}
	return s
}

func confirmed(s signal.Signal) signal.Signal {
	s.Confirm = true
	return s
}

func TestFlakesAreLearnedFromStandingRuns(t *testing.T) {
	t.Parallel()
	book := func(outcome signal.Outcome) signal.Signal {
		s := at(fail(standing, signal.Journey, "book", ""), 3, "Book")
		if outcome == signal.Pass {
			s = pass(standing, signal.Journey, "book", "")
		}
		return s
	}
	for _, c := range []struct {
		name         string
		see          []signal.Signal
		runs, flakes float64
	}{
		{"passes", []signal.Signal{book(signal.Pass), book(signal.Pass)}, 2, 0},
		{"a failure that its confirmation does not reproduce", []signal.Signal{
			book(signal.Pass), book(signal.Fail), confirmed(book(signal.Fail)), confirmed(book(signal.Pass)), confirmed(book(signal.Pass)),
		}, 5, 2},
		{"an outage", []signal.Signal{
			book(signal.Fail), confirmed(book(signal.Fail)), confirmed(book(signal.Fail)), confirmed(book(signal.Fail)),
			confirmed(book(signal.Fail)), book(signal.Fail), confirmed(book(signal.Pass)),
		}, 1, 0},
		{"a failure that nothing confirmed", []signal.Signal{book(signal.Fail), book(signal.Pass)}, 1, 0},
		{"while a provider is down", []signal.Signal{
			{Watch: string(standing), Kind: signal.Probe, Name: "bank", Outcome: signal.Fail},
			book(signal.Fail), confirmed(book(signal.Pass)),
		}, 1, 0},
		{"our own fault", []signal.Signal{{Watch: string(standing), Kind: signal.Journey, Name: "book", Side: signal.New, Outcome: signal.Broken}}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.stand()
			for i, s := range c.see {
				d.see(s, time.Duration(i+1)*time.Second)
			}
			got := d.flakes["book"].At(t0)
			if diff := got.Runs - c.runs; diff > 0.01 || diff < -0.01 || got.Flakes < c.flakes-0.01 || got.Flakes > c.flakes {
				t.Errorf("learned %+v, want %v of %v", got, c.flakes, c.runs)
			}
			if c.flakes > 0 && got.Steps[flake.Key(3, "Book")] == 0 {
				t.Errorf("the step is not known: %+v", got)
			}
		})
	}
}

func TestWhatFlakesIsConfirmedMoreOften(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ runs, flakes, want int }{{0, 0, 2}, {340, 0, 2}, {340, 34, 4}, {100, 60, 8}} {
		d := newDesk(t)
		d.flakes = map[string]flake.Record{"book": flake.Record{}.Saw(c.runs-c.flakes, 0, "", t0).Saw(c.flakes, c.flakes, flake.Key(3, "Book"), t0)}
		d.deploy("shop-2", "v2", 0)
		got := looks(t, d.see(at(fail("w-shop-2", signal.Journey, "book", "v2"), 3, "Book"), time.Second))
		if n := len(got) - watch.ConfirmOld; n != c.want {
			t.Errorf("%d of %d flaked: %d looks confirm, want %d", c.flakes, c.runs, n, c.want)
		}
		// What is learned meanwhile does not judge this release.
		if before := d.watches["w-shop-2"].Flakes["book"]; before.Runs != float64(c.runs) {
			t.Errorf("the watch knows %+v", before)
		}
	}
}

func TestUrgentLooksHaveTheirOwnLane(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stand := d.stand()
	lanes := func(plan action.Plan) string {
		var out []string
		for _, a := range plan.Actions {
			if strings.Contains(a.Key, "journey/") && !a.Due.After(a.Queued) && !slices.Contains(out, string(a.Lane)) {
				out = append(out, string(a.Lane))
			}
		}
		return strings.Join(out, " ")
	}
	turn := d.due(stand, "watch/tick/", time.Minute)
	if got := lanes(turn); got != "standing" || turn.Actions[0].Group == "" {
		t.Errorf("a turn goes to %q", got)
	}
	if got := turn.Actions[0].Expires.Sub(turn.Actions[0].Due); got != time.Minute {
		t.Errorf("a turn may wait for %s", got)
	}
	if got := lanes(d.see(fail(standing, signal.Journey, "pay", ""), 2*time.Minute)); got != "recheck" {
		t.Errorf("its confirmation goes to %q", got)
	}
	if got := lanes(d.deploy("shop-2", "v2", 3*time.Minute)); got != "journey" {
		t.Errorf("a release goes to %q", got)
	}
	if got := lanes(d.see(fail("w-shop-2", signal.Journey, "book", "v2"), 4*time.Minute)); got != "confirm" {
		t.Errorf("its confirmation goes to %q", got)
	}
}

func TestLookThatWasNotMadeIsSaid(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a := d.due(d.stand(), "watch/tick/", time.Minute).Actions[0]
	a.State, a.Error = action.Failed, "expired before it could start"
	ev := journal.New(action.EventDone, t0, a)
	plan := d.event(ev, 2*time.Minute)
	if len(d.signals) != 1 || len(plan.Events) != 1 {
		t.Fatalf("signals %+v, plan %+v", d.signals, plan)
	}
	s := d.signals[0]
	if s.Outcome != signal.Broken || s.Name != "pay" || s.Watch != string(standing) || !strings.Contains(s.Summary, "unknown: no free worker for 1m0s") {
		t.Errorf("said %+v", s)
	}
	d.event(ev, 3*time.Minute)
	if d.signals[1].ID != s.ID {
		t.Error("told again under another id")
	}
	a.State = action.Done
	if plan := d.event(journal.New(action.EventDone, t0, a), 3*time.Minute); len(plan.Events) != 0 {
		t.Errorf("a look that was made is said to be unknown: %+v", plan)
	}
}

func TestTurnsAreSpreadAndKept(t *testing.T) {
	t.Parallel()
	const every = 5 * time.Minute
	p := product.Product{ID: "shop", Watch: product.Window{Every: time.Second}}
	for i := range 100 {
		p.Journeys = append(p.Journeys, product.Journey{ID: fmt.Sprintf("journey-%d", i), Every: every})
	}
	turns := func(now time.Duration) map[string]time.Time {
		d := newDesk(t)
		d.stage.Products = map[product.ID]product.Product{"shop": p}
		plan := d.event(journal.New(watch.EventStanding, t0, nil), now)
		out := map[string]time.Time{}
		for _, due := range plan.Due {
			var tick watch.Tick
			if err := json.Unmarshal(due.Event.Data, &tick); err != nil {
				t.Fatal(err)
			}
			if wait := due.At.Sub(t0.Add(now)); wait <= 0 || wait > every {
				t.Fatalf("%s waits for %s", tick.Journey, wait)
			}
			out[tick.Journey] = due.At
		}
		return out
	}
	first, again := turns(0), turns(17*time.Minute+3*time.Second)
	parts := map[int64]int{}
	for id, at := range first {
		parts[at.Sub(t0).Milliseconds()*10/every.Milliseconds()]++
		if moved := again[id].Sub(at) % every; moved != 0 {
			t.Errorf("%s was moved by %s", id, moved)
		}
	}
	for part, n := range parts {
		if n > 25 {
			t.Errorf("%d of 100 journeys start in tenth %d of the interval", n, part)
		}
	}
	if len(parts) < 9 {
		t.Errorf("only %d tenths are used", len(parts))
	}
}

func TestQuarantinedFailureIsNotConfirmed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.deploy("shop-2", "v2", 0)
	s := fail("w-shop-2", signal.Journey, "book", "v2")
	s.Quarantined = true
	if got := looks(t, d.see(s, time.Second)); len(got) != 0 {
		t.Errorf("it asks for %v", got)
	}
}
