package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// gotestsum reads the line that gotestsum ends with in every format:
// "DONE 12 tests, 1 skipped, 2 failures in 0.1s". With --rerun-fails each run
// has one, and the counts go on: the last one decides.
type gotestsum struct {
	open     bool
	run      Run
	first    int // failures of the first run
	failures int // failures of all runs so far
	fails    fails
}

func (s *gotestsum) line(text string, l logline.Line, o *out, g *goTest) {
	if l.Indent > 0 {
		return
	}
	if rest, ok := strings.CutPrefix(text, "=== FAIL: "); ok {
		if i := strings.LastIndex(rest, " ("); i > 0 {
			s.fails.add(strings.TrimSpace(rest[:i]), "", l.Number)
			o.next(3)
		}
		return
	}
	s.done(text, l, o, g)
}

func (s *gotestsum) done(text string, l logline.Line, o *out, g *goTest) {
	at := strings.LastIndex(text, " in ")
	if at < 5 {
		return
	}
	if _, ok := match(text[at:], " in ~s"); !ok {
		return
	}
	counts, ok := tallied(text[5:at], ", ")
	if _, tests := counts["test"]; !ok || !tests || !only(counts, "|run|test|skipped|failure|error|") {
		return
	}
	bad := counts["failure"] + counts["error"]
	if counts["run"] < 2 || !s.open {
		s.end(o)
		s.open, s.first, s.failures = true, bad, 0
		s.run = Run{Tool: "gotestsum", Kind: Test, Skipped: counts["skipped"]}
		s.run.Passed = max(0, counts["test"]-counts["failure"]-counts["skipped"])
	} else {
		s.run.Flaky = max(0, s.first-(bad-s.failures))
		s.run.Passed += max(0, s.run.Failed-(bad-s.failures))
	}
	s.run.Failed = max(0, bad-s.failures)
	s.failures = bad
	s.run.place(l)
	s.replace(o, g)
	o.finished("gotestsum")
}

// replace drops what the lines of go test said: gotestsum prints them too. What
// failed there and not here was another run.
func (s *gotestsum) replace(o *out, g *goTest) {
	if g.run.failed > 0 && s.failures == 0 {
		g.settle(o)
		g.flush(o)
	}
	*g = goTest{run: goRun{seen: map[string]bool{}}, pkg: goPackage{open: map[string]bool{}}, sum: *s}
}

func (s *gotestsum) end(o *out) {
	if !s.open {
		return
	}
	s.run.State = outcome(s.run)
	if s.run.Failed > 0 || s.run.Flaky > 0 {
		s.run.Failures = s.fails
	}
	o.add(s.run)
	*s = gotestsum{}
}
