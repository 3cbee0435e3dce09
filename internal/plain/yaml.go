package plain

import "strings"

// value is a node of a YAML document, as far as compose files and workflows
// need it: maps, lists, and scalars as text.
type value struct {
	text  string
	keys  map[string]*value
	items []*value
}

// What is read of a document at most.
const (
	maxYAML  = 1 << 20
	maxDepth = 60
	maxLinks = 50_000 // through aliases
)

// row is one line with something on it.
type row struct {
	indent int
	text   string
}

// reader reads block YAML by indentation.
type reader struct {
	rows    []row
	i       int
	anchors map[string]*value
}

// readYAML reads the first document; what it does not understand is text.
func readYAML(data []byte) *value {
	r := &reader{anchors: map[string]*value{}}
	for line := range strings.Lines(string(data[:min(len(data), maxYAML)])) {
		line = strings.TrimRight(line, "\r\n")
		text := strings.TrimLeft(line, " ")
		if strings.HasPrefix(line, "---") && len(r.rows) == 0 || strings.HasPrefix(text, "#") || strings.TrimSpace(text) == "" {
			continue
		}
		if strings.HasPrefix(line, "---") {
			break
		}
		r.rows = append(r.rows, row{len(line) - len(text), text})
	}
	return r.block(0, 0)
}

// block reads the lines that are indented at least so much.
func (r *reader) block(indent, depth int) *value {
	v := &value{}
	if r.i >= len(r.rows) || depth > maxDepth {
		return v
	}
	own := r.rows[r.i].indent
	if own < indent {
		return v
	}
	for r.i < len(r.rows) && r.rows[r.i].indent >= own {
		line := r.rows[r.i]
		if line.indent > own {
			r.i++ // goes on with text that is not understood
			continue
		}
		if line.text == "-" || strings.HasPrefix(line.text, "- ") {
			rest := strings.TrimLeft(line.text[1:], " ")
			if rest == "" || strings.HasPrefix(rest, "#") {
				r.i++
				v.items = append(v.items, r.block(own+1, depth+1))
				continue
			}
			// The rest of the line is the first of a block of its own.
			r.rows[r.i] = row{own + len(line.text) - len(rest), rest}
			if _, _, ok := pair(rest); ok || strings.HasPrefix(rest, "- ") {
				v.items = append(v.items, r.block(own+1, depth+1))
			} else {
				r.i++
				v.items = append(v.items, r.scalar(rest, own, depth))
			}
			continue
		}
		key, rest, ok := pair(line.text)
		r.i++
		if !ok {
			continue
		}
		if v.keys == nil {
			v.keys = map[string]*value{}
		}
		made := r.scalar(rest, own, depth)
		if key == "<<" {
			v.merge(made)
		} else {
			v.keys[key] = made
		}
	}
	return v
}

// merge takes in the keys of another map that are not there; maps may be shared,
// nothing changes them later.
func (v *value) merge(from *value) {
	for _, m := range append([]*value{from}, from.items...) {
		for k, s := range m.keys {
			if _, ok := v.keys[k]; !ok && len(v.keys) < maxLinks {
				v.keys[k] = s
			}
		}
	}
}

// scalar reads what follows a key or a dash, on its line or below.
func (r *reader) scalar(rest string, indent, depth int) *value {
	rest = uncomment(rest)
	name := ""
	for strings.HasPrefix(rest, "&") || strings.HasPrefix(rest, "!") {
		word, after, _ := strings.Cut(rest, " ")
		if word[0] == '&' {
			name = word[1:]
		}
		rest = strings.TrimSpace(after)
	}
	var v *value
	switch {
	case rest == "":
		next := indent + 1
		if r.i < len(r.rows) && r.rows[r.i].indent == indent && strings.HasPrefix(r.rows[r.i].text, "-") {
			next = indent // a list may stand under its key
		}
		v = r.block(next, depth+1)
	case strings.HasPrefix(rest, "*"):
		if v = r.anchors[rest[1:]]; v == nil {
			v = &value{}
		}
	case rest[0] == '|' || rest[0] == '>':
		v = &value{}
		var b strings.Builder
		for r.i < len(r.rows) && r.rows[r.i].indent > indent {
			b.WriteString(r.rows[r.i].text + "\n")
			r.i++
		}
		v.text = b.String()
	case rest[0] == '{' || rest[0] == '[':
		for n := 0; !balanced(rest) && r.i < len(r.rows) && n < 200; n++ {
			rest += " " + uncomment(r.rows[r.i].text)
			r.i++
		}
		v, _ = flow(rest, 0)
	default:
		v = &value{text: unquote(rest)}
	}
	if name != "" {
		r.anchors[name] = v
	}
	return v
}

// flow reads {a: b} and [a, b]; it returns what is left.
func flow(s string, depth int) (*value, string) {
	s = strings.TrimSpace(s)
	v := &value{}
	if s == "" || depth > maxDepth {
		return v, ""
	}
	if s[0] != '{' && s[0] != '[' {
		end := flowEnd(s)
		v.text = unquote(strings.TrimSpace(s[:end]))
		return v, s[end:]
	}
	isMap := s[0] == '{'
	s = s[1:]
	if isMap {
		v.keys = map[string]*value{}
	}
	for {
		s = strings.TrimLeft(s, " ,")
		if s == "" || s[0] == '}' || s[0] == ']' {
			return v, strings.TrimPrefix(strings.TrimPrefix(s, "}"), "]")
		}
		before := len(s)
		var item *value
		if isMap {
			key, rest, ok := strings.Cut(s, ":")
			if !ok {
				return v, ""
			}
			item, s = flow(rest, depth+1)
			v.keys[unquote(strings.TrimSpace(key))] = item
		} else {
			item, s = flow(s, depth+1)
			v.items = append(v.items, item)
		}
		if len(s) >= before {
			return v, ""
		}
	}
}

// flowEnd is where a scalar within brackets ends.
func flowEnd(s string) int {
	if s[0] == '"' || s[0] == '\'' {
		if i := strings.IndexByte(s[1:], s[0]); i >= 0 {
			return i + 2
		}
	}
	if i := strings.IndexAny(s, ",}]"); i >= 0 {
		return i
	}
	return len(s)
}

func balanced(s string) bool {
	return strings.Count(s, "{") <= strings.Count(s, "}") && strings.Count(s, "[") <= strings.Count(s, "]")
}

// pair splits "key: value".
func pair(s string) (key, rest string, ok bool) {
	if s == "" || s[0] == '{' || s[0] == '[' || s[0] == '#' {
		return "", "", false
	}
	if q := s[0]; q == '"' || q == '\'' {
		end := strings.IndexByte(s[1:], q)
		if end < 0 || !strings.HasPrefix(strings.TrimLeft(s[end+2:], " "), ":") {
			return "", "", false
		}
		_, rest, _ = strings.Cut(s[end+2:], ":")
		return s[1 : end+1], strings.TrimSpace(rest), true
	}
	if i := strings.Index(s, ": "); i >= 0 {
		return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+2:]), true
	}
	s = strings.TrimRight(s, " ")
	if key, ok := strings.CutSuffix(s, ":"); ok {
		return strings.TrimSpace(key), "", true
	}
	return "", "", false
}

// uncomment cuts " # …" outside of quotes.
func uncomment(s string) string {
	quote := byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" [{,:", s[i-1]) >= 0):
			quote = c
		case c == '#' && (i == 0 || s[i-1] == ' '):
			return strings.TrimSpace(s[:i])
		}
	}
	return strings.TrimSpace(s)
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// at follows keys; nil when one is missing.
func (v *value) at(names ...string) *value {
	for _, n := range names {
		if v == nil {
			return nil
		}
		v = v.keys[n]
	}
	return v
}

// of is the text of a key; "" when there is none.
func (v *value) of(name string) string {
	if k := v.at(name); k != nil {
		return k.text
	}
	return ""
}
