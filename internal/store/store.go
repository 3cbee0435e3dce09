// Package store keeps the state: the journal, what is due, the actions and
// every stage's projection, in SQLite or PostgreSQL.
//
// There is one SQL text for both and a small dialect for what differs. Write
// transactions are serialised (one writer connection in SQLite, one lock in
// PostgreSQL), so a transaction never meets another's half-done work, and
// sequence order is commit order. The package holds no rules: it stores what
// stages decided and hands out what is due. It never asks the clock; times
// are arguments. The app opens it; stages see it through their own interfaces.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Options say where the state is and who opens it.
type Options struct {
	// DSN is "sqlite:/path/file.db" or "postgres://…".
	DSN string
	// Node names this process to the others that share a PostgreSQL database;
	// it must stay the same over restarts. Empty means "node".
	Node string
	// Guest opens an SQLite database beside the server that owns it, for a
	// short command: no lock is taken and nothing is migrated.
	Guest  bool
	Logger *slog.Logger // nil discards
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write, read *sql.DB
	dialect     dialect
	node        string
	log         *slog.Logger
	closers     []func() error // last in, first out
	listen      func(context.Context) error

	mu      sync.Mutex
	changed chan struct{}
}

// Open opens the database, creating and migrating it when needed. A second
// server on the same SQLite file is refused with a Conflict fault that names
// the process; a database written by a newer Postflight likewise.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Node == "" {
		o.Node = "node"
	}
	s := &Store{node: o.Node, log: o.Logger, changed: make(chan struct{})}
	var err error
	switch scheme, rest, _ := strings.Cut(o.DSN, ":"); scheme {
	case "sqlite":
		err = s.openSQLite(rest, o.Guest)
	case "postgres", "postgresql":
		err = s.openPostgres(o.DSN)
	default:
		return nil, fault.New(fault.Invalid, "the database address must start with sqlite: or postgres:",
			"for example sqlite:/var/lib/postflight/state.db")
	}
	if err == nil {
		err = s.Ping(ctx)
	}
	if err == nil && !o.Guest {
		err = s.migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	return s, nil
}

// Close releases the connections and the lock. It is idempotent.
func (s *Store) Close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.write.PingContext(ctx); err != nil {
		return explain(fmt.Errorf("reach the database: %w", err))
	}
	return nil
}

// Node returns the name this process claims actions under.
func (s *Store) Node() string { return s.node }

// Changed returns a channel that is closed after the next commit that changed
// something. Take it before looking, then wait on it: no change is missed.
// Any number may wait; several commits may be seen as one.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// broadcast wakes everyone who waits for a change.
func (s *Store) broadcast() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// tries bounds how often a write is run again after the database refused it
// for the sake of another one.
const tries = 8

// Write runs f in the one writing transaction and commits when it returns
// nil. f may run more than once: it must set, not add to, what it leaves
// behind in variables. An Unavailable fault means that the same call may
// succeed later; nothing was written, unless the connection to PostgreSQL
// broke during the commit itself: keys, cursors and attempts then keep the
// second call from doing it twice.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) error {
	pause := 5 * time.Millisecond
	for try := 1; ; try++ {
		wrote, err := s.writeOnce(ctx, f)
		switch {
		case err == nil:
			if wrote {
				s.broadcast()
			}
			return nil
		case try >= tries || !yielded(err):
			return explain(err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (s *Store) writeOnce(ctx context.Context, f func(*Tx) error) (wrote bool, err error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// After a commit this says ErrTxDone; after a panic it frees the writer.
		_ = tx.Rollback()
	}()
	t := &Tx{tx: tx, dialect: s.dialect, node: s.node}
	if s.dialect.lock != "" {
		if _, err := tx.ExecContext(ctx, s.dialect.lock); err != nil {
			return false, fmt.Errorf("lock for writing: %w", err)
		}
	}
	if err := f(t); err != nil {
		return false, err
	}
	if t.wrote && s.dialect.notify != "" {
		if _, err := tx.ExecContext(ctx, s.dialect.notify); err != nil {
			return false, fmt.Errorf("tell other servers: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("commit: %w", err)
	}
	return t.wrote, nil
}

// Read runs f in a read-only transaction that sees one consistent state.
func (s *Store) Read(ctx context.Context, f func(*Tx) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.dialect.readIsolation})
	if err != nil {
		return explain(fmt.Errorf("begin: %w", err))
	}
	defer func() { _ = tx.Rollback() }()
	return explain(f(&Tx{tx: tx, dialect: s.dialect, node: s.node, readOnly: true}))
}
