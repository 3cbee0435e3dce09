package tally

import (
	"bytes"

	"github.com/postflight/postflight/internal/logline"
)

// guess finds out by itself what somebody puts before every line: names of
// containers and tasks ("web-1  | text", "[unit] text", "#12 0.3 text") and times
// of a kind that no CI system prints. Two lines below each other that begin alike
// are enough for a name; for times, which loggers print too, one of them must be
// blank or indented behind its time, as no logger's is.
type guess struct {
	form dress
	name string
	line int  // of the log
	void bool // a time stood before nothing, or before indentation
	told bool
	kept []logline.Line // those that began alike, to be read again when the guess is made
}

// dress is how a line is prefixed.
type dress byte

// The forms.
const (
	plainForm   dress = iota
	pipeForm          // name  | text
	bracketForm       // [name] text
	stepForm          // #12 0.345 text
	timeForm          // 10:00:00 text, [2026-05-01 10:00:00,123] text, May  1 10:00:00 text
)

// probing reports whether a line is looked at: the first ones, and two of each
// 128, so that a flood costs nothing.
func (g *guess) probing(line int) bool { return !g.told && (line <= 32 || line&127 < 2) }

// look reads a line and, when it and the one above it are prefixed alike, has the
// reader split all that follow.
func (g *guess) look(r *Reader, text []byte) {
	if !g.probing(r.lines) {
		return
	}
	f, name, rest := formOf(text)
	if f == timeForm {
		if named, n, behind := formOf(rest); named == pipeForm {
			f, name, rest = named, n, behind
		}
	}
	same := f != plainForm && f == g.form && g.line == r.lines-1 && (f == timeForm || f == stepForm || g.name == string(name))
	void := len(bytes.TrimRight(rest, " ")) == 0 || rest[0] == ' ' || rest[0] == '\t'
	if same && (f != timeForm || void || g.void || bytes.Contains(text[:min(len(text), 30)], []byte("][Step "))) {
		g.told = true
		two := f == timeForm && g.spaced(text)
		r.split = func(text []byte) (name, rest []byte, ok bool) {
			name, rest, ok = splitForm(text, f)
			if two && len(rest) > 0 && rest[0] == ' ' {
				rest = rest[1:]
			}
			return name, rest, ok
		}
		r.doubly = f == pipeForm || f == bracketForm
		g.again(r)
		return
	}
	if !same {
		g.kept = g.kept[:0]
	}
	g.void = void || same && g.void
	g.form, g.name, g.line = f, string(name), r.lines
	if f != plainForm {
		g.kept = append(g.kept, logline.Line{Number: r.lines, Text: bytes.Clone(text)})
	}
}

// again reads the lines above that were prefixed alike, without their prefix.
func (g *guess) again(r *Reader) {
	for _, l := range g.kept {
		if name, rest, ok := r.split(l.Text); ok {
			trimmed := bytes.TrimLeft(rest, " \t")
			l.Indent, l.Text = len(rest)-len(trimmed), trimmed
			r.give(r.lane(string(name)), l)
		}
	}
	g.kept = nil
}

// spaced reports whether two spaces stand behind every time, as Jenkins puts them.
func (g *guess) spaced(last []byte) bool {
	for _, text := range append(g.kept, logline.Line{Text: last}) {
		if _, _, rest := formOf(text.Text); len(rest) > 0 && rest[0] != ' ' {
			return false
		}
	}
	return true
}

// splitForm splits a line by one form; a name may stand behind a time.
func splitForm(text []byte, want dress) (name, rest []byte, ok bool) {
	f, name, rest := formOf(text)
	if f == timeForm && want != timeForm {
		f, name, rest = formOf(rest)
	}
	if f != want {
		return nil, nil, false
	}
	if f == stepForm || f == timeForm {
		name = name[:0]
	}
	return name, rest, true
}

// formOf finds the prefix of a line.
func formOf(text []byte) (f dress, name, rest []byte) {
	if len(text) < 3 {
		return plainForm, nil, nil
	}
	switch c := text[0]; {
	case c == '#':
		if name, rest, ok := buildkit(text); ok {
			return stepForm, name, rest
		}
	case c == '[' && !digit(text[1]):
		i := bytes.IndexByte(text, ']')
		if i > 1 && i < 60 && (i+1 == len(text) || text[i+1] == ' ') && called(text[1:i]) {
			return bracketForm, text[1:i], text[min(i+2, len(text)):]
		}
	default:
		if n := clock(text); n > 0 {
			return timeForm, nil, text[n:]
		}
		if i := bytes.IndexByte(text[:min(len(text), 80)], '|'); i > 1 && text[i-1] == ' ' && (i+1 == len(text) || text[i+1] == ' ') {
			if name := bytes.TrimRight(text[:i], " "); called(name) {
				return pipeForm, name, text[min(i+2, len(text)):]
			}
		}
	}
	return plainForm, nil, nil
}

// called reports whether a text can be the name of a task or container, and is
// not how loud a logger's line is.
func called(name []byte) bool {
	letters := false
	for _, c := range name {
		letters = letters || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	if !letters || !token(string(name)) {
		return false
	}
	switch string(bytes.ToLower(name)) {
	case "info", "warn", "warning", "error", "debug", "trace", "fatal", "notice", "critical", "severe", "fine", "log", "verbose", "ok", "fail", "failed", "success", "done", "skip":
		return false
	}
	return true
}

// clock returns the length of a time and the one space behind it, 0 when the line
// does not begin with one.
func clock(b []byte) int {
	i, end := 0, byte(' ')
	if b[0] == '[' {
		i, end = 1, ']'
	}
	rest := b[i:]
	switch {
	case timed(rest, "0000-00-00 00:00:00"), timed(rest, "0000-00-00T00:00:00"):
		i += 19
	case timed(rest, "00:00:00"):
		i += 8
	case len(rest) > 15 && month(rest) && timed(rest[6:], " 00:00:00") && digit(rest[5]) && (rest[4] == ' ' || digit(rest[4])):
		i += 15
	default:
		return 0
	}
	if i+1 < len(b) && (b[i] == '.' || b[i] == ',') && digit(b[i+1]) {
		for i++; i < len(b) && digit(b[i]); i++ {
		}
	}
	if i < len(b) && b[i] == 'Z' {
		i++
	} else if timed(b[min(i, len(b)):], "+00:00") {
		i += 6
	}
	switch {
	case end == ']' && (i >= len(b) || b[i] != ']'):
		return 0
	case end == ']':
		i++
		i += build(b[i:])
	}
	if i == len(b) {
		return i
	}
	if b[i] != ' ' {
		return 0
	}
	return i + 1
}

// build returns the length of what TeamCity puts behind its times: how loud the
// line is, and the step: "i:\t [Step 2/3]".
func build(b []byte) int {
	i := bytes.IndexByte(b[:min(len(b), 12)], '[')
	if i < 0 || !timed(b[i:], "[Step 0") {
		return 0
	}
	if end := bytes.IndexByte(b[:min(len(b), 40)], ']'); end > 0 {
		return end + 1
	}
	return 0
}

// month reports whether a text begins with an English month, shortened, and a
// space.
func month(b []byte) bool {
	return b[3] == ' ' && bytes.Contains([]byte("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec "), b[:4])
}

// timed compares the beginning of b with a pattern in which 0 stands for any
// digit.
func timed(b []byte, pattern string) bool {
	if len(b) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if p := pattern[i]; p == '0' && !digit(b[i]) || p != '0' && b[i] != p {
			return false
		}
	}
	return true
}

// both gives a line whose prefix was only guessed to the log's own grammars as it
// stands, and what is behind the prefix to those of its lane.
func (r *Reader) both(ln *lane, whole, l logline.Line) {
	if ln != r.main {
		r.give(r.main, whole)
	}
	r.give(ln, l)
}
