package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func TestObey(t *testing.T) {
	t.Parallel()
	open := incident.Incident{ID: "INC-1", State: incident.Triggered, Severity: 2}
	held := incident.Incident{ID: "INC-1", State: incident.Acknowledged, Held: true, By: "ann", Severity: 2}
	eased := incident.Incident{ID: "INC-1", State: incident.Mitigated, Severity: 2, Mitigated: t0}
	closed := incident.Incident{ID: "INC-1", State: incident.Resolved, Severity: 2}
	for name, c := range map[string]struct {
		in    incident.Incident
		c     incident.Command
		state incident.State
		kind  journal.Kind
		text  string
		fault fault.Kind
	}{
		"acknowledge":            {open, incident.Command{Verb: incident.Acknowledge, By: "bob"}, incident.Acknowledged, incident.EventAcknowledged, "acknowledged by bob", ""},
		"acknowledge twice":      {held, incident.Command{Verb: incident.Acknowledge, By: "bob"}, "", "", "", fault.Conflict},
		"acknowledge when eased": {eased, incident.Command{Verb: incident.Acknowledge, By: "bob"}, incident.Mitigated, incident.EventAcknowledged, "acknowledged by bob", ""},
		"acknowledge closed":     {closed, incident.Command{Verb: incident.Acknowledge, By: "bob"}, "", "", "", fault.Conflict},
		"resolve":                {held, incident.Command{Verb: incident.Resolve, By: "ann", Text: "fixed"}, incident.Resolved, incident.EventResolved, "resolved by ann: fixed", ""},
		"resolve twice":          {closed, incident.Command{Verb: incident.Resolve, By: "ann"}, "", "", "", fault.Conflict},
		"false alarm":            {open, incident.Command{Verb: incident.Dismiss, By: "ann"}, incident.FalseAlarm, incident.EventFalseAlarm, "called a false alarm by ann", ""},
		"note":                   {open, incident.Command{Verb: incident.Note, By: "ann", Text: "hm"}, incident.Triggered, incident.EventNoted, "hm", ""},
		"note after the end":     {closed, incident.Command{Verb: incident.Note, By: "ann", Text: "hm"}, incident.Resolved, incident.EventNoted, "hm", ""},
		"empty note":             {open, incident.Command{Verb: incident.Note, By: "ann"}, "", "", "", fault.Invalid},
		"long note":              {open, incident.Command{Verb: incident.Note, Text: strings.Repeat("x", 10_001)}, "", "", "", fault.Invalid},
		"severity":               {open, incident.Command{Verb: incident.SetSeverity, By: "ann", Severity: 4}, incident.Triggered, incident.EventSeverity, "severity 2 → 4 by ann", ""},
		"severity zero":          {open, incident.Command{Verb: incident.SetSeverity, By: "ann"}, "", "", "", fault.Invalid},
		"severity five":          {open, incident.Command{Verb: incident.SetSeverity, By: "ann", Severity: 5}, "", "", "", fault.Invalid},
		"unknown":                {open, incident.Command{Verb: "burn", By: "ann"}, "", "", "", fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ev, err := c.in.Obey(c.c, t0)
			if c.fault != "" {
				if !fault.Is(err, c.fault) || !cmp.Equal(got, c.in) {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			var u incident.Update
			if err != nil || ev.Decode(&u) != nil {
				t.Fatal(err)
			}
			if got.State != c.state || ev.Kind != c.kind || u.Text != c.text || ev.Incident != "INC-1" {
				t.Errorf("got %s, %s %q", got.State, ev.Kind, u.Text)
			}
		})
	}
}

// TestLines holds the wording of the timeline, and that noise makes no line.
func TestLines(t *testing.T) {
	t.Parallel()
	in := incident.Incident{ID: "INC-1", Product: "shop"}
	look := func(s signal.Signal) journal.Event { return signal.Observed(s) }
	acted := func(k journal.Kind, a action.Action) journal.Event { return journal.New(k, t0, a) }
	for want, ev := range map[string]journal.Event{
		"v2 went live, commit abc; configuration: url: a → b": journal.New(release.EventDeployed, t0,
			release.Release{Version: "v2", Commit: "abc", Config: []string{"url: a → b"}}),
		"v1 is live again: pointer moved back": journal.New(release.EventDeployed, t0, release.Release{Version: "v1", Source: release.Rollback}),
		"v2 went live: noticed in the served version although it was held back: bad": journal.New(release.EventDeployed, t0,
			release.Release{Version: "v2", Source: release.Noticed, Violates: &release.Pin{Reason: "bad"}}),
		"pinned to v1; v2 is held back": journal.New(release.EventPinned, t0, release.Pin{Version: "v1", Bad: "v2"}),
		"journey fail on v2: TypeError": look(signal.Signal{Kind: signal.Journey, Outcome: signal.Fail, Served: "v2", Summary: "TypeError"}),
		"journey pass: fine":            look(signal.Signal{Kind: signal.Journey, Outcome: signal.Pass, Round: 9, Confirm: true, Summary: "fine"}),
		"verdict healthy: works":        journal.New(verdict.EventReached, t0, verdict.Verdict{State: verdict.Healthy, Summary: "works"}),
		"Page to team: done (attempt 3)": acted(action.EventDone,
			action.Action{Title: "Page to team", State: action.Done, Attempt: 3}),
		"Page to team: attempt 1 failed, trying again: 503": acted(action.EventRetry, action.Action{Title: "Page to team", Attempt: 1, Error: "503"}),
		"not rolled back: none (release a fix)":             journal.New("rollback.refused", t0, map[string]string{"reason": "none", "hint": "release a fix"}),
	} {
		if got, ok := incident.Line(in, ev); !ok || got.Text != want {
			t.Errorf("got %q, %v; want %q", got.Text, ok, want)
		}
	}
	for name, ev := range map[string]journal.Event{
		"steady green":     look(signal.Signal{Kind: signal.Journey, Outcome: signal.Pass, Round: 9}),
		"page loads":       look(signal.Signal{Kind: signal.Boot, Outcome: signal.Pass}),
		"the look itself":  acted(action.EventDone, action.Action{Kind: watch.ActionLook, State: action.Done}),
		"not what it says": {Kind: verdict.EventReached, Data: []byte(`"x"`)},
	} {
		if got, ok := incident.Line(in, ev); ok {
			t.Errorf("%s makes a line: %q", name, got.Text)
		}
	}
}
