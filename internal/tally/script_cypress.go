package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// cypress reads the frames of "cypress run": what was found at the start, a box
// for each spec, the table of all at the end. What stands in between is Mocha's.
type cypress struct {
	stage    *stage
	open     bool
	closing  bool // (Run Finished) was printed
	parallel bool
	specs    int // found
	boxes    int
	rows     int
	first    int
	spec     string
	now      map[string]int // the box that is read
	sum      map[string]int
	failures []Failure
	tries    map[string]bool // attempts of the tests that run
	flaky    int
	crashed  int
}

func (c *cypress) triggers() []string {
	return []string{
		"(Run Starting)", "(Run Finished)", "(Results)", "Running:  ", "│ ", "✔  All specs passed!", "✖  ",
		"We detected that the ", "Can't run because no spec files were found", "(Attempt ", "✓ ", "√  All specs passed!", "×  ",
	}
}

func (c *cypress) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case text == "(Run Starting)" && l.Indent <= 3:
		c.end(o)
		*c = cypress{stage: c.stage, open: true, first: l.Number, sum: map[string]int{}}
		c.stage.host = c
		o.finished("")
	case strings.HasPrefix(text, "Can't run because no spec files were found") && l.Indent <= 1:
		o.add(Run{Tool: "Cypress", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
	case strings.HasPrefix(text, "We detected that the ") && strings.Contains(text, "enderer process just crashed"):
		// Printed between the specs' frames, also before the table of the first.
		c.crashed++
		o.mark(rule.CrashedWorker, "Cypress", l)
	case !c.open:
	case text == "(Run Finished)" && l.Indent <= 3:
		c.closing = true
	case strings.HasPrefix(text, "│"):
		c.box(strings.TrimSpace(strings.Trim(text, "│")), l)
	case strings.HasPrefix(text, "Running:  ") && l.Indent <= 3:
		c.spec, _, _ = strings.Cut(strings.TrimSpace(text[len("Running:"):]), "  ")
		c.tries = nil
		o.begin(c.spec)
	case strings.HasPrefix(text, "(Attempt "):
		if _, name, ok := strings.Cut(text, ") "); ok && len(c.tries) < 1000 {
			if c.tries == nil {
				c.tries = map[string]bool{}
			}
			c.tries[name] = true
		}
	case strings.HasPrefix(text, "✓ "):
		name, _ := cutTime(text[len("✓ "):])
		if c.tries[name] {
			c.flaky++
			delete(c.tries, name)
		}
	case c.closing && l.Indent <= 5:
		c.last(text, l, o)
	}
}

// box reads a line of a frame.
func (c *cypress) box(text string, l logline.Line) {
	if c.closing {
		for _, glyph := range []string{"✔  ", "✖  ", "√  ", "×  "} {
			rest, ok := strings.CutPrefix(text, glyph)
			if !ok {
				continue
			}
			c.rows++
			if glyph == "✖  " || glyph == "×  " {
				name, _, _ := strings.Cut(rest, "  ")
				c.failures = addFailure(c.failures, Failure{Name: name, Line: l.Number})
			}
		}
		return
	}
	label, value, ok := strings.Cut(text, ":")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	n, rest, isNumber := numbered(value)
	switch label {
	case "Specs":
		if strings.HasPrefix(rest, "found") {
			c.specs = n
		}
	case "Params":
		c.parallel = c.parallel || strings.Contains(value, "Parallel: true")
	case "Tests":
		if isNumber && rest == "" {
			c.now = map[string]int{"Tests": n}
		}
	case "Passing", "Failing", "Pending", "Skipped":
		if c.now != nil && isNumber && rest == "" {
			c.now[label] = n
		}
	case "Spec Ran":
		if c.now != nil {
			for k, n := range c.now {
				c.sum[k] += n
			}
			c.boxes++
			c.now = nil
		}
	}
}

// last reads the line below the table: "✖  1 of 3 failed (33%)  00:09  7  5  2  -  -".
func (c *cypress) last(text string, l logline.Line, o *out) {
	all := strings.Contains(text, "All specs passed!")
	if !all && !strings.Contains(text, " failed (") {
		return
	}
	fields := strings.Fields(text)
	if len(fields) < 6 {
		return
	}
	var n [5]int
	for i, f := range fields[len(fields)-5:] {
		if f == "-" {
			continue
		}
		v, rest, ok := numbered(f)
		if !ok || rest != "" {
			return
		}
		n[i] = v
	}
	c.add(Run{State: Passed, Expected: n[0], Passed: n[1], Failed: n[2], Skipped: n[3] + n[4], Last: l.Number, Text: text, Indent: l.Indent}, all, o)
	o.finished("Cypress")
}

// add completes the run and adds it.
func (c *cypress) add(run Run, all bool, o *out) {
	run.Tool, run.Kind, run.First, run.Flaky = "Cypress", Test, c.first, min(c.flaky, run.Passed)
	run.Failures = c.failures
	switch {
	case run.Failed > 0 || !all:
		run.State, run.Failed = Failed, max(run.Failed, 1)
	case c.specs > c.rows && !c.parallel:
		run.State = Unfinished
	case run.Expected == 0:
		run.State = Empty
	}
	o.add(run)
	c.stage.host = nil
	*c = cypress{stage: c.stage}
}

func (c *cypress) end(o *out) {
	if !c.open {
		return
	}
	o.add(Run{
		Tool: "Cypress", Kind: Test, State: Unfinished, First: c.first, Last: c.first, Text: "the run started, its table was not printed",
		Expected: c.sum["Tests"], Passed: c.sum["Passing"], Failed: c.sum["Failing"], Skipped: c.sum["Pending"] + c.sum["Skipped"],
		Uncounted: c.boxes == 0, Failures: c.failures,
	})
	c.stage.host = nil
	*c = cypress{stage: c.stage}
}
