package config

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/postflight/postflight/internal/fault"
)

// Problem is one thing that is wrong, or suspicious, and where.
type Problem struct {
	File     string   // as given to Load; "environment" for a variable
	Line     int      // from 1; 0 when no line is to blame
	Column   int      // from 1, in characters
	Key      string   // full key, such as products.shop.watch.for
	Value    string   // what stands there; empty for secrets
	Message  string   // what is wrong, without the position
	Accepted []string // what would be accepted
	Nearest  string   // the known name that was probably meant
	Excerpt  string   // the line and a caret below it, secrets masked
}

// Warning is a problem that does not stop the server.
type Warning = Problem

// String returns the problem over one or more lines, as people read it.
func (p Problem) String() string { return p.text("") }

// Warn returns the problem as String does, marked as a warning.
func (p Problem) Warn() string { return p.text("warning: ") }

func (p Problem) text(level string) string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	fmt.Fprintf(&b, ": %s%s\n", level, p.Message)
	b.WriteString(p.Excerpt)
	if p.Nearest != "" {
		fmt.Fprintf(&b, "  did you mean %q?\n", p.Nearest)
	}
	if len(p.Accepted) > 0 {
		fmt.Fprintf(&b, "  accepted: %s\n", strings.Join(p.Accepted, ", "))
	}
	return b.String()
}

// Errors is everything that is wrong with a configuration, in file order.
type Errors []Problem

// maxShown bounds how many problems Error prints.
const maxShown = 50

// Error prints every problem with its position, excerpt and remedy.
func (e Errors) Error() string {
	var b strings.Builder
	for i, p := range e {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more\n", len(e)-maxShown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Unwrap makes the list an invalid-kind fault with a hint.
func (e Errors) Unwrap() []error {
	return []error{fault.New(fault.Invalid, "the configuration is not valid",
		"mend the file, then run `postflight config check`; docs/configuration.md lists every key")}
}

// maxExcerpt bounds the characters of a source line that are shown.
const maxExcerpt = 120

// excerpt shows one line of source with a caret below the place.
func excerpt(lines []string, at place) string {
	if at.line < 1 || at.line > len(lines) {
		return ""
	}
	line := lines[at.line-1]
	if raw := []rune(line); at.hide && at.col+at.width-1 <= len(raw) {
		before := string(raw[:max(at.col, 1)-1])
		if strings.Contains(before, ":") {
			before = strings.Repeat(" ", at.col-1)
		}
		line = before + string(raw[max(at.col, 1)-1:at.col+at.width-1]) + ": " + shownReference(string(raw[at.col+at.width-1:]))
	}
	shown := []rune(printable(mask(line)))
	col := min(max(at.col, 1), len(shown)+1)
	width := max(min(at.width, len(shown)-col+1), 1)
	if start := col - maxExcerpt/2; len(shown) > maxExcerpt && start > 0 {
		shown, col = append([]rune("…"), shown[start:]...), col-start+1
	}
	if len(shown) > maxExcerpt {
		shown = append(shown[:maxExcerpt:maxExcerpt], '…')
		width = max(min(width, len(shown)-col+1), 1)
	}
	return fmt.Sprintf("%5d | %s\n      | %s%s\n", at.line, string(shown),
		strings.Repeat(" ", col-1), strings.Repeat("^", width))
}

// printable makes text safe for a terminal, keeping one rune for one.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
