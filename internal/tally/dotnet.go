package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// vstest reads dotnet test and vstest.console: a line for each assembly, or the
// list of the detailed logger.
//
//	Failed!  - Failed:     1, Passed:     4, Skipped:     0, Total:     5, Duration: 6 ms - A.dll (net8.0)
type vstest struct {
	run      Run // of the list that is being read
	open     bool
	executed int
	told     int // the line of a list in one line: the verdict follows
	toldBad  bool
	empty    []Run // assemblies in which nothing was found
	lines    []logline.Line
}

func (g *vstest) triggers() []string {
	return []string{
		"Passed! ", "Failed! ", "Skipped! - ", "Zero tests ran - ", "Total tests: ", "Test Run ", "No test is available in ",
		"No test matches the given testcase filter", "The active test run was aborted. Reason: ", "Test summary: total: ",
	}
}

func (g *vstest) line(l logline.Line, o *out) {
	t := o.text(l)
	switch {
	case g.open && g.listed(t, l):
	case strings.HasPrefix(t, "The active test run was aborted. Reason: "):
		if strings.Contains(t, "crashed") {
			o.mark(rule.CrashedWorker, "dotnet test", l)
		}
	case strings.HasPrefix(t, "No test is available in "):
		g.nothing(t, l, false)
	case strings.HasPrefix(t, "No test matches the given testcase filter"):
		g.nothing(t, l, true)
	case l.Indent > 0:
	case strings.HasPrefix(t, "Test Run "):
		g.verdict(t, l, o)
	case strings.HasPrefix(t, "Total tests: "):
		g.list(l, o)
	case strings.HasPrefix(t, "Test summary: total: "):
		if n, ok := like(t, "Test summary: total: {n}, failed: {n}, succeeded: {n}, skipped: {n}, duration: {*}"); ok {
			g.put(tested(of("dotnet test", Test, l), n[2], n[1], n[3]), o)
		}
	default:
		_, counts, _ := strings.Cut(t, "- ")
		failed, ok1 := numberAfter(counts, "Failed: ")
		passed, ok2 := numberAfter(counts, "Passed: ")
		skipped, ok3 := numberAfter(counts, "Skipped: ")
		if ok1 && ok2 && ok3 && strings.HasPrefix(counts, "Failed: ") {
			r := tested(of("dotnet test", Test, l), passed, failed, skipped)
			if _, name, ok := strings.Cut(counts, " - "); ok {
				r.Name = cut(name)
			}
			if strings.HasPrefix(t, "Failed!") {
				r.State = Failed
			}
			g.put(r, o)
		}
	}
}

// list begins the list of counts; each of its lines is there when it is not zero.
// Older versions print it in one line, and the verdict after it.
func (g *vstest) list(l logline.Line, o *out) {
	if n, ok := like(o.text(l), "Total tests: {n}. Passed: {n}. Failed: {n}. Skipped: {n}."); ok {
		r := tested(of("dotnet test", Test, l), n[1], n[2], n[3])
		g.told, g.toldBad = l.Number, n[2] > 0
		g.put(r, o)
		return
	}
	if !like1(o.text(l), "Total tests: {n}") {
		return
	}
	failed := g.run.State == Failed && !g.open
	if failed {
		g.run = Run{} // the verdict was of this list
	}
	g.flush(o)
	g.run, g.open = of("dotnet test", Test, l), true
	if failed {
		g.run.State = Failed
	}
	o.next(5)
}

// listed reads a line of the list.
func (g *vstest) listed(t string, l logline.Line) bool {
	for word, field := range map[string]*int{"Passed: ": &g.run.Passed, "Failed: ": &g.run.Failed, "Skipped: ": &g.run.Skipped} {
		if n, ok := like(t, word+"{n}"); ok {
			*field, g.run.Last = n[0], l.Number
			return true
		}
	}
	return false
}

// verdict reads "Test Run Failed." before or after the list.
func (g *vstest) verdict(t string, l logline.Line, o *out) {
	switch t {
	case "Test Run Successful.":
		g.flush(o)
	case "Test Run Failed.", "Test Run Aborted.", "Test Run Canceled.":
		g.flush(o)
		if g.told > 0 && l.Number-g.told <= 2 && g.toldBad {
			return // said already
		}
		g.run = of("dotnet test", Test, l)
		g.run.State = Failed
	}
}

func (g *vstest) nothing(t string, l logline.Line, filtered bool) {
	r := of("dotnet test", Test, l)
	r.State = Empty
	if len(g.empty) < maxFailures {
		g.empty = append(g.empty, r)
		if filtered {
			g.lines = append(g.lines, logline.Line{Text: []byte(t), Number: l.Number})
		}
	}
}

func (g *vstest) put(r Run, o *out) {
	g.executed += r.Executed()
	o.add(r)
}

func (g *vstest) flush(o *out) {
	r := g.run
	g.run, g.open = Run{}, false
	if r.First == 0 {
		return
	}
	if r.State == Failed {
		r.Failed = max(r.Failed, 1)
	}
	g.put(tested(r, r.Passed, r.Failed, r.Skipped), o)
}

// end adds the assemblies without tests. That a filter matched nothing at all is
// a mark; with it matching elsewhere it is usual.
func (g *vstest) end(o *out) {
	g.flush(o)
	for _, r := range g.empty {
		o.add(r)
	}
	if g.executed == 0 {
		for _, l := range g.lines {
			o.mark(rule.NothingSelected, "dotnet test", l)
		}
	}
}

// mtp reads Microsoft.Testing.Platform.
//
//	Test run summary: Passed!
//	  total: 5
//	  failed: 0
type mtp struct {
	run  Run
	open bool
}

func (g *mtp) triggers() []string {
	return []string{"Test run summary: ", "Test run completed with non-success exit code: "}
}

func (g *mtp) line(l logline.Line, o *out) {
	t := o.text(l)
	if strings.HasPrefix(t, "Test run completed with non-success") && l.Indent == 0 {
		g.flush(o)
		r := bad("Microsoft.Testing.Platform", Test, 1, l)
		r.Uncounted = true
		o.add(r)
		return
	}
	if strings.HasPrefix(t, "Test run summary: ") && l.Indent == 0 {
		g.flush(o)
		g.run, g.open = of("Microsoft.Testing.Platform", Test, l), true
		if rest := strings.TrimPrefix(t, "Test run summary: "); anyPrefix(rest, "Failed!", "Aborted", "Minimum expected") {
			g.run.State = Failed
		}
		o.next(8)
		return
	}
	if !g.open {
		return
	}
	g.run.Last = l.Number
	for word, field := range map[string]*int{
		"total: ": &g.run.Expected, "failed: ": &g.run.Failed, "succeeded: ": &g.run.Passed, "skipped: ": &g.run.Skipped, "error: ": new(int),
	} {
		if n, ok := like(t, word+"{n}"); ok {
			*field = n[0]
			return
		}
	}
	if strings.HasPrefix(t, "duration: ") {
		g.flush(o)
	}
}

func (g *mtp) flush(o *out) {
	r := g.run
	g.run, g.open = Run{}, false
	if r.First == 0 {
		return
	}
	if r.State == Failed {
		r.Failed = max(r.Failed, 1)
	}
	o.add(tested(r, r.Passed, r.Failed, r.Skipped))
}

func (g *mtp) end(o *out) { g.flush(o) }

// xunit reads the summary of xUnit's own runner.
//
//	=== TEST EXECUTION SUMMARY ===
//	   MyTests  Total: 3, Errors: 0, Failed: 1, Skipped: 0, Time: 0.208s
type xunit struct{ open bool }

func (g *xunit) triggers() []string { return []string{"=== TEST EXECUTION SUMMARY ==="} }

func (g *xunit) line(l logline.Line, o *out) {
	t := o.text(l)
	if t == "=== TEST EXECUTION SUMMARY ===" {
		g.open = true
		o.next(50)
		return
	}
	i := strings.Index(t, "Total: ")
	if !g.open || i < 0 || strings.HasPrefix(t, "GRAND TOTAL") {
		return
	}
	total, _ := numberAfter(t, "Total: ")
	errs, ok1 := numberAfter(t, "Errors: ")
	failed, ok2 := numberAfter(t, "Failed: ")
	skipped, ok3 := numberAfter(t, "Skipped: ")
	if !ok1 || !ok2 || !ok3 {
		return
	}
	idle, _ := numberAfter(t, "Not Run: ")
	r := tested(of("xUnit", Test, l), total-failed-skipped-idle, failed+errs, skipped)
	r.Name = strings.TrimSpace(t[:i])
	o.add(r)
}

func (g *xunit) end(*out) {}

var nunitTriggers = []string{"Test Count: ", "Tests run: "}

// nunit reads the counts of NUnit's console, of version 3 and 2.
func nunit(t string, l logline.Line, o *out) {
	if n, ok := like(t, "Tests run: {n}, Errors: {n}, Failures: {n}, Inconclusive: {n}, Time: {*}"); ok && l.Indent == 0 {
		o.add(tested(of("NUnit", Test, l), n[0]-n[1]-n[2]-n[3], n[1]+n[2], n[3]))
		return
	}
	n, ok := like(t, "Test Count: {n}, Passed: {n}, Failed: {n}, Warnings: {n}, Inconclusive: {n}, Skipped: {n}")
	if !ok || l.Indent > 2 {
		return
	}
	r := tested(of("NUnit", Test, l), n[1]+n[3], n[2], n[4]+n[5])
	r.Expected = n[0]
	o.add(r)
}
