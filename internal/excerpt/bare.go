package excerpt

import (
	"bytes"
	"strconv"

	"github.com/postflight/postflight/internal/logline"
)

// level is what a line says of itself.
type level int

const (
	plain level = iota
	// muted lines report no failure: commands echoed, debug and information.
	muted
	// warned lines are warnings.
	warned
	// erred lines have a log level of an error.
	erred
	// raised lines are marked as an error by the CI system.
	raised
)

// bare takes off what wrappers put before the text: CI annotations, clocks, log
// levels, build steps of Docker, names of tasks and services, frames.
func bare(text []byte) ([]byte, level) {
	lv := plain
	for range 5 {
		rest, l := peel(text)
		if l > lv || l == muted {
			lv = l
		}
		if len(rest) == len(text) {
			break
		}
		if lv == muted && len(rest) == 0 {
			return nil, muted
		}
		text = bytes.TrimLeft(rest, " \t")
	}
	return text, lv
}

// peel takes one wrapper off.
func peel(b []byte) ([]byte, level) {
	if len(b) < 2 {
		return b, plain
	}
	switch c := b[0]; {
	case c == '#':
		return peelHash(b)
	case c == ':' && b[1] == ':':
		return peelCommand(b)
	case c == '[':
		return peelBracket(b)
	case c >= '0' && c <= '9':
		return peelClock(b)
	case bytes.HasPrefix(b, []byte("│")), bytes.HasPrefix(b, []byte("┃")), bytes.HasPrefix(b, []byte("║")):
		return b[3:], plain
	case c == '{' && b[1] == '"':
		return peelJSON(b)
	case c == '|' && b[1] == ' ':
		return b[2:], plain
	}
	if n := owner(b); n > 0 {
		return b[n:], plain
	}
	return b, plain
}

// peelHash reads ##[error] of GitHub and Azure, and "#12 3.45 " of BuildKit.
func peelHash(b []byte) ([]byte, level) {
	if b[1] == '#' && len(b) > 3 && b[2] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return b, plain
		}
		switch string(b[3:end]) {
		case "error":
			return b[end+1:], raised
		case "warning":
			return b[end+1:], warned
		}
		return b[end+1:], muted
	}
	i := 1
	for i < len(b) && digit(b[i]) {
		i++
	}
	if i == 1 || i >= len(b) || b[i] != ' ' {
		return b, plain
	}
	i++
	n := i
	for n < len(b) && (digit(b[n]) || b[n] == '.') {
		n++
	}
	if n > i && n < len(b) && b[n] == ' ' {
		i = n + 1
	}
	return b[i:], plain
}

// peelCommand reads "::error file=a.js,line=1::text".
func peelCommand(b []byte) ([]byte, level) {
	lv := muted
	switch {
	case bytes.HasPrefix(b, []byte("::error")):
		lv = raised
	case bytes.HasPrefix(b, []byte("::warning")):
		lv = warned
	}
	if end := bytes.Index(b[2:], []byte("::")); end >= 0 {
		return b[end+4:], lv
	}
	return b, plain
}

// peelBracket reads what stands in brackets: a time, a name with a time
// (Taskcluster), [command], a rank.
func peelBracket(b []byte) ([]byte, level) {
	end := bytes.IndexByte(b, ']')
	if end < 0 || end > 60 {
		return b, plain
	}
	in := b[1:end]
	rest := b[end+1:]
	switch {
	case bytes.Equal(in, []byte("command")), bytes.Equal(in, []byte("Pipeline")), bytes.EqualFold(in, []byte("debug")):
		return rest, muted
	case bytes.EqualFold(in, []byte("info")):
		return rest, muted
	case bytes.EqualFold(in, []byte("warning")), bytes.EqualFold(in, []byte("warn")):
		return rest, warned
	case bytes.HasPrefix(in, []byte("rank")) && bytes.HasPrefix(rest, []byte(":")):
		return rest[1:], plain
	case len(in) >= 5 && digit(in[0]) && clock(in):
		return rest, plain
	}
	if sp := bytes.IndexByte(in, ' '); sp > 0 && bytes.Contains(in[sp:], []byte("20")) && clock(in[sp+1:]) {
		return rest, plain
	}
	return b, plain
}

// peelClock reads "12:34:56 ", with a date before it or a level after it.
func peelClock(b []byte) ([]byte, level) {
	if n := logline.Stamp(b); n > 0 && n < len(b) {
		return b[n:], plain
	}
	n := 0
	for n < len(b) && (digit(b[n]) || bytes.IndexByte([]byte(":.,-/TZ+"), b[n]) >= 0) {
		n++
	}
	if n < 8 || n >= len(b) || b[n] != ' ' {
		// BuildKit repeats the last lines as "12.34 text".
		if dot := bytes.IndexByte(b[:n], '.'); dot > 0 && n-dot <= 4 && n > dot+1 && n < len(b)-1 && b[n] == ' ' && bytes.IndexByte(b[:dot], ':') < 0 && (letter(b[n+1]) || b[n+1] == ' ') {
			return b[n:], plain
		}
		return b, plain
	}
	if bytes.Count(b[:n], []byte(":")) < 2 {
		// A date; the clock comes next.
		if bytes.Count(b[:n], []byte("-"))+bytes.Count(b[:n], []byte("/")) == 2 && n+1 < len(b) && digit(b[n+1]) {
			return b[n:], plain
		}
		return b, plain
	}
	rest := bytes.TrimLeft(b[n:], " ")
	// Mozharness: "12:34:56     INFO - text".
	for _, w := range []struct {
		word string
		lv   level
	}{{"INFO", plain}, {"DEBUG", muted}, {"WARNING", plain}, {"ERROR", erred}, {"CRITICAL", erred}, {"FATAL", erred}} {
		if bytes.HasPrefix(rest, []byte(w.word)) && bytes.HasPrefix(bytes.TrimLeft(rest[len(w.word):], " "), []byte("- ")) {
			return bytes.TrimLeft(rest[len(w.word):], " ")[2:], w.lv
		}
	}
	return rest, plain
}

// peelJSON reads events of "go test -json": what the test printed stands in
// Output, last.
func peelJSON(b []byte) ([]byte, level) {
	if !bytes.Contains(b, []byte(`"Action":"`)) {
		return b, plain
	}
	i := bytes.Index(b, []byte(`"Output":"`))
	if i < 0 {
		return nil, muted
	}
	out := b[i+len(`"Output":"`):]
	if end := bytes.LastIndexByte(out, '"'); end >= 0 {
		out = out[:end]
	}
	if bytes.IndexByte(out, '\\') < 0 {
		return out, plain
	}
	var text []byte
	for n := 0; n < len(out); n++ {
		if out[n] != '\\' || n+1 == len(out) {
			text = append(text, out[n])
			continue
		}
		n++
		switch {
		case out[n] == 'n' || out[n] == 't' || out[n] == 'r':
			text = append(text, ' ')
		case out[n] == 'u' && n+4 < len(out):
			text = append(text, unicode(out[n+1:n+5]))
			n += 4
		default:
			text = append(text, out[n])
		}
	}
	return bytes.TrimSpace(text), plain
}

// unicode is the character of an escape such as 003c; others than ASCII are "?".
func unicode(b []byte) byte {
	v, err := strconv.ParseUint(string(b), 16, 16)
	if err != nil || v < ' ' || v > '~' {
		return '?'
	}
	return byte(v)
}

// clock reports whether b looks like a time: digits in groups of a clock or date.
func clock(b []byte) bool {
	groups := 0
	for _, c := range b {
		switch {
		case digit(c):
		case c == ':' || c == '-' || c == '/':
			groups++
		case c == '.' || c == ',' || c == 'T' || c == 'Z' || c == ' ' || c == '+':
		default:
			return false
		}
	}
	return groups >= 2
}

// owner returns the length of a service's or task's name in front: "web-1  | ",
// "shop:test: ", or the mark of a stream.
func owner(b []byte) int {
	n := 0
	for n < len(b) && n < 40 && (b[n] >= 'a' && b[n] <= 'z' || digit(b[n]) || b[n] == '-' || b[n] == '_' || b[n] == '.' || b[n] == '@' || b[n] == '/') {
		n++
	}
	if n == 0 || n >= len(b) {
		return 0
	}
	if b[n] == ' ' {
		m := n
		for m < len(b) && b[m] == ' ' {
			m++
		}
		if m+1 < len(b) && b[m] == '|' && b[m+1] == ' ' {
			return m + 2
		}
		return 0
	}
	if b[n] != ':' {
		return 0
	}
	for _, task := range []string{"build", "test", "lint", "typecheck", "type-check", "check", "check-types", "e2e", "ci", "unit", "test:unit", "test:ci", "compile"} {
		rest := b[n+1:]
		if bytes.HasPrefix(rest, []byte(task)) && bytes.HasPrefix(rest[len(task):], []byte(": ")) {
			return n + 1 + len(task) + 2
		}
	}
	return 0
}

func digit(b byte) bool  { return b >= '0' && b <= '9' }
func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
