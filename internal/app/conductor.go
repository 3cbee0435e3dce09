package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/store"
)

// station is one stage on the journal: it handles the events after its cursor.
type station struct {
	name   string
	wants  func(journal.Kind) bool
	handle func(ctx context.Context, tx *store.Tx, ev journal.Event) (action.Plan, error)
}

// stage is what the conductor asks of a stage; S is what the stage asks of the
// store, which asserts that a transaction is all of them.
type stage[S any] interface {
	Wants(k journal.Kind) bool
	Handle(ctx context.Context, db S, ev journal.Event) (action.Plan, error)
}

// at makes a station of a stage.
func at[S any](name string, s stage[S]) station {
	return station{name: name, wants: s.Wants, handle: func(ctx context.Context, tx *store.Tx, ev journal.Event) (action.Plan, error) {
		return s.Handle(ctx, any(tx).(S), ev)
	}}
}

// EventSkipped tells that a stage could not handle an event and went on
// without it; data is a Skipped.
const EventSkipped journal.Kind = "conductor.skipped"

// Skipped names an event that a stage could not handle.
type Skipped struct {
	Stage string `json:"stage"`
	Seq   int64  `json:"seq"`
	Text  string `json:"text"`
}

// Bounds of the conductor.
const (
	batch    = 200
	maxTries = 5                // attempts at one event before it is skipped
	idle     = time.Second      // other servers on one database are noticed within this
	backoff  = time.Second / 10 // after a failed turn; doubles up to idle
)

// conductor moves every stage along the journal: in order, each event once,
// the projection, the new events and the cursor in one transaction.
type conductor struct {
	store    *store.Store
	stations []station
	log      *slog.Logger
	now      func() time.Time
	pulse    *pulse         // nil in tests
	tries    map[string]int // failed attempts at the present event, by station
}

// Run conducts until the context ends.
func (c *conductor) Run(ctx context.Context) error {
	c.tries = map[string]int{}
	pause := backoff
	for {
		changed := c.store.Changed()
		moved, err := c.turn(ctx)
		if c.pulse != nil && ctx.Err() == nil {
			c.pulse.beat(c.now(), err)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			c.log.Error("conduct", "error", err)
			if !sleep(ctx, pause) {
				return nil
			}
			pause = min(2*pause, idle)
			continue
		case moved:
			pause = backoff
			continue
		}
		if !c.wait(ctx, changed) {
			return nil
		}
	}
}

// wait blocks until something changes or falls due; false when ctx ended.
func (c *conductor) wait(ctx context.Context, changed <-chan struct{}) bool {
	pause := idle
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		due, ok, err := tx.NextDue(ctx)
		if ok {
			pause = min(pause, max(due.Sub(c.now()), 0))
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.log.Error("read next due event", "error", err)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-timer.C:
	}
	return true
}

// turn promotes what is due and gives every station its new events.
func (c *conductor) turn(ctx context.Context) (moved bool, err error) {
	due, err := c.isDue(ctx)
	if err != nil {
		return false, err
	}
	if due {
		err := c.store.Write(ctx, func(tx *store.Tx) error {
			n, err := tx.Promote(ctx, c.now(), batch)
			moved = n > 0
			return err
		})
		if err != nil {
			return false, fmt.Errorf("promote due events: %w", err)
		}
	}
	for _, s := range c.stations {
		did, err := c.step(ctx, s)
		if err != nil {
			return moved, err
		}
		moved = moved || did
	}
	return moved, nil
}

// isDue reports whether an event is due, without taking the writer.
func (c *conductor) isDue(ctx context.Context) (due bool, err error) {
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		at, ok, err := tx.NextDue(ctx)
		due = ok && !at.After(c.now())
		return err
	})
	return due, err
}

// step gives one station the events after its cursor.
func (c *conductor) step(ctx context.Context, s station) (bool, error) {
	var from int64
	var events []journal.Event
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		var err error
		if from, err = tx.Cursor(ctx, s.name); err != nil {
			return err
		}
		events, err = tx.Events(ctx, from, batch)
		return err
	})
	if err != nil || len(events) == 0 {
		return false, err
	}
	for _, ev := range events {
		if !s.wants(ev.Kind) {
			continue
		}
		if err := c.handle(ctx, s, from, ev); err != nil {
			if fault.Is(err, fault.Conflict) {
				return true, nil // another server moved this stage on
			}
			return false, err
		}
		from = ev.Seq
	}
	if last := events[len(events)-1].Seq; last > from {
		err = c.store.Write(ctx, func(tx *store.Tx) error { return tx.Advance(ctx, s.name, from, last) })
	}
	return true, err
}

// handle runs the stage on one event. An event that fails again and again is
// skipped loudly: one broken event must not stop every page after it.
func (c *conductor) handle(ctx context.Context, s station, from int64, ev journal.Event) error {
	now := c.now()
	var failed error
	err := c.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Advance(ctx, s.name, from, ev.Seq); err != nil {
			return err
		}
		plan, err := s.handle(ctx, tx, ev)
		if err != nil {
			failed = fmt.Errorf("stage %s, event %d %s: %w", s.name, ev.Seq, ev.Kind, err)
			return failed
		}
		return tx.Apply(ctx, plan, now)
	})
	if err == nil || failed == nil || !errors.Is(err, failed) || ctx.Err() != nil || fault.Is(err, fault.Unavailable) {
		delete(c.tries, s.name)
		return err
	}
	if c.tries[s.name]++; c.tries[s.name] < maxTries {
		return err
	}
	delete(c.tries, s.name)
	c.log.Error("stage skips event", "stage", s.name, "seq", ev.Seq, "kind", ev.Kind, "error", err)
	return c.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Advance(ctx, s.name, from, ev.Seq); err != nil {
			return err
		}
		skip := Skipped{Stage: s.name, Seq: ev.Seq, Text: err.Error()}
		_, err := tx.Append(ctx, journal.New(EventSkipped, now, skip).About(ev.Product, ev.Release, ev.Watch, ev.Incident))
		return err
	})
}

// sleep waits, or returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
