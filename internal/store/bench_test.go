package store

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
)

// commits of one step of a story: decide, claim, finish.
const commits = 3

// BenchmarkDecide is what one step of a story costs: decide (event and action
// in one commit), claim, finish; three synced commits on SQLite. PostgreSQL
// runs without syncing here. The floors do the same number of commits with
// nothing in them: one page synced to the file system, and one row through
// the same driver.
func BenchmarkDecide(b *testing.B) {
	b.Run("floor-fsync", syncs)
	b.Run("floor-sqlite", func(b *testing.B) { rows(b, sqliteFor(b)) })
	b.Run("sqlite", func(b *testing.B) { decide(b, sqliteFor(b)) })
	b.Run("floor-postgres", func(b *testing.B) { rows(b, postgres.DSN(b)) })
	b.Run("postgres", func(b *testing.B) { decide(b, postgres.DSN(b)) })
}

func sqliteFor(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "state.db") }

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stories/s")
}

func decide(b *testing.B, dsn string) {
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
	perSecond(b)
}

// rows commits one row at a time on the store's own connection.
func rows(b *testing.B, dsn string) {
	s := open(b, dsn, "one")
	if _, err := s.write.ExecContext(b.Context(), "CREATE TABLE bare (n BIGINT)"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for range commits {
			if err := row(b.Context(), s.write); err != nil {
				b.Fatal(err)
			}
		}
	}
	perSecond(b)
}

func row(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO bare VALUES (1)"); err != nil {
		return err
	}
	return tx.Commit()
}

// syncs overwrites a page and syncs it, which is what no durable commit can do
// without.
func syncs(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	const size, pages = 4096, 256
	if _, err := f.Write(make([]byte, size*pages)); err != nil {
		b.Fatal(err)
	}
	page, n := make([]byte, size), int64(0)
	for b.Loop() {
		for range commits {
			n = (n + 1) % pages
			if _, err := f.WriteAt(page, n*size); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	}
	perSecond(b)
}
