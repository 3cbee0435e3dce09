package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rule"
)

// silentPipeline is green, and Jest says that two tests failed.
func silentPipeline() PipelineView {
	step := func(name string, state pipeline.State, tests *pipeline.Tests, minutes float64) StepView {
		s := StepView{Entry: pipeline.Entry{Step: pipeline.Step{
			ID: "318/" + name, Name: name, Run: "318", Job: "build", Address: "https://ci.example/workshop/pipelines/318#" + name, Version: "2026.11.21-1",
			Command: "npm run " + name, Started: at(-900), Duration: time.Duration(minutes * float64(time.Minute)), State: state, Tests: tests,
		}}}
		for i := range 20 {
			past := s.Entry
			past.State, past.Duration = pipeline.Passed, 2*time.Minute+time.Duration(i%5)*time.Second
			if tests != nil {
				past.Tests = &pipeline.Tests{Passed: 210 + i}
			}
			s.Past = append(s.Past, past)
		}
		return s
	}
	unit := step("unit", pipeline.Silent, &pipeline.Tests{Passed: 12, Failed: 2, Skipped: 1, Flaky: 3}, 6.3)
	unit.Findings = []rule.Finding{
		{
			Rule: rule.Contradiction, Level: rule.Fail, Message: "Jest says 2 of 14 tests failed, and the command exited with 0", Place: rule.Place{Line: 4711},
			Proofs: []rule.Proof{{Kind: "summary", Text: "Tests: 2 failed, 1 skipped, 12 passed, 15 total", Line: 4711}},
		},
		{Rule: rule.FewerTests, Level: rule.Warn, Message: "14 tests ran; usually it is 219"},
		{Rule: rule.FlakyRetries, Level: rule.Warn, Message: "Jest: 3 tests passed only when repeated", Allowed: "known, SHOP-77"},
	}
	unit.Excerpt = []excerpt.Passage{{From: 4702, Key: 4704, Why: "Jest names a failed test", Lines: []string{
		"  ● slots › are shown in the order of the day", "", "    TypeError: slots.map is not a function", "", "      12 |   const rows = slots.map(row)", "         |                      ^",
	}}}
	lint := step("lint", pipeline.Passed, nil, 2)
	e2e := step("e2e", pipeline.Blind, &pipeline.Tests{Skipped: 31}, 0.2)
	e2e.Findings = []rule.Finding{{Rule: rule.AllSkipped, Level: rule.Fail, Message: "all 31 tests were skipped"}}
	lint.Started, e2e.Started = at(-800), at(-700)
	steps := []StepView{unit, lint, e2e}
	closed := pipeline.Closed{
		Product: "workshop", Version: "2026.11.21-1", Told: at(-60), Address: "https://ci.example/workshop/pipelines/318",
		Closing: pipeline.Closing{
			Run: "318", Wanted: []pipeline.Wanted{{Name: "unit"}, {Name: "lint"}, {Name: "e2e"}, {Name: "contract"}},
			Findings: []rule.Finding{{Rule: rule.StepMissing, Level: rule.Fail, Message: "contract never ran: its job was skipped, or it does not use the guard"}},
		},
	}
	told := []pipeline.Entry{unit.Entry, lint.Entry, e2e.Entry}
	st := pipeline.Stand(release.Release{ID: "r42", Product: "workshop", Version: "2026.11.21-1"}, told, []pipeline.Closed{closed})
	return PipelineView{Standing: &st, Steps: steps, Closings: []pipeline.Closed{closed}}
}

// releaseHTML renders a release page with this pipeline.
func releaseHTML(t *testing.T, p PipelineView) string {
	t.Helper()
	v := fullWorld().releases["r42"]
	v.Pipeline = p
	var b strings.Builder
	if err := pipelineSection(frame{Now: at(90)}, dossier{ReleaseView: v}).Render(context.WithoutCancel(t.Context()), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPipelineSection(t *testing.T) {
	t.Parallel()
	got := releaseHTML(t, silentPipeline())
	for _, want := range []string{
		"Unverified", "CI was green against its own evidence: unit: Jest says 2 of 14 tests failed", "Silent failure", "Blind", "Passed",
		"12 passed, 2 failed, 1 skipped, 3 flaky", "3.1× the usual 2 min 02 s", "G32", "Allowed: known, SHOP-77", "contract never ran",
		`<details class="ci-excerpt" open>`, "4704  ", "TypeError: slots.map", "Executed tests: 14 in this run; 210 to 229 in the last 20 green runs",
		`href="https://ci.example/workshop/pipelines/318#unit"`, "postflight guard rules contradiction",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the section does not say %q", want)
		}
	}
	if none := releaseHTML(t, PipelineView{}); !strings.Contains(none, "No CI evidence") || !strings.Contains(none, "postflight guard run") || strings.Contains(none, "Verified") {
		t.Errorf("without a pipeline: %s", none)
	}
}

func TestPipelineSectionIsEscaped(t *testing.T) {
	t.Parallel()
	p := silentPipeline()
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	s := &p.Steps[0]
	s.Name, s.Job, s.Command, s.Signal, s.Address = evil, evil, evil, evil, "javascript:alert(1)"
	s.Findings = []rule.Finding{{Rule: evil, Level: evil, Message: evil, Allowed: evil, Place: rule.Place{File: evil}, Proofs: []rule.Proof{{Kind: evil, Text: evil}}}}
	s.Excerpt = []excerpt.Passage{{From: 1, Why: evil, Lines: []string{evil, "</pre>" + evil}}}
	s.State = evil
	p.Closings[0].Address, p.Closings[0].Run, p.Closings[0].Wanted[0].Name = "javascript:alert(2)", evil, evil
	p.Standing.Reasons[0].Text = evil
	got := releaseHTML(t, p)
	if strings.Contains(got, "<script") || strings.Contains(got, "<img") || strings.Contains(got, `href="javascript`) || strings.Contains(got, "style=") {
		t.Errorf("not escaped: %s", got)
	}
}

func TestReleaseListMarksUnverified(t *testing.T) {
	t.Parallel()
	page := body(t, fullWorld(), "/products/workshop", "viewer")
	if strings.Count(page, `#pipeline">Unverified`) != 1 {
		t.Errorf("the list marks %d releases", strings.Count(page, `#pipeline">Unverified`))
	}
}
