package route

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sort of a token.
type sort byte

const (
	word    sort = iota + 1 // a name or a number
	literal                 // a string that is spelled out
	opaque                  // a string with something computed in it, a pattern
	mark                    // one sign; "...", "=>", "->" and "::" are one too
	newline                 // where the language minds it
)

// token is a piece of source.
type token struct {
	sort sort
	text string
}

// tongue is what the scanner has to know of a language.
type tongue struct {
	slashes bool // comments: // and /* */
	hash    bool // comments: #
	ticks   bool // template strings
	regexps bool // /patterns/
	lines   bool // newlines count
	triple  bool // """ strings
	prefix  string
	// computed is what makes a double-quoted string computed.
	computed string
	name     string // signs that belong to names
}

var (
	javascript = tongue{slashes: true, ticks: true, regexps: true, name: "$_"}
	python     = tongue{hash: true, lines: true, triple: true, prefix: "rbfuRBFU", name: "_"}
	ruby       = tongue{hash: true, regexps: true, lines: true, computed: "#{", name: "_?!"}
	php        = tongue{slashes: true, hash: true, computed: "$", name: "$_\\"}
	java       = tongue{slashes: true, triple: true, computed: "${", name: "_$"}
	csharp     = tongue{slashes: true, triple: true, prefix: "$@", name: "_"}
)

// lexer cuts source into tokens, once through.
type lexer struct {
	tongue
	src string
	pos int
	out code
	// open is, for each quote, up to where it is known that nothing closes one.
	open map[byte]int
}

// lex never fails: what it does not understand becomes a sign.
func lex(src []byte, t tongue) code {
	l := &lexer{tongue: t, src: string(src), open: map[byte]int{}}
	for l.pos < len(l.src) {
		l.next()
	}
	return l.out
}

func (l *lexer) add(s sort, text string) { l.out = append(l.out, token{s, text}) }

func (l *lexer) starts(prefix string) bool { return strings.HasPrefix(l.src[l.pos:], prefix) }

// skipTo moves behind the next end, or to the end of the source.
func (l *lexer) skipTo(end string) {
	if i := strings.Index(l.src[l.pos:], end); i >= 0 {
		l.pos += i + len(end)
		return
	}
	l.pos = len(l.src)
}

func (l *lexer) next() {
	c := l.src[l.pos]
	switch {
	case c == '\n':
		l.pos++
		if l.lines {
			l.add(newline, "\n")
		}
	case c <= ' ':
		l.pos++
	case l.slashes && l.starts("//"), l.hash && c == '#' && !l.starts("#["):
		if i := strings.IndexByte(l.src[l.pos:], '\n'); i >= 0 {
			l.pos += i
		} else {
			l.pos = len(l.src)
		}
	case l.slashes && l.starts("/*"):
		l.pos += 2
		l.skipTo("*/")
	case l.regexps && c == '/' && l.operand() && l.pattern():
	case l.ticks && c == '`':
		l.template()
	case c == '"' || c == '\'':
		l.quoted("")
	case l.lines && l.regexps && (l.starts("%w") || l.starts("%i")) && l.words():
	default:
		l.nameOrSign()
	}
}

// operand says whether a slash here begins a pattern and does not divide.
func (l *lexer) operand() bool {
	if len(l.out) == 0 {
		return true
	}
	last := l.out[len(l.out)-1]
	switch last.sort {
	case word:
		return last.text == "return" || last.text == "case" || last.text == "typeof"
	case mark:
		return !strings.Contains(")]}<", last.text)
	}
	return last.sort == newline
}

// pattern reads a regular expression on this line; false when it is none.
func (l *lexer) pattern() bool {
	if l.pos < l.open['/'] {
		return false
	}
	class := false
	for i := l.pos + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\n':
			l.open['/'] = i
			return false
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				l.pos = i + 1
				l.add(opaque, "")
				return true
			}
		}
	}
	l.open['/'] = len(l.src)
	return false
}

// unclosed takes a quote that nothing closes before end as a sign.
func (l *lexer) unclosed(end int) {
	c := l.src[l.pos]
	l.open[c] = max(l.open[c], end)
	l.pos++
	l.add(mark, string(c))
}

// template reads a JavaScript template; those within it are passed over by
// counting braces.
func (l *lexer) template() {
	if l.pos < l.open['`'] {
		l.unclosed(0)
		return
	}
	start, computed, braces := l.pos+1, false, 0
	for i := start; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\\':
			i++
		case c == '`' && braces == 0:
			l.pos = i + 1
			if computed {
				l.add(opaque, "")
			} else {
				l.add(literal, l.src[start:i])
			}
			return
		case c == '$' && strings.HasPrefix(l.src[i:], "${"):
			computed = true
			braces++
			i++
		case c == '}' && braces > 0:
			braces--
		}
	}
	l.unclosed(len(l.src))
}

// quoted reads a string in quotes; prefix is what stood before it.
func (l *lexer) quoted(prefix string) {
	c := l.src[l.pos]
	if three := strings.Repeat(string(c), 3); l.triple && l.starts(three) {
		l.pos += 3
		l.skipTo(three)
		l.add(opaque, "")
		return
	}
	if l.pos < l.open[c] {
		l.unclosed(0)
		return
	}
	verbatim := strings.ContainsAny(prefix, "@rR")
	computed := strings.ContainsAny(prefix, "fF$")
	var b strings.Builder
	for i := l.pos + 1; i < len(l.src); i++ {
		switch d := l.src[i]; {
		case d == c:
			l.pos = i + 1
			if text := b.String(); computed || l.computed != "" && c == '"' && strings.Contains(text, l.computed) {
				l.add(opaque, "")
			} else {
				l.add(literal, text)
			}
			return
		case d == '\n' && !verbatim && l.name != php.name:
			l.unclosed(i)
			return
		case d == '\\' && !verbatim && i+1 < len(l.src):
			i++
			if n := l.src[i]; n == '/' || n == c || n == '\\' {
				b.WriteByte(n)
			} else {
				b.WriteByte('\\')
				b.WriteByte(n)
			}
		default:
			b.WriteByte(d)
		}
	}
	l.unclosed(len(l.src))
}

// words reads Ruby's %w[a b] and %i[a b] as a list of strings.
func (l *lexer) words() bool {
	ends := map[byte]byte{'[': ']', '(': ')', '{': '}', '<': '>', '|': '|'}
	if l.pos+2 >= len(l.src) || ends[l.src[l.pos+2]] == 0 {
		return false
	}
	rest := l.src[l.pos+3 : min(len(l.src), l.pos+4096)]
	end := strings.IndexByte(rest, ends[l.src[l.pos+2]])
	if end < 0 {
		return false
	}
	l.add(mark, "[")
	for _, w := range strings.Fields(rest[:end]) {
		l.add(literal, w)
		l.add(mark, ",")
	}
	l.add(mark, "]")
	l.pos += 3 + end + 1
	return true
}

func (l *lexer) nameOrSign() {
	start := l.pos
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (r > 0x7f || !strings.ContainsRune(l.name, r)) {
			break
		}
		l.pos += n
	}
	text := l.src[start:l.pos]
	if l.pos < len(l.src) && (l.src[l.pos] == '"' || l.src[l.pos] == '\'') && len(text) <= 2 && strings.Trim(text, l.prefix) == "" && text != "" {
		l.quoted(text)
		return
	}
	if text != "" {
		l.add(word, text)
		return
	}
	for _, long := range []string{"...", "=>", "->", "::", "?."} {
		if l.starts(long) {
			l.pos += len(long)
			l.add(mark, long)
			return
		}
	}
	if strings.ContainsRune(l.prefix, rune(l.src[l.pos])) {
		end := l.pos
		for end < len(l.src) && end-l.pos < 2 && strings.IndexByte(l.prefix, l.src[end]) >= 0 {
			end++
		}
		if end < len(l.src) && l.src[end] == '"' {
			text = l.src[l.pos:end]
			l.pos = end
			l.quoted(text)
			return
		}
	}
	_, n := utf8.DecodeRuneInString(l.src[l.pos:])
	l.add(mark, l.src[l.pos:l.pos+n])
	l.pos += n
}
