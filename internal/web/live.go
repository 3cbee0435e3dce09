package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// getLive streams "changed" to an open page whenever one of its topics
// changed, so that the page fetches itself again. No data travels on the
// stream: what may be seen is decided by the page's own request.
func (s *site) getLive(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.Method == http.MethodHead {
		return nil
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return fault.New(fault.Unavailable, "too many live pages are open", "reload by hand")
	}
	want := topics(r.URL.Query().Get("topics"))
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	changes := s.Live.Subscribe(ctx)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	stream := &stream{w: w, rc: http.NewResponseController(w), patience: 2 * s.Heartbeat}
	if stream.send("retry: 2000\nevent: hello\ndata: "+s.assets.url("app.js")+"\n\n") != nil {
		return nil
	}
	beat := time.NewTicker(s.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			if _, err := s.Doorkeeper.Session(ctx, v.secret); err != nil {
				return nil // signed out or revoked: the page finds out when it reconnects
			}
			if stream.send(": alive\n\n") != nil {
				return nil
			}
		case got, open := <-changes:
			if !open {
				return nil
			}
			if hit := matching(want, got); len(hit) > 0 && stream.send("event: changed\ndata: "+strings.Join(hit, ",")+"\n\n") != nil {
				return nil
			}
		}
	}
}

// stream writes events, each with a deadline, so that a dead reader does not
// hold a place.
type stream struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	patience time.Duration
}

func (s *stream) send(text string) error {
	// A writer without deadlines is a test's recorder: there is no one to wait for.
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.patience))
	if _, err := fmt.Fprint(s.w, text); err != nil {
		return fmt.Errorf("send live event: %w", err)
	}
	return s.rc.Flush()
}

// topics splits a comma-separated list and drops what is no topic.
func topics(raw string) []string {
	var out []string
	for t := range strings.SplitSeq(raw, ",") {
		if t != "" && len(t) <= 120 && !strings.ContainsAny(t, "\r\n") && len(out) < 32 {
			out = append(out, t)
		}
	}
	return out
}

// matching returns the changed topics that a page wants. "incident/" wants
// every incident; no wish at all wants everything.
func matching(want, got []string) []string {
	var out []string
	for _, g := range got {
		if strings.ContainsAny(g, "\r\n") {
			continue
		}
		if len(want) == 0 || slices.ContainsFunc(want, func(t string) bool {
			return t == g || strings.HasSuffix(t, "/") && strings.HasPrefix(g, t)
		}) {
			out = append(out, g)
		}
	}
	return out
}
