package app

import (
	"context"

	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/web"
)

// maxShown bounds the steps of one release page.
const maxShown = 60

// pipelineView returns what CI told of a release, each step with the green runs
// of it before.
func pipelineView(ctx context.Context, tx *store.Tx, r release.Release) (out web.PipelineView, err error) {
	st, known, err := tx.PipelineStanding(ctx, r.ID)
	if err != nil || !known {
		return out, err
	}
	out.Standing = &st
	told, err := tx.PipelineSteps(ctx, r.Product, r.Version, r.Commit)
	if err != nil {
		return out, err
	}
	if out.Closings, err = tx.PipelineClosings(ctx, r.Product, r.Version, r.Commit); err != nil {
		return out, err
	}
	told, out.Closings = pipeline.Of(r, told, out.Closings)
	out.Closings = pipeline.LastClosings(out.Closings)
	steps := pipeline.Counting(told, out.Closings)
	for _, e := range steps[:min(len(steps), maxShown)] {
		past, err := greenRuns(ctx, tx, r.Product, e.Step)
		if err != nil {
			return out, err
		}
		out.Steps = append(out.Steps, web.StepView{Entry: e, Past: past})
	}
	return out, nil
}
