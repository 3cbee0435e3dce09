package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
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

// crew is the workers of some lanes that share their places.
type crew struct {
	lanes []action.Lane // the most urgent first
	size  int
	// give is how many of the lanes, from the last, give way to the others:
	// together they never hold all places, or are called off when there is only
	// one. Most is how many they may hold now; nil means all but one.
	give    int
	most    func() int
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

// errPreempted calls off an attempt whose place somebody more urgent needs.
var errPreempted = errors.New("its place was needed for something more urgent")

// place is one worker's place and what it does there.
type place struct {
	lane action.Lane
	off  context.CancelCauseFunc // calls it off
	told bool                    // called off already
}

// Run claims and performs until the context ends, then waits for what runs.
func (c *crew) Run(ctx context.Context) error {
	acting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	held := map[*place]bool{}
	done := make(chan *place, c.size)
	defer func() {
		if c.patient {
			timer := time.AfterFunc(grace, stop)
			defer timer.Stop()
		} else {
			stop()
		}
		running.Wait()
	}()
	for {
		changed := c.store.Changed()
		leave(held, done)
		claimed, err := c.claim(ctx, held)
		if err != nil && ctx.Err() == nil {
			c.log.Error("claim actions", "lanes", c.lanes, "error", err)
		}
		for _, a := range claimed {
			own, off := context.WithCancelCause(acting)
			p := &place{lane: a.Lane, off: off}
			held[p] = true
			running.Go(func() {
				defer off(nil)
				c.act(own, a)
				done <- p
			})
		}
		if len(claimed) > 0 {
			continue
		}
		if !c.wait(ctx, changed, held, done) {
			return nil
		}
	}
}

// leave takes up the places that are free again.
func leave(held map[*place]bool, done <-chan *place) {
	for {
		select {
		case p := <-done:
			delete(held, p)
		default:
			return
		}
	}
}

// gives reports whether a lane gives way to the others.
func (c *crew) gives(lane action.Lane) bool {
	return slices.Contains(c.lanes[len(c.lanes)-c.give:], lane)
}

// room is how many actions of a lane may start now.
func (c *crew) room(lane action.Lane, held map[*place]bool) int {
	free := c.size - len(held)
	if !c.gives(lane) {
		return free
	}
	most := max(c.size-1, 1)
	if c.most != nil {
		most = min(most, c.most())
	}
	for p := range held {
		if c.gives(p.lane) {
			most--
		}
	}
	return max(min(free, most), 0)
}

// claim takes due actions, the most urgent first; it looks before it takes
// the writer. What waited too long is ended, so that it is said, even when
// there is no room.
func (c *crew) claim(ctx context.Context, held map[*place]bool) ([]action.Action, error) {
	var due []action.Lane
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		for _, lane := range c.lanes {
			at, ok, err := tx.NextAction(ctx, c.now(), lane)
			if err != nil {
				return err
			}
			if ok && !at.After(c.now()) {
				due = append(due, lane)
			}
		}
		return nil
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	var out []action.Action
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		out = nil
		if _, err := tx.Expire(ctx, c.now()); err != nil {
			return err
		}
		taken := maps.Clone(held)
		for _, lane := range due {
			n := c.room(lane, taken)
			if n == 0 {
				continue
			}
			claimed, err := tx.Claim(ctx, store.ClaimOptions{Lane: lane, Now: c.now(), Limit: n})
			if err != nil {
				return err
			}
			for range claimed {
				taken[&place{lane: lane}] = true
			}
			out = append(out, claimed...)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		c.preempt(due, held)
	}
	return out, err
}

// preempt calls off one attempt that gives way when something urgent is due
// and every place is taken by such attempts: on a machine with one place
// nothing else would let a release in.
func (c *crew) preempt(due []action.Lane, held map[*place]bool) {
	if len(held) < c.size || !slices.ContainsFunc(due, func(l action.Lane) bool { return !c.gives(l) }) {
		return
	}
	for p := range held {
		if !c.gives(p.lane) {
			return
		}
	}
	for p := range held {
		if !p.told {
			p.told = true
			p.off(errPreempted)
			return
		}
	}
}

// wait blocks until there may be something to claim.
func (c *crew) wait(ctx context.Context, changed <-chan struct{}, held map[*place]bool, done <-chan *place) bool {
	pause := idle
	var open []action.Lane
	for _, lane := range c.lanes {
		if c.room(lane, held) > 0 {
			open = append(open, lane)
		}
	}
	if len(open) > 0 {
		_ = c.store.Read(ctx, func(tx *store.Tx) error {
			at, ok, err := tx.NextAction(ctx, c.now(), open...)
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
	case p := <-done:
		delete(held, p)
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
	if errors.Is(context.Cause(ctx), errPreempted) {
		c.putBack(ctx, a)
		return
	}
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

// putBack lets an attempt that was called off wait for its place again.
func (c *crew) putBack(ctx context.Context, a action.Action) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	c.log.Info("gave way", "action", a.Key)
	err := c.store.Write(ctx, func(tx *store.Tx) error { return tx.Requeue(ctx, a, c.now()) })
	if err != nil && !fault.Is(err, fault.Conflict) {
		c.log.Error("put back", "action", a.Key, "error", err)
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
