// Package slacktest is a stand-in for Slack: the few Web API methods that
// Postflight calls, spoken over a real socket, with Slack's documented
// arguments, limits and errors, and a page that shows the channel.
//
// Tests script its failures (429, 5xx, a hang, stored-then-dropped) and end by
// asking for Unexpected. The demo serves it, so that a person without a Slack
// account sees what Slack would show. It never talks to slack.com, and what
// it holds is bounded.
package slacktest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what one server holds and reads.
const (
	maxMessages = 1000
	maxBytes    = 64 << 20 // of all files
	maxRequest  = 16 << 20
	maxPending  = 64
	maxNotes    = 200
)

// Options of a server.
type Options struct {
	Token    string    // the bot token it accepts
	Channels []Channel // the channels the bot is in
	// Dir keeps messages and files over a restart; empty keeps them in memory.
	Dir string
}

// Channel is one channel of the workspace.
type Channel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Archived bool   `json:"archived,omitempty"`
	Stranger bool   `json:"stranger,omitempty"` // the bot is not a member
}

// Message is one message as the workspace holds it.
type Message struct {
	Channel string          `json:"channel"`
	TS      string          `json:"ts"`
	Thread  string          `json:"thread,omitempty"` // ts of the root it answers
	Text    string          `json:"text"`
	Blocks  json.RawMessage `json:"blocks,omitempty"`
	Files   []string        `json:"files,omitempty"`
	Edits   []string        `json:"edits,omitempty"` // former texts, oldest first
	At      time.Time       `json:"at"`
	Edited  time.Time       `json:"edited,omitzero"`
	Loud    bool            `json:"loud,omitempty"` // names in it become mentions
}

// File is one uploaded file.
type File struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Title   string    `json:"title"`
	Alt     string    `json:"alt,omitempty"`
	Size    int       `json:"size"`
	Channel string    `json:"channel,omitempty"`
	Thread  string    `json:"thread,omitempty"`
	At      time.Time `json:"at"`
	Bytes   []byte    `json:"-"`
}

// upload is a file that was announced and is not complete.
type upload struct {
	file  File
	ready bool
}

// Server is the workspace. It is safe for concurrent use.
type Server struct {
	options Options
	mux     *http.ServeMux
	page    *template.Template
	closed  chan struct{}
	once    sync.Once

	mu         sync.Mutex
	last       int64 // microseconds of the last ts
	messages   []Message
	files      []File
	pending    map[string]upload
	order      []string // keys of pending, oldest first
	faults     []Fault
	calls      []Call
	unexpected []string
	changed    chan struct{}
}

// Call is one request that reached the API.
type Call struct {
	Method string // for example "chat.postMessage"; "upload" for the file's bytes
	Answer string // "ok", Slack's error, or the scripted failure
}

// New opens a workspace; with a directory, the one that was kept there.
func New(o Options) (*Server, error) {
	if o.Token == "" || len(o.Channels) == 0 {
		return nil, fmt.Errorf("open slack stand-in: a token and a channel are needed")
	}
	s := &Server{
		options: o, closed: make(chan struct{}), changed: make(chan struct{}), pending: map[string]upload{},
	}
	var err error
	if s.page, err = newPage(); err != nil {
		return nil, fmt.Errorf("open slack stand-in: %w", err)
	}
	s.mux = s.routes()
	if o.Dir != "" {
		if err := s.load(); err != nil {
			return nil, fmt.Errorf("open slack stand-in %s: %w", o.Dir, err)
		}
	}
	return s, nil
}

// ServeHTTP answers the API below /api/ and shows the page at /.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close lets go of every request that hangs and every open page.
func (s *Server) Close() { s.once.Do(func() { close(s.closed) }) }

// Messages returns every message in the order they were posted.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Roots returns the messages that answer no other.
func (s *Server) Roots() []Message {
	return slices.DeleteFunc(s.Messages(), func(m Message) bool { return m.Thread != "" })
}

// Thread returns the answers to the message with this ts.
func (s *Server) Thread(ts string) []Message {
	return slices.DeleteFunc(s.Messages(), func(m Message) bool { return m.Thread != ts })
}

// Files returns every file that was shared, with its bytes.
func (s *Server) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.files)
}

// Calls returns the latest requests in order, at most a few hundred.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Unexpected returns what Slack would have refused although no failure was
// scripted: unknown methods, bad arguments, edits of unknown messages.
func (s *Server) Unexpected() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unexpected)
}

// Changed is closed at the next change of messages, files or calls.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Mentions returns the parts of the message that would notify or name
// somebody, or lead to another channel.
func (m Message) Mentions() []string {
	var out []string
	for _, text := range append(markdownTexts(m.Blocks), m.Text) {
		for _, span := range parse(text) {
			if span.Kind == "mention" {
				out = append(out, span.Text)
			}
		}
		for _, word := range []string{"@here", "@channel", "@everyone"} {
			if m.Loud && strings.Contains(text, word) {
				out = append(out, word)
			}
		}
	}
	return out
}

// note ends the request's bookkeeping; the caller holds the lock.
func (s *Server) note(method, answer string) {
	if s.calls = append(s.calls, Call{method, answer}); len(s.calls) > maxNotes {
		s.calls = s.calls[len(s.calls)-maxNotes:]
	}
	s.tell()
}

// tell wakes everybody who waits for a change; the caller holds the lock.
func (s *Server) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// stamp returns a fresh ts and its moment; the caller holds the lock.
func (s *Server) stamp() (string, time.Time) {
	now := time.Now()
	s.last = max(s.last+1, now.UnixMicro())
	return fmt.Sprintf("%d.%06d", s.last/1e6, s.last%1e6), now.UTC()
}

// keep bounds messages and files; the caller holds the lock.
func (s *Server) keep() {
	if n := len(s.messages) - maxMessages; n > 0 {
		s.messages = slices.Delete(s.messages, 0, n)
	}
	total := 0
	for _, f := range s.files {
		total += len(f.Bytes)
	}
	for total > maxBytes && len(s.files) > 0 {
		total -= len(s.files[0].Bytes)
		s.forget(s.files[0].ID)
		s.files = slices.Delete(s.files, 0, 1)
	}
}

func (s *Server) find(channel, ts string) int {
	return slices.IndexFunc(s.messages, func(m Message) bool { return m.Channel == channel && m.TS == ts })
}

// newID returns an id in Slack's alphabet.
func newID(prefix string) string { return prefix + rand.Text()[:10] }
