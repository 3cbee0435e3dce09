package incident

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// tells reports whether events of this kind stand in timelines.
func tells(k journal.Kind) bool {
	switch k {
	case release.EventDeployed, release.EventPinned, release.EventUnpinned, release.EventEnriched,
		watch.EventOpened, watch.EventRaised, watch.EventEnded, signal.EventObserved, verdict.EventReached,
		action.EventDone, action.EventRetry, scope.EventBound, scope.EventShipped, scope.EventContradicted,
		EventOpened, EventJoined, EventReopened, EventAcknowledged, EventMitigated, EventResolved,
		EventFalseAlarm, EventNoted, EventSeverity,
		"rollback.requested", "rollback.refused", "postmortem.drafted":
		return true
	}
	return false
}

// tell writes the event into the timeline of every open incident that it is
// about. An incident that was just closed by the event still hears of it.
func (s *Stage) tell(ctx context.Context, db Store, ev journal.Event) error {
	open, err := db.OpenIncidents(ctx, product.ID(ev.Product))
	if err != nil {
		return fmt.Errorf("timelines of %s: %w", ev.Product, err)
	}
	known := false
	for _, in := range open {
		known = known || string(in.ID) == ev.Incident
	}
	if ev.Incident != "" && !known {
		in, err := db.Incident(ctx, ID(ev.Incident))
		if err != nil {
			return err
		}
		open = append(open, in)
	}
	for _, in := range open {
		if !in.about(ev) {
			continue
		}
		if e, ok := entry(in, ev); ok {
			if err := db.AddEntry(ctx, e); err != nil {
				return fmt.Errorf("timeline of %s: %w", in.ID, err)
			}
		}
	}
	return nil
}

// about reports whether an event belongs to the incident's story.
func (in Incident) about(ev journal.Event) bool {
	if ev.Incident != "" {
		return ev.Incident == string(in.ID)
	}
	switch ev.Release {
	case "":
		return ev.Watch != "" && ev.Watch == in.Watch
	case string(in.Release), string(in.Fix):
		return true
	}
	return ev.Watch != "" && ev.Watch == in.Watch
}

// Line is the line that an event makes in the incident's timeline; false when
// it makes none.
func Line(in Incident, ev journal.Event) (Entry, bool) { return entry(in, ev) }

// entry puts an event into words; false when it says nothing worth a line.
func entry(in Incident, ev journal.Event) (Entry, bool) {
	e := Entry{Incident: in.ID, Seq: ev.Seq, At: ev.At, Kind: string(ev.Kind)}
	switch ev.Kind {
	case release.EventDeployed, release.EventEnriched:
		return e.ofRelease(ev)
	case release.EventPinned, release.EventUnpinned:
		var p release.Pin
		if ev.Decode(&p) != nil {
			return e, false
		}
		e.Text, e.By = fmt.Sprintf("pinned to %s; %s is held back", p.Version, p.Bad), p.By
		if ev.Kind == release.EventUnpinned {
			e.Text = fmt.Sprintf("pin lifted; %s may be released again", p.Bad)
		}
	case watch.EventOpened, watch.EventRaised:
		var w watch.Watch
		if ev.Decode(&w) != nil {
			return e, false
		}
		e.Text = fmt.Sprintf("watching %s until %s", w.Version, w.Until.UTC().Format("15:04:05"))
		if w.Sensitive() {
			e.Text += ", at high sensitivity: " + w.Reason()
		}
	case pipeline.EventJudged:
		var st pipeline.Standing
		if ev.Decode(&st) != nil {
			return e, false
		}
		e.Text = st.Say()
	case signal.EventObserved:
		return e.ofSignal(ev)
	case verdict.EventReached:
		var v verdict.Verdict
		if ev.Decode(&v) != nil {
			return e, false
		}
		e.Text = fmt.Sprintf("verdict %s: %s", v.State, v.Summary)
	case action.EventDone, action.EventRetry:
		return e.ofAction(ev)
	case EventOpened, EventJoined, EventReopened, EventAcknowledged, EventMitigated, EventResolved,
		EventFalseAlarm, EventNoted, EventSeverity:
		var u Update
		if ev.Decode(&u) != nil {
			return e, false
		}
		e.Text, e.By, e.Evidence = u.Text, u.By, u.Evidence
		if ev.Kind == EventOpened {
			e.Text = fmt.Sprintf("%s opened, severity %d: %s", u.Incident.ID, u.Incident.Severity, u.Text)
		}
	default:
		return e.ofText(ev)
	}
	return e, e.Text != ""
}

func (e Entry) ofRelease(ev journal.Event) (Entry, bool) {
	var r release.Release
	if ev.Decode(&r) != nil {
		return e, false
	}
	e.By = r.By
	switch {
	case ev.Kind == release.EventEnriched:
		e.Text = fmt.Sprintf("the pipeline told more of %s: commit %s", r.Version, r.Short())
	case r.Source == release.Rollback:
		e.Text = fmt.Sprintf("%s is live again: pointer moved back", r.Version)
	case r.Source == release.Noticed:
		e.Text = fmt.Sprintf("%s went live: noticed in the served version", r.Version)
	default:
		e.Text = fmt.Sprintf("%s went live", r.Version)
		if r.Commit != "" {
			e.Text += ", commit " + r.Short()
		}
	}
	if r.Violates != nil {
		e.Text += fmt.Sprintf(" although it was held back: %s", r.Violates.Reason)
	}
	for _, c := range r.Config {
		e.Text += "; configuration: " + c
	}
	return e, true
}

// ofSignal tells failures, and what passed after one: the steady green of
// every round would bury the story.
func (e Entry) ofSignal(ev journal.Event) (Entry, bool) {
	var s signal.Signal
	if ev.Decode(&s) != nil {
		return e, false
	}
	if s.Outcome == signal.Pass && !s.Confirm && s.Round > 1 {
		return e, false
	}
	if s.Kind == signal.Boot && s.Outcome == signal.Pass {
		return e, false
	}
	e.Text = fmt.Sprintf("%s %s", s.Kind, s.Outcome)
	if s.Served != "" {
		e.Text += " on " + s.Served
	}
	e.Text += ": " + s.Summary
	for _, x := range s.Evidence {
		if len(e.Evidence) < 4 {
			e.Evidence = append(e.Evidence, x)
		}
	}
	return e, true
}

// ofAction tells messages and rollbacks; a look's result is told by its signal.
func (e Entry) ofAction(ev journal.Event) (Entry, bool) {
	var a action.Action
	if ev.Decode(&a) != nil || a.Kind == watch.ActionLook {
		return e, false
	}
	e.Text = a.Title
	switch {
	case ev.Kind == action.EventRetry:
		e.Text += fmt.Sprintf(": attempt %d failed, trying again: %s", a.Attempt, a.Error)
	case a.State == action.Done:
		e.Text += ": done"
		if a.Attempt > 1 {
			e.Text += fmt.Sprintf(" (attempt %d)", a.Attempt)
		}
	default:
		e.Text += fmt.Sprintf(": %s: %s", a.State, a.Error)
	}
	return e, true
}

// ofText tells the events of higher rooms, which bring their own words.
func (e Entry) ofText(ev journal.Event) (Entry, bool) {
	var said struct {
		Text   string `json:"text"`
		By     string `json:"by"`
		Reason string `json:"reason"`
		Hint   string `json:"hint"`
	}
	if ev.Decode(&said) != nil {
		return e, false
	}
	e.By = said.By
	switch {
	case said.Text != "":
		e.Text = said.Text
	case ev.Kind == "rollback.requested":
		e.Text = "rollback asked for by " + said.By
	case ev.Kind == "rollback.refused":
		e.Text = withText("not rolled back", said.Reason)
		if said.Hint != "" {
			e.Text += " (" + said.Hint + ")"
		}
	case ev.Kind == "postmortem.drafted":
		e.Text = "postmortem drafted"
	}
	return e, e.Text != ""
}
