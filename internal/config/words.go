package config

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// sort names what a node is.
func sort(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a section"
	case ast.SequenceType:
		return "a list"
	case ast.StringType, ast.LiteralType:
		return "text"
	case ast.IntegerType:
		return "a whole number"
	case ast.BoolType:
		return "true or false"
	case ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.NullType:
		return "nothing"
	default:
		return "something else"
	}
}

// accepted says what a field takes.
func (f field) accepted() []string {
	switch t := f.typ; {
	case t == durationType:
		return []string{"a duration from " + f.between() + ", such as 30s, 5m or 2d"}
	case t == secretType:
		return []string{"${NAME} of an environment variable", "file:/path of a file"}
	case t.Kind() == reflect.Int:
		return []string{"a whole number from " + f.between()}
	case t.Kind() == reflect.Float64:
		return []string{"a number from " + f.between()}
	case t.Kind() == reflect.Bool:
		return []string{"true", "false"}
	case f.texts():
		return []string{"names with their values, such as {name: value}"}
	case len(f.enum) > 0:
		return f.enum
	}
	if t, ok := section(f.typ); ok {
		return names(fieldsOf(t))
	}
	if f.typ.Kind() == reflect.String && formats[f.format].accepted == "text" {
		return []string{"text, in quotes when it looks like a number or a truth value"}
	}
	return []string{formats[f.format].accepted}
}

// firstToken returns where a node begins: of a mapping its first key.
func firstToken(n ast.Node) *token.Token {
	if n == nil {
		return nil
	}
	if m, ok := n.(ast.MapNode); ok {
		if it := m.MapRange(); it.Next() {
			return it.Key().GetToken()
		}
	}
	return n.GetToken()
}

// article puts the indefinite article before a noun.
func article(noun string) string {
	switch {
	case noun == "text" || strings.HasPrefix(noun, "keys "):
		return noun
	case strings.ContainsRune("aeio", rune(noun[0])):
		return "an " + noun
	default:
		return "a " + noun
	}
}

func sectionName(key string) string {
	if key == "" {
		return "the file"
	}
	return key
}

// clip shortens a value for a message.
func clip(s string) string {
	if r := []rune(mask(s)); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return mask(s)
}

// homes returns the sections that each known key belongs in.
func homes() map[string][]string {
	out := map[string][]string{}
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for _, f := range fieldsOf(t) {
			out[f.name] = append(out[f.name], sectionName(path))
			if inner, ok := section(f.typ); ok {
				walk(inner, join(path, f.name)+f.element())
			}
		}
	}
	walk(documentType, "")
	return out
}

// element marks the step from a list or a map to one of its sections.
func (f field) element() string {
	switch f.typ.Kind() {
	case reflect.Map:
		return ".<" + strings.TrimSuffix(f.name, "s") + ">"
	case reflect.Slice:
		return "[]"
	default:
		return ""
	}
}
