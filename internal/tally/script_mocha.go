package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// mocha reads the end that most of Mocha's reporters share, "12 passing (3ms)"
// with pending and failing below, two columns in.
type mocha struct {
	echo    int  // the line on which a script said that it runs mocha
	another bool // a script said that it runs something else
	looks   int  // lines that look like the spec reporter's, from the start on
	other   bool // and one that does not
	bare    bool // the last line is none of its
	ticks   int  // tests told as passed since the last end
	first   int
	run     *Run // the end that is read or held
	at      int
	ticksAt int
	open    bool // failures follow
	item    int  // of them
	title   []string
}

func (m *mocha) triggers() []string {
	return []string{
		number + "passing", number + "pending", number + "failing", "✔ ", "✓ ", "√ ", number + ") ",
		"Exception during run: ", "Error: No test files found", "> ", "$ ", "Running \"mocha",
	}
}

func (m *mocha) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case m.open && m.details(text, l, o):
	case strings.HasPrefix(text, "> ") || strings.HasPrefix(text, "$ ") || strings.HasPrefix(text, "Running \"mocha"):
		if l.Indent == 0 && echoes(text, "mocha") {
			m.echo = l.Number
		} else if l.Indent == 0 && m.ticks == 0 && !strings.Contains(text, "@") {
			m.another = true
		}
	case strings.HasPrefix(text, "Error: No test files found") && l.Indent == 0:
		o.add(Run{Tool: "Mocha", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
	case strings.HasPrefix(text, "Exception during run: ") && l.Indent == 1:
		o.add(Run{Tool: "Mocha", Kind: Test, State: Failed, Failed: 1, Uncounted: true, First: l.Number, Last: l.Number, Text: text, Indent: 1})
	case text != "" && digit(text[0]) && m.count(text, l, o):
	default:
		m.look(text, l, o)
	}
}

// count reads "12 passing (3ms)", "1 pending", "1 failing".
func (m *mocha) count(text string, l logline.Line, o *out) bool {
	n, word, ok := numbered(text)
	if !ok || l.Indent < 1 || l.Indent > 3 {
		return false
	}
	before, timed := cutTime(word)
	switch {
	case before == "passing" && timed:
		m.settle(n, o)
		m.run = &Run{Tool: "Mocha", Kind: Test, State: Passed, Passed: n, First: firstLine(m.first, l.Number), Last: l.Number, Text: text, Indent: l.Indent}
		m.at, m.ticksAt, m.first, m.looks, m.other = l.Number, m.ticks, 0, 0, false
		if n == 0 {
			m.run.State = Empty
		}
		o.next(2)
		o.finished("Mocha")
	case word == "pending" && m.run != nil && o.follows(m.at, l.Number, 1):
		m.run.Skipped, m.at = n, l.Number
		if n > 0 && m.run.State == Empty {
			m.run.State = Passed
		}
		m.note(text, l)
	case word == "failing" && m.run != nil && o.follows(m.at, l.Number, 1):
		m.run.Failed, m.run.State = n, Failed
		m.note(text, l)
		m.open, m.item, m.title = true, 0, nil
		o.next(6)
	default:
		return false
	}
	return true
}

func (m *mocha) note(text string, l logline.Line) {
	m.run.Text, m.run.Last = m.run.Text+", "+text, l.Number
}

// settle adds the end that is held, unless the new one shows that a test printed
// it: then the new one counts the tests from before it too.
func (m *mocha) settle(passed int, o *out) {
	if m.run == nil {
		m.ticks = 0
		return
	}
	quoted := m.ticksAt != m.run.Passed && m.ticks == passed && m.ticks > m.ticksAt
	if quoted {
		m.first = m.run.First
	} else {
		o.add(*m.run)
	}
	m.run, m.open, m.ticks = nil, false, 0
}

// details reads the failures below the counts.
func (m *mocha) details(text string, l logline.Line, o *out) bool {
	if text == "" {
		o.next(6)
		if len(m.title) > 0 && strings.HasSuffix(m.title[len(m.title)-1], ":") {
			m.named(l)
		}
		return true
	}
	if n, rest, ok := numbered(text); ok && strings.HasPrefix(rest, ") ") && l.Indent <= 4 && n == m.item+1 && n <= m.run.Failed {
		m.item, m.title = n, []string{rest[2:]}
		o.next(6)
		if strings.HasSuffix(rest, ":") {
			m.named(l)
		}
		return true
	}
	switch {
	case mochaTick(text): // the tests go on: a test printed the counts
		m.open = false
		return false
	case l.Indent < 4:
		m.open = m.item < m.run.Failed
		if m.open {
			o.next(6)
		}
		return false
	case len(m.title) > 0 && l.Indent >= 6:
		m.title = append(m.title, text)
		if strings.HasSuffix(text, ":") {
			m.named(l)
		}
	default:
		if f := m.run.Failures; len(f) > 0 && f[len(f)-1].Message == "" {
			f[len(f)-1].Message = cut(text)
		}
	}
	m.run.Last = l.Number
	if m.item <= maxFailures {
		o.next(40)
	}
	return true
}

func (m *mocha) named(l logline.Line) {
	name := strings.TrimSuffix(strings.Join(m.title, " "), ":")
	if len(m.run.Failures) < maxFailures {
		m.run.Failures = append(m.run.Failures, Failure{Name: cut(name), Line: l.Number})
	}
	m.title = nil
}

// echoes tells whether a script's echo runs a tool: "> nyc mocha test".
func echoes(text, tool string) bool {
	if !strings.Contains(text, tool) {
		return false
	}
	for word := range strings.FieldsSeq(text) {
		if word == tool || word == "_"+tool || strings.HasSuffix(word, "/"+tool) || strings.HasPrefix(word, "\""+tool) {
			return true
		}
	}
	return false
}

func mochaTick(text string) bool {
	return strings.HasPrefix(text, "✔ ") || strings.HasPrefix(text, "✓ ") || strings.HasPrefix(text, "√ ")
}

// look follows the spec reporter from the first lines of a log, or from the
// echo of the command: nothing else tells that Mocha ran and did not end.
func (m *mocha) look(text string, l logline.Line, o *out) {
	tick := mochaTick(text)
	if tick && l.Indent >= 2 {
		if m.ticks++; m.ticks == 1 && m.run == nil || m.first == 0 {
			m.first = l.Number
			o.finished("")
		}
		o.done(strings.TrimSpace(text[len("✔ "):]))
		early := l.Number <= 6 && !m.another || o.follows(m.echo, l.Number, 8)
		if m.looks > 0 || early && l.Indent%2 == 0 && l.Indent <= 4 {
			m.looks++
		}
	}
	if m.looks == 0 {
		return
	}
	// Every line that follows has to look like Mocha's or like a test's print.
	if n, _, ok := numbered(text); ok && n > 0 && l.Indent <= 1 && strings.Contains(text, "pass") {
		m.other = true
	}
	if text == "─" || l.Indent == 0 && tick || strings.Contains(text, " passed") || strings.Contains(text, "PASSED") {
		m.other = true
	}
	if text != "" {
		m.bare = l.Indent < 2 || l.Indent%2 != 0
	}
	o.next(1)
}

func (m *mocha) end(o *out) {
	if m.run != nil {
		o.add(*m.run)
		m.run = nil
		return
	}
	if m.looks == 0 || m.other || m.bare && m.echo == 0 || len(o.r.runs) > 0 {
		return
	}
	o.add(Run{Tool: "Mocha", Kind: Test, State: Unfinished, Passed: m.ticks, First: m.first, Last: m.first, Text: "tests were reported, the summary was not"})
}
