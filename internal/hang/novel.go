package hang

import (
	"bytes"
	"hash/maphash"
	"unicode/utf8"
)

// Novel counts how much of an output is news. It sees the output in blocks, as
// it comes, and looks only at the start and the end of a large one.
//
// No news, but a heartbeat, is a line that was among the last few hundred
// before, where times do not count ("[30s elapsed]", "12:00:05", "1.5 it/s",
// long ids), nor spinner signs; lines that a carriage return or a movement of
// the cursor overwrites are lines. A percentage, a fraction ("3/20", "3 of 20")
// and a size ("12.3MB") that move are progress: they come to an end. So does a
// bare number ("ok 12", "batch 7 done"), and a dot after a dot, as test runners
// print them; but where the line, or the one before the dots, speaks of waiting
// ("still waiting 12", "attempt 5", "Waiting for server....") neither is news.
// Whatever is in doubt is news: the limit of the total time holds all the same.
type Novel struct {
	output, beats int64
	seed          maphash.Seed
	seen          [remembered]uint64
	next          int
	open          []byte // the last line, not ended yet, at most its first bytes
	length        int    // of the open line
	waiting       bool   // the last line with words speaks of waiting
	scratch       []byte
	late          []byte // the end of a big block, looked at when it matters
}

const (
	remembered = 256
	openMax    = 512
	// A block of more than blockMax bytes is news by itself; of others, at most
	// glance bytes at each end are looked at.
	blockMax = 16 << 10
	glance   = 1 << 10
)

// NewNovel returns a counter that has seen nothing.
func NewNovel() *Novel { return &Novel{seed: maphash.MakeSeed()} }

// Output is how many bytes were news: Sample.Output.
func (n *Novel) Output() int64 { return n.output }

// Beats is how many bytes were heartbeats: Sample.Beats.
func (n *Novel) Beats() int64 { return n.beats }

// Add looks at the next block of the output. It keeps nothing of it but the
// start of an open line.
func (n *Novel) Add(block []byte) {
	size := int64(len(block))
	news := len(block) > blockMax
	if news { // in a flood the next block makes this one's end forgotten
		n.late = append(n.late[:0], block[len(block)-openMax:]...)
		n.output += size
		return
	}
	if len(n.late) > 0 {
		n.forget()
		n.scan(n.late)
		n.late = n.late[:0]
	}
	switch {
	case len(block) > 2*glance:
		head, rest := block[:glance], block[len(block)-glance:]
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 {
			head = head[:i+1]
		}
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			rest = rest[i+1:]
		}
		news = n.scan(head)
		n.forget()
		news = n.scan(rest) || news
	default:
		news = n.scan(block)
	}
	if news {
		n.output += size
	} else {
		n.beats += size
	}
}

// scan reads lines up to the first that is news, and then only the last one.
func (n *Novel) scan(text []byte) bool {
	for len(text) > 0 {
		end, skip := breakAt(text)
		n.grow(text[:end])
		fresh := false
		if end < len(text) {
			fresh = n.closeLine()
			text = text[end+skip:]
		} else {
			fresh = n.judge()
			text = nil
		}
		if fresh {
			n.leap(text)
			return true
		}
	}
	return false
}

// leap goes over text that is known to be news and keeps its last line.
func (n *Novel) leap(text []byte) {
	if len(text) > 2*openMax {
		text = text[len(text)-2*openMax:]
		n.forget()
	}
	for len(text) > 0 {
		end, skip := breakAt(text)
		n.grow(text[:end])
		if end == len(text) {
			return
		}
		n.closeLine()
		text = text[end+skip:]
	}
}

func (n *Novel) grow(part []byte) {
	n.length += len(part)
	if room := openMax - len(n.open); room > 0 {
		n.open = append(n.open, part[:min(room, len(part))]...)
	}
}

// closeLine judges the open line and begins the next.
func (n *Novel) closeLine() bool {
	fresh := n.judge()
	n.forget()
	return fresh
}

func (n *Novel) forget() { n.open, n.length = n.open[:0], 0 }

// judge tells whether the open line, as it stands, is news, and remembers it.
func (n *Novel) judge() bool {
	line := n.open
	words := hasWords(line)
	if words {
		n.waiting = speaksOfWaiting(line)
	}
	text := n.normal(line, !n.waiting)
	if len(text) == 0 {
		return false
	}
	h := maphash.Bytes(n.seed, text)
	if n.length > len(line) && !n.waiting {
		h ^= uint64(n.length) * 0x9e3779b97f4a7c15
	}
	return n.remember(h)
}

// remember reports whether the line is new, and keeps it; one that comes again
// is kept for longer.
func (n *Novel) remember(h uint64) bool {
	fresh := true
	for i, old := range n.seen {
		if old != h {
			continue
		}
		if (i-n.next+remembered)%remembered >= remembered/2 {
			return false
		}
		n.seen[i], fresh = 0, false
		break
	}
	n.seen[n.next] = h
	n.next = (n.next + 1) % remembered
	return fresh
}

// breakAt finds where a line ends: at a line end, a carriage return, a backspace
// or a movement of the cursor; skip is the length of what ends it.
func breakAt(text []byte) (end, skip int) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n', '\r', '\b':
			return i, 1
		case 0x1b:
			n, final := escape(text[i:])
			if final != 0 && bytes.IndexByte([]byte("ABCDEFGHJKSTfsu"), final) >= 0 {
				return i, n
			}
			i += n - 1
		}
	}
	return len(text), 0
}

// escape returns the length of the escape sequence that b begins with, and the
// final byte of a CSI.
func escape(b []byte) (int, byte) {
	if len(b) > 1 && b[1] == ']' { // a title or a link, up to BEL or ESC \
		for i := 2; i < len(b) && i < openMax; i++ {
			if b[i] == 0x07 {
				return i + 1, 0
			}
			if b[i] == 0x1b {
				return min(i+2, len(b)), 0
			}
		}
		return min(len(b), openMax), 0
	}
	if len(b) < 2 || b[1] != '[' {
		return min(2, len(b)), 0
	}
	for i := 2; i < len(b) && i < 32; i++ {
		if b[i] >= 0x40 && b[i] <= 0x7e {
			return i + 1, b[i]
		}
	}
	return min(len(b), 32), 0
}

// spinner reports whether a rune is one of those that turn.
func spinner(r rune) bool {
	return r >= 0x2800 && r <= 0x28ff || r >= 0x25d0 && r <= 0x25d7 || r >= 0x25f0 && r <= 0x25f7 || r >= 0x1f550 && r <= 0x1f567
}

// normal is the line without colours, spinner signs, space and times; with bare
// numbers and dots only when exact. It is valid until the next call.
func (n *Novel) normal(line []byte, exact bool) []byte {
	out := n.scratch[:0]
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case c == 0x1b:
			k, _ := escape(line[i:])
			i += k
		case c <= ' ':
			i++
		case c >= '0' && c <= '9':
			k, keep := number(line, i, exact)
			if keep {
				out = append(out, line[i:i+k]...)
			}
			i += k
		case c == '.' && !exact:
			i++
		case (c == '|' || c == '/' || c == '-' || c == '\\') && alone(line, i):
			i++
		case c < utf8.RuneSelf:
			out = append(out, c)
			i++
		default:
			r, k := utf8.DecodeRune(line[i:])
			if !spinner(r) && (exact || r != '…') {
				out = append(out, line[i:i+k]...)
			}
			i += k
		}
	}
	n.scratch = out
	return out
}

// alone reports whether the byte stands between spaces or the line's ends.
func alone(line []byte, i int) bool {
	return (i == 0 || line[i-1] == ' ' || line[i-1] == 'm') && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == 0x1b)
}
