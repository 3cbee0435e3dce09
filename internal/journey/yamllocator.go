package journey

import (
	"slices"
	"strconv"
	"strings"
)

// The keys of a locator that say what is looked for; one of them is needed.
func locatorKeys() []string {
	return []string{"role", "label", "text", "testid", "placeholder", "alt", "tooltip", "css", "xpath", "aria", "pierce", "selectors"}
}

// locate reads the locator of a section. With see, text, enabled, disabled and
// checked beside another key say what is expected and are left to the caller.
func (s *section) locate(see bool) []Selector {
	if it := s.get("selectors"); it != nil {
		return s.recorded(it)
	}
	part, ok := s.part(see)
	if !ok {
		return nil
	}
	chain := Selector{part}
	if in := s.get("inside"); in != nil {
		chain = append(s.l.outer(in), part)
	}
	return []Selector{chain}
}

// recorded reads alternatives in the recorder's spelling.
func (s *section) recorded(it *item) []Selector {
	for _, name := range append(locatorKeys(), "name", "inside") {
		if name != "selectors" && s.has(name) {
			s.l.fail(it, "selectors", "stands alone: %s beside it would mean nothing", name)
		}
	}
	var bad []*Problem
	n := &node{kind: isObject, at: it.at, byKey: map[string]*node{"selectors": it.node()}}
	o := object{r: it.src.reader, n: n, step: s.l.step, kind: s.l.kind, bad: &bad}
	out := o.selectors("selectors", true)
	s.l.bad = append(s.l.bad, bad...)
	return out
}

// outer is the element that another is looked for in.
func (l *loader) outer(it *item) Selector {
	if it.scalar() {
		return Selector{{Language: Visible, Value: l.scalar(it, "inside")}}
	}
	if it.kind != isObject {
		l.fail(it, "inside", "must be text or a locator, not %s", it.article())
		return nil
	}
	in := l.section(it, "inside")
	out := in.locate(false)
	in.close()
	if len(out) != 1 {
		return nil
	}
	return out[0]
}

// part reads the one key that says what is looked for, and the filters.
func (s *section) part(see bool) (Part, bool) {
	var found []string
	for _, name := range locatorKeys() {
		if s.has(name) {
			found = append(found, name)
		}
	}
	if len(found) == 2 && slices.Contains(found, "text") {
		found = slices.DeleteFunc(found, func(n string) bool { return n == "text" })
	}
	regex := s.get("regex")
	if len(found) == 0 && regex != nil {
		found = []string{"text"}
	}
	switch {
	case len(found) == 0:
		if !slices.ContainsFunc(s.it.keys, func(k key) bool { return nearest(k.name, locatorKeys()) != "" }) { // else close tells
			s.l.fail(s.it, "", "%s does not say which element: one of %s is needed", s.what, strings.Join(locatorKeys(), ", "))
		}
		s.know(locatorKeys()...)
		return Part{}, false
	case len(found) > 1:
		s.l.fail(s.it.get(found[1]), found[1], "names the element a second time, after %s: use one, or inside", found[0])
		s.know(found...)
		return Part{}, false
	}
	p, ok := s.base(found[0])
	f := p.Filter
	if f == nil {
		f = &Filter{}
	}
	s.filters(found[0], f, see)
	if regex != nil {
		f.Pattern, f.Flags = s.l.pattern(regex)
		if !slices.Contains([]string{"role", "label", "text", "placeholder", "alt", "tooltip"}, found[0]) {
			s.l.fail(regex, "regex", "does not go with %s, only with texts and names", found[0])
		}
	}
	if p.Filter = f; *f == (Filter{}) {
		p.Filter = nil
	}
	for _, name := range locatorKeys() {
		s.get(name)
	}
	return p, ok
}

// base reads the value of the key that says what is looked for.
func (s *section) base(name string) (Part, bool) {
	it := s.get(name)
	if it == nil {
		return Part{Language: Visible}, true // regex alone
	}
	switch name {
	case "css", "xpath", "aria", "pierce":
		p, err := ParsePart(name + "/" + s.need(name))
		if err != nil {
			s.l.fail(it, name, "%s", err)
		}
		return p, err == nil
	case "role":
		p := Part{Language: Role, Value: s.need(name)}
		if n := s.get("name"); n != nil {
			text, f := s.l.words(n, "name")
			f.Name, f.HasName = text, f.Pattern == ""
			p.Filter = f
		}
		return p, p.Value != ""
	case "testid":
		p := Part{Language: TestID, Value: s.need(name)}
		if s.l.attribute != "" {
			p.Filter = &Filter{Attribute: s.l.attribute}
		}
		return p, p.Value != ""
	}
	text, f := s.l.words(it, name)
	if f.Pattern == "" && strings.TrimSpace(text) == "" {
		s.l.fail(it, name, "is empty: it would match everything")
	}
	language := map[string]Language{"label": Label, "text": Visible, "placeholder": Placeholder, "alt": Alt, "tooltip": Tooltip}[name]
	return Part{Language: language, Value: text, Filter: f}, true
}

// words reads a text to look for: plain, or {exact: …}, or {regex: …, flags: …}.
func (l *loader) words(it *item, name string) (string, *Filter) {
	f := &Filter{}
	if it.kind != isObject {
		return l.scalar(it, name), f
	}
	in := l.section(it, name)
	text := in.text("exact")
	f.Exact = in.has("exact")
	if r := in.get("regex"); r != nil {
		f.Pattern, f.Flags = l.pattern(r)
	}
	if f.Exact == in.has("regex") {
		l.fail(it, name, "must be text, {exact: text} or {regex: pattern}")
	}
	in.close()
	return text, f
}

// pattern reads a JavaScript regular expression: its source, or /source/flags.
func (l *loader) pattern(it *item) (source, flags string) {
	source = l.scalar(it, "regex")
	if rest, ok := strings.CutPrefix(source, "/"); ok {
		if end := strings.LastIndexByte(rest, '/'); end > 0 && strings.Trim(rest[end+1:], "imsu") == "" {
			source, flags = rest[:end], rest[end+1:]
		}
	}
	if strings.TrimSpace(source) == "" || source == ".*" {
		l.fail(it, "regex", "matches everything")
	}
	if err := balanced(source, true); err != nil && !strings.ContainsAny(source, "[\"'") {
		l.fail(it, "regex", "%s", err)
	}
	return source, flags
}

// filters reads what narrows a locator.
func (s *section) filters(base string, f *Filter, see bool) {
	f.Exact = f.Exact || s.on("exact")
	f.Hidden = s.on("hidden")
	if n, ok := s.whole("nth", -1000, 1000); ok {
		f.Nth = &n
	}
	for name, n := range map[string]int{"first": 0, "last": -1} {
		if s.on(name) {
			if f.Nth != nil {
				s.l.fail(s.it.get(name), name, "says twice which match is meant: use one of nth, first and last")
			}
			f.Nth = &n
		}
	}
	if base != "text" && !see {
		f.HasText = s.text("text")
	}
	if base != "role" {
		return
	}
	if n, ok := s.whole("level", 1, 10); ok {
		f.Level = n
	}
	states := map[string]*string{"pressed": &f.Pressed, "selected": &f.Selected, "expanded": &f.Expanded}
	if !see {
		states["checked"], states["disabled"] = &f.Checked, &f.Disabled
	}
	for _, name := range []string{"pressed", "selected", "expanded", "checked", "disabled"} {
		to := states[name]
		if to == nil {
			continue
		}
		switch it := s.get(name); {
		case it == nil:
		case it.kind == isBool, it.text == "mixed":
			*to = it.text
		default:
			s.l.fail(it, name, "must be true, false or mixed")
		}
	}
}

// byName are the alternatives for what a person calls a control.
func byName(name string) []Selector {
	role := func(r string) Selector {
		return Selector{{Language: Role, Value: r, Filter: &Filter{Name: name, HasName: true}}}
	}
	return []Selector{role("button"), role("link"), {{Language: Visible, Value: name}}}
}

// describe names an element in a title, as a person would.
func describe(list []Selector) string {
	if len(list) == 0 {
		return ""
	}
	s := list[0]
	out := describePart(s[len(s)-1])
	if len(s) > 1 {
		out += " in " + describePart(s[len(s)-2])
	}
	return clip(squeeze(out), 100)
}

func describePart(p Part) string {
	f := p.Filter
	if f == nil {
		f = &Filter{}
	}
	text := p.Value
	switch p.Language {
	case Role:
		text = strings.TrimSpace(p.Value + " " + f.Name)
		if f.Pattern != "" {
			text = p.Value + " /" + f.Pattern + "/" + f.Flags
		}
	case CSS, XPath, ARIA, Text, Pierce:
		text = p.String()
	default:
		if f.Pattern != "" {
			text = "/" + f.Pattern + "/" + f.Flags
		}
	}
	switch {
	case f.Nth == nil:
	case *f.Nth >= 0:
		text += " (match " + strconv.Itoa(*f.Nth+1) + ")"
	default:
		text += " (match " + strconv.Itoa(-*f.Nth) + " from the end)"
	}
	return text
}
