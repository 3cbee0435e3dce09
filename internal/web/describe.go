package web

import (
	"strconv"
	"strings"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// told is one journal event in a person's words.
type told struct {
	mark
	Text  string
	Extra string
}

// tell puts an event into words. An event that cannot be read, or of a kind
// that is not known, is shown by its name: never left out.
func tell(e journal.Event) told {
	fallback := told{mark{"idle", "dot", string(e.Kind)}, words(string(e.Kind)), ""}
	room, _, _ := strings.Cut(string(e.Kind), ".")
	var t told
	var err error
	switch room {
	case "release":
		t, err = tellRelease(e)
	case "watch":
		t, err = tellWatch(e)
	case "pipeline":
		var st pipeline.Standing
		err = e.Decode(&st)
		if e.Kind == pipeline.EventJudged {
			t = told{trustMark(st.State), "Pipeline: " + strings.ToLower(trustMark(st.State).Word), st.Say()}
		}
	case "scope":
		t, err = tellScope(e)
	case "signal":
		t, err = tellSignal(e)
	case "verdict":
		var v verdict.Verdict
		err = e.Decode(&v)
		t = told{verdictMark(v.State), "Verdict: " + strings.ToLower(verdictMark(v.State).Word), v.Summary}
	case "incident":
		t, err = tellIncident(e)
	case "rollback":
		t, err = tellRollback(e)
	case "action":
		t, err = tellAction(e)
	case "drill":
		var d drill.Drill
		err = e.Decode(&d)
		t = told{drillMark(d.State), "Drill " + strings.ToLower(drillMark(d.State).Word), d.Scenario.Title}
	}
	if err != nil || t.Text == "" {
		return fallback
	}
	return t
}

func tellRelease(e journal.Event) (told, error) {
	if e.Kind == release.EventPinned || e.Kind == release.EventUnpinned {
		var p release.Pin
		err := e.Decode(&p)
		if e.Kind == release.EventUnpinned {
			return told{mark{"idle", "pin", "Pin"}, "Pin removed", "was held at " + p.Version}, err
		}
		return told{mark{"warn", "pin", "Pin"}, "Pinned to " + p.Version, p.Reason}, err
	}
	var r release.Release
	err := e.Decode(&r)
	if r.Source == release.Rollback {
		return told{mark{"busy", "back", "Rollback"}, r.Version + " is live again", sourceWord(r.Source)}, err
	}
	return told{mark{"busy", "rocket", "Release"}, r.Version + " is live", sourceWord(r.Source)}, err
}

func tellWatch(e journal.Event) (told, error) {
	var w watch.Watch
	err := e.Decode(&w)
	switch e.Kind {
	case watch.EventOpened:
		extra := ""
		if w.Sensitive() {
			extra = "at high sensitivity: " + w.Reason()
		}
		return told{mark{"busy", "eye", "Watch"}, "Watch opened on " + w.Version, extra}, err
	case watch.EventRaised:
		return told{mark{"warn", "eye", "Watch"}, "Watch raised to high sensitivity", w.Reason()}, err
	case watch.EventEnded:
		return told{mark{"idle", "eye", "Watch"}, "Watch " + string(w.State) + " after " + count(w.Round, "round"), ""}, err
	case watch.EventTick:
		return told{mark{"idle", "dot", "Watch"}, "Next round of looks", ""}, err
	}
	return told{}, err
}

func tellSignal(e journal.Event) (told, error) {
	if e.Kind == signal.EventNoticed {
		var n signal.Noticed
		err := e.Decode(&n)
		return told{mark{"busy", "rocket", "Version"}, "Served version is now " + n.Version, "before: " + n.Before}, err
	}
	var s signal.Signal
	err := e.Decode(&s)
	text := kindWord(s.Kind)
	if s.Kind == signal.Journey || s.Kind == signal.Probe || s.Kind == signal.Boot {
		text += " " + s.Name // the others have one name, their kind
	}
	if s.Side != signal.None {
		text += " on the " + string(s.Side) + " release"
	}
	return told{outcomeMark(s.Outcome), text + ": " + strings.ToLower(outcomeMark(s.Outcome).Word), s.Summary}, err
}

func tellIncident(e journal.Event) (told, error) {
	if e.Kind == incident.EventCommand {
		var c incident.Command
		err := e.Decode(&c)
		return told{mark{"idle", "hand", "Command"}, c.By + ": " + strings.ToLower(words(string(c.Verb))), c.Text}, err
	}
	var u incident.Update
	err := e.Decode(&u)
	text := string(u.Incident.ID) + " " + strings.ToLower(words(strings.TrimPrefix(string(e.Kind), "incident.")))
	return told{incidentMark(u.Incident.State), text, u.Text}, err
}

func tellRollback(e journal.Event) (told, error) {
	if e.Kind == rollback.EventRefused {
		var r rollback.Refusal
		err := e.Decode(&r)
		return told{mark{"warn", "back", "Rollback"}, "No rollback: " + r.Reason, r.Hint}, err
	}
	var o rollback.Order
	err := e.Decode(&o)
	return told{mark{"busy", "back", "Rollback"}, "Rollback asked for by " + o.By, o.Reason}, err
}

func tellAction(e journal.Event) (told, error) {
	var a action.Action
	err := e.Decode(&a)
	text := a.Title
	if text == "" {
		text = words(string(a.Kind))
	}
	m := actionMark(a.State)
	if e.Kind == action.EventRetry {
		return told{mark{"warn", "clock", "Retry"}, text + ": attempt " + strconv.Itoa(a.Attempt) + " failed, will be tried again", a.Error}, err
	}
	return told{m, text + ": " + strings.ToLower(m.Word), a.Error}, err
}
