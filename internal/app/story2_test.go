package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// change changes the product for every stage.
func (h *house) change(f func(*product.Product)) {
	f(&h.prod)
	h.desk.products["shop"] = h.prod
}

// order hands a person's command in.
func (h *house) order(id incident.ID, c incident.Command) {
	h.t.Helper()
	c.By = "ann"
	if err := h.desk.Command(h.t.Context(), id, c); err != nil {
		h.t.Fatal(err)
	}
}

// verdict is the newest one on a release.
func (h *house) verdict(id release.ID) verdict.Verdict {
	h.t.Helper()
	v, err := read(h.t.Context(), h.store, func(tx *store.Tx) (verdict.Verdict, error) {
		v, _, err := lastVerdict(h.t.Context(), tx, id)
		return v, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// events counts what a channel heard of one sort.
func (h *house) events(channel, event string) int {
	n := 0
	for _, m := range h.sent {
		if m.Channel == channel && m.Event == event && m.Op != "edit" && m.Op != "upload" {
			n++
		}
	}
	return n
}

func TestBrokenFixIsUndoneForItself(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails = func(l watch.Look) string {
			if l.Kind == signal.Journey && (l.Version == "v2" || l.Version == "v3") {
				return "TypeError on " + l.Version
			}
			return ""
		}
		h.release("v2")
		h.run(10 * time.Second)
		h.order("INC-1", incident.Command{Verb: incident.Acknowledge})
		h.run(time.Minute)
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.Mitigated {
			t.Fatalf("an acknowledged incident is not resolved by itself: %+v", got)
		}
		h.release("v3") // the fix, broken as well
		h.run(5 * time.Minute)
		if h.live != "v1" {
			t.Errorf("%s is live", h.live)
		}
		if st := h.state(); !st.Pin.Holds("v2") || !st.Pin.Holds("v3") {
			t.Errorf("pin %+v", st.Pin)
		}
		got := h.incidents()
		if len(got) != 2 || got[0].Version != "v3" || got[0].State != incident.Resolved || got[1].State != incident.Mitigated {
			t.Errorf("incidents %+v", got)
		}
	})
}

func TestBadReleaseNobodyUndoesIsOneIncident(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(func(p *product.Product) { p.Rollback.Automatic = false })
		h.steady()
		h.fails = func(l watch.Look) string { // the standing watch expects no version
			if l.Kind == signal.Journey && l.Version != "v1" {
				return "TypeError"
			}
			return ""
		}
		h.release("v2")
		h.run(20 * time.Minute) // the window ends, the standing watch goes on
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.Triggered || h.events("team", "opened") != 1 {
			t.Errorf("incidents %+v, heard %s", got, h.heard("team"))
		}
	})
}

func TestFalseAlarmIsNotRaisedAgainByTheSameWords(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(func(p *product.Product) { p.Rollback.Automatic = false; p.Journeys[0].Every = 0 })
		h.steady()
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		r := h.release("v2")
		h.run(10 * time.Second)
		h.order("INC-1", incident.Command{Verb: incident.Dismiss, Text: "the journey is outdated"})
		h.run(20 * time.Minute)
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.FalseAlarm {
			t.Errorf("incidents %+v", got)
		}
		if v := h.verdict(r.ID); !v.Final || v.State != verdict.BrokenRelease {
			t.Errorf("verdict %+v", v)
		}
	})
}

// TestOutageAfterAFlakeRollsNothingBack: the old release passed when a flake
// was confirmed; a minute later the database dies for both.
func TestOutageAfterAFlakeRollsNothingBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		flake, outage := 0, false
		h.fails = func(l watch.Look) string {
			switch {
			case l.Kind == signal.Journey && outage:
				return "500"
			case l.Kind == signal.Journey && l.Version == "v2" && flake == 0:
				flake++
				return "flake"
			}
			return ""
		}
		h.release("v2")
		h.run(15 * time.Second)
		if h.verdict("shop-2").State != verdict.Observing {
			t.Fatalf("a flake was judged: %+v", h.verdict("shop-2"))
		}
		outage = true
		h.run(10 * time.Second)
		if v := h.verdict("shop-2"); h.live != "v2" || v.State != verdict.BrokenEnvironment || h.state().Pin != nil {
			t.Errorf("%s is live, verdict %s: %s", h.live, v.State, v.Summary)
		}
		outage = false
		h.run(20 * time.Minute)
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.Resolved {
			t.Errorf("incidents %+v", got)
		}
	})
}

// TestVisitorsDoNotHideWhatIsSeen: a thousand page loads between two looks.
func TestVisitorsDoNotHideWhatIsSeen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite:"+t.TempDir()+"/state.db")
	h.steady()
	n := 0
	h.fails = func(l watch.Look) string {
		if l.Kind != signal.Journey || l.Version != "v2" {
			return ""
		}
		return "TypeError"
	}
	flood := func() {
		for range 450 {
			n++
			s := signal.Signal{
				At: h.now, Product: "shop", Kind: signal.Boot, Name: "/", Served: "v2", Outcome: signal.Pass,
				BootInfo: &signal.BootReport{Event: "ok", Token: fmt.Sprint("t", n), Client: fmt.Sprint("c", n), Version: "v2"},
			}
			if err := h.obs.Boot(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	bad := h.release("v2")
	if _, err := h.cond.turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	flood()
	h.run(3 * time.Minute)
	if v := h.verdict(bad.ID); h.live != "v1" || v.State != verdict.BrokenRelease {
		t.Errorf("%s is live, verdict %s: %s", h.live, v.State, v.Summary)
	}
}

func TestServersThatDisagreeAreNoReleases(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.release("v2")
		h.run(12 * time.Second) // v2 was met
		err := h.obs.Notice(t.Context(), signal.Noticed{Product: "shop", Version: "v1", Before: "v2"})
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("one old server became a release: %v", err)
		}
		h.live = "v1" // somebody moved all of them back
		h.run(12 * time.Second)
		if err := h.obs.Notice(t.Context(), signal.Noticed{Product: "shop", Version: "v1", Before: "v2"}); err != nil {
			t.Fatal(err)
		}
		if st := h.state(); st.Count != 3 && st.Live != "shop-1" {
			t.Errorf("going back by hand was not seen: %+v", st)
		}
	})
}

func TestLateComerIsUndone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		r := h.release("v2")
		h.live = "v1"
		h.run(22 * time.Second)
		if st := h.state(); st.Live != "shop-1" {
			t.Fatalf("live is %s", st.Live)
		}
		h.live = "v2"
		if err := h.obs.Notice(t.Context(), signal.Noticed{Product: "shop", Version: "v2", Before: "v1"}); err != nil {
			t.Fatal(err)
		}
		if st := h.state(); st.Live != r.ID || st.Count != 2 {
			t.Fatalf("the late release became another: %+v", st)
		}
		h.run(3 * time.Minute)
		if h.live != "v1" || !h.state().Pin.Holds("v2") {
			t.Errorf("%s is live, pin %+v", h.live, h.state().Pin)
		}
	})
}

func TestSupersededWatchIsFinal(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		first := h.release("v2")
		h.run(7 * time.Second)
		h.release("v3")
		h.run(time.Second)
		v := h.verdict(first.ID)
		if !v.Final || v.State != verdict.Inconclusive || !strings.HasPrefix(v.Summary, "superseded") {
			t.Errorf("verdict %+v", v)
		}
	})
}

func TestWindowSleptThroughIsWatchedAfterwards(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		r := h.release("v2")
		h.run(6 * time.Second)
		h.now = h.now.Add(2 * time.Hour) // the server was down
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		h.run(time.Minute)
		if v := h.verdict(r.ID); v.State != verdict.BrokenRelease || h.live != "v1" {
			t.Errorf("%s is live, verdict %s: %s", h.live, v.State, v.Summary)
		}
	})
}

func TestProductThatLeftTheConfiguration(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(func(p *product.Product) { p.Rollback.Automatic = false })
		h.steady()
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		h.release("v2")
		h.run(5 * time.Second)
		delete(h.desk.products, "shop") // the stages read the same map
		h.run(10 * time.Minute)
		got := h.incidents()
		if len(got) != 1 || got[0].State.Closed() {
			t.Fatalf("incidents %+v", got)
		}
		h.order(got[0].ID, incident.Command{Verb: incident.Note, Text: "the product is gone"})
		h.order(got[0].ID, incident.Command{Verb: incident.Resolve})
		h.run(time.Minute)
		if got := h.incidents(); got[0].State != incident.Resolved {
			t.Errorf("a person could not close it: %+v", got)
		}
	})
}

func TestSeverityThatAPersonLoweredStays(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(func(p *product.Product) { p.Rollback.Automatic = false })
		h.steady()
		health := false
		h.fails = func(l watch.Look) string {
			if l.Kind == signal.Journey && l.Version != "v1" {
				return "TypeError"
			}
			if health && l.Kind == signal.Assets && l.Version == "v2" {
				return "assets"
			}
			return ""
		}
		h.release("v2")
		h.run(10 * time.Second)
		h.order("INC-1", incident.Command{Verb: incident.SetSeverity, Severity: 3})
		health = true // more of the same severity
		h.run(15 * time.Minute)
		if got := h.incidents(); got[0].Severity != 3 {
			t.Errorf("severity %d", got[0].Severity)
		}
	})
}

// TestStandingTroubleEndsWithoutTurns: no journey runs by itself, the provider
// dies and comes back, and the first look after it still fails.
func TestStandingTroubleEndsWithoutTurns(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(func(p *product.Product) { p.Journeys[0].Every = 0 })
		h.steady()
		slow := false
		h.fails = func(l watch.Look) string {
			if l.Kind == signal.Journey && slow {
				return "502"
			}
			return ""
		}
		probe := func(o signal.Outcome) {
			s := signal.Signal{
				At: h.now, Product: "shop", Kind: signal.Probe, Name: "payments", Outcome: o, Confirm: o == signal.Fail, Round: 3, Summary: "503",
			}
			if err := h.obs.Report(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		slow = true
		probe(signal.Fail)
		h.run(time.Minute)
		probe(signal.Pass)
		h.run(10 * time.Second)
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.Triggered {
			t.Fatalf("over although the journey fails: %+v", got)
		}
		slow = false
		h.run(10 * time.Minute)
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.Resolved {
			t.Errorf("incidents %+v", got)
		}
	})
}
