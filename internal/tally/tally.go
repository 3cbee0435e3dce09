// Package tally reads what tools say of themselves: the summaries of test
// runners, compilers, linters, bundlers and task runners in a log.
//
// A Reader is fed the bytes of a log as they come and costs little: a sieve on
// the beginning of each line passes only what some grammar asked for. Each tool
// has a grammar of its own, anchored to the lines it really prints; a bare word
// such as "error" means nothing here. It never judges: pipeline does. report
// makes the same Runs from report files.
package tally

import "github.com/postflight/postflight/internal/rule"

// Kind is what a tool does.
type Kind string

// The kinds of tools.
const (
	Test  Kind = "test"
	Build Kind = "build" // compilers and bundlers
	Lint  Kind = "lint"
	Task  Kind = "task" // runs other tools: make, npm, turbo
)

// State is what the tool says came of its run.
type State string

// The states.
const (
	Passed State = "passed"
	Failed State = "failed"
	// Empty: it ran to its end and there was nothing to do: no tests, no tasks.
	Empty State = "empty"
	// Unfinished: it began, and the summary that it prints at its end never came.
	Unfinished State = "unfinished"
)

// Run is what one tool said of one of its runs. A log may hold many: packages
// of a workspace, retries.
type Run struct {
	Tool  string `json:"tool"` // as its makers spell it: "go test", "Jest", "pytest"
	Kind  Kind   `json:"kind"`
	Name  string `json:"name,omitempty"` // package, project or suite, where the tool says
	State State  `json:"state"`
	// Counts of test cases (Test), else of problems: Failed errors, Skipped unused.
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`  // includes errors outside of cases
	Skipped int `json:"skipped"` // skipped, todo, pending, disabled
	Flaky   int `json:"flaky"`   // passed after a retry
	// Warnings of compilers and linters.
	Warnings int `json:"warnings,omitempty"`
	// Uncounted: the tool told no number of cases ("ok pkg 0.1s"); Passed and
	// Failed then count what it did tell: packages, suites.
	Uncounted bool `json:"uncounted,omitempty"`
	// Expected is how many cases it announced or collected; 0 when it did not say.
	Expected int `json:"expected,omitempty"`
	// Focused: the tool or the log says that only chosen tests ran (.only).
	Focused bool `json:"focused,omitempty"`
	// Ignored: the tool itself says failures were to be ignored ("(ignored)").
	Ignored bool `json:"ignored,omitempty"`
	// Rerun: this run repeats failures of an earlier one and decides in its place.
	Rerun bool `json:"rerun,omitempty"`
	// Suites are the packages or files that it named, true for those that passed.
	Suites map[string]bool `json:"-"`
	// Failures names the first of them (at most 50).
	Failures []Failure `json:"failures,omitempty"`
	// First and Last are the lines of the log between which it spoke, from 1.
	First int    `json:"first,omitempty"`
	Last  int    `json:"last,omitempty"`
	Text  string `json:"text,omitempty"` // the summary line itself, cleaned, at most 300 bytes
	// Indent of the summary line in columns: deeper than the tool prints by itself
	// means that somebody quotes it.
	Indent int `json:"-"`
}

// Executed is how many cases really ran.
func (r Run) Executed() int { return r.Passed + r.Failed }

// Failure is one failed case or one error.
type Failure struct {
	Name    string `json:"name"`
	Message string `json:"message,omitempty"` // first line, at most 300 bytes
	Line    int    `json:"line,omitempty"`
}

// Mark is a line that means something for a rule by itself: "No projects matched
// the filters", "make: [x] Error 1 (ignored)", a crash of a worker.
type Mark struct {
	Rule rule.ID `json:"rule"`
	Tool string  `json:"tool"`
	Line int     `json:"line"`
	Text string  `json:"text"` // cleaned, at most 300 bytes
}
