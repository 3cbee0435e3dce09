package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/postflight/postflight/internal/fault"
)

// explain turns what a driver says into a fault where a person or a later
// retry can do something about it; other errors are returned as they are.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	message, hint := "", ""
	switch {
	case full(err):
		message, hint = "the disk that holds the state is full", "free some space; nothing was lost, and work goes on by itself"
	case contended(err):
		message, hint = "the database is busy", "try again; if it lasts, look for a stuck process that holds it"
	case readOnly(err):
		message, hint = "the database cannot be written", "check the rights of the data directory and whether its disk is mounted read-only"
	case damaged(err):
		return &fault.Error{
			Kind: fault.Invalid, Message: "the file that holds the state is damaged, or is no database",
			Hint: "bring it back from a backup, or move it away to begin anew", Cause: err,
		}
	case broken(err):
		message, hint = "the disk that holds the state does not work", "check the disk and the system's log; nothing that was committed is lost"
	case away(err):
		message, hint = "the database does not answer", "check that it runs and that the network to it is up; work goes on by itself"
	default:
		return err
	}
	return &fault.Error{Kind: fault.Unavailable, Message: message, Hint: hint, Cause: err}
}

// code returns SQLite's extended result code and its primary one.
func code(err error) (extended, primary int) {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code(), e.Code() & 0xff
	}
	return 0, 0
}

// state returns PostgreSQL's five-letter code.
func state(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func full(err error) bool {
	extended, primary := code(err)
	return primary == sqlite3.SQLITE_FULL || extended == sqlite3.SQLITE_IOERR_WRITE ||
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || state(err) == "53100"
}

// yielded reports whether PostgreSQL gave the transaction up for the sake of
// another one, so that running it again at once is right.
func yielded(err error) bool { return state(err) == "40001" || state(err) == "40P01" }

// contended reports whether others held the database for too long: the
// drivers have waited already.
func contended(err error) bool {
	_, primary := code(err)
	return yielded(err) || state(err) == "55P03" || primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
}

func readOnly(err error) bool {
	_, primary := code(err)
	return primary == sqlite3.SQLITE_READONLY || primary == sqlite3.SQLITE_CANTOPEN || state(err) == "25006"
}

func broken(err error) bool {
	_, primary := code(err)
	return primary == sqlite3.SQLITE_IOERR
}

// damaged reports whether SQLite does not know its file again.
func damaged(err error) bool {
	_, primary := code(err)
	return primary == sqlite3.SQLITE_NOTADB || primary == sqlite3.SQLITE_CORRUPT
}

func away(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	if s := state(err); len(s) == 5 && (s[:2] == "08" || s[:2] == "53" || s[:3] == "57P") {
		return true
	}
	_, isConnect := errors.AsType[*pgconn.ConnectError](err)
	_, isNet := errors.AsType[*net.OpError](err)
	return isConnect || isNet || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}
