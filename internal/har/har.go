// Package har makes HTTP Archives (HAR 1.2) from what Chromium tells of the
// network.
//
// Build turns raw DevTools protocol events into a Log: every hop of a redirect,
// WebSockets, failures and what a service worker asked for, with the timings as
// the format defines them. Validate says what a reader of the format would
// refuse. The package never fetches anything, never redacts (the caller walks
// the log before it stores it) and never fails on odd events: what does not
// decode is counted. The journey room calls it at the end of a run.
package har

// Version of the format.
const Version = "1.2"

// HAR is the document.
type HAR struct {
	Log Log `json:"log"`
}

// Log is one run.
type Log struct {
	Version string  `json:"version"`
	Creator Tool    `json:"creator"`
	Browser *Tool   `json:"browser,omitempty"`
	Pages   []Page  `json:"pages"`
	Entries []Entry `json:"entries"`
	Comment string  `json:"comment,omitempty"`
}

// Tool is a program and its version.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Page is one document that was shown.
type Page struct {
	Started string      `json:"startedDateTime"`
	ID      string      `json:"id"`
	Title   string      `json:"title"`
	Timings PageTimings `json:"pageTimings"`
}

// PageTimings are milliseconds since the page's start; -1 when it did not happen.
type PageTimings struct {
	Content float64 `json:"onContentLoad"`
	Load    float64 `json:"onLoad"`
}

// Entry is one exchange. Time and the timings are milliseconds.
type Entry struct {
	Page       string   `json:"pageref,omitempty"`
	Started    string   `json:"startedDateTime"`
	Time       float64  `json:"time"`
	Request    Request  `json:"request"`
	Response   Response `json:"response"`
	Cache      struct{} `json:"cache"`
	Timings    Timings  `json:"timings"`
	Server     string   `json:"serverIPAddress,omitempty"`
	Connection string   `json:"connection,omitempty"`
	Comment    string   `json:"comment,omitempty"`

	Type      string     `json:"_resourceType,omitempty"`
	Priority  string     `json:"_priority,omitempty"`
	Initiator *Initiator `json:"_initiator,omitempty"`
	Cached    string     `json:"_fromCache,omitempty"` // memory, disk
	Worker    bool       `json:"_fetchedViaServiceWorker,omitempty"`
	Messages  []Message  `json:"_webSocketMessages,omitempty"`

	// ID and Session find the body; Final is false for a hop that redirected.
	ID      string `json:"-"`
	Session string `json:"-"`
	Final   bool   `json:"-"`
}

// Failed reports a status of 400 or more, or none at all.
func (e Entry) Failed() bool { return e.Response.Status >= 400 || e.Response.Error != "" }

// Initiator is what caused a request.
type Initiator struct {
	Type   string `json:"type"`
	URL    string `json:"url,omitempty"`
	Line   int    `json:"lineNumber,omitempty"` // 1-based
	Column int    `json:"columnNumber,omitempty"`
	Name   string `json:"functionName,omitempty"`
}

// Request is what was sent.
type Request struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []Cookie  `json:"cookies"`
	Headers     []Pair    `json:"headers"`
	Query       []Pair    `json:"queryString"`
	Post        *PostData `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"` // bytes; -1 when not known
	BodySize    int       `json:"bodySize"`
}

// Response is what came back. Status is 0 when nothing did.
type Response struct {
	Status      int      `json:"status"`
	StatusText  string   `json:"statusText"`
	HTTPVersion string   `json:"httpVersion"`
	Cookies     []Cookie `json:"cookies"`
	Headers     []Pair   `json:"headers"`
	Content     Content  `json:"content"`
	RedirectURL string   `json:"redirectURL"`
	HeadersSize int      `json:"headersSize"`
	BodySize    int      `json:"bodySize"`
	Transferred int64    `json:"_transferSize"` // on the wire
	Error       string   `json:"_error,omitempty"`
}

// Pair is a header, a parameter of a query, or one of a form.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Cookie is one cookie, sent or set.
type Cookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"`
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
}

// PostData is the body of a request. Params are those of a form.
type PostData struct {
	MIME    string `json:"mimeType"`
	Params  []Pair `json:"params,omitempty"`
	Text    string `json:"text"`
	Comment string `json:"comment,omitempty"`
}

// Content is the body of a response.
type Content struct {
	Size        int64  `json:"size"` // decoded
	Compression int64  `json:"compression,omitempty"`
	MIME        string `json:"mimeType"`
	Text        string `json:"text,omitempty"`
	Encoding    string `json:"encoding,omitempty"` // base64
	Comment     string `json:"comment,omitempty"`  // why there is no text
}

// Timings are milliseconds; -1 for what does not apply. SSL is a part of
// Connect, so Time of the entry is the sum of all others.
type Timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// Message is one message of a WebSocket, in the form DevTools writes it.
type Message struct {
	Type   string  `json:"type"` // send, receive
	Time   float64 `json:"time"` // seconds since 1970
	Opcode int     `json:"opcode"`
	Data   string  `json:"data"`
}
