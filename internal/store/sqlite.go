package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/postflight/postflight/internal/fault"
)

// readers bounds the reading connections: many spinning readers starve the
// writer, whose commits are what people wait for.
const readers = 4

// openSQLite opens the file at path with one writer and a few readers.
//
// Synchronous is FULL: with less, a power cut can lose the last commits, and
// those may be the pages.
func (s *Store) openSQLite(path string, guest bool) error {
	s.dialect = sqliteDialect()
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("resolve %s: %w", path, err)
	}
	if guest {
		if _, err := os.Stat(path); err != nil {
			return fault.Newf(fault.NotFound, "there is no database at %s: %w", path, err).
				WithHint("start the server once, or name its data directory")
		}
	} else if err := s.ownSQLite(path); err != nil {
		return err
	}
	base := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)"
	write := base + "&_txlock=immediate&_pragma=auto_vacuum(2)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	if s.write, err = s.pool(write, 1); err != nil {
		return err
	}
	s.read, err = s.pool(base+"&_pragma=query_only(1)", readers)
	return err
}

// ownSQLite makes the directory and an empty private file, and takes the lock
// that keeps a second server away.
func (s *Store) ownSQLite(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return onDisk(fmt.Errorf("make the data directory: %w", err))
	}
	unlock, err := Lock(path + ".lock")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, unlock)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return onDisk(fmt.Errorf("create the database: %w", err))
	}
	return f.Close()
}

// pool opens n connections that live as long as the store.
func (s *Store) pool(dsn string, n int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	s.closers = append(s.closers, db.Close)
	return db, nil
}

// onDisk makes faults of what the file system says.
func onDisk(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return &fault.Error{
			Kind: fault.Unavailable, Message: err.Error(),
			Hint: "give the user that runs postflight the right to write there", Cause: err,
		}
	}
	return explain(err)
}
