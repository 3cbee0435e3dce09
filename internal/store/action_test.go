package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

func do(n int) action.Action {
	return action.Action{Key: key(n), Kind: "test.do", Lane: action.LaneNotify, Title: "do", Queued: at(0), Lease: 10 * time.Second}
}

func queue(t testing.TB, s *Store, actions ...action.Action) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx *Tx) error { return tx.Queue(ctx, actions...) })
}

// claim claims as node "one" at second now.
func claim(t testing.TB, s *Store, now, limit int) []action.Action {
	t.Helper()
	var got []action.Action
	write(t, s, func(ctx context.Context, tx *Tx) error {
		var err error
		got, err = tx.Claim(ctx, ClaimOptions{Lane: action.LaneNotify, Now: at(now), Limit: limit})
		return err
	})
	return got
}

func finish(s *Store, a action.Action, o action.Outcome, now int) error {
	return s.Write(context.Background(), func(tx *Tx) error { return tx.Finish(context.Background(), a, o, at(now)) })
}

func keys(actions []action.Action) []string {
	var out []string
	for _, a := range actions {
		out = append(out, a.Key)
	}
	return out
}

func stored(t testing.TB, s *Store, key string) action.Action {
	t.Helper()
	return ask(t, s, func(ctx context.Context, tx *Tx) (action.Action, error) { return tx.Action(ctx, key) })
}

func TestActionIsPerformedOnceAndTold(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		a := do(1)
		a.Product, a.Release, a.Watch, a.Incident = "shop", "r1", "w1", "INC-1"
		a = a.Encode(map[string]string{"to": "team"})
		queue(t, s, a)
		again := a
		again.Title = "another"
		queue(t, s, again)
		got := claim(t, s, 1, 10)
		if len(got) != 1 {
			t.Fatalf("claimed %d actions, want 1", len(got))
		}
		want := a
		want.State, want.Attempt, want.LeaseUntil = action.Running, 1, at(11)
		same(t, "claimed", got[0], want)
		same(t, "claimed twice", claim(t, s, 2, 10), nil)

		seen := journal.New("test.seen", at(3), nil)
		err := finish(s, got[0], action.Outcome{Result: json.RawMessage(`{"id":"7"}`), Events: []journal.Event{seen}}, 3)
		same(t, "finish", err, nil)
		want.State, want.LeaseUntil, want.Finished, want.Result = action.Done, time.Time{}, at(3), json.RawMessage(`{"id":"7"}`)
		same(t, "stored", stored(t, s, a.Key), want)
		same(t, "events", kinds(t, s), []journal.Kind{"test.seen", action.EventDone})
		done := ask(t, s, func(ctx context.Context, tx *Tx) (journal.Event, error) { return tx.Event(ctx, 2) })
		var told action.Action
		if err := done.Decode(&told); err != nil {
			t.Fatal(err)
		}
		same(t, "told", told, want)
		same(t, "about", []string{done.Product, done.Release, done.Watch, done.Incident}, []string{"shop", "r1", "w1", "INC-1"})

		queue(t, s, a)
		same(t, "queued again after the end", claim(t, s, 99, 10), nil)
		refused(t, "finished again", finish(s, got[0], action.Outcome{}, 4), fault.Conflict)
		same(t, "events after refusal", len(kinds(t, s)), 2)
	})
}

func TestFailureIsTriedAgainUntilItIsOver(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		a := do(1)
		a.Retry = action.Retry{Max: 3, First: 4 * time.Second}
		queue(t, s, a)
		got := claim(t, s, 0, 1)
		same(t, "first", finish(s, got[0], action.Outcome{Err: errors.New("500"), After: 20 * time.Second}, 1), nil)
		same(t, "before Retry-After", claim(t, s, 20, 1), nil)
		got = claim(t, s, 21, 1)
		same(t, "attempt", got[0].Attempt, 2)
		same(t, "uncertain", got[0].Uncertain, 0)
		same(t, "second", finish(s, got[0], action.Outcome{Err: errors.New(strings.Repeat("é", 5000))}, 22), nil)
		got = claim(t, s, 30, 1)
		same(t, "third", finish(s, got[0], action.Outcome{Err: errors.New("500 again")}, 31), nil)
		end := stored(t, s, a.Key)
		same(t, "end", []any{end.State, end.Attempt, end.Error}, []any{action.Failed, 3, "500 again"})
		same(t, "events", kinds(t, s), []journal.Kind{action.EventRetry, action.EventRetry, action.EventDone})
		retry := ask(t, s, func(ctx context.Context, tx *Tx) (journal.Event, error) { return tx.Event(ctx, 2) })
		var told action.Action
		if err := retry.Decode(&told); err != nil {
			t.Fatal(err)
		}
		if len(told.Error) > maxError+40 || !strings.HasSuffix(told.Error, "bytes more)") {
			t.Errorf("a long error was kept whole or cut silently: %d bytes", len(told.Error))
		}

		b := do(2)
		b.Retry = a.Retry
		queue(t, s, b)
		got = claim(t, s, 40, 1)
		same(t, "permanent", finish(s, got[0], action.Outcome{Err: errors.New("401"), Permanent: true}, 41), nil)
		same(t, "permanent end", stored(t, s, b.Key).State, action.Failed)
	})
}

func TestLapsedLeaseIsFencedAndCounted(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		queue(t, s, do(1))
		first := claim(t, s, 0, 1)[0]
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.Extend(ctx, first, at(20)) })
		same(t, "before the lease ends", claim(t, s, 19, 1), nil)
		second := claim(t, s, 20, 1)[0]
		same(t, "second", []int{second.Attempt, second.Uncertain}, []int{2, 1})
		refused(t, "the first finishes late", finish(s, first, action.Outcome{}, 21), fault.Conflict)
		err := s.Write(t.Context(), func(tx *Tx) error { return tx.Extend(t.Context(), first, at(99)) })
		refused(t, "the first extends late", err, fault.Conflict)
		same(t, "events", kinds(t, s), nil)
		same(t, "the second finishes", finish(s, second, action.Outcome{}, 22), nil)
		same(t, "uncertain kept", stored(t, s, key(1)).Uncertain, 1)
	})
}

func TestRestartedNodeDropsItsOwnLeases(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		queue(t, s, do(1), do(2))
		claim(t, s, 0, 1)
		write(t, s, func(ctx context.Context, tx *Tx) error {
			_, err := tx.Claim(ctx, ClaimOptions{Lane: action.LaneNotify, Node: "two", Now: at(0), Limit: 1})
			return err
		})
		write(t, s, func(ctx context.Context, tx *Tx) error {
			n, err := tx.ReleaseLeases(ctx, "one")
			same(t, "released", n, 1)
			return err
		})
		got := claim(t, s, 1, 10)
		same(t, "claimed", keys(got), []string{key(1)})
		same(t, "uncertain", got[0].Uncertain, 1)
	})
}

func TestGroupRunsOneAtATimeInOrder(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		var all []action.Action
		for i := range 6 {
			a := do(i)
			a.Retry = action.Retry{Max: 2, First: 5 * time.Second}
			if i != 3 {
				a.Group = "thread"
			}
			a.Due = at(6 - i) // later ones due earlier: the group's order wins
			all = append(all, a)
		}
		all[1].Lane = action.LaneCheck
		queue(t, s, all...)
		same(t, "head not due", keys(claim(t, s, 5, 10)), []string{key(3)})
		got := claim(t, s, 6, 10)
		same(t, "head", keys(got), []string{key(0)})
		same(t, "head fails", finish(s, got[0], action.Outcome{Err: errors.New("x")}, 7), nil)
		same(t, "head waits, all wait", keys(claim(t, s, 11, 10)), nil)
		got = claim(t, s, 12, 10)
		same(t, "head again", keys(got), []string{key(0)})
		same(t, "head done", finish(s, got[0], action.Outcome{}, 13), nil)
		same(t, "the next is of another lane", keys(claim(t, s, 14, 10)), nil)
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.CancelActions(ctx, at(14), key(1)) })
		same(t, "after its cancellation", keys(claim(t, s, 14, 10)), []string{key(2)})
		same(t, "lapsed head keeps its place", keys(claim(t, s, 100, 10)), []string{key(3), key(2)})
	})
}

func TestExpiredWorkIsNotStarted(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		a, b, c := do(1), do(2), do(3)
		a.Expires, b.Expires, c.Expires = at(10), at(30), at(12)
		queue(t, s, c)
		claim(t, s, 1, 1) // c is being performed and its worker dies
		queue(t, s, a, b)
		same(t, "claimed at 12", keys(claim(t, s, 12, 10)), []string{key(2)})
		write(t, s, func(ctx context.Context, tx *Tx) error {
			n, err := tx.Expire(ctx, at(12))
			same(t, "expired", n, 2)
			return err
		})
		got := stored(t, s, key(1))
		same(t, "never started", []any{got.State, got.Attempt, got.Error}, []any{action.Failed, 0, "expired before it could start"})
		got = stored(t, s, key(3))
		same(t, "lost", []any{got.State, got.Uncertain}, []any{action.Failed, 1})
		same(t, "running goes on", stored(t, s, key(2)).State, action.Running)
		same(t, "events", kinds(t, s), []journal.Kind{action.EventDone, action.EventDone})
	})
}

func TestCancelLeavesStartedWorkAlone(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		proposed := do(2)
		proposed.State = action.Proposed
		queue(t, s, do(1))
		claim(t, s, 0, 1)
		queue(t, s, proposed, do(3))
		write(t, s, func(ctx context.Context, tx *Tx) error {
			return tx.CancelActions(ctx, at(1), key(1), key(2), key(3), "unknown")
		})
		for i, want := range []action.State{action.Running, action.Cancelled, action.Cancelled} {
			same(t, key(i+1), stored(t, s, key(i+1)).State, want)
		}
		same(t, "claimed", claim(t, s, 2, 10), nil)
		got := ask(t, s, func(ctx context.Context, tx *Tx) ([]action.Action, error) {
			return tx.Actions(ctx, ActionFilter{Kind: "test.do", States: []action.State{action.Cancelled}, Limit: 1})
		})
		same(t, "the newest cancelled", keys(got), []string{key(3)})
	})
}

func TestNextActionIsWhenSomethingCanHappen(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		next := func(now int, lanes ...action.Lane) any {
			var there bool
			when := ask(t, s, func(ctx context.Context, tx *Tx) (time.Time, error) {
				w, ok, err := tx.NextAction(ctx, at(now), lanes...)
				there = ok
				return w, err
			})
			if !there {
				return nil
			}
			return when
		}
		same(t, "nothing", next(0), nil)
		a, b, c := do(1), do(2), do(3)
		a.Group, b.Group = "g", "g"
		a.Due, b.Due, c.Due, c.Lane = at(50), at(1), at(60), action.LaneCheck
		queue(t, s, a, b, c)
		same(t, "the head's time, not the second's", next(5), any(at(50)))
		same(t, "of a lane", next(5, action.LaneCheck), any(at(60)))
		same(t, "of two lanes", next(5, action.LaneCheck, action.LaneNotify), any(at(50)))
		same(t, "never before now", next(55), any(at(55)))
		claim(t, s, 50, 1)
		same(t, "the end of the lease", next(50), any(at(60)))
		d := do(4)
		d.Due, d.Expires = at(90), at(58)
		queue(t, s, d)
		same(t, "an expiry", next(50), any(at(58)))
	})
}

// Workers of two servers (on SQLite: two nodes of one) empty one queue: each
// action is performed once, and of each group one at a time in order.
func TestNodesShareTheQueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		one := open(t, dsn, "one")
		two := one
		if !strings.HasPrefix(dsn, "sqlite:") {
			two = open(t, dsn, "two")
		}
		const total, groups = 120, 5
		var all []action.Action
		for i := range total {
			a := do(i)
			a.Lease = time.Hour
			if i%2 == 0 {
				a.Group = fmt.Sprint("g", i%groups)
			}
			all = append(all, a)
		}
		queue(t, one, all...)
		var mu sync.Mutex
		performed, running, last := map[string]int{}, map[string]int{}, map[string]string{}
		left := total
		worker := func(s *Store, node string) {
			for !t.Failed() {
				var got []action.Action
				err := s.Write(t.Context(), func(tx *Tx) (err error) {
					got, err = tx.Claim(t.Context(), ClaimOptions{Lane: action.LaneNotify, Node: node, Now: at(1), Limit: 3})
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, a := range got {
					performed[a.Key]++
					if a.Group != "" {
						running[a.Group]++
						if running[a.Group] > 1 || a.Key < last[a.Group] {
							t.Errorf("%s runs beside or before another of %s", a.Key, a.Group)
						}
						last[a.Group] = a.Key
					}
				}
				mu.Unlock()
				for _, a := range got {
					mu.Lock()
					left--
					if a.Group != "" {
						running[a.Group]--
					}
					mu.Unlock()
					if err := finish(s, a, action.Outcome{}, 2); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				empty := left == 0
				mu.Unlock()
				if empty {
					return
				}
			}
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { worker(one, "one") })
			wg.Go(func() { worker(two, "two") })
		}
		wg.Wait()
		for _, a := range all {
			if performed[a.Key] != 1 {
				t.Errorf("%s was performed %d times", a.Key, performed[a.Key])
			}
		}
	})
}
