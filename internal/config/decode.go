package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var documentType = reflect.TypeFor[document]()

// maxAliases bounds how many aliases are followed, so that a few lines cannot
// stand for millions.
const maxAliases = 1000

// decoder fills the document from the syntax tree and collects everything
// that is wrong with it, instead of stopping at the first.
type decoder struct {
	src      *source
	env      map[string]string
	anchors  map[string]ast.Node
	aliases  int
	hidden   []string // texts of secrets that stand in the file
	problems []Problem
	warnings []Warning
}

func (d *decoder) fail(p Problem) { d.problems = append(d.problems, p) }

// Visit collects the anchors (ast.Visitor).
func (d *decoder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		name := a.Name.GetToken().Value
		if _, twice := d.anchors[name]; twice {
			d.fail(d.src.at(tokenPlace(a.Name.GetToken()), Problem{Message: fmt.Sprintf("anchor &%s stands twice", name)}))
		}
		d.anchors[name] = a.Value
	}
	return d
}

// resolve follows anchors and aliases to the node that counts; nil when there
// is none, and the problem is already told.
func (d *decoder) resolve(key string, n ast.Node) ast.Node {
	for {
		switch t := n.(type) {
		case *ast.AnchorNode:
			n = t.Value
		case *ast.AliasNode:
			name := t.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.fail(d.src.onValue(key, Problem{Message: fmt.Sprintf("alias *%s has no anchor", name)}))
				return nil
			}
			if d.aliases++; d.aliases > maxAliases {
				if d.aliases == maxAliases+1 {
					d.fail(d.src.onValue(key, Problem{Message: fmt.Sprintf("more than %d aliases", maxAliases)}))
				}
				return nil
			}
			n = target
		case *ast.TagNode:
			d.fail(d.src.onValue(key, Problem{Message: "type tags are not accepted"}))
			return nil
		default:
			return n
		}
	}
}

// value decodes n into v, which is described by f.
func (d *decoder) value(key string, n ast.Node, v reflect.Value, f field) {
	if n != nil && n.GetToken() != nil {
		if where := tokenPlace(n.GetToken()); where.line > 0 && scalar(n) {
			where.hide = f.typ == secretType
			if !where.hide {
				d.src.values[key] = where
			}
		}
	}
	n = d.resolve(key, n)
	if n == nil {
		return
	}
	if n.Type() == ast.NullType {
		d.fail(d.src.onKey(key, Problem{Message: key + " has no value", Accepted: f.accepted()}))
		return
	}
	switch _, isSection := section(f.typ); {
	case f.texts():
		d.texts(key, n, v, f)
	case f.typ.Kind() == reflect.Map:
		d.mapping(key, n, v, f)
	case f.typ.Kind() == reflect.Slice:
		d.list(key, n, v, f)
	case isSection:
		if f.typ.Kind() == reflect.Pointer {
			v.Set(reflect.New(f.typ.Elem()))
			v = v.Elem()
		}
		d.structure(key, lengthen(n, f), v)
	default:
		d.scalar(key, n, v, f)
	}
}

func scalar(n ast.Node) bool {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType, ast.SequenceType, ast.NullType:
		return false
	}
	return true
}

// entry is one key of a mapping.
type entry struct {
	name  string
	place place
	value ast.Node
}

// entries returns the keys of a mapping in their order, each once.
func (d *decoder) entries(key string, n ast.Node) ([]entry, bool) {
	m, ok := n.(ast.MapNode)
	if !ok {
		return nil, false
	}
	var out []entry
	seen := map[string]int{}
	for it := m.MapRange(); it.Next(); {
		where := tokenPlace(it.Key().GetToken())
		name, ok := it.Key().(*ast.StringNode)
		switch {
		case it.Key().IsMergeKey():
			d.fail(d.src.at(where, Problem{Key: key, Message: "merge keys (<<) are not accepted; write the keys out"}))
			continue
		case !ok:
			d.fail(d.src.at(where, Problem{
				Key: key, Value: it.Key().GetToken().Value,
				Message: "a key must be plain text", Accepted: []string{"text, in quotes when it looks like a number"},
			}))
			continue
		}
		if line, twice := seen[name.Value]; twice {
			d.fail(d.src.at(where, Problem{
				Key:     join(key, name.Value),
				Message: fmt.Sprintf("key %q stands twice; first on line %d", clip(name.Value), line),
			}))
			continue
		}
		seen[name.Value] = where.line
		out = append(out, entry{name: name.Value, place: where, value: it.Value()})
	}
	return out, true
}

// structure decodes a section and tells every unknown, missing or exclusive
// key of it.
func (d *decoder) structure(key string, n ast.Node, v reflect.Value) {
	fields := fieldsOf(v.Type())
	entries, ok := d.entries(key, n)
	if !ok {
		d.conceal(key, n, v.Type())
		d.wrongType(key, n, "a section", names(fields))
		return
	}
	met, meant := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.name })
		if i < 0 {
			meant[d.unknown(key, e, fields)] = true
			continue
		}
		full := join(key, e.name)
		e.place.hide = fields[i].typ == secretType
		d.src.keys[full] = e.place
		d.src.origins[full] = fmt.Sprintf("line %d", e.place.line)
		met[e.name] = true
		d.value(full, e.value, v.Field(fields[i].index), fields[i])
	}
	for _, f := range fields {
		if met[f.name] {
			continue
		}
		if f.required && !meant[f.name] {
			d.fail(d.src.onKey(key, Problem{
				Message: fmt.Sprintf("%s needs %s: %s", sectionName(key), f.name, f.doc), Accepted: f.accepted(),
			}))
		}
		d.fallback(join(key, f.name), v.Field(f.index), f)
	}
	d.groups(key, fields, met, meant)
}

// groups tells sections of which exactly one key of a group must be there.
func (d *decoder) groups(key string, fields []field, met, meant map[string]bool) {
	members := map[string][]string{}
	var order []string
	for _, f := range fields {
		if f.group != "" {
			if len(members[f.group]) == 0 {
				order = append(order, f.group)
			}
			members[f.group] = append(members[f.group], f.name)
		}
	}
	for _, g := range order {
		var there []string
		slip := false
		for _, name := range members[g] {
			if met[name] {
				there = append(there, name)
			}
			slip = slip || meant[name]
		}
		switch {
		case len(there) > 1:
			d.fail(d.src.onKey(join(key, there[1]), Problem{
				Message:  fmt.Sprintf("%s needs exactly one %s, but has %s", sectionName(key), g, strings.Join(there, " and ")),
				Accepted: members[g],
			}))
		case len(there) == 0 && !slip:
			d.fail(d.src.onKey(key, Problem{
				Message: fmt.Sprintf("%s needs exactly one %s", sectionName(key), g), Accepted: members[g],
			}))
		}
	}
}

// unknown tells an unknown key and returns the known one that was meant.
func (d *decoder) unknown(key string, e entry, fields []field) string {
	known := names(fields)
	meant := nearest(e.name, known)
	for _, f := range fields {
		e.place.hide = e.place.hide || f.typ == secretType
	}
	p := Problem{
		Key: join(key, e.name), Nearest: meant, Accepted: known,
		Message: fmt.Sprintf("unknown key %q in %s", clip(e.name), sectionName(key)),
	}
	if meant == "" {
		if home := homes()[e.name]; len(home) == 1 {
			p.Message += "; it belongs in " + home[0]
		}
	}
	where := d.src.at(e.place, p)
	where.Key = p.Key
	d.fail(where)
	return meant
}

// fallback sets what an absent key means.
func (d *decoder) fallback(key string, v reflect.Value, f field) {
	if t, ok := section(f.typ); ok && f.typ.Kind() == reflect.Struct {
		for _, inner := range fieldsOf(t) {
			d.fallback(join(key, inner.name), v.Field(inner.index), inner)
		}
		return
	}
	if f.fallback != "" {
		d.src.origins[key] = "default"
		d.text(key, f.fallback, v, f)
	}
}

// mapping decodes sections by name.
func (d *decoder) mapping(key string, n ast.Node, v reflect.Value, f field) {
	entries, ok := d.entries(key, n)
	if !ok || len(entries) == 0 {
		d.conceal(key, n, f.typ)
		d.wrongType(key, n, "a section by name", []string{"at least one name with its section"})
		return
	}
	if most := f.limit(1000); len(entries) > most {
		d.fail(d.src.onKey(key, Problem{Message: fmt.Sprintf("%s has %d entries; at most %d are accepted", key, len(entries), most)}))
		return
	}
	out := reflect.MakeMapWithSize(f.typ, len(entries))
	for _, e := range entries {
		if !idShape.MatchString(e.name) {
			d.fail(d.src.at(e.place, Problem{
				Key: key, Value: clip(e.name), Message: fmt.Sprintf("%q is not a name for an entry of %s", clip(e.name), key),
				Accepted: []string{formats["id"].accepted},
			}))
			continue
		}
		full := join(key, e.name)
		d.src.keys[full] = e.place
		element := reflect.New(f.typ.Elem()).Elem()
		d.value(full, e.value, element, field{typ: f.typ.Elem()})
		if !element.IsNil() {
			out.SetMapIndex(reflect.ValueOf(e.name), element)
		}
	}
	v.Set(out)
}

// lengthen returns the section that a lone text stands for.
func lengthen(n ast.Node, f field) ast.Node {
	if f.short == "" || n.Type() != ast.StringType {
		return n
	}
	t := n.GetToken()
	list := ast.Sequence(t, true)
	list.Values = []ast.Node{n}
	name := *t
	name.Value = f.short
	entry := ast.MappingValue(t, ast.String(&name), list)
	return ast.Mapping(t, true, entry)
}

// texts decodes texts or secrets by name.
func (d *decoder) texts(key string, n ast.Node, v reflect.Value, f field) {
	entries, ok := d.entries(key, n)
	if !ok || len(entries) == 0 {
		if f.typ.Elem() == secretType && scalar(n) {
			d.hidden = append(d.hidden, n.GetToken().Value)
			d.fail(d.src.onKey(parent(key), Problem{Message: key + " is not names with their values", Accepted: f.accepted()}))
			return
		}
		d.wrongType(key, n, "names with their values", f.accepted())
		return
	}
	if most := f.limit(100); len(entries) > most {
		d.fail(d.src.onKey(key, Problem{Message: fmt.Sprintf("%s has %d entries; at most %d are accepted", key, len(entries), most)}))
		return
	}
	element := f
	element.typ, element.min, element.max = f.typ.Elem(), "", ""
	out := reflect.MakeMapWithSize(f.typ, len(entries))
	for _, e := range entries {
		if !nameShape.MatchString(e.name) {
			d.fail(d.src.at(e.place, Problem{
				Key: key, Value: clip(e.name), Message: fmt.Sprintf("%q is not a name for an entry of %s", clip(e.name), key),
				Accepted: []string{"letters, digits and _, not starting with a digit"},
			}))
			continue
		}
		full := join(key, e.name)
		e.place.hide = element.typ == secretType
		d.src.keys[full] = e.place
		d.src.origins[full] = fmt.Sprintf("line %d", e.place.line)
		item := reflect.New(element.typ).Elem()
		d.value(full, e.value, item, element)
		out.SetMapIndex(reflect.ValueOf(e.name), item)
	}
	v.Set(out)
}

// list decodes a list of sections or texts.
func (d *decoder) list(key string, n ast.Node, v reflect.Value, f field) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrongType(key, n, "a list", []string{"a list, such as [" + f.kindOfElement() + "]"})
		return
	}
	switch most := f.limit(100); {
	case len(seq.Values) == 0:
		d.fail(d.src.onKey(key, Problem{Message: key + " is an empty list", Accepted: []string{"at least one entry"}}))
		return
	case len(seq.Values) > most:
		d.fail(d.src.onKey(key, Problem{Message: fmt.Sprintf("%s has %d entries; at most %d are accepted", key, len(seq.Values), most)}))
		return
	}
	element := f
	element.typ, element.min, element.max = f.typ.Elem(), "", ""
	out := reflect.MakeSlice(f.typ, len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		full := fmt.Sprintf("%s[%d]", key, i)
		if where := tokenPlace(firstToken(item)); where.line > 0 {
			d.src.keys[full] = where
			d.src.origins[full] = fmt.Sprintf("line %d", where.line)
		}
		d.value(full, item, out.Index(i), element)
	}
	v.Set(out)
}

func (f field) kindOfElement() string {
	if f.example != "" && f.format != "" {
		return f.example
	}
	return "…, …"
}

// wrongType tells that something else was expected.
func (d *decoder) wrongType(key string, n ast.Node, want string, accepted []string) {
	p := Problem{Accepted: accepted}
	switch {
	case key == "":
		p.Message = "the file must hold keys and values, not " + sort(n)
	case scalar(n) && !d.src.keys[key].hide:
		p.Value = clip(n.GetToken().Value)
		shown := p.Value
		if n.Type() == ast.StringType || n.Type() == ast.LiteralType {
			shown = strconv.Quote(shown)
		}
		p.Message = fmt.Sprintf("%s: %s is %s, not %s", key, shown, sort(n), want)
	default:
		p.Message = fmt.Sprintf("%s is %s, not %s", key, sort(n), want)
	}
	d.fail(d.src.onValue(key, p))
}
