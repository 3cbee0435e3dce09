package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

// Facts are everything that is known of one step when its command is over.
type Facts struct {
	Code   int    // as a shell tells it
	Signal string // that ended the command, "" when none did
	// Hang is the watchdog's rule when it ended the command; Kept when what the
	// tests said before stands.
	Hang       rule.ID
	HangReason string
	Kept       bool
	Argv       []string
	// Script is the command line behind a name such as "npm test"; nil when there
	// is none, or when it is not one plain command.
	Script  []string
	Log     tally.Result
	Reports []Report
	Started time.Time
	// MinTests is how many tests must have run: -1 when nobody said, which means
	// one as soon as a test runner shows itself.
	MinTests int
	// Expected are texts that a complete log holds; Absent those it did not.
	Absent []string
	// Kills is how many processes of the step the kernel ended for want of memory.
	Kills int
	// Orphans are processes that outlived the command and were ended.
	Orphans []string
	Piped   bool // our output goes into a pipe whose shell forgets our status
	Shallow bool // the checkout has no history
	Past    Past
	// Allow holds reasons for living with a rule.
	Allow map[rule.ID]string
}

// Judgement is what came of a step.
type Judgement struct {
	State    State
	Tests    *Tests
	Tools    []string
	Findings []rule.Finding // the heaviest first
}

// judge collects findings.
type judge struct {
	f     Facts
	runs  []tally.Run // of the log, without those that a rerun replaced
	found []rule.Finding
}

// Judge holds a step's exit code against its own evidence. Exit code 0 alone is
// no proof: a tool's summary, a report or the log may say otherwise, and then
// the step is not green.
func Judge(f Facts) Judgement {
	j := &judge{f: f}
	j.runs = j.settled()
	out := Judgement{Tests: j.tests(), Tools: j.tools()}
	if f.Code == 0 || f.Kept {
		j.contradictions()
		j.count(out.Tests)
		j.marks(out.Tests)
		j.reports()
		j.early()
	}
	j.remarks(out.Tests)
	j.hang()
	j.allow()
	out.Findings = sorted(j.found)
	out.State = j.state()
	return out
}

// state is the step's, from its code and findings.
func (j *judge) state() State {
	switch {
	case j.f.Hang != "" && !j.f.Kept:
		return Hung
	case j.f.Code != 0 && !j.f.Kept:
		return Failed
	}
	state := Passed
	for _, f := range j.found {
		if !f.Fails() {
			continue
		}
		switch f.Rule {
		case rule.NoTests, rule.AllSkipped, rule.NothingSelected, rule.ReportStale, rule.NeverSettled:
			if state == Passed {
				state = Blind
			}
		default:
			state = Silent
		}
	}
	return state
}

// add adds a finding; the exit code is the first proof of every failing one.
func (j *judge) add(f rule.Finding) {
	if f.Level == rule.Fail {
		f.Proofs = append([]rule.Proof{{Kind: "exit", Text: "the command exited with 0"}}, f.Proofs...)
	}
	j.found = append(j.found, f)
}

// allow writes the reasons to the findings that somebody lives with.
func (j *judge) allow() {
	for i := range j.found {
		if reason := j.f.Allow[j.found[i].Rule]; reason != "" {
			j.found[i].Allowed = reason
		}
	}
}

// settled returns the log's runs without those that were repeated and passed.
func (j *judge) settled() []tally.Run {
	all := j.f.Log.Runs
	out := make([]tally.Run, 0, len(all))
	for i, r := range all {
		if r.State == tally.Failed || r.State == tally.Unfinished {
			if k, ok := j.repeated(i); ok {
				if r.State == tally.Failed {
					j.found = append(j.found, rule.Finding{
						Rule: rule.FlakyRetries, Level: rule.Warn, Place: rule.Place{Line: r.Last},
						Message: fmt.Sprintf("%s failed, was run again and passed: %s", named(r), r.Text),
						Proofs:  []rule.Proof{proof(r), proof(all[k])},
					})
				}
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// repeated finds a later run that decides in the place of run i: the tool says
// it is one, it repeats just the failures, or it repeats everything.
func (j *judge) repeated(i int) (int, bool) {
	all, r := j.f.Log.Runs, j.f.Log.Runs[i]
	for k := i + 1; k < len(all); k++ {
		n := all[k]
		if n.Tool != r.Tool || n.Name != r.Name || n.Kind != r.Kind || n.State != tally.Passed {
			continue
		}
		switch {
		case n.Rerun:
			return k, true
		case r.Kind != tally.Test:
			return k, j.retried(r.Last, n.First)
		case r.State == tally.Unfinished:
			if n.Executed() > 0 && j.retried(r.Last, n.First) {
				return k, true
			}
		case broken(r) && len(n.Suites) > 0:
			if mended(r, n) {
				return k, true
			}
		case same(r, n), n.Executed() >= r.Executed() && loops(j.line()), n.Executed() > 0 && j.retried(r.Last, n.First):
			return k, true
		}
	}
	return 0, false
}

// loops reports whether a command line tries again by itself: "until a", "a &&
// break" in a loop, "a || a".
func loops(argv []string) bool {
	line := strings.Join(argv, " ")
	if strings.Contains(line, "&& break") || strings.Contains(line, "until ") && strings.Contains(line, "done") {
		return true
	}
	for first, rest, ok := strings.Cut(line, "||"); ok; first, rest, ok = strings.Cut(rest, "||") {
		again, _, _ := strings.Cut(rest, "||")
		again = strings.TrimSpace(again)
		if again != "" && strings.HasSuffix(strings.TrimSpace(first), again) {
			return true
		}
	}
	return false
}

// broken reports whether a run names suites that failed, mended whether all of
// them passed in the later run n.
func broken(r tally.Run) bool {
	for _, passed := range r.Suites {
		if !passed {
			return true
		}
	}
	return false
}

func mended(r, n tally.Run) bool {
	for name, passed := range r.Suites {
		if !passed && !n.Suites[name] {
			return false
		}
	}
	return true
}

// same reports whether run n, which passed, is run r once more: it announced as
// many tests, had as many of each kind, or ran just those that had failed.
func same(r, n tally.Run) bool {
	ran, again := r.Executed()+r.Skipped, n.Executed()+n.Skipped
	switch {
	case r.Uncounted || r.Executed() == 0 || n.Executed() == 0:
		return false
	case r.Expected > 0 && r.Expected == n.Expected && again >= n.Expected:
		return true
	case ran == again:
		return r.Skipped == n.Skipped
	}
	return n.Executed() == r.Failed && n.Skipped == 0 &&
		slices.Contains([]string{"pytest", "RSpec", "ctest", "Jest", "nextest", "Cucumber", "behave", "PHPUnit"}, r.Tool)
}

// retried reports whether a retry wrapper spoke between two lines.
func (j *judge) retried(from, to int) bool {
	for _, m := range j.f.Log.Marks {
		if m.Rule == rule.FlakyRetries && m.Line >= from && m.Line <= to {
			return true
		}
	}
	return false
}

// quoted reports whether a run is something that the tests of another printed:
// one that spoke before and after it, or the very runner that was started, when
// it passed and had the last word.
func (j *judge) quoted(r tally.Run) bool {
	if j.enclosed(r) {
		return true
	}
	tool, _ := Runner(j.line())
	if tool == "" {
		return false
	}
	var last tally.Run
	for _, o := range j.runs {
		if o.Kind == tally.Test && o.Last >= last.Last {
			last = o
		}
	}
	return (last.Tool == tool || last.Tool == "TAP") && last.State == tally.Passed && last.Executed() > 0 && last.Last > r.Last
}

// line is the command line that was run, behind names such as "npm test".
func (j *judge) line() []string {
	if j.f.Script != nil {
		return j.f.Script
	}
	return j.f.Argv
}

// enclosed reports whether another test runner that passed spoke before and
// after the run: then the run is something that its tests printed.
func (j *judge) enclosed(r tally.Run) bool {
	for _, o := range j.runs {
		if o.Kind == tally.Test && o.State == tally.Passed && o.Tool != r.Tool && o.First < r.First && o.Last > r.Last {
			return true
		}
	}
	return false
}

// tests adds up what the runners counted; reports fill in where a runner told
// no number of cases, or where no runner spoke at all.
func (j *judge) tests() *Tests {
	log, seen := sum(j.runs)
	reports, told := Tests{}, false
	for _, r := range j.f.Reports {
		if t, ok := sum(r.Runs); ok && r.Problem == "" {
			told = true
			reports.Passed += t.Passed
			reports.Failed += t.Failed
			reports.Skipped += t.Skipped
			reports.Flaky += t.Flaky
		}
	}
	switch {
	case told && (!seen || log.Uncounted):
		return &reports
	case seen:
		return &log
	}
	return nil
}

// sum adds up test runs; ok is false when there is none.
func sum(runs []tally.Run) (t Tests, ok bool) {
	for _, r := range runs {
		if r.Kind != tally.Test {
			continue
		}
		ok = true
		t.Passed += r.Passed
		t.Failed += r.Failed
		t.Skipped += r.Skipped
		t.Flaky += r.Flaky
		t.Uncounted = t.Uncounted || r.Uncounted
	}
	return t, ok
}

// tools names the tools that spoke, once each.
func (j *judge) tools() []string {
	var out []string
	seen := map[string]bool{}
	for _, r := range j.f.Log.Runs {
		if !seen[r.Tool] && len(out) < 20 {
			seen[r.Tool] = true
			out = append(out, r.Tool)
		}
	}
	return out
}

func named(r tally.Run) string {
	if r.Name == "" {
		return r.Tool
	}
	return r.Tool + " in " + r.Name
}

func proof(r tally.Run) rule.Proof {
	text := r.Text
	if text == "" {
		text = fmt.Sprintf("%s: %s", r.Tool, r.State)
	}
	return rule.Proof{Kind: "summary", Text: text, Line: r.Last}
}
