package report

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of an XML document.
const (
	maxDepth = 200
	maxName  = 200
	maxValue = 1000
	maxAttrs = 100
)

// flaw is what a lexer finds wrong.
type flaw string

// Error is the sentence that people see.
func (f flaw) Error() string { return string(f) }

const (
	errCutOff   flaw = "the document is cut off"
	errDeep     flaw = "elements are nested too deeply"
	errEntity   flaw = "the document declares entities, which are not expanded"
	errNesting  flaw = "an element is closed that is not open"
	errMarkup   flaw = "the markup is broken"
	errNotFirst flaw = "the file holds more than one document"
)

// tokenKind is what the lexer found.
type tokenKind int

const (
	tokenEnd tokenKind = iota // of the file
	tokenOpen
	tokenClose
	tokenText
)

// token is one piece of a document. Names have no prefixes; texts and values are
// bounded, and what is beyond is skipped.
type token struct {
	kind  tokenKind
	name  string
	text  string
	attrs []attr
}

type attr struct{ name, value string }

// get returns the value of an attribute.
func (t token) get(name string) string {
	for _, a := range t.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// has reports whether the attribute stands there.
func (t token) has(name string) bool {
	for _, a := range t.attrs {
		if a.name == name {
			return true
		}
	}
	return false
}

// num returns the value of an attribute as a number, 0 when it is none.
func (t token) num(name string) int {
	n, err := strconv.Atoi(strings.TrimSpace(t.get(name)))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// lexer cuts XML into tokens, in bounded memory whatever comes. It expands no
// entities but the five of XML and numbers, so there is nothing to bomb with.
type lexer struct {
	r      *bufio.Reader
	stack  []string
	roots  int
	close  bool // the element opened last was empty: its end is still to be told
	after  bool // something other than space follows the document
	latin  bool // declared as one byte a letter
	broken bool // a text was not UTF-8
}

func (x *lexer) next() (token, error) {
	for {
		if t, again, err := x.piece(); !again || err != nil {
			return t, err
		}
	}
}

// piece reads up to the end of a tag or a text; again when it was of no interest.
func (x *lexer) piece() (t token, again bool, err error) {
	if x.close {
		x.close = false
		return x.pop(), false, nil
	}
	text, err := x.until("<")
	if err != nil {
		if !errors.Is(err, io.EOF) {
			return token{}, false, err
		}
		x.outside(text)
		if len(x.stack) > 0 || x.roots == 0 {
			return token{}, false, errCutOff
		}
		return token{}, false, nil
	}
	if t := strings.TrimSpace(text); t != "" {
		_ = x.r.UnreadByte()
		if len(x.stack) == 0 {
			x.outside(text)
			_, _ = x.r.ReadByte()
			return x.tag()
		}
		return token{kind: tokenText, text: x.plain(t)}, false, nil
	}
	return x.tag()
}

func (x *lexer) outside(text string) {
	if x.roots > 0 && strings.Trim(text, " \t\r\n\x00") != "" {
		x.after = true
	}
}

// tag reads what follows "<".
func (x *lexer) tag() (t token, again bool, err error) {
	b, err := x.r.ReadByte()
	if err != nil {
		return token{}, false, errCutOff
	}
	switch b {
	case '?':
		text, err := x.until("?>")
		if err != nil {
			return token{}, false, errCutOff
		}
		text = strings.ToLower(text)
		x.latin = x.latin || strings.Contains(text, "8859") || strings.Contains(text, "windows-12") || strings.Contains(text, "latin")
		return token{}, true, nil
	case '!':
		return x.declaration()
	case '/':
		name, err := x.until(">")
		if err != nil {
			return token{}, false, errCutOff
		}
		if len(x.stack) == 0 || x.stack[len(x.stack)-1] != bare(strings.TrimSpace(name)) {
			return token{}, false, errNesting
		}
		return x.pop(), false, nil
	}
	_ = x.r.UnreadByte()
	t, err = x.open()
	return t, false, err
}

// pop closes the innermost element.
func (x *lexer) pop() token {
	name := x.stack[len(x.stack)-1]
	x.stack = x.stack[:len(x.stack)-1]
	return token{kind: tokenClose, name: name}
}

// declaration reads what follows "<!": a comment, CDATA or a DOCTYPE.
func (x *lexer) declaration() (t token, again bool, err error) {
	head, _ := x.r.Peek(7)
	switch {
	case strings.HasPrefix(string(head), "--"):
		_, _ = x.r.Discard(2)
		if _, err := x.until("-->"); err != nil {
			return token{}, false, errCutOff
		}
		return token{}, true, nil
	case string(head) == "[CDATA[":
		_, _ = x.r.Discard(7)
		text, err := x.until("]]>")
		if err != nil {
			return token{}, false, errCutOff
		}
		return token{kind: tokenText, text: x.valid(strings.TrimSpace(text))}, false, nil
	}
	depth := 0
	for {
		b, err := x.r.ReadByte()
		if err != nil {
			return token{}, false, errCutOff
		}
		switch b {
		case '[':
			depth++
		case ']':
			depth--
		case '!':
			if head, _ := x.r.Peek(6); strings.EqualFold(string(head), "ENTITY") {
				return token{}, false, errEntity
			}
		case '>':
			if depth <= 0 {
				return token{}, true, nil
			}
		}
	}
}

// open reads a start tag.
func (x *lexer) open() (token, error) {
	t := token{kind: tokenOpen}
	name, end, err := x.word()
	if err != nil {
		return t, err
	}
	if name == "" {
		return t, errMarkup
	}
	t.name = bare(name)
	if len(x.stack) >= maxDepth {
		return t, errDeep
	}
	if len(x.stack) == 0 {
		x.roots++
	}
	x.stack = append(x.stack, t.name)
	for {
		switch end {
		case '>':
			return t, nil
		case '/':
			if b, err := x.r.ReadByte(); err != nil {
				return t, errCutOff
			} else if b != '>' {
				return t, errMarkup
			}
			x.close = true
			return t, nil
		case '=':
			value, err := x.value()
			if err != nil {
				return t, err
			}
			if len(t.attrs) < maxAttrs && name != "" {
				t.attrs = append(t.attrs, attr{bare(name), value})
			}
		}
		if name, end, err = x.word(); err != nil {
			return t, err
		}
		if name == "" && end != '>' && end != '/' {
			return t, errMarkup
		}
	}
}

// word reads a name and the sign that ends it: one of "=/>", or 0 for a space.
func (x *lexer) word() (string, byte, error) {
	var name []byte
	space := false
	for {
		b, err := x.r.ReadByte()
		if err != nil {
			return "", 0, errCutOff
		}
		switch b {
		case ' ', '\t', '\r', '\n':
			space = space || len(name) > 0
			continue
		case '=', '>', '/':
			return string(name), b, nil
		case '<', '"', '\'':
			return "", 0, errMarkup
		}
		if space {
			_ = x.r.UnreadByte()
			return string(name), 0, nil
		}
		if len(name) < maxName {
			name = append(name, b)
		}
	}
}

// value reads a value in quotes.
func (x *lexer) value() (string, error) {
	for {
		b, err := x.r.ReadByte()
		if err != nil {
			return "", errCutOff
		}
		switch b {
		case ' ', '\t', '\r', '\n':
		case '"', '\'':
			text, err := x.until(string(b))
			if err != nil {
				return "", errCutOff
			}
			return x.plain(text), nil
		default:
			return "", errMarkup
		}
	}
}

// until reads up to the mark and over it, and keeps the beginning.
func (x *lexer) until(mark string) (string, error) {
	var kept []byte
	last := mark[len(mark)-1]
	var tail []byte
	for {
		part, err := x.r.ReadSlice(last)
		if room := maxValue - len(kept); room > 0 {
			kept = append(kept, part[:min(room, len(part))]...)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return string(kept), err
		}
		tail = append(tail, part[max(0, len(part)-len(mark)):]...)
		tail = tail[max(0, len(tail)-len(mark)):]
		if err == nil && string(tail) == mark {
			return strings.TrimSuffix(string(kept), mark), nil
		}
	}
}

// plain resolves the references in a text.
func (x *lexer) plain(s string) string {
	if !strings.Contains(s, "&") {
		return x.valid(s)
	}
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, '&')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s[:min(len(s), 12)], ';')
		if end < 0 {
			b.WriteByte('&')
			s = s[1:]
			continue
		}
		b.WriteString(reference(s[1:end]))
		s = s[end+1:]
	}
	b.WriteString(s)
	return x.valid(b.String())
}

// reference is what stands between "&" and ";".
func reference(name string) string {
	switch name {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(strings.ToLower(digits), "x"); ok {
			digits, base = hex, 16
		}
		if n, err := strconv.ParseInt(digits, base, 32); err == nil && utf8.ValidRune(rune(n)) {
			return string(rune(n))
		}
	}
	return "&" + name + ";"
}

// valid makes a text UTF-8; its end may have been cut within a letter.
func (x *lexer) valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	if x.latin {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	}
	if len(s) < maxValue-4 {
		x.broken = true
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// problem is what is wrong with a document that came to its end.
func (x *lexer) problem() string {
	switch {
	case x.roots > 1:
		return errNotFirst.Error()
	case x.after:
		return "something follows the document"
	case x.broken:
		return "texts are not in the encoding that the document declares"
	}
	return ""
}

// bare takes the prefix off a name.
func bare(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }
