package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

var runnerTriggers = []string{
	"[error] Total time: ", "[success] Total time: ", "[info] Passed: Total ", "[error] Failed: Total ", "[error] Error: Total ", "[info] No tests were executed.",
	"** BUILD FAILED **", "** ARCHIVE FAILED **", "** BUILD SUCCEEDED **",
	"evaluation failed :(", "congratulations :)", "nox > * ", "Aborted due to warnings.",
}

// taskRunner reads sbt, Xcode's builds, tox, nox and Grunt.
func taskRunner(t string, l logline.Line, o *out) {
	switch {
	case strings.HasPrefix(t, "evaluation failed :(") && l.Indent == 2:
		o.add(bad("tox", Task, 1, l))
	case strings.HasPrefix(t, "congratulations :)") && l.Indent == 2:
		o.add(of("tox", Task, l))
	case l.Indent > 0:
	case strings.HasPrefix(t, "["):
		sbt(t, l, o)
	case strings.HasPrefix(t, "** "):
		r := of("Xcode", Build, l)
		if strings.HasSuffix(t, "FAILED **") {
			r = bad("Xcode", Build, 1, l)
		}
		o.add(r)
	case strings.HasPrefix(t, "nox > * "):
		if strings.HasSuffix(t, ": failed") {
			o.add(bad("nox", Task, 1, l))
		}
	case t == "Aborted due to warnings.":
		o.add(bad("Grunt", Task, 1, l))
	}
}

// sbt reads sbt's counts of tests and its last line.
func sbt(t string, l logline.Line, o *out) {
	switch {
	case strings.HasPrefix(t, "[error] Total time: "):
		o.add(bad("sbt", Build, 1, l))
	case strings.HasPrefix(t, "[success] Total time: "):
		o.add(of("sbt", Build, l))
	case t == "[info] No tests were executed.":
		r := of("sbt", Test, l)
		r.State = Empty
		o.add(r)
	default:
		_, counts, _ := strings.Cut(t, ": Total ")
		failed, ok1 := numberAfter(counts, "Failed ")
		errs, ok2 := numberAfter(counts, "Errors ")
		passed, ok3 := numberAfter(counts, "Passed ")
		skipped, _ := numberAfter(counts, "Skipped ")
		if ok1 && ok2 && ok3 {
			o.add(tested(of("sbt", Test, l), passed, failed+errs, skipped))
		}
	}
}

// recap reads Ansible.
//
//	PLAY RECAP *********
//	host1 : ok=2 changed=1 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0
type recap struct{ run Run }

func (g *recap) triggers() []string { return []string{"PLAY RECAP ***"} }

func (g *recap) line(l logline.Line, o *out) {
	t := o.text(l)
	if strings.HasPrefix(t, "PLAY RECAP ***") {
		g.end(o)
		g.run = of("Ansible", Task, l)
		o.next(100)
		return
	}
	failed, ok1 := numberAfter(t, "failed=")
	unreachable, ok2 := numberAfter(t, "unreachable=")
	if g.run.First == 0 || !ok1 || !ok2 {
		return
	}
	host, _, _ := strings.Cut(t, " ")
	if failed+unreachable > 0 {
		g.run.State, g.run.Last, g.run.Text = Failed, l.Number, t
		g.run.Failed++
		if len(g.run.Failures) < maxFailures {
			g.run.Failures = append(g.run.Failures, Failure{Name: cut(host), Line: l.Number})
		}
		return
	}
	g.run.Passed++
}

func (g *recap) end(o *out) {
	if g.run.First > 0 && g.run.Executed() > 0 {
		o.add(g.run)
	}
	g.run = Run{}
}
