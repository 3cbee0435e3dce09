package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// jasmine reads "5 specs, 1 failure, 1 pending spec" with the time below it.
type jasmine struct {
	seed, first int
	began       bool
	run         *Run
	failures    []Failure
	naming      bool
}

func (j *jasmine) triggers() []string {
	return []string{"Randomized with seed ", "Started", "No specs found", "Finished in ", "Incomplete: ", "Failures:", "Pending:", number + "spec", number + ") "}
}

func (j *jasmine) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 1 {
		return
	}
	switch {
	case strings.HasPrefix(text, "Randomized with seed "):
		if j.run == nil {
			j.seed = l.Number
		}
		return
	case text == "Started":
		j.flush(o)
		*j = jasmine{began: o.follows(j.seed, l.Number, 1), first: l.Number}
		o.finished("")
	case text == "Failures:" || text == "Pending:":
		j.naming = j.first > 0 && text == "Failures:"
	case strings.HasPrefix(text, "Incomplete: ") && j.run != nil && o.follows(j.run.Last, l.Number, 2):
		j.run.Focused = strings.Contains(text, "fit() or fdescribe() was found")
		j.run.Last = l.Number
	case text == "No specs found" && j.first > 0:
		j.run = &Run{State: Empty, Text: text, Last: l.Number}
	case strings.HasPrefix(text, "Finished in "):
		if j.run != nil && o.follows(j.run.Last, l.Number, 2) {
			j.run.Last, j.began = l.Number, false
			o.finished("Jasmine")
		} else {
			j.run = nil
		}
	case text != "" && digit(text[0]):
		j.count(text, l)
	}
}

func (j *jasmine) count(text string, l logline.Line) {
	if _, rest, ok := numbered(text); ok && strings.HasPrefix(rest, ") ") && j.naming {
		j.failures = addFailure(j.failures, Failure{Name: rest[2:], Line: l.Number})
		return
	}
	parts := strings.Split(text, ", ")
	if len(parts) < 2 || len(parts) > 3 {
		return
	}
	var n [3]int
	for i, words := range []string{"spec", "failure", "pending spec"}[:len(parts)] {
		v, rest, ok := numbered(parts[i])
		if !ok {
			return
		}
		if rest, ok = cutPlural(rest, words); !ok || rest != "" {
			return
		}
		n[i] = v
	}
	j.run = &Run{State: Passed, Passed: max(n[0]-n[1]-n[2], 0), Failed: n[1], Skipped: n[2], Expected: n[0], Text: text, Last: l.Number, Indent: l.Indent}
	if n[1] > 0 {
		j.run.State, j.run.Failures = Failed, j.failures
	} else if n[0] == 0 {
		j.run.State = Empty
	}
	j.naming = false
}

func (j *jasmine) flush(o *out) {
	if j.run != nil && !j.began {
		j.run.Tool, j.run.Kind, j.run.First = "Jasmine", Test, firstLine(j.first, j.run.Last)
		o.add(*j.run)
	} else if j.began {
		o.add(Run{Tool: "Jasmine", Kind: Test, State: Unfinished, Uncounted: true, First: j.first, Last: j.first, Text: "it started, the summary was not printed"})
	}
	j.run, j.began = nil, false
}

func (j *jasmine) end(o *out) { j.flush(o) }

// karma reads "Chrome 90 (Linux): Executed 5 of 5 (1 FAILED) (0.1 secs / 0.05
// secs)", printed over and over for each browser; the last one counts.
type karma struct {
	runs  map[string]*Run
	order []string
	done  map[string]int
	bad   map[string][]Failure
}

func (k *karma) triggers() []string {
	return []string{
		"Chrome ", "Chrome Headless ", "HeadlessChrome ", "ChromeHeadless", "Chromium ", "Firefox ", "Safari ", "PhantomJS ", "Edge ",
		"Electron ", "jsdom ", "Mobile Safari ", "Opera ", "IE ", "Executed ",
	}
}

func (k *karma) line(l logline.Line, o *out) {
	text := o.text(l)
	i := strings.Index(text, "Executed ")
	if l.Indent > 1 {
		return
	}
	if i < 0 {
		if strings.HasSuffix(text, " FAILED") && strings.Contains(text, ") ") {
			browser, name, _ := strings.Cut(text, ") ")
			if k.bad == nil {
				k.bad = map[string][]Failure{}
			}
			k.bad[browser+")"] = addFailure(k.bad[browser+")"], Failure{Name: strings.TrimSuffix(name, " FAILED"), Line: l.Number})
		}
		return
	}
	browser := strings.TrimSuffix(strings.TrimSpace(text[:i]), ":")
	if i > 0 && (!strings.HasSuffix(text[:i], ": ") || len(browser) > 120) {
		return
	}
	executed, rest, ok := numbered(text[i+len("Executed "):])
	rest, isOf := strings.CutPrefix(rest, "of ")
	if !ok || !isOf {
		return
	}
	total, rest, ok := numbered(rest)
	if !ok || !strings.HasSuffix(rest, ")") && !strings.HasSuffix(rest, "SUCCESS") && !strings.HasSuffix(rest, "DISCONNECTED") && !strings.HasSuffix(rest, "ERROR") {
		return
	}
	k.set(browser, executed, total, Run{Text: text[i:], Last: l.Number, First: l.Number, Failed: inBrackets(rest, " FAILED"), Skipped: skippedOf(rest)}, o)
	if strings.Contains(rest, "ERROR") || strings.Contains(rest, "DISCONNECTED") {
		k.runs[browser].Failed = max(k.runs[browser].Failed, 1)
	}
}

func (k *karma) set(browser string, executed, total int, run Run, o *out) {
	if k.runs == nil {
		k.runs, k.done = map[string]*Run{}, map[string]int{}
	}
	if old := k.runs[browser]; old != nil {
		if executed < k.done[browser] {
			k.add(browser, o)
		} else {
			run.First = old.First
		}
	} else if len(k.order) < 64 {
		k.order = append(k.order, browser)
	}
	if len(k.runs) >= 64 && k.runs[browser] == nil {
		return
	}
	run.Tool, run.Kind, run.Name, run.Expected = "Karma", Test, browser, total
	run.Passed = max(executed-run.Failed, 0)
	if executed >= total && run.Skipped > 0 { // some adapters count what they skip
		run.Passed = max(run.Passed-run.Skipped, 0)
	}
	k.runs[browser], k.done[browser] = &run, executed
}

// inBrackets reads the number in "(1 FAILED)".
func inBrackets(text, word string) int {
	i := strings.Index(text, word+")")
	if i < 0 {
		return 0
	}
	n, _, _ := numbered(text[strings.LastIndexByte(text[:i], '(')+1 : i])
	return n
}

// skippedOf reads the number in "(skipped 2)".
func skippedOf(text string) int {
	_, rest, ok := strings.Cut(text, "(skipped ")
	if !ok {
		return 0
	}
	n, _, _ := numbered(rest)
	return n
}

func (k *karma) add(browser string, o *out) {
	run := k.runs[browser]
	if run == nil {
		return
	}
	switch {
	case run.Failed > 0:
		run.State, run.Failures = Failed, k.bad[browser]
	case run.Expected == 0:
		run.State = Empty
	case k.done[browser]+run.Skipped < run.Expected:
		run.State = Unfinished
	default:
		run.State = Passed
	}
	o.add(*run)
	delete(k.runs, browser)
}

func (k *karma) end(o *out) {
	for _, browser := range k.order {
		k.add(browser, o)
	}
}

// ava reads the counts two columns in, below a line "─".
type ava struct {
	rule int // where the last line was drawn
	at   int
	run  *Run
	bad  []Failure
}

func (a *ava) triggers() []string {
	return []string{"─", "✘ ", number + "test", number + "known failure", number + "uncaught exception", number + "unhandled rejection"}
}

func (a *ava) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent < 2 || l.Indent > 3 {
		return
	}
	if text == "─" {
		a.rule = l.Number
		o.next(1)
		return
	}
	if rest, ok := strings.CutPrefix(text, "✘ "); ok {
		if strings.HasPrefix(rest, "No tests found in ") || strings.HasPrefix(rest, "Couldn’t find any files to test") {
			o.add(Run{Tool: "AVA", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
		} else if name, ok := strings.CutPrefix(rest, "[fail]: "); ok {
			a.bad = addFailure(a.bad, Failure{Name: name, Line: l.Number})
		}
		return
	}
	if !o.follows(a.rule, l.Number, 2) && !o.follows(a.at, l.Number, 1) {
		return
	}
	n, word, ok := numbered(text)
	if !ok {
		return
	}
	run := Run{}
	rest, tests := cutPlural(word, "test")
	switch {
	case tests && rest == " passed":
		run.Passed = n
	case tests && rest == " failed":
		run.Failed = n
	case tests && (rest == " skipped" || rest == " todo"):
		run.Skipped = n
	case strings.HasPrefix(word, "uncaught exception"), strings.HasPrefix(word, "unhandled rejection"):
		run.Failed = n
	case strings.HasPrefix(word, "known failure"):
		run.Skipped = n
	default:
		return
	}
	if a.run == nil || !o.follows(a.at, l.Number, 1) {
		a.flush(o)
		a.run = &Run{Tool: "AVA", Kind: Test, State: Passed, First: l.Number, Text: text, Indent: l.Indent}
	} else {
		a.run.Text += ", " + text
	}
	a.at = l.Number
	a.run.Last = l.Number
	a.run.Passed, a.run.Failed, a.run.Skipped = a.run.Passed+run.Passed, a.run.Failed+run.Failed, a.run.Skipped+run.Skipped
	o.finished("AVA")
}

func (a *ava) flush(o *out) {
	if a.run == nil {
		return
	}
	if a.run.Failed > 0 {
		a.run.State, a.run.Failures = Failed, a.bad
	}
	o.add(*a.run)
	a.run, a.bad = nil, nil
}

func (a *ava) end(o *out) { a.flush(o) }

// uvu reads its four lines in order: Total, Passed, Skipped, Duration.
type uvu struct {
	n    [3]int
	at   int
	next int
}

func (u *uvu) triggers() []string {
	return []string{"Total:     ", "Passed:    ", "Skipped:   ", "Duration:  "}
}

func (u *uvu) line(l logline.Line, o *out) {
	label, value, ok := strings.Cut(o.text(l), ":")
	if !ok || l.Indent != 2 {
		return
	}
	order := []string{"Total", "Passed", "Skipped", "Duration"}
	if label == "Total" {
		u.next = 0
	}
	if u.next >= len(order) || label != order[u.next] || u.next > 0 && !o.follows(u.at, l.Number, 1) {
		u.next = 0
		return
	}
	u.at = l.Number
	value = strings.TrimSpace(value)
	if u.next < 3 {
		n, rest, ok := numbered(value)
		if !ok || rest != "" {
			u.next = 0
			return
		}
		u.n[u.next] = n
		u.next++
		return
	}
	u.next = 0
	if !isDuration(value) {
		return
	}
	run := Run{Tool: "uvu", Kind: Test, State: Passed, Expected: u.n[0] + u.n[2], Passed: u.n[1], Skipped: u.n[2], First: l.Number - 3, Last: l.Number, Text: string(l.Text), Indent: l.Indent}
	run.Failed = max(u.n[0]-u.n[1], 0) // its total leaves out what is skipped
	switch {
	case run.Failed > 0:
		run.State = Failed
	case u.n[0]+u.n[2] == 0:
		run.State = Empty
	}
	o.add(run)
	o.finished("uvu")
}

func (u *uvu) end(*out) {}
