package app

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// pulse is how the conductor is. A server whose conductor stands still serves
// pages and judges nothing: monitors must hear of it. The zero value is well.
type pulse struct {
	mu    sync.Mutex
	err   error
	since time.Time
}

// patience is how long the conductor may fail before the server is unwell: a
// database that is busy for a moment is no news.
const patience = 3 * time.Second

// beat notes the end of a turn.
func (p *pulse) beat(now time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || p.err == nil || now.Before(p.since) {
		p.since = now
	}
	p.err = err
}

// trouble returns why the conductor stands still, nil when it does not.
func (p *pulse) trouble(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil || now.Sub(p.since) < patience {
		return nil
	}
	return fmt.Errorf("nothing moves since %s: %w", p.since.UTC().Format(time.RFC3339), p.err)
}

// health says whether the server can do its work: the database answers, and
// what was decided can be written.
func (a *App) health(ctx context.Context) error {
	if err := a.store.Ping(ctx); err != nil {
		return err
	}
	return a.pulse.trouble(a.now())
}
