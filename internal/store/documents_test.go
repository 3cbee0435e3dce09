package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

func TestUnknownIdsAreNotFound(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for name, f := range map[string]func(*Tx) error{
			"release":  func(tx *Tx) error { _, err := tx.Release(ctx, "x"); return err },
			"watch":    func(tx *Tx) error { _, err := tx.Watch(ctx, "x"); return err },
			"signal":   func(tx *Tx) error { _, err := tx.Signal(ctx, "x"); return err },
			"incident": func(tx *Tx) error { _, err := tx.Incident(ctx, "x"); return err },
			"drill":    func(tx *Tx) error { _, err := tx.Drill(ctx, "x"); return err },
			"action":   func(tx *Tx) error { _, err := tx.Action(ctx, "x"); return err },
			"grant":    func(tx *Tx) error { _, err := tx.GrantByHash(ctx, "x"); return err },
			"event":    func(tx *Tx) error { _, err := tx.Event(ctx, 9); return err },
		} {
			refused(t, name, s.Read(ctx, f), fault.NotFound)
		}
		for name, f := range map[string]func(*Tx) error{
			"use":    func(tx *Tx) error { _, err := tx.UseGrant(ctx, "x", at(0)); return err },
			"revoke": func(tx *Tx) error { return tx.RevokeGrant(ctx, "x", at(0)) },
			"finish": func(tx *Tx) error { return tx.Finish(ctx, do(1), action.Outcome{}, at(0)) },
		} {
			refused(t, name, s.Write(ctx, f), fault.NotFound)
		}
	})
}

func TestLedger(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		r := func(id, version string, n int) release.Release {
			return release.Release{ID: release.ID(id), Product: "shop", Version: version, At: at(n), Judgement: release.Unjudged}
		}
		a, b, c := r("r1", "v1", 1), r("r2", "v2", 2), r("r3", "v1", 2)
		pin := &release.Pin{Version: "v1", Bad: "v2", Reason: "it broke", At: at(3), By: "ada"}
		state := release.State{Product: "shop", Live: "r3", LastGood: "r1", Pin: pin, Served: "v1", ServedAt: at(4)}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for _, rel := range []release.Release{a, b, c, {ID: "o1", Product: "other", Version: "v1", At: at(9)}} {
				if err := tx.PutRelease(ctx, rel); err != nil {
					return err
				}
			}
			a.Judgement, a.Violates = release.Bad, pin
			if err := tx.PutRelease(ctx, a); err != nil {
				return err
			}
			return tx.PutState(ctx, state)
		})
		err := s.Read(t.Context(), func(tx *Tx) error {
			ctx := t.Context()
			got, err := tx.Release(ctx, "r1")
			same(t, "r1", got, a)
			all, err2 := tx.Releases(ctx, "shop", 0)
			same(t, "newest first", all, []release.Release{c, b, a})
			two, err3 := tx.Releases(ctx, "shop", 2)
			same(t, "newest two", two, []release.Release{c, b})
			v1, err4 := tx.ReleasesOf(ctx, "shop", "v1")
			same(t, "of v1", v1, []release.Release{c, a})
			st, err5 := tx.State(ctx, "shop")
			same(t, "state", st, state)
			none, err6 := tx.State(ctx, "new")
			same(t, "no state", none, release.State{Product: "new"})
			every, err7 := tx.States(ctx)
			same(t, "states", every, []release.State{state})
			return first(err, err2, err3, err4, err5, err6, err7)
		})
		same(t, "read", err, nil)
	})
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestWatchesAndVerdicts(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		standing := watch.Watch{ID: "standing-shop", Kind: watch.KindStanding, Product: "shop", Release: "r1", State: watch.Open, Opened: at(0)}
		w1 := watch.Watch{ID: "w1", Kind: watch.KindRelease, Product: "shop", Release: "r1", State: watch.Open, Opened: at(1), Asked: map[string]int{"a": 1}}
		w2 := watch.Watch{ID: "w2", Kind: watch.KindVerify, Product: "shop", Release: "r1", State: watch.Open, Opened: at(2), Until: at(9)}
		v := func(state verdict.State, n int) verdict.Verdict {
			return verdict.Verdict{Watch: "w1", Product: "shop", Release: "r1", State: state, At: at(n), Reasons: []verdict.Reason{{Rule: verdict.RuleJourney, For: true, Text: "fails", At: at(n)}}}
		}
		err := s.Write(t.Context(), func(tx *Tx) error {
			ctx := t.Context()
			err := first(tx.PutWatch(ctx, w1), tx.PutWatch(ctx, w2), tx.PutWatch(ctx, standing),
				tx.PutVerdict(ctx, v(verdict.Observing, 1)), tx.PutVerdict(ctx, v(verdict.BrokenRelease, 1)))
			open, err2 := tx.OpenWatches(ctx, "shop")
			same(t, "open", open, []watch.Watch{w1, w2, standing})
			w1.State, w1.Ended = watch.Superseded, at(5)
			err3 := tx.PutWatch(ctx, w1)
			open, err4 := tx.OpenWatches(ctx, "")
			same(t, "open after", open, []watch.Watch{w2, standing})
			newest, ok, err5 := tx.WatchOf(ctx, "r1")
			same(t, "of r1", []any{newest, ok}, []any{w2, true})
			_, ok, err6 := tx.WatchOf(ctx, "r9")
			same(t, "of r9", ok, false)
			last, ok, err7 := tx.Verdict(ctx, "w1")
			same(t, "verdict", []any{last, ok}, []any{v(verdict.BrokenRelease, 1), true})
			_, ok, err8 := tx.Verdict(ctx, "w2")
			same(t, "no verdict", ok, false)
			all, err9 := tx.Verdicts(ctx, "r1", 0)
			same(t, "verdicts", all, []verdict.Verdict{v(verdict.BrokenRelease, 1), v(verdict.Observing, 1)})
			return first(err, err2, err3, err4, err5, err6, err7, err8, err9)
		})
		same(t, "write", err, nil)
	})
}

func TestSignals(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		asset := func(url, kind, problem string, external bool) signal.Asset {
			return signal.Asset{URL: url, Kind: kind, Problem: problem, External: external}
		}
		journey := signal.Signal{
			ID: "s1", At: at(2), Product: "shop", Release: "r1", Watch: "w1", Kind: signal.Journey, Name: "book", Outcome: signal.Fail,
			Failure: &signal.Failure{Class: "exception", Message: "x is not defined"}, Evidence: []signal.Evidence{{Kind: "log", Blob: "b1"}},
			Steps: []signal.Step{{Index: 1, Screenshot: "b2"}, {Index: 2}},
		}
		crawl := signal.Signal{
			ID: "s2", At: at(1), Product: "shop", Release: "r1", Watch: "w1", Kind: signal.Assets, Name: "assets", Outcome: signal.Pass,
			Assets: []signal.Asset{asset("/", "html", "", false), asset("/a.js", "script", "", false), asset("https://cdn/x.js", "script", "", true)},
		}
		failing := crawl
		failing.ID, failing.At, failing.Outcome = "s3", at(3), signal.Fail
		failing.Assets = []signal.Asset{asset("/b.js", "script", "", false), asset("/c.js", "script", "404", false)}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			changed := journey
			changed.Outcome = signal.Pass
			return first(tx.PutSignal(ctx, journey), tx.PutSignal(ctx, crawl), tx.PutSignal(ctx, failing), tx.PutSignal(ctx, changed))
		})
		err := s.Read(t.Context(), func(tx *Tx) error {
			ctx := t.Context()
			got, err := tx.Signal(ctx, "s1")
			same(t, "s1 is as first written", got, journey)
			all, err2 := tx.Signals(ctx, "w1", 0)
			same(t, "in time order", all, []signal.Signal{crawl, journey, failing})
			two, err3 := tx.Signals(ctx, "w1", 2)
			same(t, "newest two", two, []signal.Signal{journey, failing})
			brief := []signal.Signal{crawl, journey, failing}
			brief[0].Assets, brief[1].Steps, brief[2].Assets = nil, nil, failing.Assets[1:]
			short, err4 := tx.BriefSignals(ctx, "w1", 0)
			same(t, "brief", short, brief)
			fails, err5 := tx.SignalsAbout(ctx, SignalFilter{Product: "shop", Release: "r1", Kinds: []signal.Kind{signal.Assets}, Outcomes: []signal.Outcome{signal.Fail}})
			same(t, "failing crawls", fails, []signal.Signal{failing})
			assets, err6 := tx.LastAssets(ctx, "r1")
			same(t, "last passing assets", assets, []string{"/a.js"})
			none, err7 := tx.LastAssets(ctx, "r2")
			same(t, "no assets", none, nil)
			used, err8 := tx.BlobsInUse(ctx)
			same(t, "evidence", used, map[string]bool{"b1": true, "b2": true})
			return first(err, err2, err3, err4, err5, err6, err7, err8)
		})
		same(t, "read", err, nil)
	})
}

func TestIncidents(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		inc := func(id incident.ID, state incident.State) incident.Incident {
			return incident.Incident{ID: id, Key: "shop/r1", Product: "shop", Release: "r1", State: state, Severity: 2, Detected: at(1)}
		}
		entry := incident.Entry{Incident: "INC-1", Seq: 7, At: at(2), Kind: "incident.opened", Text: "opened", Evidence: []signal.Evidence{{Blob: "b1"}}}
		earlier := incident.Entry{Incident: "INC-1", Seq: 9, At: at(1), Text: "first seen"}
		pm := postmortem.Postmortem{Incident: "INC-1", Title: "x", Parts: []postmortem.Part{{Section: postmortem.Summary, Human: "ours"}}}
		_ = s.Write(t.Context(), func(tx *Tx) error { _, _ = tx.NextIncident(t.Context()); return errAbandoned })
		err := s.Write(t.Context(), func(tx *Tx) error {
			ctx := t.Context()
			for want := range 12 {
				id, err := tx.NextIncident(ctx)
				if err != nil {
					return err
				}
				same(t, "next id", id, incident.ID(fmt.Sprintf("INC-%d", want+1)))
				state := incident.Resolved
				if want == 10 {
					state = incident.Mitigated
				}
				if err := tx.PutIncident(ctx, inc(id, state)); err != nil {
					return err
				}
			}
			again := entry
			again.Text = "told twice"
			err := first(tx.AddEntry(ctx, entry), tx.AddEntry(ctx, earlier), tx.AddEntry(ctx, again), tx.PutPostmortem(ctx, pm))
			open, ok, err2 := tx.OpenIncident(ctx, "shop/r1")
			same(t, "open by key", []any{open, ok}, []any{inc("INC-11", incident.Mitigated), true})
			_, ok, err3 := tx.OpenIncident(ctx, "shop/r2")
			same(t, "open by another key", ok, false)
			newest, err4 := tx.Incidents(ctx, IncidentFilter{Product: "shop", Release: "r1", Limit: 2})
			same(t, "newest", newest, []incident.Incident{inc("INC-12", incident.Resolved), inc("INC-11", incident.Mitigated)})
			all, err5 := tx.Incidents(ctx, IncidentFilter{Open: true})
			same(t, "open", all, []incident.Incident{inc("INC-11", incident.Mitigated)})
			lines, err6 := tx.Timeline(ctx, "INC-1")
			same(t, "timeline", lines, []incident.Entry{earlier, entry})
			got, ok, err7 := tx.Postmortem(ctx, "INC-1")
			same(t, "postmortem", []any{got, ok}, []any{pm, true})
			pm.Title = "y"
			err8 := tx.PutPostmortem(ctx, pm)
			got, _, err9 := tx.Postmortem(ctx, "INC-1")
			same(t, "renewed", got, pm)
			_, ok, err10 := tx.Postmortem(ctx, "INC-2")
			same(t, "none", ok, false)
			return first(err, err2, err3, err4, err5, err6, err7, err8, err9, err10)
		})
		same(t, "write", err, nil)
	})
}

func TestDrills(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		a := drill.Drill{ID: "d1", State: drill.Passed, Started: at(1), Findings: []string{"x"}}
		b := drill.Drill{ID: "d2", State: drill.Playing, Started: at(2)}
		err := s.Write(t.Context(), func(tx *Tx) error {
			ctx := t.Context()
			_, ok, err := tx.PlayingDrill(ctx)
			same(t, "playing before", ok, false)
			err2 := first(tx.PutDrill(ctx, a), tx.PutDrill(ctx, b))
			playing, ok, err3 := tx.PlayingDrill(ctx)
			same(t, "playing", []any{playing, ok}, []any{b, true})
			all, err4 := tx.Drills(ctx, 0)
			same(t, "all", all, []drill.Drill{b, a})
			got, err5 := tx.Drill(ctx, "d1")
			same(t, "d1", got, a)
			return first(err, err2, err3, err4, err5)
		})
		same(t, "write", err, nil)
	})
}

func TestLinkSignsInOnceEvenWhenManyTry(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		_, hash := access.Secret()
		link := access.Grant{ID: "g1", Kind: access.Link, Name: "ada", Role: access.Admin, Hash: hash, Created: at(0), Expires: at(100)}
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.PutGrant(ctx, link) })
		use := func(hash string, now int) error {
			return s.Write(t.Context(), func(tx *Tx) error { _, err := tx.UseGrant(t.Context(), hash, at(now)); return err })
		}
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := use(hash, 1); err == nil {
					won.Add(1)
				} else if !fault.Is(err, fault.Denied) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		same(t, "signed in", won.Load(), 1)
		err := s.Write(t.Context(), func(tx *Tx) error { return tx.PutGrant(t.Context(), link) })
		refused(t, "the same grant again", err, fault.Conflict)

		token := access.Grant{ID: "g2", Kind: access.Token, Role: access.Viewer, Hash: "h2", Created: at(5)}
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.PutGrant(ctx, token) })
		for _, now := range []int{10, 30, 80} {
			same(t, "token", use("h2", now), nil)
		}
		got := ask(t, s, func(ctx context.Context, tx *Tx) (access.Grant, error) { return tx.GrantByHash(ctx, "h2") })
		token.Used = at(80)
		same(t, "used, to the minute", got, token)
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.RevokeGrant(ctx, "g2", at(90)) })
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.RevokeGrant(ctx, "g2", at(95)) })
		refused(t, "revoked", use("h2", 200), fault.Denied)
		all := ask(t, s, func(ctx context.Context, tx *Tx) ([]access.Grant, error) { return tx.Grants(ctx) })
		token.Revoked, link.Used = at(90), at(1)
		same(t, "all", all, []access.Grant{token, link})
	})
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		for i, evil := range []string{
			"'); DROP TABLE events; --", "$1 ? ?1 :a @b", "a\x00b", "\xff\xfe\xc3(", "%_\\", `"{}[]`, "\u202egnp.exe", "😀\U0010ffff",
			"<script>alert(1)</script>", strings.Repeat("€", 300_000), " ", "\r\n\t", "../../etc/passwd",
		} {
			raw := json.RawMessage(`{"x":"` + "\xff" + `"}`)
			id := fmt.Sprintf("%s%d", evil, i)
			r := release.Release{ID: release.ID(id), Product: "shop", Version: evil, At: at(i)}
			a := action.Action{Key: id, Kind: "test.do", Lane: action.LaneNotify, Group: evil, Payload: raw, Incident: evil}
			err := s.Write(t.Context(), func(tx *Tx) error {
				ctx := t.Context()
				_, err := tx.Append(ctx, journal.New("test.evil", at(i), evil).About(evil, evil, evil, evil), journal.Event{Kind: "raw", Data: raw})
				return first(err, tx.PutRelease(ctx, r), tx.PutRelease(ctx, r), tx.Queue(ctx, a, a), tx.PutSetting(ctx, id, evil),
					tx.Schedule(ctx, journal.Due{Key: id, At: at(1_000_000), Event: journal.New("x", at(0), evil)}),
					tx.AddEntry(ctx, incident.Entry{Incident: incident.ID(id), Text: evil, Evidence: []signal.Evidence{{Blob: evil}}}))
			})
			if err != nil {
				t.Fatalf("write %.20q: %v", evil, err)
			}
			got := ask(t, s, func(ctx context.Context, tx *Tx) (release.Release, error) { return tx.Release(ctx, r.ID) })
			if want := string([]rune(evil)); got.Version != want {
				t.Errorf("release %.20q came back as %.20q", want, got.Version)
			}
			claimed := claim(t, s, 2_000_000, 1)
			if len(claimed) != 1 {
				t.Fatalf("claimed %d of %.20q", len(claimed), evil)
			}
			same(t, "finish", finish(s, claimed[0], action.Outcome{Err: fmt.Errorf("%s", evil)}, 2_000_000), nil)
			events := ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) {
				return tx.EventsAbout(ctx, EventFilter{Product: evil, Kinds: []journal.Kind{"test.evil"}})
			})
			same(t, "events about it", len(events), 1)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("a\x00\xff")
	f.Add("plain")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if strings.ContainsRune(got, 0) || got != strings.ToValidUTF8(got, "") {
			t.Errorf("clean(%q) = %q", s, got)
		}
		if clean(got) != got {
			t.Errorf("clean is not stable for %q", s)
		}
	})
}

func TestTimesKeepMicroseconds(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{{}, at(0), at(0).Add(time.Microsecond), time.Unix(-5, 1000).UTC()} {
		same(t, "instant", instant(micros(want)), want)
	}
}

func TestPastOfAWatchAndItsRelease(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		about := func(release, watch string) journal.Event {
			return journal.New("test.n", at(0), nil).About("shop", release, watch, "")
		}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			err := tx.PutWatch(ctx, watch.Watch{ID: "w1", Product: "shop", Release: "r1", Kind: watch.KindRelease})
			_, err2 := tx.Append(ctx, about("r1", ""), about("r1", "w1"), about("r1", "w2"), about("r2", ""), about("", ""), about("", "w1"))
			return first(err, err2)
		})
		for id, want := range map[string][]int64{"w1": {1, 2, 6}, "w2": {3}, "": nil, "w9": nil} {
			var seqs []int64
			for _, e := range ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.Past(ctx, id) }) {
				seqs = append(seqs, e.Seq)
			}
			same(t, "past of "+id, seqs, want)
		}
	})
}
