// Package rule names the ways in which a build lies or hangs: the 42 patterns
// of silent failure and the eight of hanging.
//
// A rule has an id that never changes, a title, a why and a fix; a finding is a
// rule met somewhere, with the evidence for it. Only evidence of two kinds makes
// a finding fail a step; anything less warns. The package decides nothing and
// reads nothing: scan finds rules in files, pipeline in runs, hang in processes.
package rule

// ID is a rule's stable name, as ledgers, allowances and documents spell it.
type ID string

// The silent failures, in the order of the catalogue (Number).
const (
	PipeStatus        ID = "pipe-status"
	SwallowedStatus   ID = "swallowed-status"
	ContinueOnError   ID = "continue-on-error"
	SequenceStatus    ID = "sequence-status"
	BackgroundScript  ID = "background-in-script"
	DeclareMasks      ID = "declare-masks-status"
	Substitution      ID = "substitution-status"
	ErrexitDisabled   ID = "errexit-disabled"
	BareWait          ID = "bare-wait"
	ProcessSubst      ID = "process-substitution"
	PipeWhile         ID = "pipe-while"
	FindExec          ID = "find-exec"
	EmptyLoop         ID = "empty-loop"
	ExitTrap          ID = "exit-trap"
	MakeIgnores       ID = "make-ignores"
	MakeShadowed      ID = "make-shadowed"
	StatusWraps       ID = "status-wraps"
	ChildFailed       ID = "child-failed"
	NeverSettled      ID = "never-settled"
	NoTests           ID = "no-tests"
	PassWithNoTests   ID = "pass-with-no-tests"
	AllSkipped        ID = "all-skipped"
	FocusedTest       ID = "focused-test"
	ExitedEarly       ID = "exited-early"
	LateFailure       ID = "late-failure"
	TestMainExit      ID = "testmain-exit"
	NothingSelected   ID = "nothing-selected"
	RecursiveSequence ID = "recursive-sequence"
	StepMissing       ID = "step-missing"
	ShallowClone      ID = "shallow-clone"
	ReportStale       ID = "report-stale"
	Contradiction     ID = "contradiction"
	CrashedWorker     ID = "crashed-worker"
	FlakyRetries      ID = "flaky-retries"
	CacheReplay       ID = "cache-replay"
	CurlWithoutFail   ID = "curl-without-fail"
	RemoteStatus      ID = "remote-status"
	UncheckedCd       ID = "unchecked-cd"
	PlaceholderScript ID = "placeholder-script"
	FewerTests        ID = "fewer-tests"
	KilledChild       ID = "killed-child"
	ConstantCondition ID = "constant-condition"
)

// The ways to hang.
const (
	HangTotal    ID = "hang-total"    // longer than it may take at all
	HangIdle     ID = "hang-idle"     // neither output nor CPU
	HangFinished ID = "hang-finished" // the tests are over, the process is not
	HangReporter ID = "hang-reporter" // the tests are over, the report is not
	HangOrphans  ID = "hang-orphans"  // the command ended, what it started did not
	HangStdin    ID = "hang-stdin"    // waits for an answer that nobody gives
	HangProgress ID = "hang-progress" // one test runs far longer than it ever did
	HangLock     ID = "hang-lock"     // waits for a lock or a port
)

// Layer is who can see a rule met.
type Layer string

// The layers.
const (
	Static  Layer = "scan"    // postflight guard scan
	Wrapper Layer = "run"     // postflight guard run
	Ledger  Layer = "close"   // postflight guard close
	History Layer = "history" // only runs before this one tell
)

// Level is how much a finding weighs.
type Level string

// The levels.
const (
	Fail Level = "fail" // the step is not green
	Warn Level = "warn" // a person should look
	Note Level = "note" // said for the record
)

// Rule is one pattern.
type Rule struct {
	ID     ID      `json:"id"`
	Number string  `json:"number"`         // G01 to G42, H01 to H08
	Title  string  `json:"title"`          // a sentence
	Why    string  `json:"why"`            // what goes wrong, with the command's own behaviour
	Fix    string  `json:"fix"`            // what to write instead
	Bad    string  `json:"bad,omitempty"`  // an example
	Good   string  `json:"good,omitempty"` // the same, mended
	Layers []Layer `json:"layers"`
	// Level is the heaviest a finding of this rule can be: Fail needs evidence of
	// two kinds all the same.
	Level Level `json:"level"`
}

// Proof is one piece of evidence.
type Proof struct {
	// Kind: exit, summary, report, log, process, ledger, history, file.
	Kind string `json:"kind"`
	// Text is what was seen, in a line, redacted.
	Text string `json:"text"`
	// Line in the log, from 1; 0 when it is of no line.
	Line int `json:"line,omitempty"`
}

// Place is where a finding stands: in a file, or in a log.
type Place struct {
	File   string `json:"file,omitempty"` // slashes, relative to the root that was scanned
	Line   int    `json:"line,omitempty"` // from 1
	Column int    `json:"column,omitempty"`
}

// Finding is a rule met.
type Finding struct {
	Rule    ID      `json:"rule"`
	Level   Level   `json:"level"`
	Message string  `json:"message"` // one line, for a person
	Place   Place   `json:"place,omitzero"`
	Proofs  []Proof `json:"proofs,omitempty"`
	// Allowed is the reason somebody gave for living with it; the finding then
	// weighs nothing, and is still shown.
	Allowed string `json:"allowed,omitempty"`
}

// Fails reports whether the finding keeps a step from being green.
func (f Finding) Fails() bool { return f.Level == Fail && f.Allowed == "" }
