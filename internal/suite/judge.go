package suite

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

const (
	maxSteps   = 500
	maxMessage = 2 << 10
)

// count is how the tests of a run ended.
type count struct {
	ran, passed, failed, setup, allowed, flaky, skipped, stopped, unreached int
}

// judge turns a report into an outcome. In this order:
//
// a test that failed for the product's sake fails the run; one that failed for
// the set-up's sake, or an error outside of all tests, makes it broken; a test
// that was running when the time was over fails it; a run that executed no
// test fails, whatever Playwright thinks, since nothing was looked at; and an
// exit code that contradicts the report makes it broken. Only then it passes.
func (p *play) judge(s *signal.Signal, f found, e ending) {
	c, shown := p.steps(s, f)
	loose, nothing, over := outsideErrors(f.errors)
	first := slices.IndexFunc(s.Steps, func(st signal.Step) bool { return st.Outcome == signal.Fail && !st.Soft })
	switch {
	case c.failed > 0:
		p.fail(s, f, shown, first)
		s.Summary += fmt.Sprintf("; %s", c)
		if e.code == 0 {
			s.Summary += " (and yet Playwright ended with exit code 0)"
		}
	case c.setup > 0:
		at := slices.IndexFunc(s.Steps, func(st signal.Step) bool { return st.Outcome == signal.Broken })
		p.broken(s, s.Steps[at].Message)
	case loose != "":
		p.broken(s, loose)
	case c.stopped > 0:
		p.stopped(s, e, over)
	case e.late || over:
		p.broken(s, fmt.Sprintf("the time was over before every test had begun: %s", c))
	case c.ran == 0 || nothing:
		p.nothing(s, c, nothing)
	case c.unreached > 0:
		p.broken(s, fmt.Sprintf("%d tests were not run, and Playwright does not say why (exit code %d)", c.unreached, e.code))
	case c.flaky > 0 && f.noFlakes:
		p.fail(s, f, shown, slices.IndexFunc(shown, func(t test) bool { return t.status == "flaky" }))
		s.Summary += "; the suite's configuration does not accept flaky tests"
	case e.code != 0 && c.allowed == 0:
		p.broken(s, fmt.Sprintf("every test passed, and yet Playwright ended with %s: %s", e.how(), complaint(clean(e.tail))))
	case c.passed == 0:
		p.nothing(s, c, false)
	default:
		s.Outcome = signal.Pass
		s.Summary = fmt.Sprintf("%s in %.1f s", c, time.Since(p.begin).Seconds())
	}
}

func (e ending) how() string {
	if e.signal != "" {
		return "signal " + e.signal
	}
	return fmt.Sprintf("exit code %d", e.code)
}

// String is like "3 of 5 tests passed (1 flaky), 1 failed, 1 skipped".
func (c count) String() string {
	all := c.ran + c.skipped + c.stopped + c.unreached
	text := fmt.Sprintf("%d of %d tests passed", c.passed, all)
	if c.flaky > 0 {
		text += fmt.Sprintf(" (%d flaky)", c.flaky)
	}
	for _, part := range []struct {
		n    int
		says string
	}{
		{c.failed, "failed"},
		{c.setup, "could not run"},
		{c.allowed, "failed as allowed"},
		{c.stopped, "stopped"},
		{c.unreached, "not reached"},
		{c.skipped, "skipped"},
	} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.says)
		}
	}
	return text
}

// outsideErrors reads the errors that belong to no test. Two of them are not
// faults of the set-up: nothing was found, and the suite's own time was over.
func outsideErrors(list []problem) (loose string, nothing, over bool) {
	for _, e := range list {
		text := e.text()
		switch {
		case nothingFound.MatchString(text):
			nothing = true
		case overTime.MatchString(text):
			over = true
		case loose == "":
			where := ""
			if e.Location != nil {
				where = fmt.Sprintf(" (%s:%d:%d)", filepath.Base(e.Location.File), e.Location.Line, e.Location.Column)
				text += "\n" + e.Location.File
			}
			if loose = matching(outside, text); loose == "" {
				loose = "an error outside of all tests"
			}
			loose += ": " + squeeze(brief(e.text())) + where
		}
	}
	return loose, nothing, over
}

// steps writes one step for each test and counts them. When there are too
// many, those that tell something stay. shown are the tests of the steps.
func (p *play) steps(s *signal.Signal, f found) (c count, shown []test) {
	s.Dropped += f.cut
	spare := maxSteps
	for _, t := range f.tests {
		if telling(t) {
			spare--
		}
	}
	for _, t := range f.tests {
		step := p.step(t, &c)
		if !telling(t) {
			if spare <= 0 {
				s.Dropped++
				continue
			}
			spare--
		} else if len(s.Steps) >= maxSteps {
			s.Dropped++
			continue
		}
		step.Index = len(s.Steps) + 1
		if step.Soft {
			s.Soft++
		}
		s.Steps, shown = append(s.Steps, step), append(shown, t)
	}
	return c, shown
}

// telling reports whether a test did anything but pass or be skipped.
func telling(t test) bool {
	return t.status != "expected" && t.status != "skipped" || t.interrupted()
}

func (p *play) step(t test, c *count) signal.Step {
	step := signal.Step{
		Type: "test", Title: titleOf(t), From: placeOf(t), Took: t.took(),
	}
	if !t.start.IsZero() {
		step.Start = max(t.start.Sub(p.begin), 0)
	}
	if t.ran() {
		c.ran++
	}
	switch {
	case t.interrupted() && t.status != "unexpected" && t.status != "flaky":
		c.stopped++
		step.Outcome, step.Message = signal.Fail, "it was still running when the run was stopped"
		if t.ran() {
			c.ran--
		}
	case t.status == "expected":
		c.passed++
		step.Outcome = signal.Pass
	case t.status == "flaky":
		c.passed++
		c.flaky++
		step.Outcome = signal.Pass
		step.Message = clip(fmt.Sprintf("flaky: passed on retry %d; at first: %s", len(t.results)-1, p.hide.text(brief(first(t)))), maxMessage)
	case t.skipped():
		c.skipped++
		step.Message = "skipped by the suite"
	case t.status == "skipped":
		c.unreached++
		step.Message = "not reached"
	default:
		p.unexpected(t, &step, c)
	}
	return step
}

// unexpected is a step that did not end as its test expects. The report's word
// "unexpected" covers any status that we do not know: that is never a pass.
func (p *play) unexpected(t test, step *signal.Step, c *count) {
	text := first(t)
	if text == "" && t.expected != "" && t.expected != "passed" {
		text = fmt.Sprintf("it passed, and was expected to end as %q", t.expected)
	}
	if text == "" {
		text = "it failed and gave no reason"
	}
	step.Message = clip(p.hide.text(brief(text)), maxMessage) // cut last: half a secret would not be known again
	step.Outcome = signal.Fail
	switch why := broken(t); {
	case why != "":
		c.setup++
		step.Outcome = signal.Broken
		step.Message = clip(why+": "+step.Message, maxMessage)
	case p.allows(t):
		c.allowed++
		step.Soft = true
	default:
		c.failed++
	}
}

// broken says which fault of the set-up kept a test from telling anything.
func broken(t test) string {
	for _, e := range t.errored() {
		if why := matching(inTests, e.text()); why != "" {
			return why
		}
	}
	return ""
}

func (p *play) allows(t test) bool {
	for _, a := range p.req.Allow {
		if a == "" {
			continue
		}
		if strings.Contains(t.title, a) || slices.ContainsFunc(t.errored(), func(e problem) bool { return strings.Contains(e.text(), a) }) {
			return true
		}
	}
	return false
}

// first is the text of a test's first errors: a test that ran out of time has
// two, and only the second says what it was waiting for.
func first(t test) string {
	var parts []string
	for _, e := range t.errored() {
		if text := e.text(); text != "" && len(parts) < 3 {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n")
}

// fail writes the failure of the first test that failed.
func (p *play) fail(s *signal.Signal, f found, shown []test, at int) {
	if at < 0 || at >= len(shown) { // it is among those that were too many
		s.Outcome, s.Failure = signal.Fail, &signal.Failure{Class: "assertion", Message: "a test failed"}
		s.Summary = s.Failure.Message
		return
	}
	step, t := s.Steps[at], shown[at]
	s.Outcome = signal.Fail
	s.Failure = &signal.Failure{Class: class(t), Step: step.Index, Title: step.Title, Message: step.Message, Position: step.From}
	for _, e := range t.errored() {
		if e.Location != nil && e.Location.Line > 0 {
			s.Failure.Position = fmt.Sprintf("%s:%d:%d", f.relative(e.Location.File), e.Location.Line, e.Location.Column)
			break
		}
	}
	s.Summary = clip(fmt.Sprintf("test %d of %d “%s”: %s (%s)", step.Index, len(s.Steps), step.Title, squeeze(step.Message), s.Failure.Position), 400)
}

// relative is a path as seen from the folder of the tests.
func (f found) relative(file string) string {
	if rel, err := filepath.Rel(f.root, file); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.Base(file)
}

// stopped is a run whose time was over while a test was running.
func (p *play) stopped(s *signal.Signal, e ending, over bool) {
	if !e.late && !over {
		p.broken(s, fmt.Sprintf("the run was interrupted (%s)", e.how()))
		return
	}
	at := slices.IndexFunc(s.Steps, func(st signal.Step) bool { return st.Outcome == signal.Fail })
	if at < 0 { // it is among those that were too many
		p.broken(s, "the time was over")
		return
	}
	step := s.Steps[at]
	s.Outcome = signal.Fail
	limit := fmt.Sprintf("the time of the run (%s) was over", p.req.Timeout)
	if over {
		limit = "the suite's own global time was over"
	}
	s.Failure = &signal.Failure{
		Class: "deadline", Step: step.Index, Title: step.Title, Position: step.From,
		Message: fmt.Sprintf("%s while this test was running, since %.1f s", limit, step.Took.Seconds()),
	}
	s.Summary = fmt.Sprintf("“%s”: %s", step.Title, s.Failure.Message)
}

// nothing is a run that looked at nothing: a failure of the journey, because a
// suite that runs no test would be green for ever.
func (p *play) nothing(s *signal.Signal, c count, none bool) {
	message := fmt.Sprintf("no test was executed: %s", c)
	switch {
	case none || c == count{}:
		message = "no test was executed: nothing matches " + strings.Join(append([]string{"the suite's files"}, p.req.Suite.Files...), " ")
		if p.req.Suite.Grep != "" {
			message += " and grep " + p.req.Suite.Grep
		}
	case c.ran > 0:
		message = fmt.Sprintf("no test passed: %s", c)
	case c.skipped > 0 && c.unreached == 0:
		message = fmt.Sprintf("no test was executed: all %d are skipped", c.skipped)
	}
	s.Outcome = signal.Fail
	s.Failure = &signal.Failure{Class: "suite", Message: message}
	s.Summary = message
}

var (
	navigation = regexp.MustCompile(`page\.(?:goto|reload|goBack|goForward): (?:net::ERR_|Navigation|NS_ERROR_)`)
	crash      = regexp.MustCompile(`: (?:Page|Target) crashed`)
	timeout    = regexp.MustCompile(`^(?:Test timeout of|TimeoutError:|"\w+" hook timeout)|Timeout \d+ms exceeded`)
)

// class sorts a failure into the words that verdicts compare.
func class(t test) string {
	text := first(t)
	late := slices.ContainsFunc(t.results, func(r result) bool { return r.Status == "timedOut" })
	switch {
	case crash.MatchString(text):
		return "crash"
	case navigation.MatchString(text):
		return "navigation"
	case late:
		return "step_timeout"
	case strings.Contains(text, "expect("):
		return "assertion"
	case timeout.MatchString(text):
		return "step_timeout"
	}
	return "assertion"
}
