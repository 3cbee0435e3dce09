package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

// house is every stage over a real store, with a clock that jumps to whatever
// is due next and a world that answers by script.
type house struct {
	t     *testing.T
	store *store.Store
	cond  *conductor
	desk  *Desk
	obs   *observer
	now   time.Time
	prod  product.Product
	// live is the version that the world serves.
	live string
	// fails says what a look sees; "" is a pass.
	fails func(l watch.Look) string
	// down lets deliveries fail; broken lets rollbacks fail.
	down, noEffect bool
	sent           []page.Message
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "state.db")
	s, err := store.Open(t.Context(), store.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h := &house{t: t, store: s, now: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC), fails: func(watch.Look) string { return "" }}
	h.prod = product.Product{
		ID: "shop", Name: "Shop", URL: "http://shop.test", PreviousURL: "http://{version}.shop.test",
		Version: product.VersionSource{Kind: product.VersionHeader, Name: "X-Release"}, Pages: []string{"/"},
		Journeys:     []product.Journey{{ID: "book", Timeout: 20 * time.Second, Every: time.Minute}},
		Integrations: []product.Integration{{ID: "payments", Name: "Payments", Hosts: []string{"pay.test"}, Probe: product.Probe{URL: "http://pay.test/health"}}},
		Rollback:     product.Rollback{Method: product.RollbackDirectory, Automatic: true, Timeout: 10 * time.Second},
		Notify:       []string{"team", "mail"},
		Watch:        product.Window{For: 30 * time.Second, Every: 5 * time.Second, Settle: 10 * time.Second},
	}
	by := map[product.ID]product.Product{"shop": h.prod}
	clock := func() time.Time { return h.now }
	a := &App{byID: by, products: []product.Product{h.prod}, store: s}
	a.o.Config = &config.Config{Server: config.Server{IncidentHold: time.Minute}}
	h.cond = &conductor{store: s, stations: a.stations(), log: slog.New(slog.DiscardHandler), now: clock, tries: map[string]int{}}
	h.desk = &Desk{store: s, products: by, now: clock}
	h.obs = &observer{store: s, desk: h.desk, now: clock}
	a.now = clock
	if err := a.stand(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// steady makes v1 the judged and healthy live release.
func (h *house) steady() {
	h.t.Helper()
	h.live = "v1"
	if err := h.obs.Notice(h.t.Context(), signal.Noticed{Product: "shop", Version: "v1"}); err != nil {
		h.t.Fatal(err)
	}
	h.run(time.Minute)
}

// run plays until nothing happens before the given time has passed.
func (h *house) run(d time.Duration) {
	h.t.Helper()
	ctx := h.t.Context()
	end := h.now.Add(d)
	for range 5000 {
		if moved, err := h.cond.turn(ctx); err != nil {
			h.t.Fatal(err)
		} else if moved {
			continue
		}
		if h.work(ctx) {
			continue
		}
		next, ok := h.next(ctx)
		if !ok || next.After(end) {
			h.now = end
			return
		}
		h.now = next
	}
	h.t.Fatal("the house does not come to rest")
}

// next is when something is due.
func (h *house) next(ctx context.Context) (time.Time, bool) {
	var at time.Time
	var any bool
	err := h.store.Read(ctx, func(tx *store.Tx) error {
		due, ok, err := tx.NextDue(ctx)
		if err != nil {
			return err
		}
		act, ok2, err := tx.NextAction(ctx, h.now)
		at, any = due, ok || ok2
		if ok2 && (!ok || act.Before(due)) {
			at = act
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if at.Before(h.now) {
		at = h.now.Add(time.Millisecond)
	}
	return at, any
}

// work performs what is claimable, each taking a little time.
func (h *house) work(ctx context.Context) bool {
	h.t.Helper()
	did := false
	for _, lane := range []action.Lane{action.LaneConfirm, action.LaneJourney, action.LaneCheck, action.LaneNotify, action.LaneDeploy} {
		var claimed []action.Action
		err := h.store.Write(ctx, func(tx *store.Tx) (err error) {
			claimed, err = tx.Claim(ctx, store.ClaimOptions{Lane: lane, Now: h.now, Limit: 4})
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
		for _, a := range claimed {
			did = true
			h.now = h.now.Add(50 * time.Millisecond)
			w := h.perform(a)
			err := h.store.Write(ctx, func(tx *store.Tx) error {
				if w.keep != nil {
					if err := w.keep(ctx, tx); err != nil {
						return err
					}
				}
				return tx.Finish(ctx, a, w.Outcome, h.now)
			})
			if err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return did
}

// perform is the world.
func (h *house) perform(a action.Action) work {
	switch a.Kind {
	case watch.ActionLook:
		var l watch.Look
		if err := a.Decode(&l); err != nil {
			h.t.Fatal(err)
		}
		s := h.look(l)
		s.ID = signalID(a.Key, fmt.Sprint(a.Attempt))
		return work{keep: func(ctx context.Context, tx *store.Tx) error { return observe(ctx, tx, s) }}
	case page.ActionSend:
		var m page.Message
		if err := a.Decode(&m); err != nil {
			h.t.Fatal(err)
		}
		if h.down && m.Channel == "team" {
			return work{Outcome: action.Outcome{Err: fmt.Errorf("503")}}
		}
		h.sent = append(h.sent, m)
		return work{Outcome: action.Outcome{Result: json.RawMessage(`{"id":"1"}`)}}
	case rollback.ActionPerform:
		var o rollback.Order
		if err := a.Decode(&o); err != nil {
			h.t.Fatal(err)
		}
		if !h.noEffect {
			h.live = o.Version
		}
		raw, _ := json.Marshal(rollback.Performed{Flipped: h.now})
		return work{Outcome: action.Outcome{Result: raw}}
	}
	h.t.Fatalf("unexpected action %s", a.Key)
	return work{}
}

func (h *house) look(l watch.Look) signal.Signal {
	s := signal.Signal{
		At: h.now, Product: l.Product, Release: l.Release, Watch: string(l.Watch), Kind: l.Kind, Name: l.Name, Side: l.Side,
		Round: l.Round, Confirm: l.Confirm, Expected: l.Version, Outcome: signal.Pass, Summary: "fine", Served: h.live,
	}
	if l.Side == signal.Old {
		s.Served = l.Version
	}
	if l.Side == signal.None {
		s.Served = ""
	}
	if l.Kind == signal.Assets {
		s.Assets = []signal.Asset{{URL: l.Base + "/app." + s.Served + ".js", Kind: "script", Status: 200, Size: 9}}
	}
	if l.Kind == signal.Version && s.Served != l.Version {
		s.Outcome, s.Summary, s.Failure = signal.Fail, "served version is "+s.Served, &signal.Failure{Class: "version"}
		return s
	}
	if msg := h.fails(l); msg != "" {
		s.Outcome, s.Summary = signal.Fail, msg
		s.Failure = &signal.Failure{Class: "exception", Message: msg}
		s.Evidence = []signal.Evidence{{Kind: "screenshot", Blob: "2026/11/21/a.jpg", Type: "image/jpeg", Title: msg}}
	}
	return s
}

// release deploys a version and tells the ledger.
func (h *house) release(version string, config ...string) release.Release {
	h.t.Helper()
	h.live = version
	r, fresh, err := h.desk.Announce(h.t.Context(), release.Announcement{Product: "shop", Version: version, Commit: "c0ffee", Config: config, By: "ci"})
	if err != nil || !fresh {
		h.t.Fatalf("announce %s: %v %v", version, fresh, err)
	}
	return r
}

func (h *house) incidents() []incident.Incident {
	h.t.Helper()
	out, err := read(h.t.Context(), h.store, func(tx *store.Tx) ([]incident.Incident, error) {
		return tx.Incidents(h.t.Context(), store.IncidentFilter{Limit: 100})
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) state() release.State {
	h.t.Helper()
	st, err := read(h.t.Context(), h.store, func(tx *store.Tx) (release.State, error) { return tx.State(h.t.Context(), "shop") })
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

// heard lists what a channel was told, as "op event".
func (h *house) heard(channel string) string {
	var out []string
	for _, m := range h.sent {
		if m.Channel == channel && m.Op != page.Edit {
			out = append(out, string(m.Op)+" "+m.Event)
		}
	}
	return strings.Join(out, ", ")
}

// onlyOn fails looks at one version.
func onlyOn(version string, kind signal.Kind, msg string) func(watch.Look) string {
	return func(l watch.Look) string {
		if l.Version == version && l.Kind == kind {
			return msg
		}
		return ""
	}
}

func TestBadReleaseIsRolledBackVerifiedAndWrittenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestHealthyReleaseTellsNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.steady()
	good := h.release("v2")
	h.run(5 * time.Minute)
	if got := h.incidents(); len(got) != 0 || len(h.sent) != 0 {
		t.Fatalf("incidents %v, messages %v", got, h.sent)
	}
	if st := h.state(); st.LastGood != good.ID || st.Live != good.ID {
		t.Errorf("state %+v", st)
	}
}

func TestProviderDownBlamesNoRelease(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestRollbackWithoutEffectIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestSlackDownForAnHourLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestRedeployOfTheBadVersionIsNotFoughtOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestTwoReleasesAtOnceWatchTheNewest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestNotDeployedIsNotLive(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}

func TestDrillScoresWhatHappened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
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
}
