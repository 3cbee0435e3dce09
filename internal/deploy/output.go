package deploy

import (
	"regexp"
	"strings"
	"unicode"
)

// maxOutput is how much of a command's output is kept: its end.
const maxOutput = 64 << 10

// tail keeps the last bytes written to it. It is written by one goroutine and
// read after that ended.
type tail struct {
	limit int
	buf   []byte
	cut   bool
}

// Write never fails and never waits.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > t.limit {
		p, t.cut = p[n-t.limit:], true
	}
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - t.limit; extra > t.limit { // now and then, not at every write
		t.buf, t.cut = append(t.buf[:0], t.buf[extra:]...), true
	}
	return n, nil
}

// String returns the end of the output. Of a cut line nothing is shown: it
// could be the end of a secret.
func (t *tail) String() string {
	b := t.buf
	cut := t.cut
	if extra := len(b) - t.limit; extra > 0 {
		b, cut = b[extra:], true
	}
	out := string(b)
	if cut {
		_, rest, found := strings.Cut(out, "\n")
		if !found {
			return "[one line, too long to keep]"
		}
		out = "[…]\n" + rest
	}
	return out
}

// clean makes output fit to store and show: no secrets, valid text, no
// terminal codes.
func (d *Deployer) clean(s string, secrets ...string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = regexp.MustCompile(`\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|.)`).ReplaceAllString(s, "")
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	for _, secret := range append(secrets, d.options.Secrets...) {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	return strings.TrimSpace(redact(s))
}

// redact takes out what looks like a secret.
func redact(s string) string {
	for _, rule := range []struct{ pattern, with string }{
		{`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`, "[redacted]"},
		{`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`, "$1 [redacted]"},
		{`(?i)([a-z0-9_.-]*(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|authorization|cookie)["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;&]+)`, "${1}[redacted]"},
		{`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*):[^\s@/]+@`, "${1}:[redacted]@"},
		{`\b(xox[abeoprs]-[A-Za-z0-9-]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|pf_[A-Z2-7]{20,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)`, "[redacted]"},
	} {
		s = regexp.MustCompile(rule.pattern).ReplaceAllString(s, rule.with)
	}
	return s
}

// lastLine is the end of the output in one short line.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	line := []rune(strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]))
	if len(line) > 200 {
		return string(line[:199]) + "…"
	}
	return string(line)
}
