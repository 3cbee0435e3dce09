package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rule"
)

// Pipelines takes what guards tell of CI, and answers for it. Both reports may
// be repeated; fresh is false when nothing was written. A malformed report is a
// fault of kind Invalid, an unknown product NotFound.
type Pipelines interface {
	ReportStep(ctx context.Context, p product.ID, e pipeline.Entry, signature []byte) (fresh bool, err error)
	ClosePipeline(ctx context.Context, c pipeline.Closed) (fresh bool, err error)
	// Pipeline returns what was told of a version, or the newest steps for "".
	Pipeline(ctx context.Context, p product.ID, version string) (Told, error)
	// GreenRuns returns the last green runs of a step, the oldest first, and what
	// its last green log looked like.
	GreenRuns(ctx context.Context, p product.ID, step, branch string) (runs []pipeline.Entry, signature []byte, err error)
}

// Told is what was told of the pipeline of a version.
type Told struct {
	Standing *pipeline.Standing
	Steps    []pipeline.Entry
	Closings []pipeline.Closed
}

// Bounds of reports: a step brings the signature of its log along.
const (
	maxStep    = 8 << 20
	maxClosing = 4 << 20
)

type stepInput struct {
	ProductPath
	Body client.PipelineStep
}

type closingInput struct {
	ProductPath
	Body client.PipelineClosing
}

type pipelineInput struct {
	ProductPath
	Version string `query:"version" maxLength:"200" doc:"The version that was built; none means the newest steps."`
}

type historyInput struct {
	ProductPath
	Step   string `query:"step" required:"true" minLength:"1" maxLength:"200" doc:"Name of the step."`
	Branch string `query:"branch" maxLength:"200" doc:"Runs of this branch; of every branch when it has fewer than three green ones."`
}

// pipelines registers what is about CI.
func (s *server) pipelines() {
	add(s, operation{id: "report-step", method: http.MethodPost, path: "/products/{product}/pipeline/steps", summary: "Tell of one guarded step of CI; may be repeated", need: access.Responder, body: maxStep},
		func(ctx context.Context, in *stepInput) (*answer[client.PipelineTold], error) {
			fresh, err := s.Pipelines.ReportStep(ctx, product.ID(in.Product), readStep(in.Product, in.Body), in.Body.Signature)
			return say(client.PipelineTold{New: fresh}, err)
		})
	add(s, operation{id: "close-pipeline", method: http.MethodPost, path: "/products/{product}/pipeline/closings", summary: "Tell the judgement on a whole run of CI; may be repeated", need: access.Responder, body: maxClosing},
		func(ctx context.Context, in *closingInput) (*answer[client.PipelineTold], error) {
			fresh, err := s.Pipelines.ClosePipeline(ctx, readClosing(in.Product, in.Body))
			return say(client.PipelineTold{New: fresh}, err)
		})
	add(s, operation{id: "get-pipeline", method: http.MethodGet, path: "/products/{product}/pipeline", summary: "What was told of the pipeline of a version", need: access.Viewer},
		func(ctx context.Context, in *pipelineInput) (*answer[client.Pipeline], error) {
			told, err := s.Pipelines.Pipeline(ctx, product.ID(in.Product), in.Version)
			return say(client.Pipeline{
				Standing: some(told.Standing, wireTrust), Steps: each(told.Steps, wireStep), Closings: each(told.Closings, wireClosing),
			}, err)
		})
	add(s, operation{id: "get-pipeline-history", method: http.MethodGet, path: "/products/{product}/pipeline/history", summary: "What the last green runs of a step were like", need: access.Viewer},
		s.history)
}

func (s *server) history(ctx context.Context, in *historyInput) (*answer[client.PipelineHistory], error) {
	runs, signature, err := s.Pipelines.GreenRuns(ctx, product.ID(in.Product), in.Step, in.Branch)
	out := client.PipelineHistory{Runs: each(runs, wireRun), Signature: signature}
	longest := map[string]time.Duration{}
	for _, r := range runs {
		for test, took := range r.Longest {
			longest[test] = max(longest[test], took)
		}
	}
	out.Longest = wireLongest(longest)
	return say(out, err)
}

func millis(n int64) time.Duration { return time.Duration(min(n, 1<<40)) * time.Millisecond }

func readStep(p string, s client.PipelineStep) pipeline.Entry {
	e := pipeline.Entry{Step: pipeline.Step{
		ID: s.ID, Name: s.Name, Run: s.Run, Job: s.Job, Address: s.Address, Product: p, Version: s.Version, Commit: s.Commit,
		Branch: s.Branch, Command: s.Command, Hash: s.Hash, Started: s.Started.UTC(), Duration: millis(s.DurationMS), CPU: millis(s.CPUMS),
		Code: s.Code, Signal: s.Signal, State: pipeline.State(s.State), Tools: s.Tools, Log: s.Log, Lines: s.Lines, Bytes: s.Bytes,
		Tests: some(s.Tests, func(t client.PipelineTests) pipeline.Tests { return pipeline.Tests(t) }),
		Reports: each(s.Reports, func(r client.PipelineReport) pipeline.Report {
			return pipeline.Report{Path: r.Path, Hash: r.Hash, Modified: r.Modified, Format: r.Format, Problem: r.Problem}
		}),
		Findings: each(s.Findings, readFinding),
		Excerpt:  each(s.Excerpt, func(x client.PipelinePassage) excerpt.Passage { return excerpt.Passage(x) }),
	}}
	for _, t := range s.Longest {
		if e.Longest == nil {
			e.Longest = map[string]time.Duration{}
		}
		e.Longest[t.Name] = max(e.Longest[t.Name], millis(t.TookMS))
	}
	return e
}

func readFinding(f client.PipelineFinding) rule.Finding {
	return rule.Finding{
		Rule: rule.ID(f.Rule), Level: rule.Level(f.Level), Message: f.Message, Allowed: f.Allowed,
		Place:  rule.Place{File: f.File, Line: f.Line, Column: f.Column},
		Proofs: each(f.Proofs, func(p client.PipelineProof) rule.Proof { return rule.Proof(p) }),
	}
}

func readClosing(p string, c client.PipelineClosing) pipeline.Closed {
	return pipeline.Closed{
		Product: p, Version: c.Version, Commit: c.Commit, Branch: c.Branch, Address: c.Address,
		Closing: pipeline.Closing{
			Run: c.Run, Green: c.Green, Findings: each(c.Findings, readFinding),
			Wanted: each(c.Wanted, func(w client.PipelineWanted) pipeline.Wanted { return pipeline.Wanted(w) }),
			Steps: each(c.Steps, func(x client.PipelineClosedStep) pipeline.Step {
				return pipeline.Step{ID: x.ID, Name: x.Name, Job: x.Job, Run: c.Run, State: pipeline.State(x.State), Started: x.Started.UTC()}
			}),
		},
	}
}

func wireTrust(st pipeline.Standing) client.PipelineStanding {
	return client.PipelineStanding{
		Release: string(st.Release), Version: st.Version, State: string(st.State), Text: st.Say(), At: st.At,
		Reasons: each(st.Reasons, func(r pipeline.Reason) client.PipelineReason {
			return client.PipelineReason{Step: r.Step, Rule: string(r.Rule), Level: string(r.Level), Text: r.Text}
		}),
	}
}

func wireStep(e pipeline.Entry) client.PipelineStep {
	return client.PipelineStep{
		ID: e.ID, Name: e.Name, Run: e.Run, Job: e.Job, Address: e.Address, Version: e.Version, Commit: e.Commit, Branch: e.Branch,
		Command: e.Command, Hash: e.Hash, Started: e.Started, DurationMS: e.Duration.Milliseconds(), CPUMS: e.CPU.Milliseconds(),
		Code: e.Code, Signal: e.Signal, State: string(e.State), Tools: e.Tools, Log: e.Log, Lines: e.Lines, Bytes: e.Bytes,
		Tests: some(e.Tests, func(t pipeline.Tests) client.PipelineTests { return client.PipelineTests(t) }),
		Reports: each(e.Reports, func(r pipeline.Report) client.PipelineReport {
			return client.PipelineReport{Path: r.Path, Hash: r.Hash, Modified: r.Modified, Format: r.Format, Problem: r.Problem}
		}),
		Findings: each(e.Findings, wireFinding),
		Excerpt:  each(e.Excerpt, func(x excerpt.Passage) client.PipelinePassage { return client.PipelinePassage(x) }),
		Longest:  wireLongest(e.Longest),
	}
}

func wireFinding(f rule.Finding) client.PipelineFinding {
	return client.PipelineFinding{
		Rule: string(f.Rule), Level: string(f.Level), Message: f.Message, Allowed: f.Allowed,
		File: f.Place.File, Line: f.Place.Line, Column: f.Place.Column,
		Proofs: each(f.Proofs, func(p rule.Proof) client.PipelineProof { return client.PipelineProof(p) }),
	}
}

func wireClosing(c pipeline.Closed) client.PipelineClosing {
	return client.PipelineClosing{
		Run: c.Run, Address: c.Address, Version: c.Version, Commit: c.Commit, Branch: c.Branch, Green: c.Green,
		Wanted: each(c.Wanted, func(w pipeline.Wanted) client.PipelineWanted { return client.PipelineWanted(w) }),
		Steps: each(c.Steps, func(x pipeline.Step) client.PipelineClosedStep {
			return client.PipelineClosedStep{ID: x.ID, Name: x.Name, Job: x.Job, State: string(x.State), Started: x.Started}
		}),
		Findings: each(c.Findings, wireFinding),
	}
}

func wireRun(e pipeline.Entry) client.PipelineRun {
	return client.PipelineRun{
		ID: e.ID, Run: e.Run, Version: e.Version, Commit: e.Commit, Branch: e.Branch, Started: e.Started,
		DurationMS: e.Duration.Milliseconds(),
		Tests:      some(e.Tests, func(t pipeline.Tests) client.PipelineTests { return client.PipelineTests(t) }),
	}
}

// wireLongest lists tests, the longest first.
func wireLongest(all map[string]time.Duration) []client.PipelineLongestTest {
	out := make([]client.PipelineLongestTest, 0, len(all))
	for name, d := range all {
		out = append(out, client.PipelineLongestTest{Name: name, TookMS: d.Milliseconds()})
	}
	slices.SortFunc(out, func(a, b client.PipelineLongestTest) int {
		return cmp.Or(cmp.Compare(b.TookMS, a.TookMS), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), 2000)]
}
