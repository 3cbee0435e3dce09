package app

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// verdictOf returns what is claimed by a watch now.
func (h *house) verdictOf(id watch.ID) verdict.Verdict {
	h.t.Helper()
	v, err := read(h.t.Context(), h.store, func(tx *store.Tx) (verdict.Verdict, error) {
		v, _, err := tx.Verdict(h.t.Context(), id)
		return v, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

// TestBrokenRunnerIsOurOwnFaultAndToldOnce: a browser that is gone is neither
// an outage nor green; after a while people hear of it, once.
func TestBrokenRunnerIsOurOwnFaultAndToldOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.run(5 * time.Minute)
		if v := h.verdictOf(watch.StandingID("shop")); v.State != verdict.Healthy {
			t.Fatalf("at first: %s: %s", v.State, v.Summary)
		}
		h.blind = "could not look: no browser was found"
		h.run(30 * time.Minute)
		v := h.verdictOf(watch.StandingID("shop"))
		if v.State != verdict.Observing || len(v.Blind) != 1 || !strings.Contains(v.Summary, "no browser") {
			t.Errorf("blind for half an hour: %s: %s, blind %v", v.State, v.Summary, v.Blind)
		}
		got := h.incidents()
		if len(got) != 1 || got[0].Severity != 4 || got[0].State != incident.Triggered || !strings.Contains(got[0].Title, "cannot look at Shop") {
			t.Fatalf("incidents %+v", got)
		}
		h.blind = ""
		h.run(10 * time.Minute)
		if got = h.incidents(); len(got) != 1 || got[0].State != incident.Resolved {
			t.Errorf("incidents after it can look again: %+v", got)
		}
		if heard, want := h.heard("team"), "post opened, reply mitigated, reply resolved"; heard != want {
			t.Errorf("heard %q, want %q", heard, want)
		}
		if v := h.verdictOf(watch.StandingID("shop")); v.State != verdict.Healthy {
			t.Errorf("at last: %s: %s", v.State, v.Summary)
		}
	})
}

// TestLateEchoOfAnOutageOpensNothing: the watch on a rollback meets an outage
// that the standing watch has told and seen the end of.
func TestLateEchoOfAnOutageOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		h.release("v2")
		h.run(6 * time.Second) // rolled back; the verify watch is open
		rows, err := read(t.Context(), h.store, func(tx *store.Tx) ([]watch.Watch, error) { return tx.OpenWatches(t.Context(), "shop") })
		if err != nil || len(rows) != 2 || rows[1].Kind != watch.KindVerify {
			t.Fatalf("watches %+v, %v", rows, err)
		}
		verify := rows[1]
		probe := func(o signal.Outcome, looks int) {
			err := h.obs.Report(t.Context(), signal.Signal{
				At: h.now, Product: "shop", Kind: signal.Probe, Name: "payments", Outcome: o, Confirm: true, Round: looks,
				Summary: "GET http://pay.test/health: 503", Failure: &signal.Failure{Class: "probe"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		met := h.now.Add(time.Second)
		probe(signal.Fail, 3)
		h.run(2 * time.Second)
		probe(signal.Pass, 1)
		h.run(2 * time.Second)
		// What the verify watch saw of it arrives only now: a server that was
		// down had it in hand.
		for i := range 3 {
			s := signal.Signal{
				ID: signalID("late", string(rune('a'+i))), At: met, Product: "shop", Release: verify.Release, Watch: string(verify.ID),
				Kind: signal.Probe, Name: "payments", Outcome: signal.Fail, Summary: "GET http://pay.test/health: 503",
				Failure: &signal.Failure{Class: "probe"}, Round: 1, Confirm: i > 0,
			}
			if err := h.store.Write(t.Context(), func(tx *store.Tx) error { return observe(t.Context(), tx, s) }); err != nil {
				t.Fatal(err)
			}
		}
		h.run(10 * time.Minute)
		var env []incident.Incident
		for _, in := range h.incidents() {
			if in.Release == "" {
				env = append(env, in)
			}
			if in.State != incident.Resolved {
				t.Errorf("%s is %s: %s", in.ID, in.State, in.Title)
			}
		}
		if len(env) != 1 || env[0].Reopened != 0 {
			t.Fatalf("the outage was told %d times: %+v", len(env), env)
		}
		lines, err := read(t.Context(), h.store, func(tx *store.Tx) ([]incident.Entry, error) { return tx.Timeline(t.Context(), env[0].ID) })
		linked := false
		for _, l := range lines {
			linked = linked || strings.Contains(l.Text, "met it as well")
		}
		if err != nil || !linked {
			t.Errorf("the timeline does not name the other watch: %+v, %v", lines, err)
		}
	})
}

// TestQuarantinedJourneyUndoesNothing: it is looked at and shown, and a
// release is neither undone nor held up by it.
func TestQuarantinedJourneyUndoesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		until := h.now.Add(time.Hour)
		h.prod.Journeys[0].Quarantine = &product.Quarantine{Until: until, Owner: "ann", Reason: "the calendar flickers"}
		h.steady()
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		good := h.release("v2")
		h.run(5 * time.Minute)
		if st := h.state(); h.live != "v2" || st.LastGood != good.ID || len(h.incidents()) != 0 {
			t.Fatalf("%s is live, last good %s, incidents %+v", h.live, st.LastGood, h.incidents())
		}
		v := h.verdictOf(watch.ID("w-" + string(good.ID)))
		told := false
		for _, r := range v.Reasons {
			told = told || strings.Contains(r.Text, "in quarantine until 2026-11-21 (ann: the calendar flickers)") && strings.Contains(r.Text, "failed")
		}
		if v.State != verdict.Healthy || !told {
			t.Errorf("%s: %+v", v.State, v.Reasons)
		}
		// It ends by itself.
		h.run(until.Sub(h.now) + time.Minute)
		h.fails = onlyOn("v3", signal.Journey, "TypeError")
		h.release("v3")
		h.run(5 * time.Minute)
		if h.live != "v2" {
			t.Errorf("after the quarantine %s is live", h.live)
		}
	})
}

// TestFlakeRateIsLearnedBeforeTheReleaseAndCounts: a step that flakes while
// nothing is released does not cost a good release.
func TestFlakeRateIsLearnedBeforeTheReleaseAndCounts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		n := 0
		h.fails = func(l watch.Look) string { // every fourth standing run fails, and its confirmation passes
			if n++; l.Kind == signal.Journey && !l.Confirm && l.Watch == watch.StandingID("shop") && n%4 == 0 {
				return "the calendar was empty"
			}
			return ""
		}
		h.run(3 * time.Hour)
		known, err := read(t.Context(), h.store, func(tx *store.Tx) (float64, error) {
			all, err := tx.Flakes(t.Context(), "shop")
			return all["book"].Rate(""), err
		})
		if err != nil || known < 0.03 || known > 0.5 {
			t.Fatalf("learned a rate of %v, %v", known, err)
		}
		if got := h.incidents(); len(got) != 0 {
			t.Fatalf("flakes were told as outages: %+v", got)
		}
		// The good release has a bad first round: three failures, then it passes.
		bad := 0
		h.fails = func(l watch.Look) string {
			if l.Kind == signal.Journey && l.Version == "v2" && bad < 3 {
				bad++
				return "the calendar was empty"
			}
			return ""
		}
		good := h.release("v2")
		h.run(5 * time.Minute)
		if h.live != "v2" || bad != 3 {
			t.Errorf("%s is live after %d failures", h.live, bad)
		}
		if v := h.verdictOf(watch.ID("w-" + string(good.ID))); v.State == verdict.BrokenRelease {
			t.Errorf("%s: %s", v.State, v.Summary)
		}
	})
}
