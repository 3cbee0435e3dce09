package browser

import (
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Limits bound the telemetry of a browser context; a zero field takes its
// default (500, 200, 300, 4000, 50, 50 entries; 4 KiB of text each).
type Limits struct{ Console, Exceptions, Logs, Requests, Dialogs, Downloads, Text int }

const (
	maxURL    = 2 << 10
	maxFrames = 20 // of a stack
	// failureRoom is kept free for failed requests after Limits.Requests is reached.
	failureRoom = 200
	maxEarly    = 1000
)

// Telemetry is what a page, its popups, frames and workers did, oldest first.
type Telemetry struct {
	Console    []ConsoleLine
	Exceptions []Exception
	Logs       []LogEntry
	Requests   []Request
	Dialogs    []Dialog
	Downloads  []Download
	Crashes    []Crash
	Blocked    []Blocked // by the fence
	Dropped    Dropped   // since the beginning, whatever the mark
}

// Dropped counts what was not kept. Anything here means that the record is
// incomplete: absence of evidence in it proves nothing.
type Dropped struct {
	Console, Exceptions, Logs, Requests, Dialogs, Downloads, Crashes, Blocked int

	Tabs   int // closed at once, because there were too many
	Events int // protocol events lost before they could be read
}

// Any reports whether anything was dropped.
func (d Dropped) Any() bool { return d != Dropped{} }

// Position in a script. Line and Column are 1-based, 0 when unknown.
type Position struct {
	Function, URL string
	Line, Column  int
}

// ConsoleLine is one call of the console API.
type ConsoleLine struct {
	At     time.Time
	Page   string // Page.ID
	Level  string // log, info, warning, error, debug, trace, assert, …
	Text   string
	Source Position
}

// Exception is an uncaught exception or an unhandled rejection.
type Exception struct {
	At      time.Time
	Page    string
	Text    string // "TypeError: x is not a function"
	Promise bool   // an unhandled rejection
	Source  Position
	Stack   []Position
}

// LogEntry is a message of the browser itself: failed loads, violations, interventions.
type LogEntry struct {
	At        time.Time
	Page      string
	Source    string // network, security, javascript, …
	Level     string
	Text, URL string
	Line      int // 1-based, 0 when unknown
	RequestID string
}

// Dialog is a JavaScript dialog and how it was answered.
type Dialog struct {
	At               time.Time
	Page, Kind, Text string // Kind: alert, confirm, prompt, beforeunload
	URL              string
	Accepted         bool
}

// Download is a download that a page started.
type Download struct {
	At        time.Time
	ID, Page  string
	URL, Name string // Name as the server suggests it: never use it as a path
	State     string // started, completed, canceled
	Bytes     int64
	Path      string // of the file, when it was allowed and completed
	OverLimit bool   // cancelled because it grew over DownloadLimit
}

// Crash is a renderer that died.
type Crash struct {
	At         time.Time
	Page, Kind string // Kind: page, iframe, worker, …
	URL        string
	Reason     string // when it was killed for what it did: its memory
}

// Mark is a point in the telemetry of a browser context.
type Mark struct{ seq uint64 }

// recorder keeps the bounded telemetry of one browser context.
type recorder struct {
	limits  Limits
	headers []string

	archive *archive

	mu         sync.Mutex
	seq        uint64
	console    series[ConsoleLine]
	exceptions series[Exception]
	logs       series[LogEntry]
	requests   series[*Request]
	dialogs    series[Dialog]
	downloads  series[*Download]
	crashes    series[Crash]
	blocked    series[Blocked]
	fence      *fence
	stopped    map[string]bool     // noted by the fence already
	tabs       int                 // turned away
	asked      int                 // dialogs
	byID       map[string]*Request // the current hop
	early      map[string]int      // statuses told before their request
	watched    []*session
	lost       int // by sessions that are gone
}

// series is a bounded list whose entries know their place in the whole record.
type series[T any] struct {
	limit   int
	items   []T
	seqs    []uint64
	dropped int
}

func (s *series[T]) add(seq uint64, v T) bool {
	if len(s.items) >= s.limit {
		s.dropped++
		return false
	}
	s.items, s.seqs = append(s.items, v), append(s.seqs, seq)
	return true
}

func (s *series[T]) since(m Mark) []T {
	i, _ := slices.BinarySearch(s.seqs, m.seq+1)
	return slices.Clone(s.items[i:])
}

func newRecorder(o PageOptions, f *fence) *recorder {
	or := func(n, fallback int) int {
		if n > 0 {
			return n
		}
		return fallback
	}
	l := o.Limits
	r := &recorder{limits: l, archive: newArchive(o.ArchiveLimit), byID: map[string]*Request{}, early: map[string]int{}, fence: f, stopped: map[string]bool{}}
	r.limits.Text = or(l.Text, 4<<10)
	r.limits.Requests = or(l.Requests, 4000)
	r.console.limit = or(l.Console, 500)
	r.exceptions.limit = or(l.Exceptions, 200)
	r.logs.limit = or(l.Logs, 300)
	r.requests.limit = r.limits.Requests
	r.dialogs.limit = or(l.Dialogs, 50)
	r.downloads.limit = or(l.Downloads, 50)
	r.crashes.limit, r.blocked.limit = 50, 100
	r.headers = headerNames(o.ResponseHeaders)
	return r
}

func (r *recorder) mark() Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Mark{r.seq}
}

func (r *recorder) since(m Mark) Telemetry {
	events := 0
	for _, s := range r.sessions() {
		events += s.lostEvents()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := Telemetry{
		Console:    r.console.since(m),
		Exceptions: r.exceptions.since(m),
		Logs:       r.logs.since(m),
		Dialogs:    r.dialogs.since(m),
		Crashes:    r.crashes.since(m),
		Blocked:    r.blocked.since(m),
		Dropped: Dropped{
			Console: r.console.dropped, Exceptions: r.exceptions.dropped, Logs: r.logs.dropped,
			Requests: r.requests.dropped, Dialogs: r.dialogs.dropped, Downloads: r.downloads.dropped,
			Crashes: r.crashes.dropped, Blocked: r.blocked.dropped, Tabs: r.tabs, Events: events + r.lost,
		},
	}
	for _, q := range r.requests.since(m) {
		t.Requests = append(t.Requests, *q)
	}
	for _, d := range r.downloads.since(m) {
		t.Downloads = append(t.Downloads, *d)
	}
	return t
}

// next is the place of the entry about to be added. Caller holds the lock.
func (r *recorder) next() uint64 {
	r.seq++
	return r.seq
}

// sessions that are still there; the losses of the others are kept.
func (r *recorder) sessions() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watched = slices.DeleteFunc(r.watched, func(s *session) bool {
		gone := s.drained()
		if gone {
			r.lost += s.lostEvents()
		}
		return gone
	})
	return slices.Clone(r.watched)
}

func (r *recorder) crashed(c Crash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.URL = clipURL(c.URL)
	r.crashes.add(r.next(), c)
}

// dialog records one and returns how many there were.
func (r *recorder) dialog(d Dialog) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dialogs.add(r.next(), d)
	r.asked++
	return r.asked
}

func (r *recorder) turnedAway() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tabs++
}

func (r *recorder) clip(s string) string { return clip(s, r.limits.Text) }

// clip shortens s to n bytes at a rune boundary and says so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func clipURL(u string) string {
	if len(u) > 5 && u[:5] == "data:" {
		return clip(u, 100)
	}
	return clip(u, maxURL)
}
