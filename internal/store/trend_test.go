package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/trend"
)

func run(i int, outcome signal.Outcome) signal.Signal {
	lcp := 800 * time.Millisecond
	return signal.Signal{
		ID: signal.ID(fmt.Sprintf("run-%04d", i)), At: at(i), Product: "shop", Release: "shop-1", Kind: signal.Journey, Name: "book", Side: signal.New,
		Served: "v1", Took: time.Second, Outcome: outcome, Browser: "shell 156", Viewport: "1280x720@1", Vitals: &signal.Vitals{LCP: &lcp},
		Steps:   []signal.Step{{Index: 1, Title: "open", Outcome: signal.Pass, Took: 700 * time.Millisecond, Budget: time.Second}},
		Traffic: []signal.Traffic{{Host: "pay.example", Requests: 3, Failed: 1, Took: 90 * time.Millisecond}},
	}
}

func TestTrendsAreRemembered(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		old, probe := run(3, signal.Pass), run(4, signal.Pass)
		old.Side, probe.Kind = signal.Old, signal.Probe
		other := run(5, signal.Pass)
		other.Name = "search"
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for _, sig := range []signal.Signal{run(1, signal.Pass), run(2, signal.Fail), old, probe, other} {
				if err := tx.PutSignal(ctx, sig); err != nil {
					return err
				}
			}
			return tx.PutTrend(ctx, run(1, signal.Broken)) // again: nothing changes
		})
		read := func(since time.Time, limit int) []trend.Row {
			return ask(t, s, func(ctx context.Context, tx *Tx) ([]trend.Row, error) {
				return tx.Trends(ctx, "shop", "book", since, limit)
			})
		}
		first, _ := trend.RowOf(run(1, signal.Pass))
		second, _ := trend.RowOf(run(2, signal.Fail))
		same(t, "all", read(time.Time{}, 0), []trend.Row{first, second})
		same(t, "since", read(at(2), 0), []trend.Row{second})
		same(t, "the newest", read(time.Time{}, 1), []trend.Row{second})
	})
}

func TestTrendsAreThinnedAndForgotten(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i := range 1200 { // at(0) is the begin of an hour: 1000 s of it, and more beyond
				sig := run(i, signal.Pass)
				if i%100 == 50 {
					sig.Outcome = signal.Fail
				}
				if i >= 600 {
					sig.Served = "v2"
				}
				if err := tx.PutTrend(ctx, sig); err != nil {
					return err
				}
			}
			return nil
		})
		count := func() (pass, fail int) {
			for _, r := range ask(t, s, func(ctx context.Context, tx *Tx) ([]trend.Row, error) {
				return tx.Trends(ctx, "shop", "book", time.Time{}, 0)
			}) {
				if r.Outcome == signal.Pass {
					pass++
				} else {
					fail++
				}
			}
			return pass, fail
		}
		if _, err := s.Prune(t.Context(), PruneOptions{Thin: at(1000)}); err != nil {
			t.Fatal(err)
		}
		if pass, fail := count(); pass != 4+4+198 || fail != 12 {
			t.Errorf("got %d that passed and %d that failed, want 206 and 12", pass, fail)
		}
		n, err := s.Prune(t.Context(), PruneOptions{Trends: at(1100)})
		if err != nil {
			t.Fatal(err)
		}
		if pass, fail := count(); pass != 99 || fail != 1 || n.Trends != 107+11 {
			t.Errorf("got %d that passed and %d that failed, %d gone; want 99, 1 and 118", pass, fail, n.Trends)
		}
	})
}
