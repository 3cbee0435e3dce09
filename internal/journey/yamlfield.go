package journey

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// section reads the keys of one mapping. Every key that is asked for is known;
// close refuses the others.
type section struct {
	l     *loader
	it    *item
	what  string // for messages: "click", "a step"
	asked []string
}

func (l *loader) section(it *item, what string) *section {
	return &section{l: l, it: it, what: what}
}

// fail notes a problem at an item.
func (l *loader) fail(it *item, field, format string, args ...any) {
	l.failAt(it.src, it.at, field, fmt.Sprintf(format, args...))
}

func (l *loader) failAt(src *source, at int, field, message string) {
	if len(l.bad) < 10*maxProblems {
		l.bad = append(l.bad, src.problem(at, Problem{Step: l.step, Type: l.kind, Field: field, Message: message}))
	}
}

// has reports that a key is there, without reading it.
func (s *section) has(name string) bool { return s.it.get(name) != nil }

// know makes keys known that are not read.
func (s *section) know(names ...string) {
	for _, name := range names {
		if !slices.Contains(s.asked, name) {
			s.asked = append(s.asked, name)
		}
	}
}

// get returns the value of a key; nil when it is not there, or is nothing.
func (s *section) get(name string) *item {
	s.know(name)
	it := s.it.get(name)
	if it != nil && it.kind == isNull {
		s.l.fail(it, name, "has no value")
		return nil
	}
	return it
}

// close refuses the keys that nobody asked for.
func (s *section) close() {
	for _, k := range s.it.keys {
		if !slices.Contains(s.asked, k.name) && !strings.HasPrefix(k.name, "x-") {
			s.l.failAt(k.value.src, k.at, k.name, unknown("key", k.name, s.what, s.asked))
		}
	}
}

// unknown says that a word is not known, which is nearest and which are.
func unknown(noun, word, where string, known []string) string {
	text := fmt.Sprintf("unknown %s %q in %s", noun, clip(word, 60), where)
	if meant := nearest(word, known); meant != "" {
		text += fmt.Sprintf("; did you mean %q?", meant)
	} else {
		text += ";"
	}
	return text + " accepted: " + strings.Join(known, ", ")
}

// of returns the value of a key when it is of this kind.
func (s *section) of(name string, kind byte) *item {
	it := s.get(name)
	if it != nil && it.kind != kind {
		s.l.fail(it, name, "must be %s, not %s", (&item{kind: kind}).article(), it.article())
		return nil
	}
	return it
}

// text reads a scalar as it is written.
func (s *section) text(name string) string {
	it := s.get(name)
	if it == nil {
		return ""
	}
	return s.l.scalar(it, name)
}

func (l *loader) scalar(it *item, name string) string {
	if !it.scalar() {
		l.fail(it, name, "must be text, not %s", it.article())
		return ""
	}
	if len(it.text) > maxScalar {
		l.fail(it, name, "is longer than %d bytes", maxScalar)
		return ""
	}
	return it.text
}

const maxScalar = 64 << 10

// need is text that must be there and not be empty.
func (s *section) need(name string) string {
	text := s.text(name)
	if it := s.it.get(name); it == nil {
		s.l.fail(s.it, name, "is missing in %s", s.what)
	} else if it.kind == isString && strings.TrimSpace(text) == "" {
		s.l.fail(it, name, "is empty")
	}
	return text
}

// texts reads one text or a list of them.
func (s *section) texts(name string) []string {
	it := s.get(name)
	if it == nil {
		return nil
	}
	list := []*item{it}
	if it.kind == isArray {
		list = it.list
	}
	if len(list) == 0 {
		s.l.fail(it, name, "is empty")
	}
	var out []string
	for _, one := range list {
		out = append(out, s.l.scalar(one, name))
	}
	return out
}

func (s *section) flag(name string) *bool {
	it := s.of(name, isBool)
	if it == nil {
		return nil
	}
	v := it.text == "true"
	return &v
}

func (s *section) on(name string) bool {
	v := s.flag(name)
	return v != nil && *v
}

// number reads a number within bounds.
func (s *section) number(name string, least, most float64) (float64, bool) {
	it := s.of(name, isNumber)
	if it == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(it.text, 64)
	if err != nil || v < least || v > most || math.IsNaN(v) {
		s.l.fail(it, name, "must be a number from %g to %g", least, most)
		return 0, false
	}
	return v, true
}

func (s *section) whole(name string, least, most int) (int, bool) {
	v, ok := s.number(name, float64(least), float64(most))
	if ok && v != math.Trunc(v) {
		s.l.fail(s.it.get(name), name, "must be a whole number from %d to %d", least, most)
		return 0, false
	}
	return int(v), ok
}

// duration reads one like 500ms or 1m30s.
func (s *section) duration(name string, most time.Duration) time.Duration {
	it := s.get(name)
	if it == nil {
		return 0
	}
	return s.l.duration(it, name, most)
}

func (l *loader) duration(it *item, name string, most time.Duration) time.Duration {
	d, err := time.ParseDuration(l.scalar(it, name))
	if err != nil || d <= 0 || d > most {
		l.fail(it, name, "%q is not a duration from 1ms to %s, such as 500ms or 8s", clip(it.text, 40), most)
		return 0
	}
	return d
}
