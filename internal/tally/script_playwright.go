package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// playwright reads the list, line, dot and github reporters. It announces how
// many tests will run; the counts at the end have to add up to that.
type playwright struct {
	stage    *stage
	expected int
	first    int
	open     bool
	group    pwGroup
	best     pwGroup
}

// pwGroup is one list of counts: failed, interrupted, flaky, skipped, did not
// run, passed, each with its tests below.
type pwGroup struct {
	n        map[string]int
	order    int // of the count read last
	at       int
	indent   int
	text     string
	failures []Failure
}

func (g *pwGroup) sum() int {
	return g.n["failed"] + g.n["interrupted"] + g.n["flaky"] + g.n["skipped"] + g.n["did not run"] + g.n["passed"]
}

func (p *playwright) triggers() []string {
	return []string{
		"Running ", "Error: No tests found", "Error: item focused with ", "Error: worker process exited unexpectedly", "Serving HTML report at",
		number + "failed", number + "interrupted", number + "flaky", number + "skipped", number + "did not run", number + "passed", number + "error",
	}
}

func (p *playwright) line(l logline.Line, o *out) {
	p.read(o.text(l), l, o)
	if p.stage.host == p { // until the counts add up every line may name a test
		o.next(1)
	}
}

func (p *playwright) read(text string, l logline.Line, o *out) {
	switch {
	case strings.HasPrefix(text, "Running ") && l.Indent <= 1:
		if n, ok := pwRunning(text); ok {
			p.close(o)
			*p = playwright{stage: p.stage, expected: n, first: l.Number, open: true}
			p.stage.host = p
			o.finished("")
		}
	case strings.HasPrefix(text, "Error: No tests found") && l.Indent == 0 && !p.open:
		o.add(Run{Tool: "Playwright", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
	case strings.HasPrefix(text, "Error: item focused with '.only' is not allowed") && l.Indent == 0 && !p.open:
		o.add(Run{Tool: "Playwright", Kind: Test, State: Failed, Failed: 1, Focused: true, Uncounted: true, First: l.Number, Last: l.Number, Text: text})
	case !p.open:
	case strings.HasPrefix(text, "Error: worker process exited unexpectedly"):
		o.mark(rule.CrashedWorker, "Playwright", l)
	case strings.HasPrefix(text, "Serving HTML report at") && p.best.n != nil:
		o.finished("Playwright")
	case text != "" && digit(text[0]) && l.Indent >= 1 && l.Indent <= 3:
		p.count(text, l, o)
	case strings.HasPrefix(text, "["):
		p.named(text, l, o)
	case l.Indent >= 4 && p.group.order >= 1 && p.group.order <= 2 && strings.Contains(text, " › "):
		p.group.failures = addFailure(p.group.failures, Failure{Name: strings.TrimRight(text, " ─"), Line: l.Number})
		o.next(1)
	}
}

// named reads "[3/10] [chromium] › a.spec.js:2:1 › name", the line reporter's
// word, and the failed tests of a project below a count.
func (p *playwright) named(text string, l logline.Line, o *out) {
	where, name, ok := strings.Cut(text, "] ")
	if !ok {
		return
	}
	done, all, ok := strings.Cut(where[1:], "/")
	if _, rest, num := numbered(done); ok && num && rest == "" && l.Indent <= 1 {
		if n, rest, num := numbered(all); num && rest == "" && n == p.expected {
			o.begin(name)
		}
		return
	}
	if l.Indent == 4 && p.group.order >= 1 && p.group.order <= 2 && strings.Contains(text, " › ") {
		p.group.failures = addFailure(p.group.failures, Failure{Name: strings.TrimRight(text, " ─"), Line: l.Number})
	}
}

// pwRunning reads "Running 5 tests using 2 workers, shard 1 of 3".
func pwRunning(text string) (int, bool) {
	n, rest, ok := numbered(strings.TrimPrefix(text, "Running "))
	if !ok {
		return 0, false
	}
	if rest, ok = cutPlural(rest, "test"); !ok {
		return 0, false
	}
	if rest, ok = strings.CutPrefix(rest, " using "); !ok {
		return 0, false
	}
	_, rest, ok = numbered(rest)
	return n, ok && strings.HasPrefix(rest, "worker")
}

// count reads one count at the end.
func (p *playwright) count(text string, l logline.Line, o *out) {
	n, word, _ := numbered(text)
	if before, ok := cutTime(word); ok && before == "passed" {
		word = before
	}
	if strings.HasPrefix(word, "error") && strings.Contains(word, "not a part of any test") {
		word = "errors"
	}
	order := map[string]int{"failed": 1, "interrupted": 2, "flaky": 3, "skipped": 4, "did not run": 5, "passed": 6, "errors": 7}[word]
	if order == 0 {
		return
	}
	if order <= p.group.order || p.group.n == nil {
		p.group = pwGroup{n: map[string]int{}, indent: l.Indent}
	}
	g := &p.group
	g.n[word], g.order, g.at = n, order, l.Number
	if g.text != "" {
		g.text += ", "
	}
	g.text += text
	if order <= 2 {
		o.next(1)
	}
	if p.best.n == nil || g.sum() == p.expected || p.best.sum() != p.expected {
		p.best = *g
	}
	if g.sum() == p.expected {
		p.stage.host = nil
		o.finished("Playwright")
	}
}

// close ends the run that is open.
func (p *playwright) close(o *out) {
	if !p.open {
		return
	}
	g := p.best
	run := Run{Tool: "Playwright", Kind: Test, State: Passed, Expected: p.expected, First: p.first, Last: firstLine(g.at, p.first), Text: g.text, Indent: g.indent, Failures: g.failures}
	if p.expected == 0 && g.n == nil {
		run.State, run.Text = Empty, "Running 0 tests"
		o.add(run)
		return
	}
	if g.n == nil {
		run.State, run.Uncounted, run.Text = Unfinished, true, "it began, the counts were not printed"
		o.add(run)
		return
	}
	run.Flaky, run.Passed = g.n["flaky"], g.n["passed"]+g.n["flaky"]
	run.Failed, run.Skipped = g.n["failed"]+g.n["interrupted"]+g.n["errors"], g.n["skipped"]
	switch {
	case run.Failed > 0:
		run.State = Failed
	case g.n["did not run"] > 0 || g.sum() < p.expected:
		run.State = Unfinished
	}
	o.add(run)
}

func (p *playwright) end(o *out) { p.close(o) }
