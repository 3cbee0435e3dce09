package incident

import (
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

type signalEvidence = signal.Evidence

// maxText bounds what a person may write at once, in bytes.
const maxText = 10_000

// severity of a verdict: 1 when the product does not come up, 2 when a
// journey or its parts fail, 3 when only open tabs or a provider suffer.
func severity(v verdict.Verdict) Severity {
	worst := Severity(3)
	for _, r := range v.Reasons {
		if !r.For {
			continue
		}
		switch r.Rule {
		case verdict.RuleBoot, verdict.RuleHealth:
			return 1
		case verdict.RuleJourney, verdict.RuleAssets:
			worst = 2
		}
	}
	return worst
}

// evidence collects the artifacts behind a verdict, the most telling first.
func evidence(v verdict.Verdict) []signal.Evidence {
	var out []signal.Evidence
	seen := map[string]bool{}
	for _, r := range v.Reasons {
		for _, e := range r.Evidence {
			if !seen[e.Blob] && len(out) < 8 {
				seen[e.Blob] = true
				out = append(out, e)
			}
		}
	}
	return out
}

// Obey returns the incident after a person's command and the event that tells
// it. A command that makes no sense now is a Conflict, an unknown one or an
// empty note Invalid.
func (in Incident) Obey(c Command, now time.Time) (Incident, journal.Event, error) {
	var none journal.Event
	if len(c.Text) > maxText {
		return in, none, fault.Newf(fault.Invalid, "a text may have at most %d bytes", maxText)
	}
	if in.State.Closed() && c.Verb != Note {
		return in, none, fault.New(fault.Conflict, fmt.Sprintf("%s is closed (%s)", in.ID, in.State),
			"a note can still be added")
	}
	kind, text := EventNoted, c.Text
	switch c.Verb {
	case Acknowledge:
		if in.Held {
			return in, none, fault.New(fault.Conflict, fmt.Sprintf("%s is acknowledged by %s already", in.ID, in.By), "")
		}
		in.Held, in.By, in.Acknowledged = true, c.By, now
		if in.State == Triggered {
			in.State = Acknowledged
		}
		kind, text = EventAcknowledged, "acknowledged by "+c.By
	case Resolve:
		in.State, in.Resolved = Resolved, now
		if in.Mitigated.IsZero() {
			in.Mitigated = now
		}
		kind, text = EventResolved, withText("resolved by "+c.By, c.Text)
	case Dismiss:
		in.State, in.Resolved = FalseAlarm, now
		kind, text = EventFalseAlarm, withText("called a false alarm by "+c.By, c.Text)
	case Note:
		if c.Text == "" {
			return in, none, fault.New(fault.Invalid, "a note needs text", "")
		}
	case SetSeverity:
		if c.Severity < 1 || c.Severity > 4 {
			return in, none, fault.New(fault.Invalid, "severity must be 1, 2, 3 or 4", "1 is the worst")
		}
		text = fmt.Sprintf("severity %d → %d by %s", in.Severity, c.Severity, c.By)
		in.Severity, kind = c.Severity, EventSeverity
	default:
		return in, none, fault.Newf(fault.Invalid, "unknown verb %q", c.Verb)
	}
	return in, in.event(kind, now, text, c.By, nil), nil
}

func withText(s, text string) string {
	if text == "" {
		return s
	}
	return s + ": " + text
}
