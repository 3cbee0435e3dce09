package config

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// field is one key of a section, read from the tags of its struct.
type field struct {
	index    int
	name     string
	doc      string
	fallback string // decoded when the key is absent
	means    string // what absence means, in words
	example  string
	format   string
	group    string
	env      string
	enum     []string
	min, max string
	required bool
	literal  bool
	empty    bool
	short    string
	typ      reflect.Type
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
)

// fieldsOf returns the keys of a section in their order.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		name := sf.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		f := field{
			index: i, name: name, typ: sf.Type,
			doc: sf.Tag.Get("doc"), fallback: sf.Tag.Get("default"), means: sf.Tag.Get("means"),
			example: sf.Tag.Get("example"), format: sf.Tag.Get("format"), group: sf.Tag.Get("group"),
			env: sf.Tag.Get("env"), min: sf.Tag.Get("min"), max: sf.Tag.Get("max"),
			required: sf.Tag.Get("required") != "", literal: sf.Tag.Get("literal") != "",
			empty: sf.Tag.Get("empty") != "", short: sf.Tag.Get("short"),
		}
		if e := sf.Tag.Get("enum"); e != "" {
			f.enum = strings.Split(e, ",")
		}
		out = append(out, f)
	}
	return out
}

// names returns the keys' names.
func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

// section returns the struct that t, or what t points at or holds, is; ok is
// false for a scalar.
func section(t reflect.Type) (reflect.Type, bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct && t != secretType
}

// kind names the type of a field as people call it.
func (f field) kind() string {
	switch t := f.typ; {
	case t == durationType:
		return "duration"
	case t == secretType:
		return "secret"
	case t.Kind() == reflect.Int:
		return "whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "number"
	case f.texts() && t.Elem() == secretType:
		return "secrets by name"
	case f.texts():
		return "texts by name"
	case t.Kind() == reflect.Map:
		return "section by name"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "list of sections"
	case t.Kind() == reflect.Slice:
		return "list of " + formats[f.format].plural
	case t.Kind() == reflect.String:
		return formats[f.format].name
	default:
		return "section"
	}
}

// texts reports whether the field is texts or secrets by name.
func (f field) texts() bool {
	_, isSection := section(f.typ)
	return f.typ.Kind() == reflect.Map && !isSection
}

// limit returns the field's maximum as a count, or fallback.
func (f field) limit(fallback int) int {
	if n, err := strconv.Atoi(f.max); err == nil {
		return n
	}
	return fallback
}
