package journey

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxTokens and maxDepth keep the YAML parser, whose time grows with the
	// square of both, to a second or so on hostile input.
	maxTokens = 40_000
	// maxItems bounds what aliases may unfold to.
	maxItems = 50_000
)

// item is a YAML value that knows where it stands. Unlike a node it keeps a
// scalar's text as it was written: 12.00 is no 12 in a field.
type item struct {
	src  *source
	at   int // byte offset
	kind byte
	text string // of scalars
	keys []key
	list []*item
}

// key is one entry of a mapping.
type key struct {
	name  string
	at    int
	value *item
}

// source is one file of a journey.
type source struct {
	*reader
	path  string // absolute; the directory of what it refers to
	root  *item
	lines []int // byte offset of each line
}

// get returns the value of a key, or nil.
func (it *item) get(name string) *item {
	for _, k := range it.keys {
		if k.name == name {
			return k.value
		}
	}
	return nil
}

// scalar reports a text, number or truth value.
func (it *item) scalar() bool {
	return it.kind == isString || it.kind == isNumber || it.kind == isBool
}

func (it *item) article() string {
	switch it.kind {
	case isObject:
		return "a mapping"
	case isArray:
		return "a list"
	case isNull:
		return "nothing"
	case isString:
		return "text"
	case isBool:
		return "true or false"
	default:
		return "a number"
	}
}

// plain returns the value as encoding/json would decode it into an any.
func (it *item) plain() any { return it.node().plain() }

// node returns the item as a node of the recording's parser.
func (it *item) node() *node {
	n := &node{at: it.at, kind: it.kind}
	switch it.kind {
	case isString:
		n.value = it.text
	case isBool:
		n.value = it.text == "true"
	case isNumber:
		v, _ := strconv.ParseFloat(it.text, 64)
		n.value = v
	case isArray:
		for _, child := range it.list {
			n.items = append(n.items, child.node())
		}
	case isObject:
		n.byKey, n.keyAt = map[string]*node{}, map[string]int{}
		for _, k := range it.keys {
			n.names = append(n.names, k.name)
			n.byKey[k.name], n.keyAt[k.name] = k.value.node(), k.at
		}
	}
	return n
}

// readYAML parses one YAML document with positions. Syntax errors come alone;
// everything else that is wrong comes together.
func readYAML(name string, data []byte) (*source, []*Problem) {
	s := &source{reader: &reader{name: name, data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))}}
	one := func(at int, format string, args ...any) []*Problem {
		return []*Problem{s.problem(at, Problem{Message: fmt.Sprintf(format, args...)})}
	}
	if len(data) > maxSize {
		return s, one(0, "journey is %d bytes, more than %d", len(data), maxSize)
	}
	s.data = bytes.ReplaceAll(s.data, []byte("\r\n"), []byte("\n"))
	for i := 0; i < len(s.data); {
		r, n := utf8.DecodeRune(s.data[i:])
		if r == utf8.RuneError && n == 1 {
			return s, one(i, "the text is not UTF-8")
		}
		if r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return s, one(i, "control character %U is not accepted", r)
		}
		i += n
	}
	s.lines = append(s.lines, 0)
	for i, c := range s.data {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	body, at, why := s.document()
	if why != "" {
		return s, one(at, "%s", why)
	}
	b := &builder{source: s, anchors: map[string]ast.Node{}, open: map[string]bool{}}
	ast.Walk(b, body)
	s.root = b.item(body, 0)
	return s, b.bad
}

// document returns the body of the one document, or where and why there is none.
func (s *source) document() (body ast.Node, at int, why string) {
	defer func() {
		if recover() != nil { // of the library, on odd input
			body, at, why = nil, 0, "this is not YAML that can be read"
		}
	}()
	tokens := lexer.Tokenize(string(s.data))
	if len(tokens) > maxTokens {
		return nil, 0, fmt.Sprintf("holds more than %d keys and values", maxTokens)
	}
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if depth > maxDepth {
			return nil, s.offset(t), fmt.Sprintf("nested deeper than %d", maxDepth)
		}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		if bad, ok := err.(*yaml.SyntaxError); ok {
			at := s.offset(bad.Token)
			return nil, at, "not YAML: " + bad.Message + s.hint(at)
		}
		return nil, 0, "this is not YAML that can be read"
	}
	for _, d := range file.Docs {
		switch {
		case d.Body == nil || d.Body.Type() == ast.CommentType:
		case d.Body.Type() == ast.DirectiveType:
			return nil, s.offset(d.Body.GetToken()), "directives are not accepted"
		case body != nil:
			return nil, s.offset(d.Body.GetToken()), "a second document starts here; a file holds one"
		default:
			body = d.Body
		}
	}
	if body == nil {
		return nil, 0, "the file is empty"
	}
	return body, 0, ""
}

// hint explains the slip that is made most: variables without quotes.
func (s *source) hint(at int) string {
	from := bytes.LastIndexByte(s.data[:at], '\n') + 1
	line, _, _ := bytes.Cut(s.data[from:], []byte("\n"))
	if i := bytes.Index(line, []byte("{{")); i < 0 || bytes.ContainsAny(line[:i], "\"'") {
		return ""
	}
	return `; a value that begins with {{ needs quotes: "{{name}}"`
}

// offset is where a token begins; the library counts in lines and characters.
func (s *source) offset(t *token.Token) int {
	if t == nil || t.Position == nil || t.Position.Line < 1 || t.Position.Line > len(s.lines) {
		return 0
	}
	at := s.lines[t.Position.Line-1]
	for i := 1; i < t.Position.Column && at < len(s.data) && s.data[at] != '\n'; i++ {
		_, n := utf8.DecodeRune(s.data[at:])
		at += n
	}
	return at
}

// builder turns the syntax tree into items, within bounds.
type builder struct {
	*source
	anchors map[string]ast.Node
	open    map[string]bool // aliases being followed
	count   int
	bad     []*Problem
}

// Visit collects the anchors (ast.Visitor).
func (b *builder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		name := a.Name.GetToken().Value
		if b.anchors[name] != nil {
			b.fail(a.Name.GetToken(), "anchor &%s stands twice", name)
		}
		b.anchors[name] = a.Value
	}
	return b
}

func (b *builder) fail(t *token.Token, format string, args ...any) {
	if len(b.bad) <= maxProblems {
		b.bad = append(b.bad, b.problem(b.offset(t), Problem{Message: fmt.Sprintf(format, args...)}))
	}
}

// item converts a node; what cannot be one is told, and counts as nothing.
func (b *builder) item(n ast.Node, depth int) *item {
	it := &item{src: b.source, kind: isNull}
	if n == nil {
		return it
	}
	it.at = b.offset(n.GetToken())
	if b.count++; b.count > maxItems || depth > maxDepth {
		if b.count == maxItems+1 || depth > maxDepth {
			b.fail(n.GetToken(), "holds more than %d values, or is nested deeper than %d", maxItems, maxDepth)
		}
		return it
	}
	switch t := n.(type) {
	case *ast.AnchorNode:
		return b.item(t.Value, depth)
	case *ast.AliasNode:
		return b.alias(t, depth)
	case *ast.StringNode:
		it.kind, it.text = isString, t.Value
	case *ast.LiteralNode:
		it.kind, it.text = isString, t.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		it.kind, it.text = isNumber, n.GetToken().Value
		if _, err := strconv.ParseFloat(it.text, 64); err != nil { // 0x1F, 1_000: text as written
			it.kind = isString
		}
	case *ast.BoolNode:
		it.kind, it.text = isBool, strconv.FormatBool(t.Value)
	case *ast.NullNode:
	case *ast.SequenceNode:
		it.kind = isArray
		for _, v := range t.Values {
			it.list = append(it.list, b.item(v, depth+1))
		}
	case ast.MapNode:
		it.kind = isObject
		b.mapping(it, t, depth)
	default:
		b.fail(n.GetToken(), "%s is not accepted here", strings.ToLower(n.Type().String()))
	}
	return it
}

func (b *builder) alias(t *ast.AliasNode, depth int) *item {
	name := t.Value.GetToken().Value
	target := b.anchors[name]
	if target == nil || b.open[name] {
		b.fail(t.GetToken(), "alias *%s has no anchor before it", name)
		return &item{src: b.source, at: b.offset(t.GetToken()), kind: isNull}
	}
	b.open[name] = true
	defer delete(b.open, name)
	return b.item(target, depth+1)
}

func (b *builder) mapping(it *item, m ast.MapNode, depth int) {
	for i := m.MapRange(); i.Next(); {
		at := i.Key().GetToken()
		var name string
		switch k := i.Key().(type) {
		case *ast.StringNode:
			name = k.Value
		case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode:
			name = at.Value
		default:
			if at != nil && at.Type == token.MappingStartType {
				b.fail(at, `a value that begins with {{ needs quotes: "{{name}}"`)
			} else {
				b.fail(at, "a key must be plain text; merge keys are not accepted")
			}
			continue
		}
		if first := it.get(name); first != nil {
			b.fail(at, "key %q stands twice in one mapping", clip(name, 60))
			continue
		}
		it.keys = append(it.keys, key{name: name, at: b.offset(at), value: b.item(i.Value(), depth+1)})
		if it.keys[0].at < it.at { // a block mapping's token is its first colon
			it.at = it.keys[0].at
		}
	}
}

// fromNode returns a node of the recording's parser as an item.
func fromNode(s *source, n *node) *item {
	it := &item{src: s, at: n.at, kind: n.kind}
	switch v := n.value.(type) {
	case string:
		it.text = v
	case bool:
		it.text = strconv.FormatBool(v)
	case float64:
		it.text = strconv.FormatFloat(v, 'f', -1, 64)
	}
	for _, child := range n.items {
		it.list = append(it.list, fromNode(s, child))
	}
	for _, name := range n.names {
		it.keys = append(it.keys, key{name: name, at: n.keyAt[name], value: fromNode(s, n.byKey[name])})
	}
	return it
}
