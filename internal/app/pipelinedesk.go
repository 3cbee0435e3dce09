package app

import (
	"context"

	"github.com/postflight/postflight/internal/api"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/redact"
	"github.com/postflight/postflight/internal/store"
)

// maxSignature bounds what a log may look like.
const maxSignature = 2 << 20

// fewRuns is how few green runs on a branch say less than those of all.
const fewRuns = 3

// ReportStep enters a step of CI into the product's ledger. Telling the same
// one twice is no error; fresh is false then, and nothing follows from it.
func (d *Desk) ReportStep(ctx context.Context, p product.ID, e pipeline.Entry, signature []byte) (fresh bool, err error) {
	if _, err := d.product(p); err != nil {
		return false, err
	}
	if e, err = e.Check(); err != nil {
		return false, err
	}
	if len(signature) > maxSignature {
		return false, fault.Newf(fault.Invalid, "the signature of a log may have at most %d bytes", maxSignature)
	}
	e = e.Redact(redact.New().Text)
	e.Product, e.Told = string(p), d.now().UTC()
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		if fresh, err = tx.PutPipelineStep(ctx, p, e); err != nil || !fresh {
			return err
		}
		if len(signature) > 0 && e.State.Green() {
			if err := tx.PutSignature(ctx, p, e, signature); err != nil {
				return err
			}
		}
		line := pipeline.Line{Step: e.ID, Run: e.Run, Version: e.Version, Commit: e.Commit}
		_, err := tx.Append(ctx, journal.New(pipeline.EventReported, d.now(), line).About(string(p), "", "", ""))
		return err
	})
	return fresh, err
}

// ClosePipeline enters the judgement on a whole run of CI.
func (d *Desk) ClosePipeline(ctx context.Context, c pipeline.Closed) (fresh bool, err error) {
	if _, err := d.product(product.ID(c.Product)); err != nil {
		return false, err
	}
	if c, err = c.Check(); err != nil {
		return false, err
	}
	c = c.Redact(redact.New().Text)
	c.Told = d.now().UTC()
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		if fresh, err = tx.PutPipelineClosing(ctx, product.ID(c.Product), c); err != nil || !fresh {
			return err
		}
		line := pipeline.Line{Run: c.Run, Version: c.Version, Commit: c.Commit}
		_, err := tx.Append(ctx, journal.New(pipeline.EventClosed, d.now(), line).About(c.Product, "", "", ""))
		return err
	})
	return fresh, err
}

// maxSteps bounds how many steps one question returns.
const maxSteps = 100

// Pipeline returns what was told of a version, or a product's newest steps.
func (d *Desk) Pipeline(ctx context.Context, p product.ID, version string) (api.Told, error) {
	if _, err := d.product(p); err != nil {
		return api.Told{}, err
	}
	return read(ctx, d.store, func(tx *store.Tx) (out api.Told, err error) {
		if version == "" {
			out.Steps, err = tx.LatestPipelineSteps(ctx, p, maxSteps)
			return out, err
		}
		commit := ""
		rows, err := tx.ReleasesOf(ctx, p, version)
		if err != nil {
			return out, err
		}
		if len(rows) > 0 {
			commit = rows[0].Commit
			st, known, err := tx.PipelineStanding(ctx, rows[0].ID)
			if err != nil {
				return out, err
			}
			if known {
				out.Standing = &st
			}
		}
		if out.Steps, err = tx.PipelineSteps(ctx, p, version, commit); err != nil {
			return out, err
		}
		out.Closings, err = tx.PipelineClosings(ctx, p, version, commit)
		return out, err
	})
}

// GreenRuns returns the last green runs of a step on a branch, or on every
// branch when it has few, and what its last green log looked like.
func (d *Desk) GreenRuns(ctx context.Context, p product.ID, step, branch string) (runs []pipeline.Entry, signature []byte, err error) {
	if _, err := d.product(p); err != nil {
		return nil, nil, err
	}
	err = d.store.Read(ctx, func(tx *store.Tx) error {
		if runs, err = greenRuns(ctx, tx, p, pipeline.Step{Name: step, Branch: branch}); err != nil {
			return err
		}
		signature, err = tx.Signature(ctx, p, step, branch)
		return err
	})
	return runs, signature, err
}

// greenRuns returns the green runs before a step, or before now.
func greenRuns(ctx context.Context, tx *store.Tx, p product.ID, s pipeline.Step) ([]pipeline.Entry, error) {
	if s.Branch != "" {
		runs, err := tx.GreenSteps(ctx, p, s.Name, s.Branch, s.Started)
		if err != nil || len(runs) >= fewRuns {
			return runs, err
		}
	}
	return tx.GreenSteps(ctx, p, s.Name, "", s.Started)
}
