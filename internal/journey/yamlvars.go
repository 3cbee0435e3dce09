package journey

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// piece is a part of a text: plain, or the name of a variable.
type piece struct {
	text string
	name bool
}

// pieces splits a text at its {{variables}}; {{{{ stands for {{. It fails on
// what begins like a variable and is none.
func pieces(text string) ([]piece, error) {
	var out []piece
	var plain strings.Builder
	for text != "" {
		i := strings.Index(text, "{{")
		if i < 0 {
			plain.WriteString(text)
			break
		}
		plain.WriteString(text[:i])
		rest := text[i+2:]
		if after, ok := strings.CutPrefix(rest, "{{"); ok {
			plain.WriteString("{{")
			text = after
			continue
		}
		end := strings.Index(rest, "}}")
		if end < 0 || !variable(strings.TrimSpace(rest[:end])) {
			return nil, fmt.Errorf("%q begins a variable, such as {{name}}; write {{{{ for the braces themselves", clip(text[i:], 30))
		}
		if plain.Len() > 0 {
			out = append(out, piece{text: plain.String()})
			plain.Reset()
		}
		out = append(out, piece{text: strings.TrimSpace(rest[:end]), name: true})
		text = rest[end+2:]
	}
	if plain.Len() > 0 {
		out = append(out, piece{text: plain.String()})
	}
	return out, nil
}

// variable reports a name as it may stand between braces.
func variable(name string) bool {
	if name == "" || len(name) > 80 || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

// names are the variables in a text.
func names(text string) []string {
	list, err := pieces(text)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range list {
		if p.name {
			out = append(out, p.text)
		}
	}
	return out
}

// keepTemplates encodes a text and leaves its variables to be filled in.
func keepTemplates(text string, encode func(string) string) string {
	list, err := pieces(text)
	if err != nil {
		return encode(text)
	}
	var b strings.Builder
	for _, p := range list {
		if p.name {
			b.WriteString("{{" + p.text + "}}")
		} else {
			b.WriteString(strings.ReplaceAll(encode(p.text), "{{", "{{{{"))
		}
	}
	return b.String()
}

// templated reports whether anything in an item is to be filled in.
func templated(it *item) bool {
	return strings.Contains(it.text, "{{") ||
		slices.ContainsFunc(it.list, templated) ||
		slices.ContainsFunc(it.keys, func(k key) bool { return strings.Contains(k.name, "{{") || templated(k.value) })
}

// substitute returns the item with the values of the data row and of run's with
// in their places, unless a step has kept a value of that name. A text that is
// one variable alone becomes what the row holds: a number, for instance.
func (l *loader) substitute(it *item) *item { return l.put(it, plainly) }

// within says how a value is written under a key, so that it stays one.
func within(name string, other escape) escape {
	switch {
	case name == "open", name == "url", slices.Contains(methods(), name):
		return inAddress
	case name == "until", name == "expression":
		return inScript
	case name == "regex":
		return inPattern
	case name == "json", name == "form", name == "with":
		return plainly
	}
	return other
}

func (l *loader) put(it *item, esc escape) *item {
	if len(l.scope) == 0 || !templated(it) {
		return it
	}
	out := *it
	switch it.kind {
	case isString:
		list, err := pieces(it.text)
		if err != nil {
			return it
		}
		if len(list) == 1 && list[0].name {
			if v := l.row(list[0].text); v != nil {
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
			if list, err := pieces(k.name); err == nil {
				out.keys[i].name = l.fillIn(list, plainly)
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
func (l *loader) fillIn(list []piece, esc escape) string {
	var b strings.Builder
	for i, p := range list {
		v := l.row(p.text)
		switch {
		case !p.name:
			b.WriteString(strings.ReplaceAll(p.text, "{{", "{{{{"))
		case v != nil:
			b.WriteString(keepTemplates(v.text, func(text string) string { return esc(text, i == 0) }))
		default:
			b.WriteString("{{" + p.text + "}}")
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
		list, err := pieces(text)
		if err != nil {
			l.failAt(it.src, at, "", err.Error())
			return
		}
		for _, p := range list {
			if p.name {
				l.reference(it.src, at, p.text)
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
	if l.saved[name] || builtins()[name] != nil {
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
	known := slices.Concat(slices.Sorted(maps.Keys(l.j.Vars)), slices.Sorted(maps.Keys(l.o.Vars)), slices.Sorted(maps.Keys(l.saved)), slices.Sorted(maps.Keys(builtins())))
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
