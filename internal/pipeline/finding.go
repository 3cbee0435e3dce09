package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

// contradictions are tools that say they failed while the command says it did
// not.
func (j *judge) contradictions() {
	for _, r := range j.runs {
		if r.State != tally.Failed || r.Ignored {
			continue
		}
		f := rule.Finding{
			Rule: rule.Contradiction, Level: rule.Fail, Place: rule.Place{Line: r.Last},
			Message: fmt.Sprintf("%s says %s, and the command exited with 0", named(r), verdictOf(r)),
			Proofs:  []rule.Proof{proof(r)},
		}
		for _, x := range r.Failures[:min(3, len(r.Failures))] {
			f.Proofs = append(f.Proofs, rule.Proof{Kind: "log", Text: x.Name, Line: x.Line})
		}
		if j.quoted(r) {
			f.Level, f.Message = rule.Warn, f.Message+"; it stands inside the output of tests that passed"
		}
		j.add(f)
	}
	for _, p := range j.f.Reports {
		if j.stale(p) {
			continue // told by reports
		}
		for _, r := range p.Runs {
			if r.State == tally.Failed {
				j.add(rule.Finding{
					Rule: rule.Contradiction, Level: rule.Fail, Place: rule.Place{File: p.Path},
					Message: fmt.Sprintf("the report %s says %s, and the command exited with 0", p.Path, verdictOf(r)),
					Proofs:  []rule.Proof{{Kind: "report", Text: p.Path + ": " + verdictOf(r)}},
				})
			}
		}
	}
}

// verdictOf says in words what a failed run says.
func verdictOf(r tally.Run) string {
	switch {
	case r.Kind == tally.Test && r.Failed > 0 && !r.Uncounted:
		return fmt.Sprintf("%d of %d tests failed", r.Failed, r.Executed())
	case r.Kind != tally.Test && r.Failed > 0:
		return fmt.Sprintf("%d errors", r.Failed)
	case r.Text != "":
		return "“" + r.Text + "”"
	}
	return "it failed"
}

// count looks for tests that did not run.
func (j *judge) count(t *Tests) {
	need := j.f.MinTests
	switch {
	case t == nil && need > 0:
		j.add(rule.Finding{
			Rule: rule.NoTests, Level: rule.Fail,
			Message: fmt.Sprintf("at least %d tests were to run, and no test runner told of any", need),
			Proofs:  []rule.Proof{{Kind: "log", Text: "no summary of a test runner in the log, no report"}},
		})
		return
	case t == nil || need == 0:
		return
	case t.Executed() == 0 && t.Skipped > 0:
		j.add(rule.Finding{
			Rule: rule.AllSkipped, Level: rule.Fail, Place: rule.Place{Line: j.last()},
			Message: fmt.Sprintf("all %d tests were skipped", t.Skipped), Proofs: j.summaries(),
		})
		return
	case t.Executed() == 0 && (need > 0 || j.empty()):
		j.add(rule.Finding{
			Rule: rule.NoTests, Level: rule.Fail, Place: rule.Place{Line: j.last()},
			Message: "no test ran", Proofs: j.summaries(),
		})
	case t.Executed() < need && !t.Uncounted:
		j.add(rule.Finding{
			Rule: rule.NoTests, Level: rule.Fail, Place: rule.Place{Line: j.last()},
			Message: fmt.Sprintf("%d tests ran; at least %d were to", t.Executed(), need), Proofs: j.summaries(),
		})
	}
}

// empty reports whether some runner says itself that there was nothing to run.
func (j *judge) empty() bool {
	empty := func(r tally.Run) bool { return r.Kind == tally.Test && r.State == tally.Empty }
	if slices.ContainsFunc(j.runs, empty) {
		return true
	}
	return slices.ContainsFunc(j.f.Reports, func(p Report) bool { return slices.ContainsFunc(p.Runs, empty) })
}

// early looks for test runs that ended before all that they began.
func (j *judge) early() {
	for _, r := range j.runs {
		if r.Kind != tally.Test || j.quoted(r) {
			continue
		}
		ran := r.Executed() + r.Skipped
		switch {
		case r.State == tally.Unfinished && !j.finishedLater(r):
			j.add(rule.Finding{
				Rule: rule.ExitedEarly, Level: rule.Fail, Place: rule.Place{Line: r.Last},
				Message: named(r) + " began and never printed its summary",
				Proofs:  []rule.Proof{{Kind: "log", Text: "last word: " + r.Text, Line: r.Last}},
			})
		case r.State == tally.Passed && r.Expected > ran && !r.Uncounted && !r.Focused:
			j.add(rule.Finding{
				Rule: rule.ExitedEarly, Level: rule.Fail, Place: rule.Place{Line: r.Last},
				Message: fmt.Sprintf("%s announced %d tests and told of %d", named(r), r.Expected, ran),
				Proofs:  []rule.Proof{proof(r)},
			})
		}
	}
	j.mute()
	for _, text := range j.f.Absent {
		j.add(rule.Finding{
			Rule: rule.NeverSettled, Level: rule.Fail,
			Message: fmt.Sprintf("the log never says %q", text),
			Proofs:  []rule.Proof{{Kind: "log", Text: fmt.Sprintf("%d lines, none with the text that ends a complete run", j.f.Log.Lines)}},
		})
	}
}

// mute finds a test runner that was run and never said what came of it: the code
// under test ended the process, or nothing was run at all.
func (j *judge) mute() {
	tool, quiet := Runner(j.line())
	if tool == "" || j.f.MinTests == 0 || slices.ContainsFunc(j.f.Log.Runs, func(r tally.Run) bool { return r.Kind == tally.Test }) {
		return
	}
	for _, p := range j.f.Reports {
		if len(p.Runs) > 0 {
			return
		}
	}
	f := rule.Finding{
		Rule: rule.ExitedEarly, Level: rule.Fail,
		Message: tool + " was run, and its summary never came",
		Proofs:  []rule.Proof{{Kind: "log", Text: fmt.Sprintf("%d lines, none of them a summary of %s", j.f.Log.Lines, tool)}},
	}
	if quiet {
		f.Level = rule.Warn
		f.Message += "; its report may be elsewhere: name it with --report"
	}
	j.add(f)
}

// finishedLater reports whether the same tool came to an end after r: then r's
// beginning was perhaps no beginning.
func (j *judge) finishedLater(r tally.Run) bool {
	return slices.ContainsFunc(j.runs, func(o tally.Run) bool {
		return o.Tool == r.Tool && o.Last > r.Last && o.Name == r.Name && (o.State == tally.Passed || o.State == tally.Failed)
	})
}

// reports looks at the files that were asked for.
func (j *judge) reports() {
	for _, p := range j.f.Reports {
		f := rule.Finding{Rule: rule.ReportStale, Level: rule.Fail, Place: rule.Place{File: p.Path}}
		switch {
		case j.stale(p):
			f.Message = fmt.Sprintf("the report %s is older than the step: nothing wrote it", p.Path)
			f.Proofs = []rule.Proof{{Kind: "report", Text: fmt.Sprintf("written %s, the step began %s", p.Modified.UTC().Format("2006-01-02 15:04:05"), j.f.Started.UTC().Format("2006-01-02 15:04:05"))}}
		case p.Problem != "":
			f.Message = fmt.Sprintf("the report %s says nothing: %s", p.Path, p.Problem)
			f.Proofs = []rule.Proof{{Kind: "report", Text: p.Problem}}
		default:
			continue
		}
		j.add(f)
	}
}

func (j *judge) stale(p Report) bool {
	return !p.Modified.IsZero() && !j.f.Started.IsZero() && p.Modified.Before(j.f.Started.Add(-2e9))
}

// remarks are what a person should know whatever came of the step.
func (j *judge) remarks(t *Tests) {
	for _, r := range j.runs {
		if r.Flaky > 0 {
			j.add(rule.Finding{
				Rule: rule.FlakyRetries, Level: rule.Warn, Place: rule.Place{Line: r.Last},
				Message: fmt.Sprintf("%s: %d tests passed only when repeated", named(r), r.Flaky), Proofs: []rule.Proof{proof(r)},
			})
		}
		if r.Focused {
			j.add(rule.Finding{
				Rule: rule.FocusedTest, Level: rule.Warn, Place: rule.Place{Line: r.Last},
				Message: named(r) + ": only chosen tests ran (.only, fit, focus)", Proofs: []rule.Proof{proof(r)},
			})
		}
	}
	if f, ok := j.f.Past.fewer(t); ok {
		j.add(f)
	}
	if j.f.Piped {
		j.add(rule.Finding{
			Rule: rule.PipeStatus, Level: rule.Warn,
			Message: "the output goes into a pipe, and the shell takes the status of the pipe's last command: a failure is lost",
			Proofs:  []rule.Proof{{Kind: "process", Text: "the shell that started the guard does not have pipefail set"}},
		})
	}
	if j.f.Shallow && changes(j.f.Argv) {
		j.add(rule.Finding{
			Rule: rule.ShallowClone, Level: rule.Warn,
			Message: "the command compares with an earlier commit, and the checkout is shallow",
			Proofs:  []rule.Proof{{Kind: "file", Text: ".git/shallow"}},
		})
	}
	if n := len(j.f.Orphans); n > 0 {
		j.add(rule.Finding{
			Rule: rule.HangOrphans, Level: rule.Warn,
			Message: fmt.Sprintf("%d processes outlived the command and were ended: %s", n, strings.Join(j.f.Orphans[:min(3, n)], "; ")),
		})
	}
}

// hang is what the watchdog did.
func (j *judge) hang() {
	if j.f.Hang == "" {
		return
	}
	level := rule.Fail
	if j.f.Kept {
		level = rule.Warn
	}
	j.found = append(j.found, rule.Finding{
		Rule: j.f.Hang, Level: level, Message: j.f.HangReason,
		Proofs: []rule.Proof{{Kind: "process", Text: "ended by the watchdog"}},
	})
}

// summaries are the test runners' own words.
func (j *judge) summaries() []rule.Proof {
	var out []rule.Proof
	for _, r := range j.runs {
		if r.Kind == tally.Test && len(out) < 5 {
			out = append(out, proof(r))
		}
	}
	for _, p := range j.f.Reports {
		for _, r := range p.Runs {
			if len(out) < 5 {
				out = append(out, rule.Proof{Kind: "report", Text: fmt.Sprintf("%s: %s", p.Path, r.State)})
			}
		}
	}
	return out
}

// last is the line of the last test summary.
func (j *judge) last() int {
	line := 0
	for _, r := range j.runs {
		if r.Kind == tally.Test {
			line = max(line, r.Last)
		}
	}
	return line
}

// sorted puts the heaviest first, and one of each that say the same.
func sorted(all []rule.Finding) []rule.Finding {
	weight := func(f rule.Finding) int {
		switch {
		case f.Fails():
			return 0
		case f.Level == rule.Note || f.Allowed != "":
			return 2
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b rule.Finding) int { return weight(a) - weight(b) })
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(f rule.Finding) bool {
		k := string(f.Rule) + f.Message
		was := seen[k]
		seen[k] = true
		return was
	})
}
