package page_test

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

type book map[incident.ID]incident.Incident

func (b book) Scope(context.Context, string) (scope.Report, bool, error) {
	return scope.Report{}, false, nil
}

func (b book) Action(_ context.Context, key string) (action.Action, error) {
	return action.Action{}, fault.Newf(fault.NotFound, "no action %s", key)
}

func (b book) Incident(_ context.Context, id incident.ID) (incident.Incident, error) {
	in, ok := b[id]
	if !ok {
		return in, fault.Newf(fault.NotFound, "no incident %s", id)
	}
	return in, nil
}

func bad() incident.Incident {
	return incident.Incident{
		ID: "INC-1", Product: "shop", Version: "v2", Title: "v2 broke Shop", State: incident.Triggered, Severity: 2,
		Verdict: verdict.Verdict{
			State: verdict.BrokenRelease, Rollback: true,
			Suspects: []verdict.Suspect{{Kind: "release", Name: "v2", Detail: "abc"}, {Kind: "configuration", Name: "url"}, {Kind: "x"}},
			Reasons: []verdict.Reason{
				{Rule: "H3", For: true, Text: "journey fails"}, {Rule: "H1", Text: "assets pass"}, {Rule: "H0", Text: "version passes"},
			},
		},
	}
}

// sent handles one event and returns the messages it asks for.
func sent(t *testing.T, channels []string, in incident.Incident, ev journal.Event) (action.Plan, []page.Message) {
	t.Helper()
	s := &page.Stage{Products: map[product.ID]product.Product{"shop": {ID: "shop", Notify: channels}}}
	plan, err := s.Handle(t.Context(), book{in.ID: in}, ev.About("shop", "", "", string(in.ID)))
	if err != nil {
		t.Fatal(err)
	}
	var out []page.Message
	for _, a := range plan.Actions {
		var m page.Message
		if err := a.Decode(&m); err != nil || m.Key != a.Key || a.Group == "" || a.Incident != string(in.ID) {
			t.Fatalf("action %+v, %v", a, err)
		}
		out = append(out, m)
	}
	return plan, out
}

func update(k journal.Kind, in incident.Incident, text string, evidence ...signal.Evidence) journal.Event {
	return journal.New(k, t0, incident.Update{Incident: in, Text: text, Evidence: evidence})
}

func TestOpenedPostsTextThenScreenshots(t *testing.T) {
	t.Parallel()
	shot := func(b string) signal.Evidence {
		return signal.Evidence{Kind: "screenshot", Blob: b, Type: "image/jpeg"}
	}
	_, got := sent(t, []string{"team", "mail"}, bad(), update(incident.EventOpened, bad(), "v2 broke Shop",
		signal.Evidence{Kind: "log", Blob: "l"}, shot("a"), shot("b"), shot("c")))
	var ops []string
	for _, m := range got {
		ops = append(ops, m.Channel+" "+string(m.Op))
	}
	want := []string{"team post", "team upload", "team upload", "mail post", "mail upload", "mail upload"}
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	facts := []page.Fact{
		{Label: "Product", Text: "shop"},
		{Label: "Release", Text: "v2"},
		{Label: "Suspect", Text: "release v2 abc"},
		{Label: "Suspect", Text: "configuration url"},
		{Label: "Evidence H3", Text: "journey fails"},
		{Label: "Against", Text: "assets pass"},
		{Label: "Rollback", Text: "advised"},
	}
	if diff := cmp.Diff(facts, got[0].Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestLaterNewsRepliesAndEditsTheRoot(t *testing.T) {
	t.Parallel()
	_, root := sent(t, []string{"team"}, bad(), update(incident.EventOpened, bad(), "x"))
	eased := bad()
	eased.Mitigated = t0
	_, got := sent(t, []string{"team"}, eased, update(incident.EventMitigated, eased, "recovered"))
	if len(got) != 2 || got[0].Op != page.Reply || got[1].Op != page.Edit || got[0].Root != root[0].Key || got[0].Key == got[1].Key {
		t.Errorf("messages %+v", got)
	}
	if last := got[0].Facts[len(got[0].Facts)-1]; last.Text != "not needed any more" {
		t.Errorf("rollback %q", last.Text)
	}
}

func TestWhoeverHasNoChannelIsSaidSo(t *testing.T) {
	t.Parallel()
	plan, got := sent(t, nil, bad(), update(incident.EventOpened, bad(), "x"))
	if len(got) != 0 || len(plan.Events) != 1 || plan.Events[0].Kind != page.EventUnheard {
		t.Errorf("plan %+v", plan)
	}
}

func TestOnlyDeploysAreToldOfActions(t *testing.T) {
	t.Parallel()
	done := func(lane action.Lane, st action.State) journal.Event {
		return journal.New(action.EventDone, t0, action.Action{Lane: lane, State: st, Title: "Roll back Shop", Error: "exit 1", Incident: "INC-1"})
	}
	if _, got := sent(t, []string{"team"}, bad(), done(action.LaneNotify, action.Done)); len(got) != 0 {
		t.Errorf("a message about a message: %+v", got)
	}
	for st, want := range map[action.State]string{
		action.Done: "Roll back Shop: done, now verifying", action.Failed: "Roll back Shop: failed: exit 1",
	} {
		if _, got := sent(t, []string{"team"}, bad(), done(action.LaneDeploy, st)); len(got) != 2 || got[0].Text != want {
			t.Errorf("%s: %+v", st, got)
		}
	}
}

// TestTextFromOutsideIsBounded: what pages say is neither endless nor able to
// move the reader's cursor.
func TestTextFromOutsideIsBounded(t *testing.T) {
	t.Parallel()
	evil := strings.Repeat("é\x1b[2J\u0000\r\nX", 5000) + "\xff"
	in := bad()
	in.Title, in.Verdict.Suspects[0].Name, in.Verdict.Reasons[0].Text, in.Verdict.Reasons[1].Text = evil, evil, evil, evil
	_, got := sent(t, []string{"team"}, in, update(incident.EventOpened, in, evil))
	m := got[0]
	texts := map[string]int{m.Title: 300, m.Text: 3000}
	for _, f := range m.Facts {
		texts[f.Text] = 500
	}
	for text, limit := range texts {
		if len(text) > limit || !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\x00\r") {
			t.Errorf("%d bytes, at most %d: %.60q", len(text), limit, text)
		}
	}
	if strings.Contains(m.Title, "\n") || !strings.Contains(m.Text, "\n") {
		t.Error("a title is one line, a text may have several")
	}
}
