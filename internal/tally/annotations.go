package tally

import (
	"bytes"
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// annotation marks what CI systems themselves call an error. A toolkit that
// tries again says so a line or two later: then nothing is marked.
type annotation struct {
	held  []logline.Line
	after int // the line up to which a retry takes back what is held
	told  int
}

func (g *annotation) triggers() []string {
	return []string{
		"##[error]", "::error::", "::error ", "Error: Process completed with exit code ", "ERROR: Job failed", "Finished: FAILURE", "Finished: UNSTABLE", "Exited with code exit status ", "The command \"", "Done. Your build exited with ", "🚨 Error: The command exited with status ",
		"ERROR: script returned exit code ", "Attempt ", "##[warning]Attempt ",
		"Warning: Attempt ", "::warning::Attempt ",
	}
}

func (g *annotation) line(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		return
	}
	if len(g.held) > 0 && l.Number <= g.after && retrying(t) {
		g.held = g.held[:0]
		return
	}
	if i := strings.Index(t, "Attempt "); i >= 0 && i < 20 {
		if like1(t[i:], "Attempt {n} failed. Reason: {*}") {
			o.mark(rule.FlakyRetries, "retry", l)
		}
		return
	}
	if len(g.held) > 0 && l.Number > g.after {
		g.flush(o)
	}
	if !annotated(t) || g.told >= maxFailures {
		return
	}
	g.told++
	g.held = append(g.held, logline.Line{Number: l.Number, Text: bytes.Clone(l.Text)})
	g.after = l.Number + 4
	o.next(4)
}

// annotated reports whether a line is an error by its form.
func annotated(t string) bool {
	switch {
	case strings.HasPrefix(t, "##[error]"), strings.HasPrefix(t, "::error::"):
		return true
	case strings.HasPrefix(t, "::error "):
		return strings.Contains(t[len("::error "):], "::")
	case strings.HasPrefix(t, "Error: Process "):
		n, ok := like(t, "Error: Process completed with exit code {n}.")
		return ok && n[0] != 0
	case strings.HasPrefix(t, "ERROR: Job failed"):
		return t == "ERROR: Job failed" || strings.HasPrefix(t, "ERROR: Job failed: ")
	}
	for _, p := range []string{
		"Exited with code exit status {n}", "The command \"{*}\" exited with {n}.", "Done. Your build exited with {n}.",
		"🚨 Error: The command exited with status {n}", "ERROR: script returned exit code {n}",
	} {
		if n, ok := like(t, p); ok {
			return n[0] != 0
		}
	}
	return t == "Finished: FAILURE" || t == "Finished: UNSTABLE"
}

// retrying reports whether a line says that what failed is tried again.
func retrying(t string) bool {
	t = strings.ToLower(t)
	return like1(t, "waiting {n} second{s} before trying again") || t == "retrying" || strings.HasPrefix(t, "retrying ") || strings.HasPrefix(t, "will retry ") ||
		strings.HasPrefix(t, "##[warning]retrying") || strings.HasPrefix(t, "##[warning]attempt ")
}

func (g *annotation) flush(o *out) {
	for _, l := range g.held {
		o.mark(rule.Contradiction, "CI", l)
	}
	g.held = g.held[:0]
}

func (g *annotation) end(o *out) { g.flush(o) }
