package pipeline_test

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rule"
)

var begin = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// entry is a step of run 7 that began so many minutes later.
func entry(name string, state pipeline.State, minute int, findings ...rule.Finding) pipeline.Entry {
	return pipeline.Entry{Step: pipeline.Step{
		ID: "7/" + name, Name: name, Run: "7", Version: "v2", State: state, Started: begin.Add(time.Duration(minute) * time.Minute), Findings: findings,
	}}
}

func fails(message string) rule.Finding {
	return rule.Finding{Rule: rule.Contradiction, Level: rule.Fail, Message: message}
}

func warns(message string) rule.Finding {
	return rule.Finding{Rule: rule.FewerTests, Level: rule.Warn, Message: message}
}

func closing(green bool, findings ...rule.Finding) []pipeline.Closed {
	return []pipeline.Closed{{Closing: pipeline.Closing{Run: "7", Green: green, Findings: findings}, Version: "v2", Told: begin}}
}

func TestStand(t *testing.T) {
	t.Parallel()
	code := entry("lint", pipeline.Failed, 1)
	code.Code = 2
	rerun := entry("unit", pipeline.Passed, 9)
	rerun.ID, rerun.Run = "8/unit", "8"
	otherJob := entry("unit", pipeline.Passed, 2)
	otherJob.ID, otherJob.Job = "7/unit/b", "node 22"
	allowed := fails("Jest says 1 failed")
	allowed.Allowed = "SHOP-1"
	for _, c := range []struct {
		name     string
		told     []pipeline.Entry
		closings []pipeline.Closed
		want     pipeline.Trust
		says     string // the sentence begins with it
	}{
		{"nothing", nil, nil, pipeline.TrustUnknown, ""},
		{"green", []pipeline.Entry{entry("unit", pipeline.Passed, 0)}, closing(true), pipeline.TrustVerified, "CI passed with evidence: 1 of 1 steps"},
		{"green, never closed", []pipeline.Entry{entry("unit", pipeline.Passed, 0)}, nil, pipeline.TrustVerified, "CI passed"},
		{"fewer tests only warns", []pipeline.Entry{entry("unit", pipeline.Passed, 0, warns("9 tests ran; usually it is 90"))}, closing(true), pipeline.TrustVerified, "CI passed"},
		{"still running", []pipeline.Entry{entry("unit", pipeline.Passed, 0), entry("deploy", pipeline.Running, 1)}, nil, pipeline.TrustUnknown, "CI is not over: the end of 1 of 2"},
		{"silent", []pipeline.Entry{entry("unit", pipeline.Silent, 0, fails("Jest says 2 failed")), entry("lint", pipeline.Passed, 1)}, nil, pipeline.TrustUnverified, "CI was green against its own evidence: unit: Jest says 2 failed (contradiction)"},
		{"silent while another runs", []pipeline.Entry{entry("unit", pipeline.Silent, 0, fails("Jest says 2 failed")), entry("deploy", pipeline.Running, 1)}, nil, pipeline.TrustUnverified, "CI was green against"},
		{"silent without a word", []pipeline.Entry{entry("unit", pipeline.Silent, 0)}, nil, pipeline.TrustUnverified, "CI was green against its own evidence: unit: exit 0 against its own evidence"},
		{"blind", []pipeline.Entry{entry("unit", pipeline.Blind, 0)}, nil, pipeline.TrustUnverified, "CI was green against"},
		{"hung", []pipeline.Entry{entry("e2e", pipeline.Hung, 0)}, nil, pipeline.TrustUnverified, "CI was green against its own evidence: e2e: hung"},
		{"passed with a failing finding", []pipeline.Entry{entry("unit", pipeline.Passed, 0, fails("Jest says 2 failed"))}, nil, pipeline.TrustUnverified, "CI was green against"},
		{"an allowed finding", []pipeline.Entry{entry("unit", pipeline.Passed, 0, allowed)}, nil, pipeline.TrustVerified, "CI passed"},
		{"failed", []pipeline.Entry{code}, nil, pipeline.TrustFailed, "CI failed, and it was released all the same: lint: failed with exit code 2"},
		{"a step is missing", []pipeline.Entry{entry("unit", pipeline.Passed, 0)}, closing(false, rule.Finding{Rule: rule.StepMissing, Level: rule.Fail, Message: "e2e never ran"}), pipeline.TrustUnverified, "CI was green against its own evidence: e2e never ran (step-missing)"},
		{"not green without a word", nil, closing(false), pipeline.TrustUnverified, "CI was green against its own evidence: the run was closed as not green"},
		{"repeated until it passed", []pipeline.Entry{entry("unit", pipeline.Silent, 0, fails("x")), rerun}, nil, pipeline.TrustVerified, "CI passed with evidence: 1 of 1"},
		{"one of two jobs", []pipeline.Entry{entry("unit", pipeline.Silent, 0, fails("x")), otherJob}, nil, pipeline.TrustUnverified, "CI was green against"},
		{"only a closing tells", nil, []pipeline.Closed{{Closing: pipeline.Closing{Run: "7", Green: true, Steps: []pipeline.Step{{ID: "1", Name: "unit", Run: "7", State: pipeline.Passed}}}}}, pipeline.TrustVerified, "CI passed"},
		{"an empty closing proves nothing", nil, closing(true), pipeline.TrustUnknown, ""},
		{"of a state nobody knows", []pipeline.Entry{entry("unit", "great", 0)}, nil, pipeline.TrustUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := pipeline.Stand(release.Release{ID: "shop-2", Product: "shop", Version: "v2"}, c.told, c.closings)
			if got.State != c.want || !strings.HasPrefix(got.Say(), c.says) || c.says == "" && got.Say() != "" {
				t.Errorf("%s: %q, want %s: %q; %+v", got.State, got.Say(), c.want, c.says, got.Reasons)
			}
			if got.Alarming() != (c.want == pipeline.TrustUnverified || c.want == pipeline.TrustFailed) {
				t.Errorf("%s alarms: %v", got.State, got.Alarming())
			}
		})
	}
}

// A closing repeats what its steps say; it is told once, and the heaviest first.
func TestReasonsAreToldOnce(t *testing.T) {
	t.Parallel()
	told := []pipeline.Entry{
		entry("lint", pipeline.Passed, 0, warns("3 warnings")), entry("unit", pipeline.Silent, 1, fails("Jest says 2 failed")),
	}
	repeated := fails("unit: Jest says 2 failed")
	got := pipeline.Stand(release.Release{Version: "v2"}, told, closing(false, repeated))
	var texts []string
	for _, r := range got.Reasons {
		texts = append(texts, string(r.Level)+" "+r.Text)
	}
	want := []string{"fail unit: Jest says 2 failed (contradiction)", "warn lint: 3 warnings (fewer-tests)"}
	if diff := cmp.Diff(texts, want); diff != "" {
		t.Errorf("reasons (-got +want):\n%s", diff)
	}
	old := closing(false, rule.Finding{Rule: rule.StepMissing, Level: rule.Fail, Message: "e2e never ran"})
	again := closing(true)
	again[0].Run, again[0].Told = "8", begin.Add(time.Minute)
	if got := pipeline.Stand(release.Release{Version: "v2"}, told[:1], append(again, old...)); got.State != pipeline.TrustVerified {
		t.Errorf("a run that was repeated and closed: %+v", got)
	}
}

func TestSameCommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"c0ffee1234", "c0ffee1234", true},
		{"c0ffee1", "c0ffee1234", true},
		{"c0ffee1234", "c0ffee1", true},
		{"c0ffee", "c0ffee1234", false},
		{"c0ffee", "c0ffee", true},
		{"", "", false},
		{"", "c0ffee1234", false},
		{"c0ffee2", "c0ffee1234", false},
	} {
		if got := pipeline.SameCommit(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}

// book is a store in memory.
type book struct {
	releases  []release.Release
	steps     []pipeline.Entry
	closings  []pipeline.Closed
	standings map[release.ID]pipeline.Standing
}

func (b *book) PipelineSteps(_ context.Context, _ product.ID, version, commit string) (out []pipeline.Entry, _ error) {
	for _, e := range b.steps {
		if e.Version == version || e.Version == "" && pipeline.SameCommit(e.Commit, commit) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (b *book) PipelineClosings(_ context.Context, _ product.ID, version, _ string) (out []pipeline.Closed, _ error) {
	for _, c := range b.closings {
		if c.Version == version {
			out = append(out, c)
		}
	}
	return out, nil
}

func (b *book) Releases(context.Context, product.ID, int) ([]release.Release, error) {
	return b.releases, nil
}

func (b *book) PipelineStanding(_ context.Context, id release.ID) (pipeline.Standing, bool, error) {
	s, ok := b.standings[id]
	return s, ok, nil
}

func (b *book) PutPipelineStanding(_ context.Context, s pipeline.Standing, _, _ []string) error {
	b.standings[s.Release] = s
	return nil
}

// Whichever comes first, the release or what CI tells of it: each news is told
// once.
func TestStageTellsEachNewsOnce(t *testing.T) {
	t.Parallel()
	b := &book{standings: map[release.ID]pipeline.Standing{}}
	stage := &pipeline.Stage{Products: map[product.ID]product.Product{"shop": {ID: "shop"}}}
	handle := func(kind journal.Kind, data any) action.Plan {
		t.Helper()
		ev := journal.New(kind, begin, data).About("shop", "", "", "")
		if !stage.Wants(kind) {
			t.Fatalf("%s is not wanted", kind)
		}
		plan, err := stage.Handle(t.Context(), b, ev)
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	tell := func(e pipeline.Entry) int {
		b.steps = append(b.steps, e)
		line := pipeline.Line{Step: e.ID, Run: e.Run, Version: e.Version, Commit: e.Commit}
		first := len(handle(pipeline.EventReported, line).Events)
		if again := len(handle(pipeline.EventReported, line).Events); again != 0 {
			t.Errorf("%s is news twice", e.ID)
		}
		return first
	}
	if n := tell(entry("unit", pipeline.Passed, 0)); n != 0 || len(b.standings) != 0 {
		t.Errorf("a step without a release is news: %d", n)
	}
	r := release.Release{ID: "shop-2", Product: "shop", Version: "v2", Commit: "c0ffee1234"}
	b.releases = []release.Release{r, {ID: "shop-1", Product: "shop", Version: "v1"}}
	if plan := handle(release.EventDeployed, r); len(plan.Events) != 1 || plan.Events[0].Kind != pipeline.EventJudged || plan.Events[0].Release != "shop-2" {
		t.Errorf("the release is judged by %+v", plan.Events)
	}
	if n := tell(entry("lint", pipeline.Passed, 1)); n != 0 {
		t.Error("one more green step is news")
	}
	desk := entry("unit", pipeline.Failed, 30)
	if desk.ID, desk.Run, desk.Version, desk.Commit = "local/unit", "local", "", "c0ffee1"; tell(desk) != 0 {
		t.Error("what fails at somebody's desk is held against the release")
	}
	late := entry("e2e", pipeline.Blind, 2)
	late.Version, late.Commit = "", "c0ffee1"
	if n := tell(late); n != 1 || b.standings["shop-2"].State != pipeline.TrustUnverified {
		t.Errorf("a late blind step makes %d news: %+v", n, b.standings)
	}
	c := closing(false, rule.Finding{Rule: rule.StepMissing, Level: rule.Fail, Message: "contract never ran"})
	b.closings = c
	if plan := handle(pipeline.EventClosed, pipeline.Line{Run: "7", Version: "v2"}); len(plan.Events) != 1 {
		t.Errorf("a closing that says more makes %d news", len(plan.Events))
	}
	desk.ID, desk.Version = "local/named", "v2"
	if n := tell(desk); n != 1 || b.standings["shop-2"].State != pipeline.TrustFailed {
		t.Errorf("a version that was named makes %d news: %+v", n, b.standings)
	}
	if _, ok := b.standings["shop-1"]; ok || len(b.standings) != 1 {
		t.Errorf("another release is judged: %+v", b.standings)
	}
	if plan := handle(release.EventDeployed, b.releases[1]); len(plan.Events) != 0 {
		t.Errorf("a release nobody told of makes news: %+v", plan.Events)
	}
}

// What says more than anybody reads is left out at its end, never refused.
func TestStepThatSaysTooMuch(t *testing.T) {
	t.Parallel()
	e := entry("unit", pipeline.Silent, 0)
	long := strings.Repeat("x", 1900)
	for range 300 {
		f := fails(long)
		for range 30 {
			f.Proofs = append(f.Proofs, rule.Proof{Kind: "log", Text: long})
		}
		e.Findings = append(e.Findings, f)
	}
	got, err := e.Check()
	if err != nil || len(got.Findings) != 50 || len(got.Findings[0].Proofs) != 20 || len(got.Findings[9].Proofs) != 0 {
		t.Errorf("kept %d findings, %v", len(got.Findings), err)
	}
	if len(e.Findings) != 300 || len(e.Findings[9].Proofs) != 30 {
		t.Error("the caller's step was changed")
	}
}

// FuzzCheck holds that whatever is kept can be shown: whole characters, no
// control of the display, bounded.
func FuzzCheck(f *testing.F) {
	f.Add("unit", "v2", "line\x1b[31m\r\n", "a\xffb", int64(5))
	f.Add("", "v\u202e2", strings.Repeat("ä", 3000), "", int64(-1))
	f.Add("e2e", "", "\x00", strings.Repeat("x", 9000), int64(1<<62))
	f.Fuzz(func(t *testing.T, name, version, text, lines string, took int64) {
		e := entry(name, pipeline.Silent, 0, rule.Finding{Message: text, Proofs: []rule.Proof{{Text: lines}}, Allowed: lines, Place: rule.Place{File: text}})
		e.Version, e.Command, e.Duration = version, text, time.Duration(took)
		e.Excerpt = []excerpt.Passage{{Why: text, Lines: strings.Split(lines, "x")}}
		e.Longest = map[string]time.Duration{text: 1, lines: 2}
		got, err := e.Check()
		if err != nil {
			return
		}
		texts := []string{got.Name, got.Version, got.Command, got.Findings[0].Message, got.Findings[0].Proofs[0].Text, got.Excerpt[0].Why}
		texts = append(texts, got.Excerpt[0].Lines...)
		for n := range got.Longest {
			texts = append(texts, n)
		}
		for _, s := range texts {
			if len(s) > 2000 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("kept %q", s)
			}
		}
		if n := len(got.Excerpt[0].Lines); n > 200 {
			t.Errorf("kept %d lines", n)
		}
	})
}
