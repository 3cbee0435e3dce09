package pipeline

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

func log(runs ...tally.Run) tally.Result {
	for i := range runs {
		if runs[i].Tool == "" {
			runs[i].Tool, runs[i].Kind = "Jest", tally.Test
		}
		if runs[i].First == 0 {
			runs[i].First, runs[i].Last = 10*i+1, 10*i+9
		}
	}
	return tally.Result{Runs: runs, Lines: 1000}
}

func marked(m ...tally.Mark) tally.Result { return tally.Result{Marks: m, Lines: 1000} }

// step is one story of a step and what is judged of it.
type step struct {
	name string
	f    Facts
	want State
	// rules of the findings that fail the step, then of those that do not
	fails, warns []rule.ID
}

// said are stories of what tools say.
func said() []step {
	pass := tally.Run{State: tally.Passed, Passed: 12}
	fail := tally.Run{State: tally.Failed, Passed: 10, Failed: 2, Text: "Tests: 2 failed, 10 passed"}
	return []step{
		{"no evidence but the code", Facts{}, Passed, nil, nil},
		{"tests passed", Facts{Log: log(pass)}, Passed, nil, nil},
		{"the command says so itself", Facts{Code: 1, Log: log(fail)}, Failed, nil, nil},
		{"failed, and exit code 0", Facts{Log: log(fail)}, Silent, []rule.ID{rule.Contradiction}, nil},
		{"another suite passed after it", Facts{Log: log(fail, tally.Run{State: tally.Passed, Passed: 40})}, Silent, []rule.ID{rule.Contradiction}, nil},
		{"the same suite passed after it", Facts{Log: log(fail, pass)}, Passed, nil, []rule.ID{rule.FlakyRetries}},
		{
			"a command line that tries again",
			Facts{Argv: []string{"sh", "-c", "for i in 1 2 3; do npm test && break; done"}, Log: log(fail, tally.Run{State: tally.Passed, Passed: 40})},
			Passed, nil,
			[]rule.ID{rule.FlakyRetries},
		},
		{
			"a command line that says it twice",
			Facts{Argv: []string{"sh", "-c", "npm test || npm test"}, Log: log(fail, tally.Run{State: tally.Passed, Passed: 40})},
			Passed, nil,
			[]rule.ID{rule.FlakyRetries},
		},
		{
			"another command after it",
			Facts{Argv: []string{"sh", "-c", "npm test || npm run e2e || true"}, Log: log(fail, tally.Run{State: tally.Passed, Passed: 40})},
			Silent,
			[]rule.ID{rule.Contradiction},
			nil,
		},
		{"as many tests, others skipped", Facts{Log: log(fail, tally.Run{State: tally.Passed, Passed: 9, Skipped: 3})}, Silent, []rule.ID{rule.Contradiction}, nil},
		{
			"the suites that failed passed after it",
			Facts{Log: log(tally.Run{State: tally.Failed, Uncounted: true, Failed: 1, Suites: map[string]bool{"a": false, "b": true}}, tally.Run{State: tally.Passed, Passed: 1, Uncounted: true, Suites: map[string]bool{"a": true}})},
			Passed, nil,
			[]rule.ID{rule.FlakyRetries},
		},
		{
			"as many tests of other suites",
			Facts{Log: log(tally.Run{State: tally.Failed, Passed: 1, Failed: 1, Suites: map[string]bool{"a": false}}, tally.Run{State: tally.Passed, Passed: 2, Suites: map[string]bool{"b": true}})},
			Silent,
			[]rule.ID{rule.Contradiction},
			nil,
		},
		{
			"as many were announced, and the first stopped early",
			Facts{Log: log(tally.Run{State: tally.Failed, Passed: 1, Failed: 1, Expected: 9}, tally.Run{State: tally.Passed, Passed: 9, Expected: 9})},
			Passed, nil,
			[]rule.ID{rule.FlakyRetries},
		},
		{
			"what the tests of the runner that was started print",
			Facts{Argv: []string{"npx", "jest"}, Log: log(fail, tally.Run{State: tally.Passed, Passed: 3})},
			Passed, nil,
			[]rule.ID{rule.Contradiction},
		},
		{"just the failures passed after it", Facts{Log: log(fail, tally.Run{State: tally.Passed, Passed: 2})}, Passed, nil, []rule.ID{rule.FlakyRetries}},
		{
			"a failure that the tests of a runner print",
			Facts{Log: log(tally.Run{Tool: "go test", Kind: tally.Test, State: tally.Passed, Passed: 3, First: 1, Last: 90}, tally.Run{Tool: "Jest", Kind: tally.Test, State: tally.Failed, Failed: 1, First: 20, Last: 25})},
			Passed, nil,
			[]rule.ID{rule.Contradiction},
		},
		{"a compiler failed", Facts{Log: log(tally.Run{Tool: "TypeScript", Kind: tally.Build, State: tally.Failed, Failed: 3})}, Silent, []rule.ID{rule.Contradiction}, nil},
		{"a failure that was to be ignored", Facts{Log: log(tally.Run{Tool: "make", Kind: tally.Task, State: tally.Failed, Ignored: true})}, Passed, nil, nil},
		{"no tests", Facts{MinTests: -1, Log: log(tally.Run{State: tally.Empty})}, Blind, []rule.ID{rule.NoTests}, nil},
		{"no tests here, some there", Facts{MinTests: -1, Log: log(tally.Run{State: tally.Empty, Name: "a"}, pass)}, Passed, nil, nil},
		{"no tests, and that is right", Facts{MinTests: 0, Log: log(tally.Run{State: tally.Empty})}, Passed, nil, nil},
		{"fewer than were asked for", Facts{MinTests: 20, Log: log(pass)}, Blind, []rule.ID{rule.NoTests}, nil},
		{"tests were asked for, no runner spoke", Facts{MinTests: 1}, Blind, []rule.ID{rule.NoTests}, nil},
		{"packages told, no cases", Facts{MinTests: 20, Log: log(tally.Run{Tool: "go test", Kind: tally.Test, State: tally.Passed, Passed: 3, Uncounted: true})}, Passed, nil, nil},
		{"all skipped", Facts{MinTests: -1, Log: log(tally.Run{State: tally.Passed, Skipped: 7})}, Blind, []rule.ID{rule.AllSkipped}, nil},
		{"the summary never came", Facts{Log: log(tally.Run{State: tally.Unfinished})}, Silent, []rule.ID{rule.ExitedEarly}, nil},
		{"fewer ran than were announced", Facts{Log: log(tally.Run{State: tally.Passed, Passed: 3, Expected: 5})}, Silent, []rule.ID{rule.ExitedEarly}, nil},
	}
}

// seen are stories of reports, marks, history and the watchdog.
func seen() []step {
	began := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	pass := tally.Run{State: tally.Passed, Passed: 12}
	fail := tally.Run{State: tally.Failed, Passed: 10, Failed: 2, Text: "Tests: 2 failed, 10 passed"}
	return []step{
		{"a report tells of failures", Facts{Log: log(pass), Reports: []Report{{Path: "j.xml", Runs: []tally.Run{{Kind: tally.Test, State: tally.Failed, Failed: 1}}}}}, Silent, []rule.ID{rule.Contradiction}, nil},
		{"a report is missing", Facts{Log: log(pass), Reports: []Report{{Path: "j.xml", Problem: "no such file"}}}, Blind, []rule.ID{rule.ReportStale}, nil},
		{
			"a report is of yesterday",
			Facts{Started: began, Reports: []Report{{Path: "j.xml", Modified: began.Add(-time.Hour), Runs: []tally.Run{{Kind: tally.Test, State: tally.Passed, Passed: 4}}}}},
			Blind,
			[]rule.ID{rule.ReportStale},
			nil,
		},
		{"a text never came", Facts{Absent: []string{"done"}}, Blind, []rule.ID{rule.NeverSettled}, nil},
		{"nothing was selected", Facts{Log: marked(tally.Mark{Rule: rule.NothingSelected, Tool: "pnpm", Line: 3, Text: "No projects matched the filters"})}, Blind, []rule.ID{rule.NothingSelected}, nil},
		{"nothing was affected", Facts{Argv: []string{"nx", "affected", "-t", "test"}, Log: marked(tally.Mark{Rule: rule.NothingSelected, Tool: "nx", Line: 3, Text: "No tasks were run"})}, Passed, nil, []rule.ID{rule.NothingSelected}},
		{"a browser crashed", Facts{Log: marked(tally.Mark{Rule: rule.CrashedWorker, Tool: "Cypress", Line: 3, Text: "crashed"})}, Silent, []rule.ID{rule.CrashedWorker}, nil},
		{"a server was killed in the clean-up", Facts{Log: marked(tally.Mark{Rule: rule.KilledChild, Tool: "sh", Line: 3, Text: "line 3: 12 Killed ./server"})}, Passed, nil, []rule.ID{rule.KilledChild}},
		{"a program crashed", Facts{Log: marked(tally.Mark{Rule: rule.KilledChild, Tool: "sh", Line: 3, Text: "line 3: 12 Segmentation fault (core dumped) ./a"})}, Silent, []rule.ID{rule.KilledChild}, nil},
		{"an exception somewhere", Facts{Log: marked(tally.Mark{Rule: rule.ChildFailed, Tool: "Python", Line: 3, Text: "ValueError: x"})}, Passed, nil, []rule.ID{rule.ChildFailed}},
		{"an exception as last word", Facts{Log: marked(tally.Mark{Rule: rule.ChildFailed, Tool: "Python", Line: 1000, Text: "ValueError: x"})}, Silent, []rule.ID{rule.ChildFailed}, nil},
		{"flaky", Facts{Log: log(tally.Run{State: tally.Passed, Passed: 12, Flaky: 1})}, Passed, nil, []rule.ID{rule.FlakyRetries}},
		{"the count fell", Facts{Log: log(pass), Past: Past{Executed: []int{40, 40, 41}}}, Passed, nil, []rule.ID{rule.FewerTests}},
		{"hung", Facts{Code: 143, Hang: rule.HangIdle, HangReason: "idle"}, Hung, []rule.ID{rule.HangIdle}, nil},
		{"passed and would not exit", Facts{Code: 143, Hang: rule.HangFinished, Kept: true, Log: log(pass)}, Passed, nil, []rule.ID{rule.HangFinished}},
		{"allowed", Facts{Log: log(fail), Allow: map[rule.ID]string{rule.Contradiction: "known"}}, Passed, nil, []rule.ID{rule.Contradiction}},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, tt := range append(said(), seen()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Judge(tt.f)
			if got.State != tt.want {
				t.Errorf("state %s, want %s", got.State, tt.want)
			}
			var fails, warns []rule.ID
			for _, f := range got.Findings {
				if f.Fails() {
					fails = append(fails, f.Rule)
					if tt.f.Code == 0 && len(f.Proofs) < 2 {
						t.Errorf("%s fails the step with one proof only: %v", f.Rule, f.Proofs)
					}
				} else {
					warns = append(warns, f.Rule)
				}
			}
			if d := cmp.Diff(tt.fails, fails) + cmp.Diff(tt.warns, warns); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	step := func(name string, s State, minutes int) Step {
		return Step{ID: name, Name: name, Run: "7", State: s, Started: at.Add(time.Duration(minutes) * time.Minute), Tests: &Tests{Passed: 5}}
	}
	names := func(list ...string) []Wanted {
		var out []Wanted
		for _, n := range list {
			out = append(out, Wanted{Name: n})
		}
		return out
	}
	other := step("lint", Passed, 1)
	other.Run = "6"
	tests := []struct {
		name   string
		wanted []Wanted
		ledger []Step
		green  bool
		rules  []rule.ID
	}{
		{"all there", names("unit", "lint"), []Step{step("unit", Passed, 0), step("lint", Passed, 1)}, true, nil},
		{"one was skipped", names("unit", "lint"), []Step{step("unit", Passed, 0)}, false, []rule.ID{rule.StepMissing}},
		{"one is of another run", names("unit", "lint"), []Step{step("unit", Passed, 0), other}, false, []rule.ID{rule.StepMissing}},
		{"one may be missing", []Wanted{{Name: "docs", Optional: "only when docs change"}}, []Step{step("unit", Passed, 0)}, true, []rule.ID{rule.StepMissing}},
		{"one failed and the job went on", names("unit"), []Step{step("unit", Failed, 0)}, false, []rule.ID{rule.ContinueOnError}},
		{"one that nobody expects failed", names("unit"), []Step{step("unit", Passed, 0), step("extra", Silent, 1)}, false, []rule.ID{rule.StepMissing}},
		{"one failed, then passed", names("unit"), []Step{step("unit", Failed, 0), step("unit", Passed, 5)}, true, nil},
		{"one was killed", names("unit"), []Step{step("unit", Running, 0)}, false, []rule.ID{rule.StepMissing}},
		{"too few tests", []Wanted{{Name: "unit", MinTests: 6}}, []Step{step("unit", Passed, 0)}, false, []rule.ID{rule.NoTests}},
		{"nothing at all", nil, nil, false, []rule.ID{rule.StepMissing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Close("7", tt.wanted, tt.ledger)
			var rules []rule.ID
			for _, f := range got.Findings {
				rules = append(rules, f.Rule)
			}
			if got.Green != tt.green || !slices.Equal(rules, tt.rules) {
				t.Errorf("green %v with %v, want %v with %v", got.Green, rules, tt.green, tt.rules)
			}
		})
	}
}

func TestPast(t *testing.T) {
	t.Parallel()
	var p Past
	for i := range 30 {
		p.Add(Step{Duration: time.Duration(i), Tests: &Tests{Passed: 100 + i}})
	}
	if len(p.Durations) != kept || p.Usual() != 124 {
		t.Errorf("got %d runs, usually %d tests; want %d and 124", len(p.Durations), p.Usual(), kept)
	}
	if got := (Past{Executed: []int{9, 9}}).Usual(); got != 0 {
		t.Errorf("two runs make a habit: %d", got)
	}
}
