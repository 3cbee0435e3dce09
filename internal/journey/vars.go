package journey

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// values are the variables of one run that its steps and the run itself make.
type values struct {
	mu    sync.Mutex // of saved and hidden, which the live picture asks for
	saved map[string]string
	fixed map[string]string // what builtins gave; the same for the whole run
	// hidden are secrets beside those of the configuration: one-time codes.
	hidden []string
	spent  int // variables filled in for the step being played
}

// builtins are the variables that every run has.
func builtins() map[string]func(p *play) string {
	return map[string]func(p *play) string{
		"run.id":      func(*play) string { return random("abcdefghijklmnopqrstuvwxyz0123456789", 20) },
		"run.short":   func(p *play) string { return p.builtin("run.id")[:6] },
		"run.journey": func(p *play) string { return p.req.Look.Name },
		"now":         func(p *play) string { return p.begin.UTC().Format(time.RFC3339) },
		"now.unix":    func(p *play) string { return strconv.FormatInt(p.begin.Unix(), 10) },
		"today":       func(p *play) string { return p.begin.UTC().Format(time.DateOnly) },
		"base.url":    func(p *play) string { return strings.TrimSuffix(p.req.Look.Base, "/") },
		"base.host":   func(p *play) string { return host(p.req.Look.Base) },
		"random.email": func(p *play) string {
			return "postflight+" + random("abcdefghijklmnopqrstuvwxyz0123456789", 10) + "@example.com"
		},
		"random.digits": func(*play) string { return "1" + random("0123456789", 7) },
		"random.word":   func(*play) string { return random("abcdefghijklmnopqrstuvwxyz", 10) },
	}
}

// random returns n letters of an alphabet.
func random(alphabet string, n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails
	for i, b := range raw {
		raw[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(raw)
}

// builtin is the run's own value of one of builtins.
func (p *play) builtin(name string) string {
	if v, ok := p.values.fixed[name]; ok {
		return v
	}
	v := builtins()[name](p)
	if p.values.fixed == nil {
		p.values.fixed = map[string]string{}
	}
	p.values.fixed[name] = v
	return v
}

// save keeps what a step found. A name that begins with secret. is one: its
// value is never shown.
func (p *play) save(name, value string) {
	p.values.mu.Lock()
	if p.values.saved == nil {
		p.values.saved = map[string]string{}
	}
	p.values.saved[name] = value
	p.values.mu.Unlock()
	if strings.HasPrefix(name, "secret.") {
		p.conceal(value)
	}
}

// conceal makes a value a secret of this run.
func (p *play) conceal(value string) {
	p.hide.secret(value)
	p.values.mu.Lock()
	defer p.values.mu.Unlock()
	p.values.hidden = append(p.values.hidden, value)
}

// secrets are the values that no picture may show.
func (p *play) secrets() []string {
	p.values.mu.Lock()
	defer p.values.mu.Unlock()
	var out []string
	for name, value := range p.vars {
		if strings.HasPrefix(name, "secret.") {
			out = append(out, value)
		}
	}
	for name, value := range p.values.saved {
		if strings.HasPrefix(name, "secret.") {
			out = append(out, value)
		}
	}
	out = slices.DeleteFunc(append(out, p.values.hidden...), func(v string) bool { return len(v) < 4 })
	slices.Sort(out)
	return slices.Compact(out)
}

// missing is a variable that has no value in this run. When a step should have
// saved it, the answer that step got is to blame; else it is the journey itself.
func (p *play) missing(name string) error {
	for _, s := range p.journey.Steps {
		saves := s.Save == name
		if s.API != nil {
			_, saved := s.API.Save[name]
			saves = saves || saved
		}
		if saves {
			return &unsavedError{assertionError{fmt.Sprintf("variable {{%s}} has no value: the step “%s” has not saved it", clip(name, 60), s.Title)}}
		}
	}
	return &recordingError{fmt.Sprintf("variable {{%s}} has no value: no step saves it, and it is not configured", clip(name, 60))}
}

// unsavedError is a variable that a step was to save, and has not.
type unsavedError struct{ assertionError }

func (e *unsavedError) Unwrap() error { return &e.assertionError }

// needless reports a clean-up step for something that was never made: a step
// that did not come about was to save what it names.
func (p *play) needless(s Step) (why string, ok bool) {
	if !s.Templated {
		return "", false
	}
	_, err := p.expand(s)
	if bad, unsaved := errors.AsType[*unsavedError](err); unsaved {
		return "nothing to clean up: " + bad.message, true
	}
	return "", false
}

const (
	maxExpand = 5      // variables inside of variables
	maxFills  = 10_000 // variables in one step, with those inside of them
	maxFilled = 1 << 20
)

// value is what a variable stands for. Values that are written in the journey
// or configured may hold variables in their turn; saved ones and secrets are
// taken as they are.
func (p *play) value(name string, depth int) (string, error) {
	if p.values.spent++; p.values.spent > maxFills {
		return "", &recordingError{fmt.Sprintf("more than %d variables in one step", maxFills)}
	}
	if v, ok := p.values.saved[name]; ok {
		return v, nil
	}
	v, ok := p.vars[name]
	switch {
	case !ok && builtins()[name] != nil:
		return p.builtin(name), nil
	case !ok:
		return "", p.missing(name)
	case strings.HasPrefix(name, "secret."), !strings.Contains(v, "{{"):
		return v, nil
	case depth >= maxExpand:
		return "", &recordingError{fmt.Sprintf("variable {{%s}} stands for itself", clip(name, 60))}
	}
	return p.fill(v, depth+1, plainly)
}

// escape writes a value so that it stays one inside of what it is put into.
// first tells that nothing stands before it.
type escape func(value string, first bool) string

func plainly(v string, _ bool) string { return v }

// inAddress keeps a value from ending its part of an address, unless the
// address begins with it.
func inAddress(v string, first bool) string {
	if first {
		return v
	}
	return strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
}

func inForm(v string, _ bool) string { return url.QueryEscape(v) }

// inJSON is for values inside of quotes, also those of JavaScript.
func inJSON(v string, _ bool) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data[1 : len(data)-1])
}

func inScript(v string, first bool) string {
	v = inJSON(v, first)
	return strings.NewReplacer("'", `\u0027`, "`", `\u0060`, "${", `\u0024{`).Replace(v)
}

func inPattern(v string, _ bool) string { return regexp.QuoteMeta(v) }

// fill puts the values of variables into a text.
func (p *play) fill(text string, depth int, esc escape) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	list, err := pieces(text)
	if err != nil {
		return "", &recordingError{err.Error()}
	}
	var b strings.Builder
	for i, one := range list {
		if !one.name {
			b.WriteString(one.text)
			continue
		}
		v, err := p.value(one.text, depth)
		if err != nil {
			return "", err
		}
		if b.WriteString(esc(v, i == 0)); b.Len() > maxFilled {
			return "", &recordingError{fmt.Sprintf("a text becomes larger than %d KiB with its variables", maxFilled>>10)}
		}
	}
	return b.String(), nil
}

// expand returns the step with every {{variable}} replaced. A variable without
// a value is the journey's own fault.
func (p *play) expand(s Step) (Step, error) {
	if !s.Templated {
		return s, nil
	}
	p.values.spent = 0
	var first error
	x := &expansion{put: func(text string, esc escape) string {
		out, err := p.fill(text, 0, esc)
		if err != nil && first == nil {
			first = err
		}
		return out
	}}
	out := x.step(s)
	p.retitle(s.Title)
	if out.Type == Open && first == nil && !strings.Contains(out.URL, ":") { // all of it was a variable
		u, err := p.address(out.URL)
		if err != nil {
			return out, err
		}
		out.URL = u.String()
	}
	return out, first
}

// expansion rewrites every text of a step in which a variable may stand.
type expansion struct {
	put  func(text string, esc escape) string
	keep bool // the types of wanted values
}

func (x *expansion) step(s Step) Step {
	s.URL, s.Target = x.text(s.URL, inAddress), x.text(s.Target, inAddress)
	s.Value, s.Key = x.text(s.Value, plainly), x.text(s.Key, plainly)
	s.Expression = x.text(s.Expression, inScript)
	s.Selectors, s.Ignore = x.selectors(s.Selectors), x.selectors(s.Ignore)
	s.Options = slices.Clone(s.Options)
	for i := range s.Options {
		s.Options[i] = x.text(s.Options[i], plainly)
	}
	e := &s.Expect
	e.Text, e.Value, e.Title, e.URL = x.text(e.Text, plainly), x.text(e.Value, plainly), x.text(e.Title, plainly), x.text(e.URL, inAddress)
	s.Asserted = slices.Clone(s.Asserted)
	for i := range s.Asserted {
		a := &s.Asserted[i]
		a.URL, a.Title = x.text(a.URL, inAddress), x.text(a.Title, plainly)
	}
	s.Element.Attributes = x.pairs(s.Element.Attributes, plainly)
	if s.Element.Properties != nil {
		s.Element.Properties, _ = x.any(s.Element.Properties).(map[string]any)
	}
	s.API, s.Code = x.call(s.API), x.code(s.Code)
	return s
}

func (x *expansion) text(s string, esc escape) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	return x.put(s, esc)
}

func (x *expansion) pairs(m map[string]string, esc escape) map[string]string {
	out := maps.Clone(m)
	for k, v := range out {
		out[k] = x.text(v, esc)
	}
	return out
}

// any fills in the texts of a decoded JSON value.
func (x *expansion) any(v any) any {
	switch t := v.(type) {
	case string:
		return x.text(t, plainly)
	case []any:
		out := make([]any, len(t))
		for i := range t {
			out[i] = x.any(t[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for k := range t {
			out[k] = x.any(t[k])
		}
		return out
	}
	return v
}

func (x *expansion) selectors(list []Selector) []Selector {
	if list == nil {
		return nil
	}
	out := make([]Selector, len(list))
	for i, chain := range list {
		out[i] = slices.Clone(chain)
		for k := range out[i] {
			part := &out[i][k]
			part.Value, part.Name, part.Role = x.text(part.Value, plainly), x.text(part.Name, plainly), x.text(part.Role, plainly)
			if part.Filter == nil {
				continue
			}
			f := *part.Filter
			f.Name, f.HasText, f.Pattern = x.text(f.Name, plainly), x.text(f.HasText, plainly), x.text(f.Pattern, inPattern)
			part.Filter = &f
		}
	}
	return out
}

func (x *expansion) call(c *Call) *Call {
	if c == nil {
		return nil
	}
	out := *c
	out.URL, out.Header, out.Left = x.text(c.URL, inAddress), x.pairs(c.Header, plainly), x.text(c.Left, plainly)
	esc := escape(plainly)
	switch kind := out.Header["Content-Type"]; {
	case strings.Contains(kind, "json"):
		esc = inJSON
	case strings.HasPrefix(kind, typeForm):
		esc = inForm
	}
	out.Body = x.text(c.Body, esc)
	out.Save = x.pairs(c.Save, plainly)
	out.Checks = slices.Clone(c.Checks)
	for i := range out.Checks {
		check := &out.Checks[i]
		check.Path = x.text(check.Path, plainly)
		if text, ok := check.Value.(string); ok && strings.Contains(text, "{{") {
			switch {
			case check.Op == "matches":
				check.Value = x.text(text, inPattern)
			case x.keep:
				check.Value = x.text(text, plainly)
			default:
				check.Value = loose(x.text(text, plainly))
			}
			continue
		}
		check.Value = x.any(check.Value)
	}
	return &out
}

func (x *expansion) code(c *CodeSource) *CodeSource {
	if c == nil {
		return nil
	}
	out := *c
	out.TOTP = x.text(c.TOTP, plainly)
	if c.Mail != nil {
		m := *c.Mail
		m.URL, m.User, m.Password = x.text(m.URL, inAddress), x.text(m.User, plainly), x.text(m.Password, plainly)
		m.To, m.Subject, m.Pattern = x.text(m.To, plainly), x.text(m.Subject, plainly), x.text(m.Pattern, inPattern)
		out.Mail = &m
	}
	return &out
}

// retitle fills in the title under which the step is reported. It shows no
// secret, whatever the redaction does.
func (p *play) retitle(title string) {
	if !strings.Contains(title, "{{") {
		return
	}
	list, err := pieces(title)
	if err != nil {
		return
	}
	var b strings.Builder
	for _, one := range list {
		v := one.text
		if one.name && strings.HasPrefix(one.text, "secret.") {
			v = hidden
		} else if one.name {
			if v, err = p.value(one.text, 0); err != nil {
				return
			}
		}
		b.WriteString(v)
	}
	steps := p.journey.Steps
	for i := range steps {
		if steps[i].Title == title {
			steps[i].Title = clip(squeeze(p.hide.text(b.String())), 160)
			return
		}
	}
}

// adopt lets a recorded step refer to variables that are known. Everything else
// in braces stays as it was recorded. It returns the names.
func adopt(s *Step, known func(string) bool) []string {
	var found []string
	x := &expansion{keep: true, put: func(text string, _ escape) string {
		var b strings.Builder
		for {
			before, rest, more := strings.Cut(text, "{{")
			b.WriteString(before)
			if !more {
				return b.String()
			}
			name, after, ok := strings.Cut(rest, "}}")
			if name = strings.TrimSpace(name); ok && variable(name) && known(name) {
				found = append(found, name)
				b.WriteString("{{" + name + "}}")
				text = after
				continue
			}
			b.WriteString("{{{{")
			text = rest
		}
	}}
	if out := x.step(*s); len(found) > 0 {
		*s = out
		s.Templated = true
	}
	return found
}
