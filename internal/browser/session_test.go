package browser

import (
	"errors"
	"io"
	"testing"
)

// pair is a session whose Chromium is the test.
func pair(t *testing.T) *session {
	t.Helper()
	in, feed := io.Pipe()
	c := newConn(in, discard{})
	t.Cleanup(func() { _ = feed.Close() })
	return newSession(c, "s", targetInfo{}, nil)
}

// A consumer that does not keep up loses telemetry, counted, but no event that steers.
func TestQueueDropsTelemetryOnly(t *testing.T) {
	t.Parallel()
	s := pair(t)
	const size = 1 << 20
	for range 20 {
		s.push(event{method: "Network.dataReceived", size: size})
	}
	s.push(event{method: "Page.frameNavigated", size: size})
	steered := make(chan struct{})
	handleEvent(s, "Page.frameNavigated", func(struct{}) { close(steered) })
	if got := s.lostEvents(); got != 3 {
		t.Errorf("lost: got %d, want 3", got)
	}
	s.push(event{method: "Page.frameNavigated", params: []byte("{}"), size: 0})
	s.start()
	<-steered
	s.end(ErrClosed)
}

// What never drains is given up, not held.
func TestQueueHasAnEnd(t *testing.T) {
	t.Parallel()
	s := pair(t)
	for range 70 {
		s.push(event{method: "Page.lifecycleEvent", size: 1 << 20})
	}
	if err := s.call(t.Context(), "Page.enable", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}
