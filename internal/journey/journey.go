// Package journey is what a user journey is: its model, and how it is read.
//
// A journey is a recording of the Chrome DevTools Recorder (Parse), or a
// hand-written YAML file that compiles to the same steps (Load). Both refuse,
// with its place in the file, whatever a run could not honour, so that nothing
// is skipped in silence; Lint refuses what could never fail; At moves a journey
// to another address. Variables and secrets stay {{names}} in it: Step.Fill is
// told their values, and how each is written where it stands.
// It never drives a browser, calls nobody and keeps no value. The app and the
// command line load journeys with it; internal/player plays them.
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
	// Cleanup are steps that always run after Steps, also after a failure. Their
	// failure does not fail the run; it is counted as synthetic data left behind.
	Cleanup []Step
	// Vars are the variables that {{name}} stands for in templated steps; Rows,
	// when there are any, are the data sets the YAML form was unrolled with.
	Vars map[string]string
	// Secrets are the names of the secrets that the journey refers to.
	Secrets []string
	// Strict makes an asserted URL or title that differs a failure ("x-strict").
	Strict bool
	// Attribute is the recorder's selectorAttribute, for test ids; default
	// data-testid.
	Attribute string

	// Allow are failures that do not fail a run ("x-allow"), beside those that
	// the product allows; Errors is "fail", "warn" or empty ("x-errors").
	Allow  []string
	Errors string
	// Warnings are the fields that play no part, as no runner of recordings
	// knows them.
	Warnings []Problem

	misspelt []*Problem // fields that look like a known one; Lint refuses them
	origin   string     // of the first navigate, as recorded
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
	Close             StepType = "close"
	EmulateNetwork    StepType = "emulateNetworkConditions"
	Custom            StepType = "customStep" // resolved by Parse into one of ours
)

// The step types of our own: of the YAML form, and of customStep by that name.
const (
	See     StepType = "see"    // the selectors' element is seen; Expect says more
	NotSee  StepType = "notSee" // nothing that is seen matches
	Check   StepType = "check"  // a box or radio button, by pointer
	Uncheck StepType = "uncheck"
	Select  StepType = "select"     // options, by value or label
	Upload  StepType = "upload"     // files into a file field
	Press   StepType = "press"      // Key, down and up, with modifiers joined by "+"
	Open    StepType = "open"       // like navigate, URL relative to the base
	API     StepType = "api"        // an HTTP request that shares the browser's cookies
	Code    StepType = "code"       // a one-time code into the variable Save
	Pause   StepType = "pause"      // waits Wait; the last resort
	Shot    StepType = "screenshot" // a full picture, compared when the journey compares
)

// Step is one step; which fields are set depends on Type.
type Step struct {
	Type    StepType
	Title   string // for people; never holds a typed value
	Line    int    // in the recording, 1-based
	Timeout time.Duration
	// Asserted are the navigations that the step must cause.
	Asserted []Assertion

	// Target is the URL of another page or out-of-process frame; empty: the
	// run's own page.
	Target    string
	Frame     []int      // path of child frame indexes from the main frame
	Selectors []Selector // alternatives, raced

	URL        string // navigate
	Value      string // change
	Key        string // keyDown, keyUp
	Expression string // waitForExpression
	Viewport   browser.Viewport
	Pointer    Pointer         // click, doubleClick
	X, Y       float64         // scroll
	Element    Element         // waitForElement
	Network    browser.Network // emulateNetworkConditions
	Custom     string          // customStep: its name; the type says what it is, when it is known

	// Of our own steps.

	Templated bool          // {{name}} in URL, Value, selectors, API … is replaced when the step runs
	Strict    bool          // more than one match fails the step
	Soft      bool          // its failure is told, and the run goes on (and fails at its end)
	Budget    time.Duration // 0: none; a step that took longer is told as over its budget
	From      string        // the sub-journey it came from
	Options   []string      // select: values or labels
	Files     []string      // upload: absolute paths
	Expect    Expect        // see
	Wait      time.Duration // pause
	API       *Call         // api
	Code      *CodeSource   // code
	Save      string        // code: the variable it is kept in
	Compare   bool          // screenshot: compare this one
	Ignore    []Selector    // screenshot: regions that are not compared
}

// Expect is what a see step wants beside a visible element; empty fields want
// nothing. Texts are compared with white space collapsed.
type Expect struct {
	Text    string // contained in the element's text
	Value   string // equal to the field's value
	Count   *int   // visible matches
	Enabled *bool
	Checked *bool
	URL     string // of the page: equal, or with * for any characters
	Title   string // of the page: contained
}

// Call is one HTTP request of an api step and what must come back.
type Call struct {
	Method string
	URL    string // absolute, or relative to the base
	Header map[string]string
	Body   string // as sent; a JSON body is encoded already
	Status []int  // any of these; empty: 200–299
	Checks []Assert
	Save   map[string]string // variable → JSON path or "header:Name"
	// Left, a JSON path, counts synthetic records that are left: a number, or
	// the length of a list.
	Left string
}

// Assert is one condition on an answer.
type Assert struct {
	Header string // name; or
	Path   string // JSON path, like $.items[0].id; or neither: the body
	Op     string // equals, contains, matches, exists, absent, less, more
	Value  any
}

// CodeSource is where a one-time code comes from; one of TOTP and Mail is set.
type CodeSource struct {
	TOTP string // the shared key in base32, usually {{secret.name}}
	Mail *Mailbox
}

// Mailbox is an IMAP mailbox that receives codes or links.
type Mailbox struct {
	URL, User, Password string // imaps://host:993
	To, Subject         string // a message must match; empty: any
	Pattern             string // RE2; its first group, or the whole match, is the code
}

// Assertion is a navigation that is expected. A URL or title that differs is a
// warning, because recorded ones hold ids; a failure when Strict.
type Assertion struct {
	URL, Title string // empty: any
	Strict     bool
}

// Pointer is how a click is made.
type Pointer struct {
	OffsetX, OffsetY float64 // from the element's top left corner
	Centre           bool    // of the element, instead of the offset
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
	case KeyDown, KeyUp, Press:
		return len(s.Asserted) > 0
	case See, NotSee, Check, Uncheck, Select, Upload:
		return true
	case API:
		return true // at least its status
	case SetViewport, Navigate, Open, Close, EmulateNetwork, Custom, Code, Pause, Shot:
		return false
	}
	return false
}

// certain reports a condition that every page meets.
func (e Element) certain() bool {
	return e.Visible && e.Operator == ">=" && e.Count == 0 && len(e.Properties) == 0 && len(e.Attributes) == 0
}
