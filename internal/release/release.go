// Package release keeps the ledger's rules: what a release is, which one is
// live, which was the last good one, and what is pinned.
//
// A release is one act of making a version live: by a pipeline, by hand
// (noticed because the served version changed) or by a rollback, which is a
// release of an older version and is watched like any other. The package
// decides; it never stores, deploys or looks at a clock. The desk of the app
// calls it for commands, the watch stage reads what it made.
package release

import (
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
)

// ID names one release.
type ID string

// Source says who made a version live.
type Source string

// The sources of a release.
const (
	Announced Source = "announced" // told by the pipeline
	Noticed   Source = "noticed"   // seen in the served version
	Rollback  Source = "rollback"  // made by us
	Baseline  Source = "baseline"  // found live when Postflight first looked
)

// Judgement is what the ledger remembers of a release's verdict.
type Judgement string

// The judgements. A release that was never judged is not good.
const (
	Unjudged Judgement = "unjudged"
	Good     Judgement = "good"
	Bad      Judgement = "bad"
)

// Release is one row of the ledger. Stored as JSON: fields may be added, a
// field's meaning never changes.
type Release struct {
	ID       ID         `json:"id"`
	Product  product.ID `json:"product"`
	Version  string     `json:"version"`
	Commit   string     `json:"commit,omitempty"`
	Source   Source     `json:"source"`
	By       string     `json:"by,omitempty"`
	URL      string     `json:"url,omitempty"` // pipeline or change request
	Config   []string   `json:"config_changes,omitempty"`
	At       time.Time  `json:"at"`
	Previous ID         `json:"previous,omitempty"` // live just before
	// Compare is the release that a difference is measured against: the
	// previous one, or the last good one when the previous was bad.
	Compare   ID        `json:"compare,omitempty"`
	Judgement Judgement `json:"judgement"`
	// Of a rollback: the release that was undone and the one restored.
	Undoes   ID `json:"undoes,omitempty"`
	Restores ID `json:"restores,omitempty"`
	// Violates is the pin that this release broke, if any.
	Violates *Pin `json:"violates,omitempty"`
}

// Pin keeps a bad version from coming back unnoticed: Version is held, and
// Bad is what must not be released again.
type Pin struct {
	Version string    `json:"version"`
	Bad     string    `json:"bad"`
	Also    []string  `json:"also,omitempty"` // bad versions of rollbacks before
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// State is where one product stands. Stored as JSON, one row a product.
type State struct {
	Product  product.ID `json:"product"`
	Live     ID         `json:"live,omitempty"`
	LastGood ID         `json:"last_good,omitempty"`
	Pin      *Pin       `json:"pin,omitempty"`
	Count    int        `json:"count"` // releases so far; numbers the next one
	// Served is the version last read from the product itself.
	Served   string    `json:"served,omitempty"`
	ServedAt time.Time `json:"served_at,omitzero"`
}

// The events of this room.
const (
	EventDeployed journal.Kind = "release.deployed" // data: Release
	EventPinned   journal.Kind = "release.pinned"   // data: Pin
	EventUnpinned journal.Kind = "release.unpinned" // data: Pin
	EventEnriched journal.Kind = "release.enriched" // data: Release: the pipeline told more
)

// Short returns the first ten characters of the commit.
func (r Release) Short() string {
	if len(r.Commit) > 10 {
		return r.Commit[:10]
	}
	return r.Commit
}

// SameCommit reports whether two names of commits mean the same: equal, or one
// the beginning of the other and at least seven characters long.
func SameCommit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a != "" && (a == b || len(a) >= 7 && b[:len(a)] == a)
}
