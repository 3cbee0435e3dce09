package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// tap reads the Test Anything Protocol, versions 12 to 14: plan, tests, bail
// outs, the SKIP and TODO directives, nested tests by indentation or braces;
// the summary that Node adds; and what prove says of the files it ran.
type tap struct {
	doc    *tapDoc
	docs   []Run // that ended, until it is known whether prove ran them
	prove  tapProve
	braced bool
}

// tapDoc is one document.
type tapDoc struct {
	header   bool
	plan     int // -1 while there is none
	trailing bool
	skipAll  bool
	numbers  int // tests at the outermost level
	last     int // number of the last one
	passed   int
	failed   int
	skipped  int
	inner    [8]int // tests seen at deeper levels since the last outer one
	innerBad [8]int
	nested   bool
	bail     string
	first    int
	end      int
	node     nodeCounts
	run      *Run // Node's own summary
	bad      []Failure
	await    bool // the message of the last failure is still to come
	focused  bool
	files    int // tests that stand for whole files
}

// tapProve is what prove prints after the last file.
type tapProve struct {
	files    int
	tests    int
	at       int
	failed   int
	failures []Failure
}

func (t *tap) triggers() []string {
	return []string{
		"TAP version 1", "1..", "ok ", "not ok ", "Bail out!", "# Subtest", "# tests ", "# suites ", "# pass ", "# fail ",
		"# cancelled ", "# skipped ", "# todo ", "# duration_ms ", "Files=", "Result: ", "Failed test",
	}
}

func (t *tap) line(l logline.Line, o *out) {
	text := o.text(l)
	outer := l.Indent <= 1
	switch {
	case strings.HasPrefix(text, "TAP version 1") && outer:
		if text == "TAP version 13" || text == "TAP version 14" || text == "TAP version 12" {
			t.start(l, o)
			t.doc.header = true
			o.finished("")
		}
	case strings.HasPrefix(text, "1.."):
		if outer {
			t.plan(text[3:], l, o)
		}
	case strings.HasPrefix(text, "ok "):
		t.test(text[3:], false, l, o)
	case strings.HasPrefix(text, "not ok "):
		t.test(text[7:], true, l, o)
	case strings.HasPrefix(text, "Bail out!") && outer:
		if t.doc != nil {
			t.doc.bail = text
		}
	case strings.HasPrefix(text, "# Subtest"):
		if t.doc != nil {
			t.doc.nested = true
			if _, name, ok := strings.Cut(text, ": "); ok {
				o.begin(name)
			}
		}
	case strings.HasPrefix(text, "# "):
		if t.doc != nil && outer && t.doc.node.read(text[2:], l.Number, o) {
			run := t.doc.node.run()
			run.Text, t.doc.end = t.doc.node.text, l.Number
			t.doc.run = &run
			o.finished("node:test")
		}
	case t.doc != nil && t.doc.await && l.Indent >= 2:
		t.doc.message(text)
	case outer:
		t.proves(text, l, o)
	}
}

// start begins a document, which ends the one before.
func (t *tap) start(l logline.Line, o *out) {
	t.close(o)
	t.doc = &tapDoc{plan: -1, first: l.Number}
}

// plan reads "1..5" and "1..0 # SKIP no database".
func (t *tap) plan(text string, l logline.Line, o *out) {
	n, rest, ok := numbered(text)
	if !ok || rest != "" && !strings.HasPrefix(rest, "#") {
		return
	}
	if d := t.doc; d == nil || d.plan >= 0 || d.run != nil {
		if d != nil && d.numbers == 0 && d.plan >= 0 && d.plan != 0 {
			return // an announcement without a test is nobody's document
		}
		t.start(l, o)
	}
	d := t.doc
	d.plan, d.end, d.trailing = n, l.Number, d.numbers > 0
	d.skipAll = n == 0
}

// test reads what follows ok or not ok.
func (t *tap) test(text string, bad bool, l logline.Line, o *out) {
	n, rest, ok := numbered(text)
	if !ok {
		if t.doc == nil || !t.doc.header || !strings.HasPrefix(text, "- ") {
			return
		}
		n, rest = t.doc.last+1, text
	}
	outer := l.Indent <= 1
	if !outer {
		t.deeper(n, rest, bad, l, o)
		return
	}
	if d := t.doc; d == nil || d.run != nil || n == 1 && d.numbers > 0 || d.trailing {
		if n != 1 || bad && !hasPrefix([]byte(rest), "-") && d == nil && rest == "" {
			return
		}
		t.start(l, o)
	}
	d := t.doc
	name, directive := tapName(rest)
	d.numbers, d.last, d.end = d.numbers+1, n, l.Number
	o.done(name)
	inner, innerBad := 0, 0
	for i := range d.inner {
		inner, innerBad = inner+d.inner[i], innerBad+d.innerBad[i]
	}
	d.inner, d.innerBad = [8]int{}, [8]int{}
	if inner > 0 && !t.braced && (!bad || innerBad > 0) || strings.HasSuffix(name, "{") {
		if strings.HasSuffix(name, "{") {
			t.braced, d.nested = true, true
		}
		return // its parts were counted, or will be
	}
	d.count(name, directive, bad, l)
	if d.await {
		o.next(8)
	}
}

// deeper reads a test of a level below. A parent comes after its parts, and is
// not counted.
func (t *tap) deeper(n int, rest string, bad bool, l logline.Line, o *out) {
	d := t.doc
	level := l.Indent / 4
	if d == nil || !d.nested || l.Indent%4 != 0 || level >= len(d.inner) || n == 0 {
		return
	}
	name, directive := tapName(rest)
	if strings.HasSuffix(name, "{") {
		return
	}
	parts, badParts := 0, 0
	for i := level + 1; i < len(d.inner); i++ {
		parts, badParts = parts+d.inner[i], badParts+d.innerBad[i]
		d.inner[i], d.innerBad[i] = 0, 0
	}
	d.inner[level]++
	if bad && directive == "" {
		d.innerBad[level]++
	}
	o.done(name)
	if parts > 0 && !t.braced && (!bad || badParts > 0) {
		return
	}
	d.count(name, directive, bad, l)
	if d.await {
		o.next(8)
	}
}

// message reads the reason of a failure in the YAML block below it.
func (d *tapDoc) message(text string) {
	key, value, ok := strings.Cut(text, ": ")
	if !ok || key != "error" && key != "message" || len(d.bad) == 0 || value == "|-" {
		return
	}
	d.bad[len(d.bad)-1].Message = cut(strings.Trim(value, `'"`))
	d.await = false
}

func (d *tapDoc) count(name, directive string, bad bool, l logline.Line) {
	switch {
	case directive != "":
		d.skipped++
	case bad:
		d.failed++
		d.await = len(d.bad) < maxFailures
		d.bad = addFailure(d.bad, Failure{Name: name, Line: l.Number})
	default:
		d.passed++
		if scriptFile(name) && strings.ContainsAny(name, `/\`) {
			d.files++
		}
	}
	if strings.HasSuffix(name, "# 'only' option not set") {
		d.focused = true
	}
}

// tapName splits " - name # SKIP reason" into name and directive.
func tapName(text string) (name, directive string) {
	name = strings.TrimPrefix(strings.TrimSpace(text), "- ")
	if strings.IndexByte(name, '#') < 0 {
		return name, ""
	}
	if i := strings.LastIndex(name, " # time="); i >= 0 && !strings.HasSuffix(name, "{") {
		name = name[:i]
	}
	if i := strings.LastIndex(name, " # "); i >= 0 {
		word := strings.ToUpper(name[i+3:])
		if strings.HasPrefix(word, "SKIP") || strings.HasPrefix(word, "TODO") {
			return strings.TrimSpace(name[:i]), word[:4]
		}
	} else if word := strings.ToUpper(strings.TrimPrefix(name, "# ")); name != strings.TrimPrefix(name, "# ") && (strings.HasPrefix(word, "SKIP") || strings.HasPrefix(word, "TODO")) {
		return "", word[:4]
	}
	return name, ""
}

// close ends the document that is open.
func (t *tap) close(o *out) {
	d := t.doc
	t.doc, t.braced = nil, false
	if d == nil {
		return
	}
	run, ok := d.judge()
	if !ok {
		return
	}
	if len(t.docs) >= 500 {
		t.release(o)
	}
	t.docs = append(t.docs, run)
}

// judge makes a run of a document, if it is one: a plan or a header, and tests.
func (d *tapDoc) judge() (Run, bool) {
	run := Run{Tool: "TAP", Kind: Test, State: Passed, Passed: d.passed, Failed: d.failed, Skipped: d.skipped, Failures: d.bad, First: d.first, Last: d.end}
	if d.run != nil {
		first := run.First
		run = *d.run
		run.First, run.Last, run.Focused = first, d.end, d.focused
		run.Uncounted = d.files > 0 && d.files == run.Passed && run.Skipped == 0
		if run.State == Failed {
			run.Failures = d.bad
		}
		return run, true
	}
	if d.plan > 0 && !d.nested {
		run.Expected = d.plan
	}
	switch {
	case !d.header && d.plan < 0, d.plan < 0 && d.numbers == 0 && d.bail == "", d.numbers == 0 && d.plan > 0 && !d.header, d.trailing && !d.header && d.numbers != d.plan:
		return run, false
	case d.bail != "":
		run.State, run.Failed, run.Text = Failed, max(run.Failed, 1), d.bail
	case d.plan < 0 || d.numbers < d.plan:
		run.State, run.Text = Unfinished, "the plan and the tests do not agree"
	case d.failed > 0:
		run.State = Failed
	case d.plan == 0:
		run.State, run.Text = Empty, "1..0"
	}
	return run, true
}

// release adds the documents that prove did not sum up.
func (t *tap) release(o *out) {
	for _, run := range t.docs {
		o.add(run)
	}
	t.docs = nil
}

// proves reads prove's last lines: "Files=2, Tests=5, …", "Result: PASS".
func (t *tap) proves(text string, l logline.Line, o *out) {
	p := &t.prove
	switch {
	case strings.HasPrefix(text, "Files="):
		files, rest, ok := numbered(text[len("Files="):])
		rest, cut := strings.CutPrefix(rest, ", Tests=")
		tests, _, num := numbered(rest)
		if ok && cut && num {
			p.files, p.tests, p.at = files, tests, l.Number
		}
	case strings.HasPrefix(text, "Result: ") && o.follows(p.at, l.Number, 1):
		t.close(o)
		run := Run{Tool: "prove", Kind: Test, State: Passed, Expected: p.tests, Text: text, First: p.at, Last: l.Number, Indent: l.Indent}
		// The documents before are those of prove -v, unless they hold more.
		for i := range t.docs {
			run.Failed += t.docs[i].Failed
			run.Skipped += t.docs[i].Skipped
			run.First = min(run.First, t.docs[i].First)
			for _, f := range t.docs[i].Failures {
				run.Failures = addFailure(run.Failures, f)
			}
		}
		t.docs = nil
		switch strings.TrimPrefix(text, "Result: ") {
		case "PASS":
			run.Failed, run.Failures = 0, nil
		case "FAIL":
			run.State, run.Failed = Failed, max(run.Failed, p.failed, 1)
			for _, f := range p.failures {
				run.Failures = addFailure(run.Failures, f)
			}
		case "NOTESTS":
			run.State, run.Failed = Empty, 0
		default:
			return
		}
		run.Passed = max(p.tests-run.Failed-run.Skipped, 0)
		o.add(run)
		*t = tap{}
		o.finished("prove")
	}
}

func (t *tap) end(o *out) {
	t.close(o)
	t.release(o)
}
