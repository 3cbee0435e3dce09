package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/postflight/postflight/internal/fault"
)

// Problem is what is wrong with a recording, and where. Parse returns it as the
// cause of a fault.Invalid with the same message.
type Problem struct {
	Name         string // of the recording
	Line, Column int    // 1-based
	Step         int    // 1-based; 0 outside the steps
	Type         string // of the step
	Field        string
	Message      string
}

// Error returns everything in one line.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", p.Name, p.Line, p.Column)
	if p.Step > 0 {
		fmt.Fprintf(&b, "step %d", p.Step)
		if p.Type != "" {
			fmt.Fprintf(&b, " (%s)", clip(p.Type, 60))
		}
		b.WriteString(": ")
	}
	if p.Field != "" {
		fmt.Fprintf(&b, "%s: ", clip(p.Field, 60))
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems is everything that is wrong with a recording, in its order. Parse
// and Lint return it as the cause of a fault.Invalid.
type Problems []*Problem

// Error returns a line for each problem.
func (ps Problems) Error() string {
	var out []string
	for i, p := range ps {
		if i == maxProblems {
			out = append(out, fmt.Sprintf("and %d more", len(ps)-i))
			break
		}
		out = append(out, p.Error())
	}
	return strings.Join(out, "\n")
}

// Unwrap lets errors.As find the first one.
func (ps Problems) Unwrap() []error {
	out := make([]error, len(ps))
	for i, p := range ps {
		out[i] = p
	}
	return out
}

// fault is the error that people see; nil when there is no problem.
func (ps Problems) fault() error {
	if len(ps) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Message: ps.Error(), Cause: ps}
}

const (
	maxSize  = 1 << 20
	maxDepth = 32
	// maxProblems is how many problems one message tells.
	maxProblems = 20
)

// node is a JSON value that knows where it stands.
type node struct {
	at    int // byte offset of its first character
	value any // nil, bool, float64, string; nil for objects and arrays too
	kind  byte
	names []string // of an object, in order
	byKey map[string]*node
	keyAt map[string]int
	items []*node
}

// The kinds of node.
const (
	isNull   = 'n'
	isBool   = 'b'
	isNumber = '0'
	isString = '"'
	isObject = '{'
	isArray  = '['
)

func (n *node) article() string {
	switch n.kind {
	case isNull:
		return "null"
	case isBool:
		return "a boolean"
	case isNumber:
		return "a number"
	case isString:
		return "a string"
	case isObject:
		return "an object"
	default:
		return "an array"
	}
}

// reader builds nodes; it fails with a Problem.
type reader struct {
	name string
	data []byte
	dec  *json.Decoder
}

// read parses one JSON document with positions.
func read(name string, data []byte) (*node, *reader, error) {
	r := &reader{name: name, data: data}
	if len(data) > maxSize {
		return nil, r, r.fault(0, Problem{Message: fmt.Sprintf("recording is %d bytes, more than %d", len(data), maxSize)})
	}
	r.data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var whole json.RawMessage
	if err := json.Unmarshal(r.data, &whole); err != nil {
		return nil, r, r.syntax(err)
	}
	r.dec = json.NewDecoder(bytes.NewReader(r.data))
	n, err := r.next(0)
	return n, r, err
}

func (r *reader) syntax(err error) error {
	at := len(r.data)
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = max(0, int(bad.Offset)-1)
	}
	return r.fault(at, Problem{Message: "not JSON: " + err.Error()})
}

// problem fills in the place.
func (r *reader) problem(at int, p Problem) *Problem {
	at = min(at, len(r.data))
	before := r.data[:at]
	p.Name = r.name
	p.Line = bytes.Count(before, []byte{'\n'}) + 1
	p.Column = len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:]))) + 1
	return &p
}

// fault is a single problem as the error that people see.
func (r *reader) fault(at int, p Problem) error { return Problems{r.problem(at, p)}.fault() }

// start returns where the next token begins.
func (r *reader) start() int {
	at := int(r.dec.InputOffset())
	for at < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[at]) >= 0 {
		at++
	}
	return at
}

func (r *reader) next(depth int) (*node, error) {
	n := &node{at: r.start()}
	if depth > maxDepth {
		return nil, r.fault(n.at, Problem{Message: fmt.Sprintf("nested deeper than %d", maxDepth)})
	}
	token, err := r.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, r.syntax(err)
	}
	switch v := token.(type) {
	case nil:
		n.kind = isNull
	case bool:
		n.kind, n.value = isBool, v
	case float64:
		n.kind, n.value = isNumber, v
	case string:
		n.kind, n.value = isString, v
	case json.Delim:
		n.kind = byte(v)
		if n.kind == isObject {
			return n, r.object(n, depth)
		}
		return n, r.array(n, depth)
	}
	return n, nil
}

func (r *reader) object(n *node, depth int) error {
	n.byKey, n.keyAt = map[string]*node{}, map[string]int{}
	for r.dec.More() {
		at := r.start()
		token, err := r.dec.Token()
		if err != nil {
			return r.syntax(err)
		}
		key, _ := token.(string)
		if n.byKey[key] != nil {
			return r.fault(at, Problem{Field: key, Message: "given twice in one object"})
		}
		value, err := r.next(depth + 1)
		if err != nil {
			return err
		}
		n.names = append(n.names, key)
		n.byKey[key], n.keyAt[key] = value, at
	}
	_, err := r.dec.Token()
	return err
}

func (r *reader) array(n *node, depth int) error {
	for r.dec.More() {
		item, err := r.next(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.dec.Token()
	return err
}

// plain returns the value as encoding/json would decode it into an any.
func (n *node) plain() any {
	switch n.kind {
	case isObject:
		m := make(map[string]any, len(n.names))
		for _, k := range n.names {
			m[k] = n.byKey[k].plain()
		}
		return m
	case isArray:
		a := make([]any, len(n.items))
		for i, item := range n.items {
			a[i] = item.plain()
		}
		return a
	default:
		return n.value
	}
}

// clip shortens s to at most n runes, saying so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n-1 {
			return s[:i] + "…"
		}
		count++
	}
	return s
}
