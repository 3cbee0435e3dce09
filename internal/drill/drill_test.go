package drill_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func scenario() drill.Scenario {
	return drill.Scenario{Name: "bad", Expected: drill.Expected{
		Verdict: verdict.BrokenRelease, Rollback: true, Page: true, FirstRule: []string{"H3"}, Names: "payments_url",
	}}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	good := drill.Ground{Allowed: true, Live: release.Release{Judgement: release.Good}}
	for name, c := range map[string]struct {
		change func(*drill.Ground)
		want   fault.Kind
	}{
		"steady":         {func(*drill.Ground) {}, ""},
		"not made for":   {func(g *drill.Ground) { g.Allowed = false }, fault.Denied},
		"another plays":  {func(g *drill.Ground) { g.Playing = true }, fault.Conflict},
		"real trouble":   {func(g *drill.Ground) { g.Open = []incident.Incident{{ID: "INC-1"}} }, fault.Conflict},
		"never judged":   {func(g *drill.Ground) { g.Live.Judgement = release.Unjudged }, fault.Conflict},
		"nothing live":   {func(g *drill.Ground) { g.Live = release.Release{} }, fault.Conflict},
		"bad is live":    {func(g *drill.Ground) { g.Live.Judgement = release.Bad }, fault.Conflict},
		"denied is said": {func(g *drill.Ground) { g.Allowed, g.Playing = false, true }, fault.Denied},
	} {
		g := good
		c.change(&g)
		_, err := drill.Start(drill.Drill{ID: "d1", Scenario: scenario(), Product: "shop", By: "ann"}, g, t0)
		if (err == nil) != (c.want == "") || err != nil && !fault.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// stagehand keeps the one drill.
type stagehand struct{ d drill.Drill }

func (s *stagehand) PutDrill(_ context.Context, d drill.Drill) error { s.d = d; return nil }
func (s *stagehand) PlayingDrill(context.Context) (drill.Drill, bool, error) {
	return s.d, s.d.State == drill.Playing, nil
}

// play hands the events of a story to the stage and returns the drill.
func play(t *testing.T, sc drill.Scenario, events ...journal.Event) drill.Drill {
	t.Helper()
	d, err := drill.Start(drill.Drill{ID: "d1", Scenario: sc, Product: "shop", By: "ann"}, drill.Ground{
		Allowed: true, Live: release.Release{Judgement: release.Good},
	}, t0)
	if err != nil {
		t.Fatal(err)
	}
	hand := &stagehand{d}
	for i, ev := range events {
		ev.Seq, ev.At = int64(i+1), t0.Add(time.Duration(i+1)*time.Second)
		ev.Product = "shop"
		if _, err := new(drill.Stage).Handle(t.Context(), hand, ev); err != nil {
			t.Fatal(err)
		}
	}
	return hand.d
}

// The events of the good end of a bad release, by name.
func story() map[string]journal.Event {
	raw := func(v any) json.RawMessage { b, _ := json.Marshal(v); return b }
	done := func(a action.Action) journal.Event {
		a.State = action.Done
		ev := journal.New(action.EventDone, t0, a)
		ev.Incident = a.Incident
		return ev
	}
	about := func(k journal.Kind, id string) journal.Event {
		return journal.New(k, t0, incident.Update{}).About("shop", "", "", id)
	}
	return map[string]journal.Event{
		"inject": done(action.Action{Kind: drill.ActionInject, Result: raw(drill.Injected{At: t0, Release: "shop-2", Version: "v2"})}),
		"fail":   signal.Observed(signal.Signal{Product: "shop", Outcome: signal.Fail, At: t0.Add(time.Second)}),
		"verdict": journal.New(verdict.EventReached, t0, verdict.Verdict{
			Release: "shop-2", Version: "v2", State: verdict.BrokenRelease, Reasons: []verdict.Reason{{Rule: "H3", For: true, Text: "fails"}},
			Suspects: []verdict.Suspect{{Name: "payments_url: a → b"}},
		}),
		"opened":    about(incident.EventOpened, "INC-1"),
		"paged":     done(action.Action{Lane: action.LaneNotify, Incident: "INC-1", Finished: t0.Add(4 * time.Second)}),
		"back":      done(action.Action{Kind: rollback.ActionPerform, Lane: action.LaneDeploy, Incident: "INC-1", Result: raw(rollback.Performed{Flipped: t0})}),
		"mitigated": about(incident.EventMitigated, "INC-1"),
		"deadline":  journal.New(drill.EventDeadline, t0, nil),
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	wrong := journal.New(verdict.EventReached, t0, verdict.Verdict{
		Release: "shop-2", Version: "v2", State: verdict.BrokenRelease, Reasons: []verdict.Reason{{Rule: "H8", For: true, Text: "down"}},
		Suspects: []verdict.Suspect{{Name: "something else"}},
	})
	healthy := journal.New(verdict.EventReached, t0, verdict.Verdict{Release: "shop-2", State: verdict.Healthy})
	second := journal.New(incident.EventOpened, t0, incident.Update{}).About("shop", "", "", "INC-2")
	// Every expectation is missed by one story: no check that cannot fail.
	for name, c := range map[string]struct {
		play []string
		miss string // "" passes
	}{
		"as expected":            {[]string{"inject", "fail", "verdict", "opened", "paged", "back", "mitigated"}, ""},
		"nothing rolled back":    {[]string{"inject", "verdict", "opened", "paged", "mitigated"}, "nothing was rolled back"},
		"nobody was paged":       {[]string{"inject", "verdict", "opened", "back", "mitigated"}, "nobody was paged"},
		"called healthy":         {[]string{"inject", "healthy"}, `verdict is "healthy"`},
		"never over":             {[]string{"inject", "verdict", "opened", "paged", "back", "deadline"}, "recovery was not verified"},
		"other first evidence":   {[]string{"inject", "wrong", "opened", "paged", "back", "mitigated"}, "the first evidence is"},
		"cause not named":        {[]string{"inject", "wrong", "opened", "paged", "back", "mitigated"}, "is not named"},
		"a second incident":      {[]string{"inject", "verdict", "opened", "second", "paged", "back", "mitigated"}, "a second incident"},
		"seen before the fault":  {[]string{"verdict", "opened", "inject", "deadline"}, `verdict is ""`},
		"nothing happened at it": {[]string{"deadline"}, "not over after"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := story()
			all["wrong"], all["healthy"], all["second"] = wrong, healthy, second
			var events []journal.Event
			for _, step := range c.play {
				events = append(events, all[step])
			}
			got := play(t, scenario(), events...)
			findings := strings.Join(got.Findings, "; ")
			if c.miss == "" && (got.State != drill.Passed || findings != "") || c.miss != "" && (got.State != drill.Missed || !strings.Contains(findings, c.miss)) {
				t.Errorf("%s: %s", got.State, findings)
			}
		})
	}
}

func TestQuietScenarioMissesWhatShouldNotHappen(t *testing.T) {
	t.Parallel()
	quiet := drill.Scenario{Name: "provider", Expected: drill.Expected{Verdict: verdict.BrokenEnvironment, Page: true}}
	all := story()
	got := play(t, quiet, all["inject"], all["verdict"], all["opened"], all["paged"], all["back"], all["mitigated"])
	findings := strings.Join(got.Findings, "; ")
	for _, want := range []string{"v2 was blamed", "rolled back without a cause", "verdict is"} {
		if got.State != drill.Missed || !strings.Contains(findings, want) {
			t.Errorf("%s: %q is missing in %s", got.State, want, findings)
		}
	}
}

func TestFaultThatCannotBePutInAborts(t *testing.T) {
	t.Parallel()
	failed := journal.New(action.EventDone, t0, action.Action{Kind: drill.ActionInject, State: action.Failed, Error: "disk"})
	if got := play(t, scenario(), failed); got.State != drill.Aborted || len(got.Findings) != 1 {
		t.Errorf("%s: %v", got.State, got.Findings)
	}
}
