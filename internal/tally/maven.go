package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

// nesting tells builds that run inside a test of another from those that follow
// each other: "Scanning for projects..." stands at the beginning of each.
type nesting struct {
	depth int
	held  []Run // of inner builds; they count when no outer one ends
}

func (n *nesting) begins() { n.depth++ }

// put adds a run, or holds it while its build is an inner one.
func (n *nesting) put(r Run, o *out) {
	if n.depth > 1 && r.State != Passed {
		if len(n.held) < maxFailures {
			n.held = append(n.held, r)
		}
		return
	}
	o.add(r)
}

// ends ends a build.
func (n *nesting) ends() {
	n.depth = max(0, n.depth-1)
	if n.depth == 0 {
		n.held = nil
	}
}

// close ends the log.
func (n *nesting) close(o *out) {
	for _, r := range n.held {
		o.add(r)
	}
	n.held = nil
}

// surefire reads Maven's Surefire and Failsafe: the totals after "Results:", one
// run for each module.
//
//	[ERROR] Tests run: 5, Failures: 1, Errors: 0, Skipped: 1
type surefire struct {
	nesting
	module  string
	classes Run // what the classes added up to, as long as no total came
	began   int // how often "T E S T S" stood there and no total yet; modules may run side by side
	at      int // the line of the last of them
	text    string
	beside  bool // they do: no line tells of which module it is
	goal    Run  // its heading stood there, and nothing under it yet
	empty   []Run
	packs   bool // the build goes on to package: tests were not all it was for
	results bool
	fails   []Failure
}

func (g *surefire) triggers() []string {
	return []string{
		"[INFO] Scanning for projects...", "[INFO] Using the MultiThreadedBuilder", "T E S T S", "Tests run:", "Results:", "Results :", "[INFO]  T E S T S", "[INFO] Tests run:", "[ERROR] Tests run:",
		"[WARNING] Tests run:", "[INFO] Results:", "[INFO] No tests to run.", "[INFO] Tests are skipped.", "[INFO] --- ",
		"[ERROR]   ", "[ERROR] Failures:", "[ERROR] Errors:", "[INFO] BUILD", "[INFO] Running ", "Running ", "No tests to run.", "Tests are skipped.",
	}
}

func (g *surefire) line(l logline.Line, o *out) {
	t, level := leveled(o.text(l))
	switch {
	case t == "Scanning for projects...":
		g.begins()
	case strings.HasPrefix(t, "--- "):
		g.heading(t, l)
	case strings.TrimSpace(t) == "T E S T S":
		g.goal = Run{}
		g.began++
		g.at, g.text = l.Number, o.text(l)
	case strings.HasPrefix(t, "Using the MultiThreadedBuilder"):
		g.beside = true
	case strings.HasPrefix(t, "Running ") && g.began > 0:
		if class := strings.TrimPrefix(t, "Running "); token(class) {
			o.begin(class)
		}
	case t == "Failures: " || t == "Failures:" || t == "Errors:":
		g.results = true
	case t == "Results:" || t == "Results :":
		g.results, g.fails = g.began > 0, nil
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
		g.goal = r
	case strings.HasPrefix(t, "BUILD"):
		if anyPrefix(t, "BUILD FAIL", "BUILD ERROR") {
			g.goal, g.empty = Run{}, nil // it broke before it ran any
		}
		if anyPrefix(t, "BUILD SUCCESS", "BUILD FAIL", "BUILD ERROR") {
			g.silent()
			g.nothing(o)
			g.ends()
			g.classes, g.began, g.beside = Run{}, 0, false
		}
	}
}

// nothing adds what had no tests, unless the build was for something else too.
func (g *surefire) nothing(o *out) {
	if !g.packs {
		for _, r := range g.empty {
			g.put(r, o)
		}
	}
	g.empty, g.packs = nil, false
}

// heading reads "--- surefire:3.2.5:test (default-test) @ shop ---". When the
// next heading follows without a word, no class matched -Dtest.
func (g *surefire) heading(t string, l logline.Line) {
	g.silent()
	goal, module, ok := strings.Cut(t, " @ ")
	if !ok {
		return
	}
	if !g.beside {
		g.module = strings.TrimSuffix(module, " ---")
	}
	for _, packs := range []string{":jar (", ":war (", ":ear (", ":install (", ":deploy (", ":repackage (", ":shade (", ":bundle ("} {
		g.packs = g.packs || strings.Contains(goal, packs)
	}
	if g.beside {
		return
	}
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
		if g.began > 0 {
			c := &g.classes
			c.Passed += n[0] - n[1] - n[2] - n[3]
			c.Failed += n[1] + n[2]
			c.Skipped += n[3]
			c.Last, c.Text = l.Number, o.text(l)
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
	if g.classes.First > 0 && g.began < 2 {
		r.First = g.classes.First
	}
	if flakes, ok := numberAfter(t, "Flakes: "); ok {
		r.Flaky = flakes
		r.Passed = max(r.Passed, flakes)
	}
	g.put(r, o)
	if g.began = max(0, g.began-1); g.began == 0 {
		g.classes = Run{}
	}
	g.goal, g.results, g.fails = Run{}, false, nil
}

// silent keeps the heading under which nothing came.
func (g *surefire) silent() {
	if g.goal.First > 0 && len(g.empty) < maxFailures {
		g.empty = append(g.empty, g.goal)
	}
	g.goal, g.results = Run{}, false
}

// end adds what began and never came to its total: the build itself did not come
// to an end either.
func (g *surefire) end(o *out) {
	if r := g.classes; g.began > 0 {
		if r.First == 0 {
			r.First, r.Last, r.Text = g.at, g.at, g.text
		}
		r.Tool, r.Kind, r.Name, r.State = "Surefire", Test, g.module, Unfinished
		if r.Failed > 0 {
			r.State = Failed
		}
		g.put(r, o)
	}
	if strings.HasPrefix(g.goal.Text, "[INFO] ---") {
		g.goal = Run{} // the log ends under the heading
	}
	g.silent()
	g.nothing(o)
	g.close(o)
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
type maven struct{ nesting }

func (g *maven) triggers() []string {
	return []string{"[INFO] Scanning for projects...", "[INFO] BUILD ", "[ERROR] BUILD "}
}

func (g *maven) line(l logline.Line, o *out) {
	t, _ := leveled(o.text(l))
	if l.Indent > 0 {
		return
	}
	switch t {
	case "Scanning for projects...":
		g.begins()
	case "BUILD SUCCESS", "BUILD SUCCESSFUL":
		g.put(of("Maven", Build, l), o)
		g.ends()
		if g.depth == 0 {
			o.finished("Maven")
		}
	case "BUILD FAILURE", "BUILD FAILED", "BUILD ERROR":
		g.put(bad("Maven", Build, 1, l), o)
		g.ends()
	}
}

func (g *maven) end(o *out) { g.close(o) }
