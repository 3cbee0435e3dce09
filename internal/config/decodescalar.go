package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// scalar decodes one text, number, duration, secret or truth value.
func (d *decoder) scalar(key string, n ast.Node, v reflect.Value, f field) {
	var text string
	isText := true
	switch t := n.(type) {
	case *ast.StringNode:
		text = t.Value
	case *ast.LiteralNode:
		text = strings.TrimSuffix(t.Value.Value, "\n")
	default:
		isText = false
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.wrongType(key, n, "true or false", f.accepted())
			return
		}
		v.SetBool(b.Value)
		return
	case reflect.Int:
		number, ok := n.(*ast.IntegerNode)
		if !ok {
			d.wrongType(key, n, "a whole number", f.accepted())
			return
		}
		text = number.GetToken().Value
	case reflect.Float64:
		if n.Type() != ast.IntegerType && n.Type() != ast.FloatType {
			d.wrongType(key, n, "a number", f.accepted())
			return
		}
		text = n.GetToken().Value
	default:
		if !isText {
			d.wrongType(key, n, article(f.kind()), f.accepted())
			return
		}
	}
	d.text(key, text, v, f)
}

// text decodes a scalar from its text: of the file, a default or a variable.
func (d *decoder) text(key, text string, v reflect.Value, f field) {
	refuse := func(wrong string, accepted []string) {
		p := Problem{Value: clip(text), Accepted: accepted}
		if f.typ == secretType {
			p.Value = ""
			p.Message = key + wrong
			d.fail(d.src.onValue(key, p))
			return
		}
		p.Message = fmt.Sprintf("%s: %s %s", key, strconv.Quote(clip(text)), wrong)
		d.fail(d.src.onValue(key, p))
	}
	switch {
	case f.typ == durationType:
		t, ok := parseDuration(text)
		low, _ := parseDuration(f.min)
		high, _ := parseDuration(f.max)
		switch {
		case !ok:
			refuse("is not a duration", f.accepted())
		case t < low || high > 0 && t > high:
			refuse("is out of range", f.accepted())
		default:
			v.SetInt(int64(t))
		}
	case f.typ == secretType:
		d.secret(key, text, v, f, refuse)
	case f.typ.Kind() == reflect.Int:
		i, err := strconv.Atoi(text)
		low, _ := strconv.Atoi(f.min)
		switch {
		case err != nil:
			refuse("is not a whole number", f.accepted())
		case i < low || i > f.limit(1<<31-1):
			refuse("is out of range", f.accepted())
		default:
			v.SetInt(int64(i))
		}
	case f.typ.Kind() == reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		low, _ := strconv.ParseFloat(f.min, 64)
		high, _ := strconv.ParseFloat(f.max, 64)
		switch {
		case err != nil:
			refuse("is not a number", f.accepted())
		case !(x >= low && x <= high):
			refuse("is out of range", f.accepted())
		default:
			v.SetFloat(x)
		}
	case f.typ.Kind() == reflect.Bool:
		v.SetBool(text == "true")
	default:
		if wrong, accepted := f.checkText(text); wrong != "" {
			refuse(wrong, accepted)
			return
		}
		v.SetString(text)
	}
}

// secret resolves a secret and checks what it stands for.
func (d *decoder) secret(key, text string, v reflect.Value, f field, refuse func(string, []string)) {
	if shownReference(": "+text) == redacted {
		d.hidden = append(d.hidden, text)
	}
	references := []string{"${NAME} of an environment variable", "file:/path of a file"}
	s, err := resolveSecret(text, d.src.dir, d.env)
	if err != nil {
		refuse(": "+err.Error(), references)
		return
	}
	if wrong, accepted := f.checkText(s.Reveal()); wrong != "" {
		refuse(" "+wrong, append(accepted, references...))
		return
	}
	if s.Reference() == "" && !f.literal && strings.HasPrefix(d.src.origins[key], "line") {
		d.warnings = append(d.warnings, d.src.onKey(key, Problem{
			Message:  key + " stands in clear in the file; whoever reads the file has it",
			Accepted: references,
		}))
	}
	v.Set(reflect.ValueOf(s))
}
