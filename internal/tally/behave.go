package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// behave reads Python's behave: the three lines of features, scenarios and steps
// at its end.
type behave struct {
	at      int // line of the features
	run     Run
	listing bool // "Failing scenarios:" came
	fails   fails
}

func (b *behave) triggers() []string {
	return []string{number + "feature", number + "scenario", number + "step", "Failing scenarios:", "features/"}
}

func (b *behave) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case text == "Failing scenarios:" && l.Indent == 0:
		b.listing, b.fails = true, nil
		o.next(maxFailures)
	case b.listing && l.Indent == 2 && strings.Contains(text, ".feature:"):
		place, name, _ := strings.Cut(text, "  ")
		b.fails.add(name, place, l.Number)
	case l.Indent > 0 || text == "" || !digit(text[0]):
		b.listing = b.listing && (l.Indent > 0 || text == "")
	case strings.Contains(text, " feature"):
		if _, ok := match(text, "# feature? passed, # failed, # skipped*"); ok {
			b.at = l.Number
		}
	case strings.Contains(text, " scenario") && b.at > 0 && l.Number-b.at <= 2:
		if n, ok := match(text, "# scenario? passed, # failed, # skipped*"); ok {
			b.run = Run{Tool: "behave", Kind: Test, Passed: n[0], Failed: n[1], Skipped: n[2]}
			b.run.place(l)
		}
	case b.run.Tool != "" && l.Number-b.run.Last == 1:
		if _, ok := match(text, "# step? passed, # failed, # skipped*"); ok {
			b.run.State = outcome(b.run)
			if b.run.Failed > 0 {
				b.run.Failures = b.fails
			}
			o.add(b.run)
			o.finished("behave")
			*b = behave{}
		}
	}
}

func (b *behave) end(*out) {}

// robot reads Robot Framework: "3 tests, 2 passed, 1 failed", a rule, and where
// the output is. Suites within print the like without the last.
type robot struct {
	run Run
	at  int
}

func (r *robot) triggers() []string {
	return []string{number + "test, ", number + "tests, ", number + "test total, ", number + "tests total, ", number + "task, ", number + "tasks, ", "Output:  "}
}

func (r *robot) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	if strings.HasPrefix(text, "Output:  ") {
		if r.run.Tool != "" && l.Number-r.at == 2 {
			r.run.State = outcome(r.run)
			o.add(r.run)
			o.finished("Robot Framework")
		}
		*r = robot{}
		return
	}
	counts, ok := tallied(text, ", ")
	if !ok || !only(counts, "|test|task|test total|tests total|passed|failed|skipped|") {
		return
	}
	if _, passed := counts["passed"]; !passed {
		return
	}
	r.run, r.at = Run{Tool: "Robot Framework", Kind: Test, Passed: counts["passed"], Failed: counts["failed"], Skipped: counts["skipped"]}, l.Number
	r.run.place(l)
}

func (r *robot) end(*out) {}
