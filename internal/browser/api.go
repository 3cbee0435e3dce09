// Package browser drives Chromium over the DevTools protocol on a private pipe.
//
// One Browser is one Chromium process with its own profile directory and its
// own process group; it is killed when the context given to Launch ends, when
// Close is called, or when our process dies (the pipe closes and Chromium
// leaves by itself). A Page is a tab in a browser context of its own, with a
// bounded recorder of all it did. The package never decides whether what it saw
// is good, never waits without a context, never buffers response bodies and
// never listens on a port. Package journey is its only caller besides app.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

var errDraft = errors.New("browser: not implemented yet")

// Errors that end a call at once; test with errors.Is.
var (
	// ErrClosed: the page, its session or the whole browser is gone.
	ErrClosed = errors.New("browser closed")
	// ErrCrashed: the tab's renderer died. The page is of no more use.
	ErrCrashed = errors.New("tab crashed")
	// ErrContextLost: the document navigated away under the evaluation; resolve again and retry.
	ErrContextLost = errors.New("execution context lost to a navigation")
)

// ProtocolError is a refusal by Chromium.
type ProtocolError struct {
	Method  string
	Code    int
	Message string
}

// ScriptError is an exception thrown by an evaluated expression or function.
type ScriptError struct {
	Text   string // "TypeError: x is not a function"
	URL    string
	Line   int // 1-based
	Column int // 1-based
	Stack  string
}

// NavigationError says why a document did not load.
type NavigationError struct {
	URL    string
	Reason string // "net::ERR_CONNECTION_REFUSED", or our own words
	Err    error  // the context's error when time ran out
}

func (e *ProtocolError) Error() string   { return e.Method + ": " + e.Message }
func (e *ScriptError) Error() string     { return e.Text }
func (e *NavigationError) Error() string { return "navigate " + e.URL + ": " + e.Reason }
func (e *NavigationError) Unwrap() error { return e.Err }

// Kind tells the two Chromium builds apart; results of one are never compared with the other.
type Kind string

const (
	KindShell Kind = "shell"
	KindFull  Kind = "full"
)

// Binary is a Chromium that has been started once to learn its version.
type Binary struct {
	Path, Version string
	Kind          Kind
	UserAgent     string
}

// Find returns the browser to use: explicit if set, else the first found on PATH.
func Find(ctx context.Context, explicit string) (Binary, error) { return Binary{}, errDraft }

// Options for Launch. Only Binary is required.
type Options struct {
	Binary          Binary
	UserAgentSuffix string   // appended to the browser's own user agent after a space
	HostRules       string   // --host-resolver-rules
	Dir             string   // parent of the profile directory; default os.TempDir()
	ExtraArgs       []string // further flags
	StderrLimit     int      // bytes of stderr kept for error messages; default 64 KiB
}

// Browser is one running Chromium process. Safe for concurrent use.
type Browser struct{ Binary Binary }

// Launch starts Chromium; the process lives until ctx ends or Close.
func Launch(ctx context.Context, o Options) (*Browser, error) { return nil, errDraft }

// Close ends the process group, waits for it, removes the profile. Idempotent.
func (b *Browser) Close() error { return nil }

// Done is closed once the process is gone and its profile removed.
func (b *Browser) Done() <-chan struct{} { return nil }

// Stderr returns the kept tail of what Chromium wrote to stderr.
func (b *Browser) Stderr() string { return "" }

// DialogPolicy answers confirm and prompt. Alerts and beforeunload are always accepted; all are recorded.
type DialogPolicy string

const (
	DialogDismiss DialogPolicy = "dismiss" // the default
	DialogAccept  DialogPolicy = "accept"
)

// PageOptions for NewPage; the zero value is usable.
type PageOptions struct {
	Viewport        Viewport          // zero: 1280×720
	Dialogs         DialogPolicy      // zero: DialogDismiss
	DownloadDir     string            // empty: downloads are denied (and recorded)
	DownloadLimit   int64             // bytes per download before it is cancelled; default 32 MiB
	InjectOrigins   []string          // "https://shop.example": first-party origins that get InjectHeaders
	InjectHeaders   map[string]string // sent to InjectOrigins only, in every frame, popup and worker
	ResponseHeaders []string          // names of response headers to keep on Request.Header
	Limits          Limits
}

// Viewport is the emulated screen.
type Viewport struct {
	Width, Height            int
	Scale                    float64 // device scale factor; 0 means 1
	Mobile, Touch, Landscape bool
}

// Page is one tab. NewPage's page owns a fresh browser context; popups share it.
type Page struct{ ID string }

// NewPage opens about:blank in a new browser context, everything enabled.
func (b *Browser) NewPage(ctx context.Context, o PageOptions) (*Page, error) { return nil, errDraft }

// Close closes the tab; for NewPage's page also its context and popups.
func (p *Page) Close(ctx context.Context) error { return nil }

// Call sends one protocol command on the page's main session; result may be nil.
func (p *Page) Call(ctx context.Context, method string, params, result any) error { return errDraft }

// On runs fn, in order, off the read loop, for each event of the page's main session. Returns a cancel.
func (p *Page) On(method string, fn func(json.RawMessage)) (cancel func()) { return func() {} }

// Sync waits until every event received so far has been handled (recorded).
func (p *Page) Sync(ctx context.Context) error { return nil }

// Pages lists the open pages of this page's browser context: itself and popups, oldest first.
func (p *Page) Pages() []*Page { return nil }

// Await blocks until cond holds; it is rechecked whenever a page, frame, URL, load state or
// lifecycle of this browser context changes. Fails on ctx, crash of p or close.
func (p *Page) Await(ctx context.Context, cond func() bool) error { return errDraft }

// URL of the main frame. Title asks the document.
func (p *Page) URL() string                               { return "" }
func (p *Page) Title(ctx context.Context) (string, error) { return "", errDraft }

// Opener is the page that opened this popup, or nil.
func (p *Page) Opener() *Page { return nil }

// Crashed reports whether the tab crashed. Closed reports whether it is gone.
func (p *Page) Crashed() bool { return false }
func (p *Page) Closed() bool  { return false }

// Navigation is the outcome of a main-frame navigation.
type Navigation struct {
	URL          string // final
	Status       int    // HTTP status of the document; 0 when there was none
	MIME         string
	SameDocument bool
	RequestID    string // finds the document's Request in the telemetry
	Elapsed      time.Duration
}

// Navigate goes to url and waits for the load event. Failure is a *NavigationError. An HTTP error
// status is not an error here: look at Status.
func (p *Page) Navigate(ctx context.Context, url string) (Navigation, error) {
	return Navigation{}, errDraft
}

// WatchNavigation arms a wait for the next main-frame navigation; call it before the action.
func (p *Page) WatchNavigation() *NavigationWatch { return nil }

// NavigationWatch waits for the navigation that follows its creation.
type NavigationWatch struct{ _ int }

// Wait blocks until a navigation committed and loaded (or was same-document).
func (w *NavigationWatch) Wait(ctx context.Context) (Navigation, error) {
	return Navigation{}, errDraft
}

// Started reports whether a navigation has started or committed since the watch was armed.
func (w *NavigationWatch) Started() bool { return false }

// Frame is one document slot of a page; it stays valid across navigations until detached.
type Frame struct{ ID string }

// MainFrame returns the top frame.
func (p *Page) MainFrame() *Frame { return nil }

// Frames lists all attached frames of the page, parents before children.
func (p *Page) Frames() []*Frame { return nil }

func (f *Frame) URL() string        { return "" }
func (f *Frame) Parent() *Frame     { return nil }
func (f *Frame) Children() []*Frame { return nil } // in document attachment order
func (f *Frame) Page() *Page        { return nil }
func (f *Frame) Detached() bool     { return false }

// Call sends a command on the session that hosts this frame (out-of-process frames have their own).
func (f *Frame) Call(ctx context.Context, method string, params, result any) error { return errDraft }

// Offset is where the frame's viewport origin lies in the page's viewport (CSS px): add it to
// coordinates measured inside the frame before giving them to the mouse.
func (f *Frame) Offset(ctx context.Context) (x, y float64, err error) { return 0, 0, errDraft }

// World is a JavaScript world: the page's own, or ours which the page cannot see.
type World string

const (
	Main     World = "main"
	Isolated World = "isolated"
)

// ContextID is the numeric execution context id (for DOM.resolveNode and friends).
func (f *Frame) ContextID(ctx context.Context, w World) (int, error) { return 0, errDraft }

// Evaluate runs an expression, awaits a promise, decodes the JSON value into result (may be nil).
func (f *Frame) Evaluate(ctx context.Context, w World, expression string, result any) error {
	return errDraft
}

// Apply calls a function declaration with args (JSON values or *Object of the same frame and world).
func (f *Frame) Apply(ctx context.Context, w World, function string, result any, args ...any) error {
	return errDraft
}

// Handle is Apply for results that stay in the browser (elements). nil Object when the result is null or undefined.
func (f *Frame) Handle(ctx context.Context, w World, function string, args ...any) (*Object, error) {
	return nil, errDraft
}

// Resolve turns a backend node id (from DOM or Accessibility) into an Object in the world.
func (f *Frame) Resolve(ctx context.Context, w World, backendNodeID int) (*Object, error) {
	return nil, errDraft
}

// Object is a value kept alive in the page.
type Object struct {
	ID          string
	Subtype     string // "node", "array", …
	Description string
}

// Frame the object lives in.
func (o *Object) Frame() *Frame { return nil }

// Apply calls function with the object as `this`.
func (o *Object) Apply(ctx context.Context, function string, result any, args ...any) error {
	return errDraft
}

// Release lets the page collect the object. Errors do not matter and are dropped.
func (o *Object) Release(ctx context.Context) {}

// ScreenshotOptions; the zero value is a JPEG of quality 70 of the viewport.
type ScreenshotOptions struct {
	PNG       bool
	Quality   int
	FullPage  bool
	MaxHeight int     // CSS px, for FullPage; default 6000
	Scale     float64 // output scale; 0 means 1
}

// Screenshot returns the encoded image.
func (p *Page) Screenshot(ctx context.Context, o ScreenshotOptions) ([]byte, error) {
	return nil, errDraft
}

// SetViewport emulates screen size, scale, mobile and touch.
func (p *Page) SetViewport(ctx context.Context, v Viewport) error { return errDraft }

// Button is a mouse button by its protocol name.
type Button string

const (
	Left    Button = "left"
	Middle  Button = "middle"
	Right   Button = "right"
	Back    Button = "back"
	Forward Button = "forward"
)

// Mouse input in page viewport CSS px. count is the click count (1, 2 for the second press of a double click).
func (p *Page) MouseMove(ctx context.Context, x, y float64) error { return errDraft }
func (p *Page) MouseDown(ctx context.Context, x, y float64, b Button, count int) error {
	return errDraft
}
func (p *Page) MouseUp(ctx context.Context, x, y float64, b Button, count int) error { return errDraft }

// Click moves, presses, holds for hold, releases.
func (p *Page) Click(ctx context.Context, x, y float64, b Button, hold time.Duration) error {
	return errDraft
}

// KnownKey reports whether name is a key that KeyDown accepts.
func KnownKey(name string) bool { return false }

// KeyDown and KeyUp take a key name of the recorder's list; modifiers stay held until released.
func (p *Page) KeyDown(ctx context.Context, key string) error { return errDraft }
func (p *Page) KeyUp(ctx context.Context, key string) error   { return errDraft }

// Type sends text as key events; characters not on the layout are inserted.
func (p *Page) Type(ctx context.Context, text string) error { return errDraft }

// InsertText inserts text into the focused element as an input method would.
func (p *Page) InsertText(ctx context.Context, text string) error { return errDraft }

// Cookie to set before navigating.
type Cookie struct {
	Name, Value, URL string // URL decides domain, path and scheme
	HTTPOnly, Secure bool
	SameSite         string // "Strict", "Lax", "None" or empty
	Expires          time.Time
}

// SetCookies stores cookies in the page's browser context.
func (p *Page) SetCookies(ctx context.Context, cookies []Cookie) error { return errDraft }

// Telemetry is what a page, its popups, frames and workers did; oldest first.
type Telemetry struct {
	Console    []ConsoleLine
	Exceptions []Exception
	Logs       []LogEntry
	Requests   []Request
	Dialogs    []Dialog
	Downloads  []Download
	Crashes    []Crash
	Dropped    Dropped // not recorded for lack of room: anything non-zero means the record is incomplete
}

// Dropped counts what was not kept.
type Dropped struct {
	Console, Exceptions, Logs, Requests, Dialogs, Downloads int
	Events                                                  int // protocol events discarded before they could be read
}

// Any reports whether anything was dropped.
func (d Dropped) Any() bool { return d != Dropped{} }

// Limits bound a page's telemetry; zero fields take the defaults.
type Limits struct{ Console, Exceptions, Logs, Requests, Dialogs, Downloads, Text int }

// Position in a script; Line and Column are 1-based, 0 when unknown.
type Position struct {
	Function, URL string
	Line, Column  int
}

// ConsoleLine is one console API call.
type ConsoleLine struct {
	At     time.Time
	Page   string // Page.ID
	Level  string // log, info, warning, error, debug, trace, assert, …
	Text   string
	Source Position
}

// Exception is an uncaught exception or unhandled rejection.
type Exception struct {
	At      time.Time
	Page    string
	Text    string // "TypeError: x is not a function"
	Promise bool   // an unhandled rejection
	Source  Position
	Stack   []Position
}

// LogEntry is a message of the browser itself (failed loads, violations, interventions).
type LogEntry struct {
	At        time.Time
	Page      string
	Source    string // network, security, javascript, …
	Level     string
	Text, URL string
	Line      int
	RequestID string
}

// Request is one HTTP exchange; each hop of a redirect is its own Request.
type Request struct {
	ID, Page, Frame      string
	URL, Method, Type    string // Type: Document, Script, Stylesheet, Image, Font, XHR, Fetch, …
	DocumentURL          string
	Initiator            Position
	InitiatorType        string
	Navigation, TopLevel bool // loads a document; of the main frame
	Status               int
	MIME, Protocol       string
	RemoteAddr           string
	Header               map[string]string // lower-case names, only PageOptions.ResponseHeaders
	Redirect             string            // where this hop pointed, when it was a redirect
	Bytes                int64             // on the wire
	FromCache            bool
	FromServiceWorker    bool
	Finished             bool   // loaded or failed; false: still pending
	Error                string // net error text when it failed below HTTP
	Canceled             bool   // by the page itself or a navigation
	Blocked              string // blocked reason, CORS error
	Started              time.Time
	Duration             time.Duration
	Timing               Timing
}

// Failed reports a response of 400 or more, or a failure below HTTP that the page did not cause by cancelling.
func (r Request) Failed() bool { return r.Status >= 400 || (r.Error != "" && !r.Canceled) }

// Timing is the parts of a request; zero when the part did not happen.
type Timing struct{ DNS, Connect, TLS, Send, Wait, Receive time.Duration }

// Dialog is a JavaScript dialog and how it was answered.
type Dialog struct {
	At               time.Time
	Page, Kind, Text string // Kind: alert, confirm, prompt, beforeunload
	URL              string
	Accepted         bool
}

// Download is a download the page started.
type Download struct {
	At         time.Time
	ID, Page   string
	URL, Name  string
	State      string // started, completed, canceled
	Bytes      int64
	Path       string // where it lies, when it was allowed and completed
	OverLimit  bool
}

// Crash is a renderer (tab, frame or worker) that died.
type Crash struct {
	At         time.Time
	Page, Kind string // page, iframe, worker, …
	URL        string
}

// Mark is a point in the telemetry.
type Mark struct{ seq uint64 }

// Mark returns the current point.
func (p *Page) Mark() Mark { return Mark{} }

// Since returns what began after the mark (Mark{} for all). Requests carry their state as of now, so one that
// began before the mark and failed after it is found only by an earlier mark: judge a run by Since(Mark{}).
func (p *Page) Since(m Mark) Telemetry { return Telemetry{} }
