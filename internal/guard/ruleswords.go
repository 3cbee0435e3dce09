package guard

import (
	"fmt"
	"io"
	"strings"

	"github.com/postflight/postflight/internal/rule"
)

// RulesMarkdown writes the catalogue as the page of the documentation.
func RulesMarkdown(w io.Writer, list []rule.Rule) {
	_, _ = fmt.Fprintln(w, "# The rules of the guard")
	_, _ = fmt.Fprintln(w, "\nMade by `postflight guard rules --markdown`. A rule that may fail a step does so only when evidence of two kinds agrees; otherwise it warns. Allow one where it is right, with the reason: `# guard:ok G02 the reason` in the file, `--allow G02=\"the reason\"` for a run.")
	_, _ = fmt.Fprintln(w, "\n| rule | | seen by | weighs |\n| --- | --- | --- | --- |")
	for _, r := range list {
		_, _ = fmt.Fprintf(w, "| [%s](#%s) | %s | %s | %s |\n", r.Number+" "+string(r.ID), anchor(r), strings.ReplaceAll(r.Title, "|", "\\|"), layers(r), r.Level)
	}
	for _, r := range list {
		_, _ = fmt.Fprintf(w, "\n## %s %s\n\n%s\n\n%s\n\n**Instead:** %s\n", r.Number, r.ID, r.Title, r.Why, r.Fix)
		if r.Bad != "" {
			_, _ = fmt.Fprintf(w, "\n```\n%s\n```\n", r.Bad)
		}
		if r.Good != "" {
			_, _ = fmt.Fprintf(w, "\nmended:\n\n```\n%s\n```\n", r.Good)
		}
	}
}

func anchor(r rule.Rule) string { return strings.ToLower(r.Number) + "-" + string(r.ID) }

func layers(r rule.Rule) string {
	var out []string
	for _, l := range r.Layers {
		out = append(out, string(l))
	}
	return strings.Join(out, ", ")
}
