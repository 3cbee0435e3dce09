package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/pgtest"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/store"
)

// postgres is started by the first test that needs it.
var postgres pgtest.Server

func TestMain(m *testing.M) {
	if path := os.Getenv(chaosConfig); path != "" {
		os.Exit(chaosChild(path))
	}
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}

// each plays a story on both databases, each time on an empty one.
func each(t *testing.T, story func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, newHouse(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, newHouse(t, postgres.DSN(t)))
	})
}

// TestDrillOnPostgres plays one drill of the real demo with all its state in
// PostgreSQL.
func TestDrillOnPostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a whole release")
	}
	t.Parallel()
	needBrowser(t)
	dsn := postgres.DSN(t)
	ctx, cancel := context.WithCancel(t.Context())
	d, err := OpenDemo(ctx, DemoOptions{
		Dir: t.TempDir(), Listen: "127.0.0.1:0", Version: "test", Logger: slog.New(slog.DiscardHandler),
		Env: []string{"POSTFLIGHT_STORE=${DATABASE_URL}", "DATABASE_URL=" + dsn},
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	var id drill.ID
	if !poll(ctx, 3*time.Minute, 50*time.Millisecond, func() bool {
		id, err = d.App.Desk().StartDrill(ctx, "static-500", "test")
		return !fault.Is(err, fault.Conflict)
	}) || err != nil {
		t.Fatalf("the drill does not start: %v", err)
	}
	var got drill.Drill
	if !poll(ctx, 4*time.Minute, 50*time.Millisecond, func() bool {
		got, err = d.App.Drill(ctx, id)
		return err != nil || got.State != drill.Playing
	}) || err != nil || got.State != drill.Passed {
		t.Fatalf("drill %+v, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(d.Data, "postflight.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is an SQLite database as well: %v", err)
	}
	other, err := store.Open(ctx, store.Options{DSN: dsn, Guest: true})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	rows, err := read(ctx, other, func(tx *store.Tx) ([]release.Release, error) { return tx.Releases(ctx, demoProduct, 10) })
	if err != nil || len(rows) < 3 || rows[0].Source != release.Rollback {
		t.Errorf("the ledger in PostgreSQL: %+v, %v", rows, err)
	}
}
