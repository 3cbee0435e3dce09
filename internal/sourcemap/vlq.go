package sourcemap

import "slices"

// segment is one decoded mapping; all numbers are 0-based.
type segment struct {
	line, column               int // in the built file, within the section
	source, srcLine, srcColumn int
	name                       int
	mapped, named              bool
}

// row is what is wanted of one line: columns in order, and for each the best
// segment that begins at or before it, but after the column before.
type row struct {
	columns []int
	best    []segment
	found   []bool
}

// find walks the mappings once. For each wanted place the last segment of its
// line that begins at or before it answers.
func (s *section) find(at []Position, list []int, out []Place) {
	rows := map[int]*row{}
	last := 0
	place := func(i int) (line, column int) {
		line, column = at[i].Line-1-s.line, at[i].Column-1
		if line == 0 {
			column -= s.column
		}
		return line, column
	}
	for _, i := range list {
		line, column := place(i)
		if rows[line] == nil {
			rows[line] = &row{}
		}
		rows[line].columns = append(rows[line].columns, column)
		last = max(last, line)
	}
	for _, r := range rows {
		slices.Sort(r.columns)
		r.columns = slices.Compact(r.columns)
		r.best, r.found = make([]segment, len(r.columns)), make([]bool, len(r.columns))
	}
	s.walk(last, func(g segment) {
		if r := rows[g.line]; r != nil {
			r.offer(g)
		}
	})
	for _, i := range list {
		line, column := place(i)
		if g, ok := rows[line].at(column); ok {
			out[i] = s.place(g)
		}
	}
}

// offer keeps a segment for the first column that it can answer.
func (r *row) offer(g segment) {
	k, _ := slices.BinarySearch(r.columns, g.column)
	if k < len(r.columns) && (!r.found[k] || g.column >= r.best[k].column) {
		r.best[k], r.found[k] = g, true
	}
}

// at is the segment that answers for a column.
func (r *row) at(column int) (segment, bool) {
	k, _ := slices.BinarySearch(r.columns, column)
	for ; k >= 0; k-- {
		if r.found[k] {
			return r.best[k], true
		}
	}
	return segment{}, false
}

// place is where a segment points to.
func (s *section) place(g segment) Place {
	if !g.mapped || g.source < 0 || g.source >= len(s.sources) || g.srcLine < 0 || g.srcColumn < 0 {
		return Place{}
	}
	p := Place{Source: s.sources[g.source], Position: Position{g.srcLine + 1, g.srcColumn + 1}}
	if g.named && g.name >= 0 && g.name < len(s.names) {
		p.Name = clip(s.names[g.name])
	}
	return p
}

func clip(name string) string { return name[:min(len(name), 200)] }

// walk decodes every segment down to a line. It stops at the first thing that
// is no mapping.
func (s *section) walk(last int, each func(segment)) {
	var g segment
	text := s.mappings
	for i := 0; i < len(text) && g.line <= last; {
		switch text[i] {
		case ';':
			g.line, g.column = g.line+1, 0
			i++
			continue
		case ',':
			i++
			continue
		}
		var fields [5]int
		n := 0
		for i < len(text) && text[i] != ',' && text[i] != ';' {
			if n == len(fields) {
				return
			}
			v, size := number(text[i:])
			if size == 0 {
				return
			}
			fields[n], n, i = v, n+1, i+size
		}
		g.column += fields[0]
		g.mapped, g.named = n >= 4, n == 5
		if n == 2 || n == 3 {
			return
		}
		if g.mapped {
			g.source, g.srcLine, g.srcColumn = g.source+fields[1], g.srcLine+fields[2], g.srcColumn+fields[3]
		}
		if g.named {
			g.name += fields[4]
		}
		each(g)
	}
}

// number decodes one base 64 VLQ and tells how long it is; 0 when it is none.
func number(text string) (value, size int) {
	shift := 0
	for i := range min(len(text), 7) {
		d := digit(text[i])
		if d < 0 {
			return 0, 0
		}
		value |= (d & 31) << shift
		shift += 5
		if d&32 == 0 {
			negative := value&1 == 1
			value >>= 1
			if negative {
				value = -value
			}
			return value, i + 1
		}
	}
	return 0, 0
}

func digit(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}
