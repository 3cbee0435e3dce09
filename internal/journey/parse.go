package journey

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

const (
	defaultTimeout = 5000
	maxTimeout     = 30000
	maxSteps       = 500
	maxSelectors   = 50
	maxFrames      = 16
)

// fieldsOf are the fields that a step type has beside those of every step.
func fieldsOf(t StepType) ([]string, bool) {
	pointer := []string{"target", "frame", "selectors", "offsetX", "offsetY", "button", "deviceType", "duration"}
	switch t {
	case SetViewport:
		return []string{"target", "width", "height", "deviceScaleFactor", "isMobile", "hasTouch", "isLandscape"}, true
	case Navigate:
		return []string{"target", "url"}, true
	case Click, DoubleClick:
		return pointer, true
	case Change:
		return []string{"target", "frame", "selectors", "value"}, true
	case KeyDown, KeyUp:
		return []string{"target", "key"}, true
	case Hover:
		return []string{"target", "frame", "selectors"}, true
	case Scroll:
		return []string{"target", "frame", "selectors", "x", "y"}, true
	case WaitForElement:
		return []string{"target", "frame", "selectors", "operator", "count", "visible", "properties", "attributes"}, true
	case WaitForExpression:
		return []string{"target", "frame", "expression"}, true
	case Close:
		return []string{"target"}, true
	case EmulateNetwork:
		return []string{"target", "download", "upload", "latency"}, true
	case Custom:
		return []string{"target", "frame", "name", "parameters"}, true
	}
	return nil, false
}

// Fields of every step, and of the recording itself; the x- ones are our own:
//
//	x-strict   (recording, step, asserted event) an asserted URL or title that
//	           differs fails the step, instead of being told as a warning
//	x-errors   (recording) "warn": uncaught exceptions and failed first-party
//	           requests are told and do not fail the run
//	x-allow    (recording) failures that do not fail a run: addresses, with *
//	           for any characters, or parts of exception texts
//	x-soft     (step) its failure is told, the run goes on and fails at its end
//	x-single   (step) more than one match of a selector fails the step
//	x-budget   (step) milliseconds after which it is told as too slow
//	x-cleanup  (step) it always runs, after all others, also after a failure
func commonFields() (step, top []string) {
	return []string{"type", "timeout", "assertedEvents", "x-strict", "x-soft", "x-single", "x-budget", "x-cleanup"},
		[]string{"title", "timeout", "selectorAttribute", "steps", "x-strict", "x-errors", "x-allow"}
}

// Parse reads a recording; name is used in messages. What cannot be played is a
// fault.Invalid whose cause is Problems, each with line and column. A field that
// is not known plays no part, as in the reference runner: it is one of the
// journey's Warnings, and of Lint's errors when it looks misspelt.
func Parse(name string, data []byte) (*Journey, error) {
	root, r, err := read(name, data)
	if err != nil {
		return nil, err
	}
	if root.kind != isObject {
		return nil, r.fault(root.at, Problem{Message: "a recording is an object, not " + root.article()})
	}
	var bad []*Problem
	top := object{r: r, n: root, bad: &bad}
	j := &Journey{Name: name}
	j.header(&top)
	flow := top.timeout(defaultTimeout)
	steps := top.need("steps", isArray)
	if steps == nil {
		return nil, Problems(bad).fault()
	}
	if len(steps.items) > maxSteps {
		return nil, r.fault(steps.at, Problem{Field: "steps", Message: fmt.Sprintf("%d, more than %d", len(steps.items), maxSteps)})
	}
	for i, n := range steps.items {
		o := object{r: r, n: n, step: i + 1, bad: &bad}
		j.parseStep(&o, flow)
	}
	if len(bad) > 0 {
		return nil, Problems(bad).fault()
	}
	return j, nil
}

// header reads what stands beside the steps.
func (j *Journey) header(o *object) {
	j.Title = o.text("title", true)
	if n := o.n.byKey["selectorAttribute"]; n != nil && n.kind == isString {
		j.Attribute = n.value.(string)
	}
	j.Strict = o.flag("x-strict", false)
	j.Allow = o.texts("x-allow")
	j.Errors = o.text("x-errors", false)
	if !slices.Contains([]string{"", "fail", "warn"}, j.Errors) {
		o.refuse("x-errors", "unknown value %q: fail and warn are known", clip(j.Errors, 40))
	}
	_, known := commonFields()
	j.strange(o, known)
}

// strange notes the fields that play no part.
func (j *Journey) strange(o *object, known []string) {
	for _, name := range o.n.names {
		if slices.Contains(known, name) {
			continue
		}
		p := o.r.problem(o.n.keyAt[name], Problem{Step: o.step, Type: o.kind, Field: name, Message: "is not known and plays no part"})
		if meant := nearest(name, known); meant != "" {
			p.Message = fmt.Sprintf("is not known: did you mean %s?", meant)
			j.misspelt = append(j.misspelt, p)
		} else if !strings.HasPrefix(name, "x-") {
			j.Warnings = append(j.Warnings, *p)
		}
	}
}

// parseStep reads one step and adds it.
func (j *Journey) parseStep(o *object, flow int) {
	if o.n.kind != isObject {
		o.fail(o.n.at, "", "a step is an object, not "+o.n.article())
		return
	}
	o.kind = o.text("type", true)
	if o.kind == "" {
		if n := o.n.byKey["type"]; n != nil && n.kind == isString {
			o.refuse("type", "is empty")
		}
		return
	}
	s := Step{Type: StepType(o.kind), Line: o.r.problem(o.n.at, Problem{}).Line}
	own, known := fieldsOf(s.Type)
	if !known {
		o.refuse("type", "unknown step type %q", clip(o.kind, 60))
		return
	}
	common, _ := commonFields()
	j.strange(o, append(own, common...))
	s.Timeout = time.Duration(o.timeout(flow)) * time.Millisecond
	s.Asserted = o.asserted(j.Strict || o.flag("x-strict", false))
	s.Soft, s.Strict = o.flag("x-soft", false), o.flag("x-single", false)
	if ms := o.real("x-budget", false); ms > 0 {
		s.Budget = time.Duration(ms * float64(time.Millisecond))
	}
	o.where(&s, own)
	o.fill(j, &s)
	j.add(s, o.flag("x-cleanup", false))
}

// add appends a step.
func (j *Journey) add(s Step, cleanup bool) {
	if s.Type == Navigate && j.origin == "" {
		j.origin = OriginOf(s.URL)
	}
	s.Title = title(s)
	if cleanup {
		j.Cleanup = append(j.Cleanup, s)
		return
	}
	j.Steps = append(j.Steps, s)
}

// where reads target and frame. A target that is no string is passed over, as
// the reference runner does.
func (o *object) where(s *Step, own []string) {
	if n := o.n.byKey["target"]; n != nil && n.kind == isString && n.value != "main" {
		s.Target = n.value.(string)
	}
	if slices.Contains(own, "frame") {
		s.Frame = o.frame()
	}
}

// fill reads the fields of the step's own type.
func (o *object) fill(j *Journey, s *Step) {
	switch s.Type {
	case SetViewport:
		s.Viewport = o.viewport()
	case Navigate:
		s.URL = o.address(j)
	case Click, DoubleClick:
		s.Selectors, s.Pointer = o.selectors("selectors", true), o.pointer()
	case Change:
		s.Selectors, s.Value = o.selectors("selectors", true), o.text("value", true)
	case Hover:
		s.Selectors = o.selectors("selectors", true)
	case KeyDown, KeyUp:
		s.Key = o.key()
	case Scroll:
		s.Selectors = o.selectors("selectors", false)
		s.X, s.Y = o.real("x", false), o.real("y", false)
	case WaitForElement:
		s.Selectors, s.Element = o.selectors("selectors", true), o.element()
	case WaitForExpression:
		s.Expression = o.text("expression", true)
		if n := o.n.byKey["expression"]; n != nil && n.kind == isString && strings.TrimSpace(s.Expression) == "" {
			o.refuse("expression", "is empty")
		}
	case EmulateNetwork:
		s.Network = o.network()
	case Custom:
		o.custom(j, s)
	}
}

// address reads where a navigate goes. The pages of the browser itself, where
// recordings made on a fresh tab begin, have nothing on them here.
func (o *object) address(j *Journey) string {
	n := o.need("url", isString)
	if n == nil {
		return ""
	}
	raw := n.value.(string)
	fresh := strings.TrimSuffix(raw, "/")
	switch {
	case raw == "about:blank", strings.HasPrefix(raw, "about:blank#"), strings.HasPrefix(raw, "data:"):
		return raw
	case slices.Contains([]string{"chrome://newtab", "chrome://new-tab-page", "edge://newtab", "about:newtab"}, fresh):
		j.Warnings = append(j.Warnings, *o.r.problem(n.at, Problem{Step: o.step, Type: o.kind, Field: "url", Message: "is the browser's own page: about:blank is opened instead"}))
		return "about:blank"
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		o.refuse("url", "%q is not an absolute http or https address", clip(raw, 120))
	case u.User != nil:
		o.refuse("url", "must not hold a user name or password")
	}
	return raw
}

func (o *object) key() string {
	key := o.text("key", true)
	if n := o.n.byKey["key"]; n != nil && n.kind == isString && !browser.KnownKey(key) {
		o.refuse("key", "unknown key %q", clip(key, 40))
	}
	return key
}
