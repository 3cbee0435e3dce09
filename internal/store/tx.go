package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/fault"
)

// Tx is one transaction. It is not safe for concurrent use and must not
// outlive the function it was given to.
type Tx struct {
	tx       *sql.Tx
	dialect  dialect
	node     string
	readOnly bool
	wrote    bool
}

// exec runs a statement and returns how many rows it touched.
func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if t.readOnly {
		return 0, errors.New("write in a read-only transaction")
	}
	res, err := t.tx.ExecContext(ctx, query, bind(args)...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	t.wrote = t.wrote || n > 0
	return n, err
}

// row scans the only row of a query.
func (t *Tx) row(ctx context.Context, query string, args []any, dest ...any) error {
	return t.tx.QueryRowContext(ctx, query, bind(args)...).Scan(dest...)
}

// each calls scan for every row.
func (t *Tx) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := t.tx.QueryContext(ctx, query, bind(args)...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// names returns a one-column query as strings.
func (t *Tx) names(ctx context.Context, query string, args ...any) ([]string, error) {
	var out []string
	err := t.each(ctx, query, args, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// find decodes the body of the first row, and says whether there was one.
func find[T any](ctx context.Context, t *Tx, query string, args ...any) (T, bool, error) {
	var v T
	var body string
	err := t.row(ctx, query, args, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return v, false, nil
	}
	if err != nil {
		return v, false, err
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return v, false, fmt.Errorf("decode stored %T: %w", v, err)
	}
	return v, true, nil
}

// get is find for a row that must be there.
func get[T any](ctx context.Context, t *Tx, what, id, query string) (T, error) {
	v, ok, err := find[T](ctx, t, query, id)
	if err != nil {
		return v, fmt.Errorf("read %s %q: %w", what, id, err)
	}
	if !ok {
		return v, fault.Newf(fault.NotFound, "there is no %s %q", what, id)
	}
	return v, nil
}

// list decodes the body of every row.
func list[T any](ctx context.Context, t *Tx, query string, args ...any) ([]T, error) {
	var out []T
	err := t.each(ctx, query, args, func(rows *sql.Rows) error {
		var body string
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var v T
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return fmt.Errorf("decode stored %T: %w", v, err)
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// encode returns v as JSON text that both databases take. A zero byte can
// stand in JSON only as an escape, so only the encoding can be wrong: raw
// messages are carried as they are.
func encode(v any) (document, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return document(raw), nil
}

// document is a text that is stored whole; other texts are labels.
type document string

// maxLabel bounds a text that stands in a column of its own, in bytes: an
// index of PostgreSQL takes no more than 2704 of all its columns.
const maxLabel = 1000

// label returns a text as it stands in a column. A longer one is cut and told
// apart by its hash, the same way whenever it is written or looked for.
func label(s string) string {
	s = clean(s)
	if len(s) <= maxLabel {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	tail := "…" + hex.EncodeToString(sum[:])
	return clip(s, maxLabel-len(tail)) + tail
}

// clip returns at most n bytes of s, whole characters only.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// bind turns arguments into what both drivers take: times into microseconds,
// named strings into clean plain ones.
func bind(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if at, ok := a.(time.Time); ok {
			out[i] = micros(at)
			continue
		}
		if d, ok := a.(document); ok {
			out[i] = clean(string(d))
			continue
		}
		if v := reflect.ValueOf(a); v.Kind() == reflect.String {
			out[i] = label(v.String())
			continue
		}
		out[i] = a
	}
	return out
}

// clean replaces what PostgreSQL refuses in a text, zero bytes and bytes that
// are not UTF-8, one by one, as encoding/json does.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == 0 {
			return utf8.RuneError
		}
		return r
	}, s)
}

// micros returns a time as stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant is the reverse of micros.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// most is how many rows one read may return.
const most = 10_000

// bound returns a limit between 1 and most; zero and less mean most.
func bound(limit int) int {
	if limit <= 0 || limit > most {
		return most
	}
	return limit
}

// where gathers the conditions of a filter.
type where struct {
	parts []string
	args  []any
}

// and adds a condition in which each ? stands for the next argument.
func (w *where) and(cond string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.parts = append(w.parts, cond)
}

// is adds column = value unless value is empty. The second half lets the
// databases use the partial index on the column.
func (w *where) is(column, value string) {
	if value != "" {
		w.and(column+" = ? AND "+column+" <> ''", value)
	}
}

// in adds column IN (values) unless there are none.
func in[T ~string](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

// String returns the WHERE clause, or nothing.
func (w *where) String() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}
