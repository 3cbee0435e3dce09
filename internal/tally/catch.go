package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// catch reads Catch2: the verdict stands under a rule of 79 equal signs.
type catch struct{ ruled int }

func (c *catch) triggers() []string {
	return []string{"====================", "All tests passed (", "test cases: ", "No tests ran", "No test cases matched "}
}

func (c *catch) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	if len(text) == 79 && allOf(text, "=") {
		c.ruled = l.Number
		return
	}
	if c.ruled == 0 || l.Number-c.ruled > 1 {
		return
	}
	run := Run{Tool: "Catch2", Kind: Test}
	if n, ok := match(text, "All tests passed (# assertion? in # test case?)"); ok {
		run.Passed = n[1]
	} else if strings.HasPrefix(text, "No tests ran") {
		run.State = Empty
	} else if !piped(strings.TrimPrefix(text, "test cases: "), &run) || !strings.HasPrefix(text, "test cases: ") {
		return
	}
	c.ruled = 0
	run.State = outcome(run)
	run.place(l)
	o.add(run)
	o.finished("Catch2")
}

func (c *catch) end(*out) {}

// piped reads "3 | 2 passed | 1 failed": all, and the parts of it.
func piped(text string, run *Run) bool {
	all, rest, _ := strings.Cut(text, "|")
	if _, ok := match(strings.TrimSpace(all), "#"); !ok {
		return false
	}
	for part := range strings.SplitSeq(rest, "|") {
		n, word, ok := integer(strings.TrimSpace(part))
		if !ok {
			return false
		}
		switch strings.TrimSpace(word) {
		case "passed", "failed as expected":
			run.Passed += n
		case "failed":
			run.Failed += n
		case "skipped":
			run.Skipped += n
		default:
			return word == ""
		}
	}
	return true
}

// doctest reads the C++ framework doctest, which puts its name before each line.
type doctest struct{ run Run }

func (d *doctest) triggers() []string { return []string{"[doctest] "} }

func (d *doctest) line(l logline.Line, o *out) {
	text := strings.TrimPrefix(o.text(l), "[doctest] ")
	switch {
	case l.Indent > 0:
	case strings.HasPrefix(text, "test cases: "):
		run := Run{Tool: "doctest", Kind: Test}
		if piped(strings.TrimSpace(text[12:]), &run) {
			run.Skipped = 0 // what a filter left out
			run.place(l)
			d.run = run
		}
	case strings.HasPrefix(text, "Status: ") && d.run.Tool != "":
		d.run.State = outcome(d.run)
		if text == "Status: FAILURE!" {
			d.run.State, d.run.Failed = Failed, max(1, d.run.Failed)
		}
		d.run.place(l)
		o.add(d.run)
		o.finished("doctest")
		d.run = Run{}
	}
}

func (d *doctest) end(*out) {}

// boost reads Boost.Test: "Running 3 test cases...", then "*** No errors
// detected" or "*** 1 failure is detected in the test module".
type boost struct {
	run Run
	// verdict is what came on standard error before the beginning on standard output.
	verdict string
	at      int
}

func (b *boost) triggers() []string {
	return []string{"Running ", "*** No errors detected", "*** ", "Test setup error: ", "Test module "}
}

func (b *boost) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	if n, ok := match(text, "Running # test case?..."); ok {
		b.end(o)
		b.run = Run{Tool: "Boost.Test", Kind: Test, Expected: n[0]}
		b.run.place(l)
		if b.verdict == "" || l.Number-b.at > 50 {
			return
		}
		text, b.verdict = b.verdict, ""
	}
	switch {
	case strings.HasPrefix(text, "Test setup error: no test cases matching filter"):
		b.run = Run{Tool: "Boost.Test", Kind: Test}
		b.finish(l, o)
	case b.run.Tool == "":
		if text == "*** No errors detected" || strings.Contains(text, " detected in the test module") {
			b.verdict, b.at = text, l.Number
		}
	case strings.HasPrefix(text, "Test module ") && strings.HasSuffix(text, " has failed with:"):
		b.run.Failed = 1
		b.run.Passed = max(0, b.run.Expected-1)
		b.finish(l, o)
	case strings.HasPrefix(text, "Test module ") && strings.HasSuffix(text, " has passed with:") || text == "*** No errors detected":
		b.run.Passed = b.run.Expected
		b.finish(l, o)
	case strings.HasPrefix(text, "*** ") && strings.Contains(text, " detected in the test module"):
		n, _, ok := integer(text[4:])
		if !ok || !strings.Contains(text, " failure") {
			return
		}
		b.run.Failed = max(1, min(n, b.run.Expected)) // it counts checks, not cases
		b.run.Passed = b.run.Expected - b.run.Failed
		b.finish(l, o)
	}
}

func (b *boost) finish(l logline.Line, o *out) {
	b.run.State = outcome(b.run)
	b.run.place(l)
	o.add(b.run)
	o.finished("Boost.Test")
	b.run = Run{}
}

func (b *boost) end(o *out) {
	if b.run.Tool != "" && b.run.Expected > 0 {
		b.run.State = Unfinished
		o.add(b.run)
	}
	b.run = Run{}
}
