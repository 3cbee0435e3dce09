package store

import (
	"context"
	"testing"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/flake"
)

func TestFlakes(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		book := flake.Record{Product: "shop", Journey: "book"}.Saw(340, 2, flake.Key(3, "Book"), at(1))
		more := book.Saw(1, 0, "", at(2))
		pay := flake.Record{Product: "shop", Journey: "pay"}.Saw(1, 0, "", at(1))
		other := flake.Record{Product: "admin", Journey: "book"}.Saw(1, 1, "", at(1))
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for _, r := range []flake.Record{book, pay, other, more} {
				if err := tx.PutFlake(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
		got := ask(t, s, func(ctx context.Context, tx *Tx) (map[string]flake.Record, error) { return tx.Flakes(ctx, "shop") })
		same(t, "flakes", got, map[string]flake.Record{"book": more, "pay": pay})
		if err := s.Write(t.Context(), func(tx *Tx) error { return tx.PutFlake(t.Context(), flake.Record{}) }); err == nil {
			t.Error("a record of nothing was kept")
		}
	})
}

func TestRequeuePutsBackWhatWasCalledOff(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.Queue(ctx, do(1)) })
		claim := func(n int) (out []action.Action) {
			write(t, s, func(ctx context.Context, tx *Tx) (err error) {
				out, err = tx.Claim(ctx, ClaimOptions{Lane: do(1).Lane, Now: at(n), Limit: 1})
				return err
			})
			return out
		}
		first := claim(100)
		if len(first) != 1 {
			t.Fatalf("claimed %d", len(first))
		}
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.Requeue(ctx, first[0], at(101)) })
		second := claim(101)
		if len(second) != 1 || second[0].Uncertain != 0 {
			t.Fatalf("claimed again: %+v", second)
		}
		refused(t, "requeue of a lost attempt", s.Write(t.Context(), func(tx *Tx) error {
			return tx.Requeue(t.Context(), first[0], at(102))
		}), fault.Conflict)
	})
}
