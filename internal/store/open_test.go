package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
)

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]fault.Kind{
		"":                                     fault.Invalid,
		"mysql://x":                            fault.Invalid,
		"postgres://u:secret@h:port/db":        fault.Invalid,
		"postgres:///db?host=/nonexistent/run": fault.Unavailable,
	} {
		s, err := Open(t.Context(), Options{DSN: dsn})
		if s != nil || !fault.Is(err, want) {
			t.Errorf("open %q: got %v, want %s", dsn, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("open %q: the password is in the error: %v", dsn, err)
		}
	}
	if _, err := Open(t.Context(), Options{DSN: "sqlite:" + file + "/state.db"}); err == nil {
		t.Error("a database below a file was opened")
	}
	_, err := Open(t.Context(), Options{DSN: "sqlite:" + file})
	if err == nil {
		t.Error("a file that is no database was opened")
	}
}

func TestSecondServerIsRefusedAndToldWhoHolds(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "da?ta 100% #1", "state.db")
	s := open(t, dsn, "")
	_, err := Open(t.Context(), Options{DSN: dsn})
	refused(t, "second server", err, fault.Conflict)
	if want := fmt.Sprintf("process %d", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
		t.Errorf("got %v, want %q and a hint", err, want)
	}
	write(t, s, func(ctx context.Context, tx *Tx) error { return tx.PutSetting(ctx, "a", "1") })

	guest, err := Open(t.Context(), Options{DSN: dsn, Guest: true})
	if err != nil {
		t.Fatal(err)
	}
	value := ask(t, guest, func(ctx context.Context, tx *Tx) (string, error) {
		v, _, err := tx.Setting(ctx, "a")
		return v, err
	})
	same(t, "seen by the guest", value, "1")
	write(t, guest, func(ctx context.Context, tx *Tx) error { return tx.PutSetting(ctx, "a", "2") })
	same(t, "close guest", guest.Close(), nil)
	same(t, "close", s.Close(), nil)
	open(t, dsn, "")
	for _, name := range []string{"state.db", "state.db.lock"} {
		info, err := os.Stat(filepath.Join(filepath.Dir(strings.TrimPrefix(dsn, "sqlite:")), name))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "mode of "+name, info.Mode().Perm(), os.FileMode(0o600))
	}
	_, err = Open(t.Context(), Options{DSN: dsn + "x", Guest: true})
	refused(t, "guest without a server", err, fault.NotFound)
}

func TestServersShareOnePostgreSQL(t *testing.T) {
	t.Parallel()
	dsn := postgres.DSN(t)
	stores := make([]*Store, 3)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			s, err := Open(t.Context(), Options{DSN: dsn, Node: fmt.Sprint(i)})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = s.Close() })
			stores[i] = s
		})
	}
	if wg.Wait(); t.Failed() {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := stores[1].Changed()
	done := make(chan error, 1)
	go func() { done <- stores[1].Listen(ctx) }()
	<-first // it listens
	changed := stores[1].Changed()
	write(t, stores[0], func(ctx context.Context, tx *Tx) error { return tx.PutSetting(ctx, "a", "1") })
	<-changed
	cancel()
	same(t, "listen", <-done, nil)
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		p, err := s.provider()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Read(t.Context(), func(tx *Tx) error { _, err := tx.LastSeq(t.Context()); return err }); err == nil {
			t.Error("tables are left after the last migration went down")
		}
		if err := s.migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			_, err := tx.Append(ctx, journal.New("test.a", at(0), nil))
			return err
		})
		if _, err := s.write.ExecContext(t.Context(),
			"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)"); err != nil {
			t.Fatal(err)
		}
		refused(t, "a newer database", s.migrate(t.Context()), fault.Conflict)
	})
}

func TestFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"), "")
	limit := func(pages int) {
		if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(150)
	big := journal.New("test.big", at(0), strings.Repeat("x", 20_000))
	appendBig := func() error {
		return s.Write(t.Context(), func(tx *Tx) error { _, err := tx.Append(t.Context(), big, big); return err })
	}
	var err error
	kept := 0
	for ; err == nil && kept < 100; kept++ {
		err = appendBig()
	}
	kept--
	refused(t, "on a full disk", err, fault.Unavailable)
	if fault.HintOf(err) == "" {
		t.Error("no hint")
	}
	same(t, "events", len(kinds(t, s)), 2*kept)
	limit(100_000)
	same(t, "with space again", appendBig(), nil)
	same(t, "events after", len(kinds(t, s)), 2*kept+2)
	var verdict string
	if err := s.write.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %q, %v", verdict, err)
	}
}

func TestBusyDatabaseIsUnavailableAndWorksLater(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "state.db")
	s := open(t, dsn, "")
	guest, err := Open(t.Context(), Options{DSN: dsn, Guest: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = guest.Close() })
	if _, err := guest.write.ExecContext(t.Context(), "PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	put := func(tx *Tx) error { return tx.PutSetting(t.Context(), "a", "1") }
	write(t, s, func(context.Context, *Tx) error {
		err := guest.Write(t.Context(), put)
		refused(t, "while the server writes", err, fault.Unavailable)
		if fault.HintOf(err) == "" {
			t.Error("no hint")
		}
		return nil
	})
	same(t, "afterwards", guest.Write(t.Context(), put), nil)
}

func TestFileThatIsNoDatabaseIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	junk := strings.Repeat("not a database ", 2000)
	if err := os.WriteFile(path, []byte(junk), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{DSN: "sqlite:" + path})
	refused(t, "a file that is no database", err, fault.Invalid)
	if fault.HintOf(err) == "" {
		t.Error("no hint")
	}
	raw, err := os.ReadFile(path)
	same(t, "the file is left alone", err == nil && string(raw) == junk, true)
}

func TestExplainNamesWhatAPersonCanMend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"no space":            {&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, fault.Unavailable},
		"postgres disk full":  {&pgconn.PgError{Code: "53100"}, fault.Unavailable},
		"postgres shut down":  {&pgconn.PgError{Code: "57P01"}, fault.Unavailable},
		"postgres cut off":    {io.ErrUnexpectedEOF, fault.Unavailable},
		"postgres gone":       {driver.ErrBadConn, fault.Unavailable},
		"postgres lock":       {&pgconn.PgError{Code: "55P03"}, fault.Unavailable},
		"postgres syntax":     {&pgconn.PgError{Code: "42601"}, fault.Internal},
		"a fault of a stage":  {fmt.Errorf("x: %w", fault.New(fault.Denied, "no", "")), fault.Denied},
		"anything else":       {errors.New("x"), fault.Internal},
		"the caller gave up":  {context.Canceled, fault.Internal},
		"postgres serialized": {&pgconn.PgError{Code: "40001"}, fault.Unavailable},
	} {
		refused(t, name, explain(fmt.Errorf("w: %w", tc.err)), tc.want)
	}
	same(t, "nothing", explain(nil), nil)
}
