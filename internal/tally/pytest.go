package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// pytest reads the sessions of pytest: header, "collected 5 items", and the
// framed last line; with -q the last line has no frame and no header, and counts
// only after a progress line or a framed heading.
type pytest struct {
	sessions
	quiet   int // the line of what only a session without header prints, 0 for none
	summary bool
	listed  bool // a short summary came, and no last line yet
	fails   fails
	// A test with -s may print a whole session before the real last line comes:
	// the last framed line since the header is the session's.
	held *Run
	// Where the runs begin that a second try in a new process may decide, and the
	// line that said it did not help.
	since, consistent int
	report            bool // within the report of the plugin flaky
	retried           int  // what it tells
	sugar             pytestSugar
	width             int // of the frames of the open sessions, the narrowest
	orphan            Run // what a last line without a session told: its head was cut off
}

const pytestWords = "|passed|failed|skipped|deselected|xfailed|xpassed|error|warning|rerun|subtests passed|subtests failed|subtests skipped|subtest passed|subtest failed|subtest skipped|test ran|tests ran|flaky|xdist|snapshot|snapshots passed|"

func newPytest() *pytest { return &pytest{} }

func (p *pytest) triggers() []string {
	list := []string{
		"===", "== ", "collected ", "collecting ", "FAILED ", "ERROR ", "INTERNALERROR> ", "no tests ran in ",
		"run-last-failure: rerun previous ", "[gw", "!!!", "Running ", "The following tests failed ", "gw0 [", "Results (", "Test session starts",
	}
	for _, word := range []string{"passed", "failed", "skipped", "deselected", "error", "warning", "xfailed", "xpassed", "rerun"} {
		list = append(list, number+word)
	}
	for d := '0'; d <= '9'; d++ {
		list = append(list, "= "+string(d))
	}
	list = append(list, "= no tests")
	const marks = ".FsEx"
	for _, a := range marks {
		for _, b := range marks {
			for _, c := range marks + " " {
				list = append(list, string([]rune{a, b, c}))
			}
		}
		list = append(list, string(a)+"  ")
	}
	return list
}

func (p *pytest) line(l logline.Line, o *out) {
	text := o.text(l)
	if p.sugar.line(text, l, o) || l.Indent > 0 {
		return
	}
	switch {
	case text == "":
	case text[0] == '=' && !strings.Contains(text, "Flaky Test Report"):
		p.heading(text, l, o)
	case strings.HasPrefix(text, "collect"):
		p.collect(text)
	case strings.HasPrefix(text, "gw0 ["):
		if n, ok := match(text, "gw0 [#]*"); ok && p.top() != nil {
			p.top().run.Expected, p.top().began = n[0], true
		}
	case strings.HasPrefix(text, "run-last-failure: "):
		if s := p.top(); s != nil {
			s.run.Rerun = true
		}
	case text[0] == '!':
		if s := p.top(); s != nil {
			s.broke = true
		}
	case strings.HasPrefix(text, "Running "):
		if n, ok := match(text, "Running # items in this shard*"); ok && p.top() != nil {
			p.top().run.Expected = n[0]
		}
	case strings.HasPrefix(text, "The following tests failed "):
		p.newProcess(text, l, o)
	case strings.HasPrefix(text, "===Flaky Test Report==="):
		p.report = true
		o.next(400)
	case p.report:
		p.flaky(text, o)
	case strings.HasPrefix(text, "FAILED ") || strings.HasPrefix(text, "ERROR "):
		p.named(text, l)
	case strings.HasPrefix(text, "INTERNALERROR> "):
		if s := p.top(); s != nil {
			s.run.Failed, s.began = 1, true
			if rest := text[15:]; rest != "" && rest[0] != ' ' && !strings.HasPrefix(rest, "Traceback") {
				s.fails.add("INTERNALERROR", rest, l.Number)
			}
		}
	case strings.HasPrefix(text, "[gw"):
		if s := p.top(); s != nil && strings.HasSuffix(text, "] node down: Not properly terminated") {
			o.mark(rule.CrashedWorker, "pytest", l)
		}
	case digit(text[0]) || strings.HasPrefix(text, "no tests ran in "):
		if p.quiet > 0 || text[0] == 'n' {
			p.last(text, l, o, true)
		}
	case progress(text):
		p.quiet = l.Number
	}
}

// progress reports whether text is a line of pytest's dots: ".F.s   [ 50%]".
func progress(text string) bool {
	marks, rest, _ := strings.Cut(text, " ")
	if !allOf(marks, ".FsExXR") {
		return false
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return !strings.HasPrefix(marks, "...") || strings.Trim(marks, ".") != "" || len(marks) > 3
	}
	rest = strings.TrimSpace(strings.TrimPrefix(rest, "["))
	_, percent := match(rest, "#%]")
	_, count := match(strings.ReplaceAll(rest, " ", ""), "#/#]")
	return percent || count
}

// heading reads what stands between equal signs.
func (p *pytest) heading(text string, l logline.Line, o *out) {
	title, ok := frame(text, '=')
	if !ok {
		return
	}
	switch title {
	case "test session starts":
		p.release(o)
		run := Run{Tool: "pytest", Kind: Test}
		run.place(l)
		if len(p.open) == 0 || len(text) < p.width {
			p.width = len(text)
		}
		p.begin(run)
		p.quiet, p.summary, p.fails = 0, false, nil
	case "FAILURES", "ERRORS", "warnings summary", "short test summary info", "slowest durations", "PASSES", "XFAILURES":
		p.summary = title == "short test summary info"
		p.listed = p.listed || p.summary
		if p.summary {
			p.fails = nil
		}
		if len(p.open) == 0 {
			p.quiet = l.Number
		}
	default:
		switch {
		case (len(p.open) > 0 || p.held != nil) && len(text) < p.width-2:
			// All its frames are as wide as the first: this one a test printed.
		case len(p.open) > 0 || p.held != nil:
			p.last(title, l, o, false)
		case len(text) >= 60:
			p.beheaded(title, l)
		}
	}
}

// collect reads "collected 9 items / 2 deselected / 7 selected".
func (p *pytest) collect(text string) {
	s := p.top()
	text = strings.TrimPrefix(text, "collecting ... ")
	first, rest, _ := strings.Cut(text, " / ")
	n, ok := match(first, "collected # item?")
	if s == nil || !ok {
		return
	}
	s.began, s.run.Expected = true, n[0]
	if counts, ok := tallied(rest, " / "); ok {
		s.run.Expected -= min(n[0], counts["deselected"])
	}
}

// named reads a line of the short summary.
func (p *pytest) named(text string, l logline.Line) {
	if !p.summary {
		return
	}
	_, rest, _ := strings.Cut(text, " ")
	name, message, _ := strings.Cut(rest, " - ")
	p.fails.add(name, message, l.Number)
}

// newProcess reads what PyTorch's runner says after it tried the failures of its
// sessions again: "The following tests failed and then succeeded when run in a
// new process['a.py::T::t']". It says first what failed again.
func (p *pytest) newProcess(text string, l logline.Line, o *out) {
	p.release(o)
	p.abandon(o)
	if strings.HasPrefix(text, "The following tests failed consistently: ") {
		p.consistent, p.since = l.Number, len(o.r.runs)
		return
	}
	if !strings.HasPrefix(text, "The following tests failed and then succeeded when run in a new process") {
		return
	}
	for i := min(p.since, len(o.r.runs)); i < len(o.r.runs) && l.Number-p.consistent > 2; i++ {
		r := &o.r.runs[i]
		if r.Tool == "pytest" && (r.State == Failed || r.State == Unfinished) {
			r.State, r.Flaky, r.Failed = Passed, max(1, r.Failed), 0
			r.Passed += r.Flaky
			r.Expected = 0 // each process ran a part
		}
	}
	p.since = len(o.r.runs)
}

// flaky reads the report of the plugin flaky: "test_a failed (1 runs remaining
// out of 2)."
func (p *pytest) flaky(text string, o *out) {
	switch {
	case strings.HasPrefix(text, "===End Flaky Test Report==="):
		p.report = false
		o.next(0)
	case strings.Contains(text, " failed (") && strings.Contains(text, " runs remaining out of "):
		p.retried++
	}
}

// last reads the last line: "2 failed, 3 passed in 0.12s (0:01:02)".
func (p *pytest) last(text string, l logline.Line, o *out, quiet bool) {
	at := strings.LastIndex(text, " in ")
	if at < 0 {
		return
	}
	_, plain := match(text[at:], " in ~s")
	_, long := match(text[at:], " in ~s (*")
	_, old := match(text[at:], " in ~ seconds")
	if !plain && !long && !old {
		return
	}
	words := text[:at]
	if first, rest, _ := strings.Cut(words, ", "); strings.Contains(first, " collected") {
		if words = rest; !strings.Contains(words, " error") { // --collect-only
			p.sessions.close(-1)
			return
		}
	}
	counts, ok := tallied(words, ", ")
	if words == "no tests ran" {
		counts, ok = map[string]int{"deselected": 0}, true
	}
	// Plugins add words of their own: in a frame they are believed.
	if !ok || quiet && !only(counts, pytestWords) {
		return
	}
	run := Run{
		Tool: "pytest", Kind: Test, Passed: counts["passed"] + counts["xfailed"] + counts["xpassed"],
		Failed: counts["failed"] + counts["error"], Skipped: counts["skipped"],
	}
	if run.Failed == 0 {
		run.Flaky = min(counts["rerun"]+counts["retried"]+p.retried, run.Passed)
	}
	var outer *session
	switch {
	case quiet:
		p.release(o)
	case len(p.open) == 0:
		run.First, run.Expected = p.held.First, p.held.Expected
		if run.Executed()+run.Skipped != run.Expected {
			run.Expected = 0
		}
		p.held = nil
	default:
		var s *session
		s, outer = p.sessions.close(run.Executed() + run.Skipped)
		run.First, run.Expected, run.Rerun = s.run.First, s.run.Expected, s.run.Rerun
		if !s.broke && run.Failed == 0 && run.Executed()+run.Skipped < run.Expected {
			run.Expected = 0 // it came to its end: a plugin left out the rest
		}
		if s.run.Failed > 0 { // INTERNALERROR
			run.Failed = max(1, run.Failed)
			p.fails = append(s.fails, p.fails...)
		}
	}
	run.place(l)
	run.State, run.Failures = outcome(run), p.fails
	if run.Failed == 0 {
		run.Failures = nil
	}
	if outer == nil && !quiet {
		p.held = &run
	} else {
		p.give(run, outer, o)
	}
	p.quiet, p.summary, p.listed, p.fails, p.retried = 0, false, false, nil, 0
	if outer == nil {
		o.finished("pytest")
	}
}

// beheaded keeps a last line that stands in no session: of "pytest | tail" nothing
// else is left. Others quote such lines, but none ends with one.
func (p *pytest) beheaded(title string, l logline.Line) {
	words, took, ok := strings.Cut(title, " in ")
	if _, timed := match(took, "~s*"); !ok || !timed {
		return
	}
	counts, ok := tallied(words, ", ")
	if !ok || !only(counts, pytestWords) {
		return
	}
	p.orphan = Run{
		Tool: "pytest", Kind: Test, Passed: counts["passed"] + counts["xfailed"] + counts["xpassed"],
		Failed: counts["failed"] + counts["error"], Skipped: counts["skipped"], Text: title,
	}
	p.orphan.place(l)
	p.orphan.State = outcome(p.orphan)
	if p.orphan.Failed > 0 {
		p.orphan.Failures = p.fails
	}
}

// release adds the run that is held.
func (p *pytest) release(o *out) {
	if p.held != nil {
		o.add(*p.held)
		p.held = nil
	}
}

func (p *pytest) end(o *out) {
	p.release(o)
	if p.listed && len(p.fails) > 0 && len(p.open) == 0 {
		// With -qq there is no last line, only the names of what failed.
		o.add(Run{
			Tool: "pytest", Kind: Test, State: Failed, Failed: len(p.fails), Uncounted: true, Failures: p.fails,
			First: p.fails[0].Line, Last: p.fails[len(p.fails)-1].Line,
		})
	}
	if p.orphan.Tool != "" && len(o.r.runs) == 0 && len(p.open) == 0 && p.orphan.Last+12 >= o.r.lines {
		o.add(p.orphan)
	}
	p.abandon(o)
	p.sugar.end(o)
}

// pytestSugar reads the last lines of the plugin pytest-sugar: "Results (0.06s):"
// and a count on each line after it.
type pytestSugar struct {
	run  Run
	left int
}

func (s *pytestSugar) line(text string, l logline.Line, o *out) bool {
	if _, ok := match(text, "Results (~s):"); ok {
		s.end(o)
		s.run, s.left = Run{Tool: "pytest", Kind: Test}, 8
		s.run.place(l)
		o.next(8)
		return true
	}
	if s.left == 0 {
		return false
	}
	s.left--
	n, word, ok := integer(text)
	if !ok || l.Indent == 0 {
		if s.left < 7 {
			s.left = 0
		}
		return false
	}
	switch strings.TrimSpace(word) {
	case "passed", "xpassed", "xfailed":
		s.run.Passed += n
	case "failed", "error", "errors":
		s.run.Failed += n
	case "skipped":
		s.run.Skipped += n
	case "rerun":
		s.run.Flaky += n
	}
	return true
}

func (s *pytestSugar) end(o *out) {
	if s.run.Tool != "" && s.run.Executed()+s.run.Skipped > 0 {
		s.run.State = outcome(s.run)
		o.add(s.run)
	}
	*s = pytestSugar{}
}
