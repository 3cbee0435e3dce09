package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printer writes for people. Every string that goes through it loses its
// control characters; colours are a type of their own, so that no text from
// outside can make one.
type printer struct {
	w        io.Writer
	colour   bool
	terminal bool
}

// styled is text with a colour of ours.
type styled struct {
	code string // SGR parameters, "" for none
	text string
}

func (p *printer) style(code, text string) styled {
	if !p.colour {
		code = ""
	}
	return styled{code, text}
}

func (p *printer) bold(s string) styled   { return p.style("1", s) }
func (p *printer) dim(s string) styled    { return p.style("2", s) }
func (p *printer) red(s string) styled    { return p.style("31;1", s) }
func (p *printer) green(s string) styled  { return p.style("32", s) }
func (p *printer) yellow(s string) styled { return p.style("33", s) }

// plain returns text without a style.
func plain(s string) styled { return styled{text: s} }

// String returns the text with its colour, cleaned, on one line.
func (s styled) String() string {
	text := oneLine(s.text)
	if s.code == "" || text == "" {
		return text
	}
	return "\x1b[" + s.code + "m" + text + "\x1b[0m"
}

// line writes its parts (strings and styled ones) and ends the line.
func (p *printer) line(parts ...any) {
	var b strings.Builder
	for _, part := range parts {
		switch v := part.(type) {
		case styled:
			b.WriteString(v.String())
		case string:
			b.WriteString(oneLine(v))
		default:
			b.WriteString(oneLine(fmt.Sprint(v)))
		}
	}
	b.WriteByte('\n')
	_, _ = io.WriteString(p.w, b.String())
}

// text writes several lines, cleaned.
func (p *printer) text(s string) {
	_, _ = io.WriteString(p.w, strings.TrimRight(clean(s), "\n")+"\n")
}

// problem writes "postflight: label: message"; further lines stand below.
func (p *printer) problem(label string, style func(string) styled, message string) {
	first, rest, more := strings.Cut(clean(message), "\n")
	p.line("postflight: ", style(label+":"), " ", first)
	if more {
		p.text(rest)
	}
}

// json writes v as indented JSON that is safe to show.
func (p *printer) json(v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	_, err := io.WriteString(p.w, escapeJSON(b.String()))
	return err
}

// escapeJSON writes the controls that encoding/json leaves in (DEL, C1 and
// the directional ones) as escapes: the same value, and harmless.
func escapeJSON(s string) string {
	if !strings.ContainsFunc(s, hostile) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hostile(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hostile reports whether a rune can move a cursor, colour a terminal or
// reorder a line. Line feeds and tabs are the caller's to judge.
func hostile(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r):
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
		return true
	}
	return false
}

// clean replaces what could command a terminal; line feeds and tabs stay.
func clean(s string) string {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	return strings.Map(func(r rune) rune {
		if hostile(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// oneLine cleans text and folds its line feeds and tabs.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, clean(s))
}

// shorten cuts text to n runes.
func shorten(s string, n int) string {
	r := []rune(oneLine(s))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// count writes "1 release", "3 releases".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
