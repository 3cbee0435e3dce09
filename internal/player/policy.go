package player

import (
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/browser"
)

// What fails a run whatever its steps say:
//
//   - an exception of the product's own code that nothing catches;
//   - a first-party request that no page can do without and that failed: any
//     answer of 500 and above, and a document, script or style sheet that is
//     missing or refused;
//   - a first-party call (fetch, XHR) without any answer at all.
//
// A first-party call that is answered 400–499 is told, and does not fail the
// run by itself: "who am I" before sign-in (401), a look-up that finds nothing
// (404) and a form that is refused (422) are answers that working pages are
// built on. When the page cannot live with the answer it throws, or shows it,
// and then the call is named as the cause of the step that fails.
//
// Errors "warn" turns all of these into notes; Allow lets single ones pass.

// tolerant reports whether errors are only told.
func (p *play) tolerant() bool {
	if p.req.Spec.Errors != "" {
		return p.req.Spec.Errors == "warn"
	}
	return p.journey.Errors == "warn"
}

// allowed reports a failure that the product or the journey lets pass: the text
// is a request's address or an exception's message.
func (p *play) allowed(text string) bool {
	for _, list := range [][]string{p.req.Spec.Allow, p.journey.Allow} {
		if slices.ContainsFunc(list, func(pattern string) bool { return allows(pattern, text) }) {
			return true
		}
	}
	return false
}

// allows matches a pattern: an address with * for any characters, whole or from
// its path on ("/api/me", with or without a query), or a part of a text.
func allows(pattern, text string) bool {
	pattern = strings.ReplaceAll(strings.TrimSpace(pattern), "…", "*")
	if pattern == "" {
		return false
	}
	if !strings.Contains(text, "://") || strings.ContainsAny(text, " \n") {
		return glob("*"+pattern+"*", text)
	}
	_, rest, _ := strings.Cut(text, "://")
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	bare, _, _ := strings.Cut(path, "?")
	switch {
	case strings.HasPrefix(pattern, "/"):
		return glob(pattern, path) || glob(pattern, bare)
	case strings.Contains(pattern, "://"), strings.HasPrefix(pattern, "*"):
		noQuery, _, _ := strings.Cut(text, "?")
		return glob(pattern, text) || glob(pattern, noQuery)
	}
	return glob(pattern, host+path) || glob(pattern, host+bare)
}

// glob matches the whole text; * stands for any characters.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// essential are the types of request without which a page does not work.
func essential(kind string) bool {
	return slices.Contains([]string{"Document", "Script", "Stylesheet", "Fetch", "XHR"}, kind)
}

// scripted reports a request that a script of the page makes and can answer for.
func scripted(q browser.Request) bool { return q.Type == "Fetch" || q.Type == "XHR" }

// fatal reports a first-party request whose failure fails the run.
func fatal(q browser.Request) bool {
	switch {
	case q.Redirect != "" || !q.Failed():
		return false
	case q.Status >= 500:
		return true
	case q.Status >= 400:
		return essential(q.Type) && !scripted(q)
	case strings.Contains(q.Error, "ERR_ABORTED"), strings.Contains(q.Error, "ERR_INTERNET_DISCONNECTED"):
		return false // a download, a navigation that overtook it, a network that the journey cut
	}
	return essential(q.Type) || q.Type == "Image" || q.Type == "Font" || q.Type == "Manifest"
}
