package check

import (
	"path"
	"strings"
)

// style scans CSS for addresses. It is no parser: it knows comments, strings,
// escapes, url() and the at-rules that decide what an address is for.
type style struct {
	s     string
	i     int
	rule  string // at-rule whose prelude we are in
	block []bool // open blocks: is it @font-face?
	f     *finder
}

// readStyle adds what the style sheet references: imported sheets, fonts and
// images.
func readStyle(css string, f *finder) {
	c := style{s: css, f: f}
	for c.i < len(c.s) {
		c.step()
	}
}

func (c *style) step() {
	switch ch := c.s[c.i]; {
	case strings.HasPrefix(c.s[c.i:], "/*"):
		if end := strings.Index(c.s[c.i+2:], "*/"); end >= 0 {
			c.i += end + 4
		} else {
			c.i = len(c.s)
		}
	case ch == '"' || ch == '\'':
		text := c.quoted()
		if c.rule == "import" {
			c.found(text)
		}
	case ch == '@':
		c.i++
		c.rule = strings.ToLower(c.name())
	case ch == '{':
		c.block = append(c.block, c.rule == "font-face")
		c.rule = ""
		c.i++
	case ch == '}':
		if n := len(c.block); n > 0 {
			c.block = c.block[:n-1]
		}
		c.rule = ""
		c.i++
	case ch == ';':
		c.rule = ""
		c.i++
	case isName(ch):
		c.word()
	default:
		c.i++
	}
}

// word reads a name, and the address when it is url( .
func (c *style) word() {
	name := c.name()
	if !strings.EqualFold(name, "url") || c.i >= len(c.s) || c.s[c.i] != '(' {
		return
	}
	c.i++
	c.blanks()
	if c.i < len(c.s) && (c.s[c.i] == '"' || c.s[c.i] == '\'') {
		c.found(c.quoted())
		return
	}
	start := c.i
	for c.i < len(c.s) && c.s[c.i] != ')' {
		if c.s[c.i] == '\\' {
			c.i++
		}
		c.i++
	}
	c.i = min(c.i, len(c.s))
	c.found(unescape(strings.TrimSpace(c.s[start:c.i])))
}

// found adds an address by where it stands.
func (c *style) found(raw string) {
	switch {
	case c.rule == "import":
		c.f.add(raw, ref{kind: kindStyle, strict: true})
		c.rule = "imported" // what follows are layers and conditions
	case c.rule != "" && c.rule != "imported":
		// @namespace, @document: names, not assets
	case len(c.block) > 0 && c.block[len(c.block)-1]:
		// Formats that no current browser asks for are kept in old sheets.
		if ext := strings.ToLower(path.Ext(pathOf(raw))); ext != ".eot" && ext != ".svg" {
			c.f.add(raw, ref{kind: kindFont})
		}
	default:
		c.f.add(raw, ref{kind: kindImage})
	}
}

func (c *style) quoted() string {
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
	text := unescape(c.s[start:c.i])
	c.i = min(c.i+1, len(c.s))
	return text
}

func (c *style) blanks() {
	for c.i < len(c.s) && strings.IndexByte(" \t\r\n\f", c.s[c.i]) >= 0 {
		c.i++
	}
}

func (c *style) name() string {
	start := c.i
	for c.i < len(c.s) && isName(c.s[c.i]) {
		c.i++
	}
	return c.s[start:c.i]
}

func isName(ch byte) bool {
	return ch == '-' || ch == '_' || ch >= 0x80 || ch == '\\' ||
		(ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
}

// unescape undoes the backslash escapes of CSS strings.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == '\n' {
			continue
		}
		code, n := rune(0), 0
		for n < 6 && i+n < len(s) && hexDigit(s[i+n]) >= 0 {
			code = code<<4 | rune(hexDigit(s[i+n]))
			n++
		}
		if n == 0 {
			b.WriteByte(s[i])
			continue
		}
		b.WriteRune(code)
		i += n - 1
		if i+1 < len(s) && s[i+1] == ' ' {
			i++
		}
	}
	return b.String()
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
