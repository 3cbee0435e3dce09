package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

const (
	// softQueue is where telemetry events begin to be dropped (and counted).
	softQueue = 16 << 20
	// hardQueue is where a session is given up: even its control events do not drain.
	hardQueue = 64 << 20
)

type targetInfo struct {
	TargetID         string `json:"targetId"`
	Type             string `json:"type"`
	URL              string `json:"url"`
	OpenerID         string `json:"openerId"`
	BrowserContextID string `json:"browserContextId"`
}

type attachedEvent struct {
	SessionID  string     `json:"sessionId"`
	TargetInfo targetInfo `json:"targetInfo"`
}

type event struct {
	method string
	params json.RawMessage
	size   int
	fence  chan struct{} // set on a fence instead of an event: closed when reached
}

type handler struct {
	method string
	fn     func(json.RawMessage)
}

// session is one attached target. Events are queued without blocking the reader
// and handled in order by one goroutine, from start until the target is gone.
type session struct {
	conn   *conn
	id     string
	target targetInfo
	parent *session

	dead chan struct{} // closed by kill: calls fail with deadErr
	wake chan struct{}

	mu       sync.Mutex
	deadErr  error
	over     bool // no further events will come
	busy     bool // the dispatcher is at work on a batch
	queue    []event
	queued   int
	lost     int
	handlers []*handler
}

func newSession(c *conn, id string, t targetInfo, parent *session) *session {
	return &session{
		conn: c, id: id, target: t, parent: parent,
		dead: make(chan struct{}), wake: make(chan struct{}, 1),
	}
}

// start begins handling the queued events; call once, after the handlers are set.
func (s *session) start() { go s.dispatch() }

func (s *session) dispatch() {
	for {
		s.mu.Lock()
		batch, over := s.queue, s.over
		s.queue, s.queued, s.busy = nil, 0, len(batch) > 0
		s.mu.Unlock()
		for _, e := range batch {
			if e.fence != nil {
				close(e.fence)
				continue
			}
			s.handle(e)
		}
		if len(batch) > 0 {
			continue
		}
		if over {
			return
		}
		<-s.wake
	}
}

func (s *session) handle(e event) {
	s.mu.Lock()
	handlers := slices.Clone(s.handlers)
	s.mu.Unlock()
	for _, h := range handlers {
		if h.method == e.method {
			h.fn(e.params)
		}
	}
}

// push appends an event; it never waits.
func (s *session) push(e event) {
	s.mu.Lock()
	switch {
	case s.over, s.queued > softQueue && isTelemetry(e.method):
		s.lost++
		s.mu.Unlock()
		return
	case s.queued > hardQueue:
		s.mu.Unlock()
		s.kill(fmt.Errorf("%w: event queue over %d bytes", ErrClosed, hardQueue))
		return
	}
	s.queue = append(s.queue, e)
	s.queued += e.size
	s.mu.Unlock()
	s.signal()
}

func (s *session) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// isTelemetry tells the events that may be dropped (and counted) from those that steer.
func isTelemetry(method string) bool {
	domain, _, _ := strings.Cut(method, ".")
	switch domain {
	case "Network", "Log":
		return true
	}
	return method == "Runtime.consoleAPICalled" || method == "Runtime.exceptionThrown"
}

func (s *session) lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost += n
}

func (s *session) lostEvents() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// kill fails all pending and later calls; the first reason stays.
func (s *session) kill(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deadErr == nil {
		s.deadErr = err
		close(s.dead)
	}
}

// end kills and lets the dispatcher leave once the queue is drained.
func (s *session) end(err error) {
	s.kill(err)
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.signal()
}

// drained reports whether the session is gone and all its events are handled.
func (s *session) drained() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over && len(s.queue) == 0 && !s.busy
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deadErr
}

// on adds a handler and returns its removal.
func (s *session) on(method string, fn func(json.RawMessage)) func() {
	h := &handler{method: method, fn: fn}
	s.mu.Lock()
	s.handlers = append(s.handlers, h)
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.handlers = slices.DeleteFunc(s.handlers, func(o *handler) bool { return o == h })
	}
}

// handle decodes the event into T before fn; what does not decode is counted as lost.
func handleEvent[T any](s *session, method string, fn func(T)) {
	s.on(method, func(raw json.RawMessage) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			s.lose(1)
			return
		}
		fn(v)
	})
}

// send writes the commands in one piece, without waiting for their answers.
func (s *session) send(ctx context.Context, want bool, cmds ...command) ([]*call, error) {
	if err := s.reason(); err != nil {
		return nil, err
	}
	calls, buf, err := s.conn.enqueue(s, want, cmds)
	if err != nil {
		return nil, err
	}
	select {
	case s.conn.outbox <- buf:
		return calls, nil
	case <-s.conn.done:
		err = s.conn.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.conn.forget(calls)
	return nil, err
}

// post sends a command whose answer does not matter.
func (s *session) post(method string, params any) {
	_, _ = s.send(context.Background(), false, command{Method: method, Params: params})
}

// wait returns the answer to one call.
func (s *session) wait(ctx context.Context, p *call, result any) error {
	select {
	case m := <-p.reply:
		return p.decode(m, result)
	default:
	}
	select {
	case m := <-p.reply:
		return p.decode(m, result)
	case <-s.dead:
		s.conn.forget([]*call{p})
		return fmt.Errorf("%s: %w", p.method, s.reason())
	case <-ctx.Done():
		s.conn.forget([]*call{p})
		return fmt.Errorf("%s: %w", p.method, ctx.Err())
	}
}

func (p *call) decode(m message, result any) error {
	if m.Error != nil {
		return &ProtocolError{Method: p.method, Code: m.Error.Code, Message: m.Error.Message}
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(m.Result, result); err != nil {
		return fmt.Errorf("decode result of %s: %w", p.method, err)
	}
	return nil
}

// call sends one command and waits for its answer.
func (s *session) call(ctx context.Context, method string, params, result any) error {
	calls, err := s.send(ctx, true, command{Method: method, Params: params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return s.wait(ctx, calls[0], result)
}

// waitAll waits for every answer; refusals are ignored, because the domains of a
// target differ by its kind, but the first other failure is returned.
func (s *session) waitAll(ctx context.Context, calls []*call) error {
	for i, p := range calls {
		var refused *ProtocolError
		if err := s.wait(ctx, p, nil); err != nil && !errors.As(err, &refused) {
			s.conn.forget(calls[i:])
			return err
		}
	}
	return nil
}

// sync waits until everything queued before it has been handled.
func (s *session) sync(ctx context.Context) error {
	fence := make(chan struct{})
	s.mu.Lock()
	if s.over && len(s.queue) == 0 && !s.busy {
		s.mu.Unlock()
		return nil
	}
	s.queue = append(s.queue, event{fence: fence})
	s.mu.Unlock()
	s.signal()
	select {
	case <-fence:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
