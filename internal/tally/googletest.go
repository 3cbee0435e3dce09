package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// googletest reads GoogleTest: from "[==========] Running 4 tests from 2 test
// suites." to "[==========] 4 tests from 2 test suites ran." and the lists after
// it. Such lists before it are a test's own words.
type googletest struct {
	sessions
	after *Run // the frame was closed, its lists follow
	ran   int  // cases that the frame counted
	outer *session
	shard string
}

func (g *googletest) triggers() []string {
	return []string{
		"[==========] ", "[ RUN      ] ", "[       OK ] ", "[  FAILED  ] ", "[  SKIPPED ] ", "[  PASSED  ] ",
		"Note: This is test shard ", "YOU HAVE ",
	}
}

func (g *googletest) line(l logline.Line, o *out) {
	text := o.text(l)
	if strings.HasPrefix(text, "Note: This is test shard ") {
		g.shard = strings.TrimSuffix(text[14:], ".")
		return
	}
	if len(text) < 13 || l.Indent > 0 {
		return
	}
	rest := text[13:]
	switch text[:13] {
	case "[==========] ":
		g.frame(rest, l, o)
	case "[ RUN      ] ":
		g.flush(o)
		if s := g.top(); s != nil {
			s.began = true
		}
		o.begin(rest)
	case "[       OK ] ":
		name, _, _ := strings.Cut(rest, " (")
		o.done(name)
	case "[  FAILED  ] ":
		g.failed(rest, l, o)
	case "[  SKIPPED ] ":
		if n, ok := match(rest, "# test?*"); ok && g.after != nil && g.after.Skipped == 0 {
			g.after.Skipped = n[0]
		}
	case "[  PASSED  ] ":
		if n, ok := match(rest, "# test?."); ok && g.after != nil {
			g.after.Passed, g.after.Last = n[0], l.Number
		}
	}
}

// frame reads what begins and ends a program's tests.
func (g *googletest) frame(rest string, l logline.Line, o *out) {
	if n, ok := match(rest, "Running # test? from # test *"); ok {
		g.flush(o)
		g.running(n[0], l)
		return
	}
	n, ok := match(rest, "# test? from # test *")
	if !ok || !strings.Contains(rest, " ran.") {
		return
	}
	g.flush(o)
	s, outer := g.sessions.close(n[0])
	if s == nil { // --gtest_brief prints no beginning
		s = &session{run: Run{Tool: "GoogleTest", Kind: Test, Name: g.shard}}
	}
	run := s.run
	run.Passed, run.Failures, g.ran = n[0], s.fails, n[0]
	run.place(l)
	g.after, g.outer, g.shard = &run, outer, ""
	if outer == nil {
		o.finished("GoogleTest")
	}
}

func (g *googletest) running(cases int, l logline.Line) {
	run := Run{Tool: "GoogleTest", Kind: Test, Expected: cases, Name: g.shard}
	run.place(l)
	g.begin(run)
}

// failed reads a case that failed, or after the end how many did and which.
func (g *googletest) failed(rest string, l logline.Line, o *out) {
	if g.after == nil {
		if name, took, ok := strings.Cut(rest, " ("); ok && strings.HasSuffix(took, " ms)") {
			o.done(name)
			if s := g.top(); s != nil {
				s.fails.add(name, "", l.Number)
			}
		}
		return
	}
	if n, ok := match(rest, "# test?*"); ok && strings.HasSuffix(rest, "listed below:") {
		g.after.Failed = n[0]
		return
	}
	if len(g.after.Failures) < g.after.Failed {
		(*fails)(&g.after.Failures).add(rest, "", l.Number)
	}
}

// flush adds the run whose lists are over.
func (g *googletest) flush(o *out) {
	if g.after == nil {
		return
	}
	run := *g.after
	run.Failed = max(run.Failed, g.ran-run.Passed-run.Skipped)
	run.State = outcome(run)
	if run.Failed == 0 {
		run.Failures = nil
	}
	g.give(run, g.outer, o)
	g.after, g.outer = nil, nil
}

func (g *googletest) end(o *out) {
	g.flush(o)
	g.abandon(o)
}
