package logline

import "bytes"

// Normal returns a cleaned line with all that differs between two runs of the
// same step taken out: numbers, dates, durations, sizes, percentages, ids in
// hexadecimal, UUIDs, random names and temporary paths become "#", rulers and
// progress bars one character, white space one space. The result is new memory.
func Normal(text []byte) []byte { return AppendNormal(make([]byte, 0, len(text)), text) }

// AppendNormal appends the normal form of text to dst.
func AppendNormal(dst, text []byte) []byte {
	from := len(dst)
	for i := 0; i < len(text); {
		b := text[i]
		switch {
		case b == '/' || b == '\\':
			if n := tempPath(text[i:]); n > 0 {
				dst = placeholder(dst, from)
				i += n
				continue
			}
			dst = append(dst, b)
			i++
		case wordByte(b):
			if uuid(text[i:]) {
				dst = placeholder(dst, from)
				i += 36
				continue
			}
			n := 1
			for i+n < len(text) && wordByte(text[i+n]) {
				n++
			}
			dst = word(dst, from, text[i:i+n])
			i += n
		case b == ' ' || b == '\t':
			if len(dst) > from && dst[len(dst)-1] != ' ' {
				dst = append(dst, ' ')
			}
			i++
		default:
			n := 1
			for i+n < len(text) && text[i+n] == b {
				n++
			}
			dst = append(dst, b)
			if n == 2 || n == 3 {
				dst = append(dst, text[i+1:i+n]...)
			}
			i += n
		}
	}
	if len(dst) > from && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// word appends one word of letters, digits and underscores.
func word(dst []byte, from int, w []byte) []byte {
	digits, upper, lower, hexOnly := 0, 0, 0, true
	for _, b := range w {
		switch {
		case digit(b):
			digits++
		case b >= 'A' && b <= 'Z':
			upper++
		case b >= 'a' && b <= 'z':
			lower++
		}
		if !hex(b) {
			hexOnly = false
		}
	}
	switch {
	case digits == 0 && !(hexOnly && len(w) >= 12):
		return append(dst, w...)
	case hexOnly && (len(w) >= 6 || digits == len(w)),
		len(w) > 2 && w[0] == '0' && w[1] == 'x',
		quantity(w),
		len(w) >= 16 && digits >= 2 && upper >= 2 && lower >= 2:
		return placeholder(dst, from)
	}
	for i := 0; i < len(w); {
		if !digit(w[i]) {
			dst = append(dst, w[i])
			i++
			continue
		}
		for i < len(w) && digit(w[i]) {
			i++
		}
		dst = append(dst, '#')
	}
	return dst
}

// uuid reports whether b begins with 8-4-4-4-12 hexadecimal digits.
func uuid(b []byte) bool {
	if len(b) < 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	for i, c := range b[:36] {
		if !hex(c) && i != 8 && i != 13 && i != 18 && i != 23 {
			return false
		}
	}
	return true
}

// quantity reports whether w is numbers with units: 10ms, 1h2m3s, 20260729T100129Z, 4GiB.
func quantity(w []byte) bool {
	if !digit(w[0]) {
		return false
	}
	for i := 0; i < len(w); {
		for i < len(w) && digit(w[i]) {
			i++
		}
		n := i
		for i < len(w) && !digit(w[i]) {
			i++
		}
		switch string(bytes.ToLower(w[n:i])) {
		case "", "s", "m", "h", "d", "t", "z", "x", "ms", "us", "ns", "min", "mins", "sec", "secs", "hr", "b", "k", "g", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "it", "th", "st", "nd", "rd":
		default:
			return false
		}
	}
	return true
}

// placeholder appends "#", joined with one that stands just before it behind
// what numbers are parted by.
func placeholder(dst []byte, from int) []byte {
	i := len(dst)
	for i > from && len(dst)-i < 2 {
		switch dst[i-1] {
		case '.', ',', ':', '-', '/', '+', ' ', '%':
			i--
			continue
		}
		break
	}
	if i > from && dst[i-1] == '#' {
		return dst[:i]
	}
	return append(dst, '#')
}

// tempPath returns how long a path below a directory for temporary files is.
func tempPath(b []byte) int {
	for _, root := range []string{"/tmp/", "/var/folders/", "/var/tmp/", "/_temp/", "/private/var/", "/runner_temp/", `\Temp\`, `\_temp\`} {
		if len(b) <= len(root) || string(b[:len(root)]) != root {
			continue
		}
		n := len(root)
		for n < len(b) && bytes.IndexByte([]byte(" \t\"'`:;,()[]{}<>|"), b[n]) < 0 {
			n++
		}
		return n
	}
	return 0
}

func wordByte(b byte) bool {
	return digit(b) || b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}
