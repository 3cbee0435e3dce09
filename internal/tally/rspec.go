package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// rspec reads RSpec: "5 examples, 1 failure" counts only after "Finished in 0.1
// seconds (files took 0.2 seconds to load)".
type rspec struct {
	ended   int // the line of "Finished in"
	focused bool
	rerun   bool // --only-failures
	retried int  // cases that rspec-retry tried again
	first   int
	after   bool // the summary came: the failed examples follow
	last    *Run
}

func (r *rspec) triggers() []string {
	return []string{"Finished in ", number + "example", "Run options: ", "rspec ", "Failed examples:", "All examples were filtered out", "RSpec::Retry: 2nd try "}
}

func (r *rspec) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	switch {
	case strings.HasPrefix(text, "Run options: "):
		if strings.Contains(text, "include {") {
			r.focused = strings.Contains(text, ":focus=>true") || strings.Contains(text, "focus: true")
			r.rerun = strings.Contains(text, "last_run_status")
			r.first = l.Number
		}
	case strings.HasPrefix(text, "All examples were filtered out"):
		r.focused = false
	case strings.HasPrefix(text, "RSpec::Retry: 2nd try "):
		r.retried++
	case strings.HasPrefix(text, "Finished in "):
		if strings.Contains(text, "(files took ") {
			r.flush(o)
			r.ended = l.Number
		}
	case strings.HasPrefix(text, "rspec "):
		if place, name, ok := strings.Cut(text[6:], " # "); ok && r.last != nil && r.after {
			(*fails)(&r.last.Failures).add(name, strings.TrimSpace(place), l.Number)
		}
	case strings.HasPrefix(text, "Failed examples:"):
		r.after = r.last != nil
	case r.ended > 0 && l.Number-r.ended <= 3:
		r.summary(text, l, o)
	}
}

func (r *rspec) summary(text string, l logline.Line, o *out) {
	counts, ok := tallied(text, ", ")
	if !ok || !only(counts, "|example|failure|pending|error occurred outside of example|errors occurred outside of example|") {
		return
	}
	run := &Run{Tool: "RSpec", Kind: Test, Focused: r.focused, Rerun: r.rerun, First: r.first}
	run.Failed = counts["failure"] + counts["error occurred outside of example"] + counts["errors occurred outside of example"]
	run.Skipped = counts["pending"]
	run.Passed = max(0, counts["example"]-counts["failure"]-run.Skipped)
	run.State = outcome(*run)
	run.Flaky = max(0, min(r.retried-run.Failed, run.Passed))
	if run.First == 0 {
		run.First = r.ended
	}
	run.place(l)
	*r = rspec{last: run}
	o.finished("RSpec")
}

func (r *rspec) flush(o *out) {
	if r.last != nil {
		o.add(*r.last)
		r.last, r.after = nil, false
	}
}

func (r *rspec) end(o *out) { r.flush(o) }
