package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// conn is the pipe to one Chromium: one reader that never blocks on a consumer,
// one writer, and the sessions multiplexed over it.
type conn struct {
	in     io.Reader
	outbox chan []byte
	out    io.WriteCloser
	root   *session

	mu       sync.Mutex
	lastID   int64
	calls    map[int64]*call
	sessions map[string]*session
	err      error
	done     chan struct{}
}

// call is a command waiting for its response.
type call struct {
	id     int64
	sess   *session
	method string
	reply  chan message
}

// newConn starts the reader and the writer; both end when either side of the pipe closes.
func newConn(in io.Reader, out io.WriteCloser) *conn {
	c := &conn{
		in:       in,
		out:      out,
		outbox:   make(chan []byte, 64),
		calls:    map[int64]*call{},
		sessions: map[string]*session{},
		done:     make(chan struct{}),
	}
	c.root = newSession(c, "", targetInfo{Type: "browser"}, nil)
	c.root.start()
	go c.read()
	go c.write()
	return c
}

// fail ends the connection: every pending and later call gets err.
func (c *conn) fail(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	sessions := make([]*session, 0, len(c.sessions)+1)
	sessions = append(sessions, c.root)
	for _, s := range c.sessions {
		sessions = append(sessions, s)
	}
	c.calls, c.sessions = map[int64]*call{}, map[string]*session{}
	close(c.done)
	c.mu.Unlock()
	_ = c.out.Close()
	for _, s := range sessions {
		s.end(err)
	}
}

func (c *conn) write() {
	for {
		select {
		case <-c.done:
			return
		case b := <-c.outbox:
			if _, err := c.out.Write(b); err != nil {
				c.fail(fmt.Errorf("%w: write to chromium: %w", ErrClosed, err))
				return
			}
		}
	}
}

func (c *conn) read() {
	r := bufio.NewReaderSize(c.in, 64<<10)
	for {
		raw, over, err := readMessage(r, maxMessage)
		switch {
		case err != nil:
			if errors.Is(err, io.EOF) {
				err = errors.New("chromium closed the pipe")
			}
			c.fail(fmt.Errorf("%w: %w", ErrClosed, err))
			return
		case over:
			c.oversized(raw)
		default:
			m, err := decodeMessage(raw)
			if err != nil {
				c.root.lose(1)
				continue
			}
			c.deliver(m, len(raw))
		}
	}
}

// oversized answers the call whose response was too big, or counts a lost event.
func (c *conn) oversized(head []byte) {
	id := responseID(head)
	if id == 0 {
		c.mu.Lock()
		sessions := make([]*session, 0, len(c.sessions))
		for _, s := range c.sessions {
			sessions = append(sessions, s)
		}
		c.mu.Unlock()
		for _, s := range sessions { // whose it was is unknown: all are incomplete
			s.lose(1)
		}
		return
	}
	c.respond(message{ID: id, Error: &wireError{Message: fmt.Sprintf("response larger than %d bytes", maxMessage)}})
}

func (c *conn) respond(m message) {
	c.mu.Lock()
	pending := c.calls[m.ID]
	delete(c.calls, m.ID)
	c.mu.Unlock()
	if pending != nil {
		pending.reply <- m
	}
}

// deliver hands a message on without ever waiting: a response to its call, an
// event to the queue of its session.
func (c *conn) deliver(m message, size int) {
	if m.ID != 0 {
		c.respond(m)
		return
	}
	s := c.session(m.SessionID)
	if s == nil {
		return
	}
	switch m.Method {
	case "Target.attachedToTarget":
		c.attach(s, m.Params)
	case "Inspector.targetCrashed":
		s.kill(ErrCrashed)
	}
	s.push(event{method: m.Method, params: m.Params, size: size})
	if m.Method == "Target.detachedFromTarget" {
		c.detach(m.Params)
	}
}

// attach registers the session at once, because its first events follow at once;
// they wait in its queue until the owner of the parent session starts it.
func (c *conn) attach(parent *session, params json.RawMessage) {
	var e attachedEvent
	if json.Unmarshal(params, &e) != nil || e.SessionID == "" {
		return
	}
	s := newSession(c, e.SessionID, e.TargetInfo, parent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.sessions[e.SessionID] = s
	}
}

func (c *conn) detach(params json.RawMessage) {
	var e struct {
		SessionID string `json:"sessionId"`
	}
	if json.Unmarshal(params, &e) != nil {
		return
	}
	c.mu.Lock()
	s := c.sessions[e.SessionID]
	delete(c.sessions, e.SessionID)
	c.mu.Unlock()
	if s != nil {
		s.end(ErrClosed)
	}
}

func (c *conn) session(id string) *session {
	if id == "" {
		return c.root
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessions[id]
}

// enqueue gives ids to the commands, registers those that want an answer, and
// returns them with the bytes of all commands as one write.
func (c *conn) enqueue(s *session, want bool, cmds []command) ([]*call, []byte, error) {
	var buf []byte
	calls := make([]*call, 0, len(cmds))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, nil, c.err
	}
	first := c.lastID + 1
	for i, cmd := range cmds {
		cmd.ID, cmd.SessionID = first+int64(i), s.id
		b, err := json.Marshal(cmd)
		if err != nil {
			return nil, nil, fmt.Errorf("encode %s: %w", cmd.Method, err)
		}
		buf = append(append(buf, b...), 0)
		calls = append(calls, &call{id: cmd.ID, sess: s, method: cmd.Method, reply: make(chan message, 1)})
	}
	c.lastID += int64(len(cmds))
	if want {
		for _, p := range calls {
			c.calls[p.id] = p
		}
	}
	return calls, buf, nil
}

// forget drops calls nobody waits for any more.
func (c *conn) forget(calls []*call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range calls {
		delete(c.calls, p.id)
	}
}
