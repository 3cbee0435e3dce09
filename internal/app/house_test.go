package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/incident"
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
	// blind is why no journey can be looked at; "" is that all can.
	blind string
	sent  []page.Message
}

func newHouse(t *testing.T, dsn string) *house {
	t.Helper()
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
	for _, lane := range []action.Lane{action.LaneConfirm, action.LaneJourney, action.LaneVerify, action.LaneRecheck, action.LaneStanding, action.LaneCheck, action.LaneNotify, action.LaneDeploy} {
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
	if l.Kind == signal.Journey {
		_, s.Quarantined = h.prod.Quarantined(l.Name, h.now)
		if h.blind != "" {
			s.Outcome, s.Summary, s.Served = signal.Broken, h.blind, ""
			return s
		}
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
