package browser

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Event is one protocol event of the network, as Chromium told it: what an
// archive of the run is made from once, at its end.
type Event struct {
	Page    string // Page.ID
	Session string // the target that told it; for Body
	Method  string
	Params  json.RawMessage
}

// Archive is what a page, its popups, frames and workers asked of the network.
type Archive struct {
	Events  []Event
	Sizes   map[string]int64 // decoded bytes received, by request id
	Dropped int              // events over PageOptions.ArchiveLimit
}

// maxFrameEvents bounds the WebSocket messages that are kept: a page may send
// a thousand a second.
const maxFrameEvents = 400

// archived are the events that are kept as they are. Nothing of them is decoded
// while the run is on.
func archived() []string {
	return []string{
		"Network.requestWillBeSent", "Network.requestWillBeSentExtraInfo", "Network.responseReceived",
		"Network.responseReceivedExtraInfo", "Network.requestServedFromCache", "Network.loadingFinished",
		"Network.loadingFailed", "Network.webSocketCreated", "Network.webSocketWillSendHandshakeRequest",
		"Network.webSocketHandshakeResponseReceived", "Network.webSocketFrameError", "Network.webSocketClosed",
	}
}

// archive keeps the raw network events of one browser context.
type archive struct {
	limit int64 // bytes; 0: keep nothing

	mu      sync.Mutex
	kept    int64
	frames  int
	events  []Event
	sizes   map[string]int64
	dropped int
}

func newArchive(limit int64) *archive {
	return &archive{limit: limit, sizes: map[string]int64{}}
}

// listen keeps what session s, of that page, tells of the network.
func (a *archive) listen(page string, s *session) {
	if a.limit <= 0 {
		return
	}
	for _, method := range archived() {
		s.on(method, func(raw json.RawMessage) { a.add(Event{page, s.id, method, raw}) })
	}
	for _, method := range []string{"Network.webSocketFrameSent", "Network.webSocketFrameReceived"} {
		s.on(method, func(raw json.RawMessage) { a.frame(Event{page, s.id, method, raw}) })
	}
	s.on("Page.lifecycleEvent", func(raw json.RawMessage) {
		if bytes.Contains(raw, []byte(`"name":"load"`)) || bytes.Contains(raw, []byte(`"name":"DOMContentLoaded"`)) {
			a.add(Event{page, s.id, "Page.lifecycleEvent", raw})
		}
	})
	handleEvent(s, "Network.dataReceived", func(e struct {
		RequestID string `json:"requestId"`
		Length    int64  `json:"dataLength"`
	},
	) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if _, known := a.sizes[e.RequestID]; known || len(a.sizes) < 1<<13 {
			a.sizes[e.RequestID] += e.Length
		}
	})
}

func (a *archive) add(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept+int64(len(e.Params)) > a.limit {
		a.dropped++
		return
	}
	a.kept += int64(len(e.Params))
	a.events = append(a.events, e)
}

func (a *archive) frame(e Event) {
	a.mu.Lock()
	a.frames++
	over := a.frames > maxFrameEvents || len(e.Params) > 64<<10
	if over {
		a.dropped++
	}
	a.mu.Unlock()
	if !over {
		a.add(e)
	}
}

// Archive returns the raw network record of the browser context so far. It is
// empty unless PageOptions.ArchiveLimit asked for it.
func (p *Page) Archive() Archive {
	a := p.window.record.archive
	a.mu.Lock()
	defer a.mu.Unlock()
	sizes := make(map[string]int64, len(a.sizes))
	for id, n := range a.sizes {
		sizes[id] = n
	}
	return Archive{Events: slices.Clone(a.events), Sizes: sizes, Dropped: a.dropped}
}

// Body returns the decoded body of a response that the session of an Event
// received. Chromium forgets bodies: those over its buffers, and without
// PageOptions.DurableBodies all of a document that was left.
func (p *Page) Body(ctx context.Context, sessionID, requestID string) ([]byte, error) {
	s := p.window.browser.conn.session(sessionID)
	if s == nil {
		return nil, fmt.Errorf("read body: %w", ErrClosed)
	}
	var got struct {
		Body    string `json:"body"`
		Encoded bool   `json:"base64Encoded"`
	}
	if err := s.call(ctx, "Network.getResponseBody", map[string]any{"requestId": requestID}, &got); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if !got.Encoded {
		return []byte(got.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(got.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return body, nil
}
