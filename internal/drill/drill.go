// Package drill plays a known failure on a product made for it, and measures
// how the house reacts.
//
// It knows the scenarios' expected ends, checks that playing is safe (steady
// state, one drill at a time, only a product that says it may be drilled) and
// keeps the score card from the same events that everybody sees. The fault
// itself is put in by an action; nothing here touches a product.
package drill

import (
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/verdict"
)

// ID names one played drill.
type ID string

// Expected is the right end of a scenario.
type Expected struct {
	Verdict   verdict.State `json:"verdict"`
	Rollback  bool          `json:"rollback"`
	Page      bool          `json:"page"`
	FirstRule []string      `json:"first_rule,omitempty"` // any of these rules must stand first
	Names     string        `json:"names,omitempty"`      // must be named in the page: provider, configuration key
}

// Scenario is a failure that can be played.
type Scenario struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	About    string   `json:"about"`
	Expected Expected `json:"expected"`
}

// State of a drill.
type State string

// The states of a drill.
const (
	Playing State = "playing"
	Passed  State = "passed"
	Missed  State = "missed"  // an expectation was not met
	Aborted State = "aborted" // no result
)

// Drill is one played scenario with its score card. Stored as JSON.
type Drill struct {
	ID       ID         `json:"id"`
	Scenario Scenario   `json:"scenario"`
	Product  product.ID `json:"product"`
	State    State      `json:"state"`
	By       string     `json:"by"`
	Started  time.Time  `json:"started"`
	Release  release.ID `json:"release,omitempty"`
	Incident string     `json:"incident,omitempty"`
	// The clock. Fault is the commit of the bad pointer, or the provider's
	// death; the others are zero until they happened.
	Fault      time.Time     `json:"fault,omitzero"`
	Evidence   time.Time     `json:"evidence,omitzero"` // first failing signal
	Detected   time.Time     `json:"detected,omitzero"` // verdict
	Paged      time.Time     `json:"paged,omitzero"`    // first page accepted by its channel
	RolledBack time.Time     `json:"rolled_back,omitzero"`
	Verified   time.Time     `json:"verified,omitzero"`
	Ended      time.Time     `json:"ended,omitzero"`
	Verdict    verdict.State `json:"verdict,omitempty"`
	First      string        `json:"first,omitempty"` // the first evidence, in words
	Findings   []string      `json:"findings,omitempty"`
}

// The actions of a drill: Inject puts the fault in, Restore takes it out.
const (
	ActionInject  action.Kind = "drill.inject"
	ActionRestore action.Kind = "drill.restore"
)

// Injected is the result of ActionInject.
type Injected struct {
	At time.Time `json:"at"` // when the fault became live
	// Release is the ledger's id of what was released, if something was.
	Release  release.ID `json:"release,omitempty"`
	Version  string     `json:"version,omitempty"`
	Commit   string     `json:"commit,omitempty"`
	Config   []string   `json:"config_changes,omitempty"`
	Provider string     `json:"provider,omitempty"`
}

// The events of this room; data is the Drill.
const (
	EventStarted  journal.Kind = "drill.started"
	EventEnded    journal.Kind = "drill.ended"
	EventDeadline journal.Kind = "drill.deadline" // due
)

// Announcement is what the drill's pipeline tells the ledger.
func (in Injected) Announcement(d Drill) release.Announcement {
	return release.Announcement{
		Product: d.Product, Version: in.Version, Commit: in.Commit, Config: in.Config, By: "drill " + string(d.ID),
	}
}
