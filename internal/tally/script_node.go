package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// nodeTest reads the spec reporter of Node's own runner: eight lines in order,
// from "ℹ tests 5" to "ℹ duration_ms 1.5". The TAP reporter is read as TAP.
type nodeTest struct {
	counts   nodeCounts
	first    int
	ticks    int  // cases told with a time of its kind
	exact    bool // one of them to four places or more: no other tool does
	files    int  // of them such as stand for a whole file
	focused  bool
	failures []Failure
	suites   map[string]bool
	tail     bool // what follows the summary repeats the failures
	dots     bool // the dot reporter lists its failures
}

func (n *nodeTest) triggers() []string {
	return []string{"ℹ ", "✔ ", "✖ ", "﹣ ", "▶ ", "Failed tests:"}
}

func (n *nodeTest) line(l logline.Line, o *out) {
	text := o.text(l)
	if rest, ok := strings.CutPrefix(text, "ℹ "); ok {
		if l.Indent <= 1 && n.counts.read(rest, l.Number, o) {
			n.commit(text, l, o)
		}
		return
	}
	if text == "Failed tests:" && l.Indent == 0 {
		n.dots, n.first = n.ticks == 0, firstLine(n.first, l.Number)
		return
	}
	if !strings.HasSuffix(text, "ms)") && !strings.HasPrefix(text, "▶") && strings.IndexByte(text, '#') < 0 {
		return // without the time that it prints
	}
	glyph, rest, _ := strings.Cut(text, " ")
	if rest == "" || l.Indent > 40 {
		return
	}
	if glyph == "▶" {
		if n.suites == nil {
			n.suites = map[string]bool{}
		}
		if len(n.suites) < 10000 {
			n.suites[rest] = true
		}
		n.tail = false
		o.begin(rest)
		return
	}
	name, skipped, _ := strings.Cut(rest, ") # ")
	if skipped != "" {
		name += ")"
	}
	name, ok := nodeTimed(name)
	if !ok {
		return
	}
	if n.tail && glyph == "✖" {
		return
	}
	n.tail = false
	if n.ticks == 0 {
		o.finished("")
	}
	n.ticks++
	n.exact = n.exact || places(rest) > 3
	n.first = firstLine(n.first, l.Number)
	o.done(name)
	switch {
	case glyph == "✖" && n.suites[name]:
	case glyph == "✖":
		n.failures = addFailure(n.failures, Failure{Name: name, Line: l.Number})
	case glyph == "﹣" && skipped == "'only' option not set":
		n.focused = true
	case glyph == "✔" && l.Indent == 0 && scriptFile(name) && strings.ContainsAny(name, `/\`):
		n.files++
	}
}

// places counts the digits after the point of a time in parentheses.
func places(text string) int {
	i := strings.LastIndex(text, "ms)")
	return i - 1 - strings.LastIndexByte(text[:max(i, 0)], '.')
}

// nodeTimed splits "(0.846149ms)" off: no other tool is that exact.
func nodeTimed(text string) (string, bool) {
	if !strings.HasSuffix(text, "ms)") {
		return text, false
	}
	i := strings.LastIndexByte(text, '(') - 1
	for i > 0 && text[i] != ' ' {
		i = strings.LastIndexByte(text[:i+1], '(') - 1
	}
	if i <= 0 {
		return text, false
	}
	whole, part, ok := strings.Cut(text[i+2:len(text)-3], ".")
	if !ok || len(part) < 3 || len(part) > 6 || whole == "" {
		return text, false
	}
	for _, c := range whole + part {
		if c < '0' || c > '9' {
			return text, false
		}
	}
	return text[:i], true
}

func (n *nodeTest) commit(text string, l logline.Line, o *out) {
	run := n.counts.run()
	run.First, run.Last, run.Text, run.Indent = firstLine(n.first, n.counts.at-7), l.Number, n.counts.text, l.Indent
	run.Focused = n.focused
	run.Uncounted = n.files > 0 && n.files == run.Passed && run.Skipped == 0
	if run.State == Failed {
		run.Failures = n.failures
	}
	o.add(run)
	*n = nodeTest{tail: true}
	o.finished("node:test")
}

func (n *nodeTest) end(o *out) {
	if n.ticks == 0 || !n.exact {
		return
	}
	if n.dots && len(n.failures) > 0 {
		o.add(Run{
			Tool: "node:test", Kind: Test, State: Failed, Failed: len(n.failures), Uncounted: true,
			First: n.first, Last: n.first, Text: "Failed tests:", Failures: n.failures,
		})
		return
	}
	o.add(Run{
		Tool: "node:test", Kind: Test, State: Unfinished, Passed: n.ticks - len(n.failures), Failed: len(n.failures),
		First: n.first, Last: n.first, Text: "cases were reported, the summary was not", Failures: n.failures,
	})
}

// nodeCounts is the eight lines of Node's summary, whatever stands before each.
type nodeCounts struct {
	next int // the line that is to come
	at   int // where the last one stood
	n    [7]int
	text string
}

func (c *nodeCounts) read(rest string, number int, o *out) (complete bool) {
	order := []string{"tests", "suites", "pass", "fail", "cancelled", "skipped", "todo", "duration_ms"}
	word, value, ok := strings.Cut(rest, " ")
	if !ok {
		return false
	}
	if word == "tests" {
		c.next = 0
	} else if c.next == 1 && word == "pass" { // the first versions told no suites
		c.n[1], c.next = 0, 2
	}
	if c.next > 0 && !o.follows(c.at, number, 1) || c.next >= len(order) || word != order[c.next] {
		c.next = 0
		return false
	}
	c.at = number
	if word == "duration_ms" {
		c.next = 0
		return c.n[0] == c.n[2]+c.n[3]+c.n[4]+c.n[5]+c.n[6]
	}
	n, after, ok := numbered(value)
	if !ok || after != "" {
		c.next = 0
		return false
	}
	if c.next == 0 {
		c.text = "tests " + value
	} else if n > 0 {
		c.text += ", " + word + " " + value
	}
	c.n[c.next] = n
	c.next++
	return false
}

func (c *nodeCounts) run() Run {
	run := Run{Tool: "node:test", Kind: Test, State: Passed, Passed: c.n[2], Failed: c.n[3] + c.n[4], Skipped: c.n[5] + c.n[6], Expected: c.n[0]}
	switch {
	case run.Failed > 0:
		run.State = Failed
	case c.n[0] == 0:
		run.State = Empty
	}
	return run
}
