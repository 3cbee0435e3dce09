package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

func TestAppendKeepsEverythingInOrder(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		a := journal.New("test.a", at(1), map[string]int{"n": 1}).About("shop", "r1", "w1", "INC-1")
		b := journal.New("test.b", at(0), nil)
		write(t, s, func(ctx context.Context, tx *Tx) error {
			out, err := tx.Append(ctx, a, b)
			if err != nil {
				return err
			}
			a.Seq, b.Seq = 1, 2
			same(t, "returned", out, []journal.Event{a, b})
			return nil
		})
		got := ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.Events(ctx, 0, 0) })
		same(t, "stored", got, []journal.Event{a, b})
		got = ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.Events(ctx, 1, 1) })
		same(t, "after 1", got, []journal.Event{b})
		for _, f := range []EventFilter{
			{Product: "shop"},
			{Release: "r1"},
			{Watch: "w1"},
			{Incident: "INC-1"},
			{Kinds: []journal.Kind{"test.a", "test.z"}},
			{Limit: 1},
		} {
			got = ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.EventsAbout(ctx, f) })
			same(t, fmt.Sprintf("about %+v", f), got, []journal.Event{a})
		}
		got = ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) {
			return tx.EventsAbout(ctx, EventFilter{Latest: true, Limit: 1})
		})
		same(t, "latest", got, []journal.Event{b})
		e := ask(t, s, func(ctx context.Context, tx *Tx) (journal.Event, error) { return tx.Event(ctx, 1) })
		same(t, "event 1", e, a)
		last := ask(t, s, func(ctx context.Context, tx *Tx) (int64, error) { return tx.LastSeq(ctx) })
		same(t, "last", last, int64(2))
		err := s.Read(t.Context(), func(tx *Tx) error { _, err := tx.Event(t.Context(), 3); return err })
		refused(t, "event 3", err, fault.NotFound)
	})
}

// A reader that follows the journal while many write must see every event:
// no number may appear below one it has read.
func TestReaderMissesNothingUnderConcurrentAppends(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		const writers, rounds = 6, 20
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for r := range rounds {
					err := s.Write(t.Context(), func(tx *Tx) error {
						e := journal.New("test.n", at(r), w)
						if _, err := tx.Append(t.Context(), e, e); err != nil {
							return err
						}
						if r%5 == 4 {
							return errAbandoned
						}
						return nil
					})
					if err != nil && !errors.Is(err, errAbandoned) {
						t.Error(err)
					}
				}
			})
		}
		var seen int64
		for want := int64(writers * rounds * 2 * 4 / 5); seen < want && !t.Failed(); {
			changed := s.Changed()
			events := ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.Events(ctx, seen, 0) })
			for _, e := range events {
				if seen++; e.Seq != seen {
					t.Fatalf("read event %d after %d", e.Seq, seen-1)
				}
			}
			if len(events) == 0 {
				<-changed
			}
		}
		wg.Wait()
	})
}

var errAbandoned = errors.New("abandoned")

func TestCursorMovesOnlyFromWhereItStands(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		advance := func(from, to int64) error {
			return s.Write(t.Context(), func(tx *Tx) error { return tx.Advance(t.Context(), "watch", from, to) })
		}
		refused(t, "unknown cursor from 3", advance(3, 4), fault.Conflict)
		same(t, "from 0 to 0", advance(0, 0), nil)
		same(t, "from 0", advance(0, 5), nil)
		refused(t, "from 0 again", advance(0, 6), fault.Conflict)
		same(t, "from 5", advance(5, 7), nil)
		if err := advance(7, 6); err == nil {
			t.Error("a cursor moved back")
		}
		got := ask(t, s, func(ctx context.Context, tx *Tx) (int64, error) { return tx.Cursor(ctx, "watch") })
		same(t, "cursor", got, int64(7))

		var won sync.Map
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if err := advance(7, 8); err == nil {
					won.Store(i, true)
				} else if !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		won.Range(func(any, any) bool { n++; return true })
		same(t, "winners", n, 1)
	})
}

func TestDueEventsSurviveReopening(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, dsn string) {
		due := func(key string, n int) journal.Due {
			return journal.Due{Key: key, At: at(n), Event: journal.New("test.due", at(0), key).About("shop", "", "w1", "")}
		}
		s, err := Open(t.Context(), Options{DSN: dsn})
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			return tx.Schedule(ctx, due("c", 30), due("a", 10), due("b", 20), due("d", 5), due("a", 25))
		})
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.Unschedule(ctx, "d", "never there") })
		same(t, "close", s.Close(), nil)

		s = open(t, dsn, "")
		next := func() (string, bool) {
			var ok bool
			got := ask(t, s, func(ctx context.Context, tx *Tx) (string, error) {
				when, there, err := tx.NextDue(ctx)
				ok = there
				return when.Format("15:04:05"), err
			})
			return got, ok
		}
		got, ok := next()
		same(t, "next", []any{got, ok}, []any{at(20).Format("15:04:05"), true})
		for _, step := range []struct{ now, limit, want int }{{19, 0, 0}, {40, 2, 2}, {40, 0, 1}, {40, 0, 0}} {
			write(t, s, func(ctx context.Context, tx *Tx) error {
				n, err := tx.Promote(ctx, at(step.now), step.limit)
				same(t, fmt.Sprintf("promoted %+v", step), n, step.want)
				return err
			})
		}
		events := ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.Events(ctx, 0, 0) })
		var order []string
		for _, e := range events {
			var key string
			if err := e.Decode(&key); err != nil {
				t.Fatal(err)
			}
			order = append(order, key)
			same(t, "happened", e.At, at(40))
			same(t, "watch", e.Watch, "w1")
		}
		same(t, "order", order, []string{"b", "a", "c"})
		_, ok = next()
		same(t, "anything left", ok, false)
	})
}

func TestApplyHappensWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error {
			return tx.Apply(ctx, action.Plan{
				Due:     []journal.Due{{Key: "old", At: at(1), Event: journal.New("test.due", at(1), nil)}},
				Actions: []action.Action{{Key: "old", Kind: "test.do"}},
			}, at(0))
		})
		plan := action.Plan{
			Events:  []journal.Event{journal.New("test.a", at(1), nil)},
			Due:     []journal.Due{{Key: "new", At: at(2), Event: journal.New("test.due", at(2), nil)}},
			Drop:    []string{"old"},
			Actions: []action.Action{{Key: "new", Kind: "test.do"}},
			Cancel:  []string{"old", "unknown"},
		}
		err := s.Write(t.Context(), func(tx *Tx) error {
			if err := tx.Apply(t.Context(), plan, at(1)); err != nil {
				return err
			}
			return errAbandoned
		})
		if !errors.Is(err, errAbandoned) {
			t.Fatalf("got %v, want the function's own error", err)
		}
		same(t, "events after giving up", kinds(t, s), nil)
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.Apply(ctx, plan, at(1)) })
		same(t, "events", kinds(t, s), []journal.Kind{"test.a", action.EventDone})
		old := ask(t, s, func(ctx context.Context, tx *Tx) (action.Action, error) { return tx.Action(ctx, "old") })
		same(t, "old action", []any{old.State, old.Finished}, []any{action.Cancelled, at(1)})
	})
}

func kinds(t *testing.T, s *Store) []journal.Kind {
	t.Helper()
	var out []journal.Kind
	for _, e := range ask(t, s, func(ctx context.Context, tx *Tx) ([]journal.Event, error) { return tx.Events(ctx, 0, 0) }) {
		out = append(out, e.Kind)
	}
	return out
}

func TestChangedTellsOfChangesOnly(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		told := func(f func(tx *Tx) error) bool {
			a, b := s.Changed(), s.Changed()
			_ = s.Write(t.Context(), f)
			select {
			case <-a:
				<-b
				return true
			default:
				return false
			}
		}
		same(t, "after a change", told(func(tx *Tx) error { return tx.PutSetting(t.Context(), "a", "1") }), true)
		same(t, "after nothing", told(func(tx *Tx) error {
			_, err := tx.Claim(t.Context(), ClaimOptions{Lane: action.LaneCheck, Now: at(0)})
			return err
		}), false)
		same(t, "after a rollback", told(func(tx *Tx) error {
			return errors.Join(tx.PutSetting(t.Context(), "a", "2"), errAbandoned)
		}), false)
		value := ask(t, s, func(ctx context.Context, tx *Tx) (string, error) {
			v, _, err := tx.Setting(ctx, "a")
			return v, err
		})
		same(t, "setting", value, "1")
	})
}

func TestReadOnlyTransactionsCannotWrite(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		for name, f := range map[string]func(*Tx) error{
			"setting": func(tx *Tx) error { return tx.PutSetting(t.Context(), "a", "1") },
			"append":  func(tx *Tx) error { _, err := tx.Append(t.Context(), journal.New("a", at(0), nil)); return err },
			"counter": func(tx *Tx) error { _, err := tx.NextIncident(t.Context()); return err },
		} {
			if err := s.Read(t.Context(), f); err == nil {
				t.Errorf("%s: a read transaction wrote", name)
			}
		}
		same(t, "events", kinds(t, s), nil)
	})
}

// A panic in a transaction must not keep the only writer.
func TestPanicFreesTheWriter(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		func() {
			defer func() { _ = recover() }()
			_ = s.Write(t.Context(), func(tx *Tx) error {
				_ = tx.PutSetting(t.Context(), "a", "1")
				panic("bug")
			})
		}()
		write(t, s, func(ctx context.Context, tx *Tx) error {
			_, there, err := tx.Setting(ctx, "a")
			same(t, "written before the panic", there, false)
			return err
		})
	})
}
