package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

// The disk itself is full, so that the write-ahead log cannot grow.
func TestReallyFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("NOT TESTED ON A FULL DISK: mounting needs more rights: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	dsn := "sqlite:" + filepath.Join(dir, "state.db")
	s, err := Open(t.Context(), Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	add := func() error {
		big := journal.New("test.big", at(0), strings.Repeat("x", 50_000))
		return s.Write(t.Context(), func(tx *Tx) error { _, err := tx.Append(t.Context(), big); return err })
	}
	kept := 0
	for err = add(); err == nil && kept < 100; err = add() {
		kept++
	}
	refused(t, "on a full disk", err, fault.Unavailable)
	same(t, "events", len(kinds(t, s)), kept)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	same(t, "with space again", add(), nil)
	same(t, "close", s.Close(), nil)
	s, err = Open(t.Context(), Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	last := ask(t, s, func(ctx context.Context, tx *Tx) (int64, error) { return tx.LastSeq(ctx) })
	same(t, "events after reopening", last, int64(kept+1))
	same(t, "close again", s.Close(), nil)
}
