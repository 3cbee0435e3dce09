package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

// count moves a counter ahead by n and returns its new value. Counters never
// go back, so a pruned row's number is not given out again.
func (t *Tx) count(ctx context.Context, name string, n int) (int64, error) {
	var value int64
	err := t.row(ctx, `UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value`, []any{name, n}, &value)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", name, err)
	}
	t.wrote = true
	return value, nil
}

// Append writes events at the end of the journal and returns them with their
// sequence numbers and with times as stored, in microseconds.
func (t *Tx) Append(ctx context.Context, events ...journal.Event) ([]journal.Event, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if t.readOnly {
		return nil, errors.New("append event: write in a read-only transaction")
	}
	last, err := t.count(ctx, "event", len(events))
	if err != nil {
		return nil, fmt.Errorf("append event: %w", err)
	}
	out := make([]journal.Event, len(events))
	for i, e := range events {
		if len(e.Data) == 0 {
			e.Data = json.RawMessage("null")
		}
		if !json.Valid(e.Data) {
			return nil, fmt.Errorf("append event %s: data is not JSON", e.Kind)
		}
		e.Seq = last - int64(len(events)-1-i)
		e.At = instant(micros(e.At))
		_, err := t.exec(ctx, `INSERT INTO events (seq, at, kind, product, release_id, watch, incident, data)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			e.Seq, e.At, e.Kind, e.Product, e.Release, e.Watch, e.Incident, document(e.Data))
		if err != nil {
			return nil, fmt.Errorf("append event %s: %w", e.Kind, err)
		}
		out[i] = e
	}
	return out, nil
}

const eventColumns = `SELECT seq, at, kind, product, release_id, watch, incident, data FROM events`

func (t *Tx) events(ctx context.Context, query string, args ...any) ([]journal.Event, error) {
	var out []journal.Event
	err := t.each(ctx, query, args, func(rows *sql.Rows) error {
		var e journal.Event
		var at int64
		var data string
		err := rows.Scan(&e.Seq, &at, &e.Kind, &e.Product, &e.Release, &e.Watch, &e.Incident, &data)
		e.At, e.Data = instant(at), json.RawMessage(data)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return out, nil
}

// Events returns the events after a sequence number, in order.
func (t *Tx) Events(ctx context.Context, after int64, limit int) ([]journal.Event, error) {
	return t.events(ctx, eventColumns+` WHERE seq > $1 ORDER BY seq LIMIT $2`, after, bound(limit))
}

// EventFilter chooses events; empty fields choose all.
type EventFilter struct {
	Product, Release, Watch, Incident string
	Kinds                             []journal.Kind
	After                             int64 // sequence number
	Limit                             int
	// Latest takes the last Limit events instead of the first ones; they are
	// returned in order all the same.
	Latest bool
}

// EventsAbout returns the events that match, in order.
func (t *Tx) EventsAbout(ctx context.Context, f EventFilter) ([]journal.Event, error) {
	var w where
	w.and("seq > ?", f.After)
	w.is("product", f.Product)
	w.is("release_id", f.Release)
	w.is("watch", f.Watch)
	w.is("incident", f.Incident)
	in(&w, "kind", f.Kinds)
	if !f.Latest {
		return t.events(ctx, fmt.Sprintf("%s%s ORDER BY seq LIMIT %d", eventColumns, w.String(), bound(f.Limit)), w.args...)
	}
	return t.events(ctx, fmt.Sprintf("SELECT * FROM (%s%s ORDER BY seq DESC LIMIT %d) AS latest ORDER BY seq",
		eventColumns, w.String(), bound(f.Limit)), w.args...)
}

// Event returns one event.
func (t *Tx) Event(ctx context.Context, seq int64) (journal.Event, error) {
	found, err := t.events(ctx, eventColumns+` WHERE seq = $1`, seq)
	if err != nil {
		return journal.Event{}, err
	}
	if len(found) == 0 {
		return journal.Event{}, fault.Newf(fault.NotFound, "there is no event %d", seq)
	}
	return found[0], nil
}

// LastSeq returns the sequence number of the newest event ever, or 0.
func (t *Tx) LastSeq(ctx context.Context) (int64, error) {
	var seq int64
	if err := t.row(ctx, `SELECT value FROM counters WHERE name = $1`, []any{"event"}, &seq); err != nil {
		return 0, fmt.Errorf("read last event: %w", err)
	}
	return seq, nil
}

// Cursor returns the last sequence number that a reader has handled; 0 for a
// reader never heard of.
func (t *Tx) Cursor(ctx context.Context, name string) (int64, error) {
	var seq int64
	err := t.row(ctx, `SELECT seq FROM cursors WHERE name = $1`, []any{name}, &seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read cursor %s: %w", name, err)
	}
	return seq, nil
}

// Advance moves a cursor, or returns a Conflict fault when it does not stand
// at from: another server handled those events.
func (t *Tx) Advance(ctx context.Context, name string, from, to int64) error {
	if to < from {
		return fmt.Errorf("advance cursor %s: from %d back to %d", name, from, to)
	}
	var n int64
	var err error
	if from == 0 {
		n, err = t.exec(ctx, `INSERT INTO cursors (name, seq) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET seq = excluded.seq WHERE cursors.seq = 0`, name, to)
	} else {
		n, err = t.exec(ctx, `UPDATE cursors SET seq = $3 WHERE name = $1 AND seq = $2`, name, from, to)
	}
	if err != nil {
		return fmt.Errorf("advance cursor %s: %w", name, err)
	}
	if n == 0 {
		return fault.Newf(fault.Conflict, "cursor %s no longer stands at %d", name, from)
	}
	return nil
}

// Schedule keeps events for later; a key that is scheduled already is moved.
func (t *Tx) Schedule(ctx context.Context, due ...journal.Due) error {
	for _, d := range due {
		if d.Key == "" {
			return fmt.Errorf("schedule %s: the key is empty", d.Event.Kind)
		}
		body, err := encode(d.Event)
		if err != nil {
			return fmt.Errorf("schedule %s: %w", d.Key, err)
		}
		_, err = t.exec(ctx, `INSERT INTO due_events (key, at, body) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET at = excluded.at, body = excluded.body`, d.Key, d.At, body)
		if err != nil {
			return fmt.Errorf("schedule %s: %w", d.Key, err)
		}
	}
	return nil
}

// Unschedule drops due events; keys that are not scheduled are ignored.
func (t *Tx) Unschedule(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := t.exec(ctx, `DELETE FROM due_events WHERE key = $1`, key); err != nil {
			return fmt.Errorf("unschedule %s: %w", key, err)
		}
	}
	return nil
}

// Promote moves the events that are due into the journal, earliest first, and
// returns how many. They happen at now, however late that is.
func (t *Tx) Promote(ctx context.Context, now time.Time, limit int) (int, error) {
	var keys []string
	var events []journal.Event
	err := t.each(ctx, `SELECT key, body FROM due_events WHERE at <= $1 ORDER BY at, key LIMIT $2`,
		[]any{now, bound(limit)}, func(rows *sql.Rows) error {
			var key, body string
			if err := rows.Scan(&key, &body); err != nil {
				return err
			}
			var e journal.Event
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				return fmt.Errorf("decode due event %s: %w", key, err)
			}
			e.At = now
			keys, events = append(keys, key), append(events, e)
			return nil
		})
	if err != nil {
		return 0, fmt.Errorf("read due events: %w", err)
	}
	if err := t.Unschedule(ctx, keys...); err != nil {
		return 0, err
	}
	if _, err := t.Append(ctx, events...); err != nil {
		return 0, err
	}
	return len(events), nil
}

// NextDue returns when the next event is due, and whether there is one.
func (t *Tx) NextDue(ctx context.Context) (time.Time, bool, error) {
	var at sql.NullInt64
	if err := t.row(ctx, `SELECT MIN(at) FROM due_events`, nil, &at); err != nil {
		return time.Time{}, false, fmt.Errorf("read next due event: %w", err)
	}
	return instant(at.Int64), at.Valid, nil
}

// Apply writes a stage's plan. Actions that are cancelled end at now.
func (t *Tx) Apply(ctx context.Context, p action.Plan, now time.Time) error {
	if _, err := t.Append(ctx, p.Events...); err != nil {
		return err
	}
	if err := t.Unschedule(ctx, p.Drop...); err != nil {
		return err
	}
	if err := t.Schedule(ctx, p.Due...); err != nil {
		return err
	}
	if err := t.CancelActions(ctx, now, p.Cancel...); err != nil {
		return err
	}
	return t.Queue(ctx, p.Actions...)
}
