// Package postmortem writes the draft of what happened.
//
// Every generated sentence names the journal event it came from, or is not
// written; what is not known says "unknown". What people write is kept apart
// from what is generated and survives every regeneration. The package never
// guesses a cause and never names a person as one.
package postmortem

import (
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/signal"
)

// Section names one part of a postmortem.
type Section string

// The sections, in the order they are read.
const (
	Summary      Section = "summary"
	Impact       Section = "impact"
	LeadUp       Section = "lead_up"
	Fault        Section = "fault"
	Detection    Section = "detection"
	Response     Section = "response"
	Recovery     Section = "recovery"
	Timeline     Section = "timeline"
	Contributing Section = "contributing_factors"
	Lessons      Section = "lessons"
	ActionItems  Section = "action_items"
	Evidence     Section = "evidence"
)

// Fact is one generated sentence. Seq is the journal event behind it; zero
// only when the text says that something is unknown.
type Fact struct {
	Text string    `json:"text"`
	Seq  int64     `json:"seq,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// Part is one section: what was generated, and what people wrote.
type Part struct {
	Section Section `json:"section"`
	Facts   []Fact  `json:"facts,omitempty"`
	Human   string  `json:"human,omitempty"`
	By      string  `json:"by,omitempty"`
}

// Postmortem is one draft. Stored as JSON; fields may be added.
type Postmortem struct {
	Incident    incident.ID       `json:"incident"`
	Title       string            `json:"title"`
	Generated   time.Time         `json:"generated"`
	Edited      time.Time         `json:"edited,omitzero"`
	Parts       []Part            `json:"parts"`
	Screenshots []signal.Evidence `json:"screenshots,omitempty"`
}

// EventDrafted carries the incident id: a draft was written or renewed.
const EventDrafted journal.Kind = "postmortem.drafted"
