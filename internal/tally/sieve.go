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

func (s *set) add(i int)   { s[i>>6] |= 1 << (i & 63) }
func (s *set) drop(i int)  { s[i>>6] &^= 1 << (i & 63) }
func (s set) or(t set) set { return set{s[0] | t[0], s[1] | t[1]} }
func (s set) empty() bool  { return s[0]|s[1] == 0 }

// trigger is one beginning and the grammars that asked for it.
type trigger struct {
	prefix string
	want   set
}

// What stands above the three bytes of a key.
const (
	afterNo = 1 << 24 // a number stood before them
	twoOnly = 1 << 25 // the beginning has two bytes only
)

// headMax is how much of a line is looked at for a beginning: the longest
// trigger, and a long number before it.
const headMax = 128

// sieve tells in a few nanoseconds whether any grammar may want a line.
type sieve struct {
	bits   [1 << 10]uint64 // of the first three bytes, hashed
	table  [1 << 11]slot   // of keys, open addressing
	full   int
	inner  set // the grammars that want lines with an inner error
	tabbed bool
	head   [headMax]byte
	// raw is where the last wanted line begins, and found who wants it, when that
	// was told from the line as it is.
	raw   []byte
	found set
}

// slot is the triggers of one key.
type slot struct {
	key  uint32
	list []trigger
}

// newSieve builds the table of all triggers. More than 128 grammars do not fit.
func newSieve(all []grammar) *sieve {
	s := &sieve{}
	for i, g := range all {
		for _, text := range g.triggers() {
			if text == inner {
				s.inner.add(i)
				continue
			}
			prefix, isNumber := strings.CutPrefix(text, number)
			s.put(prefix, isNumber, i)
		}
	}
	s.share()
	return s
}

// share gives the beginnings of two bytes to the keys of three that go on from
// them, so that one look is enough.
func (s *sieve) share() {
	for i := range s.table {
		of := &s.table[i]
		if of.list == nil || of.key&twoOnly != 0 {
			continue
		}
		of.list = append(of.list, s.table[s.find(of.key&^0xff0000|twoOnly)].list...)
	}
}

// put adds one trigger.
func (s *sieve) put(prefix string, isNumber bool, grammar int) {
	k := key([]byte(prefix))
	if isNumber {
		k |= afterNo
	}
	if len(prefix) >= 3 {
		s.mark(k)
	} else {
		for b := range uint32(256) {
			s.mark(k&^0xff0000 | b<<16)
		}
		k |= twoOnly
	}
	at := s.find(k)
	if s.table[at].list == nil {
		if s.full++; s.full > len(s.table)/2 {
			panic("tally: the sieve is too small for so many triggers")
		}
		s.table[at].key = k
	}
	list := s.table[at].list
	for i := range list {
		if list[i].prefix == prefix {
			list[i].want.add(grammar)
			return
		}
	}
	t := trigger{prefix: prefix}
	t.want.add(grammar)
	s.table[at].list = append(list, t)
}

func (s *sieve) mark(k uint32) {
	h := hash(k)
	s.bits[h>>6] |= 1 << (h & 63)
}

func (s *sieve) marked(k uint32) bool {
	h := hash(k)
	return s.bits[h>>6]&(1<<(h&63)) != 0
}

// find returns the slot of a key, an empty one when it is not there.
func (s *sieve) find(k uint32) uint32 {
	at := hash(k) % uint32(len(s.table))
	for s.table[at].key != k && s.table[at].list != nil {
		at = (at + 1) % uint32(len(s.table))
	}
	return at
}

// key is the first three bytes; those that are missing are 0.
func key(b []byte) uint32 {
	switch len(b) {
	case 0:
		return 0
	case 1:
		return uint32(b[0])
	case 2:
		return uint32(b[0]) | uint32(b[1])<<8
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
}

// odd reports whether any of a key's bytes is a control character.
func odd(k uint32) bool { return (k-0x202020)&^k&0x808080 != 0 }

func hash(k uint32) uint32 { return (k * 0x9E3779B1) >> 16 }

// wants tells of a raw line whether it may begin with a trigger; returns says
// that there are carriage returns in it.
func (s *sieve) wants(line []byte, returns bool) bool {
	if returns {
		line = logline.LastWritten(line)
	}
	if s.tabbed {
		line = logline.Columns(line)
	}
	p, stamped := 0, false
	for {
		if p >= len(line) {
			return false
		}
		switch c := line[p]; {
		case c == ' ' || c == '\t':
			p++
			continue
		case c == 0x1b:
			p += logline.Escape(line[p:])
			continue
		case digit(c) || c == '[' || c == 0xef:
			if n := logline.Stamp(line[p:]); n > 0 && !stamped {
				p, stamped = p+n, true
				continue
			}
		}
		break
	}
	line = line[p:]
	k := key(line)
	if odd(k) {
		return s.careful(line)
	}
	if s.marked(k) && s.careful(line) {
		return true
	}
	if digit(line[0]) {
		rest := afterNumber(line)
		k = key(rest)
		return len(rest) > 0 && (odd(k) || s.marked(k|afterNo)) && s.careful(line)
	}
	return false
}

// careful tells of the rest of a raw line, colours and all, whether it begins
// with a trigger.
func (s *sieve) careful(line []byte) bool {
	near := line[:min(len(line), headMax)]
	if bytes.IndexByte(near, 0x1b) < 0 && bytes.IndexByte(near, 0x08) < 0 {
		s.raw, s.found = line, s.begins(line)
		return !s.found.empty()
	}
	s.raw = nil
	n := 0
	for i := 0; i < len(line) && n < headMax; {
		switch b := line[i]; b {
		case 0x1b:
			i += logline.Escape(line[i:])
		case 0x08:
			n = max(n-1, 0)
			i++
		case 0x00, 0x07:
			i++
		default:
			s.head[n] = b
			n++
			i++
			if n == 3 && !digit(s.head[0]) { // the rest is told when it is cleaned
				return s.marked(key(s.head[:3])) || bytes.IndexByte(near, 0x08) >= 0
			}
		}
	}
	head := s.head[:n]
	if !s.begins(head).empty() {
		return true
	}
	return n == headMax && len(afterNumber(head)) < headMax/2
}

// begins returns the grammars that want a text for its beginning.
func (s *sieve) begins(text []byte) set {
	w := s.match(text, 0)
	if len(text) > 0 && digit(text[0]) {
		w = w.or(s.match(afterNumber(text), afterNo))
	}
	return w
}

// match looks a beginning up.
func (s *sieve) match(text []byte, flag uint32) set {
	var w set
	k := key(text)
	if !s.marked(k | flag) {
		return w
	}
	at := s.find(k | flag)
	if s.table[at].list == nil {
		at = s.find(k&0xffff | flag | twoOnly)
	}
	list := s.table[at].list
	for i := range list {
		t := &list[i]
		if len(t.prefix) > 3 && (len(text) < len(t.prefix) || text[3] != t.prefix[3]) {
			continue
		}
		if hasPrefix(text, t.prefix) {
			w = w.or(t.want)
		}
	}
	return w
}

// inside finds the words that compilers print after the place: ": error" and
// ": line ", whatever colour they have.
func inside(line []byte) bool {
	for {
		i := bytes.IndexByte(line, ':')
		if i < 0 || len(line) < i+7 {
			return false
		}
		line = line[i+1:]
		if line[0] == 0x1b {
			return true
		}
		if line[0] != ' ' {
			continue
		}
		switch line[1] {
		case 'e':
			if string(line[1:6]) == "error" {
				return true
			}
		case 'l':
			if string(line[1:6]) == "line " {
				return true
			}
		case 0x1b:
			return true
		}
	}
}

// whose returns the grammars that want a cleaned line.
func (s *sieve) whose(text []byte) set {
	var w set
	if len(text) > 0 && len(s.raw) == len(text) && &s.raw[0] == &text[0] {
		w = s.found // it was not touched by cleaning
	} else {
		w = s.begins(text)
	}
	s.raw = nil
	if !s.inner.empty() && inside(text) {
		w = w.or(s.inner)
	}
	return w
}

// afterNumber is what follows a number and the space after it.
func afterNumber(b []byte) []byte {
	i := 0
	for i < len(b) && digit(b[i]) {
		i++
	}
	if i < len(b) && b[i] == ' ' {
		i++
	}
	return b[i:]
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// names are the lanes in a stable order.
func (r *Reader) names() []string { return slices.Sorted(maps.Keys(r.lanes)) }
