package sourcemap

// segment is one decoded mapping; all numbers are 0-based.
type segment struct {
	line, column               int // in the built file, within the section
	source, srcLine, srcColumn int
	name                       int
	mapped, named              bool
}

// find walks the mappings once. For each wanted place the last segment of its
// line that begins at or before it answers.
func (s *section) find(at []Position, list []int, out []Place) {
	lines := map[int][]int{}
	last := 0
	for _, i := range list {
		line := at[i].Line - 1 - s.line
		lines[line] = append(lines[line], i)
		last = max(last, line)
	}
	best := map[int]segment{}
	s.walk(last, func(g segment) {
		for _, i := range lines[g.line] {
			column := at[i].Column - 1
			if g.line == 0 {
				column -= s.column
			}
			if old, ok := best[i]; g.column <= column && (!ok || g.column >= old.column) {
				best[i] = g
			}
		}
	})
	for i, g := range best {
		if !g.mapped || g.source < 0 || g.source >= len(s.sources) || g.srcLine < 0 || g.srcColumn < 0 {
			continue
		}
		out[i] = Place{Source: s.sources[g.source], Position: Position{g.srcLine + 1, g.srcColumn + 1}}
		if g.named && g.name >= 0 && g.name < len(s.names) {
			out[i].Name = clip(s.names[g.name])
		}
	}
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
