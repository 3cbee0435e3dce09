// Package rollback decides whether to go back, to what, and what happened.
//
// Back is never to a release judged bad, by itself only once for one version,
// only on evidence that fails on the new release and passes on the old one,
// and afterwards the product is pinned, so that a redeploy does not silently
// undo it. The deploy room moves the pointer; the watch on the restored
// release says whether it helped.
package rollback

import (
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// ActionPerform moves the pointer back. Its payload is an Order, its result a
// Performed.
const ActionPerform action.Kind = "rollback.perform"

// Order is one rollback to perform.
type Order struct {
	Product     product.ID `json:"product"`
	Bad         release.ID `json:"bad"`
	BadVersion  string     `json:"bad_version"`
	Target      release.ID `json:"target"`
	Version     string     `json:"version"`
	By          string     `json:"by"` // "postflight" or a person
	Automatic   bool       `json:"automatic,omitempty"`
	Incident    string     `json:"incident,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	RequestedAt time.Time  `json:"requested_at"`
}

// Performed is what moving the pointer did.
type Performed struct {
	Flipped time.Time     `json:"flipped"` // when the pointer moved
	Took    time.Duration `json:"took"`
	Detail  string        `json:"detail,omitempty"` // for example the command's last lines
}

// EventRequested carries an Order without target: a person asked.
const EventRequested journal.Kind = "rollback.requested"

// EventRefused carries a Refusal: a rollback was due but not possible.
const EventRefused journal.Kind = "rollback.refused"

// Refusal says why nothing was rolled back, and what a person can do.
type Refusal struct {
	Order  Order  `json:"order"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
}
