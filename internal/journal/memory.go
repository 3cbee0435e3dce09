package journal

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Memory is a journal without a database, for tests of stages. It keeps the
// store's promises (order, cursors, due events moved once) but has no
// transactions: what was written stays. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	events  []Event
	due     map[string]Due
	cursors map[string]int64
}

// Append adds events at the end and returns them with their numbers.
func (m *Memory) Append(_ context.Context, events ...Event) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.append(events...), nil
}

func (m *Memory) append(events ...Event) []Event {
	from := len(m.events)
	for _, e := range events {
		e.Seq = int64(len(m.events) + 1)
		if !e.At.IsZero() {
			e.At = time.UnixMicro(e.At.UnixMicro()).UTC()
		}
		m.events = append(m.events, e)
	}
	return slices.Clone(m.events[from:])
}

// Events returns at most limit events after a number, in order; all of them
// when limit is zero.
func (m *Memory) Events(_ context.Context, after int64, limit int) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := m.events[min(max(after, 0), int64(len(m.events))):]
	if limit > 0 && len(rest) > limit {
		rest = rest[:limit]
	}
	return slices.Clone(rest), nil
}

// Cursor returns the last number that a reader has handled.
func (m *Memory) Cursor(_ context.Context, name string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[name], nil
}

// Advance moves a cursor, or returns a Conflict fault when it does not stand
// at from.
func (m *Memory) Advance(_ context.Context, name string, from, to int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cursors[name] != from || to < from {
		return fault.Newf(fault.Conflict, "cursor %s no longer stands at %d", name, from)
	}
	if m.cursors == nil {
		m.cursors = map[string]int64{}
	}
	m.cursors[name] = to
	return nil
}

// Schedule keeps events for later; a key that is scheduled already is moved.
func (m *Memory) Schedule(_ context.Context, due ...Due) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.due == nil {
		m.due = map[string]Due{}
	}
	for _, d := range due {
		m.due[d.Key] = d
	}
	return nil
}

// Unschedule drops due events; keys that are not scheduled are ignored.
func (m *Memory) Unschedule(_ context.Context, keys ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		delete(m.due, key)
	}
	return nil
}

// Promote moves at most limit due events into the journal (all that are due
// when limit is zero), earliest first, and returns how many. They happen at
// now.
func (m *Memory) Promote(_ context.Context, now time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ready []Due
	for _, d := range m.due {
		if !d.At.After(now) {
			ready = append(ready, d)
		}
	}
	slices.SortFunc(ready, func(a, b Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	if limit > 0 && len(ready) > limit {
		ready = ready[:limit]
	}
	for _, d := range ready {
		delete(m.due, d.Key)
		e := d.Event
		e.At = now
		m.append(e)
	}
	return len(ready), nil
}

// NextDue returns when the next event is due, and whether there is one.
func (m *Memory) NextDue(context.Context) (time.Time, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var next time.Time
	for _, d := range m.due {
		if next.IsZero() || d.At.Before(next) {
			next = d.At
		}
	}
	return next, len(m.due) > 0, nil
}
