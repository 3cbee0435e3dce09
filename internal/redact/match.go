package redact

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"strings"
	"unicode/utf8"
)

// forms are the texts under which a secret may turn up, each of which may be
// escaped in its turn: itself, in hexadecimal, and in base64 at each of the
// three places it may begin.
func forms(secret string) []string {
	list := []string{secret, hex.EncodeToString([]byte(secret))}
	for offset := range 3 {
		padded := append(make([]byte, offset), secret...)
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// The first and last characters also hold bits of what stands beside it.
			text := e.EncodeToString(padded)
			from, to := (offset*8+5)/6, len(padded)*8/6
			if to-from >= 5 {
				list = append(list, text[from:to])
			}
		}
	}
	return list
}

// finder finds secrets in a text, however each of their characters is escaped:
// percent-encoded (twice, too), as a JSON or JavaScript escape, as an HTML
// reference. It is built once, and safe for concurrent use then.
type finder struct {
	forms [][]byte
	first [256][]int // by first byte: indexes of forms
	known map[string]bool
}

func (f *finder) add(secret string) {
	if f.known == nil {
		f.known = map[string]bool{}
	}
	for _, form := range forms(secret) {
		if f.known[form] {
			continue
		}
		f.known[form] = true
		f.first[form[0]] = append(f.first[form[0]], len(f.forms))
		f.forms = append(f.forms, []byte(form))
	}
}

// replace puts Hidden in the place of every secret.
func (f *finder) replace(text string) string {
	if len(f.forms) == 0 {
		return text
	}
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); {
		end := f.at(text, i)
		if end <= i {
			i++
			continue
		}
		out.WriteString(text[done:i])
		out.WriteString(Hidden)
		done, i = end, end
	}
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// at is the end of the longest secret that begins at i; i or less when none does.
func (f *finder) at(text string, i int) int {
	end := 0
	try := func(k int) { end = max(end, newMatcher(text).match(i, f.forms[k], 0)) }
	for _, k := range f.first[text[i]] {
		try(k)
	}
	switch text[i] {
	case '%', '\\', '&', '+':
		for k := range f.forms {
			try(k)
		}
	}
	return end
}

// matcher compares one place of a text with one form. Escapes can be read in
// several ways, so it tries them; left bounds how many.
type matcher struct {
	text string
	left int
}

func newMatcher(text string) *matcher { return &matcher{text, 4000} }

// match returns where form[k:] ends if it begins at i of the text, else -1. The
// beginning of a form at the end of a text counts too.
func (m *matcher) match(i int, form []byte, k int) int {
	for k < len(form) {
		if m.left--; m.left < 0 {
			return -1
		}
		if end := cutAt(m.text, i, k); end >= 0 {
			return end
		}
		if i >= len(m.text) {
			return -1
		}
		if m.text[i] == '\\' && form[k] == '\\' {
			return m.backslash(i, form, k)
		}
		if end := m.escape(i, form, k); end >= 0 {
			return end
		}
		if m.text[i] != form[k] {
			return -1
		}
		i, k = i+1, k+1
	}
	return i
}

// escape matches what is escaped at i. "%25" may be a percent sign, or the
// beginning of an escape within an escape.
func (m *matcher) escape(i int, form []byte, k int) int {
	plain, size := unit(m.text[i:])
	if size == 5 && m.text[i] == '%' {
		if end := m.unescaped(i+5, form, k, plain); end >= 0 {
			return end
		}
		plain, size = "%", 3
	}
	if size == 0 {
		return -1
	}
	return m.unescaped(i+size, form, k, plain)
}

func (m *matcher) unescaped(next int, form []byte, k int, plain string) int {
	if plain == "+" && form[k] == ' ' {
		plain = " " // a query within a query
	}
	if !strings.HasPrefix(string(form[k:min(len(form), k+len(plain))]), plain) {
		return -1
	}
	return m.match(next, form, k+len(plain))
}

// backslash matches one that may be escaped once, or twice.
func (m *matcher) backslash(i int, form []byte, k int) int {
	for _, n := range []int{1, 2, 4} {
		if strings.HasPrefix(m.text[i:], `\\\\`[:n]) {
			if end := m.match(i+n, form, k+1); end >= 0 {
				return end
			}
		}
	}
	if plain, size := unit(m.text[i:]); size > 0 && plain == `\` {
		return m.match(i+size, form, k+1)
	}
	return -1
}

// cutAt is the end of a text that was cut inside of a secret, of which k bytes
// are there; -1 when it was not. Half an escape may be left, too.
func cutAt(text string, i, k int) int {
	rest := text[i:]
	if len(rest) > 0 && len(rest) < 12 && strings.ContainsRune(`%\&`, rune(rest[0])) {
		if half, marked := strings.CutSuffix(rest, "…"); len(half) < 6 && !strings.Contains(half, "…") && (marked || k >= 6) && k >= 4 {
			if _, size := unit(half); size == 0 {
				return i + len(half)
			}
		}
	}
	if k >= 4 && strings.HasPrefix(rest, "…") || k >= 6 && rest == "" {
		return i
	}
	return -1
}

// unit decodes one escaped character at the beginning of text; size 0 when
// there is none.
func unit(text string) (plain string, size int) {
	switch text[0] {
	case '+':
		return " ", 1
	case '%':
		for _, prefix := range []string{"%25", "%"} {
			if b, ok := strings.CutPrefix(text, prefix); ok && len(b) >= 2 {
				if c, ok := hexByte(b); ok {
					return string([]byte{c}), len(prefix) + 2
				}
			}
		}
	case '\\':
		return escaped(text)
	case '&':
		if i := strings.IndexByte(text[:min(len(text), 12)], ';'); i > 0 {
			if plain = html.UnescapeString(text[:i+1]); plain != text[:i+1] {
				return plain, i + 1
			}
		}
	}
	return "", 0
}

// escaped decodes a JSON or JavaScript escape. A backslash may itself be
// escaped, when one JSON text stands in another.
func escaped(text string) (plain string, size int) {
	for size < len(text) && size < 8 && text[size] == '\\' {
		size++
	}
	next := byte(0)
	if size < len(text) {
		next = text[size]
	}
	switch c := next; c {
	case 'n', 't', 'r', 'b', 'f':
		return string("\n\t\r\b\f"[strings.IndexByte("ntrbf", c)]), size + 1
	case '"', '/', '\'':
		return string(c), size + 1
	case 'x':
		if b, ok := hexByte(text[size+1:]); ok {
			return string(rune(b)), size + 3
		}
	case 'u':
		return utf16Escape(text, size)
	}
	return "", 0
}

// utf16Escape decodes \uXXXX, and a pair of them when it is one.
func utf16Escape(text string, slashes int) (plain string, size int) {
	high, ok := hexRune(text[slashes+1:])
	if !ok {
		return "", 0
	}
	size = slashes + 5
	if high >= 0xd800 && high < 0xdc00 && len(text) >= 2*size && text[size+slashes] == 'u' {
		if low, ok := hexRune(text[size+slashes+1:]); ok && low >= 0xdc00 && low < 0xe000 {
			return string((high-0xd800)<<10 + (low - 0xdc00) + 0x10000), 2 * size
		}
	}
	if !utf8.ValidRune(high) {
		return "", 0
	}
	return string(high), size
}

func hexByte(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	var b [1]byte
	_, err := hex.Decode(b[:], []byte(s[:2]))
	return b[0], err == nil
}

func hexRune(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var b [2]byte
	_, err := hex.Decode(b[:], []byte(s[:4]))
	return rune(b[0])<<8 | rune(b[1]), err == nil
}
