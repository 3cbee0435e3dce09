package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// How much of the pipelines' ledger is kept of each product.
const (
	keptRuns     = "200"   // of each step; what belongs to a kept release stays
	keptSteps    = "20000" // of all steps
	keptBranches = "20"    // last green logs of each step
	keptLogs     = "200"   // last green logs of all steps
	// maxOfRelease bounds how much one release may gather.
	maxOfRelease = 500
)

// PutPipelineStep writes a step of the ledger. Telling the same id again
// changes nothing, unless the step was still running then; fresh says whether
// something was written.
func (t *Tx) PutPipelineStep(ctx context.Context, p product.ID, e pipeline.Entry) (fresh bool, err error) {
	if p == "" || e.ID == "" {
		return false, fmt.Errorf("write step: %w", errEmptyID)
	}
	body, err := encode(e)
	if err != nil {
		return false, fmt.Errorf("write step %s: %w", e.ID, err)
	}
	n, err := t.exec(ctx, `INSERT INTO pipeline_steps (product, id, name, branch, version, commit_id, state, release_id, at, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9)
		ON CONFLICT (product, id) DO UPDATE SET name = excluded.name, branch = excluded.branch, version = excluded.version,
			commit_id = excluded.commit_id, state = excluded.state, at = excluded.at, body = excluded.body
		WHERE pipeline_steps.state = 'running' AND excluded.state <> 'running'`,
		p, e.ID, e.Name, e.Branch, e.Version, e.Commit, e.State, e.Started, body)
	if err != nil {
		return false, fmt.Errorf("write step %s: %w", e.ID, err)
	}
	return n > 0, nil
}

// PutPipelineClosing writes the judgement on a run; a later one of the same run
// takes its place. Fresh says whether it differs from what was known.
func (t *Tx) PutPipelineClosing(ctx context.Context, p product.ID, c pipeline.Closed) (fresh bool, err error) {
	if p == "" || c.Run == "" {
		return false, fmt.Errorf("write closing: %w", errEmptyID)
	}
	was, known, err := find[pipeline.Closed](ctx, t, `SELECT body FROM pipeline_closings WHERE product = $1 AND run = $2`, p, c.Run)
	if err != nil {
		return false, fmt.Errorf("read closing of %s: %w", c.Run, err)
	}
	if known {
		was.Told = c.Told
		old, err := encode(was)
		if err != nil {
			return false, fmt.Errorf("write closing of %s: %w", c.Run, err)
		}
		if now, err := encode(c); err == nil && old == now {
			return false, nil
		}
	}
	body, err := encode(c)
	if err != nil {
		return false, fmt.Errorf("write closing of %s: %w", c.Run, err)
	}
	_, err = t.exec(ctx, `INSERT INTO pipeline_closings (product, run, version, commit_id, release_id, at, body)
		VALUES ($1, $2, $3, $4, '', $5, $6)
		ON CONFLICT (product, run) DO UPDATE SET version = excluded.version, commit_id = excluded.commit_id,
			at = excluded.at, body = excluded.body`, p, c.Run, c.Version, c.Commit, c.Told, body)
	if err != nil {
		return false, fmt.Errorf("write closing of %s: %w", c.Run, err)
	}
	return true, nil
}

// belongs chooses what was told of a version, or of its commit: without a
// version of its own, or when nothing was told of the version.
func belongs[T any](ctx context.Context, t *Tx, table, version, commit string, args []any) ([]T, error) {
	const same = `(commit_id = $3 OR LENGTH($3) >= 7 AND SUBSTR(commit_id, 1, LENGTH($3)) = $3
		OR LENGTH(commit_id) >= 7 AND SUBSTR($3, 1, LENGTH(commit_id)) = commit_id)`
	query := func(cond string) string {
		return fmt.Sprintf(`SELECT body FROM %s WHERE product = $1 AND %s ORDER BY at DESC LIMIT %d`, table, cond, maxOfRelease)
	}
	out, err := list[T](ctx, t, query(`(CAST($2 AS TEXT) <> '' AND version = $2 OR version = '' AND CAST($3 AS TEXT) <> '' AND `+same+`)`), args...)
	if err == nil && len(out) == 0 && commit != "" {
		out, err = list[T](ctx, t, query(`CAST($2 AS TEXT) IS NOT NULL AND `+same), args...)
	}
	slices.Reverse(out)
	return out, err
}

// PipelineSteps returns what was told of the steps of a version, else of its
// commit, the first that began first.
func (t *Tx) PipelineSteps(ctx context.Context, p product.ID, version, commit string) ([]pipeline.Entry, error) {
	out, err := belongs[pipeline.Entry](ctx, t, "pipeline_steps", version, commit, []any{p, version, commit})
	if err != nil {
		return nil, fmt.Errorf("read steps of %s: %w", p, err)
	}
	return out, nil
}

// PipelineClosings returns the judgements on the runs of a version, else of
// its commit, the oldest first.
func (t *Tx) PipelineClosings(ctx context.Context, p product.ID, version, commit string) ([]pipeline.Closed, error) {
	out, err := belongs[pipeline.Closed](ctx, t, "pipeline_closings", version, commit, []any{p, version, commit})
	if err != nil {
		return nil, fmt.Errorf("read closings of %s: %w", p, err)
	}
	return out, nil
}

// LatestPipelineSteps returns the steps of a product that began last, the first
// of them first.
func (t *Tx) LatestPipelineSteps(ctx context.Context, p product.ID, limit int) ([]pipeline.Entry, error) {
	out, err := list[pipeline.Entry](ctx, t, `SELECT body FROM pipeline_steps WHERE product = $1 ORDER BY at DESC, id LIMIT $2`, p, bound(limit))
	if err != nil {
		return nil, fmt.Errorf("read newest steps of %s: %w", p, err)
	}
	slices.Reverse(out)
	return out, nil
}

// GreenSteps returns the newest green runs of a step that began before a
// moment (zero: now), on a branch or on any ("").
func (t *Tx) GreenSteps(ctx context.Context, p product.ID, name, branch string, before time.Time) ([]pipeline.Entry, error) {
	out, err := list[pipeline.Entry](ctx, t, `SELECT body FROM pipeline_steps
		WHERE product = $1 AND name = $2 AND ($3 = CAST('' AS TEXT) OR branch = $3) AND state = 'passed' AND (CAST($4 AS BIGINT) = 0 OR at < $4)
		ORDER BY at DESC, id LIMIT 20`, p, name, branch, micros(before))
	if err != nil {
		return nil, fmt.Errorf("read green runs of %s: %w", name, err)
	}
	slices.Reverse(out)
	return out, nil
}

// PipelineStanding returns what a release's pipeline is worth, and whether
// anything was told of it.
func (t *Tx) PipelineStanding(ctx context.Context, id release.ID) (pipeline.Standing, bool, error) {
	s, ok, err := find[pipeline.Standing](ctx, t, `SELECT body FROM pipeline_standings WHERE release_id = $1`, id)
	if err != nil {
		return s, false, fmt.Errorf("read standing of %s: %w", id, err)
	}
	return s, ok, nil
}

// PutPipelineStanding writes what a release's pipeline is worth, and keeps its
// steps and closings for as long as the release's own story.
func (t *Tx) PutPipelineStanding(ctx context.Context, s pipeline.Standing, steps, runs []string) error {
	err := t.put(ctx, "standing", string(s.Release), s, `INSERT INTO pipeline_standings (release_id, body, product, at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (release_id) DO UPDATE SET body = excluded.body, at = excluded.at`, s.Product, s.At)
	if err != nil {
		return err
	}
	for _, id := range steps {
		if _, err := t.exec(ctx, `UPDATE pipeline_steps SET release_id = $1 WHERE product = $2 AND id = $3 AND release_id <> $1`,
			s.Release, s.Product, id); err != nil {
			return fmt.Errorf("bind step %s: %w", id, err)
		}
	}
	for _, run := range runs {
		if _, err := t.exec(ctx, `UPDATE pipeline_closings SET release_id = $1 WHERE product = $2 AND run = $3 AND release_id <> $1`,
			s.Release, s.Product, run); err != nil {
			return fmt.Errorf("bind closing of %s: %w", run, err)
		}
	}
	return nil
}

// PutSignature keeps what the last green log of a step on a branch looked
// like; the newest of each counts.
func (t *Tx) PutSignature(ctx context.Context, p product.ID, e pipeline.Entry, signature []byte) error {
	_, err := t.exec(ctx, `INSERT INTO pipeline_signatures (product, name, branch, at, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (product, name, branch) DO UPDATE SET at = excluded.at, body = excluded.body
		WHERE pipeline_signatures.at <= excluded.at`,
		p, e.Name, e.Branch, e.Started, document(base64.StdEncoding.EncodeToString(signature)))
	if err != nil {
		return fmt.Errorf("write signature of %s: %w", e.Name, err)
	}
	return nil
}

// Signature returns what the last green log of a step looked like, on the
// branch, else on the one that was green last; nil when none is known.
func (t *Tx) Signature(ctx context.Context, p product.ID, name, branch string) ([]byte, error) {
	found, err := t.names(ctx, `SELECT body FROM pipeline_signatures WHERE product = $1 AND name = $2
		ORDER BY CASE WHEN branch = $3 THEN 0 ELSE 1 END, at DESC LIMIT 1`, p, name, branch)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(found[0])
	if err != nil {
		return nil, fmt.Errorf("decode signature of %s: %w", name, err)
	}
	return raw, nil
}
