package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// vitest reads Vitest's reporters. Its last word is a block aligned to the
// right: Test Files, Tests, perhaps Errors, then Start at and Duration.
type vitest struct {
	stage    *stage
	open     bool // RUN was printed, the summary not yet
	first    int
	files    map[string]int
	filesAt  int
	tests    map[string]int
	errors   int
	text     string
	failures []Failure
	suites   map[string]bool
	flaky    int
	await    bool
	held     *Run
}

func (v *vitest) triggers() []string {
	return []string{
		"RUN  v", "DEV  v", "RERUN ", "Test Files", "Tests ", "Errors ", "Type Errors", "Start at", "Duration ", "Time ", "Snapshots ",
		"FAIL ", "No test files found, exiting", "close timed out after", "✓ ", "ERROR: Coverage for ", "Error: [vitest-pool",
		"Error: Worker ", "BENCH  Summary", "Benchmarking is an experimental feature",
	}
}

func (v *vitest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case v.await:
		if text != "" {
			v.failures[len(v.failures)-1].Message = cut(text)
		}
		v.await = false
	case (strings.HasPrefix(text, "RUN  v") || strings.HasPrefix(text, "DEV  v") || strings.HasPrefix(text, "RERUN  ")) && l.Indent <= 2:
		v.begin(l, o)
	case strings.HasPrefix(text, "BENCH  Summary") || strings.HasPrefix(text, "Benchmarking is an experimental feature"):
		v.open, v.stage.host = false, nil // which ends without counts
	case v.block(text, l, o):
	case strings.HasPrefix(text, "FAIL  ") && l.Indent <= 1 && v.open:
		name, _, _ := strings.Cut(strings.TrimSpace(text[5:]), " ")
		v.suite(name, false)
		before := len(v.failures)
		v.failures = addFailure(v.failures, Failure{Name: strings.TrimSpace(text[5:]), Line: l.Number})
		if len(v.failures) > before {
			v.await = true
			o.next(1)
		}
	case strings.HasPrefix(text, "✓ ") && v.open && l.Indent <= 12:
		if strings.HasSuffix(text, ")") && strings.Contains(text, " (retry x") {
			v.flaky++
		}
		if name, _, ok := strings.Cut(text[len("✓ "):], " ("); ok && l.Indent == 1 {
			v.suite(name, true)
			o.done(name)
		}
	case strings.HasPrefix(text, "No test files found, exiting with code ") && l.Indent <= 1:
		v.flush(o)
		v.open, v.stage.host = false, nil
		o.add(Run{Tool: "Vitest", Kind: Test, State: Empty, First: firstLine(v.first, l.Number), Last: l.Number, Text: text, Indent: l.Indent})
		v.reset()
	case strings.HasPrefix(text, "close timed out after ") && v.held != nil:
		o.finished("Vitest")
	case strings.HasPrefix(text, "ERROR: Coverage for ") && strings.Contains(text, " does not meet ") && v.held != nil:
		v.held.State, v.held.Failed = Failed, v.held.Failed+1
		v.held.Failures = addFailure(v.held.Failures, Failure{Name: "coverage threshold", Message: text, Line: l.Number})
	case strings.HasPrefix(text, "Error: [vitest-pool") && v.open, strings.HasPrefix(text, "Error: Worker ") && v.open:
		if strings.Contains(text, "exited unexpectedly") {
			o.mark(rule.CrashedWorker, "Vitest", l)
		}
	}
}

// suite keeps what came of a file: a failure is not taken back.
func (v *vitest) suite(name string, passed bool) {
	if v.suites == nil {
		v.suites = map[string]bool{}
	}
	if before, known := v.suites[name]; len(v.suites) < maxOpen && (!known || before) {
		v.suites[name] = passed
	}
}

func (v *vitest) begin(l logline.Line, o *out) {
	v.unfinished(o)
	v.flush(o)
	v.reset()
	v.open, v.first, v.stage.host = true, l.Number, v
	o.finished("")
}

// block reads the lines of the last block.
func (v *vitest) block(text string, l logline.Line, o *out) bool {
	if l.Indent > 8 {
		return false
	}
	label, rest, ok := strings.Cut(text, "  ")
	if !ok {
		return false
	}
	rest = strings.TrimSpace(rest)
	switch label {
	case "Test Files":
		m, ok := vitestCounts(rest)
		if !ok || l.Indent > 2 {
			return false
		}
		v.files, v.filesAt, v.tests, v.errors = m, l.Number, nil, 0
	case "Tests":
		if v.files == nil || !o.follows(v.filesAt, l.Number, 2) || l.Indent < 4 {
			return false
		}
		m, ok := vitestCounts(rest)
		if !ok {
			v.files = nil
			return false
		}
		v.tests, v.text = m, text
	case "Snapshots":
	case "Errors", "Type Errors":
		if n, word, ok := numbered(rest); ok && v.tests != nil && strings.HasPrefix(word, "error") {
			v.errors = n
		}
	case "Start at", "Duration", "Time":
		if v.tests == nil || !o.follows(v.filesAt, l.Number, 8) {
			return false
		}
		v.commit(l, o)
	default:
		return false
	}
	return true
}

// vitestCounts reads "1 failed | 2 passed (3)" and "no tests".
func vitestCounts(text string) (map[string]int, bool) {
	if text == "no tests" {
		return map[string]int{"total": 0}, true
	}
	i := strings.LastIndex(text, " (")
	if i < 0 || !strings.HasSuffix(text, ")") {
		return nil, false
	}
	total, rest, ok := numbered(text[i+2 : len(text)-1])
	if !ok || rest != "" {
		return nil, false
	}
	m, ok := wordCounts(text[:i], " | ")
	if !ok {
		return nil, false
	}
	m["total"] = total
	return m, true
}

func (v *vitest) commit(l logline.Line, o *out) {
	v.flush(o)
	run := Run{
		Tool: "Vitest", Kind: Test, State: Passed, Text: v.text, First: firstLine(v.first, v.filesAt), Last: l.Number, Indent: l.Indent,
		Passed: v.tests["passed"] + v.tests["expected fail"], Failed: v.tests["failed"] + v.errors, Skipped: v.tests["skipped"] + v.tests["todo"], Expected: v.tests["total"],
	}
	if run.Failed == 0 {
		run.Failed = v.files["failed"]
	}
	run.Flaky, run.Suites = min(v.flaky, run.Passed), v.suites
	switch {
	case run.Failed > 0:
		run.State, run.Failures = Failed, v.failures
	case run.Expected == 0:
		run.State = Empty
	}
	v.held, v.open, v.stage.host = &run, false, nil
	v.reset()
	o.finished("Vitest")
}

func (v *vitest) reset() {
	v.first, v.files, v.tests, v.errors, v.failures, v.suites, v.flaky, v.await = 0, nil, nil, 0, nil, nil, 0, false
}

func (v *vitest) flush(o *out) {
	if v.held != nil {
		o.add(*v.held)
		v.held = nil
	}
}

func (v *vitest) unfinished(o *out) {
	if v.open {
		o.add(Run{Tool: "Vitest", Kind: Test, State: Unfinished, Uncounted: true, Failed: len(v.failures), First: v.first, Last: v.first, Text: "it began, the summary was not printed", Failures: v.failures})
	}
}

func (v *vitest) end(o *out) {
	v.flush(o)
	v.unfinished(o)
}
