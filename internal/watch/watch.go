// Package watch opens a window on a release: what to look at, how often,
// until when, and what to look at again when something fails.
//
// It plans looks (journeys, crawls, reads, probes) as actions and never
// performs one; it does not judge what comes back, except to ask for the
// confirming looks that a verdict needs (three on the new release, two on the
// old one). A product also has a standing watch, open for ever, for what
// breaks when nothing is released.
package watch

import (
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
)

// ID names a watch.
type ID string

// Kind of watch.
type Kind string

// The kinds of watch.
const (
	KindRelease  Kind = "release"  // a new version went live
	KindVerify   Kind = "verify"   // a rollback went live: did it help?
	KindStanding Kind = "standing" // nothing was released
)

// State of a watch.
type State string

// The states of a watch.
const (
	Open       State = "open"
	Ended      State = "ended"      // its window is over
	Superseded State = "superseded" // another release went live
)

// Watch is one window. Stored as JSON; fields may be added.
type Watch struct {
	ID       ID         `json:"id"`
	Kind     Kind       `json:"kind"`
	Product  product.ID `json:"product"`
	Release  release.ID `json:"release,omitempty"`
	Version  string     `json:"version,omitempty"`
	Previous release.ID `json:"previous,omitempty"` // the release compared with
	Against  string     `json:"against,omitempty"`  // its version
	State    State      `json:"state"`
	Opened   time.Time  `json:"opened"`
	Until    time.Time  `json:"until,omitzero"` // zero for a standing watch
	Ended    time.Time  `json:"ended,omitzero"`
	Round    int        `json:"round"`
	// Asked is the round in which a failing thing ("journey/book") was first
	// asked for confirmation, and notes on things: "passed/", "again/",
	// "confirms/" and "try/" before their names.
	Asked map[string]int `json:"asked,omitempty"`
	// Extended counts how often the window went on because it was not watched.
	Extended int `json:"extended,omitempty"`
	// Flakes is what was known of the journeys' flakes when the watch was
	// opened, by journey; of a standing watch, what is known now.
	Flakes map[string]flake.Record `json:"flakes,omitempty"`
	// Suspect is the step at which a journey fails for now, until it is known
	// whether it is a flake.
	Suspect map[string]string `json:"suspect,omitempty"`
	// Met is when the expected version was first really served.
	Met time.Time `json:"met,omitzero"`
	// Sensitivity is set of a watch that is longer and denser than usual.
	Sensitivity *Sensitivity `json:"sensitivity,omitempty"`
	// Shipped is, of a standing watch, the last release of another product that
	// shipped this one along.
	Shipped *scope.Shipment `json:"shipped,omitempty"`
}

// Look is one observation to make; the payload of ActionLook.
type Look struct {
	Watch   ID          `json:"watch"`
	Product product.ID  `json:"product"`
	Release release.ID  `json:"release,omitempty"`
	Kind    signal.Kind `json:"kind"`
	Name    string      `json:"name"`
	Side    signal.Side `json:"side,omitempty"`
	Version string      `json:"version,omitempty"` // version that should be met; "" any
	Base    string      `json:"base"`              // address to look at
	Round   int         `json:"round"`
	Confirm bool        `json:"confirm,omitempty"`
	Trace   bool        `json:"trace,omitempty"` // also record a trace of the browser
	Try     int         `json:"try,omitempty"`   // looks that met another version before this one
	URLs    []string    `json:"urls,omitempty"`  // previous_assets: what to fetch
}

// Thing names what a look looks at, without its round: "journey/book/new".
func (l Look) Thing() string {
	return string(l.Kind) + "/" + l.Name + "/" + string(l.Side)
}

// ActionLook asks a worker to look and report a signal.
const ActionLook action.Kind = "watch.look"

// The events of this room. Data is the Watch; EventTick and EventClose are
// due events.
const (
	EventOpened   journal.Kind = "watch.opened"
	EventRaised   journal.Kind = "watch.raised" // to high sensitivity, while it is open
	EventTick     journal.Kind = "watch.tick"
	EventClose    journal.Kind = "watch.close"
	EventEnded    journal.Kind = "watch.ended"
	EventStanding journal.Kind = "watch.standing" // at start, one a product
)

// StandingID is the id of a product's standing watch.
func StandingID(p product.ID) ID { return ID("standing-" + string(p)) }
