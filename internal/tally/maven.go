package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// surefire reads Maven's Surefire and Failsafe: the totals after "Results:", one
// run for each module.
//
//	[ERROR] Tests run: 5, Failures: 1, Errors: 0, Skipped: 1
type surefire struct {
	module  string
	classes Run  // what the classes added up to, as long as no total came
	began   bool // "T E S T S" stood there
	goal    Run  // its heading stood there, and nothing under it yet
	results bool
	fails   []Failure
}

func (g *surefire) triggers() []string {
	return []string{
		"T E S T S", "Tests run:", "Results:", "Results :", "[INFO]  T E S T S", "[INFO] Tests run:", "[ERROR] Tests run:",
		"[WARNING] Tests run:", "[INFO] Results:", "[INFO] No tests to run.", "[INFO] Tests are skipped.", "[INFO] --- ",
		"[ERROR]   ", "[ERROR] Failures:", "[ERROR] Errors:", "[INFO] BUILD", "No tests to run.", "Tests are skipped.",
	}
}

func (g *surefire) line(l logline.Line, o *out) {
	t, level := leveled(string(l.Text))
	switch {
	case strings.HasPrefix(t, "--- "):
		g.heading(t, l, o)
	case strings.TrimSpace(t) == "T E S T S":
		g.goal = Run{}
		g.flush(o)
		g.began = true
	case t == "Failures: " || t == "Failures:" || t == "Errors:":
		g.results = true
	case t == "Results:" || t == "Results :":
		g.results, g.fails = g.began, nil
	case strings.HasPrefix(t, "Tests run:") && l.Indent == 0:
		g.counts(t, l, o)
	case level == "[ERROR]" && strings.HasPrefix(t, "  "):
		if g.results && len(g.fails) < maxFailures {
			name, message, _ := strings.Cut(strings.TrimSpace(t), " ")
			g.fails = append(g.fails, Failure{Name: cut(strings.TrimSuffix(name, ":")), Message: cut(message), Line: l.Number})
		}
	case t == "No tests to run." || t == "Tests are skipped.":
		r := of("Surefire", Test, l)
		r.Name, r.State = g.module, Empty
		// Skipping was asked for.
		r.Ignored = t == "Tests are skipped."
		o.add(r)
		g.goal = Run{}
	case strings.HasPrefix(t, "BUILD"):
		if t != "BUILD SUCCESS" {
			g.goal = Run{} // it broke before it ran any
		}
		g.flush(o)
	}
}

// heading reads "--- surefire:3.2.5:test (default-test) @ shop ---". When the
// next heading follows without a word, no class matched -Dtest.
func (g *surefire) heading(t string, l logline.Line, o *out) {
	g.flush(o)
	goal, module, ok := strings.Cut(t, " @ ")
	if !ok {
		return
	}
	g.module = strings.TrimSuffix(module, " ---")
	if like1(goal, "--- {*}surefire{*}:test ({*})") || like1(goal, "--- {*}failsafe{*}:integration-test ({*})") {
		g.goal = of("Surefire", Test, l)
		g.goal.Name, g.goal.State = g.module, Empty
	}
}

// counts reads a line of counts: of a class when it has a time, else the total.
func (g *surefire) counts(t string, l logline.Line, o *out) {
	n, ok := like(t, "Tests run: {n}, Failures: {n}, Errors: {n}, Skipped: {n}{*}")
	if !ok {
		return
	}
	if strings.Contains(t, "Time elapsed") {
		if g.began {
			c := &g.classes
			c.Passed += n[0] - n[1] - n[2] - n[3]
			c.Failed += n[1] + n[2]
			c.Skipped += n[3]
			c.Last, c.Text = l.Number, string(l.Text)
			if c.First == 0 {
				c.First = l.Number
			}
			if _, class, ok := strings.Cut(t, " in "); ok {
				o.done(class)
			}
		}
		return
	}
	r := tested(of("Surefire", Test, l), n[0]-n[1]-n[2]-n[3], n[1]+n[2], n[3])
	r.Name = g.module
	if r.State == Failed {
		r.Failures = g.fails
	}
	if g.classes.First > 0 {
		r.First = g.classes.First
	}
	if flakes, ok := numberAfter(t, "Flakes: "); ok {
		r.Flaky = flakes
		r.Passed = max(r.Passed, flakes)
	}
	o.add(r)
	g.classes, g.goal, g.began, g.results, g.fails = Run{}, Run{}, false, false, nil
}

// flush adds what began and never came to its total.
func (g *surefire) flush(o *out) {
	if g.began && g.classes.First > 0 {
		r := g.classes
		r.Tool, r.Kind, r.Name, r.State = "Surefire", Test, g.module, Unfinished
		if r.Failed > 0 {
			r.State = Failed
		}
		o.add(r)
	}
	if g.goal.First > 0 {
		o.add(g.goal)
	}
	g.classes, g.goal, g.began, g.results = Run{}, Run{}, false, false
}

func (g *surefire) end(o *out) {
	g.goal = Run{} // the log ends under the heading
	g.flush(o)
}

// leveled takes Maven's "[INFO] " off a line.
func leveled(t string) (rest, level string) {
	for _, level := range []string{"[INFO]", "[ERROR]", "[WARNING]"} {
		if rest, ok := strings.CutPrefix(t, level+" "); ok {
			return rest, level
		}
	}
	return t, ""
}

// maven reads what the whole build came to.
type maven struct{}

func (maven) triggers() []string {
	return []string{"[INFO] BUILD ", "[ERROR] BUILD "}
}

func (maven) line(l logline.Line, o *out) {
	t, _ := leveled(string(l.Text))
	if l.Indent > 0 {
		return
	}
	switch t {
	case "BUILD SUCCESS", "BUILD SUCCESSFUL":
		o.add(of("Maven", Build, l))
		o.finished("Maven")
	case "BUILD FAILURE", "BUILD FAILED", "BUILD ERROR":
		o.add(bad("Maven", Build, 1, l))
	}
}

func (maven) end(*out) {}
