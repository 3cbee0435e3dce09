package store

import (
	"database/sql"

	"github.com/pressly/goose/v3"
)

// dialect is everything in which the two databases differ.
type dialect struct {
	goose goose.Dialect
	// lock makes a write transaction the only one; run first. SQLite's
	// transactions begin that way.
	lock string
	// notify tells other servers of a change; run last.
	notify string
	// reclaim gives freed pages back to the disk after pruning.
	reclaim string
	// readIsolation makes all statements of a reading transaction see one
	// state; SQLite's always do.
	readIsolation sql.IsolationLevel
}

func sqliteDialect() dialect {
	return dialect{goose: goose.DialectSQLite3, reclaim: "PRAGMA incremental_vacuum(2000)"}
}

// The number is arbitrary but must never change: servers of different
// versions may share a database during an upgrade.
func postgresDialect() dialect {
	return dialect{
		goose:         goose.DialectPostgres,
		lock:          "SELECT pg_advisory_xact_lock(5038216119)",
		notify:        "SELECT pg_notify('" + channel + "', '')",
		readIsolation: sql.LevelRepeatableRead,
	}
}
