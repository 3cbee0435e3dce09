package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// axNode is one node of an accessibility tree.
type axNode struct {
	ID         string   `json:"nodeId"`
	Parent     string   `json:"parentId"`
	Ignored    bool     `json:"ignored"`
	Children   []string `json:"childIds"`
	Role       axValue  `json:"role"`
	Name       axValue  `json:"name"`
	Value      axValue  `json:"value"`
	Properties []struct {
		Name  string  `json:"name"`
		Value axValue `json:"value"`
	} `json:"properties"`
}

type axValue struct {
	Value json.RawMessage `json:"value"`
}

func (v axValue) text() string {
	var s string
	if json.Unmarshal(v.Value, &s) == nil {
		return s
	}
	return string(v.Value)
}

// maxNodes bounds the tree that is written.
const maxNodes = 20000

// AccessibilityTree writes what assistive technology is told of the page, one
// element a line: its role, its name and its states, indented; the documents of
// frames follow. It is at most limit bytes, and says so where it is cut.
func (p *Page) AccessibilityTree(ctx context.Context, limit int) (text string, cut bool, err error) {
	w := &treeWriter{limit: limit, left: maxNodes}
	for i, f := range p.Frames() {
		var got struct {
			Nodes []axNode `json:"nodes"`
		}
		err := f.Call(ctx, "Accessibility.getFullAXTree", map[string]any{"frameId": f.ID}, &got)
		if err != nil && i == 0 {
			return "", false, fmt.Errorf("read accessibility tree: %w", err)
		}
		if err != nil || len(got.Nodes) == 0 {
			continue
		}
		if i > 0 {
			w.put("\nframe " + f.URL() + "\n")
		}
		w.document(got.Nodes)
	}
	if w.cut {
		w.out.WriteString("… (cut)\n")
	}
	return w.out.String(), w.cut, nil
}

type treeWriter struct {
	out   strings.Builder
	limit int
	left  int // nodes
	cut   bool
	nodes map[string]*axNode
}

func (w *treeWriter) put(s string) {
	if w.out.Len()+len(s) > w.limit {
		w.cut = true
		return
	}
	w.out.WriteString(s)
}

func (w *treeWriter) document(nodes []axNode) {
	w.nodes = make(map[string]*axNode, len(nodes))
	for i := range nodes {
		w.nodes[nodes[i].ID] = &nodes[i]
	}
	w.write(&nodes[0], 0, "")
}

// write writes a node and what is under it. What means nothing is left out, and
// its children take its place.
func (w *treeWriter) write(n *axNode, depth int, parentName string) {
	if w.left--; w.left <= 0 || depth > 200 || w.cut {
		w.cut = true
		return
	}
	role, name := n.Role.text(), strings.Join(strings.Fields(n.Name.text()), " ")
	next := depth
	switch {
	case n.Ignored || role == "InlineTextBox" || (role == "StaticText" && (name == "" || name == parentName)):
	case (role == "generic" || role == "none" || role == "LayoutTable" || role == "LayoutTableRow" || role == "LayoutTableCell") && name == "":
	default:
		w.put(strings.Repeat("  ", min(depth, 40)) + line(n, role, name) + "\n")
		next, parentName = depth+1, name
	}
	if role == "StaticText" {
		return // its boxes are layout
	}
	for _, id := range n.Children {
		if c := w.nodes[id]; c != nil && c.Parent == n.ID {
			w.write(c, next, parentName)
		}
	}
}

// private tells the fields whose value nobody should read by their label.
func private(label string) bool {
	label = strings.ToLower(label)
	for _, word := range []string{"passw", "secret", "token", "card", "cvc", "cvv", "code", "pin", "iban"} {
		if strings.Contains(label, word) {
			return true
		}
	}
	return false
}

// line is like: checkbox "Gift wrap" checked=true disabled.
func line(n *axNode, role, name string) string {
	if role == "StaticText" {
		role = "text"
	}
	parts := []string{clip(role, 60)}
	if name != "" {
		parts = append(parts, strconv.Quote(clip(name, 300)))
	}
	if v := n.Value.text(); v != "" && v != name {
		if private(name) {
			v = "•••"
		}
		parts = append(parts, "value="+strconv.Quote(clip(v, 300)))
	}
	for _, p := range n.Properties {
		v := p.Value.text()
		switch p.Name {
		case "checked", "pressed", "expanded", "selected", "level", "invalid", "autocomplete", "valuemin", "valuemax":
			if v != "" && v != "false" || p.Name == "checked" || p.Name == "expanded" || p.Name == "pressed" {
				parts = append(parts, p.Name+"="+clip(v, 40))
			}
		case "disabled", "readonly", "required", "focused", "modal", "busy", "multiselectable":
			if v == "true" {
				parts = append(parts, p.Name)
			}
		}
	}
	return strings.Join(parts, " ")
}
