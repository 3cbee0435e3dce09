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
	return []string{"Finished in ", "✓ ", "✗ ", "(in test file ", number + "test", number + "doctest", number + "propert"}
}

func (b *bats) line(l logline.Line, o *out) {
	text := string(l.Text)
	switch {
	case strings.HasPrefix(text, "Finished in ") && l.Indent == 0:
		if strings.Contains(text, " seconds (") && strings.Contains(text, "s async, ") || strings.HasSuffix(text, " seconds") {
			b.took = l.Number
		}
	case strings.HasPrefix(text, "(in test file ") && l.Indent == 3:
		b.tick, b.first = l.Number, firstLine(b.first, l.Number) // on a terminal the cursor hides the crosses
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
	case b.took > 0 && l.Number == b.took+1:
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
