package journey

import (
	"maps"
	"slices"
	"strings"
)

// Fill returns the step with the answer of put in the place of every text in
// which a variable may stand. Put gets the text, and how a value is written
// there so that it stays one.
func (s Step) Fill(put func(text string, esc Escape) string) Step {
	return (&expansion{put: put}).step(s)
}

// expansion rewrites every text of a step in which a variable may stand.
type expansion struct {
	put  func(text string, esc Escape) string
	keep bool // the types of wanted values
}

func (x *expansion) step(s Step) Step {
	s.URL, s.Target = x.text(s.URL, inAddress), x.text(s.Target, inAddress)
	s.Value, s.Key = x.text(s.Value, Plainly), x.text(s.Key, Plainly)
	s.Expression = x.text(s.Expression, inScript)
	s.Selectors, s.Ignore = x.selectors(s.Selectors), x.selectors(s.Ignore)
	s.Options = slices.Clone(s.Options)
	for i := range s.Options {
		s.Options[i] = x.text(s.Options[i], Plainly)
	}
	e := &s.Expect
	e.Text, e.Value, e.Title, e.URL = x.text(e.Text, Plainly), x.text(e.Value, Plainly), x.text(e.Title, Plainly), x.text(e.URL, inAddress)
	s.Asserted = slices.Clone(s.Asserted)
	for i := range s.Asserted {
		a := &s.Asserted[i]
		a.URL, a.Title = x.text(a.URL, inAddress), x.text(a.Title, Plainly)
	}
	s.Element.Attributes = x.pairs(s.Element.Attributes, Plainly)
	if s.Element.Properties != nil {
		s.Element.Properties, _ = x.any(s.Element.Properties).(map[string]any)
	}
	s.API, s.Code = x.call(s.API), x.code(s.Code)
	return s
}

func (x *expansion) text(s string, esc Escape) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	return x.put(s, esc)
}

func (x *expansion) pairs(m map[string]string, esc Escape) map[string]string {
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
		return x.text(t, Plainly)
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
			part.Value, part.Name, part.Role = x.text(part.Value, Plainly), x.text(part.Name, Plainly), x.text(part.Role, Plainly)
			if part.Filter == nil {
				continue
			}
			f := *part.Filter
			f.Name, f.HasText, f.Pattern = x.text(f.Name, Plainly), x.text(f.HasText, Plainly), x.text(f.Pattern, inPattern)
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
	out.URL, out.Header, out.Left = x.text(c.URL, inAddress), x.pairs(c.Header, Plainly), x.text(c.Left, Plainly)
	esc := Escape(Plainly)
	switch kind := out.Header["Content-Type"]; {
	case strings.Contains(kind, "json"):
		esc = inJSON
	case strings.HasPrefix(kind, typeForm):
		esc = inForm
	}
	out.Body = x.text(c.Body, esc)
	out.Save = x.pairs(c.Save, Plainly)
	out.Checks = slices.Clone(c.Checks)
	for i := range out.Checks {
		check := &out.Checks[i]
		check.Path = x.text(check.Path, Plainly)
		if text, ok := check.Value.(string); ok && strings.Contains(text, "{{") {
			switch {
			case check.Op == "matches":
				check.Value = x.text(text, inPattern)
			case x.keep:
				check.Value = x.text(text, Plainly)
			default:
				check.Value = Loose(x.text(text, Plainly))
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
	out.TOTP = x.text(c.TOTP, Plainly)
	if c.Mail != nil {
		m := *c.Mail
		m.URL, m.User, m.Password = x.text(m.URL, inAddress), x.text(m.User, Plainly), x.text(m.Password, Plainly)
		m.To, m.Subject, m.Pattern = x.text(m.To, Plainly), x.text(m.Subject, Plainly), x.text(m.Pattern, inPattern)
		out.Mail = &m
	}
	return &out
}

// Loose is a wanted value that came from a variable, and so lost its type: "12"
// is met by 12.
type Loose string

// adopt lets a recorded step refer to variables that are known. Everything else
// in braces stays as it was recorded. It returns the names.
func adopt(s *Step, known func(string) bool) []string {
	var found []string
	x := &expansion{keep: true, put: func(text string, _ Escape) string {
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
