// Package page decides whom to tell, what, and in which order.
//
// It writes deliveries as actions, one per channel and message, with a key
// that makes each happen once. It composes the words; the notify room speaks
// the protocols. It never blocks on a channel: a dead one costs the others
// nothing.
package page

import (
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
)

// ActionSend delivers one Message.
const ActionSend action.Kind = "page.send"

// Op is what happens to the channel's conversation.
type Op string

// The operations. Every incident has one root message a channel.
const (
	Post   Op = "post"   // the root message
	Edit   Op = "edit"   // the root message, in place
	Reply  Op = "reply"  // in its thread
	Upload Op = "upload" // a file in its thread, after the text
)

// Message is one delivery; the payload of ActionSend. A channel that has no
// threads sends replies as messages of their own; one that cannot edit
// ignores edits; one that cannot hold files ignores uploads.
type Message struct {
	Key      string      `json:"key"` // of the action; sent as the idempotency key
	Channel  string      `json:"channel"`
	Op       Op          `json:"op"`
	Root     string      `json:"root,omitempty"` // key of the root's action
	Incident incident.ID `json:"incident"`       // of a change: what it is called instead
	// Change is the commit that the message is about; "" is about an incident.
	Change   string            `json:"change,omitempty"`
	Product  product.ID        `json:"product"`
	Event    string            `json:"event"` // opened, joined, mitigated, …
	State    incident.State    `json:"state"`
	Severity incident.Severity `json:"severity"`
	Drill    bool              `json:"drill,omitempty"`
	Title    string            `json:"title"`
	Text     string            `json:"text"`
	Facts    []Fact            `json:"facts,omitempty"`
	Link     string            `json:"link,omitempty"` // path on this server
	At       time.Time         `json:"at"`
	File     *File             `json:"file,omitempty"`
}

// Fact is one labelled line of a message.
type Fact struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// File is an artifact to attach.
type File struct {
	Blob  string `json:"blob"`
	Name  string `json:"name"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

// Sent is the result of a delivered message: where it stands, so that it can
// be edited and answered.
type Sent struct {
	Channel string `json:"channel,omitempty"` // the provider's id
	ID      string `json:"id,omitempty"`      // Slack ts, mail Message-ID
	Repeat  bool   `json:"repeat,omitempty"`  // it may stand there twice, and says so
	Note    string `json:"note,omitempty"`    // for example "no threads: ignored"
}
