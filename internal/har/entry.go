package har

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// entry writes one exchange down.
func (b *builder) entry(h *hop) Entry {
	e := h.Entry
	if h.page != nil {
		e.Page = h.page.ID
	}
	e.Started = stamp(wall(h.wall))
	ended := h.ended
	if ended == 0 {
		ended = max(b.last, h.issued)
		e.Comment = "not finished when the run ended"
		if h.socket {
			e.Comment = "open when the run ended"
		}
	}
	var t *wireTiming
	if h.got != nil {
		t = h.got.Timing
	}
	e.Timings, e.Time = phases(t, h.issued, ended)
	e.Request = h.request()
	b.response(h, &e)
	return e
}

// version is the protocol as the format spells it.
func version(protocol string) string {
	switch p := strings.ToLower(protocol); p {
	case "":
		return "HTTP/1.1"
	case "h2":
		return "HTTP/2.0"
	case "h3":
		return "HTTP/3.0"
	default:
		return strings.ToUpper(p)
	}
}

func (h *hop) request() Request {
	q := Request{
		Method: clip(h.sent.Method, 40), URL: clip(h.sent.URL+h.sent.Fragment, maxURL), HTTPVersion: "HTTP/1.1",
		Cookies: sentCookies(header(h.sent.Headers, "cookie")), Headers: pairs(h.sent.Headers),
		Query: query(clip(h.sent.URL, maxURL)), HeadersSize: none,
	}
	if h.got != nil {
		q.HTTPVersion = version(h.got.Protocol)
		if h.got.SentText != "" {
			q.HeadersSize = len(h.got.SentText)
		}
	}
	q.Post, q.BodySize = h.post()
	return q
}

// post is the body that was sent, and its size; -1 when it is not known.
func (h *hop) post() (*PostData, int) {
	if h.sent.Post == "" && !h.sent.HasPost {
		return nil, 0
	}
	p := &PostData{MIME: header(h.sent.Headers, "content-type"), Text: clip(h.sent.Post, maxPost)}
	if h.sent.Post == "" {
		p.Comment = "the body was too large to keep"
		return p, none
	}
	if !utf8.ValidString(p.Text) {
		p.Text, p.Comment = "", "the body is not text"
	}
	if strings.HasPrefix(strings.ToLower(p.MIME), "application/x-www-form-urlencoded") {
		p.Params = form(p.Text)
	}
	return p, len(h.sent.Post)
}

// response fills in what came back.
func (b *builder) response(h *hop, e *Entry) {
	r := &e.Response
	r.HTTPVersion, r.Cookies, r.Headers = e.Request.HTTPVersion, []Cookie{}, []Pair{}
	r.HeadersSize, r.BodySize = none, none
	if r.Error != "" && h.canceled {
		r.Error += " (canceled)"
	}
	if h.got == nil {
		r.Content.MIME = "x-unknown"
		return
	}
	got := h.got
	r.Status, r.StatusText = got.Status, clip(got.StatusText, 200)
	if r.Status == 0 || (h.status >= 300 && h.status < 400 && r.Status == 200) {
		r.Status = h.status // what CORS hides, and a 304 that the cache made a 200
	}
	r.Headers, r.Cookies = pairs(got.Headers), setCookies(header(got.Headers, "set-cookie"))
	if r.RedirectURL == "" && r.Status >= 300 && r.Status < 400 && r.Status != 304 {
		r.RedirectURL = clip(header(got.Headers, "location"), maxURL)
	}
	if got.Text != "" {
		r.HeadersSize = len(got.Text)
	}
	e.Server, e.Worker = strings.Trim(got.IP, "[]"), got.Worker
	if got.Connection > 0 {
		e.Connection = fmt.Sprintf("%.0f", got.Connection)
	}
	if !h.Final {
		r.Transferred = int64(got.Encoded)
	}
	switch {
	case h.memory:
		e.Cached = "memory"
	case got.Disk:
		e.Cached = "disk"
	}
	b.content(h, e)
}

// content fills in the sizes of the body.
func (b *builder) content(h *hop, e *Entry) {
	r := &e.Response
	r.Content.MIME = clip(h.got.MIME, 200)
	if r.Content.MIME == "" {
		r.Content.MIME = "x-unknown"
	}
	if h.Final {
		r.Content.Size = b.o.Sizes[h.ID]
	}
	switch {
	case e.Cached != "" || r.Status == 304:
		r.BodySize = 0
	case r.Transferred > 0 && r.HeadersSize >= 0:
		r.BodySize = max(0, int(r.Transferred)-r.HeadersSize)
	case r.Transferred > 0 && h.got.Encoded > 0:
		r.BodySize = max(0, int(r.Transferred)-int(h.got.Encoded)) // the event came with the headers
	}
	if r.BodySize > 0 && r.Content.Size > int64(r.BodySize) {
		r.Content.Compression = r.Content.Size - int64(r.BodySize)
	}
}

// SetBody puts a decoded body into the content: as text, or as base64 when it
// is no text.
func (c *Content) SetBody(body []byte) {
	c.Size = max(c.Size, int64(len(body)))
	if utf8.Valid(body) {
		c.Text, c.Encoding = string(body), ""
		return
	}
	c.Text, c.Encoding = base64.StdEncoding.EncodeToString(body), "base64"
}

// socket notes what a WebSocket did. Its times come without a monotonic start,
// except in its handshake.
func (b *builder) socket(e Event, name string, w wire) {
	h := b.now(w.RequestID)
	if name == "webSocketCreated" {
		h = &hop{socket: true, sent: wireRequest{URL: w.URL, Method: "GET"}, page: b.of(e.Page, ""), issued: b.last, wall: b.last + b.epoch}
		h.ID, h.Session, h.Type, h.Final = w.RequestID, e.Session, "websocket", true
		h.Initiator = w.Initiator.known()
		b.add(h)
		return
	}
	if h == nil || !h.socket {
		return
	}
	switch name {
	case "webSocketWillSendHandshakeRequest":
		h.issued, h.wall, h.sent.Headers = w.Timestamp, w.WallTime, w.Request.Headers
	case "webSocketHandshakeResponseReceived":
		r := w.Response
		h.got = &r
		if len(r.Sent) > 0 {
			h.sent.Headers = r.Sent
		}
	case "webSocketFrameError":
		h.Response.Error = clip(w.Message, 500)
	case "webSocketClosed":
		h.ended = w.Timestamp
	case "webSocketFrameSent", "webSocketFrameReceived":
		kind := "receive"
		if name == "webSocketFrameSent" {
			kind = "send"
		}
		if len(h.Messages) < maxMessages {
			at := h.wall + w.Timestamp - h.issued
			h.Messages = append(h.Messages, Message{kind, at, int(w.Response.Opcode), clip(w.Response.Data, maxMessage)})
		}
	}
}
