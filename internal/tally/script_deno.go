package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// bun reads "bun test": counts one column in, then "Ran 6 tests across 2 files."
type bun struct {
	stage *stage
	open  bool
	first int
	at    int
	n     map[string]int
	bad   []Failure
}

func (b *bun) triggers() []string {
	return []string{"bun test v", number + "pass", number + "fail", number + "skip", number + "todo", number + "error", "Ran ", "(fail) ", "✗ ", number + "expect()", number + "snapshots"}
}

func (b *bun) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "bun test v") && l.Indent == 0:
		b.end(o)
		*b = bun{stage: b.stage, open: true, first: l.Number}
		b.stage.host = b
		o.finished("")
	case strings.HasPrefix(text, "(fail) ") && l.Indent == 0, strings.HasPrefix(text, "✗ ") && l.Indent == 0 && b.open:
		_, name, _ := strings.Cut(text, " ")
		if i := strings.LastIndex(name, " ["); i > 0 {
			name = name[:i]
		}
		b.bad = addFailure(b.bad, Failure{Name: name, Line: l.Number})
	case strings.HasPrefix(text, "Ran ") && l.Indent <= 1:
		b.ran(text, l, o)
	case text != "" && digit(text[0]) && l.Indent <= 2:
		n, word, ok := numbered(text)
		switch {
		case ok && (word == "pass" || word == "fail" || word == "skip" || word == "todo" || word == "error" || word == "errors"):
			if b.n == nil || !o.follows(b.at, l.Number, 1) {
				b.n = map[string]int{}
			}
			b.n[strings.TrimSuffix(word, "s")+"."] = n
			b.at = l.Number
		case ok && o.follows(b.at, l.Number, 1) && (strings.HasPrefix(word, "expect() call") || strings.HasPrefix(word, "snapshots")):
			b.at = l.Number
		}
	}
}

func (b *bun) ran(text string, l logline.Line, o *out) {
	n, rest, ok := numbered(text[4:])
	if !ok {
		return
	}
	if rest, ok = cutPlural(rest, "test"); !ok || !strings.HasPrefix(rest, " across ") || !strings.Contains(rest, " file") {
		return
	}
	if n > 0 && (b.n == nil || !o.follows(b.at, l.Number, 1)) {
		return
	}
	run := Run{
		Tool: "bun test", Kind: Test, State: Passed, Expected: n, First: firstLine(b.first, l.Number), Last: l.Number, Text: text, Indent: l.Indent,
		Passed: b.n["pas."] + b.n["pass."], Failed: b.n["fail."] + b.n["error."], Skipped: b.n["skip."] + b.n["todo."],
	}
	switch {
	case run.Failed > 0:
		run.State, run.Failures = Failed, b.bad
	case n == 0:
		run.State = Empty
	}
	o.add(run)
	b.stage.host = nil
	*b = bun{stage: b.stage}
	o.finished("bun test")
}

func (b *bun) end(o *out) {
	if b.open {
		o.add(Run{Tool: "bun test", Kind: Test, State: Unfinished, Uncounted: true, Failed: len(b.bad), First: b.first, Last: b.first, Text: "it began, the summary was not printed", Failures: b.bad})
	}
	b.open = false
}

// deno reads "ok | 5 passed | 1 failed (12ms)" at the first column.
type deno struct {
	stage    *stage
	open     bool
	first    int
	expected int
	last     int // index of the run added last, plus one
}

func (d *deno) triggers() []string {
	return []string{"running ", "ok | ", "FAILED | ", "error: No test modules found", "error: Test failed because the \"only\""}
}

func (d *deno) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	switch {
	case strings.HasPrefix(text, "running "):
		n, rest, ok := numbered(text[len("running "):])
		if rest, ok2 := cutPlural(rest, "test"); ok && ok2 && strings.HasPrefix(rest, " from ./") {
			d.open, d.expected, d.first = true, d.expected+n, firstLine(d.first, l.Number)
			d.stage.host = d
			o.begin(strings.TrimPrefix(rest, " from "))
			o.finished("")
		}
	case strings.HasPrefix(text, "error: No test modules found"):
		o.add(Run{Tool: "deno test", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
	case strings.HasPrefix(text, "error: Test failed because the \"only\""):
		if d.last > 0 && d.last <= len(o.r.runs) {
			o.r.runs[d.last-1].Focused = true
		}
	default:
		d.count(text, l, o)
	}
}

func (d *deno) count(text string, l logline.Line, o *out) {
	word, rest, _ := strings.Cut(text, " | ")
	rest, ok := cutTime(rest)
	if !ok {
		return
	}
	m := map[string]int{}
	for part := range strings.SplitSeq(rest, " | ") {
		if i := strings.Index(part, " ("); i > 0 { // "(2 steps)"
			part = part[:i]
		}
		n, what, ok := numbered(part)
		if !ok {
			return
		}
		m[what] += n
	}
	if _, has := m["passed"]; !has {
		return
	}
	run := Run{
		Tool: "deno test", Kind: Test, State: Passed, Passed: m["passed"], Failed: m["failed"], Skipped: m["ignored"], Expected: d.expected,
		First: firstLine(d.first, l.Number), Last: l.Number, Text: text, Indent: l.Indent,
	}
	switch {
	case word == "FAILED" || run.Failed > 0:
		run.State, run.Failed = Failed, max(run.Failed, 1)
	case run.Passed+run.Skipped == 0:
		run.State = Empty
	}
	o.add(run)
	d.stage.host = nil
	*d = deno{stage: d.stage, last: len(o.r.runs)}
	o.finished("deno test")
}

func (d *deno) end(o *out) {
	if d.open {
		o.add(Run{Tool: "deno test", Kind: Test, State: Unfinished, Uncounted: true, Expected: d.expected, First: d.first, Last: d.first, Text: "it began, the summary was not printed"})
	}
	d.open = false
}

// testcafe reads "1/2 failed (3s)" and "2 passed (3s)" after "Running tests in:".
type testcafe struct {
	stage *stage
	first int
	run   *Run
}

func (t *testcafe) triggers() []string {
	return []string{"Running tests in:"}
}

func (t *testcafe) line(l logline.Line, o *out) {
	t.read(o.text(l), l, o)
	if t.stage.host == t { // its counts begin with any number
		o.next(1)
	}
}

func (t *testcafe) read(text string, l logline.Line, o *out) {
	if text == "Running tests in:" && l.Indent <= 1 {
		t.end(o)
		*t = testcafe{stage: t.stage, first: l.Number}
		t.stage.host = t
		o.finished("")
		return
	}
	if t.first == 0 || l.Indent != 1 {
		return
	}
	if n, word, ok := numbered(text); ok && word == "skipped" && t.run != nil && l.Number <= t.run.Last+2 {
		t.run.Skipped, t.run.Last = n, l.Number
		return
	}
	before, ok := cutTime(text)
	n, word, num := numbered(before)
	if !ok || !num {
		return
	}
	run := Run{Tool: "TestCafe", Kind: Test, State: Passed, First: t.first, Last: l.Number, Text: text, Indent: l.Indent}
	total, rest, isTotal := numbered(strings.TrimPrefix(word, "/"))
	switch {
	case word == "passed":
		run.Passed, run.Expected = n, n
	case strings.HasPrefix(word, "/") && isTotal && rest == "failed":
		run.Failed, run.Passed, run.Expected, run.State = n, max(total-n, 0), total, Failed
	default:
		return
	}
	t.run, t.stage.host = &run, nil
	o.next(2)
	o.finished("TestCafe")
}

func (t *testcafe) end(o *out) {
	switch {
	case t.run != nil:
		o.add(*t.run)
	case t.first > 0:
		o.add(Run{Tool: "TestCafe", Kind: Test, State: Unfinished, Uncounted: true, First: t.first, Last: t.first, Text: "it began, the summary was not printed"})
	}
	*t = testcafe{stage: t.stage}
}

// wdio reads WebdriverIO's "Spec Files:	 1 passed, 1 failed, 2 total (100% completed) in 00:00:05".
type wdio struct{}

func (w *wdio) triggers() []string { return []string{"Spec Files:"} }

func (w *wdio) line(l logline.Line, o *out) {
	text := o.text(l)
	rest := strings.TrimSpace(text[len("Spec Files:"):])
	counts, after, ok := strings.Cut(rest, " (")
	if !ok || !strings.Contains(after, " completed) in ") || l.Indent > 1 {
		return
	}
	m, ok := wordCounts(counts, ", ")
	if !ok {
		return
	}
	run := Run{Tool: "WebdriverIO", Kind: Test, State: Passed, Uncounted: true, Passed: m["passed"], Failed: m["failed"], Skipped: m["skipped"], Flaky: m["retries"], Expected: m["total"], First: l.Number, Last: l.Number, Text: text, Indent: l.Indent}
	switch {
	case run.Failed > 0:
		run.State = Failed
	case run.Expected == 0:
		run.State = Empty
	case !strings.HasPrefix(after, "100%"):
		run.State = Unfinished
	}
	o.add(run)
	o.finished("WebdriverIO")
}

func (w *wdio) end(*out) {}

// cucumber reads "3 scenarios (1 failed, 2 passed)" with the steps below it.
type cucumber struct{ run *Run }

func (c *cucumber) triggers() []string { return []string{number + "scenario", number + "step"} }

func (c *cucumber) line(l logline.Line, o *out) {
	text := o.text(l)
	n, word, ok := numbered(text)
	if !ok || l.Indent > 1 {
		return
	}
	if rest, ok := cutPlural(word, "step"); ok && c.run != nil && o.follows(c.run.Last, l.Number, 1) && (rest == "" || strings.HasPrefix(rest, " (")) {
		c.run.Last = l.Number
		o.add(*c.run)
		c.run = nil
		o.finished("Cucumber")
		return
	}
	rest, ok := cutPlural(word, "scenario")
	if !ok || rest != "" && (!strings.HasPrefix(rest, " (") || !strings.HasSuffix(rest, ")")) {
		return
	}
	run := Run{Tool: "Cucumber", Kind: Test, State: Passed, Expected: n, First: l.Number, Last: l.Number, Text: text, Indent: l.Indent}
	if rest != "" {
		m, ok := wordCounts(rest[2:len(rest)-1], ", ")
		if !ok {
			return
		}
		run.Skipped = m["skipped"] + m["pending"]
		run.Failed = m["failed"] + m["undefined"] + m["ambiguous"]
		run.Passed, run.Flaky = max(n-run.Skipped-run.Failed, 0), m["flaky"]
	}
	switch {
	case run.Failed > 0:
		run.State = Failed
	case n == 0:
		run.State = Empty
	}
	c.run = &run
}

func (c *cucumber) end(*out) {}
