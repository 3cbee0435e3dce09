package apitest

import (
	"context"
	"slices"

	"github.com/postflight/postflight/internal/api"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// ReportStep keeps a step, unless it is known and over.
func (h *House) ReportStep(ctx context.Context, p product.ID, e pipeline.Entry, signature []byte) (fresh bool, err error) {
	if _, err := h.Product(ctx, p); err != nil {
		return false, err
	}
	if e, err = e.Check(); err != nil {
		return false, err
	}
	h.change(func() {
		i := slices.IndexFunc(h.steps, func(o pipeline.Entry) bool { return o.Product == string(p) && o.ID == e.ID })
		switch {
		case i < 0:
			h.steps = append(h.steps, e)
		case h.steps[i].State != pipeline.Running || e.State == pipeline.Running:
			return
		default:
			h.steps[i] = e
		}
		fresh = true
		if e.State.Green() && len(signature) > 0 {
			h.signatures[e.Name] = signature
		}
	})
	return fresh, nil
}

// ClosePipeline keeps the judgement on a run.
func (h *House) ClosePipeline(ctx context.Context, c pipeline.Closed) (fresh bool, err error) {
	if _, err := h.Product(ctx, product.ID(c.Product)); err != nil {
		return false, err
	}
	if c, err = c.Check(); err != nil {
		return false, err
	}
	h.change(func() {
		fresh = !slices.ContainsFunc(h.closings, func(o pipeline.Closed) bool { return o.Product == c.Product && o.Run == c.Run })
		if fresh {
			h.closings = append(h.closings, c)
		}
	})
	return fresh, nil
}

// Pipeline returns what was told of a version, with its standing.
func (h *House) Pipeline(ctx context.Context, p product.ID, version string) (api.Told, error) {
	if _, err := h.Product(ctx, p); err != nil {
		return api.Told{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var out api.Told
	for _, e := range h.steps {
		if e.Product == string(p) && (version == "" || e.Version == version) {
			out.Steps = append(out.Steps, e)
		}
	}
	for _, c := range h.closings {
		if c.Product == string(p) && c.Version == version && version != "" {
			out.Closings = append(out.Closings, c)
		}
	}
	if version != "" && len(out.Steps)+len(out.Closings) > 0 {
		st := pipeline.Stand(release.Release{Product: p, Version: version}, out.Steps, out.Closings)
		out.Standing = &st
	}
	return out, nil
}

// GreenRuns returns the green runs of a step.
func (h *House) GreenRuns(ctx context.Context, p product.ID, step, branch string) ([]pipeline.Entry, []byte, error) {
	if _, err := h.Product(ctx, p); err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []pipeline.Entry
	for _, e := range h.steps {
		if e.Product == string(p) && e.Name == step && e.State.Green() && (branch == "" || e.Branch == branch) {
			out = append(out, e)
		}
	}
	return out, h.signatures[step], nil
}
