package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// minitest reads minitest (Rails too) and test-unit. The counts stand after
// "Finished in"; what a test printed before it is not theirs.
type minitest struct {
	begun   Run
	options int // line of "Run options:"
	loaded  int // line of "Loaded suite"
	ended   int // line of "Finished in"
	named   bool
	fails   fails
}

func (m *minitest) triggers() []string {
	return []string{
		"Run options: ", "# Running:", "Running ", "Finished ", "Fabulous ", number + "runs, ", number + "tests, ", number + "run, ", number + "test, ",
		"Loaded suite ", "Started", number + ") Failure:", number + ") Error:", "1) ", "2) ", "3) ", "4) ", "5) ", "6) ", "7) ", "8) ", "9) ",
		"Failure: ", "Error: ",
	}
}

func (m *minitest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case m.named:
		m.named = false
		m.fails.add(strings.TrimSuffix(text, ":"), "", l.Number)
	case strings.HasSuffix(text, ") Failure:") || strings.HasSuffix(text, ") Error:"):
		if _, ok := match(text, "#) *"); ok && l.Indent <= 2 && m.ended > 0 {
			m.named = true
			o.next(1)
		}
	case l.Indent > 0:
	case strings.HasPrefix(text, "Run options: "):
		m.options = l.Number
	case text == "# Running:":
		if m.options > 0 && l.Number-m.options <= 3 {
			m.begin("minitest", 0, l)
		}
	case strings.HasPrefix(text, "Running "):
		if n, ok := match(text, "Running # test? in a single process*"); ok {
			m.begin("minitest", n[0], l)
		} else if n, ok := match(text, "Running # test? in parallel using *"); ok {
			m.begin("minitest", n[0], l)
		}
	case strings.HasPrefix(text, "Loaded suite "):
		m.loaded = l.Number
	case text == "Started":
		if m.loaded > 0 && l.Number-m.loaded <= 2 {
			m.begin("test-unit", 0, l)
		}
	case strings.HasPrefix(text, "Failure: ") || strings.HasPrefix(text, "Error: "):
		if m.begun.Tool == "test-unit" {
			_, name, _ := strings.Cut(text, ": ")
			m.fails.add(name, "", l.Number)
		}
	case strings.HasPrefix(text, "Finished ") || strings.HasPrefix(text, "Fabulous "):
		_, took, _ := strings.Cut(text, " in ")
		_, short := match(took, "~s*")
		_, long := match(took, "~ seconds.")
		if short || long {
			m.ended = l.Number
		}
	case digit(text[0]) && m.ended > 0:
		m.summary(text, l, o)
	}
}

// begin notes that tests began; a line before may have told how many.
func (m *minitest) begin(tool string, expected int, l logline.Line) {
	if expected == 0 && m.begun.Tool == tool && m.begun.First >= m.options-2 {
		expected = m.begun.Expected
	}
	m.begun = Run{Tool: tool, Kind: Test, Expected: expected}
	m.begun.place(l)
	m.ended, m.fails = 0, nil
}

func (m *minitest) summary(text string, l logline.Line, o *out) {
	counts, ok := tallied(text, ", ")
	if !ok || !only(counts, "|run|test|assertion|failure|error|skip|pending|omission|notification|warning|") {
		return
	}
	if _, asserted := counts["assertion"]; !asserted {
		return
	}
	run := Run{Tool: "minitest", Kind: Test, First: m.begun.First, Expected: m.begun.Expected}
	if _, omitted := counts["omission"]; omitted {
		run.Tool = "test-unit"
	}
	run.Failed = counts["failure"] + counts["error"]
	run.Skipped = counts["skip"] + counts["pending"] + counts["omission"]
	run.Passed = max(0, counts["run"]+counts["test"]-run.Failed-run.Skipped)
	run.State = outcome(run)
	if run.Failed > 0 {
		run.Failures = m.fails
	}
	run.place(l)
	o.add(run)
	o.finished(run.Tool)
	*m = minitest{}
}

func (m *minitest) end(o *out) {
	if m.begun.Tool != "" {
		m.begun.State, m.begun.Failures = Unfinished, m.fails
		o.add(m.begun)
	}
}
