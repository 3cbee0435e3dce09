package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

// defaultLease is that of an action which names none.
const defaultLease = time.Minute

// maxError bounds the text kept of a failure, in bytes.
const maxError = 4096

// Queue writes actions that wait for a worker, or for approval when their
// state says so. An action whose key exists, in whatever state, is dropped:
// its effect was decided before.
func (t *Tx) Queue(ctx context.Context, actions ...action.Action) error {
	for _, a := range actions {
		if a.Key == "" {
			return fmt.Errorf("queue %s: the key is empty", a.Kind)
		}
		if a.State != action.Proposed {
			a.State = action.Queued
		}
		if a.Lease <= 0 {
			a.Lease = defaultLease
		}
		a.Attempt, a.Uncertain, a.LeaseUntil, a.Finished = 0, 0, time.Time{}, time.Time{}
		body, err := encode(a)
		if err != nil {
			return fmt.Errorf("queue %s: %w", a.Key, err)
		}
		_, err = t.exec(ctx, `INSERT INTO actions (key, pos, kind, lane, grp, product, release_id, watch, incident,
				state, pending, due, expires, lease_until, finished, attempt, node, body)
			VALUES ($1, (SELECT COALESCE(MAX(pos), 0) + 1 FROM actions), $2, $3, $4, $5, $6, $7, $8,
				$9, $10, $11, $12, 0, 0, 0, '', $13)
			ON CONFLICT (key) DO NOTHING`,
			a.Key, a.Kind, a.Lane, a.Group, a.Product, a.Release, a.Watch, a.Incident,
			a.State, a.State == action.Queued, a.Due, a.Expires, body)
		if err != nil {
			return fmt.Errorf("queue %s: %w", a.Key, err)
		}
	}
	return nil
}

// keep writes back an action whose state changed.
func (t *Tx) keep(ctx context.Context, a action.Action, node string) error {
	body, err := encode(a)
	if err != nil {
		return fmt.Errorf("keep action %s: %w", a.Key, err)
	}
	_, err = t.exec(ctx, `UPDATE actions SET state = $2, pending = $3, due = $4, lease_until = $5, finished = $6,
			attempt = $7, node = $8, body = $9 WHERE key = $1`,
		a.Key, a.State, a.State == action.Queued || a.State == action.Running, a.Due, a.LeaseUntil, a.Finished,
		a.Attempt, node, body)
	if err != nil {
		return fmt.Errorf("keep action %s: %w", a.Key, err)
	}
	return nil
}

// end writes an action that is over and tells the journal, unless a quiet one
// succeeded.
func (t *Tx) end(ctx context.Context, a action.Action, now time.Time) error {
	a.Finished, a.LeaseUntil = now, time.Time{}
	if err := t.keep(ctx, a, ""); err != nil {
		return err
	}
	if a.Quiet && a.State == action.Done {
		return nil
	}
	return t.tell(ctx, action.EventDone, a, now)
}

// tell appends an event about an action; its data is the action.
func (t *Tx) tell(ctx context.Context, kind journal.Kind, a action.Action, now time.Time) error {
	_, err := t.Append(ctx, journal.New(kind, now, a).About(a.Product, a.Release, a.Watch, a.Incident))
	return err
}

// CancelActions ends those of the actions that nobody has started. Running
// and finished ones, and unknown keys, are left alone.
func (t *Tx) CancelActions(ctx context.Context, now time.Time, keys ...string) error {
	for _, key := range keys {
		a, ok, err := find[action.Action](ctx, t,
			`SELECT body FROM actions WHERE key = $1 AND state IN ('proposed', 'queued')`, key)
		if err != nil {
			return fmt.Errorf("cancel action %s: %w", key, err)
		}
		if !ok {
			continue
		}
		a.State = action.Cancelled
		if err := t.end(ctx, a, now); err != nil {
			return err
		}
	}
	return nil
}

// ClaimOptions say who claims what.
type ClaimOptions struct {
	Lane  action.Lane
	Node  string // empty: the store's own
	Now   time.Time
	Limit int
}

// head is true for the first unfinished action of its group and for those
// without a group: only heads may run.
const head = `(a.grp = '' OR NOT EXISTS (
	SELECT 1 FROM actions AS b WHERE b.pending AND b.grp = a.grp AND b.pos < a.pos))`

// Claim hands out actions of one lane that are due, marked as running until
// their lease ends: at most one of a group, in the order queued. An action
// whose lease ended without a result is handed out again with Uncertain
// raised. Actions past their expiry are never handed out; Expire ends them.
func (t *Tx) Claim(ctx context.Context, o ClaimOptions) ([]action.Action, error) {
	if o.Node == "" {
		o.Node = t.node
	}
	claimed, err := list[action.Action](ctx, t, `SELECT a.body FROM actions AS a
		WHERE a.pending AND a.lane = $1 AND (a.expires = 0 OR a.expires > $2)
			AND ((a.state = 'queued' AND a.due <= $2) OR (a.state = 'running' AND a.lease_until <= $2))
			AND `+head+`
		ORDER BY a.due, a.pos LIMIT $3`, o.Lane, o.Now, bound(o.Limit))
	if err != nil {
		return nil, fmt.Errorf("claim %s actions: %w", o.Lane, err)
	}
	for i := range claimed {
		a := &claimed[i]
		if a.State == action.Running {
			a.Uncertain++
		}
		a.State = action.Running
		a.Attempt++
		a.LeaseUntil = o.Now.Add(a.Lease)
		if err := t.keep(ctx, *a, o.Node); err != nil {
			return nil, err
		}
	}
	return claimed, nil
}

// Expire ends the actions that were not started, or whose last attempt was
// lost, and that may no longer start at now. It returns how many.
func (t *Tx) Expire(ctx context.Context, now time.Time) (int, error) {
	stale, err := list[action.Action](ctx, t, `SELECT body FROM actions
		WHERE pending AND expires > 0 AND expires <= $1
			AND (state = 'queued' OR (state = 'running' AND lease_until <= $1))
		ORDER BY pos LIMIT $2`, now, most)
	if err != nil {
		return 0, fmt.Errorf("read expired actions: %w", err)
	}
	for _, a := range stale {
		switch {
		case a.State == action.Running:
			a.Uncertain++
			a.Error = "expired: nobody saw the last attempt end"
		case a.Error != "":
			a.Error = short("expired after: " + a.Error)
		default:
			a.Error = "expired before it could start"
		}
		a.State = action.Failed
		if err := t.end(ctx, a, now); err != nil {
			return 0, err
		}
	}
	return len(stale), nil
}

// Finish ends one attempt: the action is done, waits for its next attempt, or
// has failed for good. The outcome's events and the action's own are appended.
// A Conflict fault means that the attempt is no longer this worker's (its
// lease ended and another took over): nothing was written.
func (t *Tx) Finish(ctx context.Context, claimed action.Action, o action.Outcome, now time.Time) error {
	a, err := t.held(ctx, claimed)
	if err != nil {
		return err
	}
	if _, err := t.Append(ctx, o.Events...); err != nil {
		return err
	}
	if o.Result != nil {
		a.Result = o.Result
	}
	if o.Err == nil {
		a.State, a.Error = action.Done, ""
		return t.end(ctx, a, now)
	}
	a.Error = short(o.Err.Error())
	next, again := a.Retry.Next(a.Attempt, now, o.After)
	if o.Permanent || !again {
		a.State = action.Failed
		return t.end(ctx, a, now)
	}
	a.State, a.Due, a.LeaseUntil = action.Queued, next, time.Time{}
	if err := t.keep(ctx, a, ""); err != nil {
		return err
	}
	return t.tell(ctx, action.EventRetry, a, now)
}

// held returns the stored action if the claimed attempt still holds it.
func (t *Tx) held(ctx context.Context, claimed action.Action) (action.Action, error) {
	a, err := t.Action(ctx, claimed.Key)
	if err != nil {
		return a, err
	}
	if a.State != action.Running || a.Attempt != claimed.Attempt {
		return a, fault.Newf(fault.Conflict, "attempt %d of action %q is over: it is %s, attempt %d",
			claimed.Attempt, a.Key, a.State, a.Attempt)
	}
	return a, nil
}

// Requeue puts back an attempt that was called off before it had an effect:
// the action waits again as if it had not been claimed. A Conflict fault means
// that the attempt is no longer this worker's.
func (t *Tx) Requeue(ctx context.Context, claimed action.Action, now time.Time) error {
	a, err := t.held(ctx, claimed)
	if err != nil {
		return err
	}
	a.State, a.Due, a.LeaseUntil = action.Queued, now, time.Time{}
	return t.keep(ctx, a, "")
}

// Extend moves the end of the lease of a running attempt, or returns a
// Conflict fault when it is no longer this worker's.
func (t *Tx) Extend(ctx context.Context, claimed action.Action, until time.Time) error {
	a, err := t.held(ctx, claimed)
	if err != nil {
		return err
	}
	a.LeaseUntil = until
	return t.keep(ctx, a, t.node)
}

// ReleaseLeases lets go of every attempt that this node left behind and
// returns how many: they can be claimed at once, and count as uncertain. For
// the start of a server, before its workers.
func (t *Tx) ReleaseLeases(ctx context.Context, node string) (int, error) {
	if node == "" {
		node = t.node
	}
	lost, err := list[action.Action](ctx, t,
		`SELECT body FROM actions WHERE pending AND state = 'running' AND node = $1 ORDER BY pos`, node)
	if err != nil {
		return 0, fmt.Errorf("read leases of %s: %w", node, err)
	}
	for _, a := range lost {
		a.LeaseUntil = time.Time{}
		if err := t.keep(ctx, a, ""); err != nil {
			return 0, err
		}
	}
	return len(lost), nil
}

// short bounds an error text and says so.
func short(s string) string {
	kept := clip(s, maxError)
	if kept == s {
		return s
	}
	return kept + fmt.Sprintf(" … (%d bytes more)", len(s)-len(kept))
}

// Action returns one action.
func (t *Tx) Action(ctx context.Context, key string) (action.Action, error) {
	return get[action.Action](ctx, t, "action", key, `SELECT body FROM actions WHERE key = $1`)
}

// ActionFilter chooses actions; empty fields choose all.
type ActionFilter struct {
	Product, Release, Watch, Incident string
	Kind                              action.Kind
	States                            []action.State
	Limit                             int
}

// Actions returns the newest actions that match, in the order queued.
func (t *Tx) Actions(ctx context.Context, f ActionFilter) ([]action.Action, error) {
	var w where
	w.is("product", f.Product)
	w.is("release_id", f.Release)
	w.is("watch", f.Watch)
	w.is("incident", f.Incident)
	w.is("kind", string(f.Kind))
	in(&w, "state", f.States)
	out, err := list[action.Action](ctx, t, fmt.Sprintf(
		"SELECT body FROM (SELECT body, pos FROM actions%s ORDER BY pos DESC LIMIT %d) AS newest ORDER BY pos",
		w.String(), bound(f.Limit)), w.args...)
	if err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	return out, nil
}

// NextAction returns when the next action of the lanes (of all, if none is
// named) can be claimed or expires, and whether there is one; never a time
// before now. An action that waits for another of its group does not count.
func (t *Tx) NextAction(ctx context.Context, now time.Time, lanes ...action.Lane) (time.Time, bool, error) {
	var w where
	w.and("a.pending")
	in(&w, "a.lane", lanes)
	scope := w.String()
	var at int64
	err := t.row(ctx, `SELECT COALESCE(MIN(at), -1) FROM (
		SELECT a.due AS at FROM actions AS a`+scope+` AND a.state = 'queued' AND `+head+`
		UNION ALL SELECT a.lease_until FROM actions AS a`+scope+` AND a.state = 'running'
		UNION ALL SELECT a.expires FROM actions AS a`+scope+` AND a.state = 'queued' AND a.expires > 0) AS times`,
		w.args, &at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read next action: %w", err)
	}
	if at < 0 {
		return time.Time{}, false, nil
	}
	if next := instant(at); next.After(now) {
		return next, true, nil
	}
	return now, true, nil
}

// errEmptyID refuses a document without identity: a bug, not a person's fault.
var errEmptyID = errors.New("the id is empty")
