package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/release"
)

// waits bounds how many requests wait at once, over all and for one token.
type waits struct {
	mu   sync.Mutex
	free int
	each int
	held map[string]int // by grant
}

func newWaits(n int) *waits { return &waits{free: n, each: max(n/4, 1), held: map[string]int{}} }

// take takes a place, or says that there is none. The caller gives it back.
func (w *waits) take(grant string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.free == 0 || w.held[grant] >= w.each {
		return fault.New(fault.Unavailable, "too many requests are waiting for a verdict", "try again in a moment")
	}
	w.free--
	w.held[grant]++
	return nil
}

func (w *waits) give(grant string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free++
	if w.held[grant]--; w.held[grant] == 0 {
		delete(w.held, grant)
	}
}

// patient takes the server's read deadline off the connection: it would end
// the request's context while it waits.
func patient(ctx huma.Context, next func(huma.Context)) {
	_ = ctx.SetReadDeadline(time.Time{}) // not every connection has one
	next(ctx)
}

// recheck is how often a waiting request looks by itself, should a change
// have come between its look and its subscription.
const recheck = 2 * time.Second

// wait returns a release as soon as it is settled, or as it is when patience
// or the context ends.
func (s *server) wait(ctx context.Context, id release.ID, patience time.Duration) (Outcome, error) {
	grant := who(ctx).Grant
	if err := s.waits.take(grant); err != nil {
		return Outcome{}, err
	}
	defer s.waits.give(grant)
	sub, stop := context.WithCancel(ctx)
	defer stop()
	changed := s.Live.Subscribe(sub)
	end := time.NewTimer(patience)
	defer end.Stop()
	look := time.NewTicker(recheck)
	defer look.Stop()
	for {
		out, err := s.Releases.Outcome(ctx, id)
		if err != nil || out.settled() {
			return out, err
		}
		about := false
		for !about {
			select {
			case <-ctx.Done():
				return out, ctx.Err()
			case <-end.C:
				return out, nil
			case <-look.C:
				about = true
			case topics, ok := <-changed:
				if !ok {
					changed = nil // the ticker goes on
				}
				about = slices.Contains(topics, "release/"+string(id))
			}
		}
	}
}
