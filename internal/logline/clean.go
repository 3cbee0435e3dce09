package logline

import (
	"bytes"
	"unicode/utf8"
)

// Cleaner cleans lines one after the other, in memory of its own.
type Cleaner struct {
	// Tabbed logs carry job and step in two columns before the time stamp, as
	// "gh run view --log" prints them.
	Tabbed  bool
	scratch []byte
}

// Clean returns the cleaned line; its text is valid until the next call.
func (c *Cleaner) Clean(raw []byte, number int) Line {
	l := Line{Number: number}
	if len(raw) > 4*Max {
		raw, l.Cut = raw[:4*Max], true
	}
	text := lastWritten(raw)
	if bytes.IndexByte(text, 0x1b) >= 0 || bytes.IndexByte(text, 0x08) >= 0 {
		c.scratch = Strip(c.scratch[:0], text)
		text = c.scratch
	}
	if c.Tabbed {
		text = Columns(text)
	}
	if n := Stamp(text); n > 0 {
		text, l.Stamped = text[n:], true
		if bytes.IndexByte(text, 0x1b) >= 0 {
			text = Strip(nil, text)
		}
	}
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
		l.Indent++
	}
	text = bytes.TrimRight(text, " \t\r\n")
	if len(text) > Max {
		text, l.Cut = text[:Max], true
	}
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	l.Text = text
	return l
}

// lastWritten is what stands on the line after its carriage returns: the last
// part that is not blank.
func lastWritten(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\r' || b[len(b)-1] == '\n') {
		b = b[:len(b)-1]
	}
	for {
		i := bytes.LastIndexByte(b, '\r')
		if i < 0 {
			return b
		}
		if len(bytes.TrimSpace(Strip(nil, b[i+1:]))) > 0 {
			return b[i+1:]
		}
		b = b[:i]
	}
}

// Strip appends text to dst without escape sequences (CSI, OSC, DCS, APC and
// single ones), backspaces applied.
func Strip(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		switch b := text[i]; b {
		case 0x1b:
			i += Escape(text[i:])
		case 0x08:
			if len(dst) > 0 {
				dst = dst[:len(dst)-1]
			}
			i++
		case 0x07, 0x00:
			i++
		default:
			dst = append(dst, b)
			i++
		}
	}
	return dst
}

// Escape returns the length of the escape sequence that b begins with, at least 1.
func Escape(b []byte) int {
	if len(b) < 2 {
		return 1
	}
	switch b[1] {
	case '[': // CSI: parameters, then one final byte
		for i := 2; i < len(b) && i < 64; i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e {
				return i + 1
			}
			if b[i] < 0x20 {
				return i
			}
		}
		return min(len(b), 64)
	case ']', 'P', '_', '^', 'X': // up to BEL or ST
		for i := 2; i < len(b); i++ {
			if b[i] == 0x07 {
				return i + 1
			}
			if b[i] == 0x1b && i+1 < len(b) && b[i+1] == '\\' {
				return i + 2
			}
		}
		return len(b)
	case '(', ')', '*', '+', '#', '%', ' ':
		return min(3, len(b))
	}
	return 2
}

// Stamp returns how many bytes of b are a CI system's time stamp and the space
// after it: RFC 3339 as GitHub, Azure and GitLab write it (GitLab adds a stream
// mark such as "00O "), in brackets as Jenkins does, and Jenkins' clock times.
func Stamp(b []byte) int {
	i, close := 0, byte(0)
	if len(b) > 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
		i = 3
	}
	if len(b) > i && b[i] == '[' {
		i, close = i+1, ']'
	}
	if len(b) < i+20 || !shape(b[i:], "0000-00-00T00:00:00") {
		return 0
	}
	i += 19
	for i < len(b) && (b[i] == '.' || b[i] == ',' || digit(b[i])) {
		i++
	}
	switch {
	case i < len(b) && b[i] == 'Z':
		i++
	case i+6 <= len(b) && (b[i] == '+' || b[i] == '-') && shape(b[i+1:], "00:00"):
		i += 6
	}
	if close != 0 {
		if i >= len(b) || b[i] != close {
			return 0
		}
		i++
	}
	if i == len(b) {
		return i
	}
	if b[i] != ' ' {
		return 0
	}
	i++
	// GitLab: two hex digits, the stream, and + where a line goes on.
	if len(b) >= i+4 && hex(b[i]) && hex(b[i+1]) && (b[i+2] == 'O' || b[i+2] == 'E') && (b[i+3] == ' ' || b[i+3] == '+') {
		i += 4
	}
	return i
}

// Columns takes job and step off a line of "gh run view --log".
func Columns(b []byte) []byte {
	rest := b
	for range 2 {
		i := bytes.IndexByte(rest, '\t')
		if i < 0 {
			return b
		}
		rest = rest[i+1:]
	}
	if Stamp(rest) == 0 {
		return b
	}
	return rest
}

// shape compares b with a pattern in which 0 stands for any digit.
func shape(b []byte, pattern string) bool {
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

func digit(b byte) bool { return b >= '0' && b <= '9' }

func hex(b byte) bool { return digit(b) || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' }
