package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

// twin is what the store and the journal's in-memory twin have in common.
type twin interface {
	Append(ctx context.Context, events ...journal.Event) ([]journal.Event, error)
	Events(ctx context.Context, after int64, limit int) ([]journal.Event, error)
	Advance(ctx context.Context, name string, from, to int64) error
	Schedule(ctx context.Context, due ...journal.Due) error
	Unschedule(ctx context.Context, keys ...string) error
	Promote(ctx context.Context, now time.Time, limit int) (int, error)
	NextDue(ctx context.Context) (time.Time, bool, error)
}

// The twin must answer as the databases do, whatever is asked of it.
func TestMemoryJournalBehavesAsTheStore(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		var memory journal.Memory
		for seed := range uint64(20) {
			var got []string
			write(t, s, func(ctx context.Context, tx *Tx) error { got = play(t, ctx, tx, seed); return nil })
			same(t, fmt.Sprintf("seed %d", seed), play(t, t.Context(), &memory, seed), got)
		}
	})
}

// play does thirty random things and returns what was answered.
func play(t *testing.T, ctx context.Context, j twin, seed uint64) []string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var said []string
	say := func(v any, err error) {
		if err != nil && !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		said = append(said, fmt.Sprint(v, err != nil))
	}
	for range 30 {
		n, key := r.IntN(20), key(r.IntN(5))
		e := journal.New("test.n", at(n).Add(time.Duration(n)), n).About(key, "", "", "")
		switch r.IntN(7) {
		case 0:
			say(j.Append(ctx, e, e))
		case 1:
			say(j.Events(ctx, int64(n*5), r.IntN(4)+1))
		case 2:
			say(0, j.Advance(ctx, key, int64(r.IntN(2)), int64(n+1)))
		case 3:
			say(0, j.Schedule(ctx, journal.Due{Key: key, At: at(n), Event: e}))
		case 4:
			say(0, j.Unschedule(ctx, key))
		case 5:
			say(j.Promote(ctx, at(n), r.IntN(3)+1))
		case 6:
			when, ok, err := j.NextDue(ctx)
			say(when.Format(time.StampMicro), errors.Join(err, map[bool]error{false: fault.New(fault.Conflict, "none", "")}[ok]))
		}
	}
	return said
}
