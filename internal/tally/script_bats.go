package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// bats reads "3 tests, 1 failure, 1 skipped" at the first column, as Bats prints
// it below its ticks and ExUnit below the time that it took.
type bats struct {
	took     int // where ExUnit told its time
	tick     int // where Bats told a test
	first    int
	failures []Failure
}

func (b *bats) triggers() []string {
	return []string{"Finished in ", "There are no tests to run", "✓ ", "✗ ", "(in test file ", number + "test", number + "doctest", number + "propert", number + "failure"}
}

func (b *bats) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "Finished in ") && l.Indent == 0:
		if strings.Contains(text, " seconds (") && strings.Contains(text, "s async, ") || strings.HasSuffix(text, " seconds") {
			b.took = l.Number
		}
	case strings.HasPrefix(text, "(in test file ") && l.Indent == 3:
		b.tick, b.first = l.Number, firstLine(b.first, l.Number) // on a terminal the cursor hides the crosses
	case text == "There are no tests to run" && l.Indent == 0:
		o.add(Run{Tool: "ExUnit", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
	case strings.HasPrefix(text, "✓ ") || strings.HasPrefix(text, "✗ "):
		if l.Indent != 1 {
			return
		}
		b.tick, b.first = l.Number, firstLine(b.first, l.Number)
		if name, bad := strings.CutPrefix(text, "✗ "); bad {
			b.failures = addFailure(b.failures, Failure{Name: name, Line: l.Number})
		}
	case text != "" && digit(text[0]) && l.Indent == 0:
		b.count(text, l, o)
	}
}

func (b *bats) count(text string, l logline.Line, o *out) {
	run := Run{Kind: Test, State: Passed, Last: l.Number, Text: text}
	total, failures := 0, false
	for part := range strings.SplitSeq(text, ", ") {
		n, word, ok := numbered(part)
		if !ok {
			return
		}
		switch strings.TrimSuffix(word, "s") {
		case "test", "doctest", "property", "propertie":
			total += n
		case "failure":
			run.Failed, failures = n, true
		case "skipped", "excluded":
			run.Skipped += n
		case "invalid":
			run.Failed += n
		default:
			return
		}
	}
	switch {
	case !failures:
		return
	case o.follows(b.took, l.Number, 1):
		run.Tool = "ExUnit"
	case b.tick > 0:
		run.Tool, run.Failures = "Bats", b.failures
	default:
		return
	}
	run.Expected, run.First = total, firstLine(b.first, l.Number)
	run.Passed = max(total-run.Failed-run.Skipped, 0)
	switch {
	case run.Failed > 0:
		run.State = Failed
	case total == 0:
		run.State = Empty
	}
	o.add(run)
	*b = bats{}
	o.finished(run.Tool)
}

func (b *bats) end(*out) {}

// nodeTap reads the last lines of node-tap's own reporter: "Suites:   1 failed, 1
// of 1 completed", then "Asserts:  1 failed, 1 passed, of 2".
type nodeTap struct {
	at     int
	failed int // suites
	done   int
	suites int
	run    *Run // a terminal shows the lines over and over; the last ones count
	of     int  // its suites
}

func (n *nodeTap) triggers() []string { return []string{"Suites:", "Asserts:"} }

func (n *nodeTap) line(l logline.Line, o *out) {
	text := strings.ReplaceAll(o.text(l), "\u200b", "")
	label, rest, _ := strings.Cut(text, ":")
	rest = strings.TrimSpace(rest)
	if l.Indent > 1 {
		return
	}
	if label == "Suites" {
		rest, ok := strings.CutSuffix(rest, " completed")
		i := strings.LastIndex(rest, " of ")
		if !ok || i < 0 {
			return
		}
		total, after, ok := numbered(rest[i+4:])
		m, counts := wordCounts(rest[:i]+" done", ", ")
		if ok && after == "" && counts {
			n.at, n.failed, n.done, n.suites = l.Number, m["failed"], m["done"], total
		}
		return
	}
	counts, total, ok := strings.Cut(rest, ", of ")
	m, counted := wordCounts(counts, ", ")
	if !ok || !counted || !o.follows(n.at, l.Number, 1) {
		return
	}
	run := Run{Tool: "tap", Kind: Test, State: Passed, Passed: m["passed"], Failed: m["failed"], Skipped: m["skip"] + m["todo"], First: n.at, Last: l.Number, Text: text, Indent: l.Indent}
	run.Expected, _, _ = numbered(total)
	switch {
	case run.Failed > 0 || n.failed > 0:
		run.State, run.Failed = Failed, max(run.Failed, n.failed)
	case n.done < n.suites:
		run.State = Unfinished
	case run.Expected == 0:
		run.State = Empty
	}
	if n.run != nil && (n.of != n.suites || run.Expected < n.run.Expected) {
		o.add(*n.run)
	}
	n.run, n.of, n.at = &run, n.suites, 0
	if run.State != Unfinished {
		o.finished("tap")
	}
}

func (n *nodeTap) end(o *out) {
	if n.run != nil {
		o.add(*n.run)
		n.run = nil
	}
}
