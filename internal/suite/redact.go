package suite

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/signal"
)

const hidden = "•••"

// redactor takes secrets out of what is kept: the values it was told of, and
// what looks like a secret.
type redactor struct{ values []string }

type rule struct {
	find    *regexp.Regexp
	replace string
}

var rules = []rule{
	{regexp.MustCompile(`(?i)\b((?:set-)?cookie["']?\s*:\s*)[^\r\n"'<]+`), "${1}" + hidden},
	{regexp.MustCompile(`(?i)\b(authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?)[^\s"'<,;]+`), "${1}" + hidden},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`), "${1} " + hidden},
	{regexp.MustCompile(`(?i)\b((?:[\w-]*(?:token|secret|password|passwd|api[_-]?key|session[_-]?id|csrf))["']?\s*[:=]\s*["']?)[^\s"'<>&,;\\]{3,}`), "${1}" + hidden},
	{regexp.MustCompile(`(?i)([?&#](?:code|sig|signature|key|state|auth|otp|assertion|samlresponse)=)[^&#\s"'<>\\]+`), "${1}" + hidden},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`), hidden},
	{regexp.MustCompile(`\bv1\.\d{6,}\.[\w-]{1,64}\.[A-Za-z0-9_-]{20,}`), hidden},
	{regexp.MustCompile(`(://)[^/\s@"'<>\\]+@`), "${1}" + hidden + "@"},
}

// secretive are the names of variables whose values are secrets.
var secretive = regexp.MustCompile(`(?i)token|secret|passw|passphrase|credential|_key$|^key$|apikey|auth|cookie|session`)

// minSecret keeps very short values, which would hide half of every text.
const minSecret = 4

func newRedactor(marker string, q Request) *redactor {
	r := &redactor{}
	add := func(v string) {
		if len(v) >= minSecret {
			r.values = append(r.values, v)
		}
	}
	add(marker)
	for _, v := range q.Secrets {
		add(v)
	}
	for _, set := range []map[string]string{q.Suite.Env, q.Vars} {
		for name, v := range set {
			if secretive.MatchString(name) {
				add(v)
			}
		}
	}
	// The longest first: one may be part of another.
	slices.SortFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	return r
}

func (r *redactor) text(s string) string {
	s = r.known(s)
	for _, rule := range rules {
		s = rule.find.ReplaceAllString(s, rule.replace)
	}
	return s
}

// known takes out only the values it was told of, also as JSON writes them.
func (r *redactor) known(s string) string {
	for _, v := range r.values {
		s = strings.ReplaceAll(s, v, hidden)
		if quoted := quote(v); quoted != v {
			s = strings.ReplaceAll(s, quoted, hidden)
		}
	}
	return s
}

// signal redacts everything a suite can put words into.
func (r *redactor) signal(s *signal.Signal) {
	s.Summary = r.text(s.Summary)
	if f := s.Failure; f != nil {
		f.Title, f.Message, f.Position = r.text(f.Title), r.text(f.Message), r.text(f.Position)
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		st.Title, st.Message, st.From = r.text(st.Title), r.text(st.Message), r.text(st.From)
	}
	for i := range s.Evidence {
		s.Evidence[i].Title = r.text(s.Evidence[i].Title)
	}
}

var (
	ansi    = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])`)
	control = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`)
	snippet = regexp.MustCompile(`(?m)^\s*(?:>\s*)?\d* \|.*(?:\n|$)`)
	stack   = regexp.MustCompile(`(?m)^\s+at (?:.*:\d+:\d+\)?|.*\(.*\))\s*(?:\n|$)`)
	blank   = regexp.MustCompile(`\n{2,}`)
)

// clean takes the colours and other codes of a terminal out of a text.
func clean(s string) string {
	return strings.ToValidUTF8(control.ReplaceAllString(ansi.ReplaceAllString(s, ""), ""), "�")
}

// brief is an error without the pieces of source and the stack that Playwright
// puts behind it.
func brief(s string) string {
	s = stack.ReplaceAllString(snippet.ReplaceAllString(s, ""), "")
	return strings.TrimSpace(blank.ReplaceAllString(s, "\n"))
}
