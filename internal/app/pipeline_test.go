package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// said is what Jest says against an exit code of 0.
const said = "Jest says 2 of 14 tests failed, and the command exited with 0"

// ciStep is a step of the pipeline that built a version.
func (h *house) ciStep(id, name, version string, state pipeline.State) pipeline.Entry {
	e := pipeline.Entry{Step: pipeline.Step{
		ID: id, Name: name, Run: "7", Version: version, Branch: "main", Started: h.now.Add(-time.Hour), Duration: time.Minute, State: state,
		Tests: &pipeline.Tests{Passed: 12},
	}}
	if state == pipeline.Silent {
		e.Tests.Failed = 2
		e.Findings = []rule.Finding{{Rule: rule.Contradiction, Level: rule.Fail, Message: said}}
	}
	return e
}

// tell reports a step and says whether the server learned anything.
func (h *house) tell(e pipeline.Entry) bool {
	h.t.Helper()
	fresh, err := h.desk.ReportStep(h.t.Context(), "shop", e, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return fresh
}

func (h *house) watchOf(r release.Release) watch.Watch {
	h.t.Helper()
	w, err := read(h.t.Context(), h.store, func(tx *store.Tx) (watch.Watch, error) {
		w, _, err := tx.WatchOf(h.t.Context(), r.ID)
		return w, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

func (h *house) standing(r release.Release) pipeline.Standing {
	h.t.Helper()
	st, err := read(h.t.Context(), h.store, func(tx *store.Tx) (pipeline.Standing, error) {
		st, _, err := tx.PipelineStanding(h.t.Context(), r.ID)
		return st, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

// told lists what was said of a release's pipeline, and of its sensitivity.
func (h *house) told(r release.Release) (judged, raised int) {
	h.t.Helper()
	events, err := read(h.t.Context(), h.store, func(tx *store.Tx) (out []string, err error) {
		all, err := tx.EventsAbout(h.t.Context(), store.EventFilter{Release: string(r.ID), Limit: 1000})
		for _, e := range all {
			out = append(out, string(e.Kind))
		}
		return out, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, k := range events {
		switch k {
		case string(pipeline.EventJudged):
			judged++
		case string(watch.EventRaised):
			raised++
		}
	}
	return judged, raised
}

func TestReleaseOfASilentPipelineIsDoubted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		silent := h.ciStep("7/unit", "unit", "v2", pipeline.Silent)
		if !h.tell(silent) || h.tell(silent) {
			t.Error("a step told twice is news twice")
		}
		h.tell(h.ciStep("7/lint", "lint", "v2", pipeline.Passed))
		h.fails = onlyOn("v2", signal.Journey, "TypeError: slots.map is not a function")
		bad := h.release("v2")
		h.run(5 * time.Minute)

		w := h.watchOf(bad)
		if !w.Sensitive() || !strings.Contains(w.Reason(), "CI was green against its own evidence: unit: "+said+" (contradiction)") {
			t.Fatalf("sensitivity %+v", w.Sensitivity)
		}
		if got, want := w.Until.Sub(w.Opened), 2*h.prod.Watch.For; got != want {
			t.Errorf("the window is %s, want %s", got, want)
		}
		if st := h.standing(bad); st.State != pipeline.TrustUnverified || st.Steps != 2 || st.Passed != 1 {
			t.Errorf("standing %+v", st)
		}
		if judged, raised := h.told(bad); judged != 1 || raised != 0 {
			t.Errorf("judged %d times, raised %d times", judged, raised)
		}
		for _, ch := range []string{"team", "mail"} {
			if got, want := h.heard(ch), "post opened, upload opened, reply rolled_back, reply mitigated, reply resolved"; got != want {
				t.Errorf("%s heard %q, want %q", ch, got, want)
			}
		}
		if got := factOf(h.sent[0], "CI"); got != w.Reason() {
			t.Errorf("the page says %q", got)
		}
		in := h.incidents()[0]
		if h.live != "v1" || in.Verdict.State != verdict.BrokenRelease || in.Impact.Before(bad.At) {
			t.Errorf("%s is live, incident %+v", h.live, in)
		}
		story := h.storyOf(in.ID)
		for _, want := range []string{"pipeline.judged CI was green against its own evidence", "at high sensitivity: CI was green"} {
			if !strings.Contains(story, want) {
				t.Errorf("the timeline does not say %q:\n%s", want, story)
			}
		}
		pm, ok, err := (&view{store: h.store}).Postmortem(t.Context(), in.ID)
		if err != nil || !ok {
			t.Fatalf("no postmortem: %v", err)
		}
		_, factors, _ := strings.Cut(pm.Markdown("http://pf.test"), "## Contributing")
		if factors, _, _ = strings.Cut(factors, "##"); !strings.Contains(factors, "Jest says 2 of 14") || strings.Count(factors, "- ") != 1 {
			t.Errorf("contributing: %s", factors)
		}
	})
}

// A closing that comes after the release raises an open watch once; suspicion
// alone tells nobody, and healthy says what it was watched for.
func TestLateClosingRaisesTheWatch(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.tell(h.ciStep("7/unit", "unit", "v2", pipeline.Passed))
		good := h.release("v2")
		h.run(10 * time.Second)
		if w := h.watchOf(good); w.Sensitive() {
			t.Fatalf("a verified release is doubted: %+v", w.Sensitivity)
		}
		if st := h.standing(good); st.State != pipeline.TrustVerified {
			t.Errorf("standing %+v", st)
		}
		c := pipeline.Closed{Product: "shop", Version: "v2", Closing: pipeline.Closing{
			Run: "7", Wanted: []pipeline.Wanted{{Name: "unit"}, {Name: "e2e"}},
			Findings: []rule.Finding{{Rule: rule.StepMissing, Level: rule.Fail, Message: "e2e never ran: its job was skipped"}},
		}}
		for i, want := range []bool{true, false} {
			if fresh, err := h.desk.ClosePipeline(t.Context(), c); err != nil || fresh != want {
				t.Fatalf("closing %d: %v %v", i, fresh, err)
			}
		}
		h.run(5 * time.Second)
		w := h.watchOf(good)
		if !w.Sensitive() || w.Until.Sub(w.Opened) != 2*h.prod.Watch.For {
			t.Fatalf("the watch was not raised: %+v", w)
		}
		h.tell(h.ciStep("8/unit", "unit", "v2", pipeline.Passed))
		h.run(5 * time.Minute)
		w = h.watchOf(good)
		if w.State != watch.Ended || w.Ended.Sub(w.Opened) < 2*h.prod.Watch.For {
			t.Errorf("watched until %s of %s", w.Ended, w.Opened)
		}
		if judged, raised := h.told(good); judged != 2 || raised != 1 {
			t.Errorf("judged %d times, raised %d times", judged, raised)
		}
		if len(h.sent) != 0 || len(h.incidents()) != 0 {
			t.Errorf("suspicion alone told people: %v", h.sent)
		}
		v, err := read(t.Context(), h.store, func(tx *store.Tx) (verdict.Verdict, error) {
			v, _, err := lastVerdict(t.Context(), tx, good.ID)
			return v, err
		})
		if err != nil || v.State != verdict.Healthy || !strings.Contains(v.Summary, "e2e never ran") {
			t.Errorf("verdict %s: %s (%v)", v.State, v.Summary, err)
		}
	})
}

// What becomes known after people were told is told to them as well, once.
func TestLateContradictionReachesWhoWasPaged(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.fails, h.noEffect = onlyOn("v2", signal.Journey, "TypeError"), true
		bad := h.release("v2")
		h.run(5 * time.Second)
		if len(h.incidents()) != 1 {
			t.Fatalf("incidents %+v", h.incidents())
		}
		late := h.ciStep("7/unit", "unit", "", pipeline.Silent)
		late.Commit = "c0ffee"
		if late.Run = "9"; !h.tell(late) {
			t.Fatal("the late step is no news")
		}
		h.run(time.Minute)
		n := 0
		for _, m := range h.sent {
			if m.Channel == "team" && m.Op == page.Reply && m.Event == "noted" && strings.Contains(m.Text, "Jest says 2 of 14") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("told %d times: %s", n, h.heard("team"))
		}
		if st := h.standing(bad); st.State != pipeline.TrustUnverified {
			t.Errorf("matched by its commit: %+v", st)
		}
	})
}

// A release nobody told anything of is neither green nor suspicious; what is
// told of another version does not touch it; a repeated step mends.
func TestPipelineOfAnotherVersionSaysNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		h.tell(h.ciStep("7/unit", "unit", "v3", pipeline.Silent))
		r := h.release("v2")
		h.run(2 * time.Minute)
		if w, st := h.watchOf(r), h.standing(r); w.Sensitive() || st.State != "" || w.Until.Sub(w.Opened) != h.prod.Watch.For {
			t.Errorf("watch %+v, standing %+v", w, st)
		}
		again := h.ciStep("8/unit", "unit", "v3", pipeline.Passed)
		again.Run, again.Started = "8", h.now
		h.tell(again)
		next := h.release("v3")
		h.run(2 * time.Minute)
		if w, st := h.watchOf(next), h.standing(next); w.Sensitive() || st.State != pipeline.TrustVerified {
			t.Errorf("watch %+v, standing %+v", w.Sensitivity, st)
		}
		if len(h.sent) != 0 {
			t.Errorf("sent %v", h.sent)
		}
	})
}

// What stands in a step is neither a secret nor a trick.
func TestHostileStepIsKeptHarmless(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		e := h.ciStep("7/unit", "unit", "v2", pipeline.Silent)
		e.Findings[0].Message = "line\x1b[31m one\r\n\x00\u202epassword=hunter2secret " + strings.Repeat("x", 5000)
		e.Command = "deploy --token=abcdefgh12345678"
		h.tell(e)
		r := h.release("v2")
		h.run(time.Second)
		st := h.standing(r)
		text := fmt.Sprint(st, h.watchOf(r).Reason())
		got, err := h.desk.Pipeline(t.Context(), "shop", "v2")
		if err != nil || len(got.Steps) != 1 {
			t.Fatalf("pipeline %+v, %v", got, err)
		}
		text += fmt.Sprint(got.Steps[0])
		if strings.ContainsAny(text, "\x1b\x00\u202e\n") || strings.Contains(text, "hunter2secret") || strings.Contains(text, "abcdefgh12345678") {
			t.Errorf("kept %q", text)
		}
		for _, bad := range []func(*pipeline.Entry){
			func(e *pipeline.Entry) { e.ID = "" },
			func(e *pipeline.Entry) { e.Name = "a\nb" },
			func(e *pipeline.Entry) { e.Version = strings.Repeat("v", 300) },
			func(e *pipeline.Entry) { e.State = "great" },
			func(e *pipeline.Entry) { e.Duration = -1 },
			func(e *pipeline.Entry) { e.Started = time.Time{} },
			func(e *pipeline.Entry) { e.Tests.Failed = -1 },
		} {
			x := h.ciStep("8/unit", "unit", "v2", pipeline.Passed)
			bad(&x)
			if _, err := h.desk.ReportStep(t.Context(), "shop", x, nil); err == nil {
				t.Errorf("taken: %+v", x)
			}
		}
		if _, err := h.desk.ReportStep(t.Context(), "none", e, nil); err == nil {
			t.Error("a step of no product is taken")
		}
	})
}

// The release page shows the steps that count beside the green runs before
// them, and the list marks what is unverified.
func TestPagesShowThePipeline(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.steady()
		for i := range 25 {
			past := h.ciStep(fmt.Sprint("past-", i), "unit", fmt.Sprint("v1.", i), pipeline.Passed)
			past.Started = past.Started.Add(-time.Duration(30-i) * time.Hour)
			if i >= 20 {
				past.Branch = "feature"
			}
			h.tell(past)
		}
		h.tell(h.ciStep("7/unit", "unit", "v2", pipeline.Silent))
		h.tell(h.ciStep("7/new", "new", "v2", pipeline.Passed))
		r := h.release("v2")
		h.run(time.Second)
		v := &view{store: h.store, products: []product.Product{h.prod}, probes: func(product.ID, string) (s signal.Signal, ok bool) { return s, ok }}
		page, err := v.ReleaseView(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		p := page.Pipeline
		if p.Standing == nil || !p.Standing.Alarming() || len(p.Steps) != 2 {
			t.Fatalf("pipeline %+v", p)
		}
		for _, s := range p.Steps {
			want := map[string]int{"unit": 20, "new": 0}[s.Name]
			if len(s.Past) != want {
				t.Errorf("%s has %d runs before, want %d", s.Name, len(s.Past), want)
			}
			for _, e := range s.Past {
				if e.Branch != "main" || !e.Started.Before(s.Started) {
					t.Errorf("%s is compared with %+v", s.Name, e.Step)
				}
			}
		}
		rows, err := v.ProductView(t.Context(), "shop")
		if err != nil || rows.Releases[0].Pipeline != pipeline.TrustUnverified || rows.Releases[1].Pipeline != "" {
			t.Errorf("rows %+v, %v", rows.Releases, err)
		}
		got, _, err := h.desk.GreenRuns(t.Context(), "shop", "unit", "feature")
		if err != nil || len(got) != 5 || got[0].Branch != "feature" {
			t.Errorf("runs of a branch: %d, %v", len(got), err)
		}
		got, _, err = h.desk.GreenRuns(t.Context(), "shop", "unit", "brand-new")
		if err != nil || len(got) != 20 {
			t.Errorf("runs of a new branch: %d, %v", len(got), err)
		}
	})
}

func factOf(m page.Message, label string) string {
	for _, f := range m.Facts {
		if f.Label == label {
			return f.Text
		}
	}
	return ""
}

// storyOf is an incident's timeline, a line an entry.
func (h *house) storyOf(id incident.ID) string {
	h.t.Helper()
	lines, err := read(h.t.Context(), h.store, func(tx *store.Tx) ([]incident.Entry, error) {
		return tx.Timeline(h.t.Context(), id)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range lines {
		fmt.Fprintf(&b, "%s %s\n", e.Kind, e.Text)
	}
	return b.String()
}
