package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// automake reads the summary of Automake's parallel test harness:
//
//	Testsuite summary for shop 1.0
//	====
//	# TOTAL: 3
//	# PASS:  2
//	# FAIL:  1
type automake struct {
	run  Run
	rest int // lines that may still belong to it
}

func (a *automake) triggers() []string { return []string{"Testsuite summary"} }

func (a *automake) line(l logline.Line, o *out) {
	text := o.text(l)
	if strings.HasPrefix(text, "Testsuite summary") && l.Indent == 0 {
		a.run, a.rest = Run{Tool: "Automake", Kind: Test}, 10
		a.run.place(l)
		o.next(10)
		return
	}
	if a.rest == 0 {
		return
	}
	a.rest--
	key, value, ok := strings.Cut(strings.TrimPrefix(text, "# "), ": ")
	n, tail, number := integer(strings.TrimSpace(value))
	if !ok || !number || tail != "" || !strings.HasPrefix(text, "# ") {
		return
	}
	r := &a.run
	switch key {
	case "PASS", "XFAIL":
		r.Passed += n
	case "SKIP":
		r.Skipped += n
	case "FAIL", "XPASS":
		r.Failed += n
	case "ERROR": // the last of them
		r.Failed += n
		r.State, r.Last = outcome(*r), l.Number
		o.add(*r)
		a.rest = 0
	}
}

func (a *automake) end(*out) {}

// meson reads meson test: "Ok:  5", "Fail:  1" and what stands around them.
type meson struct {
	run  Run
	rest int
}

func (m *meson) triggers() []string { return []string{"Ok:  "} }

func (m *meson) line(l logline.Line, o *out) {
	text := o.text(l)
	key, value, ok := strings.Cut(text, ":")
	n, tail, number := integer(strings.TrimSpace(value))
	if !ok || !number || tail != "" || l.Indent > 0 {
		m.rest = max(0, m.rest-1)
		return
	}
	if key == "Ok" {
		m.run, m.rest = Run{Tool: "Meson", Kind: Test, Passed: n}, 7
		m.run.place(l)
		o.next(7)
		return
	}
	if m.rest == 0 {
		return
	}
	m.rest--
	r := &m.run
	switch key {
	case "Expected Fail":
		r.Passed += n
	case "Fail", "Unexpected Pass":
		r.Failed += n
	case "Skipped":
		r.Skipped += n
	case "Timeout": // the last of them
		r.Failed += n
		r.State, r.Last = outcome(*r), l.Number
		o.add(*r)
		o.finished("Meson")
		m.rest = 0
	}
}

func (m *meson) end(*out) {}

// qtTest reads Qt Test: from "********* Start testing of X *********" to
// "Totals: 5 passed, 1 failed, 0 skipped" and "********* Finished testing".
type qtTest struct {
	run   Run
	open  bool
	total bool
	fails fails
}

func (q *qtTest) triggers() []string {
	return []string{"********* Start testing of ", "********* Finished testing of ", "Totals: ", "FAIL!  : ", "QFATAL : "}
}

func (q *qtTest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case l.Indent > 0:
	case strings.HasPrefix(text, "********* Start testing of "):
		q.end(o)
		*q = qtTest{open: true, run: Run{Tool: "Qt Test", Kind: Test, Name: strings.Trim(text[27:], " *")}}
		q.run.place(l)
	case !q.open:
	case strings.HasPrefix(text, "FAIL!  : ") || strings.HasPrefix(text, "QFATAL : "):
		name, message, _ := strings.Cut(text[9:], " ")
		q.fails.add(name, message, l.Number)
	case strings.HasPrefix(text, "Totals: "):
		if n, ok := match(text, "Totals: # passed, # failed, # skipped*"); ok {
			q.run.Passed, q.run.Failed, q.run.Skipped, q.total = n[0], n[1], n[2], true
			q.run.place(l)
		}
	case strings.HasPrefix(text, "********* Finished testing of ") && q.total:
		q.run.State = outcome(q.run)
		if q.run.Failed > 0 {
			q.run.Failures = q.fails
		}
		o.add(q.run)
		o.finished("Qt Test")
		*q = qtTest{}
	}
}

func (q *qtTest) end(o *out) {
	if q.open {
		q.run.State, q.run.Failures = Unfinished, q.fails
		o.add(q.run)
	}
	*q = qtTest{}
}

// unity reads ThrowTheSwitch's Unity and CMock: a rule of dashes, "5 Tests 1
// Failures 0 Ignored", then OK or FAIL.
type unity struct {
	run   Run
	ruled int
}

func (u *unity) triggers() []string {
	return []string{"-----------------------", number + "Tests ", "OK", "FAIL"}
}

func (u *unity) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case l.Indent > 0:
	case len(text) == 23 && allOf(text, "-"):
		u.ruled = l.Number
	case (text == "OK" || text == "FAIL") && u.run.Tool != "" && l.Number-u.run.Last == 1:
		u.run.State = outcome(u.run)
		if text == "FAIL" {
			u.run.State, u.run.Failed = Failed, max(1, u.run.Failed)
		}
		u.run.Last = l.Number
		o.add(u.run)
		o.finished("Unity")
		*u = unity{}
	default:
		n, ok := match(text, "# Tests # Failures # Ignored")
		if ok && u.ruled > 0 && l.Number-u.ruled == 1 {
			u.run = Run{Tool: "Unity", Kind: Test, Passed: max(0, n[0]-n[1]-n[2]), Failed: n[1], Skipped: n[2]}
			u.run.place(l)
		}
	}
}

func (u *unity) end(*out) {}

// cmocka reads cmocka, which prints frames like GoogleTest's.
type cmocka struct {
	run   Run
	ended bool // the frame was closed, the lists follow
}

func (c *cmocka) triggers() []string {
	return []string{"[==========] ", "[  PASSED  ] ", "[  FAILED  ] ", "[  SKIPPED ] "}
}

func (c *cmocka) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 || len(text) < 13 {
		return
	}
	mark, rest := text[:13], text[13:]
	name, tests, named := strings.Cut(rest, ": ")
	if mark == "[==========] " && named {
		c.frame(name, tests, l, o)
		return
	}
	if !c.ended {
		return
	}
	n, ok := match(rest, "# test(s).")
	if named {
		n, ok = match(tests, "# test(s), listed below:")
	}
	switch {
	case !ok:
	case mark == "[  PASSED  ] ":
		c.run.Passed = n[0]
		o.finished("cmocka")
	case mark == "[  FAILED  ] ":
		c.run.Failed = n[0]
	case mark == "[  SKIPPED ] ":
		c.run.Skipped = n[0]
	}
}

// frame reads "tests: Running 2 test(s)." and "tests: 2 test(s) run."
func (c *cmocka) frame(name, tests string, l logline.Line, o *out) {
	if n, ok := match(tests, "Running # test(s)."); ok {
		c.end(o)
		*c = cmocka{run: Run{Tool: "cmocka", Kind: Test, Expected: n[0], Name: strings.TrimPrefix(name, "tests")}}
		c.run.place(l)
	} else if _, ok := match(tests, "# test(s) run."); ok && c.run.Tool != "" {
		c.run.place(l)
		c.ended = true
	}
}

func (c *cmocka) end(o *out) {
	switch {
	case c.run.Tool == "":
	case c.ended:
		c.run.State, c.run.Expected = outcome(c.run), 0
		o.add(c.run)
	case c.run.Expected > 0:
		c.run.State = Unfinished
		o.add(c.run)
	}
	*c = cmocka{}
}
