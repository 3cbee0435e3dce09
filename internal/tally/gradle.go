package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// gradle reads Gradle and Ant: the build's outcome, test tasks, and the counts
// that Gradle prints when a test fails ("5 tests completed, 1 failed"). A test
// task that passes prints no count.
type gradle struct {
	ran     []Run // test tasks that ran, until the build says how it came out
	counted Run   // "5 tests completed, 1 failed"
	failing bool  // "There were failing tests"
	ant     bool  // "Buildfile: " stood there
	packs   bool  // the build makes something too: tests were not all it was for
	tasks   bool  // "> Task :x" stood there: it is Gradle
}

func (g *gradle) triggers() []string {
	return []string{
		"BUILD SUCCESSFUL", "BUILD FAILED", "> Task :", ":test", "There were failing tests", "> There were failing tests",
		"Buildfile: ", number + "tests completed", number + "test completed",
	}
}

func (g *gradle) line(l logline.Line, o *out) {
	t := o.text(l)
	switch {
	case strings.HasPrefix(t, "Buildfile: "):
		g.ant = g.ant || l.Indent == 0
	case anyPrefix(t, "> Task :", ":test "), t == ":test":
		g.task(t, l, o)
	case strings.HasPrefix(t, "There were failing tests."), strings.HasPrefix(t, "> There were failing tests."):
		g.failing = true
	case digit(t[0]):
		g.count(t, l, o)
	case l.Indent > 0:
	case t == "BUILD FAILED" || strings.HasPrefix(t, "BUILD FAILED in "):
		g.outcome(bad(g.tool(), Build, 1, l), o)
	case t == "BUILD SUCCESSFUL" || strings.HasPrefix(t, "BUILD SUCCESSFUL in "):
		g.outcome(of(g.tool(), Build, l), o)
	}
}

// tool tells the two apart: Ant names its file first.
func (g *gradle) tool() string {
	if g.ant {
		return "Ant"
	}
	return "Gradle"
}

// task reads "> Task :app:test NO-SOURCE", and ":test NO-SOURCE" of Gradle 4.
func (g *gradle) task(t string, l logline.Line, o *out) {
	g.tasks = true
	path, state, _ := strings.Cut(strings.TrimPrefix(t, "> Task "), " ")
	name := path[strings.LastIndexByte(path, ':')+1:]
	g.packs = g.packs || name == "build" || name == "assemble" || name == "jar" || name == "bootJar" || name == "war" || anyPrefix(name, "publish", "install", "assemble", "bundle")
	if name != "test" && !strings.HasSuffix(name, "Test") || prepares(name) {
		return
	}
	if state == "FAILED" && g.counted.First > 0 && (g.counted.Name == path || g.counted.Name == "") {
		g.counted.Name = path
		g.failing = true
		return
	}
	r := of("Gradle", Test, l)
	r.Name, r.Uncounted = path, true
	switch state {
	case "NO-SOURCE", "SKIPPED":
		r.State = Empty
	case "FROM-CACHE":
		o.mark(rule.CacheReplay, "Gradle", l)
		r.Passed = 1
	case "UP-TO-DATE":
		r.Passed = 1
	case "FAILED":
		r.State, r.Failed = Failed, 1
	case "":
		r.Passed = 1
	default:
		return
	}
	if k := len(g.ran) - 1; k >= 0 && g.ran[k].Name == path {
		g.ran[k] = r // the same task, now with its outcome
	} else if len(g.ran) < maxRuns {
		g.ran = append(g.ran, r)
	}
}

// prepares reports whether a task that is called after a test only builds it:
// assembleDebugAndroidTest.
func prepares(name string) bool {
	return anyPrefix(name, "assemble", "compile", "package", "process", "merge", "generate", "bundle", "lint", "kapt", "ksp", "dex", "link",
		"desugar", "check", "pre", "validate", "sign", "strip", "mockable", "copy", "install", "uninstall", "jar", "build", "kotlin", "transform")
}

// count reads "5 tests completed, 1 failed, 2 skipped".
func (g *gradle) count(t string, l logline.Line, o *out) {
	n, ok := like(t, "{n} test{s} completed, {n} failed{*}")
	if !ok {
		return
	}
	g.flushCount(o)
	skipped, _ := numberAfter(t, "failed, ")
	g.counted = tested(of("Gradle", Test, l), n[0]-n[1]-skipped, n[1], skipped)
	if k := len(g.ran) - 1; k >= 0 {
		g.counted.Name = g.ran[k].Name
		g.ran = g.ran[:k]
	}
}

// flushCount adds the counts that were read. Cases that failed and passed when
// they were tried again (the test-retry plugin) do not fail the task.
func (g *gradle) flushCount(o *out) {
	if g.counted.First == 0 {
		return
	}
	r := g.counted
	if !g.failing {
		r.Flaky, r.Passed, r.Failed, r.State = r.Failed, r.Passed+r.Failed, 0, Passed
	}
	o.add(r)
	g.counted, g.failing = Run{}, false
}

// outcome ends a build.
func (g *gradle) outcome(r Run, o *out) {
	if r.State == Failed {
		g.failing = true
	}
	g.flushCount(o)
	for _, t := range g.ran {
		if t.State != Empty || !g.packs {
			o.add(t)
		}
	}
	if r.State == Passed && g.tasks {
		o.finished("Gradle")
	}
	o.add(r)
	*g = gradle{}
}

func (g *gradle) end(o *out) {
	g.flushCount(o)
	for _, t := range g.ran {
		if t.State == Failed {
			o.add(t)
		}
	}
}
