package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Effective prints the configuration as it counts, as YAML that Load accepts
// again when no secret stands in clear: defaults filled in, paths absolute,
// secrets as their reference or "[redacted]", and behind each value where it
// came from.
func (c *Config) Effective() string {
	var b strings.Builder
	doc := *c.doc
	doc.Server = c.Server
	e := effective{b: &b, src: c.src}
	e.section("", "", reflect.ValueOf(doc))
	return b.String()
}

type effective struct {
	b   *strings.Builder
	src *source
}

// section prints every key of a section that has a value.
func (e effective) section(key, indent string, v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		e.value(join(key, f.name), indent, f, v.Field(f.index))
	}
}

func (e effective) value(key, indent string, f field, v reflect.Value) {
	if f.typ.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	_, isSection := section(f.typ)
	switch {
	case f.texts():
		e.texts(key, indent, f, v)
	case v.Kind() == reflect.Map:
		e.entries(key, indent, f, v)
	case v.Kind() == reflect.Slice && isSection:
		if v.Len() > 0 {
			fmt.Fprintf(e.b, "%s%s:\n", indent, f.name)
		}
		for i := range v.Len() {
			fmt.Fprintf(e.b, "%s  -\n", indent)
			e.section(fmt.Sprintf("%s[%d]", key, i), indent+"    ", v.Index(i))
		}
	case v.Kind() == reflect.Slice:
		if v.Len() > 0 {
			items := make([]string, v.Len())
			for i := range items {
				items[i] = strconv.Quote(v.Index(i).String())
			}
			e.line(key, indent, f.name, "["+strings.Join(items, ", ")+"]")
		}
	case isSection:
		fmt.Fprintf(e.b, "%s%s:\n", indent, f.name)
		e.section(key, indent+"  ", v)
	default:
		if text := show(v); text != "" {
			e.line(key, indent, f.name, text)
		}
	}
}

// entries prints sections by name, in file order.
func (e effective) entries(key, indent string, f field, v reflect.Value) {
	if v.Len() == 0 {
		return
	}
	fmt.Fprintf(e.b, "%s%s:\n", indent, f.name)
	byName := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		byName[k.String()] = v.MapIndex(k).Elem()
	}
	for _, name := range ordered(e.src, key, byName) {
		fmt.Fprintf(e.b, "%s  %s:\n", indent, quote(name))
		e.section(join(key, name), indent+"    ", byName[name])
	}
}

// texts prints texts or secrets by name, in file order.
func (e effective) texts(key, indent string, f field, v reflect.Value) {
	if v.Len() == 0 {
		return
	}
	fmt.Fprintf(e.b, "%s%s:\n", indent, f.name)
	byName := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		byName[k.String()] = v.MapIndex(k)
	}
	for _, name := range ordered(e.src, key, byName) {
		text := show(byName[name])
		if text == "" {
			text = `""`
		}
		e.line(join(key, name), indent+"  ", quote(name), text)
	}
}

func (e effective) line(key, indent, name, text string) {
	origin := e.src.origins[key]
	if origin == "" {
		origin = "default"
	}
	fmt.Fprintf(e.b, "%s%s: %s # %s\n", indent, name, text, origin)
}

// show prints one scalar; "" when it is not set.
func show(v reflect.Value) string {
	switch t := v.Interface().(type) {
	case time.Duration:
		if t == 0 {
			return ""
		}
		return formatDuration(t)
	case Secret:
		if t.IsZero() {
			return ""
		}
		return quote(t.shown())
	case int:
		if t == 0 {
			return "" // no key takes it: it means that nothing was said
		}
		return strconv.Itoa(t)
	case float64:
		if t == 0 {
			return ""
		}
		return strconv.FormatFloat(t, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(t)
	case string:
		if t == "" {
			return ""
		}
		return quote(t)
	default:
		return fmt.Sprint(t)
	}
}

// plainText is what YAML reads as text without quotes, but for its keywords.
var (
	plainText = regexp.MustCompile(`^(https?://)?[A-Za-z/][A-Za-z0-9._/-]*(:[0-9]+)?[A-Za-z0-9._/-]*$`)
	keyword   = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)
)

// quote writes text so that YAML reads the same text.
func quote(s string) string {
	if plainText.MatchString(s) && !keyword.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}
