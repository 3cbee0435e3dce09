package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
)

// How much is kept of changes and builds; what belongs to a kept release stays.
const (
	keptScopes = "500" // of all changes
	keptBuilds = "40"  // of each product
)

// sameCommit matches a commit by its whole name ($1), or by the beginning of
// either when that is at least seven characters long.
const sameCommit = `(commit_id = $1 OR LENGTH($1) >= 7 AND SUBSTR(commit_id, 1, LENGTH($1)) = $1
	OR LENGTH(commit_id) >= 7 AND SUBSTR($1, 1, LENGTH(commit_id)) = commit_id)`

// PutScope writes what CI says of a change; a later report takes the place of
// the one before. Fresh says whether it differs.
func (t *Tx) PutScope(ctx context.Context, r scope.Report) (fresh bool, err error) {
	was, known, err := find[scope.Report](ctx, t, `SELECT body FROM scopes WHERE commit_id = $1`, r.Commit)
	if err != nil {
		return false, fmt.Errorf("read scope of %s: %w", r.Commit, err)
	}
	if known {
		was.At, was.By = r.At, r.By
		if same, err := alike(was, r); err != nil || same {
			return false, err
		}
	}
	err = t.put(ctx, "scope", r.Commit, r, `INSERT INTO scopes (commit_id, body, version, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (commit_id) DO UPDATE SET body = excluded.body, version = excluded.version, at = excluded.at`, r.Version, r.At)
	return err == nil, err
}

// alike reports whether two documents are stored as the same text.
func alike(a, b any) (bool, error) {
	x, err := encode(a)
	if err != nil {
		return false, err
	}
	y, err := encode(b)
	return x == y, err
}

// Scope returns what CI says of a commit, and whether it said anything.
func (t *Tx) Scope(ctx context.Context, commit string) (scope.Report, bool, error) {
	if commit == "" {
		return scope.Report{}, false, nil
	}
	r, ok, err := find[scope.Report](ctx, t, `SELECT body FROM scopes WHERE `+sameCommit+`
		ORDER BY CASE WHEN commit_id = $1 THEN 0 ELSE 1 END, at DESC LIMIT 1`, commit)
	if err != nil {
		return r, false, fmt.Errorf("read scope of %s: %w", commit, err)
	}
	return r, ok, nil
}

// ScopeOfVersion returns the newest report of a version.
func (t *Tx) ScopeOfVersion(ctx context.Context, version string) (scope.Report, bool, error) {
	r, ok, err := find[scope.Report](ctx, t, `SELECT body FROM scopes WHERE version = $1 AND version <> ''
		ORDER BY at DESC, commit_id LIMIT 1`, version)
	if err != nil {
		return r, false, fmt.Errorf("read scope of version %s: %w", version, err)
	}
	return r, ok, nil
}

// PutBinding writes what a release was expected to ship.
func (t *Tx) PutBinding(ctx context.Context, b scope.Binding) error {
	return t.put(ctx, "scope of release", string(b.Release), b, `INSERT INTO scope_bindings (release_id, body, commit_id, product, at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (release_id) DO UPDATE SET body = excluded.body, commit_id = excluded.commit_id, at = excluded.at`,
		b.Commit, b.Product, b.At)
}

// Binding returns what a release was expected to ship, and whether that is
// known.
func (t *Tx) Binding(ctx context.Context, id release.ID) (scope.Binding, bool, error) {
	b, ok, err := find[scope.Binding](ctx, t, `SELECT body FROM scope_bindings WHERE release_id = $1`, id)
	if err != nil {
		return b, false, fmt.Errorf("read scope of release %s: %w", id, err)
	}
	return b, ok, nil
}

// PutManifest writes what a build of a product produced; another build of the
// same commit takes its place. Fresh says whether it differs.
func (t *Tx) PutManifest(ctx context.Context, m scope.Manifest) (fresh bool, err error) {
	if m.Product == "" || m.Commit == "" {
		return false, fmt.Errorf("write artifacts: %w", errEmptyID)
	}
	was, known, err := t.manifest(ctx, `SELECT body FROM artifacts WHERE product = $2 AND commit_id = $1`, m.Commit, m.Product)
	if err != nil || known && was.Same(m) {
		return false, err
	}
	body, err := encode(m)
	if err != nil {
		return false, fmt.Errorf("write artifacts of %s: %w", m.Product, err)
	}
	_, err = t.exec(ctx, `INSERT INTO artifacts (product, commit_id, at, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (product, commit_id) DO UPDATE SET at = excluded.at, body = excluded.body`, m.Product, m.Commit, m.At, body)
	if err != nil {
		return false, fmt.Errorf("write artifacts of %s: %w", m.Product, err)
	}
	return true, nil
}

// Manifest returns what the build of a commit produced.
func (t *Tx) Manifest(ctx context.Context, p product.ID, commit string) (scope.Manifest, bool, error) {
	if commit == "" {
		return scope.Manifest{}, false, nil
	}
	return t.manifest(ctx, `SELECT body FROM artifacts WHERE product = $2 AND `+sameCommit+` ORDER BY at DESC LIMIT 1`, commit, p)
}

// ManifestBefore returns what the newest build of another commit produced, of
// those that were told before a moment.
func (t *Tx) ManifestBefore(ctx context.Context, p product.ID, commit string, at time.Time) (scope.Manifest, bool, error) {
	return t.manifest(ctx, `SELECT body FROM artifacts WHERE product = $2 AND commit_id <> $1 AND at < $3
		ORDER BY at DESC, commit_id LIMIT 1`, commit, p, at)
}

func (t *Tx) manifest(ctx context.Context, query string, args ...any) (scope.Manifest, bool, error) {
	m, ok, err := find[scope.Manifest](ctx, t, query, args...)
	if err != nil {
		return m, false, fmt.Errorf("read artifacts: %w", err)
	}
	return m, ok, nil
}

// Built returns the products of which a build of the commit is known.
func (t *Tx) Built(ctx context.Context, commit string) ([]product.ID, error) {
	names, err := t.names(ctx, `SELECT product FROM artifacts WHERE `+sameCommit+` ORDER BY product`, commit)
	if err != nil {
		return nil, fmt.Errorf("read builds of %s: %w", commit, err)
	}
	out := make([]product.ID, 0, len(names))
	for _, n := range names {
		out = append(out, product.ID(n))
	}
	return out, nil
}

// PutFinding writes that bytes changed of what was said to be left alone.
// Fresh says whether it differs from what was known.
func (t *Tx) PutFinding(ctx context.Context, f scope.Finding) (fresh bool, err error) {
	if f.Product == "" || f.Commit == "" {
		return false, fmt.Errorf("write finding: %w", errEmptyID)
	}
	was, known, err := find[scope.Finding](ctx, t, `SELECT body FROM scope_findings WHERE product = $1 AND commit_id = $2`, f.Product, f.Commit)
	if err != nil {
		return false, fmt.Errorf("read finding of %s: %w", f.Product, err)
	}
	if known {
		was.At = f.At
		if same, err := alike(was, f); err != nil || same {
			return false, err
		}
	}
	body, err := encode(f)
	if err == nil {
		_, err = t.exec(ctx, `INSERT INTO scope_findings (product, commit_id, at, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (product, commit_id) DO UPDATE SET at = excluded.at, body = excluded.body`, f.Product, f.Commit, f.At, body)
	}
	if err != nil {
		return false, fmt.Errorf("write finding of %s: %w", f.Product, err)
	}
	return true, nil
}

// DropFinding takes a finding back that a later report or build does not bear
// out.
func (t *Tx) DropFinding(ctx context.Context, p product.ID, commit string) error {
	_, err := t.exec(ctx, `DELETE FROM scope_findings WHERE product = $1 AND commit_id = $2`, p, commit)
	return err
}

// Findings returns where the bytes of a commit's builds contradict its report.
func (t *Tx) Findings(ctx context.Context, commit string) ([]scope.Finding, error) {
	out, err := list[scope.Finding](ctx, t, `SELECT body FROM scope_findings WHERE commit_id = $1 ORDER BY product`, commit)
	if err != nil {
		return nil, fmt.Errorf("read findings of %s: %w", commit, err)
	}
	return out, nil
}

// pruneScopes deletes what is too much of changes and builds: what is beyond
// the number that is kept goes at once, the rest by age.
func (s *Store) pruneScopes(ctx context.Context, o PruneOptions, n *Pruned) error {
	const mine = `commit_id NOT IN (SELECT commit_id FROM scope_bindings WHERE release_id IN (SELECT id FROM kept_releases))`
	tooMany := func(key, by, number string) string {
		return `SELECT ` + key + ` FROM (SELECT ` + key + `, at, ROW_NUMBER() OVER (` + by + ` ORDER BY at DESC, commit_id) AS nth
			FROM %s) AS counted WHERE at < $2 AND nth > ` + number + ` AND ` + mine
	}
	return errors.Join(
		s.shed(ctx, surplus{"scopes", "commit_id", fmt.Sprintf(tooMany("commit_id", "", keptScopes), "scopes")}, o.Releases, o.Steps, &n.Scopes),
		s.shed(ctx, surplus{
			"artifacts", "product, commit_id", fmt.Sprintf(tooMany("product, commit_id", "PARTITION BY product", keptBuilds), "artifacts"),
		}, o.Releases, o.Steps, &n.Scopes),
		s.shed(ctx, surplus{"scope_findings", "product, commit_id", `SELECT product, commit_id FROM scope_findings
			WHERE at < $2 AND commit_id NOT IN (SELECT commit_id FROM scopes)`}, o.Releases, o.Signals, &n.Scopes),
		s.shed(ctx, surplus{"scope_bindings", "release_id", `SELECT release_id FROM scope_bindings
			WHERE at < $2 AND release_id NOT IN (SELECT id FROM kept_releases)
				AND release_id NOT IN (SELECT release_id FROM incidents WHERE release_id <> '')`}, o.Releases, o.Signals, &n.Scopes),
	)
}
