package npm

import (
	"errors"
	"fmt"
	"strings"
)

// flow reads {…} or […] at pos, over several lines perhaps.
func (p *yamlParser) flow(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("is nested too deeply")
	}
	open := p.src[p.pos]
	p.pos++
	k, closing := mapping, byte('}')
	if open == '[' {
		k, closing = sequence, ']'
	}
	n, err := p.make(k)
	if err != nil {
		return nil, err
	}
	for {
		if err := p.flowSpace(); err != nil {
			return nil, err
		}
		switch p.src[p.pos] {
		case closing:
			p.pos++
			return n, nil
		case ',':
			p.pos++
			continue
		}
		if err := p.flowItem(n, depth); err != nil {
			return nil, err
		}
	}
}

// flowItem reads one item or entry.
func (p *yamlParser) flowItem(n *node, depth int) error {
	kid, err := p.flowValue(depth, n.kind == mapping)
	if err != nil {
		return err
	}
	if n.kind == sequence {
		n.kids = append(n.kids, kid)
		return nil
	}
	if kid.kind != scalar {
		return errors.New("keys that are collections are not read")
	}
	if err := p.flowSpace(); err != nil {
		return err
	}
	var value *node
	if p.src[p.pos] == ':' {
		p.pos++
		if err := p.flowSpace(); err != nil {
			return err
		}
		if c := p.src[p.pos]; c != ',' && c != '}' {
			if value, err = p.flowValue(depth, false); err != nil {
				return err
			}
		}
	}
	if value == nil {
		if value, err = p.make(scalar); err != nil {
			return err
		}
	}
	n.keys = append(n.keys, kid.val)
	n.kids = append(n.kids, value)
	return nil
}

// flowSpace skips blanks, line ends and comments; the end of the file is an
// error, for something is still open.
func (p *yamlParser) flowSpace() error {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n':
			p.pos++
		case '#':
			_, p.pos = p.rest()
		default:
			return nil
		}
	}
	return errors.New("a bracket is not closed")
}

// flowValue reads a scalar or a collection within brackets.
func (p *yamlParser) flowValue(depth int, key bool) (*node, error) {
	switch c := p.src[p.pos]; c {
	case '{', '[':
		return p.flow(depth + 1)
	case '&', '!':
		return nil, fmt.Errorf("%q within brackets is not read", c)
	case '"', '\'':
		// The end of a quote is looked for on a bounded stretch.
		stretch := p.src[p.pos:min(len(p.src), p.pos+1<<16)]
		val, size, err := quoted(stretch)
		if err != nil {
			return nil, err
		}
		p.pos += size
		n, err := p.make(scalar)
		if err == nil {
			n.val, n.quoted = val, true
		}
		return n, err
	}
	start := p.pos
	for ; p.pos < len(p.src); p.pos++ {
		c := p.src[p.pos]
		if c == ',' || c == '}' || c == ']' || c == '\n' || c == '{' || c == '[' {
			break
		}
		if c == ':' && (key || p.pos+1 == len(p.src) || p.src[p.pos+1] == ' ') &&
			(p.pos+1 == len(p.src) || strings.IndexByte(" ,}\n", p.src[p.pos+1]) >= 0) {
			break
		}
	}
	if p.pos == start {
		return nil, fmt.Errorf("%q is not expected here", p.src[start:min(len(p.src), start+1)])
	}
	val := strings.TrimRight(p.src[start:p.pos], " \t")
	if strings.HasPrefix(val, "*") {
		n, ok := p.anchors[val[1:]]
		if !ok {
			return nil, fmt.Errorf("%.60q names nothing", val)
		}
		return n, nil
	}
	n, err := p.make(scalar)
	if err == nil {
		n.val = val
	}
	return n, err
}
