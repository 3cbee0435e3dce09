package har

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// maxEntries bounds one archive.
const maxEntries = 3000

// Options for Build.
type Options struct {
	Creator Tool
	Browser *Tool
	Sizes   map[string]int64 // decoded bytes received, by request id
	Dropped int              // events that were lost before Build
}

// Build makes the log of a run. Entries are in the order they began. Cookies,
// headers and addresses are as they were: redact before storing.
func Build(events []Event, o Options) Log {
	b := &builder{o: o, hops: map[string][]*hop{}, extras: map[string]*extras{}, shown: map[string]*page{}}
	for _, e := range events {
		b.take(e)
	}
	return b.log()
}

// builder joins events to exchanges.
type builder struct {
	o      Options
	all    []*hop
	hops   map[string][]*hop // by request id; all hops of one redirect chain
	extras map[string]*extras
	pages  []*page
	shown  map[string]*page // by tab: the document shown now
	last   float64          // monotonic time of the newest event
	epoch  float64          // wall time less monotonic time
	odd    int              // events that did not decode
	over   int              // entries over the bound
}

// hop is one exchange.
type hop struct {
	Entry
	issued, ended float64 // monotonic seconds
	wall          float64
	sent          wireRequest
	got           *wireResponse
	socket        bool
	extra         bool // its raw headers were told separately
	memory        bool
	page          *page
	canceled      bool
	status        int // by the raw headers, which CORS does not hide
}

// extras are the raw headers of a request's hops, in their order.
type extras struct{ sent, got []wire }

// page is one document in one tab.
type page struct {
	Page
	loader string
	issued float64
}

func (b *builder) take(e Event) {
	var w wire
	if err := json.Unmarshal(e.Params, &w); err != nil {
		b.odd++
		return
	}
	w.Timestamp, w.WallTime = sane(w.Timestamp), sane(w.WallTime)
	b.last = max(b.last, w.Timestamp)
	if w.WallTime > 0 && w.Timestamp > 0 {
		b.epoch = w.WallTime - w.Timestamp
	}
	switch name := strings.TrimPrefix(e.Method, "Network."); name {
	case "requestWillBeSent":
		b.sent(e, w)
	case "requestWillBeSentExtraInfo", "responseReceivedExtraInfo":
		x := b.extras[w.RequestID]
		if x == nil {
			x = &extras{}
			b.extras[w.RequestID] = x
		}
		if name == "requestWillBeSentExtraInfo" {
			x.sent = append(x.sent, w)
		} else {
			x.got = append(x.got, w)
		}
	case "Page.lifecycleEvent":
		b.shows(e, w)
	default:
		if strings.HasPrefix(name, "webSocket") {
			b.socket(e, name, w)
		} else if h := b.now(w.RequestID); h != nil {
			h.take(name, w)
		}
	}
}

// now is the current hop of a request.
func (b *builder) now(id string) *hop {
	list := b.hops[id]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

func (b *builder) sent(e Event, w wire) {
	if strings.HasPrefix(w.Request.URL, "data:") {
		return
	}
	if h := b.now(w.RequestID); h != nil {
		if w.Redirect == nil && h.ended == 0 {
			return // told by two sessions
		}
		if w.Redirect != nil {
			h.got, h.extra, h.Final = w.Redirect, w.HopExtra, false
			h.Response.RedirectURL = clip(w.Request.URL, maxURL)
			h.ended = w.Timestamp
		}
	}
	if w.Type == "Document" && w.RequestID == w.LoaderID && w.FrameID == e.Page && w.Redirect == nil {
		b.document(e, w)
	}
	h := &hop{issued: w.Timestamp, wall: w.WallTime, sent: w.Request, page: b.of(e.Page, w.LoaderID)}
	h.ID, h.Session, h.Final = w.RequestID, e.Session, true
	h.Type, h.Priority, h.Initiator = strings.ToLower(w.Type), w.Request.Priority, w.Initiator.known()
	b.add(h)
}

func (b *builder) add(h *hop) {
	if len(b.all) >= maxEntries {
		b.over++
		return
	}
	b.all = append(b.all, h)
	b.hops[h.ID] = append(b.hops[h.ID], h)
}

// document begins a new page in a tab.
func (b *builder) document(e Event, w wire) {
	p := &page{loader: w.LoaderID, issued: w.Timestamp}
	p.Page = Page{
		Started: stamp(wall(w.WallTime)), ID: fmt.Sprintf("page_%d", len(b.pages)+1),
		Title: clip(w.Request.URL, maxURL), Timings: PageTimings{Content: none, Load: none},
	}
	b.pages = append(b.pages, p)
	b.shown[e.Page] = p
}

// of is the page a request belongs to.
func (b *builder) of(tab, loader string) *page {
	for _, p := range b.pages {
		if loader != "" && p.loader == loader {
			return p
		}
	}
	return b.shown[tab]
}

// shows notes the milestones of the main document.
func (b *builder) shows(e Event, w wire) {
	if w.FrameID != e.Page {
		return
	}
	for _, p := range b.pages {
		if p.loader != w.LoaderID {
			continue
		}
		at := round(max(0, w.Timestamp-p.issued) * 1000)
		switch {
		case w.Name == "load" && p.Timings.Load < 0:
			p.Timings.Load = at
		case w.Name == "DOMContentLoaded" && p.Timings.Content < 0:
			p.Timings.Content = at
		}
	}
}

func (h *hop) take(name string, w wire) {
	switch name {
	case "responseReceived":
		r := w.Response
		h.got, h.extra = &r, w.Extra
		if w.Type != "" {
			h.Type = strings.ToLower(w.Type)
		}
	case "requestServedFromCache":
		h.memory = true
	case "loadingFinished":
		h.ended, h.Response.Error, h.canceled = w.Timestamp, "", false
		h.Response.Transferred = int64(w.Encoded)
	case "loadingFailed":
		h.ended, h.canceled = w.Timestamp, w.Canceled
		why := w.Blocked
		if w.CORS != nil {
			why = strings.TrimSpace(why + " CORS " + w.CORS.Error)
		}
		h.Response.Error = clip(strings.TrimSpace(w.Error+" "+why), 500)
	}
}

func (i wireInitiator) known() *Initiator {
	if i.Type == "" {
		return nil
	}
	out := &Initiator{Type: i.Type, URL: clip(i.URL, maxURL)}
	if i.URL != "" {
		out.Line, out.Column = i.Line+1, i.Column+1
	}
	if i.Stack != nil && len(i.Stack.Frames) > 0 {
		f := i.Stack.Frames[0]
		out.URL, out.Line, out.Column, out.Name = clip(f.URL, maxURL), f.Line+1, f.Column+1, clip(f.Name, 200)
	}
	return out
}

// log writes everything down.
func (b *builder) log() Log {
	l := Log{Version: Version, Creator: b.o.Creator, Browser: b.o.Browser, Pages: []Page{}, Entries: []Entry{}}
	for _, p := range b.pages {
		l.Pages = append(l.Pages, p.Page)
	}
	b.join()
	for _, h := range b.all {
		l.Entries = append(l.Entries, b.entry(h))
	}
	slices.SortStableFunc(l.Entries, func(x, y Entry) int { return strings.Compare(x.Started, y.Started) })
	if lost := b.o.Dropped + b.odd + b.over; lost > 0 {
		l.Comment = fmt.Sprintf("%d events of the network were not kept", lost)
	}
	return l
}

// join gives each hop its raw headers: they come in the order of the hops, but
// before or after them, and not for those that a cache answered.
func (b *builder) join() {
	for id, x := range b.extras {
		sent, got := 0, 0
		for i, h := range b.hops[id] {
			last := i == len(b.hops[id])-1
			if !h.extra && !(last && h.got == nil) {
				continue
			}
			if sent < len(x.sent) {
				h.sent.Headers = x.sent[sent].Headers
				sent++
			}
			if got < len(x.got) {
				b.raw(h, x.got[got])
				got++
			}
		}
	}
}

// raw are the headers of an answer as they were on the wire.
func (b *builder) raw(h *hop, w wire) {
	h.status = w.Status
	if h.got == nil {
		h.got = &wireResponse{}
	}
	h.got.Headers = w.Headers
	if w.Text != "" {
		h.got.Text = w.Text
	}
}
