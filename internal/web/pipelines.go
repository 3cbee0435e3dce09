package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// PipelineView is what CI told of a release. Standing is nil when it told
// nothing.
type PipelineView struct {
	Standing *pipeline.Standing
	Steps    []StepView // those that count, in the order in which they began
	Closings []pipeline.Closed
}

// StepView is a step with the green runs of it before, the oldest first.
type StepView struct {
	pipeline.Entry
	Past []pipeline.Entry
}

// known reports whether CI told anything.
func (v PipelineView) known() bool { return len(v.Steps)+len(v.Closings) > 0 }

// alarming reports whether the pipeline is held against the release.
func (v PipelineView) alarming() bool { return v.Standing != nil && v.Standing.Alarming() }

// says is what the pipeline is worth, in a sentence.
func (v PipelineView) says() string {
	if v.Standing == nil {
		return ""
	}
	return v.Standing.Say()
}

func (v PipelineView) mark() mark {
	if v.Standing == nil {
		return trustMark("")
	}
	return trustMark(v.Standing.State)
}

func trustMark(t pipeline.Trust) mark {
	switch t {
	case pipeline.TrustVerified:
		return mark{"good", "check", "Verified"}
	case pipeline.TrustUnverified:
		return mark{"warn", "question", "Unverified"}
	case pipeline.TrustFailed:
		return mark{"bad", "cross", "CI failed"}
	case pipeline.TrustUnknown:
		return mark{"idle", "clock", "CI is not over"}
	}
	return mark{"idle", "dash", "No CI evidence"}
}

func stepMark(s pipeline.State) mark {
	switch s {
	case pipeline.Running:
		return mark{"busy", "clock", "Running"}
	case pipeline.Passed:
		return mark{"good", "check", "Passed"}
	case pipeline.Failed:
		return mark{"bad", "cross", "Failed"}
	case pipeline.Silent:
		return mark{"bad", "octagon", "Silent failure"}
	case pipeline.Hung:
		return mark{"bad", "clock", "Hung"}
	case pipeline.Blind:
		return mark{"warn", "ghost", "Blind"}
	}
	return mark{"idle", "question", words(string(s))}
}

func levelMark(f rule.Finding) mark {
	switch {
	case f.Allowed != "":
		return mark{"idle", "dash", "Allowed"}
	case f.Level == rule.Fail:
		return mark{"bad", "cross", "Fails the step"}
	case f.Level == rule.Warn:
		return mark{"warn", "question", "Warning"}
	}
	return mark{"idle", "dot", "Note"}
}

// ruleOf finds the rule of a finding; one that is not known has its id only.
func ruleOf(f rule.Finding) rule.Rule {
	if r, ok := rule.Find(string(f.Rule)); ok {
		return r
	}
	return rule.Rule{ID: f.Rule, Number: string(f.Rule)}
}

// place is where a finding stands, "" when that is nowhere.
func place(p rule.Place) string {
	switch {
	case p.File == "" && p.Line == 0:
		return ""
	case p.File == "":
		return "line " + strconv.Itoa(p.Line) + " of the log"
	case p.Line == 0:
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// weighs reports whether a step needs a person's eyes.
func (s StepView) weighs() bool { return s.State != pipeline.Passed && s.State != pipeline.Running }

// counts says what the tests of a step did.
func (s StepView) counts() string {
	t := s.Tests
	if t == nil {
		return "no test runner seen"
	}
	what := func(n int, word string) string { return strconv.Itoa(n) + " " + word }
	parts := []string{what(t.Passed, "passed"), what(t.Failed, "failed")}
	if t.Skipped > 0 {
		parts = append(parts, what(t.Skipped, "skipped"))
	}
	if t.Flaky > 0 {
		parts = append(parts, what(t.Flaky, "flaky"))
	}
	if t.Uncounted {
		parts = append(parts, "some in packages, not cases")
	}
	return strings.Join(parts, ", ")
}

// usual is the median duration of the green runs before; 0 when fewer than
// three are known.
func (s StepView) usual() time.Duration {
	if len(s.Past) < 3 {
		return 0
	}
	all := make([]time.Duration, 0, len(s.Past))
	for _, e := range s.Past {
		all = append(all, e.Duration)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// against says how a step's duration compares with the usual one.
func (s StepView) against() string {
	u := s.usual()
	switch {
	case u == 0:
		return "not known what is usual"
	case s.Duration > u+u/5 || s.Duration < u-u/5:
		return fmt.Sprintf("%.1f× the usual %s", float64(s.Duration)/float64(u), took(u))
	}
	return "as usual (" + took(u) + ")"
}

// durationBar is a duration on a track, with a line at the usual one; lengths
// in percent.
type durationBar struct {
	Fill, Usual string
	Tone        string
}

func (s StepView) bar() durationBar {
	u := s.usual()
	most := max(s.Duration, 2*u, time.Millisecond)
	share := func(d time.Duration) string {
		return strconv.FormatFloat(100*float64(d)/float64(most), 'f', 1, 64) + "%"
	}
	b := durationBar{Fill: share(s.Duration), Tone: "idle"}
	if u > 0 {
		b.Usual = share(u)
		if s.Duration > 2*u {
			b.Tone = "warn"
		}
	}
	return b
}

// testSpark is the executed tests of its green runs and of this one.
type testSpark struct {
	Points string  // of a polyline in a box of 120 by 28
	X, Y   float64 // of this run; it is not green when Bad
	Shown  bool
	Bad    bool
	Title  string
}

const (
	sparkWide = 116
	sparkHigh = 24
)

func (s StepView) spark() testSpark {
	var n []int
	for _, e := range s.Past {
		if e.Tests != nil && !e.Tests.Uncounted {
			n = append(n, e.Tests.Executed())
		}
	}
	if len(n) < 2 {
		return testSpark{}
	}
	past := len(n)
	ran := "unknown"
	if s.Tests != nil {
		n = append(n, s.Tests.Executed())
		ran = strconv.Itoa(s.Tests.Executed())
	}
	high, wide := float64(max(slices.Max(n), 1)), float64(max(len(n)-1, 1))
	at := func(i int) (x, y float64) {
		return 2 + sparkWide*float64(i)/wide, 2 + sparkHigh*(1-float64(n[i])/high)
	}
	out := testSpark{Shown: true, Bad: s.weighs()}
	var points []string
	for i := range n {
		x, y := at(i)
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
		out.X, out.Y = x, y
	}
	out.Points = strings.Join(points, " ")
	out.Title = fmt.Sprintf("Executed tests: %s in this run; %d to %d in the last %s", ran,
		slices.Min(n[:past]), slices.Max(n[:past]), count(past, "green run"))
	return out
}

// wantedWord lists the steps that a run was to have.
func wantedWord(c pipeline.Closed) string {
	names := make([]string, 0, len(c.Wanted))
	for _, w := range c.Wanted {
		names = append(names, w.Name)
	}
	if len(names) == 0 {
		return "no step was named"
	}
	return strings.Join(names, ", ")
}

// own returns the findings of a closing that no step tells by itself.
func own(c pipeline.Closed, steps []StepView) []rule.Finding {
	var out []rule.Finding
	for _, f := range c.Findings {
		told := slices.ContainsFunc(steps, func(s StepView) bool {
			return slices.ContainsFunc(s.Findings, func(o rule.Finding) bool { return f.Message == s.Name+": "+o.Message })
		})
		if !told {
			out = append(out, f)
		}
	}
	return out
}

// shownLines numbers the lines of a passage.
func shownLines(from int, lines []string) string {
	var b strings.Builder
	width := len(strconv.Itoa(from + len(lines)))
	for i, l := range lines {
		fmt.Fprintf(&b, "%*d  %s\n", width, from+i, l)
	}
	return b.String()
}

// pipelineCommand is what to type so that a pipeline tells of itself.
const pipelineCommand = "postflight guard run --name unit -- npm test"
