package cli

import (
	"fmt"
	"io"

	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/scan"
)

// scanText writes findings as compilers do, FILE:LINE:COLUMN first, each rule's
// mending once.
func scanText(w io.Writer, r scan.Result, style guard.Style) {
	told := map[rule.ID]bool{}
	for _, f := range r.Findings {
		info, _ := rule.Find(string(f.Rule))
		level := style.Yellow(string(f.Level))
		switch {
		case f.Allowed != "":
			level = style.Dim("allowed")
		case f.Level == rule.Fail:
			level = style.Red(string(f.Level))
		}
		_, _ = fmt.Fprintf(w, "%s:%d:%d: %s %s %s: %s\n", oneLine(f.Place.File), f.Place.Line, max(f.Place.Column, 1), level, info.Number, f.Rule, oneLine(f.Message))
		switch {
		case f.Allowed != "":
			_, _ = fmt.Fprintf(w, "    because: %s\n", oneLine(f.Allowed))
		case !told[f.Rule] && info.Fix != "":
			told[f.Rule] = true
			_, _ = fmt.Fprintf(w, "    fix: %s\n", info.Fix)
		}
	}
	for _, s := range r.Skipped {
		at := s.Path
		if s.Line > 0 {
			at = fmt.Sprintf("%s:%d", s.Path, s.Line)
		}
		_, _ = fmt.Fprintf(w, "%s: %s: %s\n", oneLine(at), style.Yellow("not read"), oneLine(s.Reason))
	}
	if len(r.Pipelines) == 0 {
		_, _ = fmt.Fprintf(w, "%s no file was found that tells a CI system what to do: nothing here vouches for the pipeline\n", style.Yellow("note:"))
	}
	if r.Truncated {
		_, _ = fmt.Fprintf(w, "%s too many files: the scan is not whole\n", style.Yellow("note:"))
	}
}
