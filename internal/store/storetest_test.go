package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/pgtest"
)

// postgres is started by the first test that needs it.
var postgres pgtest.Server

func TestMain(m *testing.M) {
	if dsn := os.Getenv(helperDSN); dsn != "" {
		os.Exit(helper(dsn))
	}
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}

// each runs one test of the conformance suite on both databases, each time on
// an empty one.
func each(t *testing.T, f func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, postgres.DSN(t))
	})
}

// one is each with a store that is already open.
func one(t *testing.T, f func(t *testing.T, s *Store)) {
	t.Helper()
	each(t, func(t *testing.T, dsn string) { f(t, open(t, dsn, "one")) })
}

func open(t testing.TB, dsn, node string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{DSN: dsn, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write runs f in a transaction that must succeed.
func write(t testing.TB, s *Store, f func(ctx context.Context, tx *Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), func(tx *Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// ask runs f in a reading transaction that must succeed and returns its value.
func ask[T any](t testing.TB, s *Store, f func(ctx context.Context, tx *Tx) (T, error)) T {
	t.Helper()
	var got T
	err := s.Read(t.Context(), func(tx *Tx) error {
		var err error
		got, err = f(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// same fails unless got is want; nil and empty are one.
func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused fails unless err is a fault of this kind.
func refused(t testing.TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v, want a %s fault", what, err, kind)
	}
}

// at is the n-th second of the tests' time.
func at(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0).UTC() }

func key(i int) string { return fmt.Sprintf("test/%03d", i) }
