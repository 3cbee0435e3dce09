// Package pgtest runs Debian's PostgreSQL for tests: a private server in a
// temporary directory, reachable by a unix socket only, started by the first
// test that asks and stopped at the end of the run.
//
// Its data is not synced to disk: the tests are of our SQL, not of theirs. No
// program imports it. Where PostgreSQL is not installed the tests that need it
// are skipped, unless POSTFLIGHT_REQUIRE_POSTGRES=1 says that it must be there.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// errMissing says that PostgreSQL is not installed.
var errMissing = errors.New("PostgreSQL is not installed (on Debian: apt-get install postgresql)")

// patience is how long starting may take on a machine that is busy.
const patience = 2 * time.Minute

// Server is one private PostgreSQL. Its zero value is ready; it starts when
// the first database is asked for.
type Server struct {
	once  sync.Once
	err   error
	dir   string
	run   *exec.Cmd
	ended chan struct{}
	log   bytes.Buffer
	last  atomic.Int64
}

// DSN returns the address of a new, empty database. It skips or fails the
// test when there is no PostgreSQL.
func (s *Server) DSN(t testing.TB) string {
	t.Helper()
	s.once.Do(func() { s.err = s.start() })
	if errors.Is(s.err, errMissing) && os.Getenv("POSTFLIGHT_REQUIRE_POSTGRES") != "1" {
		t.Skipf("NOT TESTED ON POSTGRESQL: %v", s.err)
	}
	if s.err != nil {
		t.Fatalf("start postgresql: %v", s.err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		t.Fatalf("connect to postgresql: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name := fmt.Sprintf("test%d", s.last.Add(1))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("create database: %v", err)
	}
	return s.address(name)
}

// Stop ends the server, if it was started, and removes its data.
func (s *Server) Stop() {
	if s.run != nil && s.run.Process != nil {
		_ = s.run.Process.Signal(syscall.SIGQUIT) // at once; nothing is worth keeping
		<-s.ended
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func (s *Server) address(database string) string {
	q := url.Values{"host": {s.dir}, "sslmode": {"disable"}}
	return "postgres://postgres@/" + database + "?" + q.Encode()
}

func (s *Server) start() error {
	bin, err := find()
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	attr, err := attributes(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres",
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	s.run = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "max_connections=200", "-c", "shared_buffers=32MB")
	s.run.SysProcAttr, s.run.Dir = attr, s.dir
	s.run.Stdout, s.run.Stderr = &s.log, &s.log
	if err := s.run.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		_ = s.run.Wait()
	}()
	return s.ready()
}

// ready waits until the server takes connections.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it ended at once:\n%s", s.log.String())
		case <-ctx.Done():
			return fmt.Errorf("wait until it answers: %w", err)
		case <-tick.C:
		}
	}
}

// find returns the directory of the newest installed server.
func find() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(dirs[i], "initdb")); err == nil {
			return dirs[i], nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errMissing
}
