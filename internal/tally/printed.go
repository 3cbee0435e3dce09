package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// printed reads the heads of reports that runners print instead of a summary:
// JUnit XML, and the JSON of Jest and Vitest. They count only in a log in which no
// runner speaks for itself: elsewhere somebody shows a file.
//
//	<testsuites name="vitest tests" tests="2" failures="1" errors="0" time="0.01">
//	{"numTotalTestSuites":1,"numPassedTestSuites":0,…
type printed struct {
	runs  []Run
	suite bool // within <testsuites>, whose sums are those of its suites
}

func (p *printed) triggers() []string {
	return []string{"<testsuites ", "<testsuite ", "</testsuites>", "{\"numTotalTestSuites\":", "{\"numFailedTestSuites\":"}
}

func (p *printed) line(l logline.Line, o *out) {
	if l.Indent > 0 || len(p.runs) >= maxFailures {
		return
	}
	text := o.text(l)
	run := Run{Tool: "JUnit XML", Kind: Test}
	switch {
	case strings.HasPrefix(text, "</"):
		p.suite = false
		return
	case text[0] == '{':
		run.Tool = "Jest"
		run.Passed, run.Failed = after(text, `"numPassedTests":`), after(text, `"numFailedTests":`)
		run.Skipped = max(0, after(text, `"numPendingTests":`)) + max(0, after(text, `"numTodoTests":`))
		if run.Passed < 0 || run.Failed < 0 {
			return
		}
		run.Failed = max(run.Failed, after(text, `"numFailedTestSuites":`))
	case p.suite:
		return
	default:
		tests, failures := after(text, ` tests="`), after(text, ` failures="`)
		if tests < 0 || failures < 0 || !strings.HasSuffix(text, ">") {
			return
		}
		run.Failed = min(tests, max(failures, 0)+max(0, after(text, ` errors="`)))
		run.Skipped = min(tests-run.Failed, max(0, after(text, ` skipped="`)))
		run.Passed = tests - run.Failed - run.Skipped
		p.suite = strings.HasPrefix(text, "<testsuites ")
	}
	run.place(l)
	run.State = outcome(run)
	p.runs = append(p.runs, run)
}

// after is the number behind a word, -1 when there is none.
func after(text, word string) int {
	_, rest, ok := strings.Cut(text, word)
	if !ok {
		return -1
	}
	n, _, ok := integer(rest)
	if !ok {
		return -1
	}
	return n
}

func (p *printed) end(o *out) {
	for _, r := range o.r.runs {
		if r.Kind == Test && r.Tool != "JUnit XML" {
			return
		}
	}
	for _, r := range p.runs {
		o.add(r)
	}
}
