package npm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// splitKey cuts "key: value" or "key:". ok is false for a line that is no entry.
func splitKey(s string) (key, rest string, ok bool) {
	if s == "" {
		return "", "", false
	}
	switch s[0] {
	case '"', '\'':
		val, n, err := quoted(s)
		if err != nil {
			return "", "", false // a scalar of several lines
		}
		after := strings.TrimLeft(s[n:], " ")
		if after == ":" || strings.HasPrefix(after, ": ") {
			return val, strings.TrimLeft(after[1:], " \t"), true
		}
		return "", "", false
	case '{', '[', '|', '>', '#':
		return "", "", false
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ':':
			if i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\t' {
				return strings.TrimRight(s[:i], " "), strings.TrimLeft(s[i+1:], " \t"), true
			}
		case '#':
			if i > 0 && s[i-1] == ' ' {
				return "", "", false
			}
		}
	}
	return "", "", false
}

// quoted reads a quoted scalar at the beginning of s and how long it is.
func quoted(s string) (string, int, error) {
	if s[0] == '\'' {
		for i := 1; i < len(s); i++ {
			if s[i] != '\'' {
				continue
			}
			if i+1 < len(s) && s[i+1] == '\'' {
				i++
				continue
			}
			return strings.ReplaceAll(s[1:i], "''", "'"), i + 1, nil
		}
		return "", 0, errors.New("a quote is not closed")
	}
	plain := true
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			plain = false
			i++
		case '"':
			if plain {
				return s[1:i], i + 1, nil
			}
			val, err := unescape(s[1:i])
			return val, i + 1, err
		}
	}
	return "", 0, errors.New("a quote is not closed")
}

// unescape resolves the backslashes of a double quoted scalar.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		size := 0
		switch c := s[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 't', '\t':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '0':
			b.WriteByte(0)
		case 'x':
			size = 2
		case 'u':
			size = 4
		case 'U':
			size = 8
		default:
			b.WriteByte(c)
		}
		if size == 0 {
			continue
		}
		if i+size >= len(s) {
			return "", errors.New("an escape is cut short")
		}
		r, err := strconv.ParseUint(s[i+1:i+1+size], 16, 32)
		if err != nil {
			return "", errors.New("an escape is no number")
		}
		b.WriteRune(rune(r))
		i += size
	}
	return b.String(), nil
}

// mapping reads entries of one indent.
func (p *yamlParser) mapping(indent, depth int) (*node, error) {
	n, err := p.make(mapping)
	if err != nil {
		return nil, err
	}
	for {
		l, ok := p.peek()
		if !ok || l.indent < indent || (l.indent == 0 && isMarker(l.text)) {
			return n, nil
		}
		if l.indent > indent {
			return nil, errors.New("is indented by too much")
		}
		key, value, err := p.entry(l, indent, depth)
		if err != nil {
			return nil, err
		}
		if key == "<<" {
			merge(n, value)
			continue
		}
		n.keys = append(n.keys, key)
		n.kids = append(n.kids, value)
	}
}

// merge takes in the entries of a merged mapping, before its own.
func merge(n, from *node) {
	list := []*node{from}
	if from.kind == sequence {
		list = from.kids
	}
	for _, m := range list {
		if m == nil || m == n || m.kind != mapping || len(n.keys)+len(m.keys) > 1<<16 {
			continue
		}
		n.keys = append(append([]string{}, m.keys...), n.keys...)
		n.kids = append(append([]*node{}, m.kids...), n.kids...)
	}
}

// entry reads one key and its value.
func (p *yamlParser) entry(l yamlLine, indent, depth int) (string, *node, error) {
	if l.text == "?" || strings.HasPrefix(l.text, "? ") {
		return p.longEntry(l, indent, depth)
	}
	key, rest, ok := splitKey(l.text)
	if !ok {
		return "", nil, fmt.Errorf("%.60q is no entry", l.text)
	}
	if rest == "" || rest[0] == '#' {
		p.pos = l.end
		v, err := p.under(indent, depth)
		return key, v, err
	}
	p.pos = l.start + len(l.text) - len(rest)
	v, err := p.value(indent, depth+1)
	return key, v, err
}

// under reads the value of a key on the lines below it. A sequence may have the
// indent of its key.
func (p *yamlParser) under(indent, depth int) (*node, error) {
	if next, ok := p.peek(); ok && next.indent == indent && isItem(next.text) {
		if depth >= maxDepth {
			return nil, errors.New("is nested too deeply")
		}
		return p.sequence(indent, depth+1)
	}
	return p.block(indent, depth+1)
}

// longEntry reads "? key" and ": value": keys of more than 1024 characters.
func (p *yamlParser) longEntry(l yamlLine, indent, depth int) (string, *node, error) {
	rest := strings.TrimLeft(l.text[1:], " ")
	if rest == "" || isItem(rest) || isEntry(rest) {
		return "", nil, errors.New("keys that are collections are not read")
	}
	p.pos = l.start + len(l.text) - len(rest)
	key, err := p.value(indent, depth+1)
	if err != nil {
		return "", nil, err
	}
	next, ok := p.peek()
	if !ok || next.indent != indent || (next.text != ":" && !strings.HasPrefix(next.text, ": ")) {
		v, err := p.make(scalar)
		return key.text(), v, err
	}
	rest = strings.TrimLeft(next.text[1:], " ")
	if rest == "" {
		p.pos = next.end
		v, err := p.under(indent, depth)
		return key.text(), v, err
	}
	v, err := p.inline(next, len(next.text)-len(rest), indent, depth)
	return key.text(), v, err
}

// value reads what begins at pos in the middle of a line; lines that belong to
// it are indented by more than indent.
func (p *yamlParser) value(indent, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("is nested too deeply")
	}
	line, end := p.rest()
	switch line[0] {
	case '&':
		return p.anchor(line, indent, depth)
	case '*':
		name, tail, _ := strings.Cut(line[1:], " ")
		n, ok := p.anchors[name]
		if !ok || !blankOrComment(tail) {
			return nil, fmt.Errorf("%.60q names nothing", line)
		}
		p.pos = end
		return n, nil
	case '!':
		return nil, errors.New("tags are not read")
	case '|', '>':
		return p.literal(line, end, indent)
	case '{', '[':
		n, err := p.flow(depth)
		if err != nil {
			return nil, err
		}
		tail, end := p.rest()
		if !blankOrComment(tail) {
			return nil, fmt.Errorf("%.60q stands behind a value", tail)
		}
		p.pos = end
		return n, nil
	case '"', '\'':
		return p.quotedValue(line, end, indent)
	}
	return p.plain(line, end, indent)
}

func blankOrComment(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s[0] == '#'
}

// rest is what is left of the line at pos and where the next begins.
func (p *yamlParser) rest() (string, int) {
	i := strings.IndexByte(p.src[p.pos:], '\n')
	if i < 0 {
		return strings.TrimRight(p.src[p.pos:], " \t"), len(p.src)
	}
	return strings.TrimRight(p.src[p.pos:p.pos+i], " \t"), p.pos + i + 1
}

// anchor reads "&name value".
func (p *yamlParser) anchor(line string, indent, depth int) (*node, error) {
	name, tail, _ := strings.Cut(line[1:], " ")
	tail = strings.TrimLeft(tail, " ")
	var n *node
	var err error
	if blankOrComment(tail) {
		_, p.pos = p.rest()
		n, err = p.under(indent, depth)
	} else {
		p.pos += len(line) - len(tail)
		n, err = p.value(indent, depth+1)
	}
	if err == nil {
		p.anchors[name] = n
	}
	return n, err
}

// literal reads a block scalar. How its lines are folded does not matter to any
// of our readers beyond being the same for the same text.
func (p *yamlParser) literal(head string, end, indent int) (*node, error) {
	var lines []string
	p.pos = end
	for p.pos < len(p.src) {
		line, next := p.rest()
		body := strings.TrimLeft(line, " ")
		if body != "" && len(line)-len(body) <= indent {
			break
		}
		lines = append(lines, body)
		p.pos = next
	}
	sep := " "
	if head[0] == '|' {
		sep = "\n"
	}
	n, err := p.make(scalar)
	if err == nil {
		n.val, n.quoted = strings.TrimSpace(strings.Join(lines, sep)), true
	}
	return n, err
}

// quotedValue reads a quoted scalar, of several lines perhaps.
func (p *yamlParser) quotedValue(line string, end, indent int) (*node, error) {
	text := line
	for len(text) < 1<<16 {
		val, size, err := quoted(text)
		if err == nil {
			if !blankOrComment(text[size:]) {
				return nil, fmt.Errorf("%.60q stands behind a quote", text[size:])
			}
			p.pos = end
			n, err := p.make(scalar)
			if err == nil {
				n.val, n.quoted = val, true
			}
			return n, err
		}
		p.pos = end
		next, ok := p.peek()
		if !ok || next.indent <= indent {
			return nil, err
		}
		text, end = text+" "+next.text, next.end
	}
	return nil, errors.New("a quoted value is too long")
}

// plain reads a plain scalar and the lines that go on with it.
func (p *yamlParser) plain(line string, end, indent int) (*node, error) {
	n, err := p.make(scalar)
	if err != nil {
		return nil, err
	}
	n.val = dropComment(line)
	p.pos = end
	var more []string
	for {
		next, ok := p.peek()
		if !ok || next.indent <= indent {
			break
		}
		if _, _, entry := splitKey(next.text); entry {
			return nil, errors.New("an entry stands below a value")
		}
		more = append(more, dropComment(next.text))
		p.pos = next.end
	}
	if more != nil {
		n.val += " " + strings.Join(more, " ")
	}
	if n.val == "null" || n.val == "~" {
		n.val = ""
	}
	return n, nil
}

func dropComment(s string) string {
	if i := strings.Index(s, " #"); i >= 0 {
		return strings.TrimRight(s[:i], " \t")
	}
	return s
}
