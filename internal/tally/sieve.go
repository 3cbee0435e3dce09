package tally

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// deepBytes is how much of a log is searched for tools that put their word in
// the middle of a line ("a.ts(1,2): error TS2304"); beyond it only the
// beginnings of lines count, which keeps floods of gigabytes cheap.
const deepBytes = 64 << 20

// set is a set of grammars.
type set [2]uint64

func (s *set) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s *set) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// trigger is one beginning and the grammar that asked for it.
type trigger struct {
	prefix  string
	number  bool
	grammar int
}

// sieve tells in a few nanoseconds whether any grammar may want a line.
type sieve struct {
	bits   [1 << 10]uint64 // of the first three bytes, hashed
	table  map[uint32][]trigger
	inner  set // the grammars that want lines with an inner error
	tabbed bool
}

// newSieve builds the table of all triggers. More than 128 grammars do not fit.
func newSieve(all []grammar) *sieve {
	s := &sieve{table: map[uint32][]trigger{}}
	for i, g := range all {
		for _, text := range g.triggers() {
			t := trigger{prefix: text, grammar: i}
			if text == inner {
				s.inner.add(i)
				continue
			}
			t.prefix, t.number = strings.CutPrefix(text, number)
			// A beginning of two bytes stands in the table with every third.
			if len(t.prefix) < 3 {
				for b := range 256 {
					s.put(key([]byte{t.prefix[0], second(t.prefix), byte(b)}, t.number), t)
				}
				s.put(key([]byte(t.prefix), t.number), t)
				continue
			}
			s.put(key([]byte(t.prefix), t.number), t)
		}
	}
	return s
}

func second(s string) byte {
	if len(s) > 1 {
		return s[1]
	}
	return 0
}

func (s *sieve) put(k uint32, t trigger) {
	s.table[k] = append(s.table[k], t)
	h := hash(k)
	s.bits[h>>6] |= 1 << (h & 63)
}

// key is the first three bytes, and whether a number stood before them.
func key(b []byte, number bool) uint32 {
	var k uint32
	switch len(b) {
	case 0:
	case 1:
		k = uint32(b[0])
	case 2:
		k = uint32(b[0]) | uint32(b[1])<<8
	default:
		k = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	}
	if number {
		k |= 1 << 24
	}
	return k
}

func hash(k uint32) uint32 { return (k * 0x9E3779B1) >> 16 }

// wants tells of a raw line whether it may begin with a trigger.
func (s *sieve) wants(line []byte) bool {
	p := 0
	for p < len(line) && (line[p] == ' ' || line[p] == '\t') {
		p++
	}
	if p == len(line) {
		return false
	}
	line = line[p:]
	if c := line[0]; c == 0x1b || c == 0xef || c == '[' && len(line) > 1 && (line[1] == 0x1b || len(line) > 20 && digit(line[1])) || s.tabbed || line[len(line)-1] == '\r' || digit(c) && logline.Stamp(line) > 0 {
		return s.cold(line)
	}
	return s.begins(line)
}

// begins tells of a cleaned line whether it may begin with a trigger.
func (s *sieve) begins(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	h := hash(key(line, false))
	if s.bits[h>>6]&(1<<(h&63)) != 0 {
		return true
	}
	if digit(line[0]) {
		h = hash(key(afterNumber(line), true))
		return s.bits[h>>6]&(1<<(h&63)) != 0
	}
	return false
}

// cold is wants for lines with colours, time stamps and carriage returns in
// front.
func (s *sieve) cold(line []byte) bool {
	line = bytes.TrimRight(line, "\r")
	if i := bytes.LastIndexByte(line, '\r'); i >= 0 {
		line = line[i+1:]
	}
	if s.tabbed {
		line = logline.Columns(line)
	}
	line = line[logline.Stamp(line):]
	for len(line) > 0 {
		switch line[0] {
		case ' ', '\t':
			line = line[1:]
		case 0x1b:
			line = line[logline.Escape(line):]
		default:
			// A colour may end within the first word.
			if len(line) > 3 && (line[1] == 0x1b || line[2] == 0x1b) {
				return true
			}
			return s.begins(line)
		}
	}
	return false
}

// inside finds the words that compilers print after the place.
func inside(line []byte) bool {
	return bytes.Contains(line, []byte(": error")) || bytes.Contains(line, []byte(": line "))
}

// whose returns the grammars that want a cleaned line.
func (s *sieve) whose(text []byte) set {
	var w set
	if s.inner != w && inside(text) {
		w = s.inner
	}
	for _, t := range s.table[key(text, false)] {
		if !t.number && hasPrefix(text, t.prefix) {
			w.add(t.grammar)
		}
	}
	if len(text) > 0 && digit(text[0]) {
		rest := afterNumber(text)
		for _, t := range s.table[key(rest, true)] {
			if t.number && hasPrefix(rest, t.prefix) {
				w.add(t.grammar)
			}
		}
	}
	return w
}

// afterNumber is what follows a number and the space after it.
func afterNumber(b []byte) []byte {
	for len(b) > 0 && digit(b[0]) {
		b = b[1:]
	}
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// names are the lanes in a stable order.
func (r *Reader) names() []string { return slices.Sorted(maps.Keys(r.lanes)) }
