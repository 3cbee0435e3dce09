// Package verdict decides, from the signals of a watch, whether this release
// broke production.
//
// It is pure: signals in, verdict out, with the reasons for and against and
// what was not seen. No data is never healthy: a watch without evidence ends
// inconclusive and says what is missing. Blame needs a difference: what fails
// on the new release and passes on the old one. The incident, rollback and
// ledger rooms act on what it says; it acts on nothing.
package verdict

import (
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// State is what is claimed of a release.
type State string

// The states. Observing is no claim yet.
const (
	Observing         State = "observing"
	Healthy           State = "healthy"
	BrokenRelease     State = "broken_release"
	BrokenEnvironment State = "broken_environment"
	NotDeployed       State = "not_deployed"
	Inconclusive      State = "inconclusive"
)

// Broken reports whether people must be told.
func (s State) Broken() bool { return s == BrokenRelease || s == BrokenEnvironment }

// Rule names the signal that a reason rests on.
type Rule string

// The hard signals. H5 to H7 are statistical and come with telemetry.
const (
	RuleVersion  Rule = "H0" // served version is not the expected one
	RuleAssets   Rule = "H1" // an asset of the new release is broken
	RuleSkew     Rule = "H2" // an asset of the previous release is gone
	RuleJourney  Rule = "H3" // a journey fails on new and passes on old
	RuleBoot     Rule = "H4" // pages die before they are ready
	RuleHealth   Rule = "H8" // the product does not answer
	RuleProvider Rule = "provider"
	RuleCoverage Rule = "coverage" // what was not looked at
	RuleCI       Rule = "ci"       // the release's pipeline is no evidence: a suspicion, never proof
)

// Reason is one sentence for or against the verdict, with its evidence.
type Reason struct {
	Rule Rule `json:"rule"`
	// For is true when the reason supports the state, false when it speaks
	// against it.
	For     bool        `json:"for"`
	Text    string      `json:"text"`
	At      time.Time   `json:"at"` // when the first signal behind it was seen
	Signals []signal.ID `json:"signals,omitempty"`
	// Evidence is the artifacts that show it: screenshots on new and old.
	Evidence []signal.Evidence `json:"evidence,omitempty"`
}

// Suspect is a change that may be the cause, with the evidence both ways.
type Suspect struct {
	Kind    string   `json:"kind"` // release, configuration, integration
	Name    string   `json:"name"`
	Detail  string   `json:"detail,omitempty"`
	For     []string `json:"for,omitempty"`
	Against []string `json:"against,omitempty"`
}

// Verdict is one judgement. Stored as JSON; fields may be added.
type Verdict struct {
	Watch   watch.ID   `json:"watch"`
	Kind    watch.Kind `json:"kind"`
	Product product.ID `json:"product"`
	Release release.ID `json:"release,omitempty"`
	Version string     `json:"version,omitempty"`
	State   State      `json:"state"`
	At      time.Time  `json:"at"`
	Summary string     `json:"summary"`
	Reasons []Reason   `json:"reasons,omitempty"`
	// Differential is true when the same look failed on the new release and
	// passed on the old one: what a rollback by itself needs.
	Differential bool      `json:"differential,omitempty"`
	Rollback     bool      `json:"rollback,omitempty"` // rolling back is advised
	Suspects     []Suspect `json:"suspects,omitempty"`
	Integration  string    `json:"integration,omitempty"` // the provider at fault
	// Since is when the first failing signal was seen: the latest start of
	// the impact that is known.
	Since time.Time `json:"since,omitzero"`
	// Unseen says what was not looked at, so that green is not overstated.
	Unseen []string `json:"unseen,omitempty"`
	// Blind is what could not be looked at again and again, by our own fault:
	// it is neither up nor down.
	Blind []string `json:"blind,omitempty"`
	// First is the signal that was the first evidence.
	First signal.ID `json:"first,omitempty"`
	// Failing is what is broken, as "journey/book": it stays so until it is
	// seen passing. Passing, of a healthy verdict, is when each thing was last
	// seen passing.
	Failing []string             `json:"failing,omitempty"`
	Passing map[string]time.Time `json:"passing,omitempty"`
	// Same is true when the state was claimed before: only details are new.
	Same bool `json:"same,omitempty"`
	// Final is true when the watch is over and nothing more will be said.
	Final bool `json:"final,omitempty"`
}

// EventReached carries a Verdict; appended when the state changes, and when a
// watch ends.
const EventReached journal.Kind = "verdict.reached"
