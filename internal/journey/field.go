package journey

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// object reads the fields of one JSON object; the first problem sticks in err
// and every later read returns a zero value.
type object struct {
	r    *reader
	n    *node
	step int
	kind string // the step's type
	err  error
}

func (o *object) fail(at int, field, message string) error {
	return o.r.problem(at, Problem{Step: o.step, Type: o.kind, Field: field, Message: message})
}

// want returns a field if it is there, and of this kind.
func (o *object) want(name string, kind byte) *node {
	n := o.n.byKey[name]
	if o.err != nil || n == nil {
		return nil
	}
	if n.kind != kind {
		o.err = o.fail(n.at, name, fmt.Sprintf("must be %s, not %s", (&node{kind: kind}).article(), n.article()))
		return nil
	}
	return n
}

// need returns a field that must be there.
func (o *object) need(name string, kind byte) *node {
	if o.err == nil && o.n.byKey[name] == nil {
		o.err = o.fail(o.n.at, name, "is missing")
	}
	return o.want(name, kind)
}

func (o *object) get(name string, kind byte, required bool) *node {
	if required {
		return o.need(name, kind)
	}
	return o.want(name, kind)
}

func (o *object) text(name string, required bool) string {
	if n := o.get(name, isString, required); n != nil {
		return n.value.(string)
	}
	return ""
}

func (o *object) number(name string, required bool, other float64) float64 {
	n := o.get(name, isNumber, required)
	if n == nil {
		return other
	}
	v := n.value.(float64)
	if math.Abs(v) > 1e7 {
		o.err = o.fail(n.at, name, "is out of range")
		return other
	}
	return v
}

func (o *object) flag(name string) bool {
	n := o.need(name, isBool)
	return n != nil && n.value.(bool)
}

// timeout in milliseconds.
func (o *object) timeout(other int) int {
	n := o.want("timeout", isNumber)
	if n == nil {
		return other
	}
	v := n.value.(float64)
	if v < 1 || v > maxTimeout {
		o.err = o.fail(n.at, "timeout", fmt.Sprintf("must be from 1 to %d milliseconds", maxTimeout))
		return other
	}
	return int(v)
}

func (o *object) asserted() []Assertion {
	n := o.want("assertedEvents", isArray)
	if n == nil {
		return nil
	}
	var out []Assertion
	for _, item := range n.items {
		if item.kind != isObject {
			o.err = o.fail(item.at, "assertedEvents", "must hold objects, not "+item.article())
			return nil
		}
		e := object{r: o.r, n: item, step: o.step, kind: o.kind}
		kind := e.text("type", true)
		a := Assertion{URL: e.text("url", false), Title: e.text("title", false)}
		if e.err == nil && kind != "navigation" {
			e.err = e.fail(item.byKey["type"].at, "assertedEvents", fmt.Sprintf("unknown event type %q: only navigation is known", clip(kind, 40)))
		}
		for _, name := range item.names {
			if e.err == nil && !slices.Contains([]string{"type", "url", "title"}, name) {
				e.err = e.fail(item.keyAt[name], "assertedEvents."+name, "no such field")
			}
		}
		if e.err != nil {
			o.err = e.err
			return nil
		}
		out = append(out, a)
	}
	return out
}

func (o *object) frame() []int {
	n := o.want("frame", isArray)
	if n == nil {
		return nil
	}
	if len(n.items) > maxFrames {
		o.err = o.fail(n.at, "frame", fmt.Sprintf("deeper than %d", maxFrames))
		return nil
	}
	var path []int
	for _, item := range n.items {
		v, ok := item.value.(float64)
		if !ok || v < 0 || v > 1000 || v != math.Trunc(v) {
			o.err = o.fail(item.at, "frame", "must hold whole numbers from 0")
			return nil
		}
		path = append(path, int(v))
	}
	return path
}

func (o *object) selectors(required bool) []Selector {
	n := o.get("selectors", isArray, required)
	if n == nil {
		return nil
	}
	if len(n.items) == 0 || len(n.items) > maxSelectors {
		o.err = o.fail(n.at, "selectors", fmt.Sprintf("must hold from 1 to %d alternatives", maxSelectors))
		return nil
	}
	var out []Selector
	for _, item := range n.items {
		parts := []*node{item}
		if item.kind == isArray {
			parts = item.items
		}
		if len(parts) == 0 || len(parts) > maxSelectors {
			o.err = o.fail(item.at, "selectors", fmt.Sprintf("a chain must hold from 1 to %d selectors", maxSelectors))
			return nil
		}
		var chain Selector
		for _, p := range parts {
			chain = append(chain, o.part(p))
		}
		out = append(out, chain)
	}
	return out
}

func (o *object) part(n *node) Part {
	if o.err != nil {
		return Part{}
	}
	if n.kind != isString {
		o.err = o.fail(n.at, "selectors", "a selector is a string, not "+n.article())
		return Part{}
	}
	p, err := ParsePart(n.value.(string))
	if err != nil {
		o.err = o.fail(n.at, "selectors", err.Error())
	}
	return p
}

func (o *object) pointer() Pointer {
	p := Pointer{OffsetX: o.number("offsetX", true, 0), OffsetY: o.number("offsetY", true, 0), Button: browser.Left}
	switch b := o.text("button", false); b {
	case "", "primary":
	case "auxiliary":
		p.Button = browser.Middle
	case "secondary":
		p.Button = browser.Right
	case "back":
		p.Button = browser.Back
	case "forward":
		p.Button = browser.Forward
	default:
		o.err = o.fail(o.n.byKey["button"].at, "button", fmt.Sprintf("unknown button %q", clip(b, 40)))
	}
	switch d := o.text("deviceType", false); d {
	case "", "mouse", "pen", "touch":
	default:
		o.err = o.fail(o.n.byKey["deviceType"].at, "deviceType", fmt.Sprintf("unknown device %q", clip(d, 40)))
	}
	hold := o.number("duration", false, 0)
	if o.err == nil && (hold < 0 || hold > maxTimeout) {
		o.err = o.fail(o.n.byKey["duration"].at, "duration", fmt.Sprintf("must be from 0 to %d milliseconds", maxTimeout))
	}
	p.Hold = time.Duration(hold * float64(time.Millisecond))
	return p
}

func (o *object) element() Element {
	e := Element{Operator: ">=", Count: 1, Visible: true}
	if op := o.want("operator", isString); op != nil {
		e.Operator = op.value.(string)
		if !slices.Contains([]string{">=", "==", "<="}, e.Operator) {
			o.err = o.fail(op.at, "operator", fmt.Sprintf("unknown operator %q: >=, == and <= are known", clip(e.Operator, 20)))
		}
	}
	if n := o.want("count", isNumber); n != nil {
		v := n.value.(float64)
		if v < 0 || v > 1e6 || v != math.Trunc(v) {
			o.err = o.fail(n.at, "count", "must be a whole number from 0")
		}
		e.Count = int(v)
	}
	if n := o.want("visible", isBool); n != nil {
		e.Visible = n.value.(bool)
	}
	if n := o.want("properties", isObject); n != nil {
		e.Properties, _ = n.plain().(map[string]any)
	}
	if n := o.want("attributes", isObject); n != nil {
		e.Attributes = map[string]string{}
		for _, name := range n.names {
			v, ok := n.byKey[name].value.(string)
			if !ok {
				o.err = o.fail(n.byKey[name].at, "attributes", fmt.Sprintf("%q must be a string, not %s", clip(name, 40), n.byKey[name].article()))
				break
			}
			e.Attributes[name] = v
		}
	}
	return e
}
