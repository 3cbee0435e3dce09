// Package markup reads XML that other people wrote (project files, poms) into a
// small tree.
//
// It is bounded in size, depth and count, knows no entities besides the five of
// XML, and never reads another file. The rooms that read workspaces call it; it
// knows nothing of what the elements mean.
package markup

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
)

// What is read at most.
const (
	maxBytes = 8 << 20
	maxDepth = 100
	maxNodes = 400_000
)

// Node is one element. Namespaces are dropped.
type Node struct {
	Name  string
	Attrs []Attr
	Text  string // what stands directly in it, trimmed
	Kids  []*Node
}

// Attr is one attribute.
type Attr struct{ Name, Value string }

// Parse reads one document and returns its root element.
func Parse(data []byte) (*Node, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%d bytes of XML, at most %d are read", len(data), maxBytes)
	}
	d := xml.NewDecoder(bytes.NewReader(plain(data)))
	d.CharsetReader = charset
	var root *Node
	var open []*Node
	var texts [][]byte // of the open ones
	count := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(open) >= maxDepth {
				return nil, fmt.Errorf("more than %d elements or %d levels of XML", maxNodes, maxDepth)
			}
			n := element(token)
			switch {
			case len(open) > 0:
				up := open[len(open)-1]
				up.Kids = append(up.Kids, n)
			case root != nil:
				return nil, errors.New("two root elements")
			default:
				root = n
			}
			open, texts = append(open, n), append(texts, nil)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].Name != token.Name.Local {
				return nil, fmt.Errorf("an end of %q that was not begun", token.Name.Local)
			}
			open[len(open)-1].Text = string(bytes.TrimSpace(texts[len(texts)-1]))
			open, texts = open[:len(open)-1], texts[:len(texts)-1]
		case xml.CharData:
			if len(texts) > 0 {
				texts[len(texts)-1] = append(texts[len(texts)-1], token...)
			}
		}
	}
	if root == nil || len(open) > 0 {
		return nil, errors.New("the XML ends early")
	}
	return root, nil
}

func element(token xml.StartElement) *Node {
	n := &Node{Name: token.Name.Local}
	for _, a := range token.Attr {
		n.Attrs = append(n.Attrs, Attr{a.Name.Local, a.Value})
	}
	return n
}

// plain turns UTF-16 with a mark into UTF-8, and drops a mark of UTF-8.
func plain(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte{0xef, 0xbb, 0xbf}):
		return data[3:]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return data
	}
	data = data[2:]
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return []byte(string(utf16.Decode(units)))
}

// charset serves the encodings that are met in the wild; UTF-16 is UTF-8 by now.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "utf-16", "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1", "windows-1252", "iso-8859-15":
		data, err := io.ReadAll(io.LimitReader(in, maxBytes))
		if err != nil {
			return nil, fmt.Errorf("read latin text: %w", err)
		}
		var b strings.Builder
		for _, c := range data {
			b.WriteRune(rune(c))
		}
		return strings.NewReader(b.String()), nil
	}
	return nil, fmt.Errorf("unknown encoding %.40q", label)
}

// Attr returns an attribute, whatever its case; "" when it is not there.
func (n *Node) Attr(name string) string {
	for _, a := range n.Attrs {
		if strings.EqualFold(a.Name, name) {
			return a.Value
		}
	}
	return ""
}

// Has tells whether an attribute is there.
func (n *Node) Has(name string) bool {
	return slices.ContainsFunc(n.Attrs, func(a Attr) bool { return strings.EqualFold(a.Name, name) })
}

// Kid returns the first child of a name, or nil. It may be called on nil.
func (n *Node) Kid(name string) *Node {
	if n == nil {
		return nil
	}
	for _, k := range n.Kids {
		if strings.EqualFold(k.Name, name) {
			return k
		}
	}
	return nil
}

// At follows names from child to child; nil when one is missing.
func (n *Node) At(names ...string) *Node {
	for _, name := range names {
		n = n.Kid(name)
	}
	return n
}

// Of returns the text of a child; "" when there is none.
func (n *Node) Of(name string) string {
	if k := n.Kid(name); k != nil {
		return k.Text
	}
	return ""
}

// List returns the children of a child: List("modules", "module").
func (n *Node) List(of, name string) []*Node {
	var out []*Node
	if holder := n.Kid(of); holder != nil {
		for _, k := range holder.Kids {
			if strings.EqualFold(k.Name, name) {
				out = append(out, k)
			}
		}
	}
	return out
}

// Print writes a node in one form for one meaning: no comments, no white space
// around, attributes in order. skip leaves nodes out; nil leaves out none.
func (n *Node) Print(skip func(*Node) bool) string {
	var b strings.Builder
	n.print(&b, skip)
	return b.String()
}

func (n *Node) print(b *strings.Builder, skip func(*Node) bool) {
	if skip != nil && skip(n) {
		return
	}
	b.WriteString("<" + n.Name)
	attrs := slices.Clone(n.Attrs)
	slices.SortFunc(attrs, func(x, y Attr) int { return strings.Compare(x.Name, y.Name) })
	for _, a := range attrs {
		fmt.Fprintf(b, " %s=%q", a.Name, a.Value)
	}
	b.WriteString(">" + n.Text)
	for _, k := range n.Kids {
		k.print(b, skip)
	}
	b.WriteString("</>")
}
