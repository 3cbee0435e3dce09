package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// phpunit reads PHPUnit and ParaTest: from "PHPUnit 9.6 by Sebastian Bergmann"
// to the verdict, which counts only after "Time: 00:00.002, Memory: 4.00 MB".
type phpunit struct {
	run     Run
	open    bool
	began   bool
	timed   bool
	verdict string
	named   bool
	aside   bool // risky tests and warnings are listed, not failures
	fails   fails
}

func (p *phpunit) triggers() []string {
	return []string{
		"PHPUnit ", "ParaTest ", "Time: ", "OK (", "OK, but ", "FAILURES!", "ERRORS!", "WARNINGS!", "Tests: ",
		"No tests executed!", "There was ", "There were ", number + ") ", "1) ", "2) ", "3) ", "4) ", "5) ", "6) ", "7) ", "8) ", "9) ",
	}
}

func (p *phpunit) line(l logline.Line, o *out) {
	text := o.text(l)
	if l.Indent > 0 {
		return
	}
	if strings.HasPrefix(text, "PHPUnit ") || strings.HasPrefix(text, "ParaTest ") {
		if strings.HasSuffix(text, " by Sebastian Bergmann and contributors.") {
			p.abandon(o)
			p.begin(l)
			o.next(12)
		}
		return
	}
	if !p.open && strings.HasPrefix(text, "Time: ") && strings.Contains(text, ", Memory: ") {
		p.begin(l) // Codeception has a header of its own
	}
	if !p.open {
		return
	}
	switch {
	case strings.HasPrefix(text, "Time: ") && strings.Contains(text, ", Memory: "):
		p.timed = true
	case text == "No tests executed!":
		p.run.State = Empty
		p.finish(l, o)
	case p.timed && strings.HasPrefix(text, "OK ("):
		if n, ok := match(text, "OK (# test?, # assertion?)"); ok {
			p.run.Passed = n[0]
			p.run.State = outcome(p.run)
			p.finish(l, o)
		}
	case p.timed && (text == "FAILURES!" || text == "ERRORS!" || text == "WARNINGS!" || strings.HasPrefix(text, "OK, but ")):
		p.verdict = text
	case p.verdict != "" && strings.HasPrefix(text, "Tests: "):
		p.counts(text, l, o)
	case p.timed && strings.HasPrefix(text, "There w"):
		p.aside = !strings.Contains(text, " error") && !strings.Contains(text, " failure")
	case p.timed && p.named:
		p.named = false
		p.fails.explain(text)
	case p.timed && !p.aside && digit(text0(text)):
		if _, ok := match(text, "#) *"); ok {
			_, name, _ := strings.Cut(text, ") ")
			p.fails.add(name, "", l.Number)
			p.named = true
			o.next(1)
		}
	case phpDots(text):
		p.began = true
	}
}

func (p *phpunit) begin(l logline.Line) {
	*p = phpunit{open: true, run: Run{Tool: "PHPUnit", Kind: Test}}
	p.run.place(l)
}

func text0(text string) byte {
	if text == "" {
		return 0
	}
	return text[0]
}

// phpDots reports whether text is a line of PHPUnit's progress: ".F.S   4 / 4 (100%)".
func phpDots(text string) bool {
	marks, rest, _ := strings.Cut(text, " ")
	if !allOf(marks, ".FEWRSIDNP") {
		return false
	}
	rest = strings.TrimSpace(rest)
	_, ok := match(strings.ReplaceAll(rest, " ", ""), "#/#(#%)")
	return ok || rest == "" && strings.Contains(marks, ".")
}

// counts reads "Tests: 5, Assertions: 9, Failures: 1, Skipped: 1."
func (p *phpunit) counts(text string, l logline.Line, o *out) {
	counts := map[string]int{}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "."), ", ") {
		key, value, _ := strings.Cut(part, ": ")
		n, _, ok := integer(value)
		if !ok {
			return
		}
		counts[key] = n
	}
	r := &p.run
	r.Failed, r.Skipped = counts["Failures"]+counts["Errors"], counts["Skipped"]+counts["Incomplete"]
	r.Passed, r.Warnings = max(0, counts["Tests"]-r.Failed-r.Skipped), counts["Warnings"]+counts["PHPUnit Warnings"]
	if p.verdict == "WARNINGS!" {
		r.Passed = max(0, r.Passed-r.Warnings)
	}
	r.State = outcome(*r)
	if p.verdict == "FAILURES!" || p.verdict == "ERRORS!" {
		r.State, r.Failed, r.Failures = Failed, max(1, r.Failed), p.fails
	}
	p.finish(l, o)
}

func (p *phpunit) finish(l logline.Line, o *out) {
	p.run.place(l)
	o.add(p.run)
	o.finished("PHPUnit")
	*p = phpunit{}
}

func (p *phpunit) abandon(o *out) {
	if p.open && p.began {
		p.run.State, p.run.Failures = Unfinished, p.fails
		o.add(p.run)
	}
}

func (p *phpunit) end(o *out) { p.abandon(o) }

// pest reads Pest and Laravel's artisan test: "Tests:    1 failed, 2 passed (3
// assertions)", with "Duration:" on the next line.
type pest struct {
	run   Run
	fails fails
}

func (p *pest) triggers() []string {
	return []string{"Tests: ", "Duration: ", "Time:   ", "FAILED  ", "INFO  No tests found."}
}

func (p *pest) line(l logline.Line, o *out) {
	text := o.text(l)
	switch {
	case strings.HasPrefix(text, "Tests: "):
		p.tests(strings.TrimSpace(text[7:]), l, o)
	case (strings.HasPrefix(text, "Duration: ") || strings.HasPrefix(text, "Time: ")) && l.Indent == 2 && p.run.Tool != "" && l.Number-p.run.Last == 1:
		o.add(p.run)
		o.finished("Pest")
		*p = pest{}
	case strings.HasPrefix(text, "FAILED  ") && l.Indent == 2:
		p.fails.add(strings.TrimSpace(text[8:]), "", l.Number)
	case strings.HasPrefix(text, "INFO  No tests found.") && l.Indent == 2:
		run := Run{Tool: "Pest", Kind: Test, State: Empty}
		run.place(l)
		o.add(run)
	}
}

func (p *pest) tests(text string, l logline.Line, o *out) {
	at := strings.LastIndex(text, " (")
	if at < 0 {
		at = len(text) // Pest 1 told no assertions
	} else if _, ok := match(text[at:], " (# assertion?)"); !ok {
		return
	}
	if l.Indent != 2 {
		return
	}
	counts, ok := tallied(text[:at], ", ")
	if !ok || !only(counts, "|passed|failed|skipped|incomplete|todo|risky|deprecated|warning|notice|warned|pending|") {
		return
	}
	run := Run{Tool: "Pest", Kind: Test, Failed: counts["failed"], Skipped: counts["skipped"] + counts["todo"] + counts["incomplete"] + counts["pending"]}
	run.Passed = counts["passed"] + counts["risky"] + counts["warning"] + counts["deprecated"] + counts["notice"] + counts["warned"]
	run.State = outcome(run)
	if run.Failed > 0 {
		run.Failures = p.fails
	}
	run.place(l)
	p.run = run
	o.next(1)
}

func (p *pest) end(*out) {}
