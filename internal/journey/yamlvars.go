package journey

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// templated reports whether anything in an item is to be filled in.
func templated(it *item) bool {
	return strings.Contains(it.text, "{{") ||
		slices.ContainsFunc(it.list, templated) ||
		slices.ContainsFunc(it.keys, func(k key) bool { return strings.Contains(k.name, "{{") || templated(k.value) })
}

// substitute returns the item with the values of the data row and of run's with
// in their places, unless a step has kept a value of that name. A text that is
// one variable alone becomes what the row holds: a number, for instance.
func (l *loader) substitute(it *item) *item { return l.put(it, Plainly) }

// within says how a value is written under a key, so that it stays one.
func within(name string, other Escape) Escape {
	switch {
	case name == "open", name == "url", slices.Contains(methods(), name):
		return inAddress
	case name == "until", name == "expression":
		return inScript
	case name == "regex":
		return inPattern
	case name == "json", name == "form", name == "with":
		return Plainly
	}
	return other
}

func (l *loader) put(it *item, esc Escape) *item {
	if len(l.scope) == 0 || !templated(it) {
		return it
	}
	out := *it
	switch it.kind {
	case isString:
		list, err := Pieces(it.text)
		if err != nil {
			return it
		}
		if len(list) == 1 && list[0].Name {
			if v := l.row(list[0].Text); v != nil {
				out.kind, out.text = v.kind, l.fillIn(list, esc)
				return &out
			}
		}
		out.text = l.fillIn(list, esc)
	case isArray:
		out.list = make([]*item, len(it.list))
		for i, v := range it.list {
			out.list[i] = l.put(v, esc)
		}
	case isObject:
		out.keys = slices.Clone(it.keys)
		for i, k := range it.keys {
			if list, err := Pieces(k.name); err == nil {
				out.keys[i].name = l.fillIn(list, Plainly)
			}
			out.keys[i].value = l.put(k.value, within(k.name, esc))
		}
	}
	return &out
}

func (l *loader) row(name string) *item {
	if l.saved[name] {
		return nil
	}
	return l.scope[name]
}

// fillIn joins the pieces, with what the scope knows filled in.
func (l *loader) fillIn(list []Piece, esc Escape) string {
	var b strings.Builder
	for i, p := range list {
		v := l.row(p.Text)
		switch {
		case !p.Name:
			b.WriteString(strings.ReplaceAll(p.Text, "{{", "{{{{"))
		case v != nil:
			b.WriteString(keepTemplates(v.text, func(text string) string { return esc(text, i == 0) }))
		default:
			b.WriteString("{{" + p.Text + "}}")
		}
	}
	return b.String()
}

// references checks every variable in an item, and notes the secrets.
func (l *loader) references(it *item) {
	check := func(at int, text string) {
		if !strings.Contains(text, "{{") {
			return
		}
		list, err := Pieces(text)
		if err != nil {
			l.failAt(it.src, at, "", err.Error())
			return
		}
		for _, p := range list {
			if p.Name {
				l.reference(it.src, at, p.Text)
			}
		}
	}
	check(it.at, it.text)
	for _, v := range it.list {
		l.references(v)
	}
	for _, k := range it.keys {
		check(k.at, k.name)
		l.references(k.value)
	}
}

func (l *loader) reference(src *source, at int, name string) {
	if l.saved[name] || builtinName(name) {
		return
	}
	if secret, ok := strings.CutPrefix(name, "secret."); ok {
		l.j.Secrets = append(l.j.Secrets, secret)
		if l.o.SecretNames != nil && !slices.Contains(l.o.SecretNames, secret) {
			l.failAt(src, at, "", undefinedSecret(secret, l.o.SecretNames))
		}
		return
	}
	if _, ok := l.j.Vars[name]; ok {
		return
	}
	if _, ok := l.o.Vars[name]; ok {
		return
	}
	if l.o.Vars == nil && !strings.Contains(name, ".") {
		return // it may be configured
	}
	known := slices.Concat(slices.Sorted(maps.Keys(l.j.Vars)), slices.Sorted(maps.Keys(l.o.Vars)), slices.Sorted(maps.Keys(l.saved)), Builtins())
	text := fmt.Sprintf("variable {{%s}} is not defined here: not in vars, a data row or the configuration, nor saved by a step before", clip(name, 60))
	if meant := nearest(name, known); meant != "" {
		text += fmt.Sprintf("; did you mean {{%s}}?", meant)
	}
	l.failAt(src, at, "", text)
}

func undefinedSecret(name string, known []string) string {
	text := fmt.Sprintf("secret {{secret.%s}} is not configured", clip(name, 60))
	if meant := nearest(name, known); meant != "" {
		text += fmt.Sprintf("; did you mean {{secret.%s}}?", meant)
	} else if len(known) > 0 {
		text += "; configured: " + strings.Join(known, ", ")
	}
	return text
}
