package logline

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
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
	text := raw
	control, high := kinds(raw)
	if control {
		text = LastWritten(raw)
		if bytes.IndexByte(text, 0x1b) >= 0 || bytes.IndexByte(text, 0x08) >= 0 {
			c.scratch = Strip(c.scratch[:0], text)
			text = c.scratch
		}
	}
	if c.Tabbed {
		text = Columns(text)
	}
	if n := Stamp(text); n > 0 {
		text, l.Stamped = text[n:], true
	}
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
		l.Indent++
	}
	for len(text) > 0 && blank(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	if len(text) > Max {
		text, l.Cut = text[:Max], true
	}
	if high && !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	l.Text = text
	return l
}

// blank reports what is taken off the end of a line.
func blank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// kinds tells whether there are control characters (tabs too) and bytes beyond
// ASCII in b, eight bytes at a time.
func kinds(b []byte) (control, high bool) {
	var below, beyond uint64
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		below |= (x - 0x20*ones) &^ x
		beyond |= x
		b = b[8:]
	}
	for _, c := range b {
		below |= uint64(c-0x20) &^ uint64(c)
		beyond |= uint64(c)
	}
	return below&highs != 0, beyond&highs != 0
}

// LastWritten is what stands on the line after its carriage returns: the last
// part that is not blank.
func LastWritten(b []byte) []byte {
	first := bytes.IndexByte(b, '\r')
	for len(b) > 0 && (b[len(b)-1] == '\r' || b[len(b)-1] == '\n') {
		b = b[:len(b)-1]
	}
	if first < 0 || first >= len(b) {
		return b
	}
	for {
		i := len(b) - 1
		for i >= 0 && b[i] != '\r' {
			i--
		}
		if i < 0 || !unseen(b[i+1:]) {
			return b[i+1:]
		}
		b = b[:i]
	}
}

// unseen reports whether nothing of b can be seen: white space, escape
// sequences, and what backspaces took back.
func unseen(b []byte) bool {
	for i := 0; i < len(b); {
		switch b[i] {
		case 0x1b:
			i += Escape(b[i:])
		case ' ', '\t', '\n', '\v', '\f', '\r', 0x07, 0x00:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if bytes.IndexByte(b, 0x08) >= 0 {
				return len(bytes.TrimSpace(Strip(nil, b))) == 0
			}
			if !unicode.IsSpace(r) {
				return false
			}
			i += n
		}
	}
	return true
}

// Strip appends text to dst without escape sequences (CSI, OSC, DCS, APC and
// single ones), backspaces applied.
func Strip(dst, text []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(text))[:n+len(text)]
	for i := 0; i < len(text); {
		if i+8 <= len(text) {
			x := binary.LittleEndian.Uint64(text[i:])
			binary.LittleEndian.PutUint64(dst[n:], x)
			below := (x - 0x20*ones) &^ x & highs
			if below == 0 {
				i, n = i+8, n+8
				continue
			}
			k := bits.TrailingZeros64(below) >> 3 // what stands before the first control character
			i, n = i+k, n+k
		}
		switch b := text[i]; b {
		case 0x1b:
			i += Escape(text[i:])
		case 0x08:
			n = max(n-1, 0)
			i++
		case 0x07, 0x00:
			i++
		default:
			dst[n] = b
			i, n = i+1, n+1
		}
	}
	return dst[:n]
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
	if len(b) < 20 || b[0] != '2' && b[0] != '[' && b[0] != 0xef && !digit(b[0]) {
		return 0
	}
	i, close := 0, byte(0)
	if b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
		i = 3
	}
	if b[i] == '[' {
		i, close = i+1, ']'
	}
	if len(b) < i+20 || !moment(b[i:]) {
		return 0
	}
	i = zone(b, i+19)
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
	if len(b) >= i+4 && (b[i+2] == 'O' || b[i+2] == 'E') && hex(b[i]) && hex(b[i+1]) && (b[i+3] == ' ' || b[i+3] == '+') {
		i += 4
	}
	return i
}

// moment compares at least 20 bytes with "0000-00-00T00:00:00", 0 being any digit.
func moment(b []byte) bool {
	_ = b[19]
	return eight(b, 0x2d30302d30303030, 0x7f76767f76767676) && // 0000-00-
		eight(b[8:], 0x30303a3030543030, 0x76767f76767f7676) && // 00T00:00
		eight(b[11:], 0x30303a30303a3030, 0x76767f76767f7676) // 00:00:00
}

// eight compares eight bytes with a pattern: what differs from it, with limit
// added, must stay below 128, so that 0x76 passes any digit where the pattern
// holds a 0, and 0x7f the byte itself.
func eight(b []byte, pattern, limit uint64) bool {
	x := binary.LittleEndian.Uint64(b) ^ pattern
	return (x|(x&^uint64(highs)+limit))&highs == 0
}

// zone returns where the fraction and the zone that may stand at i end.
func zone(b []byte, i int) int {
	if len(b) > i+8 && b[i] == '.' && b[i+8] == 'Z' && eight(b[i+1:], 0x5a30303030303030, 0x7f76767676767676) {
		return i + 9 // as GitHub and Azure write it
	}
	for i < len(b) && (b[i] == '.' || b[i] == ',' || digit(b[i])) {
		i++
	}
	switch {
	case i < len(b) && b[i] == 'Z':
		i++
	case i+6 <= len(b) && (b[i] == '+' || b[i] == '-') && shape(b[i+1:], "00:00"):
		i += 6
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
