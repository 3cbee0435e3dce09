package guard

import (
	"fmt"
	"io"
	"slices"

	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// ClosingText writes the judgement on a whole run: a line a step, then what
// keeps it from being green.
func ClosingText(w io.Writer, c pipeline.Closing, style Style) {
	word := style.Green("green")
	if !c.Green {
		word = style.Red("NOT GREEN")
	}
	_, _ = fmt.Fprintf(w, "postflight guard: run %s: %s; %d steps expected, %d in the ledger\n", safe(c.Run), word, len(c.Wanted), len(c.Steps))
	for _, s := range c.Steps {
		_, _ = fmt.Fprintf(w, "  %-20s %s\n", safe(called(c, s)), Headline(s, style))
	}
	for _, m := range missing(c) {
		_, _ = fmt.Fprintf(w, "  %-20s %s\n", safe(m.Name), style.Red("never ran"))
	}
	Findings(w, c.Findings, style)
}

// called is the name of a step, with its job where several ran it.
func called(c pipeline.Closing, s pipeline.Step) string {
	if s.Job != "" && slices.ContainsFunc(c.Steps, func(o pipeline.Step) bool { return o.Name == s.Name && o.Job != s.Job }) {
		return s.Name + " (" + s.Job + ")"
	}
	return s.Name
}

// missing are the expected steps that the ledger does not know.
func missing(c pipeline.Closing) []pipeline.Wanted {
	var out []pipeline.Wanted
	for _, w := range c.Wanted {
		found := w.Optional != ""
		for _, s := range c.Steps {
			found = found || s.Name == w.Name
		}
		if !found {
			out = append(out, w)
		}
	}
	return out
}

// ClosingMarkdown writes the same for a job's summary page or a pull request.
func ClosingMarkdown(w io.Writer, c pipeline.Closing) {
	icon, word := "✅", "green, with evidence"
	if !c.Green {
		icon, word = "🚫", "not green"
	}
	_, _ = fmt.Fprintf(w, "## %s This pipeline is %s\n\n| step | state | tests | time |\n| --- | --- | --- | --- |\n", icon, word)
	for _, s := range c.Steps {
		tests := "–"
		if s.Tests != nil {
			tests = fmt.Sprintf("%d passed, %d failed, %d skipped", s.Tests.Passed, s.Tests.Failed, s.Tests.Skipped)
		}
		_, _ = fmt.Fprintf(w, "| %s | %s | %s | %s |\n", plainMarkdown(called(c, s)), s.State, tests, took(s.Duration))
	}
	for _, m := range missing(c) {
		_, _ = fmt.Fprintf(w, "| %s | **never ran** | – | – |\n", plainMarkdown(m.Name))
	}
	for _, f := range c.Findings {
		r, _ := rule.Find(string(f.Rule))
		_, _ = fmt.Fprintf(w, "\n- **%s %s** (%s): %s", r.Number, f.Rule, f.Level, plainMarkdown(f.Message))
		if f.Allowed != "" {
			_, _ = fmt.Fprintf(w, " — allowed: %s", plainMarkdown(f.Allowed))
		}
	}
	_, _ = fmt.Fprintln(w)
}
