package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// cargoTest reads cargo test and rustdoc's tests. All binaries of an invocation are
// one run: "running 0 tests" is nothing odd in one of them. A result counts only
// when it has as many cases as were announced: tests may print results too.
type cargoTest struct {
	run Run
	// opens are the announcements of cases without their results yet. Cargo names
	// its binaries on standard error and they print on standard output, so that
	// neither's place among the other's lines is sure.
	opens     []int
	headers   int  // binaries that cargo named
	announced int  // binaries that told how many cases they have
	next      bool // cargo named a binary since the last announcement
	results   int
	sure      bool // more than one line says that tests ran
	bench     bool // cargo bench lists all tests as ignored
	broken    bool // cargo itself says that tests failed
	fails     fails
	last      string // of the last failure block: its message may follow
}

func (c *cargoTest) triggers() []string {
	return []string{
		"Finished `", "Finished test ", "Finished bench ", "Finished dev ", "Finished release ", "Running ", "Doc-tests ",
		"running ", "test result: ", "test ", "---- ", "thread '", "assertion `", "all doctests ran in ", "error: test failed", "error: doctest failed",
	}
}

func (c *cargoTest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "Finished ") && l.Indent == 4:
		if strings.Contains(text, " target(s) in ") && len(c.opens) == 0 {
			c.flush(o)
			c.bench = strings.HasPrefix(text, "Finished `bench`") || strings.HasPrefix(text, "Finished bench ")
		}
	case strings.HasPrefix(text, "Running ") && l.Indent == 5 || strings.HasPrefix(text, "Doc-tests ") && l.Indent == 3:
		if strings.HasSuffix(text, ")") || strings.HasPrefix(text, "Doc-tests ") {
			c.begin(l)
			c.headers++
			c.next, c.sure = true, true
		}
	case l.Indent > 0:
	case strings.HasPrefix(text, "running "):
		n, ok := match(text, "running # test?")
		if !ok || len(c.opens) > 0 && !c.next || len(c.opens) >= 1000 {
			return // a test's own words
		}
		c.begin(l)
		c.announced++
		c.next, c.opens = false, append(c.opens, n[0])
		c.run.Expected += n[0]
	case strings.HasPrefix(text, "error: ") && strings.Contains(text, "test failed, to rerun pass"):
		c.broken = c.run.Tool != ""
		c.run.Last = l.Number
	case len(c.opens) == 0:
	case strings.HasPrefix(text, "test result: "):
		c.result(text[13:], l, o)
	case strings.HasPrefix(text, "test "):
		c.test(text[5:], l, o)
	case strings.HasPrefix(text, "---- "):
		if name, ok := strings.CutSuffix(text[5:], " stdout ----"); ok {
			c.last = name
			c.named(name, l)
		}
	case c.last != "":
		c.explain(text)
	}
}

// begin notes where the run begins.
func (c *cargoTest) begin(l logline.Line) {
	if c.run.Tool == "" {
		c.run = Run{Tool: "cargo test", Kind: Test}
		c.run.place(l)
	}
}

// test reads "a::b ... FAILED".
func (c *cargoTest) test(text string, l logline.Line, o *out) {
	name, state, ok := strings.Cut(text, " ... ")
	if !ok {
		return
	}
	name, _, _ = strings.Cut(name, " - should panic")
	o.done(name)
	c.run.Last, c.sure = l.Number, true
	if state == "FAILED" {
		c.named(name, l)
	}
}

// named notes a failed test, once.
func (c *cargoTest) named(name string, l logline.Line) {
	for _, f := range c.fails {
		if f.Name == name {
			return
		}
	}
	c.fails.add(name, "", l.Number)
}

// explain takes what a failed test printed for its message: its panic, and what
// the panic said.
func (c *cargoTest) explain(text string) {
	for i := range c.fails {
		f := &c.fails[i]
		if f.Name != c.last {
			continue
		}
		switch {
		case strings.HasPrefix(text, "assertion `"):
			f.Message = cut(text)
		case strings.HasPrefix(text, "thread '") && strings.Contains(text, " panicked at ") && f.Message == "":
			_, at, _ := strings.Cut(text, " panicked at ")
			f.Message = cut("panicked at " + at)
		}
	}
}

// result reads "ok. 5 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out".
func (c *cargoTest) result(text string, l logline.Line, o *out) {
	word, rest, _ := strings.Cut(text, ". ")
	rest, _, _ = strings.Cut(rest, "; finished in")
	counts, ok := tallied(rest, "; ")
	if !ok || word != "ok" && word != "FAILED" || !only(counts, "|passed|failed|ignored|measured|filtered out|") {
		return
	}
	at := len(c.opens) - 1
	for at >= 0 && c.opens[at] != counts["passed"]+counts["failed"]+counts["ignored"]+counts["measured"] {
		at--
	}
	if at < 0 {
		return
	}
	c.opens = append(c.opens[:at], c.opens[at+1:]...)
	c.run.Passed += counts["passed"] + counts["measured"]
	c.run.Failed += counts["failed"]
	c.run.Skipped += counts["ignored"]
	if word == "FAILED" && counts["failed"] == 0 {
		c.run.Failed++
	}
	c.run.place(l)
	c.results++
	c.last = ""
	o.finished("cargo test")
}

func (c *cargoTest) flush(o *out) {
	r := c.run
	unfinished := len(c.opens) > 0 && c.sure
	// A harness of its own prints as it likes: that nothing was counted says nothing.
	unknown := r.Executed() == 0 && (c.bench || c.headers > c.announced)
	if !c.broken && !unfinished && (c.results == 0 || unknown) {
		*c = cargoTest{}
		return
	}
	if c.broken && r.Failed == 0 {
		r.Failed = 1 // a binary that died
	}
	r.State, r.Failures = outcome(r), c.fails
	switch {
	case unfinished && r.Failed == 0:
		r.State = Unfinished
	case r.Failed == 0:
		r.Failures = nil
	}
	o.add(r)
	*c = cargoTest{}
}

func (c *cargoTest) end(o *out) { c.flush(o) }

// nextest reads cargo nextest: "Summary [   0.1s] 5 tests run: 5 passed".
type nextest struct {
	begun Run
	fails fails
}

func (n *nextest) triggers() []string {
	return []string{"Summary [", "Starting ", "FAIL [", "SIGABRT [", "SIGSEGV [", "TIMEOUT [", "PASS [", "error: no tests to run"}
}

func (n *nextest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "Starting "):
		if c, ok := match(text, "Starting # test? across # binar*"); ok {
			n.end(o)
			n.begun = Run{Tool: "nextest", Kind: Test, Expected: c[0]}
			n.begun.place(l)
		}
	case n.begun.Tool == "":
	case strings.HasPrefix(text, "Summary ["):
		n.summary(text, l, o)
	case strings.HasPrefix(text, "PASS ["):
		_, name, _ := strings.Cut(text, "] ")
		o.done(strings.TrimSpace(name))
	case strings.Contains(text, " [") && strings.Contains(text, "s] "):
		_, name, _ := strings.Cut(text, "] ")
		n.fails.add(strings.TrimSpace(name), "", l.Number)
	}
}

// summary reads "Summary [ 0.1s] 5 tests run: 4 passed (1 slow, 1 flaky), 1 failed, 2 skipped".
func (n *nextest) summary(text string, l logline.Line, o *out) {
	_, rest, _ := strings.Cut(text, "] ")
	head, list, ok := strings.Cut(rest, ": ")
	_, all := match(head, "# test? run")
	_, some := match(head, "#/# test? run")
	if !ok || !all && !some {
		return
	}
	run := n.begun
	depth := 0
	flat := strings.Map(func(r rune) rune {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth > 0:
			return ';'
		}
		return r
	}, list)
	for part := range strings.SplitSeq(flat, ", ") {
		count, word, ok := integer(part)
		if !ok {
			return
		}
		word, inner, _ := strings.Cut(strings.TrimSpace(word), " (")
		switch word {
		case "passed":
			run.Passed += count
			if c, ok := tallied(strings.TrimSuffix(inner, ")"), "; "); ok {
				run.Flaky = c["flaky"]
			}
		case "failed", "timed out", "exec failed":
			run.Failed += count
		case "skipped":
			run.Skipped += count
		}
	}
	run.State = outcome(run)
	if run.Passed == 0 && run.Failed == 0 && run.Expected == 0 {
		run.State = Empty // what is filtered out counts as skipped
	}
	if run.Failed > 0 {
		run.Failures = n.fails
	}
	run.place(l)
	o.add(run)
	o.finished("nextest")
	*n = nextest{}
}

func (n *nextest) end(o *out) {
	if n.begun.Tool != "" && n.begun.Expected > 0 {
		n.begun.State, n.begun.Failures = Unfinished, n.fails
		o.add(n.begun)
	}
	*n = nextest{}
}
