package tally

import (
	"bytes"
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// turbo reads Turborepo: what it ran, and the prefixes of its packages.
//
//	 Tasks:    1 successful, 3 total
//	Cached:    0 cached, 3 total
//	  Time:    191ms
//	Failed:    @m/b#test
type turbo struct{ run Run }

func (g *turbo) triggers() []string {
	return []string{"• Packages in scope: ", "Tasks: ", "Cached: ", "Time: ", "Failed: ", "WARNING  No tasks were executed as part of this run."}
}

func (g *turbo) line(l logline.Line, o *out) {
	t := o.text(l)
	switch {
	case strings.HasPrefix(t, "• Packages in scope: "):
		o.prefixed(turboLanes(strings.TrimPrefix(t, "• Packages in scope: ")))
	case strings.HasPrefix(t, "WARNING  No tasks"):
		o.mark(rule.NothingSelected, "Turborepo", l)
	case strings.HasPrefix(t, "Tasks: "):
		if n, ok := like(spaced(t), "Tasks: {n} successful, {n} total"); ok && l.Indent <= 1 {
			g.end(o)
			g.run = of("Turborepo", Task, l)
			g.run.Passed, g.run.Expected = n[0], n[1]
		}
	case g.run.First == 0 || l.Number > g.run.First+4:
	case strings.HasPrefix(t, "Time: ") && strings.Contains(t, "FULL TURBO"):
		o.mark(rule.CacheReplay, "Turborepo", l)
	case strings.HasPrefix(t, "Failed: "):
		for name := range strings.SplitSeq(strings.TrimSpace(strings.TrimPrefix(t, "Failed: ")), ", ") {
			g.run.Failed++
			g.run.Failures = append(g.run.Failures, Failure{Name: cut(name), Line: l.Number})
		}
		g.run.State, g.run.Last, g.run.Text = Failed, l.Number, t
	}
}

func (g *turbo) end(o *out) {
	r := g.run
	g.run = Run{}
	switch {
	case r.First == 0:
		return
	case r.Expected == 0:
		r.State = Empty
	case r.State == Passed && r.Passed < r.Expected:
		r.State, r.Failed = Failed, r.Expected-r.Passed
	}
	o.add(r)
}

// spaced is t with single spaces.
func spaced(t string) string { return strings.Join(strings.Fields(t), " ") }

// turboLanes splits "web:test: text" for the packages that are named.
func turboLanes(list string) func(text []byte) (name, rest []byte, ok bool) {
	packages := map[string]bool{}
	for name := range strings.SplitSeq(list, ", ") {
		packages[strings.TrimSpace(name)] = true
	}
	return func(text []byte) (name, rest []byte, ok bool) {
		i := bytes.IndexByte(text, ':')
		if i <= 0 || !packages[string(text[:i])] {
			return nil, nil, false
		}
		task := text[i+1:]
		j := bytes.Index(task, []byte(": "))
		if j < 0 && len(task) > 0 && task[len(task)-1] == ':' {
			j = len(task) - 1
		}
		if j <= 0 || !token(string(task[:j])) {
			return nil, nil, false
		}
		return text[:i+1+j], task[min(j+2, len(task)):], true
	}
}

// nx reads Nx, and Lerna that is driven by it.
//
//	NX   Successfully ran target build for 3 projects
type nx struct {
	failed Run             // until its failed tasks are listed
	names  map[string]bool // of the projects that are about to run
	list   int             // what is being listed: 1 projects, 2 failed tasks
}

func (g *nx) triggers() []string {
	return []string{"NX   ", "Lerna (powered by Nx)", "Nx read the output from the cache instead of running the command for ", "Failed tasks:"}
}

func (g *nx) line(l logline.Line, o *out) {
	t := o.text(l)
	if item, ok := strings.CutPrefix(t, "- "); ok && g.list > 0 {
		g.item(item, l, o)
		return
	}
	if n, ok := like(t, "Nx read the output from the cache instead of running the command for {n} out of {n} tasks."); ok {
		if n[0] == n[1] && l.Indent == 0 {
			o.mark(rule.CacheReplay, "Nx", l)
		}
		return
	}
	if t == "Failed tasks:" && g.failed.First > 0 {
		g.list = 2
		o.next(20)
		return
	}
	said, ok := strings.CutPrefix(t, "NX ")
	if !ok {
		said, ok = strings.CutPrefix(t, "Lerna (powered by Nx)")
	}
	if !ok || l.Indent > 1 {
		return
	}
	g.said(strings.TrimSpace(said), l, o)
}

// said reads one of its headings.
func (g *nx) said(t string, l logline.Line, o *out) {
	r := of("Nx", Task, l)
	n, _ := numberAfter(t, " for ")
	switch {
	case t == "No tasks were run":
		o.mark(rule.NothingSelected, "Nx", l)
		r.State = Empty
		o.add(r)
	case strings.HasPrefix(t, "Successfully ran target"):
		r.Passed = max(n, 1)
		o.add(r)
	case strings.HasPrefix(t, "Running target") && strings.HasSuffix(t, " failed"), strings.HasPrefix(t, "Ran target"):
		g.flush(o)
		r.State = Failed
		r.Expected = n
		g.failed = r
	case strings.HasPrefix(t, "Running target"):
		g.list, g.names = 1, map[string]bool{}
		o.next(200)
	}
}

func (g *nx) item(item string, l logline.Line, o *out) {
	if !token(item) {
		return
	}
	if g.list == 2 {
		if len(g.failed.Failures) < maxFailures {
			g.failed.Failures = append(g.failed.Failures, Failure{Name: item, Line: l.Number})
		}
		g.failed.Failed++
		return
	}
	g.names[item] = true
	o.prefixed(named(g.names))
}

func (g *nx) flush(o *out) {
	if g.failed.First > 0 {
		g.failed.Failed = max(g.failed.Failed, 1)
		o.add(g.failed)
	}
	g.failed = Run{}
}

func (g *nx) end(o *out) { g.flush(o) }

// named splits "name: text" for the names that are known.
func named(names map[string]bool) func(text []byte) (name, rest []byte, ok bool) {
	return func(text []byte) (name, rest []byte, ok bool) {
		i := bytes.IndexByte(text, ':')
		if i <= 0 || !names[string(text[:i])] || i+1 < len(text) && text[i+1] != ' ' {
			return nil, nil, false
		}
		return text[:i], text[min(i+2, len(text)):], true
	}
}

// bazel reads Bazel's tests and builds.
//
//	Executed 1 out of 2 tests: 1 test passes and 1 fails locally.
type bazel struct {
	fails []Failure
	flaky int
}

func (g *bazel) triggers() []string {
	return []string{
		"//", "Executed ", "ERROR: No test targets were found, yet testing was requested", "ERROR: Build did NOT complete successfully",
		"FAILED: Build did NOT complete successfully", "INFO: Build completed successfully",
	}
}

func (g *bazel) line(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		return
	}
	switch {
	case strings.HasPrefix(t, "//"):
		f := strings.Fields(t)
		if len(f) > 1 && len(g.fails) < maxFailures && (f[1] == "FAILED" || f[1] == "TIMEOUT") {
			g.fails = append(g.fails, Failure{Name: cut(f[0]), Message: f[1], Line: l.Number})
		} else if len(f) > 1 && f[1] == "FLAKY," {
			g.flaky++
			o.mark(rule.FlakyRetries, "Bazel", l)
		}
	case strings.HasPrefix(t, "Executed "):
		g.executed(t, l, o)
	case strings.HasPrefix(t, "INFO: Build completed successfully"):
		o.add(of("Bazel", Build, l))
	case strings.HasPrefix(t, "ERROR: No test targets"):
		o.mark(rule.NothingSelected, "Bazel", l)
		r := of("Bazel", Test, l)
		r.State = Empty
		o.add(r)
	default:
		o.add(bad("Bazel", Build, 1, l))
	}
}

// executed reads the sum of test targets; those that were cached count as passed.
func (g *bazel) executed(t string, l logline.Line, o *out) {
	n, ok := like(t, "Executed {n} out of {n} test{s}: {*}")
	if !ok {
		return
	}
	failed := countBefore(t, " fails ") + countBefore(t, " fail ")
	if len(g.fails) > failed {
		failed = len(g.fails)
	}
	r := tested(of("Bazel", Test, l), countBefore(t, " test passes")+countBefore(t, " tests pass"), failed, countBefore(t, " was skipped")+countBefore(t, " were skipped"))
	r.Uncounted, r.Expected, r.Failures, r.Flaky = true, n[1], g.fails, g.flaky
	if n[0] == 0 && r.Passed > 0 {
		o.mark(rule.CacheReplay, "Bazel", l)
	}
	o.add(r)
	g.fails, g.flaky = nil, 0
}

func (g *bazel) end(*out) {}
