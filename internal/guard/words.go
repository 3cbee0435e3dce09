package guard

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// Style says how a text is written for a person.
type Style struct {
	Bold, Red, Yellow, Green, Dim func(string) string
}

// Plain is without colours.
func Plain() Style {
	same := func(s string) string { return s }
	return Style{same, same, same, same, same}
}

// Text writes what came of a step. A green step without remarks says nothing
// unless all is wanted: its output is the command's alone.
func Text(w io.Writer, o Outcome, style Style, all bool) {
	s := o.Step
	quiet := s.State.Green() && len(s.Findings) == 0 && len(o.Problems) == 0
	if quiet && !all {
		return
	}
	_, _ = fmt.Fprintf(w, "postflight guard: %s: %s\n", safe(s.Name), Headline(s, style))
	Passages(w, s.Excerpt, style)
	Findings(w, s.Findings, style)
	if o.Diagnosis != "" {
		_, _ = fmt.Fprintf(w, "  what its processes did: %s\n", o.Diagnosis)
	}
	if s.Log != "" && !s.State.Green() {
		_, _ = fmt.Fprintf(w, "  log (secrets masked): %s\n", s.Log)
	}
	for _, p := range o.Problems {
		_, _ = fmt.Fprintf(w, "  %s %s\n", style.Yellow("note:"), safe(p))
	}
}

// Headline says in a line what a step turned out to be, and on what evidence.
func Headline(s pipeline.Step, style Style) string {
	var b strings.Builder
	switch s.State {
	case pipeline.Passed:
		b.WriteString(style.Green("passed"))
	case pipeline.Failed:
		b.WriteString(style.Red("failed"))
		if s.Signal != "" {
			fmt.Fprintf(&b, " (%s)", s.Signal)
		} else {
			fmt.Fprintf(&b, " (exit code %d)", s.Code)
		}
	case pipeline.Silent:
		b.WriteString(style.Red("NOT GREEN") + ": the command exited with 0, and the evidence says it failed")
	case pipeline.Blind:
		b.WriteString(style.Red("NOT GREEN") + ": the command exited with 0, and nothing proves that it did its work")
	case pipeline.Hung:
		b.WriteString(style.Red("HUNG") + ", ended by the watchdog")
	default:
		b.WriteString(string(s.State))
	}
	b.WriteString("; " + evidence(s))
	b.WriteString("; " + took(s.Duration))
	return b.String()
}

// took is a duration in three digits or so.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// evidence says what a step's state rests on.
func evidence(s pipeline.Step) string {
	if s.Tests == nil {
		if len(s.Tools) > 0 {
			return "no tests (" + strings.Join(s.Tools, ", ") + ")"
		}
		return "the exit code is all the evidence there is"
	}
	t := s.Tests
	unit := "tests"
	if t.Uncounted {
		unit = "packages or suites"
	}
	parts := []string{fmt.Sprintf("%d %s passed", t.Passed, unit)}
	for _, p := range []struct {
		n    int
		word string
	}{{t.Failed, "failed"}, {t.Skipped, "skipped"}, {t.Flaky, "flaky"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	out := strings.Join(parts, ", ")
	if len(s.Tools) > 0 {
		out += " (" + strings.Join(s.Tools, ", ") + ")"
	}
	return out
}

// safe takes out what a terminal or a CI system would obey: controls, marks that
// turn a line round, and what GitHub, Azure and TeamCity take for a command
// anywhere in a line.
func safe(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == 0x2028, r == 0x2029:
			return ' '
		case r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	for _, command := range []string{"##[", "##vso[", "##teamcity["} {
		s = strings.ReplaceAll(s, command, "## "+command[2:])
	}
	return s
}

// Findings writes findings with their proofs and the way to mend them.
func Findings(w io.Writer, list []rule.Finding, style Style) {
	for _, f := range list {
		r, _ := rule.Find(string(f.Rule))
		level := string(f.Level)
		switch {
		case f.Allowed != "":
			level = style.Dim("allowed")
		case f.Level == rule.Fail:
			level = style.Red(level)
		case f.Level == rule.Warn:
			level = style.Yellow(level)
		}
		_, _ = fmt.Fprintf(w, "  %s %s %s: %s\n", level, r.Number, f.Rule, safe(f.Message))
		for _, p := range f.Proofs {
			at := ""
			if p.Line > 0 {
				at = fmt.Sprintf(", line %d", p.Line)
			}
			_, _ = fmt.Fprintf(w, "      %s\n", style.Dim(p.Kind+at+": "+safe(p.Text)))
		}
		switch {
		case f.Allowed != "":
			_, _ = fmt.Fprintf(w, "      because: %s\n", safe(f.Allowed))
		case f.Level != rule.Note && r.Fix != "":
			_, _ = fmt.Fprintf(w, "      fix: %s\n", r.Fix)
		}
	}
}

// Passages writes the lines that explain a failure, the one that says it marked.
func Passages(w io.Writer, list []excerpt.Passage, style Style) {
	for i, p := range list {
		word := "what explains it"
		if i > 0 {
			word = "or"
		}
		_, _ = fmt.Fprintf(w, "  %s (line %d, %s):\n", word, p.Key, p.Why)
		for k, line := range p.Lines {
			mark, text := " ", safe(line)
			if p.From+k == p.Key {
				mark, text = ">", style.Bold(safe(line))
			}
			_, _ = fmt.Fprintf(w, "  %s %5d | %s\n", mark, p.From+k, text)
		}
	}
}

// AnnotateAll writes findings as GitHub Actions shows them beside the lines.
func AnnotateAll(w io.Writer, list []rule.Finding) {
	for _, f := range list {
		if f.Allowed == "" && f.Level != rule.Note {
			annotate(w, map[bool]string{true: "error", false: "warning"}[f.Fails()], f)
		}
	}
}

// annotate writes one annotation; a place in a file is shown beside its line.
func annotate(w io.Writer, level string, f rule.Finding) {
	r, _ := rule.Find(string(f.Rule))
	var at string
	if f.Place.File != "" {
		at = "file=" + escape(safe(f.Place.File), true) + ","
		if f.Place.Line > 0 {
			at += fmt.Sprintf("line=%d,", f.Place.Line)
		}
	}
	_, _ = fmt.Fprintf(w, "::%s %stitle=%s::%s\n", level, at, escape("postflight guard "+r.Number+" "+string(f.Rule), true), escape(safe(f.Message), false))
}

// escape is the encoding of workflow commands.
func escape(s string, property bool) string {
	s = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
	if property {
		s = strings.NewReplacer(":", "%3A", ",", "%2C").Replace(s)
	}
	return s
}

// Markdown writes a step for a job's summary page or a comment.
func Markdown(w io.Writer, s pipeline.Step) {
	icon := map[pipeline.State]string{pipeline.Passed: "✅", pipeline.Hung: "⏳", pipeline.Blind: "🚫", pipeline.Silent: "🚫"}[s.State]
	if icon == "" {
		icon = "❌"
	}
	_, _ = fmt.Fprintf(w, "### %s %s\n\n%s\n", icon, plainMarkdown(s.Name), plainMarkdown(Headline(s, Plain())))
	for _, p := range s.Excerpt[:min(1, len(s.Excerpt))] {
		_, _ = fmt.Fprintf(w, "\nLine %d (%s):\n\n```text\n", p.Key, plainMarkdown(p.Why))
		for _, line := range p.Lines {
			_, _ = fmt.Fprintln(w, strings.NewReplacer("```", "'''", "~~~", "---").Replace(safe(line)))
		}
		_, _ = fmt.Fprintln(w, "```")
	}
	for _, f := range s.Findings {
		r, _ := rule.Find(string(f.Rule))
		_, _ = fmt.Fprintf(w, "\n- **%s %s** (%s): %s", r.Number, f.Rule, f.Level, plainMarkdown(f.Message))
		if f.Allowed != "" {
			_, _ = fmt.Fprintf(w, " — allowed: %s", plainMarkdown(f.Allowed))
		} else if r.Fix != "" && f.Level != rule.Note {
			_, _ = fmt.Fprintf(w, "  \n  Fix: %s", plainMarkdown(r.Fix))
		}
	}
	_, _ = fmt.Fprintln(w)
}

// plainMarkdown takes the meaning from what a log may have put there.
func plainMarkdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "&", "&amp;", "@", "&#64;", "<", "&lt;", ">", "&gt;", "`", "'", "|", "\\|", "*", "\\*", "_", "\\_", "[", "\\[").Replace(safe(s))
}
