package tally

import (
	"fmt"
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// xctest reads XCTest under swift test and xcodebuild, Swift Testing, and
// xcodebuild's own verdict.
type xctest struct {
	begun  Run
	at     int
	fails  fails
	failed bool
	// XCTest ran nothing: Swift Testing, which runs beside it, may have.
	zero  *Run
	swift int
}

func (x *xctest) triggers() []string {
	return []string{
		"Test Suite 'All tests' ", "Test Suite 'Selected tests' ", "Executed ", "Test Case '", "✔ Test run with ", "✘ Test run with ", "\U0010105B Test run with ", "\U00100884 Test run with ",
		"** TEST FAILED **",
	}
}

func (x *xctest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "Test Suite '"):
		x.suite(text, l, o)
	case strings.HasPrefix(text, "Test Case '"):
		name, state, ok := strings.Cut(text[11:], "' ")
		if !ok || l.Indent > 0 {
			return
		}
		if state == "started." || strings.HasPrefix(state, "started at ") {
			o.begin(name)
			return
		}
		o.done(name)
		if strings.HasPrefix(state, "failed (") {
			x.fails.add(name, "", l.Number)
		}
	case strings.HasPrefix(text, "Executed ") && x.at > 0 && l.Number-x.at == 1:
		x.executed(text, l, o)
	case strings.Contains(text, " Test run with "):
		x.testing(text, l, o)
	case text == "** TEST FAILED **" && l.Indent == 0 && !x.failed:
		run := Run{Tool: "xcodebuild", Kind: Test, State: Failed, Failed: 1, Uncounted: true}
		run.place(l)
		o.add(run)
	}
}

func (x *xctest) suite(text string, l logline.Line, o *out) {
	_, state, _ := strings.Cut(text[12:], "' ")
	switch {
	case strings.HasPrefix(state, "started at "):
		x.abandon(o)
		x.begun = Run{Tool: "XCTest", Kind: Test}
		x.begun.place(l)
	case strings.HasPrefix(state, "passed at ") || strings.HasPrefix(state, "failed at "):
		if x.begun.Tool != "" {
			x.at = l.Number
		}
	}
}

// executed reads "Executed 5 tests, with 1 test skipped and 2 failures (0 unexpected) in 0.1 (0.2) seconds".
func (x *xctest) executed(text string, l logline.Line, o *out) {
	n, ok := match(text, "Executed # test?, with *")
	if !ok {
		return
	}
	list, _, _ := strings.Cut(strings.SplitN(text, ", with ", 2)[1], " (")
	run := Run{Tool: "XCTest", Kind: Test, First: x.begun.First, Failures: x.fails}
	for part := range strings.SplitSeq(list, " and ") {
		c, word, _ := integer(part)
		if strings.Contains(word, "skipped") {
			run.Skipped = c
		} else if strings.Contains(word, "failure") {
			run.Failed = c
		}
	}
	run.Passed = max(0, n[0]-run.Failed-run.Skipped)
	run.State = outcome(run)
	run.place(l)
	next := xctest{failed: run.Failed > 0, swift: x.swift, zero: x.zero}
	if run.State == Empty {
		next.zero = &run
	} else {
		o.add(run)
	}
	o.finished("XCTest")
	*x = next
}

// testing reads "✔ Test run with 5 tests in 2 suites passed after 0.001 seconds."
func (x *xctest) testing(text string, l logline.Line, o *out) {
	_, rest, _ := strings.Cut(text, " Test run with ")
	n, ok := match(rest, "# test? *")
	if !ok || l.Indent > 0 {
		return
	}
	run := Run{Tool: "Swift Testing", Kind: Test, Passed: n[0]}
	switch {
	case strings.Contains(rest, " passed after "):
		if n[0] == 0 {
			return // swift test runs both libraries, and one of them has the tests
		}
	case strings.Contains(rest, " failed after "):
		run.Failed, run.Passed = 1, max(0, n[0]-1)
		if _, list, ok := strings.Cut(rest, " with "); ok {
			if c, _, ok := integer(list); ok && c > 0 && n[0] > 0 {
				run.Failed = min(c, n[0])
				run.Passed = n[0] - run.Failed
			}
		}
	default:
		return
	}
	run.State = outcome(run)
	run.place(l)
	o.add(run)
	o.finished("Swift Testing")
	x.swift++
	x.failed = run.Failed > 0
}

// abandon adds a run that began and did not end.
func (x *xctest) abandon(o *out) {
	if x.begun.Tool != "" {
		x.begun.State, x.begun.Failures = Unfinished, x.fails
		o.add(x.begun)
	}
	x.begun, x.at, x.fails = Run{}, 0, nil
}

func (x *xctest) end(o *out) {
	x.abandon(o)
	if x.zero != nil && x.swift == 0 {
		o.add(*x.zero)
	}
}

// dart reads dart test and flutter test: "00:01 +4 ~1 -1: Some tests failed."
type dart struct{ fails fails }

func (d *dart) triggers() []string {
	list := []string{"No tests ran.", "No tests match "}
	for second := range 60 {
		list = append(list, fmt.Sprintf("%s:%02d", number, second))
	}
	return list
}

func (d *dart) line(l logline.Line, o *out) {
	text := o.text(l)
	clock, rest, ok := strings.Cut(text, " ")
	if strings.Count(clock, ":") != 1 {
		return
	}
	_, timed := match(clock, "#:#")
	if !ok || !timed || l.Indent > 0 {
		return
	}
	counts, words, ok := strings.Cut(rest, ": ")
	if !ok {
		return
	}
	run := Run{Tool: "dart test", Kind: Test}
	for part := range strings.FieldsSeq(counts) {
		n, tail, ok := integer(part[1:])
		if !ok || tail != "" {
			return
		}
		switch part[0] {
		case '+':
			run.Passed = n
		case '~':
			run.Skipped = n
		case '-':
			run.Failed = n
		default:
			return
		}
	}
	if name, ok := strings.CutSuffix(words, " [E]"); ok {
		d.fails.add(name, "", l.Number)
		return
	}
	switch words {
	case "All tests passed!", "Some tests failed.", "All tests skipped.", "All other tests passed!", "No tests ran.":
	default:
		return
	}
	run.State = outcome(run)
	if words == "Some tests failed." {
		run.State, run.Failed, run.Failures = Failed, max(1, run.Failed), d.fails
	}
	run.place(l)
	o.add(run)
	o.finished("dart test")
	d.fails = nil
}

func (d *dart) end(*out) {}

// elm reads elm-test: "TEST RUN FAILED", then "Passed:" and "Failed:".
type elm struct {
	run  Run
	left int
}

func (e *elm) triggers() []string { return []string{"TEST RUN "} }

func (e *elm) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case text == "TEST RUN PASSED" || text == "TEST RUN FAILED" || strings.HasPrefix(text, "TEST RUN INCOMPLETE"):
		e.run, e.left = Run{Tool: "elm-test", Kind: Test}, 8
		e.run.place(l)
		o.next(8)
	case e.left == 0:
	case strings.HasPrefix(text, "Passed: "):
		n, _, _ := integer(strings.TrimSpace(text[8:]))
		e.run.Passed = n
	case strings.HasPrefix(text, "Failed: "):
		n, _, _ := integer(strings.TrimSpace(text[8:]))
		e.run.Failed = n
		e.run.State = outcome(e.run)
		o.add(e.run)
		o.finished("elm-test")
		e.left = 0
		return
	default:
		e.left--
	}
}

func (e *elm) end(*out) {}
