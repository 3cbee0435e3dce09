package npm

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds of what is read of a YAML file.
const (
	maxDepth = 64
	maxNodes = 4 << 20
)

// kind of a YAML node.
type kind uint8

const (
	scalar kind = iota
	mapping
	sequence
)

// node is a YAML value. An alias is the same node again, so that a bomb of
// aliases costs no more than its text. null is a plain empty scalar.
type node struct {
	kind   kind
	quoted bool
	val    string
	keys   []string
	kids   []*node
}

// get returns the last value of a key, nil when there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapping {
		return nil
	}
	for i := len(n.keys) - 1; i >= 0; i-- {
		if n.keys[i] == key {
			return n.kids[i]
		}
	}
	return nil
}

// text is the value of a scalar; "" of all else.
func (n *node) text() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.val
}

// at is text of a key.
func (n *node) at(key string) string { return n.get(key).text() }

// strings are the scalars of a sequence.
func (n *node) strings() []string {
	if n == nil || n.kind != sequence {
		return nil
	}
	out := make([]string, 0, len(n.kids))
	for _, k := range n.kids {
		if k != nil && k.kind == scalar {
			out = append(out, k.val)
		}
	}
	return out
}

// pairs calls f for every key of a mapping, in the order of the file.
func (n *node) pairs(f func(key string, value *node)) {
	if n == nil || n.kind != mapping {
		return
	}
	for i, k := range n.keys {
		f(k, n.kids[i])
	}
}

// yamlParser reads the YAML that package managers and people write into
// lockfiles and settings: block and flow collections, all scalars, anchors and
// merge keys. Tags and several keys of one complex form are refused.
type yamlParser struct {
	src     string
	pos     int // start of the current line
	virtual int // a position in the middle of a line that is read as the
	column  int // beginning of a line with this indent
	anchors map[string]*node
	slab    []node
	count   int
}

// parseYAML returns the documents of a file.
func parseYAML(data []byte) ([]*node, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("is no UTF-8")
	}
	src := strings.TrimPrefix(string(data), "\ufeff")
	if strings.Contains(src, "\r") {
		src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	}
	p := &yamlParser{src: src, anchors: map[string]*node{}}
	var docs []*node
	for {
		more := p.skipMarkers()
		if !more {
			return docs, nil
		}
		n, err := p.block(-1, 0)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", p.lineNumber(), err)
		}
		docs = append(docs, n)
		clear(p.anchors)
		if l, ok := p.peek(); ok && !isMarker(l.text) {
			return nil, fmt.Errorf("line %d: is not part of what is above it", p.lineNumber())
		}
	}
}

// lineNumber counts the lines up to where the parser is.
func (p *yamlParser) lineNumber() int {
	return strings.Count(p.src[:min(p.pos, len(p.src))], "\n") + 1
}

// yamlLine is a line that says something.
type yamlLine struct {
	indent int
	text   string // without indent
	start  int    // where text begins
	end    int    // where the next line begins
}

// isMarker tells document markers and directives.
func isMarker(s string) bool {
	return s == "---" || s == "..." || strings.HasPrefix(s, "--- ") || strings.HasPrefix(s, "%")
}

// skipMarkers goes to the next document; false when there is none.
func (p *yamlParser) skipMarkers() bool {
	for {
		l, ok := p.peek()
		if !ok {
			return false
		}
		if l.indent > 0 || !isMarker(l.text) {
			return true
		}
		p.pos = l.end
	}
}

// peek is the next line with content.
func (p *yamlParser) peek() (yamlLine, bool) {
	for p.pos < len(p.src) {
		end := strings.IndexByte(p.src[p.pos:], '\n')
		stop := len(p.src)
		next := len(p.src)
		if end >= 0 {
			stop = p.pos + end
			next = stop + 1
		}
		i := p.pos
		for i < stop && p.src[i] == ' ' {
			i++
		}
		if i == stop || p.src[i] == '#' || strings.TrimSpace(p.src[i:stop]) == "" {
			p.pos = next
			continue
		}
		indent := i - p.pos
		if p.pos == p.virtual {
			indent += p.column
		}
		return yamlLine{indent: indent, start: i, text: strings.TrimRight(p.src[i:stop], " \t"), end: next}, true
	}
	return yamlLine{}, false
}

// make returns a fresh node.
func (p *yamlParser) make(k kind) (*node, error) {
	if len(p.slab) == 0 {
		p.slab = make([]node, 256)
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	n.kind = k
	if p.count++; p.count > maxNodes {
		return nil, fmt.Errorf("more than %d values", maxNodes)
	}
	return n, nil
}

// block reads a value that begins on the next line and is indented by more than
// parent; nothing there is null.
func (p *yamlParser) block(parent, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("is nested too deeply")
	}
	l, ok := p.peek()
	if !ok || l.indent <= parent || (l.indent == 0 && isMarker(l.text)) {
		return p.make(scalar)
	}
	switch {
	case isItem(l.text):
		return p.sequence(l.indent, depth)
	case isEntry(l.text):
		return p.mapping(l.indent, depth)
	}
	p.pos = l.start
	return p.value(parent, depth)
}

func isItem(s string) bool { return s == "-" || strings.HasPrefix(s, "- ") }

// isEntry tells a line that begins a mapping.
func isEntry(s string) bool {
	if s == "?" || strings.HasPrefix(s, "? ") {
		return true
	}
	_, _, ok := splitKey(s)
	return ok
}

// sequence reads "- " items of one indent.
func (p *yamlParser) sequence(indent, depth int) (*node, error) {
	n, err := p.make(sequence)
	if err != nil {
		return nil, err
	}
	for {
		l, ok := p.peek()
		if !ok || l.indent != indent || !isItem(l.text) {
			if ok && l.indent > indent {
				return nil, errors.New("is indented by too much")
			}
			return n, nil
		}
		rest := strings.TrimLeft(l.text[1:], " ")
		var kid *node
		if rest == "" || rest[0] == '#' {
			p.pos = l.end
			kid, err = p.block(indent, depth+1)
		} else {
			kid, err = p.inline(l, len(l.text)-len(rest), indent, depth)
		}
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
}

// inline reads what stands behind "- " or "? " on the same line: a collection
// whose indent is where it begins, or a scalar.
func (p *yamlParser) inline(l yamlLine, skip, indent, depth int) (*node, error) {
	if depth >= maxDepth {
		return nil, errors.New("is nested too deeply")
	}
	rest := l.text[skip:]
	start := l.start + skip
	column := l.indent + skip
	p.pos = start
	if isItem(rest) {
		p.virtual, p.column = start, column
		return p.sequence(column, depth+1)
	}
	if isEntry(rest) {
		p.virtual, p.column = start, column
		return p.mapping(column, depth+1)
	}
	return p.value(indent, depth+1)
}
