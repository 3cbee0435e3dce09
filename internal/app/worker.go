package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/store"
)

// work is what performing an action brought: the outcome, and what else must
// be written in the transaction that ends the attempt.
type work struct {
	action.Outcome
	keep func(context.Context, *store.Tx) error
}

// performer performs one attempt of an action.
type performer func(ctx context.Context, a action.Action) work

// crew is the workers of one lane.
type crew struct {
	lane    action.Lane
	size    int
	store   *store.Store
	perform map[action.Kind]performer
	log     *slog.Logger
	now     func() time.Time
	// patient lanes finish what they hold when the server stops; the others
	// are cut short and done again after the restart.
	patient bool
}

// grace is how long a patient lane may take to finish at a stop.
const grace = 8 * time.Second

// Run claims and performs until the context ends, then waits for what runs.
func (c *crew) Run(ctx context.Context) error {
	acting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	free := make(chan struct{}, c.size)
	done := make(chan struct{}, c.size)
	defer func() {
		if c.patient {
			timer := time.AfterFunc(grace, stop)
			defer timer.Stop()
		} else {
			stop()
		}
		running.Wait()
	}()
	for range c.size {
		free <- struct{}{}
	}
	for {
		changed := c.store.Changed()
		claimed, err := c.claim(ctx, len(free))
		if err != nil && ctx.Err() == nil {
			c.log.Error("claim actions", "lane", c.lane, "error", err)
		}
		for _, a := range claimed {
			<-free
			running.Go(func() {
				c.act(acting, a)
				free <- struct{}{}
				select {
				case done <- struct{}{}:
				default:
				}
			})
		}
		if len(claimed) > 0 && len(free) > 0 {
			continue
		}
		if !c.wait(ctx, changed, done, len(free) > 0) {
			return nil
		}
	}
}

// claim takes due actions; it looks before it takes the writer.
func (c *crew) claim(ctx context.Context, n int) ([]action.Action, error) {
	if n == 0 {
		return nil, nil
	}
	due := false
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		at, ok, err := tx.NextAction(ctx, c.now(), c.lane)
		due = ok && !at.After(c.now())
		return err
	})
	if err != nil || !due {
		return nil, err
	}
	var out []action.Action
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Expire(ctx, c.now()); err != nil {
			return err
		}
		out, err = tx.Claim(ctx, store.ClaimOptions{Lane: c.lane, Now: c.now(), Limit: n})
		return err
	})
	return out, err
}

// wait blocks until there may be something to claim.
func (c *crew) wait(ctx context.Context, changed, done <-chan struct{}, free bool) bool {
	pause := idle
	if free {
		_ = c.store.Read(ctx, func(tx *store.Tx) error {
			at, ok, err := tx.NextAction(ctx, c.now(), c.lane)
			if ok {
				pause = min(pause, max(at.Sub(c.now()), 10*time.Millisecond))
			}
			return err
		})
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-done:
	case <-timer.C:
	}
	return true
}

// act performs one attempt and writes what came of it. The result of an
// attempt that was made is never dropped: while the store refuses, it is
// offered again, until the lease is over and another attempt begins.
func (c *crew) act(ctx context.Context, a action.Action) {
	bound, cancel := context.WithDeadline(ctx, a.LeaseUntil.Add(-2*time.Second))
	defer cancel()
	w := c.try(bound, a)
	if ctx.Err() != nil {
		return // stopped: the next start claims it again
	}
	if w.Err != nil {
		c.log.Warn("attempt failed", "action", a.Key, "attempt", a.Attempt, "permanent", w.Permanent, "error", w.Err)
	}
	for pause := backoff; ; pause = min(2*pause, idle) {
		err := c.store.Write(ctx, func(tx *store.Tx) error {
			if w.keep != nil {
				if err := w.keep(ctx, tx); err != nil {
					return err
				}
			}
			return tx.Finish(ctx, a, w.Outcome, c.now())
		})
		switch {
		case err == nil:
			return
		case fault.Is(err, fault.Conflict):
			c.log.Warn("attempt was taken over", "action", a.Key, "attempt", a.Attempt)
			return
		}
		c.log.Error("keep result", "action", a.Key, "error", err)
		if c.now().After(a.LeaseUntil) || !sleep(ctx, pause) {
			return
		}
	}
}

// try calls the performer; a panic in a door is a failed attempt.
func (c *crew) try(ctx context.Context, a action.Action) (w work) {
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("performer panicked", "action", a.Key, "panic", fmt.Sprint(r))
			w = work{Outcome: action.Outcome{Err: fmt.Errorf("perform %s: internal error", a.Kind)}}
		}
	}()
	perform, ok := c.perform[a.Kind]
	if !ok {
		return work{Outcome: action.Outcome{
			Err: fmt.Errorf("perform %s: no such kind of action", a.Kind), Permanent: true,
		}}
	}
	return perform(ctx, a)
}
