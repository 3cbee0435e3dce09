package excerpt

import (
	"bytes"

	"github.com/postflight/postflight/internal/logline"
)

// begin starts to read a Python traceback: the line that matters is its last.
func (f *Finder) begin(l logline.Line) {
	text, _ := bare(l.Text)
	i := bytes.Index(bytes.ToLower(l.Text), []byte("traceback (most recent call last)"))
	if i < 0 {
		return
	}
	prefix := string(l.Text[:i])
	if len(text) > 0 && len(l.Text) > len(text) {
		// What wrappers put in front may change from line to line: bare knows it.
		prefix = string(text[:max(0, bytes.Index(bytes.ToLower(text), []byte("traceback (most")))])
	}
	f.trace = trace{on: true, prefix: prefix, column: l.Indent, left: maxTrace, chained: f.trace.chained}
}

// traced reads a line of a traceback; true when it is one.
func (f *Finder) traced(l logline.Line) bool {
	if f.trace.left--; f.trace.left < 0 {
		f.trace.on = false
		return false
	}
	text, column := l.Text, l.Indent
	if b, _ := bare(text); len(b) < len(text) {
		rest := bytes.TrimLeft(text[len(text)-len(b)-indentBefore(text, b):], " \t")
		column += len(b) - len(rest) + indentBefore(text, b)
		text = b
	}
	if p := f.trace.prefix; p != "" && bytes.HasPrefix(text, []byte(p)) {
		rest := text[len(p):]
		trimmed := bytes.TrimLeft(rest, " \t")
		column += len(rest) - len(trimmed)
		text = trimmed
	}
	switch {
	case len(text) == 0:
		return true
	case column > f.trace.column, bytes.HasPrefix(text, []byte("File \"")):
		return true
	}
	f.trace.on = false
	if !exceptionLine(text) {
		return false
	}
	weight := failure + 1
	if f.trace.chained {
		weight++
	}
	for _, wrapper := range []string{"subprocess.CalledProcessError", "SystemExit", "KeyboardInterrupt", "RuntimeError: Command", "concurrent.futures", "torch.multiprocessing.spawn.ProcessRaisedException"} {
		if bytes.HasPrefix(text, []byte(wrapper)) {
			weight = complaint - 4
		}
	}
	rule := f.traceRule()
	// A rule of its own may say more of it.
	for _, h := range f.hits {
		if i := f.rules.owner[h]; i >= structures && f.rules.rules[i].weight > weight && f.matches(int(h), text) {
			rule, weight = i, f.rules.rules[i].weight
		}
	}
	f.buf = logline.AppendNormal(f.buf[:0], text[:min(len(text), maxText)])
	f.candidate(l, verdict{rule, weight}, fnv(f.buf))
	f.trace.chained = false
	return true
}

// indentBefore counts the white space between what was taken off and the text.
func indentBefore(text, b []byte) int {
	n := 0
	for i := len(text) - len(b) - 1; i >= 0 && (text[i] == ' ' || text[i] == '\t'); i-- {
		n++
	}
	return max(0, n-1)
}

// exceptionLine reports whether the text is a dotted name, alone or before a colon.
func exceptionLine(b []byte) bool {
	n := 0
	for n < len(b) && (letter(b[n]) || digit(b[n]) || b[n] == '.' || b[n] == '_' || b[n] >= 0x80) {
		n++
	}
	return n > 2 && (n == len(b) || b[n] == ':')
}

// traceRule is the rule for the last line of a traceback.
func (f *Finder) traceRule() int { return len(f.rules.rules) - 2 }
