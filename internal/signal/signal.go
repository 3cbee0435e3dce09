// Package signal is an observation with its evidence.
//
// Whoever looks at a product (a journey, the asset crawl, a probe, a version
// read, a boot report from a real page) says it in one form: what was looked
// at, what was really served, the outcome, and the evidence. The outcome
// "broken" is our own fault (no browser, a full disk): it never counts for or
// against a release. The package only describes; judging is the verdict's.
package signal

import (
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// ID names a signal.
type ID string

// Outcome of one observation.
type Outcome string

// The outcomes. Broken means that we could not look.
const (
	Pass   Outcome = "pass"
	Fail   Outcome = "fail"
	Broken Outcome = "broken"
)

// Kind is what was looked at.
type Kind string

// The kinds of observation.
const (
	Journey  Kind = "journey" // Name: journey id
	Assets   Kind = "assets"  // Name: "assets" for the release's own pages
	OldAsset Kind = "previous_assets"
	Version  Kind = "version" // what is served
	Probe    Kind = "probe"   // Name: integration id
	Boot     Kind = "boot"    // Name: page path
	Health   Kind = "health"  // Name: what was asked
)

// Side is which release the observation was aimed at.
type Side string

// The sides. None is for things that have no release, such as a provider.
const (
	New  Side = "new"
	Old  Side = "old"
	None Side = ""
)

// Signal is one observation. Stored as JSON; fields may be added.
type Signal struct {
	ID      ID         `json:"id"`
	At      time.Time  `json:"at"` // when the observation ended
	Product product.ID `json:"product"`
	Release release.ID `json:"release,omitempty"` // the release being watched
	Watch   string     `json:"watch,omitempty"`
	Kind    Kind       `json:"kind"`
	Name    string     `json:"name"`
	Side    Side       `json:"side,omitempty"`
	// Round counts the looks of one watch at one thing, from 1; Confirm marks
	// the extra looks asked for by a failure.
	Round   int  `json:"round,omitempty"`
	Confirm bool `json:"confirm,omitempty"`
	// Looks is how many looks in a row stand behind this signal, when its
	// worker repeated a failing one by itself; 0 means one.
	Looks    int           `json:"looks,omitempty"`
	Worker   string        `json:"worker,omitempty"` // vantage point
	Took     time.Duration `json:"took"`
	Expected string        `json:"expected,omitempty"` // version that should have been met
	Served   string        `json:"served,omitempty"`   // version that was met; "" unknown
	Outcome  Outcome       `json:"outcome"`
	Summary  string        `json:"summary"` // one line for people
	Failure  *Failure      `json:"failure,omitempty"`
	Evidence []Evidence    `json:"evidence,omitempty"`
	Steps    []Step        `json:"steps,omitempty"`
	Assets   []Asset       `json:"assets,omitempty"`
	BootInfo *BootReport   `json:"boot,omitempty"`
	Probe    *ProbeResult  `json:"probe,omitempty"`
	// Dropped counts what bounds threw away: nothing is cut silently.
	Dropped int `json:"dropped,omitempty"`

	// Of journeys only.

	Browser     string    `json:"browser,omitempty"`     // "chromium-headless-shell 156.0.1.2": results of two are never mixed
	Viewport    string    `json:"viewport,omitempty"`    // "1280x720@1"
	Vitals      *Vitals   `json:"vitals,omitempty"`      // of the first page; worst of all pages for CLS and INP
	Traffic     []Traffic `json:"traffic,omitempty"`     // by host, most time first
	Blocked     []Request `json:"blocked,omitempty"`     // what the fence stopped
	Left        *int      `json:"left,omitempty"`        // synthetic records left behind; nil: not counted
	Soft        int       `json:"soft,omitempty"`        // soft assertions that failed
	Over        int       `json:"over,omitempty"`        // steps and vitals over their budgets
	Quarantined bool      `json:"quarantined,omitempty"` // its failure is shown, and counts for nothing
}

// Vitals are the web vitals of a run; a nil field was not measured, which is
// not zero. Times are from the start of the navigation.
type Vitals struct {
	LCP  *time.Duration `json:"lcp,omitempty"`
	FCP  *time.Duration `json:"fcp,omitempty"`
	TTFB *time.Duration `json:"ttfb,omitempty"`
	INP  *time.Duration `json:"inp,omitempty"`
	CLS  *float64       `json:"cls,omitempty"`
	// Over names the vitals that are over their budget.
	Over []string `json:"over,omitempty"`
}

// Traffic is what one host was asked for in a run.
type Traffic struct {
	Host       string        `json:"host"`
	FirstParty bool          `json:"first_party"`
	Requests   int           `json:"requests"`
	Failed     int           `json:"failed,omitempty"`
	Bytes      int64         `json:"bytes"`
	Took       time.Duration `json:"took"`    // of all requests together
	Slowest    time.Duration `json:"slowest"` // of one
}

// Selector is the health of a step's alternatives.
type Selector struct {
	Used  string `json:"used"`           // the alternative that acted, as recorded
	Index int    `json:"index"`          // its place, 0-based
	Alive int    `json:"alive"`          // alternatives that still find something
	Same  int    `json:"same,omitempty"` // those of them that find the very element
	Of    int    `json:"of"`
	// Better is a sturdier selector for the element, when we know one.
	Better string `json:"better,omitempty"`
}

// Comparison is a step's picture beside that of the last good release.
type Comparison struct {
	Key      PictureKey `json:"key"`
	Baseline string     `json:"baseline,omitempty"` // blob; empty: there is none yet
	Release  string     `json:"release,omitempty"`  // of the baseline
	Picture  string     `json:"picture"`            // blob, PNG
	Diff     string     `json:"diff,omitempty"`     // blob, PNG: what differs, marked
	Share    float64    `json:"share"`              // of the compared pixels that differ, 0–1
	Limit    float64    `json:"limit"`
	Blank    string     `json:"blank,omitempty"` // "page" or "canvas": nothing is painted there
	// State: same, different, new (no baseline), incomparable (other browser or
	// size, or a page that never stood still), blank.
	State string `json:"state"`
	// Why says in words why the state is what it is.
	Why string `json:"why,omitempty"`
	// Regions are the boxes of what differs, in the picture's pixels: x, y,
	// width, height; the biggest first.
	Regions [][4]int `json:"regions,omitempty"`
	// Moving: no two pictures in a row were alike.
	Moving bool `json:"moving,omitempty"`
}

// Failure is the first thing that went wrong, in the shape verdicts and
// similar-incident searches compare.
type Failure struct {
	// Class: exception, request, step_timeout, covered, navigation, crash,
	// asset, probe, boot, deadline, assertion, fence, visual, blank, suite
	// (a suite executed no test).
	Class    string `json:"class"`
	Step     int    `json:"step,omitempty"` // 1-based
	Title    string `json:"title,omitempty"`
	Message  string `json:"message"`
	URL      string `json:"url,omitempty"`
	Host     string `json:"host,omitempty"`
	Status   int    `json:"status,omitempty"`
	Position string `json:"position,omitempty"` // file:line:column
}

// Evidence points at an artifact in the blob room.
type Evidence struct {
	Kind  string `json:"kind"` // screenshot, console, network, html, log, har, trace, accessibility, bundle, report, video
	Title string `json:"title"`
	Blob  string `json:"blob"`
	Type  string `json:"type"` // media type
	Size  int64  `json:"size"`
}

// Step is one step of a journey.
type Step struct {
	Index      int           `json:"index"` // 1-based
	Type       string        `json:"type"`
	Title      string        `json:"title"`
	Outcome    Outcome       `json:"outcome"` // "" when not reached
	Start      time.Duration `json:"start"`   // since the run began
	Took       time.Duration `json:"took"`
	Message    string        `json:"message,omitempty"`
	Screenshot string        `json:"screenshot,omitempty"` // blob
	Console    []Line        `json:"console,omitempty"`
	Exceptions []Exception   `json:"exceptions,omitempty"`
	Requests   []Request     `json:"requests,omitempty"` // failed ones only
	Budget     time.Duration `json:"budget,omitempty"`
	Over       bool          `json:"over,omitempty"` // took longer than its budget
	Soft       bool          `json:"soft,omitempty"`
	Cleanup    bool          `json:"cleanup,omitempty"`
	From       string        `json:"from,omitempty"` // the sub-journey it came from
	URL        string        `json:"url,omitempty"`  // of the page, after the step
	Selector   *Selector     `json:"selector,omitempty"`
	Compared   *Comparison   `json:"compared,omitempty"`
}

// Line is one console or log line of a page.
type Line struct {
	Level string `json:"level"`
	Text  string `json:"text"`
	URL   string `json:"url,omitempty"`
	Line  int    `json:"line,omitempty"`
}

// Exception is an uncaught exception or unhandled rejection of a page.
// Line and Column are 1-based.
type Exception struct {
	Text   string `json:"text"`
	URL    string `json:"url,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Stack  string `json:"stack,omitempty"`
}

// Request is a failed request of a page.
type Request struct {
	URL        string `json:"url"`
	Method     string `json:"method"`
	Type       string `json:"type"`
	Status     int    `json:"status,omitempty"`
	Error      string `json:"error,omitempty"` // network error text
	FirstParty bool   `json:"first_party"`
}

// Asset is one fetched URL of a crawl.
type Asset struct {
	URL      string        `json:"url"`
	From     string        `json:"from,omitempty"` // page that refers to it
	Kind     string        `json:"kind"`           // html, script, style, image, font, manifest, other
	Status   int           `json:"status,omitempty"`
	Type     string        `json:"type,omitempty"`
	Size     int64         `json:"size"`
	Took     time.Duration `json:"took"`
	Problem  string        `json:"problem,omitempty"` // empty means fine
	External bool          `json:"external,omitempty"`
}

// BootReport is what a page said of its own start.
type BootReport struct {
	Event    string `json:"event"` // ok, fatal, late, gone
	Page     string `json:"page"`
	Version  string `json:"version"`
	Kind     string `json:"kind,omitempty"` // error, rejection, resource, csp
	Message  string `json:"message,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Empty    bool   `json:"empty,omitempty"` // the page shows nothing
	Token    string `json:"token,omitempty"` // one page load
	Client   string `json:"client,omitempty"`
	Webdrive bool   `json:"webdriver,omitempty"`
	// Synthetic reports carry our own verified marker.
	Synthetic bool `json:"synthetic,omitempty"`
}

// ProbeResult is one answer of an integration.
type ProbeResult struct {
	URL    string        `json:"url"`
	Status int           `json:"status,omitempty"`
	Took   time.Duration `json:"took"`
	Error  string        `json:"error,omitempty"`
}

// EventObserved carries a Signal.
const EventObserved journal.Kind = "signal.observed"

// EventNoticed carries a Noticed: the served version is not the live one.
const EventNoticed journal.Kind = "signal.version_noticed"

// Noticed is a change of the served version, seen twice.
type Noticed struct {
	Product product.ID `json:"product"`
	Version string     `json:"version"`
	Before  string     `json:"before,omitempty"`
}

// Observed wraps a signal as an event.
func Observed(s Signal) journal.Event {
	return journal.New(EventObserved, s.At, s).About(string(s.Product), string(s.Release), s.Watch, "")
}

// maxBrief bounds the assets of a brief signal.
const maxBrief = 50

// Brief returns the signal as the journal keeps it: without steps, without
// assets that are fine. The whole one is kept among the signals.
func (s Signal) Brief() Signal {
	s.Steps = nil
	var broken []Asset
	for _, a := range s.Assets {
		if a.Problem != "" && len(broken) < maxBrief {
			broken = append(broken, a)
		}
	}
	s.Assets = broken
	return s
}
