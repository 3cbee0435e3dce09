// Package journey reads recorded user journeys and plays them in a real Chromium.
//
// A journey is a recording of the Chrome DevTools Recorder: Parse refuses, with
// its place in the file, whatever a run could not honour, so that nothing is
// skipped in silence. A Runner plays one journey against one address in a
// browser process of its own and reports a signal.Signal with the evidence of
// every step. It passes only when something that could have failed was carried
// out; what is our own fault (no browser, no room for evidence) is "broken".
// It never judges a release, never retries a whole run and never keeps secrets.
// The app's workers call it for every look of kind journey.
package journey

import (
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// Journey is a parsed recording. It is never changed after Parse; At returns a
// copy.
type Journey struct {
	Name  string // what messages call it, usually the file name
	Title string
	Steps []Step

	origin string // of the first navigate, as recorded
}

// StepType names what a step does, in the recorder's spelling.
type StepType string

// The step types that are played.
const (
	SetViewport       StepType = "setViewport"
	Navigate          StepType = "navigate"
	Click             StepType = "click"
	DoubleClick       StepType = "doubleClick"
	Change            StepType = "change"
	KeyDown           StepType = "keyDown"
	KeyUp             StepType = "keyUp"
	Hover             StepType = "hover"
	Scroll            StepType = "scroll"
	WaitForElement    StepType = "waitForElement"
	WaitForExpression StepType = "waitForExpression"
)

// Step is one step; which fields are set depends on Type.
type Step struct {
	Type    StepType
	Title   string // for people; never holds a typed value
	Line    int    // in the recording, 1-based
	Timeout time.Duration
	// Asserted are the navigations that the step must cause.
	Asserted []Assertion

	Frame     []int      // path of child frame indexes from the main frame
	Selectors []Selector // alternatives, raced

	URL        string // navigate
	Value      string // change
	Key        string // keyDown, keyUp
	Expression string // waitForExpression
	Viewport   browser.Viewport
	Pointer    Pointer // click, doubleClick
	X, Y       float64 // scroll
	Element    Element // waitForElement
}

// Assertion is a navigation that is expected. A URL or title that differs is a
// warning, because recorded ones hold ids.
type Assertion struct {
	URL, Title string // empty: any
}

// Pointer is how a click is made.
type Pointer struct {
	OffsetX, OffsetY float64 // from the element's top left corner
	Button           browser.Button
	Hold             time.Duration // between press and release
}

// Element is what waitForElement waits for: Count compared by Operator, with
// every attribute and property equal on every match, or (Visible false) not.
type Element struct {
	Operator   string // ">=", "==", "<="
	Count      int
	Visible    bool
	Properties map[string]any
	Attributes map[string]string
}

// Asserts reports whether the step can fail for what the page shows: whether
// carrying it out is evidence.
func (s Step) Asserts() bool {
	switch s.Type {
	case Click, DoubleClick, Hover, Change:
		return true
	case WaitForElement:
		return !s.Element.certain()
	case WaitForExpression:
		return !constant(s.Expression)
	case Scroll:
		return len(s.Selectors) > 0 || len(s.Asserted) > 0
	case KeyDown, KeyUp:
		return len(s.Asserted) > 0
	case SetViewport, Navigate:
		return false
	}
	return false
}

// certain reports a condition that every page meets.
func (e Element) certain() bool {
	return e.Visible && e.Operator == ">=" && e.Count == 0 && len(e.Properties) == 0 && len(e.Attributes) == 0
}
