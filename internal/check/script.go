package check

import "strings"

// script scans JavaScript for static imports. It is no parser: it knows
// comments, strings, templates and, by what stands before the slash, regular
// expressions. Addresses that a program puts together are not seen.
type script struct {
	s      string
	i      int
	last   byte   // last significant character; 0 at the start
	word   string // the name that ended there, if any
	clause bool   // inside an import or export clause, where "from" may come
	dotted bool   // the name is a property
	f      *finder
}

// readScript adds the relative and absolute addresses of import "…",
// import … from "…", export … from "…" and import("…").
func readScript(text string, f *finder) {
	c := script{s: text, f: f}
	for c.i < len(c.s) {
		c.step()
	}
}

func (c *script) step() {
	ch := c.s[c.i]
	switch {
	case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r':
		c.i++
	case strings.HasPrefix(c.s[c.i:], "//"):
		c.skipTo("\n")
	case strings.HasPrefix(c.s[c.i:], "/*"):
		c.i += 2
		c.skipTo("*/")
	case ch == '"' || ch == '\'':
		c.literal()
	case ch == '`':
		c.template()
		c.mark('`')
	case ch == '/' && c.regexpHere():
		c.regexp()
		c.mark('/')
	case isIdent(ch):
		c.identifier()
	default:
		if ch == ';' || ch == '=' || ch == '(' {
			c.clause = false
		}
		c.i++
		if ch == '(' && c.word == "import" && !c.dotted {
			c.last = '(' // keep the word: the address comes next
			return
		}
		c.mark(ch)
	}
}

func (c *script) mark(ch byte) { c.last, c.word = ch, "" }

func (c *script) identifier() {
	start := c.i
	for c.i < len(c.s) && isIdent(c.s[c.i]) {
		c.i++
	}
	c.dotted = c.last == '.'
	c.word, c.last = c.s[start:c.i], 'a'
	if (c.word == "import" || c.word == "export") && !c.dotted {
		c.clause = true
	}
}

// literal reads a string and takes it when it is an import's address.
func (c *script) literal() {
	quote := c.s[c.i]
	c.i++
	start := c.i
	for c.i < len(c.s) && c.s[c.i] != quote && c.s[c.i] != '\n' {
		if c.s[c.i] == '\\' {
			c.i++
		}
		c.i++
	}
	c.i = min(c.i, len(c.s))
	text := c.s[start:c.i]
	whole := c.i < len(c.s) && c.s[c.i] == quote
	c.i = min(c.i+1, len(c.s))
	address := whole && !c.dotted && (c.word == "import" || (c.word == "from" && c.clause))
	if c.word == "import" && c.last == '(' {
		address = address && c.closes()
	}
	if address && isAddress(text) && strings.IndexByte(text, '\\') < 0 {
		c.f.add(text, imported(text))
	}
	if c.word == "from" || c.word == "import" {
		c.clause = false
	}
	c.mark('"')
}

// closes reports whether the argument is the literal alone, not the start of
// a sum.
func (c *script) closes() bool {
	rest := strings.TrimLeft(c.s[c.i:min(len(c.s), c.i+64)], " \t\r\n")
	return rest != "" && (rest[0] == ')' || rest[0] == ',')
}

// template skips a template, with what is inside its holes.
func (c *script) template() {
	depth := 0
	for c.i++; c.i < len(c.s); c.i++ {
		switch ch := c.s[c.i]; {
		case ch == '\\':
			c.i++
		case ch == '`' && depth == 0:
			c.i++
			return
		case ch == '$' && depth == 0 && strings.HasPrefix(c.s[c.i:], "${"):
			depth, c.i = 1, c.i+1
		case ch == '{' && depth > 0:
			depth++
		case ch == '}' && depth > 0:
			depth--
		}
	}
	c.i = len(c.s)
}

func (c *script) regexp() {
	class := false
	for c.i++; c.i < len(c.s); c.i++ {
		switch ch := c.s[c.i]; {
		case ch == '\\':
			c.i++
		case ch == '[':
			class = true
		case ch == ']':
			class = false
		case ch == '/' && !class:
			c.i++
			return
		case ch == '\n':
			return
		}
	}
	c.i = len(c.s)
}

// regexpHere reports whether a slash here starts a regular expression: after
// a value it is a division.
func (c *script) regexpHere() bool {
	switch c.word {
	case "return", "typeof", "case", "in", "of", "do", "else", "void", "delete", "throw", "new", "await", "yield":
		return true
	}
	return c.last == 0 || strings.IndexByte("(,=:[!&|?{};+-*%~^<>", c.last) >= 0
}

func (c *script) skipTo(end string) {
	if n := strings.Index(c.s[c.i:], end); n >= 0 {
		c.i += n + len(end)
		return
	}
	c.i = len(c.s)
}

func isIdent(ch byte) bool {
	return ch == '_' || ch == '$' || ch >= 0x80 ||
		(ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
}
