package hang

import (
	"bytes"
	"slices"
)

// number reads the number at line[i], with what belongs to it, and tells its
// length and whether it counts: not when it is a time, a rate or an id, and a
// bare one only when exact.
func number(line []byte, i int, exact bool) (length int, counts bool) {
	end, clock := digits(line, i)
	length = end - i
	if hexEnd := hexRun(line, i); hexEnd > end && hexEnd-i >= 7 {
		return hexEnd - i, false
	}
	rest := line[end:]
	switch {
	case clock || length >= 9:
		return length, false
	case length == 4 && len(rest) >= 6 && rest[0] == '-' && digit(rest[1]) && rest[3] == '-': // 2026-11-21
		return length + 6, false
	case len(rest) > 0 && rest[0] == '%', fraction(line, i, end):
		return length, true
	}
	unit := bytes.TrimLeft(rest, " ")
	gap := len(rest) - len(unit)
	word := unit[:letters(unit)]
	after := unit[len(word):]
	if gap > 1 || len(word) == 0 || len(word) > 8 {
		return length, exact
	}
	switch {
	case isUnit(word, "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour", "hours", "us", "ns"):
		return length + gap + len(word), false
	case len(after) > 1 && after[0] == '/' && (after[1] == 's' || after[1] == 'S' || after[1] == 'm'),
		isUnit(word, "kbps", "mbps", "gbps", "bps"): // 1.2 MB/s, 14 it/s
		return length + gap + len(word) + min(2, len(after)), false
	case isUnit(word, "b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "k", "g", "bytes", "byte"):
		return length, true
	}
	return length, exact
}

// digits finds the end of the digits at i, with points, commas and colons
// between them; clock: they are a time of day or a duration (1:02:03).
func digits(line []byte, i int) (end int, clock bool) {
	for end = i; end < len(line); end++ {
		c := line[end]
		if digit(c) {
			continue
		}
		if (c == '.' || c == ',' || c == ':') && end+1 < len(line) && digit(line[end+1]) {
			clock = clock || c == ':'
			continue
		}
		break
	}
	return end, clock
}

// fraction reports whether the number is a part of "3/20", "3 / 20" or "3 of 20".
func fraction(line []byte, from, end int) bool {
	after := bytes.TrimLeft(line[end:], " ")
	for _, mark := range []string{"/", "of "} {
		if rest, ok := bytes.CutPrefix(after, []byte(mark)); ok {
			if rest = bytes.TrimLeft(rest, " "); len(rest) > 0 && digit(rest[0]) {
				return true
			}
		}
	}
	before := bytes.TrimRight(line[:from], " ")
	for _, mark := range []string{"/", " of"} {
		if rest, ok := bytes.CutSuffix(before, []byte(mark)); ok {
			if rest = bytes.TrimRight(rest, " "); len(rest) > 0 && digit(rest[len(rest)-1]) {
				return true
			}
		}
	}
	return false
}

// hexRun is the end of the hexadecimal digits and dashes at i: a hash, a UUID.
func hexRun(line []byte, i int) int {
	for i < len(line) && (digit(line[i]) || line[i] >= 'a' && line[i] <= 'f' || line[i] == '-') {
		i++
	}
	return i
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func letters(text []byte) int {
	n := 0
	for n < len(text) && letter(text[n]) {
		n++
	}
	return n
}

func isUnit(word []byte, units ...string) bool {
	return slices.ContainsFunc(units, func(u string) bool { return bytes.EqualFold(word, []byte(u)) })
}

// hasWords reports whether the line has three letters in a row that are not the
// marks of a test runner's dots ("..F.sx").
func hasWords(line []byte) bool {
	run := 0
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == 0x1b:
			k, _ := escape(line[i:])
			i += k - 1
			run = 0
		case letter(line[i]):
			if run++; run == 3 {
				return true
			}
		default:
			run = 0
		}
	}
	return false
}

// speaksOfWaiting reports whether a line is one of those that are repeated while
// nothing happens.
func speaksOfWaiting(line []byte) bool {
	var lower [openMax]byte
	n := copy(lower[:], line)
	for i, c := range lower[:n] {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	text := lower[:n]
	for _, word := range [...]string{
		"wait", "still ", "retry", "retrie", "attempt", "poll", "ping", "heartbeat", "elapsed", "tick", "sleep", "pending",
		"alive", "trying", "not ready", "connecting", "refused", "unreachable", "timed out", "timeout", "in use", "in progress",
	} {
		if i := bytes.Index(text, []byte(word)); i >= 0 && (i == 0 || bytes.IndexByte([]byte(" \t([{\"'>:"), text[i-1]) >= 0) {
			return true
		}
	}
	return false
}
