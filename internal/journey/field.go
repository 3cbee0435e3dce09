package journey

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// object reads the fields of one JSON object. Every problem is kept, and the
// field then reads as zero, so that all of them can be told at once.
type object struct {
	r    *reader
	n    *node
	step int
	kind string // the step's type
	bad  *[]*Problem
}

func (o *object) fail(at int, field, message string) {
	*o.bad = append(*o.bad, o.r.problem(at, Problem{Step: o.step, Type: o.kind, Field: field, Message: message}))
}

// refuse is fail at a field's value.
func (o *object) refuse(field, format string, args ...any) {
	o.fail(o.n.byKey[field].at, field, fmt.Sprintf(format, args...))
}

// want returns a field if it is there, and of this kind.
func (o *object) want(name string, kind byte) *node {
	n := o.n.byKey[name]
	if n == nil {
		return nil
	}
	if n.kind != kind {
		o.fail(n.at, name, fmt.Sprintf("must be %s, not %s", (&node{kind: kind}).article(), n.article()))
		return nil
	}
	return n
}

// need returns a field that must be there.
func (o *object) need(name string, kind byte) *node {
	if o.n.byKey[name] == nil {
		o.fail(o.n.at, name, "is missing")
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

func (o *object) texts(name string) []string {
	n := o.want(name, isArray)
	if n == nil {
		return nil
	}
	var out []string
	for _, item := range n.items {
		s, ok := item.value.(string)
		if !ok {
			o.fail(item.at, name, "must hold strings, not "+item.article())
			return nil
		}
		out = append(out, s)
	}
	return out
}

func (o *object) number(name string, required bool, other float64) (float64, bool) {
	n := o.get(name, isNumber, required)
	if n == nil {
		return other, false
	}
	v := n.value.(float64)
	if math.Abs(v) > 1e12 {
		o.fail(n.at, name, "is out of range")
		return other, false
	}
	return v, true
}

func (o *object) real(name string, required bool) float64 {
	v, _ := o.number(name, required, 0)
	return v
}

func (o *object) flag(name string, required bool) bool {
	n := o.get(name, isBool, required)
	return n != nil && n.value.(bool)
}

// timeout in milliseconds. That of a step which is no number is passed over, as
// the reference runner does.
func (o *object) timeout(other int) int {
	n := o.n.byKey["timeout"]
	if n == nil || (o.step > 0 && n.kind != isNumber) {
		return other
	}
	if n = o.want("timeout", isNumber); n == nil {
		return other
	}
	v := n.value.(float64)
	if v < 1 || v > maxTimeout {
		o.fail(n.at, "timeout", fmt.Sprintf("must be from 1 to %d milliseconds", maxTimeout))
		return other
	}
	return int(v)
}

// asserted reads assertedEvents; what is no array is passed over, as the
// reference runner does.
func (o *object) asserted(strict bool) []Assertion {
	n := o.n.byKey["assertedEvents"]
	if n == nil || n.kind != isArray {
		return nil
	}
	var out []Assertion
	for _, item := range n.items {
		if item.kind != isObject {
			o.fail(item.at, "assertedEvents", "must hold objects, not "+item.article())
			continue
		}
		e := object{r: o.r, n: item, step: o.step, kind: o.kind, bad: o.bad}
		kind := e.text("type", true)
		if kind != "" && kind != "navigation" {
			e.refuse("type", "unknown event type %q: only navigation is known", clip(kind, 40))
		}
		a := Assertion{URL: e.text("url", false), Title: e.text("title", false)}
		a.Strict = strict || e.flag("x-strict", false)
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
		o.fail(n.at, "frame", fmt.Sprintf("deeper than %d", maxFrames))
		return nil
	}
	var path []int
	for _, item := range n.items {
		v, ok := item.value.(float64)
		if !ok || v < 0 || v > 1000 || v != math.Trunc(v) {
			o.fail(item.at, "frame", "must hold whole numbers from 0")
			return nil
		}
		path = append(path, int(v))
	}
	return path
}

func (o *object) selectors(name string, required bool) []Selector {
	n := o.get(name, isArray, required)
	if n == nil {
		return nil
	}
	if len(n.items) == 0 || len(n.items) > maxSelectors {
		o.fail(n.at, name, fmt.Sprintf("must hold from 1 to %d alternatives", maxSelectors))
		return nil
	}
	var out []Selector
	for _, item := range n.items {
		parts := []*node{item}
		if item.kind == isArray {
			parts = item.items
		}
		if len(parts) == 0 || len(parts) > maxSelectors {
			o.fail(item.at, name, fmt.Sprintf("a chain must hold from 1 to %d selectors", maxSelectors))
			continue
		}
		var chain Selector
		for _, p := range parts {
			chain = append(chain, o.part(name, p)...)
		}
		out = append(out, chain)
	}
	return out
}

func (o *object) part(name string, n *node) Selector {
	if n.kind != isString {
		o.fail(n.at, name, "a selector is a string, not "+n.article())
		return nil
	}
	s, err := ParseSelector(n.value.(string))
	if err != nil {
		o.fail(n.at, name, err.Error())
	}
	return s
}

func (o *object) pointer() Pointer {
	p := Pointer{OffsetX: o.real("offsetX", true), OffsetY: o.real("offsetY", true), Button: browser.Left}
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
		o.refuse("button", "unknown button %q: primary, auxiliary, secondary, back and forward are known", clip(b, 40))
	}
	switch d := o.text("deviceType", false); d {
	case "", "mouse", "pen", "touch":
	default:
		o.refuse("deviceType", "unknown device %q: mouse, pen and touch are known", clip(d, 40))
	}
	hold := o.real("duration", false)
	if hold < 0 || hold > maxTimeout {
		o.refuse("duration", "must be from 0 to %d milliseconds", maxTimeout)
		hold = 0
	}
	p.Hold = time.Duration(hold * float64(time.Millisecond))
	return p
}

func (o *object) element() Element {
	e := Element{Operator: ">=", Count: 1, Visible: true}
	if op := o.text("operator", false); op != "" {
		e.Operator = op
		if !slices.Contains([]string{">=", "==", "<="}, op) {
			o.refuse("operator", "unknown operator %q: >=, == and <= are known", clip(op, 20))
		}
	}
	if v, ok := o.number("count", false, 1); ok {
		if v < 0 || v > 1e6 || v != math.Trunc(v) {
			o.refuse("count", "must be a whole number from 0")
			v = 1
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
				o.fail(n.byKey[name].at, "attributes", fmt.Sprintf("%q must be a string, not %s", clip(name, 40), n.byKey[name].article()))
				continue
			}
			e.Attributes[name] = v
		}
	}
	return e
}

func (o *object) viewport() browser.Viewport {
	side := func(name string) int {
		v, ok := o.number(name, true, 0)
		if ok && (v < 1 || v > 10000) {
			o.refuse(name, "must be a number from 1 to 10000")
		}
		return int(math.Round(v))
	}
	v := browser.Viewport{Width: side("width"), Height: side("height")}
	scale, ok := o.number("deviceScaleFactor", true, 1)
	if v.Scale = scale; ok && (scale < 0 || scale > 10) {
		o.refuse("deviceScaleFactor", "must be from 0 to 10")
	}
	v.Mobile, v.Touch, v.Landscape = o.flag("isMobile", true), o.flag("hasTouch", true), o.flag("isLandscape", true)
	return v
}

func (o *object) network() browser.Network {
	latency := o.real("latency", true)
	if latency < 0 || latency > maxTimeout {
		o.refuse("latency", "must be from 0 to %d milliseconds", maxTimeout)
		latency = 0
	}
	return browser.Network{
		Download: o.real("download", true), Upload: o.real("upload", true),
		Latency: time.Duration(latency * float64(time.Millisecond)),
	}
}
