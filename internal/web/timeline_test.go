package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// The steady passes of later rounds are folded; a failure among them never.
func TestReleaseStoryFoldsWhatIsSteady(t *testing.T) {
	t.Parallel()
	look := func(sec float64, o signal.Outcome) journal.Event {
		e := journal.New(signal.EventObserved, at(sec), signal.Signal{Kind: signal.Journey, Name: "book", Side: signal.New, Outcome: o, Summary: "says"})
		e.Seq = int64(sec * 10)
		return e
	}
	done := func(sec float64, k action.Kind, title string) journal.Event {
		e := journal.New(action.EventDone, at(sec), action.Action{Kind: k, Title: title, State: action.Done})
		e.Seq = int64(sec * 10)
		return e
	}
	events := []journal.Event{
		look(1, signal.Pass), done(1.1, watch.ActionLook, "Look at it"), look(3, signal.Pass), look(2, signal.Pass), look(4, signal.Fail), look(5, signal.Pass),
		done(6, page.ActionSend, "Page"), done(7, page.ActionSend, "Update"), done(8, page.ActionSend, "More"),
	}
	var got []string
	for _, l := range releaseStory(events) {
		got = append(got, l.Text)
	}
	want := []string{
		"Journey book on the new release: pass", "2 looks passed", "Journey book on the new release: fail",
		"Journey book on the new release: pass", "3 messages delivered",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("story (-want +got):\n%s", diff)
	}
}

func TestEntryMarks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, text, tone string }{
		{"verdict.reached", "verdict healthy: recovered", "good"},
		{"verdict.reached", "verdict broken_release: v2", "bad"},
		{"verdict.reached", "something else", "idle"},
		{"signal.observed", "journey fail on v2: step 2", "bad"},
		{"signal.observed", "probe pass: fine", "good"},
		{"signal.observed", "probe", "idle"},
		{"signal.observed", "assets broken: no browser", "warn"},
	} {
		if got := entryMark(incident.Entry{Kind: c.kind, Text: c.text}).Tone; got != c.tone {
			t.Errorf("%s %q is %s, want %s", c.kind, c.text, got, c.tone)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]heading{
		"v2 broke Shop: step 2: TypeError; suspect: config x → y": {"v2 broke Shop", "step 2: TypeError", "config x → y"},
		"Payments is down: answers 503":                           {"Payments is down", "answers 503", ""},
		"nothing to take apart":                                   {Head: "nothing to take apart"},
		"":                                                        {},
	} {
		if diff := cmp.Diff(want, cut(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}
