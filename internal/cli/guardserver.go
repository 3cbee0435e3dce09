package cli

import (
	"context"
	"slices"
	"time"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/excerpt"
	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// pipelineServer keeps the ledger of one product on a server.
type pipelineServer struct {
	client  *client.Client
	product string
}

// Report sends a step.
func (p pipelineServer) Report(ctx context.Context, s pipeline.Step, m guard.Memory) error {
	out := client.PipelineStep{
		ID: s.ID, Name: s.Name, Run: s.Run, Job: s.Job, Address: s.Address, Version: s.Version, Commit: s.Commit, Branch: s.Branch,
		Command: s.Command, Hash: s.Hash, Started: s.Started, DurationMS: s.Duration.Milliseconds(), CPUMS: s.CPU.Milliseconds(),
		Code: s.Code, Signal: s.Signal, State: string(s.State), Tools: s.Tools, Findings: wireFindings(s.Findings),
		Excerpt: wirePassages(s.Excerpt), Log: s.Log, Lines: s.Lines, Bytes: s.Bytes, Signature: m.Green,
	}
	if t := s.Tests; t != nil {
		out.Tests = &client.PipelineTests{Passed: t.Passed, Failed: t.Failed, Skipped: t.Skipped, Flaky: t.Flaky, Uncounted: t.Uncounted}
	}
	for _, r := range s.Reports {
		out.Reports = append(out.Reports, client.PipelineReport{Path: r.Path, Hash: r.Hash, Modified: r.Modified, Format: r.Format, Problem: r.Problem})
	}
	for name, d := range m.Past.Longest {
		out.Longest = append(out.Longest, client.PipelineLongestTest{Name: name, TookMS: d.Milliseconds()})
	}
	slices.SortFunc(out.Longest, func(a, b client.PipelineLongestTest) int { return int(b.TookMS - a.TookMS) })
	_, err := p.client.ReportStep(ctx, p.product, out)
	return err
}

// Recall reads the history of a step.
func (p pipelineServer) Recall(ctx context.Context, s pipeline.Step) (guard.Memory, error) {
	h, err := p.client.PipelineHistory(ctx, p.product, s.Name, s.Branch)
	if err != nil {
		return guard.Memory{}, err
	}
	m := guard.Memory{Green: h.Signature}
	for _, r := range h.Runs {
		past := pipeline.Step{Duration: time.Duration(r.DurationMS) * time.Millisecond}
		if t := r.Tests; t != nil {
			past.Tests = &pipeline.Tests{Passed: t.Passed, Failed: t.Failed, Skipped: t.Skipped, Flaky: t.Flaky, Uncounted: t.Uncounted}
		}
		m.Past.Add(past)
	}
	for _, l := range h.Longest {
		m.Past.Lasted(l.Name, time.Duration(l.TookMS)*time.Millisecond)
	}
	return m, nil
}

// sendClosing tells the server of the whole run, where one was named. That it
// cannot be told never makes a run green or red.
func (t *tool) sendClosing(ctx context.Context, c closing, s guard.Surroundings, out pipeline.Closing) {
	product := first(c.product, t.Getenv("POSTFLIGHT_PRODUCT"))
	server, err := t.pipelines(product)
	if err != nil {
		t.warn("the closing did not reach the server: " + err.Error())
		return
	}
	p, ok := server.(pipelineServer)
	if !ok {
		return
	}
	told := client.PipelineClosing{
		Run: out.Run, Address: s.Address, Version: first(c.version, t.Getenv("POSTFLIGHT_VERSION")), Commit: s.Commit, Branch: s.Branch,
		Green: out.Green, Findings: wireFindings(out.Findings),
	}
	for _, w := range out.Wanted {
		told.Wanted = append(told.Wanted, client.PipelineWanted{Name: w.Name, MinTests: w.MinTests, Optional: w.Optional})
	}
	for _, s := range out.Steps {
		told.Steps = append(told.Steps, client.PipelineClosedStep{ID: s.ID, Name: s.Name, Job: s.Job, State: string(s.State), Started: s.Started})
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if _, err := p.client.ClosePipeline(ctx, p.product, told); err != nil {
		t.warn("the closing did not reach the server: " + err.Error())
	}
}

func wireFindings(list []rule.Finding) []client.PipelineFinding {
	var out []client.PipelineFinding
	for _, f := range list {
		w := client.PipelineFinding{
			Rule: string(f.Rule), Level: string(f.Level), Message: f.Message, Allowed: f.Allowed,
			File: f.Place.File, Line: f.Place.Line, Column: f.Place.Column,
		}
		for _, p := range f.Proofs {
			w.Proofs = append(w.Proofs, client.PipelineProof{Kind: p.Kind, Text: p.Text, Line: p.Line})
		}
		out = append(out, w)
	}
	return out
}

func wirePassages(list []excerpt.Passage) []client.PipelinePassage {
	var out []client.PipelinePassage
	for _, p := range list {
		out = append(out, client.PipelinePassage{From: p.From, Key: p.Key, Lines: p.Lines, Why: p.Why})
	}
	return out
}
