package journey

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// CustomSteps are the names of customStep that are played: our own step types.
func CustomSteps() []string {
	return []string{
		string(See), string(NotSee), string(Check), string(Uncheck), string(Select), string(Upload),
		string(Press), string(Open), string(API), string(Pause), string(Shot),
	}
}

// custom turns a customStep of a name of ours into that step; "parameters" holds
// its fields. One of another name stays as it is: Lint refuses it, and a run of
// it is broken, because nobody can say what it should have done.
func (o *object) custom(j *Journey, s *Step) {
	n := o.need("name", isString)
	if n == nil {
		return
	}
	s.Custom = n.value.(string)
	if !slices.Contains(CustomSteps(), s.Custom) {
		return
	}
	s.Type = StepType(s.Custom)
	in := o.n.byKey["parameters"]
	if in == nil || in.kind != isObject {
		o.fail(o.n.at, "parameters", "must be an object with the fields of "+s.Custom)
		return
	}
	b := object{r: o.r, n: in, step: o.step, kind: s.Custom, bad: o.bad}
	j.strange(&b, b.own(s))
}

// own reads the parameters of our own steps and returns their names.
func (o *object) own(s *Step) []string {
	at := []string{"selectors"}
	switch s.Type {
	case See:
		s.Selectors, s.Expect = o.selectors("selectors", false), o.expect()
		if n := o.n; len(s.Selectors) == 0 && n.byKey["url"] == nil && n.byKey["title"] == nil {
			o.fail(n.at, "selectors", "is missing: say what is to be seen, or a url or title")
		}
		return append(at, "text", "value", "count", "enabled", "checked", "url", "title")
	case NotSee, Check, Uncheck:
		s.Selectors = o.selectors("selectors", true)
	case Select:
		s.Selectors, s.Options = o.selectors("selectors", true), o.some("options")
		return append(at, "options")
	case Upload:
		s.Selectors, s.Files = o.selectors("selectors", true), o.some("files")
		for i, f := range s.Files { // beside the recording
			if !filepath.IsAbs(f) {
				s.Files[i] = filepath.Join(filepath.Dir(o.r.name), f)
			}
		}
		return append(at, "files")
	case Press:
		if s.Key = o.text("key", true); s.Key != "" {
			for _, k := range Keys(s.Key) {
				if !browser.KnownKey(k) {
					o.refuse("key", "unknown key %q", clip(k, 40))
				}
			}
		}
		return []string{"key"}
	case Open:
		s.URL = o.text("url", true)
		return []string{"url"}
	case Pause:
		ms := o.real("milliseconds", true)
		if ms < 0 || ms > maxTimeout {
			o.refuse("milliseconds", "must be from 0 to %d", maxTimeout)
		}
		s.Wait = time.Duration(ms * float64(time.Millisecond))
		return []string{"milliseconds"}
	case Shot:
		s.Compare, s.Ignore = o.flag("compare", false), nil
		if o.n.byKey["ignore"] != nil {
			s.Ignore = o.selectors("ignore", false)
		}
		return []string{"compare", "ignore"}
	case API:
		s.API = o.call()
		return []string{"method", "url", "headers", "body", "status", "save"}
	}
	return at
}

// some reads a list of strings that must not be empty.
func (o *object) some(name string) []string {
	if o.need(name, isArray) == nil {
		return nil
	}
	out := o.texts(name)
	if len(out) == 0 {
		o.refuse(name, "is empty")
	}
	return out
}

func (o *object) expect() Expect {
	e := Expect{
		Text: o.text("text", false), Value: o.text("value", false),
		URL: o.text("url", false), Title: o.text("title", false),
	}
	if v, ok := o.number("count", false, 0); ok {
		if v < 0 || v > 1e6 || v != math.Trunc(v) {
			o.refuse("count", "must be a whole number from 0")
		}
		n := int(v)
		e.Count = &n
	}
	for name, to := range map[string]**bool{"enabled": &e.Enabled, "checked": &e.Checked} {
		if o.n.byKey[name] != nil {
			v := o.flag(name, false)
			*to = &v
		}
	}
	return e
}

// call reads the request of an api step.
func (o *object) call() *Call {
	c := &Call{Method: o.text("method", false), URL: o.text("url", true), Body: o.text("body", false)}
	if c.Method == "" {
		c.Method = "GET"
	}
	c.Header, c.Save = o.pairs("headers"), o.pairs("save")
	switch n := o.n.byKey["status"]; {
	case n == nil:
	case n.kind == isNumber:
		c.Status = o.status([]*node{n})
	case n.kind == isArray:
		c.Status = o.status(n.items)
	default:
		o.refuse("status", "must be a number, or several")
	}
	return c
}

func (o *object) status(list []*node) []int {
	var out []int
	for _, n := range list {
		v, ok := n.value.(float64)
		if !ok || v < 100 || v > 599 || v != math.Trunc(v) {
			o.fail(n.at, "status", "must be from 100 to 599")
			continue
		}
		out = append(out, int(v))
	}
	return out
}

// pairs reads an object of strings.
func (o *object) pairs(name string) map[string]string {
	n := o.want(name, isObject)
	if n == nil {
		return nil
	}
	out := map[string]string{}
	for _, key := range n.names {
		v, ok := n.byKey[key].value.(string)
		if !ok {
			o.fail(n.byKey[key].at, name, fmt.Sprintf("%q must be a string, not %s", clip(key, 40), n.byKey[key].article()))
			continue
		}
		out[key] = v
	}
	return out
}
