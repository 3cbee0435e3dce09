package app

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

func TestBadReleaseIsRolledBackVerifiedAndWrittenUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		if st := h.state(); st.LastGood == "" {
			t.Fatalf("the baseline was not judged good: %+v", st)
		}
		h.fails = onlyOn("v2", signal.Journey, "TypeError: slots.map is not a function")
		bad := h.release("v2")
		h.run(5 * time.Minute)

		got := h.incidents()
		if len(got) != 1 || got[0].State != incident.Resolved || got[0].Release != bad.ID || got[0].Severity != 2 {
			t.Fatalf("incidents %+v", got)
		}
		in := got[0]
		if in.Impact.After(in.Detected) || in.Detected.After(in.Paged) || in.Acted.After(in.Mitigated) || in.Acted.IsZero() || in.Resolved.IsZero() {
			t.Errorf("the clock is out of order: %+v", in)
		}
		if h.live != "v1" {
			t.Errorf("%s is served", h.live)
		}
		st := h.state()
		if st.Pin == nil || st.Pin.Bad != "v2" {
			t.Errorf("not pinned: %+v", st)
		}
		for _, ch := range []string{"team", "mail"} {
			want := "post opened, upload opened, reply rolled_back, reply mitigated, reply resolved"
			if got := h.heard(ch); got != want {
				t.Errorf("%s heard %q, want %q", ch, got, want)
			}
		}
		pm, ok, err := (&view{store: h.store}).Postmortem(t.Context(), in.ID)
		if err != nil || !ok {
			t.Fatalf("no postmortem: %v", err)
		}
		md := pm.Markdown("http://pf.test")
		for _, want := range []string{"c0ffee", "Time to recover", "TypeError", "http://pf.test/events/"} {
			if !strings.Contains(md, want) {
				t.Errorf("the postmortem does not say %q:\n%s", want, md)
			}
		}
	})
}

func TestHealthyReleaseTellsNobody(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		good := h.release("v2")
		h.run(5 * time.Minute)
		if got := h.incidents(); len(got) != 0 || len(h.sent) != 0 {
			t.Fatalf("incidents %v, messages %v", got, h.sent)
		}
		if st := h.state(); st.LastGood != good.ID || st.Live != good.ID {
			t.Errorf("state %+v", st)
		}
	})
}

func TestProviderDownBlamesNoRelease(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		down := func(l watch.Look) string {
			if l.Kind == signal.Journey || l.Kind == signal.Probe {
				return "502"
			}
			return ""
		}
		h.fails = down
		probe := func(o signal.Outcome) {
			err := h.obs.Report(t.Context(), signal.Signal{
				At: h.now, Product: "shop", Kind: signal.Probe, Name: "payments", Outcome: o, Confirm: true, Round: 3,
				Summary: "GET http://pay.test/health: 503", Failure: &signal.Failure{Class: "probe"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		probe(signal.Fail)
		h.run(30 * time.Second)
		got := h.incidents()
		if len(got) != 1 || got[0].Release != "" || got[0].Verdict.Integration != "payments" || !strings.Contains(got[0].Title, "Payments") {
			t.Fatalf("incidents %+v", got)
		}
		h.release("v2") // a release in the middle of the outage is not blamed
		h.run(2 * time.Minute)
		if st := h.state(); h.live != "v2" || st.Pin != nil {
			t.Errorf("rolled back although the provider is down: %s, %+v", h.live, st)
		}
		h.fails = func(watch.Look) string { return "" }
		probe(signal.Pass)
		h.run(20 * time.Minute)
		got = h.incidents()
		if len(got) != 1 || got[0].State != incident.Resolved {
			t.Errorf("incidents after the outage %+v", got)
		}
	})
}

func TestRollbackWithoutEffectIsTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails, h.noEffect = onlyOn("v2", signal.Journey, "TypeError"), true
		h.release("v2")
		h.run(5 * time.Minute)
		got := h.incidents()
		if len(got) == 0 || got[len(got)-1].State == incident.Resolved {
			t.Fatalf("claimed recovery without effect: %+v", got)
		}
		told := false
		for _, m := range h.sent {
			told = told || strings.Contains(m.Text, "no effect")
		}
		if !told {
			t.Errorf("nobody was told: %s", h.heard("team"))
		}
		n := 0
		for _, m := range h.sent {
			if m.Event == "rolled_back" && m.Op == page.Reply && m.Channel == "team" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d rollbacks of one release by itself", n)
		}
	})
}

func TestSlackDownForAnHourLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails, h.down = onlyOn("v2", signal.Journey, "TypeError"), true
		h.release("v2")
		h.run(time.Hour)
		if got := h.heard("team"); got != "" {
			t.Fatalf("heard %q", got)
		}
		if got := h.incidents(); len(got) != 1 || got[0].State != incident.Resolved || got[0].Paged.IsZero() {
			t.Errorf("the dead channel held the others up: %+v", got)
		}
		h.down = false
		h.run(5 * time.Minute)
		want := "post opened, upload opened, reply rolled_back, reply mitigated, reply resolved"
		if got := h.heard("team"); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	})
}

func TestRedeployOfTheBadVersionIsNotFoughtOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		h.release("v2")
		h.run(5 * time.Minute)
		if h.live != "v1" {
			t.Fatalf("%s is live", h.live)
		}
		h.live = "v2"
		if err := h.obs.Notice(t.Context(), signal.Noticed{Product: "shop", Version: "v2", Before: "v1"}); err != nil {
			t.Fatal(err)
		}
		h.run(5 * time.Minute)
		if h.live != "v2" {
			t.Error("two robots fight over the pointer")
		}
		refused := false
		for _, m := range h.sent {
			refused = refused || m.Event == "rollback_refused" && strings.Contains(m.Text, "redeploys it")
		}
		got := h.incidents()
		if !refused || len(got) != 2 || got[0].State.Closed() {
			t.Errorf("refused %v, incidents %+v", refused, got)
		}
		if err := h.desk.Rollback(t.Context(), got[0].Release, "ann"); err != nil {
			t.Fatal(err)
		}
		h.run(5 * time.Minute)
		if h.live != "v1" {
			t.Error("a person's rollback did nothing")
		}
	})
}

func TestTwoReleasesAtOnceWatchTheNewest(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.release("v2")
		h.release("v3")
		h.run(5 * time.Minute)
		if len(h.sent) != 0 {
			t.Errorf("messages %v", h.sent)
		}
		if st := h.state(); st.LastGood != "shop-3" {
			t.Errorf("state %+v", st)
		}
	})
}

func TestNotDeployedIsNotLive(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		r := h.release("v2")
		h.live = "v1" // the pipeline said success, the pointer never moved
		h.run(time.Minute)
		v, err := (&view{store: h.store}).ReleaseView(t.Context(), r.ID)
		if err != nil || len(v.Verdicts) == 0 || v.Verdicts[0].State != "not_deployed" {
			t.Fatalf("verdict %+v, %v", v.Verdicts, err)
		}
		if st := h.state(); st.Live != "shop-1" {
			t.Errorf("the ledger holds %s for live", st.Live)
		}
	})
}

func TestDrillScoresWhatHappened(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		sc := drill.Scenario{Name: "bad", Title: "Bad", Expected: drill.Expected{Verdict: "broken_release", Rollback: true, Page: true, FirstRule: []string{"H3"}}}
		d, err := drill.Start(drill.Drill{ID: "d1", Scenario: sc, Product: "shop", By: "ann"}, drill.Ground{Live: release.Release{Judgement: release.Good}, Allowed: true}, h.now)
		if err != nil {
			t.Fatal(err)
		}
		h.fails = onlyOn("v2", signal.Journey, "TypeError")
		r := h.release("v2")
		raw, _ := json.Marshal(drill.Injected{At: h.now, Version: "v2", Release: r.ID})
		err = h.store.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.PutDrill(t.Context(), d); err != nil {
				return err
			}
			_, err := tx.Append(t.Context(), journal.New(action.EventDone, h.now,
				action.Action{Kind: drill.ActionInject, State: action.Done, Result: raw}).About("shop", "", "", ""))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.run(5 * time.Minute)
		got, err := (&view{store: h.store}).Drill(t.Context(), "d1")
		if err != nil || got.State != drill.Passed || got.Verified.Before(got.RolledBack) || got.Incident == "" {
			t.Errorf("drill %+v, %v", got, err)
		}
		if in := h.incidents(); len(in) != 1 || in[0].Drill != "d1" {
			t.Errorf("the incident does not say that it was a drill: %+v", in)
		}
	})
}
