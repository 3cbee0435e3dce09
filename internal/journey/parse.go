package journey

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
)

const (
	defaultTimeout = 5000
	maxTimeout     = 30000
	maxSteps       = 500
	maxSelectors   = 50
	maxFrames      = 16
)

// The fields each step type may have beside type, timeout and assertedEvents.
// A field that would not be honoured is refused, because a misspelt assertion
// would otherwise be no assertion.
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
	}
	return nil, false
}

// Parse reads a recording; name is used in messages. What cannot be played is a
// fault.Invalid whose cause is a *Problem with line and column.
func Parse(name string, data []byte) (*Journey, error) {
	root, r, err := read(name, data)
	if err != nil {
		return nil, err
	}
	if root.kind != isObject {
		return nil, r.problem(root.at, Problem{Message: "a recording is an object, not " + root.article()})
	}
	top := object{r: r, n: root}
	j := &Journey{Name: name, Title: top.text("title", true)}
	flow := top.timeout(defaultTimeout)
	steps := top.need("steps", isArray)
	if top.err != nil {
		return nil, top.err
	}
	if len(steps.items) == 0 {
		return nil, r.problem(steps.at, Problem{Field: "steps", Message: "there are none: such a journey could never fail"})
	}
	if len(steps.items) > maxSteps {
		return nil, r.problem(steps.at, Problem{Field: "steps", Message: fmt.Sprintf("%d, more than %d", len(steps.items), maxSteps)})
	}
	for i, n := range steps.items {
		s, err := parseStep(r, n, i+1, flow)
		if err != nil {
			return nil, err
		}
		if err := j.add(s, r, n, i+1); err != nil {
			return nil, err
		}
	}
	if j.origin == "" {
		return nil, r.problem(steps.at, Problem{Field: "steps", Message: "there is no navigate step, so no page is ever opened"})
	}
	return j, nil
}

// add appends a step and checks that a page is open for it.
func (j *Journey) add(s Step, r *reader, n *node, index int) error {
	s.Line = 1 + strings.Count(string(r.data[:n.at]), "\n")
	switch {
	case s.Type == Navigate && j.origin == "":
		j.origin = origin(s.URL)
	case s.Type != SetViewport && j.origin == "":
		return r.problem(n.at, Problem{Step: index, Type: string(s.Type), Message: "comes before the first navigate step, so no page is open"})
	}
	s.Title = title(s)
	j.Steps = append(j.Steps, s)
	return nil
}

func parseStep(r *reader, n *node, index int, flow int) (Step, error) {
	o := object{r: r, n: n, step: index}
	if n.kind != isObject {
		return Step{}, r.problem(n.at, Problem{Step: index, Message: "a step is an object, not " + n.article()})
	}
	o.kind = o.text("type", true)
	if o.err != nil {
		return Step{}, o.err
	}
	s := Step{Type: StepType(o.kind)}
	own, known := fieldsOf(s.Type)
	if !known {
		return s, o.fail(n.byKey["type"].at, "type", unknownType(o.kind))
	}
	for _, name := range n.names {
		if !strings.HasPrefix(name, "x-") && !slices.Contains(own, name) && !slices.Contains([]string{"type", "timeout", "assertedEvents"}, name) {
			return s, o.fail(n.keyAt[name], name, "no such field in this step; known: "+strings.Join(own, ", ")+", timeout, assertedEvents")
		}
	}
	if target := o.text("target", false); target != "" && target != "main" {
		return s, o.fail(n.byKey["target"].at, "target", fmt.Sprintf("%q is not supported: steps play in the main page only", clip(target, 80)))
	}
	s.Timeout = time.Duration(o.timeout(flow)) * time.Millisecond
	s.Asserted = o.asserted()
	o.fill(&s)
	return s, o.err
}

func unknownType(t string) string {
	switch t {
	case "close", "emulateNetworkConditions", "customStep":
		return fmt.Sprintf("%q is a step of the recorder that is not supported; remove it", t)
	}
	return fmt.Sprintf("unknown step type %q", clip(t, 60))
}

// fill reads the fields of the step's own type.
func (o *object) fill(s *Step) {
	if s.Type != KeyDown && s.Type != KeyUp && s.Type != Navigate && s.Type != SetViewport {
		s.Frame = o.frame()
	}
	switch s.Type {
	case SetViewport:
		s.Viewport = o.viewport()
	case Navigate:
		s.URL = o.address()
	case Click, DoubleClick:
		s.Selectors, s.Pointer = o.selectors(true), o.pointer()
	case Change:
		s.Selectors, s.Value = o.selectors(true), o.text("value", true)
	case Hover:
		s.Selectors = o.selectors(true)
	case KeyDown, KeyUp:
		s.Key = o.key()
	case Scroll:
		s.Selectors = o.selectors(false)
		s.X, s.Y = o.number("x", false, 0), o.number("y", false, 0)
	case WaitForElement:
		s.Selectors, s.Element = o.selectors(true), o.element()
	case WaitForExpression:
		s.Expression = o.text("expression", true)
		if o.err == nil && strings.TrimSpace(s.Expression) == "" {
			o.err = o.fail(o.n.byKey["expression"].at, "expression", "is empty")
		}
	}
}

func (o *object) address() string {
	raw := o.text("url", true)
	if o.err != nil {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		o.err = o.fail(o.n.byKey["url"].at, "url", fmt.Sprintf("%q is not an absolute http or https address", clip(raw, 120)))
		return ""
	}
	if u.User != nil {
		o.err = o.fail(o.n.byKey["url"].at, "url", "must not hold a user name or password")
	}
	return raw
}

func (o *object) key() string {
	key := o.text("key", true)
	if o.err == nil && !browser.KnownKey(key) {
		o.err = o.fail(o.n.byKey["key"].at, "key", fmt.Sprintf("unknown key %q", clip(key, 40)))
	}
	return key
}

func (o *object) viewport() browser.Viewport {
	side := func(name string) int {
		v := o.number(name, true, 0)
		if o.err == nil && (v < 1 || v > 10000 || v != float64(int(v))) {
			o.err = o.fail(o.n.byKey[name].at, name, "must be a whole number from 1 to 10000")
		}
		return int(v)
	}
	v := browser.Viewport{Width: side("width"), Height: side("height"), Scale: o.number("deviceScaleFactor", true, 1)}
	if o.err == nil && (v.Scale < 0 || v.Scale > 10) {
		o.err = o.fail(o.n.byKey["deviceScaleFactor"].at, "deviceScaleFactor", "must be from 0 to 10")
	}
	v.Mobile, v.Touch, v.Landscape = o.flag("isMobile"), o.flag("hasTouch"), o.flag("isLandscape")
	return v
}

// origin is product.Origin without the scheme's own port.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	out := product.Origin(raw)
	switch strings.ToLower(u.Scheme) {
	case "http":
		out = strings.TrimSuffix(out, ":80")
	case "https":
		out = strings.TrimSuffix(out, ":443")
	}
	return out
}

// Lint refuses a journey that asserts nothing: it could never fail for what the
// pages show. The configuration check calls it.
func (j *Journey) Lint() error {
	for _, s := range j.Steps {
		if s.Type == WaitForElement && s.Element.certain() {
			return lint(j, s, "waits for at least 0 elements: it can never fail")
		}
		if s.Type == WaitForExpression && constant(s.Expression) {
			return lint(j, s, "waits for a constant: it can never fail")
		}
	}
	if !slices.ContainsFunc(j.Steps, Step.Asserts) {
		f := fault.Newf(fault.Invalid, "%s: the journey asserts nothing: it only opens pages and could never fail for what they show", j.Name)
		return f.WithHint("add a waitForElement, or a click, that needs what the page is for")
	}
	return nil
}

func lint(j *Journey, s Step, message string) error {
	return fault.Newf(fault.Invalid, "%s:%d: %s: %s", j.Name, s.Line, s.Type, message)
}

// constant reports an expression that is a literal.
func constant(expression string) bool {
	e := strings.TrimRight(strings.TrimSpace(expression), "; ")
	for strings.HasPrefix(e, "(") && strings.HasSuffix(e, ")") {
		e = strings.TrimSpace(e[1 : len(e)-1])
	}
	switch e {
	case "true", "!0", "!false", "{}", "[]", "":
		return true
	}
	if strings.Trim(e, "0123456789.") == "" {
		return true
	}
	return len(e) > 1 && (e[0] == '"' || e[0] == '\'') && closing(e, 0, true) == len(e)-1
}
