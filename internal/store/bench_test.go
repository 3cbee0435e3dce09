package store

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
)

// BenchmarkDecide is what one step of a story costs: decide (event and action
// in one commit), claim, finish; three synced commits on SQLite. PostgreSQL
// runs without syncing here.
func BenchmarkDecide(b *testing.B) {
	run := func(b *testing.B, dsn string) {
		s := open(b, dsn, "one")
		ctx := b.Context()
		n := 0
		for b.Loop() {
			n++
			plan := action.Plan{Events: []journal.Event{journal.New("test.n", at(n), n)}, Actions: []action.Action{do(n)}}
			write(b, s, func(_ context.Context, tx *Tx) error { return tx.Apply(ctx, plan, at(n)) })
			got := claim(b, s, n, 1)
			if len(got) != 1 {
				b.Fatalf("claimed %d", len(got))
			}
			if err := finish(s, got[0], action.Outcome{}, n); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stories/s")
	}
	b.Run("sqlite", func(b *testing.B) { run(b, "sqlite:"+filepath.Join(b.TempDir(), "state.db")) })
	b.Run("postgres", func(b *testing.B) { run(b, postgres.DSN(b)) })
}
