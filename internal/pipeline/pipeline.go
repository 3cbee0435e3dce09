// Package pipeline judges what CI says: one step against its own evidence, all
// steps of a run against what was expected, a run against those before it.
//
// A Step is one line of the ledger that the guard writes. Judge holds the exit
// code against the tools' summaries, the reports and the log; Close finds steps
// that never ran; History knows what is usual. On the server the stage keeps the
// steps of a release and tells the watch when its pipeline was green against
// the evidence. It runs nothing and reads no file.
package pipeline

import (
	"time"

	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

// State is what a step turned out to be.
type State string

// The states of a step.
const (
	// Running: begun, and its end was never written: still at it, or killed.
	Running State = "running"
	Passed  State = "passed"
	Failed  State = "failed" // the command said so itself
	// Silent: the command said that all is well, and the evidence says otherwise.
	Silent State = "silent"
	Hung   State = "hung" // ended by the watchdog
	// Blind: nothing is known that could be called green: no tests where tests
	// were expected, a report that does not parse.
	Blind State = "blind"
)

// Green reports whether the state is a success with evidence.
func (s State) Green() bool { return s == Passed }

// Step is one guarded command, as the ledger keeps it. Fields are only ever
// added; readers of old ledgers leave the new ones zero.
type Step struct {
	ID   string `json:"id"`   // unique to this attempt
	Name string `json:"name"` // unit, lint, e2e
	// Run is the CI system's own id of the pipeline run, with its attempt; "local"
	// outside CI. Job is the job within it, Address the page a person opens.
	Run     string `json:"run"`
	Job     string `json:"job,omitempty"`
	Address string `json:"address,omitempty"`
	Product string `json:"product,omitempty"`
	Version string `json:"version,omitempty"` // of the release that is built
	Commit  string `json:"commit,omitempty"`
	Branch  string `json:"branch,omitempty"`
	// Command is the argument vector in one line, redacted, at most 300 bytes;
	// Hash tells equal commands before redaction.
	Command  string         `json:"command"`
	Hash     string         `json:"hash"`
	Started  time.Time      `json:"started"`
	Duration time.Duration  `json:"duration"` // nanoseconds
	CPU      time.Duration  `json:"cpu,omitempty"`
	Code     int            `json:"code"` // as the command left it: 128+n for signal n
	Signal   string         `json:"signal,omitempty"`
	State    State          `json:"state"`
	Tests    *Tests         `json:"tests,omitempty"` // nil: no test runner was seen
	Tools    []string       `json:"tools,omitempty"`
	Reports  []Report       `json:"reports,omitempty"`
	Findings []rule.Finding `json:"findings,omitempty"`
	// Excerpt is the few lines that explain a failure, redacted.
	Excerpt []excerpt.Passage `json:"excerpt,omitempty"`
	// Log is where the wrapper kept the log, Lines how many lines it had.
	Log   string `json:"log,omitempty"`
	Lines int    `json:"lines,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
}

// Tests is what the test runners and reports of a step counted together.
type Tests struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	Flaky   int `json:"flaky,omitempty"`
	// Uncounted: some runner told packages instead of cases.
	Uncounted bool `json:"uncounted,omitempty"`
}

// Executed is how many ran.
func (t Tests) Executed() int { return t.Passed + t.Failed }

// Report is one report file that belongs to the step.
type Report struct {
	Path string `json:"path"`
	Hash string `json:"hash,omitempty"` // SHA-256, hex
	// Modified against the start of the step tells a stale one.
	Modified time.Time `json:"modified,omitzero"`
	Format   string    `json:"format,omitempty"`  // "JUnit XML", "TRX", …
	Problem  string    `json:"problem,omitempty"` // why it could not be read
	// Runs is what it says; the ledger keeps the counts only.
	Runs []tally.Run `json:"runs,omitempty"`
}
