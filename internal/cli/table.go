package cli

import (
	"strings"
	"time"
	"unicode/utf8"
)

// table aligns columns; numbers stand to the right where asked.
type table struct {
	head  []string
	right map[int]bool
	rows  [][]styled
}

// columns starts a table; a name that begins with ">" is aligned right.
func columns(names ...string) *table {
	t := &table{right: map[int]bool{}}
	for i, n := range names {
		if strings.HasPrefix(n, ">") {
			t.right[i] = true
			n = n[1:]
		}
		t.head = append(t.head, n)
	}
	return t
}

// row adds a row; cells are strings or styled.
func (t *table) row(cells ...any) {
	out := make([]styled, len(cells))
	for i, c := range cells {
		switch v := c.(type) {
		case styled:
			out[i] = v
		case string:
			out[i] = plain(v)
		}
		out[i].text = oneLine(out[i].text)
	}
	t.rows = append(t.rows, out)
}

// print writes the table.
func (t *table) print(p *printer) {
	widths := make([]int, len(t.head))
	for i, h := range t.head {
		widths[i] = utf8.RuneCountInString(h)
	}
	for _, r := range t.rows {
		for i, c := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	head := make([]styled, len(t.head))
	for i, h := range t.head {
		head[i] = p.dim(h)
	}
	for _, r := range append([][]styled{head}, t.rows...) {
		var parts []any
		for i, c := range r {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			switch {
			case t.right[i]:
				parts = append(parts, pad, c)
			case i == len(r)-1:
				parts = append(parts, c)
			default:
				parts = append(parts, c, pad)
			}
			if i < len(r)-1 {
				parts = append(parts, "  ")
			}
		}
		p.line(parts...)
	}
}

// or returns s, or a dash for nothing.
func or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// stamp writes an instant for people: UTC, to the second.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
