package tally

import (
	"fmt"
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// ctest reads CTest: from "Test project /path" to "100% tests passed, 0 tests
// failed out of 5" or "No tests were found!!!".
type ctest struct {
	run     Run
	open    bool
	began   bool
	skipped int // by their own status: CTest counts them as passed
	off     int // disabled: CTest does not count them
	bad     map[string]bool
	listed  bool // "The following tests FAILED:" came
	ended   bool // the percentage came
	fails   fails
}

func newCtest() *ctest { return &ctest{bad: map[string]bool{}} }

func (c *ctest) triggers() []string {
	list := []string{
		"Test project ", "Start ", number + "% tests passed", "No tests were found!!!",
		"The following tests FAILED:", "Test #", "Total Test time (real)", "Errors while running CTest",
	}
	// "3/8 Test #3": three bytes each keep the sieve small.
	for n := range 100 {
		list = append(list, fmt.Sprintf("%s/%02d", number, n))
	}
	for n := range 10 {
		list = append(list, fmt.Sprintf("%s/%d ", number, n))
	}
	return list
}

func (c *ctest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "Test project ") && l.Indent == 0:
		c.flush(o)
		*c = ctest{open: true, bad: map[string]bool{}, run: Run{Tool: "CTest", Kind: Test}}
		c.run.place(l)
	case !c.open:
	case strings.HasPrefix(text, "Start ") && l.Indent > 0:
		if _, name, ok := strings.Cut(text, ": "); ok {
			c.began = true
			o.begin(name)
		}
	case strings.Contains(text, "Test #") && !c.ended:
		c.row(text, l, o)
	case text == "No tests were found!!!":
		c.run.State, c.run.Skipped, c.ended = Empty, c.off+c.skipped, true
		c.run.place(l)
		o.finished("CTest")
	case strings.Contains(text, "% tests passed, "):
		c.summary(text, l, o)
	case text == "The following tests FAILED:" && l.Indent == 0:
		c.listed = c.ended
		if c.listed {
			o.next(maxFailures)
		}
	case text == "Errors while running CTest":
		c.listed = false
		o.next(0)
	case c.listed:
		if n, ok := match(text, "# - *"); ok && len(n) == 1 {
			_, name, _ := strings.Cut(text, " - ")
			c.fails.add(name, "", l.Number)
		}
	}
}

// row reads "3/8 Test #3: bad ....***Failed    0.00 sec".
func (c *ctest) row(text string, l logline.Line, o *out) {
	at := strings.Index(text, "Test #")
	_, rest, ok := strings.Cut(text[at:], ": ")
	if !ok || !strings.HasSuffix(text, " sec") {
		return
	}
	if n, ok := match(text[:at], "#/# "); ok {
		c.run.Expected = n[1]
	}
	name, _, _ := strings.Cut(rest, " ")
	c.began = true
	c.run.Last = l.Number
	o.done(name)
	switch {
	case strings.Contains(rest, "***Not Run (Disabled)"):
		c.off++
	case strings.Contains(rest, "***Skipped"):
		c.skipped++
	case strings.Contains(rest, "***"):
		if len(c.bad) < maxOpen {
			c.bad[cut(name)] = true
		}
	case c.bad[name]:
		c.run.Flaky++
		delete(c.bad, name)
	}
}

func (c *ctest) summary(text string, l logline.Line, o *out) {
	n, ok := match(text, "#% tests passed, # test? failed out of #")
	if !ok || l.Indent > 0 {
		return
	}
	r := &c.run
	r.Failed, r.Skipped = n[1], c.skipped+c.off
	r.Passed = max(0, n[2]-n[1]-c.skipped)
	if r.Executed()+r.Skipped < r.Expected {
		r.Expected = 0 // rows of a progress display overwrite each other
	}
	r.State = outcome(*r)
	r.place(l)
	c.ended = true
	o.finished("CTest")
}

func (c *ctest) flush(o *out) {
	switch {
	case c.open && c.ended:
		c.run.Failures = c.fails
		o.add(c.run)
	case c.open && c.began:
		c.run.State = Unfinished
		for name := range c.bad {
			c.fails.add(name, "", c.run.Last)
		}
		c.run.Failed, c.run.Failures = len(c.bad), c.fails
		o.add(c.run)
	}
	c.open = false
}

func (c *ctest) end(o *out) { c.flush(o) }
