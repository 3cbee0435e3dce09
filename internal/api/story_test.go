package api_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/apitest"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// must fails the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestAnnounceIsIdempotent(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	a := client.Announcement{Version: "v2", Commit: "abc", ConfigChanges: []string{"payments_url: a → b"}}
	one := must[client.Announced](t)(c.Announce(t.Context(), "shop", a))
	two := must[client.Announced](t)(c.Announce(t.Context(), "shop", a))
	if !one.New || two.New || one.Release.ID != two.Release.ID {
		t.Errorf("got %+v then %+v", one, two)
	}
	if one.Release.By != "ci" || one.Release.Source != "announced" {
		t.Errorf("the release is %+v", one.Release)
	}
	rows := must[[]client.Outcome](t)(c.Releases(t.Context(), "shop", 0))
	if len(rows) != 1 {
		t.Errorf("the ledger has %d rows", len(rows))
	}
}

func TestPinnedVersionIsRefused(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	h.Pin("shop", release.Pin{Bad: "v2", Version: "v1", Reason: "rolled back"})
	c := dial(t, h, srv, access.Admin)
	_, err := c.Announce(t.Context(), "shop", client.Announcement{Version: "v2"})
	if !client.IsKind(err, client.Conflict) {
		t.Fatalf("got %v", err)
	}
	out := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v2", Force: true}))
	p := must[client.Product](t)(c.Product(t.Context(), "shop"))
	if !out.New || p.Pin != nil || p.Live.Version != "v2" {
		t.Errorf("after force the product is %+v", p)
	}
}

func TestReleaseTellsWhatWasSeen(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	r := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v2"})).Release
	for range 400 {
		h.See(signal.Signal{
			ID: "s1", Release: release.ID(r.ID), Kind: signal.Journey, Name: "book", Side: signal.New, Outcome: signal.Fail,
			Took: 1500 * time.Millisecond, Summary: "fails", Failure: &signal.Failure{Class: "exception", Message: "x is undefined"},
		})
	}
	h.Judge(release.ID(r.ID), verdict.Verdict{
		State: verdict.BrokenRelease, Summary: "book fails", Reasons: []verdict.Reason{{Rule: verdict.RuleJourney, For: true, Text: "fails"}},
		Suspects: []verdict.Suspect{{Kind: "release", Name: "v2"}},
	})
	got := must[client.ReleaseDetail](t)(c.Release(t.Context(), r.ID))
	if len(got.Signals) != 300 || !got.More || !got.Settled {
		t.Errorf("%d signals, more %v, settled %v", len(got.Signals), got.More, got.Settled)
	}
	want := client.Signal{
		ID: "s1", Kind: "journey", Name: "book", Side: "new", Outcome: "fail", TookMS: 1500, Summary: "fails",
		Failure: &client.Failure{Class: "exception", Message: "x is undefined"},
	}
	if diff := cmp.Diff(got.Signals[0], want); diff != "" {
		t.Errorf("signal (-got +want):\n%s", diff)
	}
	if got.Verdict.State != client.BrokenRelease || got.Verdict.Suspects[0].Name != "v2" || got.Verdict.Reasons[0].Rule != "H3" {
		t.Errorf("the verdict is %+v", got.Verdict)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	tests := map[string]func(h *apitest.House, id release.ID){
		"broken": func(h *apitest.House, id release.ID) {
			h.Judge(id, verdict.Verdict{State: verdict.Observing})
			h.Judge(id, verdict.Verdict{State: verdict.BrokenEnvironment})
		},
		"final": func(h *apitest.House, id release.ID) {
			h.Judge(id, verdict.Verdict{State: verdict.Healthy, Final: true})
		},
		"superseded": func(h *apitest.House, id release.ID) { h.Watch(watch.Watch{Release: id, State: watch.Superseded}) },
	}
	for name, settle := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, srv := serve(t)
			c := dial(t, h, srv, access.Responder)
			r := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v2"})).Release
			early := must[client.Outcome](t)(c.Wait(t.Context(), r.ID, time.Second))
			if early.Settled {
				t.Error("settled before anything was judged")
			}
			var wg sync.WaitGroup
			wg.Go(func() { settle(h, release.ID(r.ID)) })
			out := must[client.Outcome](t)(c.Wait(t.Context(), r.ID, time.Minute))
			if !out.Settled {
				t.Errorf("got %+v", out)
			}
			wg.Wait()
		})
	}
}

// A server's read deadline must not end a request that waits.
func TestWaitOutlivesTheReadDeadline(t *testing.T) {
	t.Parallel()
	h, plain := serve(t)
	plain.Close()
	srv := httptest.NewUnstartedServer(plain.Config.Handler)
	srv.Config.ReadTimeout = 300 * time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL, h.Grant("ci", access.Responder), client.WithTries(1))
	if err != nil {
		t.Fatal(err)
	}
	r := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v2"})).Release
	if _, err := c.Wait(t.Context(), r.ID, 2*time.Second); err != nil {
		t.Errorf("the wait was cut: %v", err)
	}
}

// One token cannot take every place.
func TestWaitsAreBounded(t *testing.T) {
	t.Parallel()
	h, srv := serve(t) // 8 places, 2 for a token
	c := dial(t, h, srv, access.Responder)
	r := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v2"})).Release
	greedy, err := client.New(srv.URL, h.Grant("greedy", access.Viewer), client.WithTries(1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error, 20)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := greedy.Wait(ctx, r.ID, time.Minute); err != nil && ctx.Err() == nil {
				refused <- err
			}
		})
	}
	for range 18 {
		if err := <-refused; !client.IsKind(err, client.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := c.Wait(t.Context(), r.ID, time.Second); err != nil {
		t.Errorf("another token was refused: %v", err)
	}
	cancel()
	wg.Wait()
}

func TestIncidentCommands(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	h.Open(incident.Incident{ID: "INC-1", Product: "shop", State: incident.Triggered, Severity: 2, Title: "broken"})
	c := dial(t, h, srv, access.Responder)
	steps := []func() error{
		func() error { return c.Acknowledge(t.Context(), "INC-1", "on it") },
		func() error { return c.Note(t.Context(), "INC-1", "looking at the bundle") },
		func() error { return c.SetSeverity(t.Context(), "INC-1", 3, "few users") },
		func() error { return c.Resolve(t.Context(), "INC-1", "") },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	got := must[client.IncidentDetail](t)(c.Incident(t.Context(), "INC-1"))
	if got.State != "resolved" || got.Severity != 3 || len(got.Timeline) != 4 || got.Timeline[0].By != "ci" {
		t.Errorf("the incident is %+v", got)
	}
	if err := c.Note(t.Context(), "INC-1", ""); !client.IsKind(err, client.Invalid) {
		t.Errorf("an empty note: %v", err)
	}
	if err := c.FalseAlarm(t.Context(), "INC-1", ""); !client.IsKind(err, client.Conflict) {
		t.Errorf("a false alarm after the end: %v", err)
	}
	if open := must[[]client.Incident](t)(c.Incidents(t.Context(), true, 0)); len(open) != 0 {
		t.Errorf("open are %+v", open)
	}
	if all := must[[]client.Incident](t)(c.Incidents(t.Context(), false, 0)); len(all) != 1 {
		t.Errorf("all are %+v", all)
	}
}

func TestPostmortem(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Viewer)
	h.Open(incident.Incident{ID: "INC-1", Product: "shop", State: incident.Mitigated})
	if _, err := c.Postmortem(t.Context(), "INC-1"); !client.IsKind(err, client.NotFound) {
		t.Errorf("before the draft: %v", err)
	}
	h.Draft(postmortem.Postmortem{Incident: "INC-1", Title: "Shop broke", Parts: []postmortem.Part{
		{Section: postmortem.Summary, Facts: []postmortem.Fact{{Text: "It broke.", Seq: 7}}},
	}})
	pm := must[client.Postmortem](t)(c.Postmortem(t.Context(), "INC-1"))
	if pm.Title != "Shop broke" || pm.Parts[0].Facts[0].Seq != 7 || pm.Parts[0].Title == "" {
		t.Errorf("got %+v", pm)
	}
	text := must[string](t)(c.PostmortemMarkdown(t.Context(), "INC-1"))
	if !strings.HasPrefix(text, "# ") || !strings.Contains(text, "https://postflight.example") {
		t.Errorf("the Markdown is %q", text)
	}
}

func TestDrills(t *testing.T) {
	t.Parallel()
	h, srv := serve(t, func(h *apitest.House) { h.Offer(drill.Scenario{Name: "healthy", Title: "A good release"}) })
	c := dial(t, h, srv, access.Admin)
	if _, err := c.StartDrill(t.Context(), "healthy"); !client.IsKind(err, client.Conflict) {
		t.Fatalf("on unsteady ground: %v", err)
	}
	r := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v1"})).Release
	h.Judge(release.ID(r.ID), verdict.Verdict{State: verdict.Healthy, Kind: watch.KindRelease, Final: true})
	id := must[string](t)(c.StartDrill(t.Context(), "healthy"))
	d := must[client.Drill](t)(c.Drill(t.Context(), id))
	if d.State != client.DrillPlaying || d.Scenario.Title != "A good release" || d.By != "ci" || !d.Fault.IsZero() {
		t.Errorf("the drill is %+v", d)
	}
	if all := must[[]client.Drill](t)(c.Drills(t.Context(), 5)); len(all) != 1 {
		t.Errorf("the drills are %+v", all)
	}
	if all := must[[]client.Scenario](t)(c.Scenarios(t.Context())); len(all) != 1 {
		t.Errorf("the scenarios are %+v", all)
	}
}

func TestTokensAndLinks(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Admin)
	made := must[client.NewToken](t)(c.CreateToken(t.Context(), "pipeline", "responder"))
	other, err := client.New(srv.URL, made.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if v := must[client.Version](t)(other.Version(t.Context())); v.Version == "" {
		t.Error("no version")
	}
	list := must[[]client.Token](t)(c.Tokens(t.Context()))
	if len(list) != 2 || list[0].ID != made.ID || list[0].Role != "responder" {
		t.Errorf("the tokens are %+v", list)
	}
	if err := c.RevokeToken(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Version(t.Context()); !client.IsKind(err, client.Denied) {
		t.Errorf("a revoked token: %v", err)
	}
	link := must[client.Link](t)(c.CreateLink(t.Context(), "ada", "viewer"))
	if !strings.HasPrefix(link.URL, "https://postflight.example/sign-in?link=pf_") {
		t.Errorf("the link is %q", link.URL)
	}
	// A link is no token: it cannot be revoked as one, nor listed.
	if list := must[[]client.Token](t)(c.Tokens(t.Context())); len(list) != 2 {
		t.Errorf("the tokens are %+v", list)
	}
}

func TestRollBack(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	one := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v1"})).Release
	two := must[client.Announced](t)(c.Announce(t.Context(), "shop", client.Announcement{Version: "v2"})).Release
	if _, err := c.RollBack(t.Context(), one.ID); !client.IsKind(err, client.Conflict) {
		t.Errorf("what is not live: %v", err)
	}
	if got := must[client.Accepted](t)(c.RollBackProduct(t.Context(), "shop")); got.Subject != two.ID {
		t.Errorf("accepted %+v", got)
	}
	must[client.Accepted](t)(c.RollBack(t.Context(), two.ID))
	if diff := cmp.Diff(h.Rollbacks(), []string{two.ID + " by ci", two.ID + " by ci"}); diff != "" {
		t.Errorf("rollbacks (-got +want):\n%s", diff)
	}
}
