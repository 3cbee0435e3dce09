package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// unittest reads Python's unittest and those that end like it: Django's runner,
// nose, nose2, Twisted's trial. "OK" and "FAILED" count only after the line
// "Ran 5 tests in 0.1s", and that only after its rule of dashes.
type unittest struct {
	begun  Run // what was announced, or seen to run with -v
	ruled  int // line of the dashes
	early  int // runs that ended and were not announced
	double int // line of the double rule, which stands before a failure's name
	ran    Run // "Ran 5 tests" came, the verdict did not
	fails  fails
	heads  bool // inside of a failure's block
	traced bool
}

func (u *unittest) triggers() []string {
	return []string{"--------", "Ran ", "========", "OK", "FAILED", "NO TESTS RAN", "PASSED (", "FAIL: ", "ERROR: ", "Found ", "test"}
}

func (u *unittest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case l.Indent > 0:
	case len(text) == 70 && allOf(text, "-"):
		u.ruled = l.Number
		if u.heads {
			o.next(25)
		} else {
			o.next(1)
		}
	case len(text) == 70 && allOf(text, "="):
		u.double, u.heads, u.traced = l.Number, false, false
	case strings.HasPrefix(text, "Ran "):
		u.count(text, l, o)
	case u.ran.Tool != "":
		u.verdict(text, l, o)
	case (strings.HasPrefix(text, "FAIL: ") || strings.HasPrefix(text, "ERROR: ")) && u.double == l.Number-1:
		_, name, _ := strings.Cut(text, ": ")
		u.fails.add(name, "", l.Number)
		u.heads = true
		o.next(25)
	case u.heads:
		u.explain(text, l, o)
	case strings.HasPrefix(text, "Found "):
		if n, ok := match(text, "Found # test(s)."); ok && u.early > 0 {
			u.early-- // Django's standard output, held until its end
		} else if ok && n[0] > 0 {
			u.begun = Run{Tool: "unittest", Kind: Test, Expected: n[0]}
			u.begun.place(l)
		}
	case strings.HasPrefix(text, "test"):
		u.verbose(text, l, o)
	}
}

// explain finds the last line of a failure's traceback.
func (u *unittest) explain(text string, l logline.Line, o *out) {
	switch {
	case strings.HasPrefix(text, "Traceback "):
		u.traced = true
	case u.traced && l.Indent == 0 && text != "":
		u.fails.explain(text)
		u.heads, u.traced = false, false
		o.next(0)
	}
}

// verbose reads a line of -v: "test_a (mod.Class.test_a) ... ok".
func (u *unittest) verbose(text string, l logline.Line, o *out) {
	name, rest, ok := strings.Cut(text, " ... ")
	if !ok {
		if name, ok = strings.CutSuffix(text, " ..."); !ok {
			return
		}
	}
	first, class, ok := strings.Cut(name, " (")
	if !ok || strings.ContainsAny(first, " :/") || !strings.HasSuffix(class, ")") || strings.ContainsAny(class, " /") || !strings.Contains(class, ".") {
		return
	}
	if u.begun.Tool == "" {
		u.begun = Run{Tool: "unittest", Kind: Test}
	}
	u.begun.First = firstLine(u.begun.First, l.Number)
	u.begun.Last, u.begun.Indent, u.begun.Text = l.Number, l.Indent, text
	if rest == "" {
		o.begin(name)
	} else {
		o.done(name)
	}
}

func (u *unittest) count(text string, l logline.Line, o *out) {
	n, ok := match(text, "Ran # test? in ~s")
	if !ok || u.ruled == 0 || l.Number-u.ruled > 2 {
		return
	}
	u.ran = Run{Tool: "unittest", Kind: Test, Passed: n[0], First: u.begun.First, Expected: u.begun.Expected}
	u.ran.place(l)
	u.ruled, u.heads = 0, false
	o.next(5)
}

// verdict reads the line after "Ran 5 tests in 0.1s".
func (u *unittest) verdict(text string, l logline.Line, o *out) {
	if text == "" {
		return
	}
	run := u.ran
	if l.Number-run.Last > 6 { // no verdict came, and nothing is known
		u.ran, u.begun, u.fails = Run{}, Run{}, nil
		return
	}
	word, detail, _ := strings.Cut(text, " (")
	counts := map[string]int{}
	for part := range strings.SplitSeq(strings.TrimSuffix(detail, ")"), ", ") {
		key, value, _ := strings.Cut(part, "=")
		n, _, _ := integer(value)
		counts[strings.ToLower(key)] = n
	}
	run.Failed = counts["failures"] + counts["errors"] + counts["unexpected successes"]
	run.Skipped = counts["skipped"] + counts["skip"] + counts["skips"]
	run.Passed = max(0, run.Passed-run.Failed-run.Skipped)
	switch word {
	case "OK", "PASSED":
		run.State = outcome(run)
	case "FAILED":
		run.State, run.Failed, run.Failures = Failed, max(1, run.Failed), u.fails
	case "NO TESTS RAN":
		run.State = Empty
		if run.Skipped > 0 {
			run.State = Passed
		}
	default:
		return
	}
	if run.Expected == 0 {
		u.early++
	}
	if run.Failed == 0 {
		run.Expected = 0 // it came to its end: classes that skip themselves count once
	}
	run.place(l)
	o.add(run)
	o.finished("unittest")
	u.ran, u.begun, u.fails = Run{}, Run{}, nil
}

func (u *unittest) end(o *out) {
	if u.begun.Tool != "" && u.ran.Tool == "" {
		u.begun.State, u.begun.Failures = Unfinished, u.fails
		o.add(u.begun)
	}
}
