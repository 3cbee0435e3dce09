package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// testthat reads R's testthat: "[ FAIL 1 | WARN 0 | SKIP 0 | PASS 5 ]". The line
// comes twice, and while tests run it may come with ever higher counts: the last
// one stands.
type testthat struct{ run Run }

func (t *testthat) triggers() []string { return []string{"[ FAIL "} }

func (t *testthat) line(l logline.Line, o *out) {
	n, ok := match(o.text(l), "[ FAIL # | WARN # | SKIP # | PASS # ]")
	if !ok {
		return
	}
	run := Run{Tool: "testthat", Kind: Test, Failed: n[0], Warnings: n[1], Skipped: n[2], Passed: n[3]}
	run.State = outcome(run)
	run.place(l)
	old := t.run
	if old.Tool != "" {
		if old.Failed > run.Failed || old.Skipped > run.Skipped || old.Passed > run.Passed {
			o.add(old)
		} else {
			run.First = old.First
		}
	}
	t.run = run
}

func (t *testthat) end(o *out) {
	if t.run.Tool != "" {
		o.add(t.run)
	}
}

// clojure reads clojure.test: "Ran 3 tests containing 5 assertions.", and the
// failures on the next line.
type clojure struct {
	ran   Run
	fails fails
}

func (c *clojure) triggers() []string {
	return []string{"Ran ", "FAIL in (", "ERROR in (", number + "failures, "}
}

func (c *clojure) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case l.Indent > 0:
	case strings.HasPrefix(text, "FAIL in (") || strings.HasPrefix(text, "ERROR in ("):
		_, rest, _ := strings.Cut(text, "(")
		name, place, _ := strings.Cut(rest, ") ")
		c.fails.add(name, strings.Trim(place, "()"), l.Number)
	case strings.HasPrefix(text, "Ran "):
		if n, ok := match(text, "Ran # tests containing # assertions."); ok {
			c.ran = Run{Tool: "clojure.test", Kind: Test, Passed: n[0]}
			c.ran.place(l)
			o.next(1)
		}
	case c.ran.Tool != "" && l.Number-c.ran.Last == 1:
		n, ok := match(text, "# failures, # errors.")
		if !ok {
			return
		}
		run := c.ran
		run.Failed = n[0] + n[1] // it counts assertions
		run.Passed = max(0, run.Passed-run.Failed)
		run.State = outcome(run)
		if run.Failed > 0 {
			run.Failures = c.fails
		}
		run.place(l)
		o.add(run)
		*c = clojure{}
	}
}

func (c *clojure) end(*out) {}

// julia reads Julia's Test: the table under "Test Summary:", of which the first
// row counts all.
type julia struct {
	columns []string
	at      int
}

func (j *julia) triggers() []string { return []string{"Test Summary: "} }

func (j *julia) line(l logline.Line, o *out) {
	head, rest, ok := strings.Cut(o.text(l), "|")
	if !ok || l.Indent > 0 {
		return
	}
	if strings.TrimSpace(head) == "Test Summary:" {
		j.columns, j.at = strings.Fields(rest), l.Number
		o.next(1)
		return
	}
	if j.at == 0 || l.Number-j.at != 1 {
		return
	}
	cells := strings.Fields(rest)
	run := Run{Tool: "Julia Test", Kind: Test, Name: strings.TrimSpace(head)}
	for i, column := range j.columns {
		// An empty cell makes the row shorter: what it lacks cannot be told apart.
		if len(cells) != len(j.columns) || column == "Time" {
			break
		}
		n, tail, ok := integer(cells[i])
		if !ok || tail != "" {
			return
		}
		switch column {
		case "Pass":
			run.Passed = n
		case "Fail", "Error":
			run.Failed += n
		case "Broken":
			run.Skipped = n
		}
	}
	if len(cells) != len(j.columns) {
		for _, column := range j.columns {
			if column == "Fail" || column == "Error" {
				run.Failed++
			}
		}
		run.Uncounted = true
	}
	run.State = outcome(run)
	run.place(l)
	o.add(run)
	j.at = 0
}

func (j *julia) end(*out) {}

// hspec reads Haskell's hspec, Crystal's spec and RSpec 2: "Finished in 0.01
// seconds", and the count of examples right below.
type hspec struct{ ended int }

func (h *hspec) triggers() []string {
	return []string{"Finished in ", number + "example"}
}

func (h *hspec) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	if strings.HasPrefix(text, "Finished in ") {
		_, seconds := match(text, "Finished in ~ second?")
		_, millis := match(text, "Finished in ~ millisecond?")
		if seconds || millis {
			h.ended = l.Number
		}
		return
	}
	counts, ok := tallied(text, ", ")
	_, failures := counts["failure"]
	if !ok || !failures || h.ended == 0 || l.Number-h.ended != 1 || !only(counts, "|example|failure|pending|error|") {
		return
	}
	run := Run{Tool: "hspec", Kind: Test, Failed: counts["failure"] + counts["error"], Skipped: counts["pending"]}
	run.Passed = max(0, counts["example"]-run.Failed-run.Skipped)
	run.State = outcome(run)
	run.place(l)
	o.add(run)
	o.finished("hspec")
	h.ended = 0
}

func (h *hspec) end(*out) {}
