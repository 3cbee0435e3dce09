package scan

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// documents parses a YAML file; what cannot be parsed is said.
func documents(src *source) (docs []*yaml.Node) {
	defer func() {
		if r := recover(); r != nil {
			src.skip(0, fmt.Sprintf("this is no YAML that could be read: %v", r))
		}
	}()
	d := yaml.NewDecoder(strings.NewReader(src.text))
	for range 100 {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			src.skip(src.offset(errorLine(err), 1), "this is no YAML that could be read: "+err.Error())
			return docs
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
			docs = append(docs, n.Content[0])
		}
	}
	src.skip(0, "more than 100 documents in one file; the rest was not read")
	return docs
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

func errorLine(err error) int {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		if n, aerr := strconv.Atoi(m[1]); aerr == nil {
			return n
		}
	}
	return 1
}

// deref follows an alias, once or twice but never in a circle.
func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 4; i++ {
		n = n.Alias
	}
	return n
}

// pair is a key and its value.
type pair struct{ key, value *yaml.Node }

// pairs are the entries of a mapping; of anything else, none.
func pairs(n *yaml.Node) []pair {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, pair{n.Content[i], deref(n.Content[i+1])})
	}
	return out
}

// get returns the value of a key, also of a merged one; nil when there is none.
func get(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		budget := 1000
		n = lookUp(n, key, &budget)
		if n == nil {
			return nil
		}
	}
	return n
}

// lookUp is get for one key; the budget bounds how many mappings are merged.
func lookUp(n *yaml.Node, key string, budget *int) *yaml.Node {
	if *budget--; *budget < 0 {
		return nil
	}
	var merged *yaml.Node
	for _, p := range pairs(n) {
		if p.key.Value == key {
			return p.value
		}
		if p.key.Value == "<<" && merged == nil {
			for _, m := range append([]*yaml.Node{p.value}, items(p.value)...) {
				if v := lookUp(m, key, budget); v != nil && merged == nil {
					merged = v
				}
			}
		}
	}
	return merged
}

// keyOf returns the key's own node.
func keyOf(n *yaml.Node, key string) *yaml.Node {
	for _, p := range pairs(n) {
		if p.key.Value == key {
			return p.key
		}
	}
	return nil
}

// items are the elements of a sequence; of anything else, none.
func items(n *yaml.Node) []*yaml.Node {
	n = deref(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// text is a scalar's value, "" for anything else.
func text(n *yaml.Node) string {
	n = deref(n)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// start is the offset of a node in its file.
func (s *source) node(n *yaml.Node) int { return s.offset(n.Line, n.Column) }

// body is the offset where the content of a scalar begins.
func (s *source) body(n *yaml.Node) int {
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return s.offset(n.Line+1, 1)
	}
	at := s.node(n)
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return at
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		at++
	}
	return at
}
