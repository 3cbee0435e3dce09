package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
)

// aStep is a step with every field.
func aStep() client.PipelineStep {
	return client.PipelineStep{
		ID: "7/unit", Name: "unit", Run: "7", Job: "build", Address: "https://ci.example/7", Version: "v2", Commit: "c0ffee1", Branch: "main",
		Command: "npm test", Hash: "abc", Started: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC), DurationMS: 61_250, CPUMS: 30_000,
		State: "passed", Tests: &client.PipelineTests{Passed: 12, Skipped: 1, Flaky: 2}, Tools: []string{"Jest"},
		Reports: []client.PipelineReport{{Path: "junit.xml", Hash: "ff", Format: "JUnit XML"}},
		Findings: []client.PipelineFinding{{
			Rule: "flaky-retries", Level: "warn", Message: "Jest: 2 tests passed only when repeated", Line: 7,
			Proofs: []client.PipelineProof{{Kind: "summary", Text: "2 flaky", Line: 7}},
		}},
		Excerpt: []client.PipelinePassage{{From: 5, Key: 6, Lines: []string{"a", "b"}, Why: "new since the last green run"}},
		Longest: []client.PipelineLongestTest{{Name: "slots › all", TookMS: 900}, {Name: "a", TookMS: 5}},
		Log:     "unit.log", Lines: 900, Bytes: 12_000,
	}
}

func TestStepIsToldOnceAndReadBack(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	begun := aStep()
	begun.State, begun.Tests, begun.Findings = "running", nil, nil
	over := aStep()
	over.Signature = []byte("\x00\xffwhat a green log looks like")
	for i, s := range []struct {
		step client.PipelineStep
		want bool
	}{{begun, true}, {begun, false}, {over, true}, {over, false}, {begun, false}} {
		told := must[client.PipelineTold](t)(c.ReportStep(t.Context(), "shop", s.step))
		if told.New != s.want {
			t.Errorf("report %d is new: %v, want %v", i, told.New, s.want)
		}
	}
	got := must[client.Pipeline](t)(c.Pipeline(t.Context(), "shop", "v2"))
	if diff := cmp.Diff(got.Steps, []client.PipelineStep{aStep()}); diff != "" {
		t.Errorf("read back (-got +want):\n%s", diff)
	}
	if got.Standing == nil || got.Standing.State != "verified" {
		t.Errorf("standing %+v", got.Standing)
	}
	past := must[client.PipelineHistory](t)(c.PipelineHistory(t.Context(), "shop", "unit", "main"))
	want := client.PipelineHistory{
		Runs: []client.PipelineRun{{
			ID: "7/unit", Run: "7", Version: "v2", Commit: "c0ffee1", Branch: "main", Started: over.Started, DurationMS: 61_250, Tests: over.Tests,
		}},
		Longest: over.Longest, Signature: over.Signature,
	}
	if diff := cmp.Diff(past, want); diff != "" {
		t.Errorf("history (-got +want):\n%s", diff)
	}
}

func TestClosingIsTold(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	c := dial(t, h, srv, access.Responder)
	closing := client.PipelineClosing{
		Run: "7", Version: "v2", Wanted: []client.PipelineWanted{{Name: "unit"}, {Name: "e2e", MinTests: 3}},
		Steps:    []client.PipelineClosedStep{{ID: "7/unit", Name: "unit", State: "passed", Started: aStep().Started}},
		Findings: []client.PipelineFinding{{Rule: "step-missing", Level: "fail", Message: "e2e never ran"}},
	}
	for i, want := range []bool{true, false} {
		if told := must[client.PipelineTold](t)(c.ClosePipeline(t.Context(), "shop", closing)); told.New != want {
			t.Errorf("closing %d is new: %v", i, told.New)
		}
	}
	got := must[client.Pipeline](t)(c.Pipeline(t.Context(), "shop", "v2"))
	if diff := cmp.Diff(got.Closings, []client.PipelineClosing{closing}); diff != "" {
		t.Errorf("read back (-got +want):\n%s", diff)
	}
	if got.Standing == nil || got.Standing.State != "unverified" || !strings.Contains(got.Standing.Text, "e2e never ran") {
		t.Errorf("standing %+v", got.Standing)
	}
	if none := must[client.Pipeline](t)(c.Pipeline(t.Context(), "shop", "v9")); none.Standing != nil || len(none.Steps) != 0 {
		t.Errorf("of a version nobody told of: %+v", none)
	}
}

// A viewer may read and not report; what is malformed is refused with a hint,
// and what is merely too long is cut by the client.
func TestHostileSteps(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	token := h.Grant("ci", access.Responder)
	if _, err := dial(t, h, srv, access.Viewer).ReportStep(t.Context(), "shop", aStep()); !client.IsKind(err, client.Denied) {
		t.Errorf("a viewer reports: %v", err)
	}
	if _, err := dial(t, h, srv, access.Viewer).ClosePipeline(t.Context(), "shop", client.PipelineClosing{Run: "1"}); !client.IsKind(err, client.Denied) {
		t.Errorf("a viewer closes: %v", err)
	}
	if _, err := dial(t, h, srv, access.Viewer).PipelineHistory(t.Context(), "shop", "unit", ""); err != nil {
		t.Errorf("a viewer may not read: %v", err)
	}
	body := func(more string) string {
		return fmt.Sprintf(`{"id":"1","name":"unit","run":"1","command":"x","started":"2026-11-21T03:00:00Z","duration_ms":1,"code":0,"state":"passed"%s}`, more)
	}
	const path = "/api/v1/products/shop/pipeline/steps"
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"plain":               {body(""), http.StatusOK},
		"unknown field":       {body(`,"x":1`), http.StatusUnprocessableEntity},
		"negative duration":   {body(`,"cpu_ms":-1`), http.StatusUnprocessableEntity},
		"unknown state":       {strings.Replace(body(""), "passed", "great", 1), http.StatusUnprocessableEntity},
		"no name":             {strings.Replace(body(""), `"unit"`, `""`, 1), http.StatusUnprocessableEntity},
		"line feed in a name": {strings.Replace(body(""), `"unit"`, `"u\nnit"`, 1), http.StatusUnprocessableEntity},
		"too long":            {body(`,"version":"` + strings.Repeat("v", 201) + `"`), http.StatusUnprocessableEntity},
		"too many findings":   {body(`,"findings":[` + strings.TrimSuffix(strings.Repeat(`{"rule":"x","level":"warn","message":"m"},`, 201), ",") + `]`), http.StatusUnprocessableEntity},
		"too large":           {body(`,"log":"` + strings.Repeat("x", 9<<20) + `"`), http.StatusRequestEntityTooLarge},
		"not JSON":            {"{", http.StatusBadRequest},
	} {
		if resp, p := send(t, srv, http.MethodPost, path, token, tt.body); resp.StatusCode != tt.want {
			t.Errorf("%s: got %d %q, want %d", name, resp.StatusCode, p.Detail, tt.want)
		}
	}
	if resp, _ := send(t, srv, http.MethodPost, "/api/v1/products/none/pipeline/steps", token, body("")); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a step of no product: %d", resp.StatusCode)
	}
	long := aStep()
	long.ID = "8/unit"
	long.Name, long.Version = strings.Repeat("ä", 300), "v\n8"
	long.Findings = append(long.Findings, client.PipelineFinding{Level: "fail", Message: strings.Repeat("\x1b\x00\xff", 100_000)})
	for range 500 {
		long.Findings = append(long.Findings, long.Findings[0])
		long.Excerpt = append(long.Excerpt, client.PipelinePassage{Lines: []string{strings.Repeat("\x00", 9000)}})
	}
	long.Signature = make([]byte, 2<<20)
	if _, err := dial(t, h, srv, access.Responder).ReportStep(t.Context(), "shop", long); err != nil {
		t.Errorf("a long step is refused: %v", err)
	}
}
