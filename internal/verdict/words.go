package verdict

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// reason builds a reason from signals; its time is that of the first.
func reason(rule Rule, forIt bool, text string, from ...signal.Signal) Reason {
	r := Reason{Rule: rule, For: forIt, Text: text}
	for _, s := range from {
		r.Signals = append(r.Signals, s.ID)
		if r.At.IsZero() || s.At.Before(r.At) {
			r.At = s.At
		}
		for _, e := range s.Evidence {
			if len(r.Evidence) < 6 {
				r.Evidence = append(r.Evidence, e)
			}
		}
	}
	return r
}

// since returns when the first of the signals was seen.
func since(reasons []Reason) time.Time {
	var at time.Time
	for _, r := range reasons {
		if r.For && r.Rule != RuleCI && !r.At.IsZero() && (at.IsZero() || r.At.Before(at)) {
			at = r.At
		}
	}
	return at
}

// said returns the message of a failing signal for a sentence.
func said(s signal.Signal) string {
	switch {
	case s.Summary != "":
		return clip(s.Summary, maxSaid)
	case s.Failure != nil && s.Failure.Message != "":
		return clip(s.Failure.Message, maxSaid)
	}
	return "failed"
}

// Bounds of what pages and pipelines may put into our sentences, in bytes.
const (
	maxSaid    = 400
	maxSummary = 700
)

// clip makes text from outside one line of at most so many bytes.
func clip(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "�"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// providerOf returns the integration that a failing signal points at: the
// host of the failed request belongs to it.
func providerOf(p product.Product, signals []signal.Signal) (product.Integration, bool) {
	for _, s := range signals {
		if s.Failure == nil {
			continue
		}
		host := s.Failure.Host
		if host == "" {
			host = strings.TrimPrefix(strings.TrimPrefix(product.Origin(s.Failure.URL), "https://"), "http://")
		}
		if in, ok := p.IntegrationFor(host); ok {
			return in, true
		}
	}
	return product.Integration{}, false
}

// times counts in words.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
