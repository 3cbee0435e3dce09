package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// junitConsole reads JUnit's console launcher.
//
//	[         4 tests found           ]
//	[         1 tests successful      ]
type junitConsole struct {
	run                Run
	found, ok, skipped int
	aborted, failed    int
	broken             int // containers that failed: set-up of classes
}

func (g *junitConsole) triggers() []string { return []string{"Test run finished after "} }

func (g *junitConsole) line(l logline.Line, o *out) {
	t := o.text(l)
	if like1(t, "Test run finished after {n} ms") && l.Indent == 0 {
		*g = junitConsole{run: of("JUnit", Test, l)}
		o.next(14)
		return
	}
	if g.run.First == 0 {
		return
	}
	inside, ok := strings.CutPrefix(t, "[")
	if !ok {
		return
	}
	n, what, ok := leading(strings.TrimSpace(strings.TrimSuffix(inside, "]")))
	if !ok {
		return
	}
	switch strings.TrimSpace(what) {
	case "containers failed":
		g.broken = n
	case "tests found":
		g.found = n
	case "tests skipped":
		g.skipped = n
	case "tests aborted":
		g.aborted = n
	case "tests successful":
		g.ok = n
	case "tests failed":
		g.failed = n
		r := tested(g.run, g.ok, g.failed+g.broken, g.skipped+g.aborted)
		r.Expected, r.Last, r.Text = g.found, l.Number, t
		o.add(r)
		o.finished("JUnit")
		*g = junitConsole{}
	}
}

func (g *junitConsole) end(*out) {}

// like1 is like for those who need no numbers.
func like1(t, pattern string) bool {
	_, ok := like(t, pattern)
	return ok
}

// junit4 reads JUnit 4's text runner and Ant's junit task.
type junit4 struct{ seen bool }

func (g *junit4) triggers() []string {
	return []string{"JUnit version 4", "OK (", "Tests run: ", "[junit] Tests run: ", "FAILURES!!!"}
}

func (g *junit4) line(l logline.Line, o *out) {
	t := o.text(l)
	if rest, ok := strings.CutPrefix(t, "[junit] "); ok {
		if n, ok := like(rest, "Tests run: {n}, Failures: {n}, Errors: {n}, Skipped: {n}, Time elapsed: {*}"); ok {
			o.add(tested(of("JUnit", Test, l), n[0]-n[1]-n[2]-n[3], n[1]+n[2], n[3]))
		}
		return
	}
	if l.Indent > 0 {
		return
	}
	if strings.HasPrefix(t, "JUnit version 4") || t == "FAILURES!!!" {
		g.seen = true
		return
	}
	if !g.seen {
		return
	}
	if n, ok := like(t, "OK ({n} test{s})"); ok {
		o.add(tested(of("JUnit", Test, l), n[0], 0, 0))
		g.seen = false
	} else if n, ok := like(t, "Tests run: {n},  Failures: {n}"); ok {
		o.add(tested(of("JUnit", Test, l), n[0]-n[1], n[1], 0))
		g.seen = false
	}
}

func (g *junit4) end(*out) {}

var testngTriggers = []string{"Total tests run: "}

// testng reads TestNG's last line, of which there are two spellings.
func testng(t string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	if n, ok := like(t, "Total tests run: {n}, Passes: {n}, Failures: {n}, Skips: {n}"); ok {
		o.add(tested(of("TestNG", Test, l), n[1], n[2], n[3]))
	} else if n, ok := like(t, "Total tests run: {n}, Failures: {n}, Skips: {n}"); ok {
		o.add(tested(of("TestNG", Test, l), n[0]-n[1]-n[2], n[1], n[2]))
	}
}
