package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// goTest reads go test, with -v and without, and gotestsum. All packages of an
// invocation are one run; a package that comes again begins the next.
type goTest struct {
	run  goRun
	pkg  goPackage
	held *goPackage // a FAIL line came while its tests ran: perhaps one of them printed it
	heldLine
	sum gotestsum
}

// heldLine is the FAIL line of the package that is held.
type heldLine struct {
	text string
	at   logline.Line
}

// goRun is the packages that were reported so far.
type goRun struct {
	Run
	seen              map[string]bool
	ok, failed, empty int // packages
	cases             bool
	over              bool // go test's own last FAIL came: the next package is of another invocation
	trailing          bool // a lone FAIL after the last package: some package failed
	confirmed         bool // the last package said PASS and ok
	early             int  // packages that ended while tests ran, without a verdict
	fails             fails
	mute              []Run // packages that named no test among those that do
}

// goPackage is what came since the last package line.
type goPackage struct {
	open                    map[string]bool
	passed, failed, skipped int
	ran                     bool
	first, last             int
	verdict                 string // PASS or FAIL, whichever came last
	said                    bool   // --- FAIL outside of -v
	message                 string // what was logged last
	fails                   fails
}

const maxOpen = 20000

func newGoTest() *goTest {
	return &goTest{run: goRun{seen: map[string]bool{}}, pkg: goPackage{open: map[string]bool{}}}
}

func (g *goTest) triggers() []string {
	return []string{
		"ok  ", "FAIL", "?   ", "PASS", "=== RUN ", "--- PASS: ", "--- FAIL: ", "--- SKIP: ", "panic: ",
		"=== FAIL: ", "DONE ", "go: warning: ", "no packages to test",
	}
}

func (g *goTest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "=== RUN ") && l.Indent == 0:
		g.began(cut(strings.TrimSpace(text[8:])), l, o)
	case strings.HasPrefix(text, "--- "):
		g.result(text, l, o)
	case text == "PASS" || text == "FAIL":
		if l.Indent == 0 {
			g.run.over = text == "FAIL" && g.run.failed > 0 && g.run.Last == l.Number-1
			if !g.run.over {
				g.pkg.verdict = text
			}
			g.run.trailing = g.run.trailing || text == "FAIL"
		}
	case strings.HasPrefix(text, "ok  ") || strings.HasPrefix(text, "?   ") || strings.HasPrefix(text, "FAIL"):
		if l.Indent == 0 {
			g.ended(text, l, o)
		}
	case strings.HasPrefix(text, "panic: "):
		if l.Indent == 0 {
			g.pkg.fails.explain(text)
			g.sum.fails.explain(text)
			g.pkg.message = text
		}
	case strings.HasPrefix(text, "=== FAIL: ") || strings.HasPrefix(text, "DONE "):
		g.sum.line(text, l, o, g)
	case strings.HasPrefix(text, "go: warning: ") || text == "no packages to test":
		g.nothing(text, l, o)
	case l.Indent >= 4 && logged(text):
		g.logged(text)
	}
}

// nothing reads what the go command says when a pattern selects nothing.
func (g *goTest) nothing(text string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	if strings.HasSuffix(text, " matched no packages") {
		o.mark(rule.NothingSelected, "go", l)
	} else if text == "no packages to test" {
		o.add(Run{Tool: "go test", Kind: Test, State: Empty, First: l.Number, Last: l.Number, Text: text})
	}
}

// logged reports whether text is what t.Error writes: "file.go:12: words".
func logged(text string) bool {
	i := strings.Index(text, ".go:")
	if i < 0 || strings.IndexByte(text[:i], ' ') >= 0 || strings.IndexByte(text[:i], '\t') >= 0 {
		return false
	}
	_, rest, ok := integer(text[i+4:])
	return ok && strings.HasPrefix(rest, ": ")
}

func (g *goTest) logged(text string) {
	if g.pkg.said {
		g.pkg.fails.explain(text)
	}
	g.sum.fails.explain(text)
	g.pkg.message = cut(text)
}

func (g *goTest) began(name string, l logline.Line, o *out) {
	if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Example") && !strings.HasPrefix(name, "Fuzz") {
		return
	}
	if g.pkg.first == 0 {
		g.pkg.first = l.Number
	}
	g.pkg.ran, g.pkg.message, g.pkg.last = true, "", l.Number
	if len(g.pkg.open) < maxOpen {
		g.pkg.open[name] = true
	}
	o.begin(name)
	o.next(4)
}

// result reads "--- FAIL: Name (0.00s)".
func (g *goTest) result(text string, l logline.Line, o *out) {
	word, rest, _ := strings.Cut(text[4:], ": ")
	name, took, ok := strings.Cut(rest, " (")
	if _, timed := match(took, "~s)"); !ok || !timed {
		return
	}
	name = cut(name)
	if g.held != nil && !g.pkg.open[name] && g.held.open[name] {
		g.pkg, g.held = *g.held, nil // the package line was a test's own words
	}
	p := &g.pkg
	p.last = l.Number
	if p.first == 0 {
		p.first = l.Number
	}
	if !p.open[name] {
		if word == "FAIL" && !p.ran && (l.Indent == 0 || strings.Contains(name, "/")) {
			p.said = true
			p.fails.add(name, "", l.Number)
			o.next(6)
		}
		return
	}
	delete(p.open, name)
	o.done(name)
	switch word {
	case "PASS":
		p.passed++
	case "SKIP":
		p.skipped++
	case "FAIL":
		p.failed++
		p.fails.add(name, p.message, l.Number)
	}
}

// ended reads a package line.
func (g *goTest) ended(text string, l logline.Line, o *out) {
	word, name, tail, ok := packageLine(text)
	if !ok {
		return
	}
	g.settle(o)
	g.sum.fails.explain(tail)
	if word == "FAIL" && len(g.pkg.open) > 0 {
		held := g.pkg
		g.held, g.heldLine = &held, heldLine{text, logline.Line{Text: []byte(text), Number: l.Number}}
		g.pkg = goPackage{open: map[string]bool{}}
		return
	}
	g.close(word, name, tail, l, o)
}

// settle takes a held package line for what it says.
func (g *goTest) settle(o *out) {
	if g.held == nil {
		return
	}
	next := g.pkg
	g.pkg, g.held = *g.held, nil
	if word, name, tail, ok := packageLine(g.heldLine.text); ok {
		g.close(word, name, tail, g.heldLine.at, o)
	}
	g.pkg = next
}

// packageLine splits "ok  \tname\t0.1s", "FAIL\tname [build failed]" and
// "?   \tname\t[no test files]".
func packageLine(text string) (word, name, tail string, ok bool) {
	fields := strings.Fields(text)
	if len(fields) < 3 || len(text) < 5 || text[len(fields[0])] != ' ' && text[len(fields[0])] != '\t' {
		return "", "", "", false
	}
	word, name, tail = fields[0], cut(fields[1]), strings.Join(fields[2:], " ")
	_, timed := match(fields[2], "~s")
	switch word {
	case "ok":
		ok = timed || fields[2] == "(cached)"
	case "?":
		ok = tail == "[no test files]"
	case "FAIL":
		ok = timed || strings.HasPrefix(tail, "[build failed]") || strings.HasPrefix(tail, "[setup failed]")
		ok = ok && text[4] == '\t' || ok && strings.HasPrefix(text, "FAIL  ")
	}
	return word, name, tail, ok
}

// close counts a package that ended.
func (g *goTest) close(word, name, tail string, l logline.Line, o *out) {
	if _, seen := g.run.seen[name]; seen || g.run.over {
		g.flush(o)
	}
	r, p := &g.run, &g.pkg
	if r.First == 0 && p.first > 0 {
		r.First = p.first
	}
	if len(r.seen) < maxOpen {
		r.seen[name] = word != "FAIL"
	}
	r.place(l)
	r.trailing, r.confirmed = false, false
	if p.ran && r.cases {
		for _, run := range r.mute {
			o.add(run)
		}
		r.empty, r.mute = r.empty-len(r.mute), nil
	}
	r.cases = r.cases || p.ran
	bad := p.failed
	switch {
	case word == "?":
		r.empty++
	case word == "FAIL":
		r.failed++
		if bad == 0 && (r.cases || p.ran) {
			bad = 1
		}
		if len(p.fails) == 0 {
			p.fails.add(name, goWords(tail, p.message), l.Number)
		}
		r.fails.join(p.fails)
	case p.verdict == "FAIL" && (p.failed > 0 || p.said):
		// The tests failed, and TestMain threw the status away.
		r.failed++
		r.seen[name] = false
		r.early = 0
		r.fails.join(p.fails)
		r.trailing = true
	default:
		bad = 0
		r.confirmed = p.verdict == "PASS"
		g.passed(name, tail, l, o)
	}
	r.Passed, r.Failed, r.Skipped = r.Passed+p.passed, r.Failed+bad, r.Skipped+p.skipped
	g.pkg = goPackage{open: map[string]bool{}}
}

// goWords is what a failed package without failed cases says.
func goWords(tail, message string) string {
	if strings.HasPrefix(tail, "[") || message == "" {
		return tail
	}
	return message
}

// passed counts a package that is ok.
func (g *goTest) passed(name, tail string, l logline.Line, o *out) {
	r, p := &g.run, &g.pkg
	switch {
	case strings.Contains(tail, "[no tests to run]"):
		r.empty++
	case r.cases && !p.ran && p.verdict == "":
		// With -v every test is named: TestMain ended before any ran.
		// Believed when the next package is verbose too: then it is one invocation.
		r.empty++
		if len(r.mute) >= maxFailures {
			return
		}
		r.mute = append(r.mute, Run{Tool: "go test", Kind: Test, Name: name, State: Empty, First: l.Number, Last: l.Number, Text: string(l.Text)})
	default:
		r.ok++
		if p.ran && p.verdict == "" && len(p.open) > 0 {
			r.early++
		}
	}
}

// flush adds the run of the packages so far.
func (g *goTest) flush(o *out) {
	r := g.run
	g.run = goRun{seen: map[string]bool{}}
	if len(r.seen) == 0 {
		return
	}
	r.Tool, r.Kind = "go test", Test
	if r.failed > 0 && r.confirmed && !r.trailing {
		// go test ends with FAIL when a package failed: those lines were a test's.
		r.failed, r.Failed, r.fails = 0, 0, nil
	}
	if !r.cases {
		r.Uncounted, r.Passed, r.Failed = true, r.ok, r.failed
	}
	r.Failures, r.Suites = r.fails, r.seen
	switch {
	case r.failed > 0:
		r.State = Failed
	case r.early > 0:
		r.State = Unfinished
	case r.ok == 0 && len(r.mute) == 0:
		r.State = Empty
	default:
		r.State = Passed
	}
	o.add(r.Run)
}

func (g *goTest) end(o *out) {
	g.settle(o)
	g.flush(o)
	p := g.pkg
	// A test binary that was run by itself prints no package line.
	if p.ran || p.said && p.verdict == "FAIL" {
		run := Run{Tool: "go test", Kind: Test, Passed: p.passed, Failed: p.failed, Skipped: p.skipped, Failures: p.fails, First: p.first, Last: p.last}
		switch {
		case p.verdict == "":
			run.State = Unfinished
		case p.verdict == "FAIL":
			run.State, run.Failed = Failed, max(p.failed, len(p.fails), 1)
		default:
			run.State, run.Failed, run.Failures = Passed, 0, nil
		}
		o.add(run)
	}
	g.sum.end(o)
}
