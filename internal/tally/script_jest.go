package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// jest reads Jest's default, verbose and summary reporters. Its last word is a
// block at the first column, in this order: Test Suites, Tests, Snapshots, Time.
type jest struct {
	first    int
	files    map[string]bool // that passed or failed since the last block
	failed   bool            // the file last named failed
	failures []Failure
	retried  map[string]bool
	flaky    int
	outside  int // thresholds not met
	early    string
	suites   map[string]int
	suitesAt int
	tests    map[string]int
	pending  Run
	held     *Run // the last block: a later one may show that it was quoted
	heldOK   bool // it told of as many suites as were named
	sure     bool // more than the names of files tells that it is Jest
	await    bool // the message of the last failure is still to come
}

func (j *jest) triggers() []string {
	return []string{
		"Test Suites:", "Tests:", "Snapshots:", "Time:", "Ran all test suites", "PASS", "FAIL", "RUNS ",
		"No tests found", "Jest did not exit", "LOGGING RETRY ERRORS", "● ", "●\u00a0", "A jest worker process (pid=",
		"Jest: ", "✓ ", "> ", "$ ",
	}
}

func (j *jest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case j.block(text, l, o):
	case strings.HasPrefix(text, "PASS") || strings.HasPrefix(text, "FAIL") || strings.HasPrefix(text, "RUNS"):
		j.file(text, l, o)
	case strings.HasPrefix(text, "●"):
		j.bullet(text, l, o)
	case strings.HasPrefix(text, "No tests found"):
		j.none(text, l, o)
	case strings.HasPrefix(text, "Ran all test suites") && l.Indent <= 1, strings.HasPrefix(text, "Jest did not exit one second after"):
		if j.held != nil {
			j.held.Last = max(j.held.Last, l.Number)
			o.finished("Jest")
		}
	case strings.HasPrefix(text, "LOGGING RETRY ERRORS") && l.Indent == 1:
		if j.retried == nil {
			j.retried = map[string]bool{}
		}
		j.retried[cut(strings.TrimSpace(text[len("LOGGING RETRY ERRORS"):]))] = true
	case strings.HasPrefix(text, "A jest worker process (pid=") && j.failed && strings.Contains(text, "was terminated by another process"):
		o.mark(rule.CrashedWorker, "Jest", l)
	case strings.HasPrefix(text, "Jest: ") && strings.Contains(text, "coverage threshold for ") && strings.Contains(text, " not met"):
		j.outside++
		j.failures = addFailure(j.failures, Failure{Name: "coverage threshold", Message: text, Line: l.Number})
	case strings.HasPrefix(text, "> ") || strings.HasPrefix(text, "$ "):
		j.sure = j.sure || l.Indent == 0 && (echoes(text, "jest") || strings.Contains(text, "react-scripts test"))
	case strings.HasPrefix(text, "✓ "):
		j.sure = j.sure || l.Indent >= 2 && len(j.files) > 0
	case j.await && l.Indent >= 4 && text != "":
		j.failures[len(j.failures)-1].Message = cut(text)
		j.await = false
		o.next(0)
	}
}

// block reads the lines of the last block.
func (j *jest) block(text string, l logline.Line, o *out) bool {
	if l.Indent > 1 {
		return false
	}
	label, rest, ok := strings.Cut(text, ":")
	if !ok {
		return false
	}
	rest = strings.TrimSpace(rest)
	switch label {
	case "Test Suites":
		// "0 of 1 total": some were not run.
		if i := strings.LastIndex(rest, " of "); i >= 0 {
			rest = strings.TrimSuffix(rest[:i], " ") + " ran, " + rest[i+4:]
		}
		j.suites, ok = wordCounts(rest, ", ")
		if _, has := j.suites["total"]; !ok || !has {
			j.suites = nil
			return false
		}
		j.suitesAt, j.tests = l.Number, nil
	case "Tests":
		m, ok := wordCounts(rest, ", ")
		if _, has := m["total"]; !ok || !has || j.suites == nil || !o.follows(j.suitesAt, l.Number, 1) {
			return false
		}
		j.tests = m
		j.pending = Run{Text: text, Indent: l.Indent}
	case "Snapshots", "Time":
		if j.tests == nil || !o.follows(j.suitesAt, l.Number, 3) || label == "Snapshots" && !strings.Contains(rest, "total") {
			return false
		}
		j.commit(l, o)
	default:
		return false
	}
	return true
}

// commit makes a run of the block.
func (j *jest) commit(l logline.Line, o *out) {
	run := j.pending
	run.Tool, run.Kind = "Jest", Test
	run.Passed, run.Failed = j.tests["passed"], j.tests["failed"]
	run.Skipped = j.tests["skipped"] + j.tests["todo"] + j.tests["pending"]
	run.Expected = j.tests["total"]
	run.Flaky = min(j.flaky, run.Passed)
	run.First, run.Last = firstLine(j.first, j.suitesAt), l.Number
	run.Failed += j.outside
	run.Suites = j.files
	if run.Failed == 0 {
		run.Failed = j.suites["failed"]
	}
	switch {
	case run.Failed > 0:
		run.State, run.Failures = Failed, j.failures
	case run.Expected == 0:
		run.State = Empty
	default:
		run.State = Passed
	}
	named := len(j.files)
	all := j.suites["failed"]+j.suites["passed"] == named
	if j.held != nil && !j.heldOK && all && named > 0 {
		// The block before told of other suites than had run, this one of them all:
		// that one was printed by a test.
		run.First = j.held.First
		j.held = nil
	}
	j.flush(o)
	j.held, j.heldOK = &run, all || named == 0
	if all || named == 0 {
		j.reset()
	}
	j.suites, j.tests = nil, nil
	o.finished("Jest")
}

func (j *jest) reset() {
	j.first, j.flaky, j.outside, j.early = 0, 0, 0, ""
	j.files, j.failures, j.retried, j.failed = nil, nil, nil, false
}

func (j *jest) flush(o *out) {
	if j.held != nil {
		o.add(*j.held)
		j.held = nil
	}
}

// file reads "PASS src/a.test.js (5.1 s)", a project's name before the path.
func (j *jest) file(text string, l logline.Line, o *out) {
	if l.Indent > 1 || len(text) < 6 || text[4] != ' ' {
		return
	}
	name, _ := cutTime(strings.TrimSpace(text[5:]))
	path := name[strings.LastIndexByte(name, ' ')+1:]
	if !scriptFile(path) || strings.Contains(name, " > ") || strings.Contains(name, " | ") {
		return
	}
	if text[:4] == "RUNS" {
		o.begin(path)
		j.first = firstLine(j.first, l.Number)
		return
	}
	if j.first == 0 {
		j.first = l.Number
		o.finished("")
	}
	j.failed = text[:4] == "FAIL"
	if !j.failed {
		j.flaky += len(j.retried)
	}
	j.retried = nil
	if j.files == nil {
		j.files = map[string]bool{}
	}
	if len(j.files) < 1e5 {
		j.files[name] = !j.failed
	}
	o.done(path)
}

// bullet reads the heading of a failure, and the cry that a test ended the process.
func (j *jest) bullet(text string, l logline.Line, o *out) {
	name := strings.TrimSpace(strings.TrimPrefix(text, "●"))
	switch {
	case l.Indent != 2:
	case strings.HasPrefix(name, "process.exit called with "):
		j.early, j.first = text, firstLine(j.first, l.Number)
	case name == "Console" || name == "":
	case j.failed:
		before := len(j.failures)
		j.failures = addFailure(j.failures, Failure{Name: name, Line: l.Number})
		if j.sure = true; len(j.failures) > before {
			j.await = true
			o.next(4)
		}
	}
}

// none reads that there was nothing to run.
func (j *jest) none(text string, l logline.Line, o *out) {
	if l.Indent > 1 || !strings.HasPrefix(text, "No tests found, exiting with code ") && !strings.HasPrefix(text, "No tests found related to files changed since ") {
		return
	}
	j.flush(o)
	o.add(Run{Tool: "Jest", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text, Indent: l.Indent})
	j.reset()
}

func (j *jest) end(o *out) {
	began := len(j.files) > 0 && j.sure || j.early != ""
	if j.held != nil && !j.heldOK {
		began = began && j.early != ""
	}
	j.flush(o)
	if !began {
		return
	}
	run := Run{Tool: "Jest", Kind: Test, State: Unfinished, Uncounted: true, First: j.first, Last: j.first, Text: j.early, Failures: j.failures}
	run.Failed = len(j.failures)
	if run.Text == "" {
		run.Text = "files were reported, the summary was not"
	}
	o.add(run)
}
