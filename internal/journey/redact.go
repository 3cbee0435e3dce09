package journey

import (
	"regexp"
	"strings"

	"github.com/postflight/postflight/internal/signal"
)

const hidden = "•••"

// redactor takes secrets out of texts before they are stored: what looks like
// one, and the values it was told of.
type redactor struct {
	rules  []rule
	values []string
}

type rule struct {
	find    *regexp.Regexp
	replace string
}

func newRedactor() *redactor {
	r := &redactor{}
	for _, pair := range [][2]string{
		{`(?i)\b((?:set-)?cookie["']?\s*:\s*)[^\r\n"'<]+`, "${1}" + hidden},
		{`(?i)\b(authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?)[^\s"'<,;]+`, "${1}" + hidden},
		{`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}`, "${1} " + hidden},
		{`(?i)\b((?:[\w-]*(?:token|secret|password|passwd|api[_-]?key|session[_-]?id|csrf))["']?\s*[:=]\s*["']?)[^\s"'<>&,;]{3,}`, "${1}" + hidden},
		{`(?i)([?&#](?:code|sig|signature|key|state|auth|otp|assertion|samlresponse)=)[^&#\s"'<>]+`, "${1}" + hidden},
		{`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`, hidden},
		{`\bv1\.\d{6,}\.[\w-]{1,64}\.[A-Za-z0-9_-]{20,}`, hidden},
		{`(://)[^/\s@"'<>]+@`, "${1}" + hidden + "@"},
	} {
		r.rules = append(r.rules, rule{regexp.MustCompile(pair[0]), pair[1]})
	}
	return r
}

// clone shares the rules and starts without values.
func (r *redactor) clone() *redactor { return &redactor{rules: r.rules} }

// secret adds a value that must never be stored. Very short ones would hide
// half of every text and are left.
func (r *redactor) secret(v string) {
	if len(v) >= 4 {
		r.values = append(r.values, v)
	}
}

func (r *redactor) text(s string) string {
	if s == "" {
		return s
	}
	for _, v := range r.values {
		s = strings.ReplaceAll(s, v, hidden)
	}
	for _, rule := range r.rules {
		s = rule.find.ReplaceAllString(s, rule.replace)
	}
	return s
}

// signal redacts everything a page can put words into.
func (r *redactor) signal(s *signal.Signal) {
	hide := func(fields ...*string) {
		for _, f := range fields {
			*f = r.text(*f)
		}
	}
	hide(&s.Summary)
	if f := s.Failure; f != nil {
		hide(&f.Title, &f.Message, &f.URL)
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		hide(&step.Title, &step.Message)
		for k := range step.Console {
			hide(&step.Console[k].Text, &step.Console[k].URL)
		}
		for k := range step.Exceptions {
			x := &step.Exceptions[k]
			hide(&x.Text, &x.URL, &x.Stack)
		}
		for k := range step.Requests {
			hide(&step.Requests[k].URL, &step.Requests[k].Error)
		}
	}
}
