// Package incident keeps what goes wrong: opened once for one cause, joined
// by later signals, acknowledged, mitigated, resolved, and with a timeline of
// everything that happened and where the evidence is.
//
// It decides states and writes the timeline. It tells nobody (the page room
// does) and repairs nothing (the rollback room does).
package incident

import (
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

// ID names an incident; people read and type it: "INC-12".
type ID string

// State of an incident.
type State string

// The states, in their order; false alarm is a side exit.
const (
	Triggered    State = "triggered"
	Acknowledged State = "acknowledged"
	Mitigated    State = "mitigated" // users are no longer hurt
	Resolved     State = "resolved"
	FalseAlarm   State = "false_alarm"
)

// Closed reports whether nothing more is expected.
func (s State) Closed() bool { return s == Resolved || s == FalseAlarm }

// Severity from 1 (worst) to 4. Raised by measurement, lowered by people.
type Severity int

// Incident is one row. Stored as JSON; fields may be added.
type Incident struct {
	ID      ID         `json:"id"`
	Key     string     `json:"key"` // what later signals join by
	Product product.ID `json:"product"`
	Release release.ID `json:"release,omitempty"`
	Version string     `json:"version,omitempty"`
	Watch   string     `json:"watch,omitempty"`
	// Fix is the release that should repair it: a rollback, or a newer version.
	Fix   release.ID `json:"fix,omitempty"`
	Title string     `json:"title"`
	State State      `json:"state"`
	// Held is true once a person acknowledged: it is not resolved by itself.
	Held     bool            `json:"held,omitempty"`
	By       string          `json:"by,omitempty"` // who acknowledged
	Severity Severity        `json:"severity"`
	Measured Severity        `json:"measured,omitempty"` // the worst that was measured
	Drill    string          `json:"drill,omitempty"`
	Verdict  verdict.Verdict `json:"verdict"` // the worst one so far
	Reopened int             `json:"reopened,omitempty"`
	// The clock of the incident. Impact is the first failing signal, at the
	// latest the detection.
	Impact       time.Time `json:"impact,omitzero"`
	Detected     time.Time `json:"detected,omitzero"`
	Paged        time.Time `json:"paged,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Acted        time.Time `json:"acted,omitzero"` // pointer moved back
	Mitigated    time.Time `json:"mitigated,omitzero"`
	Resolved     time.Time `json:"resolved,omitzero"`
}

// Entry is one line of the timeline, of one journal event.
type Entry struct {
	Incident ID                `json:"incident"`
	Seq      int64             `json:"seq"` // of the journal event it tells
	At       time.Time         `json:"at"`
	Kind     string            `json:"kind"`
	Text     string            `json:"text"`
	By       string            `json:"by,omitempty"`
	Evidence []signal.Evidence `json:"evidence,omitempty"`
}

// The events of this room. Data is an Update, but for commands, whose data is
// a Command.
const (
	EventOpened       journal.Kind = "incident.opened"
	EventJoined       journal.Kind = "incident.joined"
	EventReopened     journal.Kind = "incident.reopened"
	EventAcknowledged journal.Kind = "incident.acknowledged"
	EventMitigated    journal.Kind = "incident.mitigated"
	EventResolved     journal.Kind = "incident.resolved"
	EventFalseAlarm   journal.Kind = "incident.false_alarm"
	EventNoted        journal.Kind = "incident.noted"
	EventSeverity     journal.Kind = "incident.severity"
	EventHoldOver     journal.Kind = "incident.hold_over" // due
	EventCommand      journal.Kind = "incident.command"   // from a person
)

// Update tells that an incident changed.
type Update struct {
	Incident Incident `json:"incident"`
	Text     string   `json:"text"`
	By       string   `json:"by,omitempty"`
	// Signal is the observation behind it, if one is: pages show its evidence.
	Evidence []signal.Evidence `json:"evidence,omitempty"`
}

// Verb is what a person asks for.
type Verb string

// The verbs of a person.
const (
	Acknowledge Verb = "acknowledge"
	Resolve     Verb = "resolve"
	Note        Verb = "note"
	Dismiss     Verb = "false_alarm"
	SetSeverity Verb = "severity"
)

// Command is what a person asked for.
type Command struct {
	Verb     Verb     `json:"verb"`
	By       string   `json:"by"`
	Text     string   `json:"text,omitempty"`
	Severity Severity `json:"severity,omitempty"`
}
