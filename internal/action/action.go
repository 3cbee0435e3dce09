// Package action is the log of effects on the world.
//
// Whatever Postflight does outside itself (a journey run, a message, a
// rollback) is an action row, written in the same transaction as the decision
// and before it is a request. Workers claim rows by lease, perform them, and
// the result goes back as an event. The key makes an effect happen once: a
// second action with the same key is dropped by the store. The package holds
// the values and the rules of retry; it performs nothing.
package action

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/journal"
)

// Kind names what is performed, as "room.verb".
type Kind string

// State is where an action stands.
type State string

// The states. Proposed waits for a person's approval.
const (
	Proposed  State = "proposed"
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Lane keeps one sort of work from starving another.
type Lane string

// The lanes, each with its own workers.
const (
	LaneConfirm  Lane = "confirm"  // decides a release's verdict: never starved
	LaneJourney  Lane = "journey"  // a release's journeys
	LaneVerify   Lane = "verify"   // a rollback's journeys
	LaneRecheck  Lane = "recheck"  // what failed, or may, while nothing is released
	LaneStanding Lane = "standing" // journeys while nothing is released: the last in the row
	LaneCheck    Lane = "check"    // crawls and reads
	LaneNotify   Lane = "notify"
	LaneDeploy   Lane = "deploy"
)

// Action is one effect. Stored as JSON; fields may be added.
type Action struct {
	// Key is the idempotency key and the identity: "kind/…".
	Key      string `json:"key"`
	Kind     Kind   `json:"kind"`
	Lane     Lane   `json:"lane"`
	Title    string `json:"title"` // what a person reads in the timeline
	Product  string `json:"product,omitempty"`
	Release  string `json:"release,omitempty"`
	Watch    string `json:"watch,omitempty"`
	Incident string `json:"incident,omitempty"`
	// Group serialises: of one group, one action runs at a time, in the order
	// queued. Empty means free.
	Group   string          `json:"group,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
	State   State           `json:"state"`
	Queued  time.Time       `json:"queued"`
	Due     time.Time       `json:"due"` // not before
	// Expires refuses stale work: not started after this; zero means never.
	Expires time.Time     `json:"expires,omitzero"`
	Lease   time.Duration `json:"lease"` // longer than one attempt may take
	Retry   Retry         `json:"retry"`
	// Quiet actions end in silence when they succeed: the events of their
	// outcome say all there is.
	Quiet bool `json:"quiet,omitempty"`
	// Claimed state, written by the store.
	Attempt int `json:"attempt"`
	// Uncertain counts the attempts whose end nobody saw: the worker died or
	// lost its lease, so the effect may have happened. Whoever performs the
	// next attempt must say so, or ask the other side first.
	Uncertain  int             `json:"uncertain,omitempty"`
	LeaseUntil time.Time       `json:"lease_until,omitzero"`
	Finished   time.Time       `json:"finished,omitzero"`
	Result     json.RawMessage `json:"result,omitempty"`
	Error      string          `json:"error,omitempty"`
}

// Retry says how often and how long a failed attempt is tried again.
type Retry struct {
	Max   int           `json:"max"`   // attempts in all; 0 means 1
	Until time.Time     `json:"until"` // no attempt after this; zero means no bound
	First time.Duration `json:"first"` // pause after the first failure; doubles
	Cap   time.Duration `json:"cap"`   // longest pause
}

// Next returns when the attempt after the given one (1-based) may start and
// whether there is one. After is the other side's Retry-After, or zero.
func (r Retry) Next(attempt int, now time.Time, after time.Duration) (time.Time, bool) {
	if attempt >= max(r.Max, 1) {
		return time.Time{}, false
	}
	pause := max(r.First, time.Millisecond)
	for range attempt - 1 {
		if pause *= 2; r.Cap > 0 && pause >= r.Cap {
			pause = r.Cap
			break
		}
	}
	at := now.Add(max(pause, after))
	if !r.Until.IsZero() && at.After(r.Until) {
		return time.Time{}, false
	}
	return at, true
}

// Encode sets the payload from one of our own structs.
func (a Action) Encode(payload any) Action {
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("action: encode %s: %v", a.Kind, err))
	}
	a.Payload = raw
	return a
}

// Decode reads the payload into v.
func (a Action) Decode(v any) error {
	if err := json.Unmarshal(a.Payload, v); err != nil {
		return fmt.Errorf("decode action %s: %w", a.Key, err)
	}
	return nil
}

// EventDone is appended when an action ends in done, failed or cancelled. Its
// data is the Action with its result.
const EventDone journal.Kind = "action.done"

// EventRetry is appended when an attempt failed and another will follow.
const EventRetry journal.Kind = "action.retry"

// Plan is what a stage decided in one event: written by the stage's runner in
// the transaction that moves the stage's cursor, so it happens once or not at
// all.
type Plan struct {
	Events  []journal.Event
	Due     []journal.Due
	Drop    []string // keys of due events to cancel
	Actions []Action
	Cancel  []string // keys of queued or proposed actions to cancel
}

// Add appends the other plan's decisions.
func (p *Plan) Add(o Plan) {
	p.Events = append(p.Events, o.Events...)
	p.Due = append(p.Due, o.Due...)
	p.Drop = append(p.Drop, o.Drop...)
	p.Actions = append(p.Actions, o.Actions...)
	p.Cancel = append(p.Cancel, o.Cancel...)
}

// Outcome is what a performer reports of one attempt.
type Outcome struct {
	// Err is nil on success. Permanent errors are not tried again.
	Err       error
	Permanent bool
	After     time.Duration   // the other side's Retry-After
	Result    json.RawMessage // kept on the action
	Events    []journal.Event // appended in the transaction that ends the attempt
}
