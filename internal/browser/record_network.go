package browser

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is one HTTP exchange or WebSocket. Each hop of a redirect is its own
// Request, all with the same ID.
type Request struct {
	ID, Page, Frame      string
	URL, Method, Type    string // Type: Document, Script, Stylesheet, Image, Font, XHR, Fetch, WebSocket, …
	DocumentURL          string
	Initiator            Position
	InitiatorType        string
	Navigation, TopLevel bool // loads a document; the main frame's
	Status               int
	MIME, Protocol       string
	RemoteAddr           string
	Header               map[string]string // lower-case names; only those of PageOptions.ResponseHeaders
	Redirect             string            // where this hop pointed to, when it was a redirect
	Bytes                int64             // on the wire
	FromCache            bool
	FromServiceWorker    bool
	Finished             bool   // loaded or failed; false means still pending
	Error                string // net error text, when it failed below HTTP
	Canceled             bool   // by the page itself or by a navigation
	Blocked              string // why the browser refused it: mixed content, CSP, CORS, …
	Started              time.Time
	Duration             time.Duration
	Timing               Timing
	StatusText           string

	began, headersAt float64 // monotonic seconds
	loader           string  // the document it belongs to
	sess             *session
}

// Failed reports a status of 400 or more, or a failure below HTTP that was not
// the page's own cancelling.
func (r Request) Failed() bool { return r.Status >= 400 || (r.Error != "" && !r.Canceled) }

// Timing is the parts of a request; zero for parts that did not happen.
type Timing struct{ DNS, Connect, TLS, Send, Wait, Receive time.Duration }

type responseInfo struct {
	URL               string            `json:"url"`
	StatusText        string            `json:"statusText"`
	Status            int               `json:"status"`
	Headers           map[string]string `json:"headers"`
	MIME              string            `json:"mimeType"`
	Protocol          string            `json:"protocol"`
	RemoteIP          string            `json:"remoteIPAddress"`
	RemotePort        int               `json:"remotePort"`
	Bytes             float64           `json:"encodedDataLength"`
	FromDiskCache     bool              `json:"fromDiskCache"`
	FromServiceWorker bool              `json:"fromServiceWorker"`
	Timing            *responseTiming   `json:"timing"`
}

type responseTiming struct {
	RequestTime  float64 `json:"requestTime"`
	DNSStart     float64 `json:"dnsStart"`
	DNSEnd       float64 `json:"dnsEnd"`
	ConnectStart float64 `json:"connectStart"`
	ConnectEnd   float64 `json:"connectEnd"`
	SSLStart     float64 `json:"sslStart"`
	SSLEnd       float64 `json:"sslEnd"`
	SendStart    float64 `json:"sendStart"`
	SendEnd      float64 `json:"sendEnd"`
	HeadersEnd   float64 `json:"receiveHeadersEnd"`
}

type requestEvent struct {
	RequestID   string  `json:"requestId"`
	LoaderID    string  `json:"loaderId"`
	DocumentURL string  `json:"documentURL"`
	Timestamp   float64 `json:"timestamp"`
	WallTime    float64 `json:"wallTime"`
	Type        string  `json:"type"`
	FrameID     string  `json:"frameId"`
	Request     struct {
		URL      string `json:"url"`
		Fragment string `json:"urlFragment"`
		Method   string `json:"method"`
	} `json:"request"`
	Initiator struct {
		Type   string      `json:"type"`
		URL    string      `json:"url"`
		Line   int         `json:"lineNumber"`
		Column int         `json:"columnNumber"`
		Stack  *stackTrace `json:"stack"`
	} `json:"initiator"`
	Redirect *responseInfo `json:"redirectResponse"`
}

type responseEvent struct {
	RequestID string       `json:"requestId"`
	Timestamp float64      `json:"timestamp"`
	Type      string       `json:"type"`
	FrameID   string       `json:"frameId"`
	Response  responseInfo `json:"response"`
}

type finishEvent struct {
	RequestID string  `json:"requestId"`
	Timestamp float64 `json:"timestamp"`
	Bytes     float64 `json:"encodedDataLength"`
	Length    int64   `json:"dataLength"`
	Type      string  `json:"type"`
	ErrorText string  `json:"errorText"`
	Canceled  bool    `json:"canceled"`
	Blocked   string  `json:"blockedReason"`
	CORS      *struct {
		Error string `json:"corsError"`
	} `json:"corsErrorStatus"`
	StatusCode   int    `json:"statusCode"`   // of responseReceivedExtraInfo
	ErrorMessage string `json:"errorMessage"` // of webSocketFrameError
}

func (r *recorder) listenNetwork(page string, s *session) {
	handleEvent(s, "Network.requestWillBeSent", func(e requestEvent) { r.requestSent(page, s, e) })
	handleEvent(s, "Network.responseReceived", func(e responseEvent) { r.responded(page, e) })
	finish := func(method string, fn func(*Request, finishEvent)) {
		handleEvent(s, method, func(e finishEvent) { r.amend(e.RequestID, func(q *Request) { fn(q, e) }) })
	}
	handleEvent(s, "Network.responseReceivedExtraInfo", r.hiddenStatus)
	finish("Network.requestServedFromCache", func(q *Request, _ finishEvent) { q.FromCache = true })
	finish("Network.loadingFinished", func(q *Request, e finishEvent) {
		q.Bytes = int64(e.Bytes)
		q.Canceled, q.Error = false, ""
		q.end(e.Timestamp)
	})
	handleEvent(s, "Network.loadingFailed", func(e finishEvent) { r.loadingFailed(page, e) })
	handleEvent(s, "Network.webSocketCreated", func(e struct {
		RequestID string `json:"requestId"`
		URL       string `json:"url"`
	},
	) {
		r.fenced(page, e.RequestID, "GET", "WebSocket", e.URL)
		r.add(&Request{ID: e.RequestID, Page: page, URL: clipURL(e.URL), Method: "GET", Type: "WebSocket", Started: time.Now()})
	})
	handleEvent(s, "Network.webSocketHandshakeResponseReceived", func(e responseEvent) {
		r.amend(e.RequestID, func(q *Request) { q.Status = e.Response.Status })
	})
	finish("Network.webSocketFrameError", func(q *Request, e finishEvent) { q.Error = clip(e.ErrorMessage, 500) })
	finish("Network.webSocketClosed", func(q *Request, _ finishEvent) {
		q.Finished, q.Duration = true, time.Since(q.Started)
	})
}

// hiddenStatus notes the status that the page may not see, as when CORS hides
// it. The event may come before its request; that of a redirect, which may
// belong to the hop before, is of no use.
func (r *recorder) hiddenStatus(e finishEvent) {
	if e.StatusCode >= 300 && e.StatusCode < 400 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.byID[e.RequestID]
	switch {
	case q != nil && q.Status == 0:
		q.Status = e.StatusCode
	case q == nil && len(r.early) < maxEarly:
		r.early[e.RequestID] = e.StatusCode
	}
}

// amend changes the current hop of a request that is recorded.
func (r *recorder) amend(id string, fn func(*Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q := r.byID[id]; q != nil {
		fn(q)
	}
}

// add records a request; past the limit only failed ones find room.
func (r *recorder) add(q *Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.limit = r.limits.Requests
	if q.Failed() {
		r.requests.limit += failureRoom
	}
	if status, ok := r.early[q.ID]; ok {
		delete(r.early, q.ID)
		if q.Status == 0 {
			q.Status = status
		}
	}
	if r.requests.add(r.next(), q) {
		r.byID[q.ID] = q
	}
}

func (r *recorder) requestSent(page string, s *session, e requestEvent) {
	r.fenced(page, e.RequestID, e.Request.Method, e.Type, e.Request.URL)
	if strings.HasPrefix(e.Request.URL, "data:") || (isFavicon(e.Request.URL) && e.Type == "Other") {
		return
	}
	known := false
	r.amend(e.RequestID, func(q *Request) {
		known = e.Redirect == nil && !q.Finished // told by two sessions
		if e.Redirect != nil {
			q.respond(*e.Redirect, r.headers)
			q.Redirect = clipURL(e.Request.URL)
			q.Bytes = int64(e.Redirect.Bytes)
			q.end(e.Timestamp)
		}
	})
	if known {
		return
	}
	q := &Request{
		ID: e.RequestID, Page: page, Frame: e.FrameID,
		URL: clipURL(e.Request.URL + e.Request.Fragment), Method: clip(e.Request.Method, 40), Type: e.Type,
		DocumentURL: clipURL(e.DocumentURL), InitiatorType: e.Initiator.Type,
		Navigation: e.Type == "Document" && e.RequestID == e.LoaderID,
		Started:    millis(e.WallTime * 1000), began: e.Timestamp, loader: e.LoaderID, sess: s,
	}
	q.TopLevel = q.Navigation && e.FrameID == page
	switch stack := e.Initiator.Stack.positions(); {
	case len(stack) > 0:
		q.Initiator = stack[0]
	case e.Initiator.URL != "":
		q.Initiator = Position{URL: clipURL(e.Initiator.URL), Line: e.Initiator.Line + 1, Column: e.Initiator.Column + 1}
	}
	r.add(q)
}

func (r *recorder) responded(page string, e responseEvent) {
	known := false
	r.amend(e.RequestID, func(q *Request) {
		known = true
		q.respond(e.Response, r.headers)
		if e.Type != "" {
			q.Type = e.Type
		}
	})
	if known || e.Response.Status < 400 || isFavicon(e.Response.URL) || !r.full() {
		return
	}
	q := &Request{ID: e.RequestID, Page: page, Frame: e.FrameID, URL: clipURL(e.Response.URL), Type: e.Type, Started: time.Now(), began: e.Timestamp}
	q.respond(e.Response, r.headers)
	r.add(q)
}

func (r *recorder) loadingFailed(page string, e finishEvent) {
	known := false
	fail := func(q *Request) {
		known = true
		q.Error, q.Canceled, q.Blocked = clip(e.ErrorText, 500), e.Canceled, e.Blocked
		if r.fence.refuses(q.Method, q.URL) != "" {
			q.Error, q.Canceled, q.Blocked = BlockedByFence, false, "fence"
		}
		if e.CORS != nil {
			q.Blocked = strings.TrimSpace(q.Blocked + " CORS " + e.CORS.Error)
		}
		q.end(e.Timestamp)
	}
	r.amend(e.RequestID, fail)
	if known || e.Canceled || !r.full() {
		return
	}
	q := &Request{ID: e.RequestID, Page: page, Type: e.Type, Started: time.Now(), began: e.Timestamp}
	fail(q)
	r.add(q)
}

// superseded ends what a replaced document left unfinished: Chromium does not
// always say so. Should one finish yet (a beacon), that stands.
func (r *recorder) superseded(s *session, frame, loader string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.requests.items {
		if !q.Finished && q.sess == s && q.loader != loader && (frame == q.Frame || frame == q.Page) {
			q.Finished, q.Canceled, q.Error = true, true, "net::ERR_ABORTED"
			q.Duration = time.Since(q.Started)
		}
	}
}

// full reports whether requests had to be dropped: only then is an unknown id one of them.
func (r *recorder) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.dropped > 0
}

// find returns the last hop of a request.
func (r *recorder) find(id string) (Request, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q := r.byID[id]; q != nil {
		return *q, true
	}
	return Request{}, false
}

// pending counts the unfinished requests and names the oldest.
func (r *recorder) pending() (n int, oldest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.requests.items {
		if q.Finished || q.Type == "WebSocket" {
			continue
		}
		if n == 0 {
			oldest = q.URL
		}
		n++
	}
	return n, oldest
}

func (q *Request) respond(i responseInfo, names []string) {
	q.StatusText = clip(i.StatusText, 200)
	q.Status, q.MIME, q.Protocol = i.Status, clip(i.MIME, 200), i.Protocol
	if i.RemoteIP != "" {
		q.RemoteAddr = net.JoinHostPort(strings.Trim(i.RemoteIP, "[]"), strconv.Itoa(i.RemotePort))
	}
	q.FromCache = q.FromCache || i.FromDiskCache
	q.FromServiceWorker = i.FromServiceWorker
	q.Header = pickHeaders(i.Headers, names)
	if t := i.Timing; t != nil {
		q.Timing = Timing{
			DNS: span(t.DNSStart, t.DNSEnd), Connect: span(t.ConnectStart, t.ConnectEnd),
			TLS: span(t.SSLStart, t.SSLEnd), Send: span(t.SendStart, t.SendEnd), Wait: span(t.SendEnd, t.HeadersEnd),
		}
		q.headersAt = t.RequestTime + t.HeadersEnd/1000
	}
}

// end stamps the request finished at a monotonic time.
func (q *Request) end(at float64) {
	q.Finished = true
	if q.began > 0 && at > q.began {
		q.Duration = seconds(at - q.began)
	}
	if q.headersAt > 0 && at > q.headersAt {
		q.Timing.Receive = seconds(at - q.headersAt)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// span is the time between two offsets in milliseconds; -1 means it did not happen.
func span(from, to float64) time.Duration {
	if from < 0 || to <= from {
		return 0
	}
	return seconds((to - from) / 1000)
}

// headerNames are the names to keep, in lower case, without what must never be kept.
func headerNames(names []string) []string {
	var list []string
	for _, n := range names {
		if n = strings.ToLower(n); n != "set-cookie" {
			list = append(list, n)
		}
	}
	return list
}

func pickHeaders(all map[string]string, names []string) map[string]string {
	var kept map[string]string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lower := strings.ToLower(name)
		if !slices.Contains(names, lower) {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[lower] = clip(all[name], 1<<10)
	}
	return kept
}

// isFavicon tells the request that browsers make unasked.
func isFavicon(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Path == "/favicon.ico"
}
