package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

// gnumake reads GNU make. A failure in a make below another is told again by
// each above it, up to the one that gives up or ignores it.
//
//	make[1]: *** [Makefile:8: fail] Error 1
//	make: [Makefile:5: b] Error 1 (ignored)
type gnumake struct{ below Run }

func (g *gnumake) triggers() []string { return []string{"make: ", "make[", "gmake: ", "gmake["} }

func (g *gnumake) line(l logline.Line, o *out) {
	t := o.text(l)
	head, rest, ok := strings.Cut(t, ": ")
	if !ok || l.Indent > 0 {
		return
	}
	top := !strings.Contains(head, "[")
	switch {
	case strings.HasPrefix(rest, "*** "):
		g.stop(rest[len("*** "):], top, l, o)
	case strings.HasPrefix(rest, "[") && strings.HasSuffix(rest, " (ignored)"):
		target := makeTarget(rest)
		if cleaning(target) {
			return
		}
		o.mark(rule.MakeIgnores, "make", l)
		r := bad("make", Task, 1, l)
		r.Name, r.Ignored = target, true
		o.add(r)
		g.below = Run{}
	case strings.HasSuffix(rest, " is up to date."):
		if phony(strings.Trim(strings.TrimSuffix(rest, " is up to date."), "'`")) {
			o.mark(rule.MakeShadowed, "make", l)
		}
	case strings.HasPrefix(rest, "Nothing to be done for "):
		if phony(strings.Trim(strings.TrimSuffix(strings.TrimPrefix(rest, "Nothing to be done for "), "."), "'`")) {
			o.mark(rule.MakeShadowed, "make", l)
		}
	}
}

// stop reads what follows "*** ".
func (g *gnumake) stop(what string, top bool, l logline.Line, o *out) {
	if anyPrefix(what, "Waiting for unfinished jobs", "Deleting ", "wait: ", "Archive ") {
		return
	}
	r := bad("make", Task, 1, l)
	r.Name = makeTarget(what)
	if !top {
		if g.below.First == 0 {
			g.below = r
		}
		return
	}
	if g.below.First > 0 {
		r.First = g.below.First
		g.below = Run{}
	}
	o.add(r)
}

func (g *gnumake) end(o *out) {
	if g.below.First > 0 {
		o.add(g.below)
	}
}

// makeTarget is the target of "[Makefile:8: fail] Error 1" and "[fail] Error 1".
func makeTarget(t string) string {
	t, ok := strings.CutPrefix(t, "[")
	if !ok {
		return ""
	}
	t, _, _ = strings.Cut(t, "]")
	if i := strings.LastIndex(t, ": "); i >= 0 {
		t = t[i+2:]
	}
	return cut(t)
}

// cleaning reports whether a target only clears away: what it removes may be
// missing.
func cleaning(target string) bool {
	return strings.Contains(target, "clean") || target == "uninstall" || target == "stop" || target == "down"
}

// phony reports whether a target is called like work to be done and not like a
// file: when make has nothing to do for it, a file of that name is in the way.
func phony(target string) bool {
	switch target {
	case "test", "tests", "check", "lint", "e2e", "integration", "unit", "ci", "verify", "deploy", "release", "publish", "build",
		"coverage", "bench", "docs", "fmt", "vet", "install", "run", "migrate", "unit-test", "unit-tests", "integration-test", "integration-tests":
		return true
	}
	return false
}
