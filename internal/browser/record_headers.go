package browser

import (
	"maps"
	"slices"
	"strings"
)

const (
	// maxPostData bounds the body of one request that is kept in memory.
	maxPostData = 64 << 10
	maxHeaders  = 100     // of one message
	maxHeader   = 4 << 10 // bytes of one value
)

// Header is one line of a message.
type Header struct{ Name, Value string }

type headersEvent struct {
	RequestID  string            `json:"requestId"`
	Headers    map[string]string `json:"headers"`
	StatusCode int               `json:"statusCode"`
}

// earlyHeaders are those told before their request.
type earlyHeaders struct{ asked, answered []Header }

// listenHeaders keeps the headers as they went over the wire, cookies included:
// they are told apart from the request, before or after it.
func (r *recorder) listenHeaders(s *session) {
	if !r.keepHeaders {
		return
	}
	handleEvent(s, "Network.requestWillBeSentExtraInfo", func(e headersEvent) { r.wireHeaders(e, true) })
	handleEvent(s, "Network.responseReceivedExtraInfo", func(e headersEvent) { r.wireHeaders(e, false) })
	handleEvent(s, "Network.webSocketWillSendHandshakeRequest", func(e struct {
		RequestID string       `json:"requestId"`
		Request   headersEvent `json:"request"`
	},
	) {
		r.amend(e.RequestID, func(q *Request) { q.RequestHeaders = headerList(e.Request.Headers) })
	})
}

// wireHeaders gives the headers to their hop: the oldest that lacks them.
func (r *recorder) wireHeaders(e headersEvent, asked bool) {
	list := headerList(e.Headers)
	r.mu.Lock()
	defer r.mu.Unlock()
	var hop *Request
	for q := r.byID[e.RequestID]; q != nil; q = q.before {
		switch {
		case asked && !q.wireAsked, !asked && !q.wireAnswered && (q.Status == 0 || q.Status == e.StatusCode || hop == nil):
			hop = q
		}
	}
	switch {
	case hop == nil && (len(r.earlyWire) < maxEarly || r.earlyWire[e.RequestID] != nil):
		w := r.earlyWire[e.RequestID]
		if w == nil {
			w = &earlyHeaders{}
			r.earlyWire[e.RequestID] = w
		}
		if asked {
			w.asked = list
		} else {
			w.answered = list
		}
	case hop == nil:
	case asked:
		hop.RequestHeaders, hop.wireAsked = list, true
	default:
		hop.ResponseHeaders, hop.wireAnswered = list, true
	}
}

// joinEarly gives a new hop what was told before it. Caller holds the lock.
func (r *recorder) joinEarly(q *Request) {
	w := r.earlyWire[q.ID]
	if w == nil {
		return
	}
	delete(r.earlyWire, q.ID)
	if w.asked != nil {
		q.RequestHeaders, q.wireAsked = w.asked, true
	}
	if w.answered != nil {
		q.ResponseHeaders, q.wireAnswered = w.answered, true
	}
}

// headerList is the headers in order of their names; those that came more than
// once, which Chromium joins by line breaks, one by one.
func headerList(all map[string]string) []Header {
	list := make([]Header, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for value := range strings.SplitSeq(all[name], "\n") {
			if len(list) == maxHeaders {
				return list
			}
			list = append(list, Header{Name: clip(name, 200), Value: clip(value, maxHeader)})
		}
	}
	return list
}
