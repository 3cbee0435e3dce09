// Package journal is the order of things: events that happened, and events
// that are due later.
//
// Data goes up through the journal: a stage handles the events after its
// cursor, and in one transaction writes its projection, new events and the
// cursor. A deadline is an event due later, so a restart loses none. The
// package holds the values and an in-memory twin for tests; the store keeps
// the real ones.
package journal

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind names what happened, as "room.what".
type Kind string

// Event is something that happened. Events are never changed or removed
// before their retention ends; Data's fields may be added to, never renamed.
type Event struct {
	Seq int64     `json:"seq"` // set by the store, strictly increasing in commit order
	At  time.Time `json:"at"`
	// Kind decides what Data holds.
	Kind     Kind            `json:"kind"`
	Product  string          `json:"product,omitempty"`
	Release  string          `json:"release,omitempty"`
	Watch    string          `json:"watch,omitempty"`
	Incident string          `json:"incident,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// Due is an event that will be appended at At unless cancelled. Key is
// unique: scheduling the same key again replaces the former one.
type Due struct {
	Key   string
	At    time.Time
	Event Event
}

// New returns an event of this kind with data encoded as JSON. Data must be
// encodable: it is one of our own structs, so anything else is a bug and
// panics.
func New(kind Kind, at time.Time, data any) Event {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("journal: encode %s: %v", kind, err))
	}
	return Event{Kind: kind, At: at, Data: raw}
}

// Decode reads the event's data into v.
func (e Event) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("decode event %d %s: %w", e.Seq, e.Kind, err)
	}
	return nil
}

// About returns the event with its references set.
func (e Event) About(product, release, watch, incident string) Event {
	e.Product, e.Release, e.Watch, e.Incident = product, release, watch, incident
	return e
}
