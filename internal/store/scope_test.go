package store

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/workspace"
)

func toldOf(i int) scope.Report {
	return scope.Report{
		Commit: fmt.Sprintf("c0ffee%034d", i), Version: fmt.Sprint("v", i), Base: fmt.Sprintf("c0ffee%034d", i-1), At: at(i),
		Products: []scope.Hit{{Name: "shop", Scope: workspace.Ship, Chain: []scope.Step{{Kind: "file", Name: "a\x00.ts"}}}},
	}
}

func built(i int, hash string) scope.Manifest {
	return scope.Manifest{
		Product: "shop", Commit: toldOf(i).Commit, At: at(i), Files: map[string]scope.File{"app.js": {Hash: strings.Repeat(hash, 64), Size: 3}},
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		later, other := toldOf(1), toldOf(1)
		later.At, later.By = at(9), "another run"
		other.All = "the lockfile does not parse"
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i, x := range []struct {
				r    scope.Report
				want bool
			}{{toldOf(1), true}, {later, false}, {toldOf(2), true}, {other, true}, {other, false}} {
				fresh, err := tx.PutScope(ctx, x.r)
				if err != nil {
					return err
				}
				same(t, fmt.Sprintf("report %d is fresh", i), fresh, x.want)
			}
			_, err := tx.PutScope(ctx, scope.Report{})
			same(t, "a report of no commit is refused", err != nil, true)
			return nil
		})
		of := func(commit string) string {
			return ask(t, s, func(ctx context.Context, tx *Tx) (string, error) {
				r, known, err := tx.Scope(ctx, commit)
				return fmt.Sprint(r.Commit, " ", r.All, known), err
			})
		}
		byVersion := func(version string) string {
			return ask(t, s, func(ctx context.Context, tx *Tx) (string, error) {
				r, known, err := tx.ScopeOfVersion(ctx, version)
				return fmt.Sprint(r.Commit, known), err
			})
		}
		same(t, "of a version", byVersion("v1"), toldOf(1).Commit+"true")
		same(t, "of a version nobody told", byVersion("v9"), "false")
		same(t, "of no version", byVersion(""), "false")
		same(t, "by its name", of(toldOf(1).Commit), toldOf(1).Commit+" the lockfile does not parsetrue")
		same(t, "by the beginning of another", of(toldOf(2).Commit[:40]+"beyond"), toldOf(2).Commit+" true")
		for _, none := range []string{"", "c0ffe", "c0fff", "c0ffee9999", "%", "_______"} {
			same(t, "of "+none, of(none), " false")
		}
	})
}

func TestBindingsAndFindings(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		b := scope.Binding{Release: "shop-1", Product: "shop", Commit: toldOf(1).Commit, Claim: scope.Unaffected, Text: "x", Asked: []product.ID{"admin"}, At: at(1)}
		f, found := scope.Compare(scope.Report{Commit: toldOf(2).Commit, Base: toldOf(1).Commit, Unaffected: []string{"shop"}}, built(1, "a"), built(2, "b"))
		if !found {
			t.Fatal("no finding")
		}
		again := f
		again.At = at(77)
		worse := f
		worse.Total = 5
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i, x := range []struct {
				f    scope.Finding
				want bool
			}{{f, true}, {again, false}, {worse, true}} {
				fresh, err := tx.PutFinding(ctx, x.f)
				if err != nil {
					return err
				}
				same(t, fmt.Sprintf("finding %d is fresh", i), fresh, x.want)
			}
			return tx.PutBinding(ctx, b)
		})
		same(t, "findings", ask(t, s, func(ctx context.Context, tx *Tx) ([]scope.Finding, error) { return tx.Findings(ctx, f.Commit) }), []scope.Finding{worse})
		got := ask(t, s, func(ctx context.Context, tx *Tx) (scope.Binding, error) {
			got, known, err := tx.Binding(ctx, "shop-1")
			if _, other, _ := tx.Binding(ctx, "shop-2"); other || !known {
				t.Errorf("known: %v, another: %v", known, other)
			}
			return got, err
		})
		same(t, "binding", got, b)
		write(t, s, func(ctx context.Context, tx *Tx) error { return tx.DropFinding(ctx, "shop", f.Commit) })
		same(t, "taken back", ask(t, s, func(ctx context.Context, tx *Tx) ([]scope.Finding, error) { return tx.Findings(ctx, f.Commit) }), nil)
	})
}

func TestManifests(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		repeated := built(1, "a")
		repeated.At = at(50)
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i, x := range []struct {
				m    scope.Manifest
				want bool
			}{{built(1, "a"), true}, {repeated, false}, {built(2, "b"), true}, {built(2, "c"), true}, {built(3, "a"), true}} {
				fresh, err := tx.PutManifest(ctx, x.m)
				if err != nil {
					return err
				}
				same(t, fmt.Sprintf("build %d is fresh", i), fresh, x.want)
			}
			return nil
		})
		before := func(p product.ID, i int) string {
			return ask(t, s, func(ctx context.Context, tx *Tx) (string, error) {
				m, known, err := tx.ManifestBefore(ctx, p, toldOf(i).Commit, at(i))
				return fmt.Sprint(m.Files["app.js"].Hash[:min(1, len(m.Files["app.js"].Hash))], known), err
			})
		}
		same(t, "before the third", before("shop", 3), "ctrue")
		same(t, "before the first", before("shop", 1), "false")
		same(t, "of another product", before("admin", 3), "false")
		m := ask(t, s, func(ctx context.Context, tx *Tx) (scope.Manifest, error) {
			m, _, err := tx.Manifest(ctx, "shop", toldOf(3).Commit)
			return m, err
		})
		same(t, "the third", m, built(3, "a"))
		same(t, "built", ask(t, s, func(ctx context.Context, tx *Tx) ([]product.ID, error) { return tx.Built(ctx, toldOf(2).Commit) }), []product.ID{"shop"})
	})
}

// Of changes five hundred stay and of builds forty, and what a kept release
// was held against.
func TestScopesArePruned(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i := range 510 {
				if _, err := tx.PutScope(ctx, toldOf(i)); err != nil {
					return err
				}
			}
			for i := range 50 {
				if _, err := tx.PutManifest(ctx, built(i, "a")); err != nil {
					return err
				}
			}
			f := scope.Finding{Product: "shop", Commit: toldOf(4).Commit, Text: "x", Files: []scope.Difference{{Path: "a"}}, At: at(4)}
			if _, err := tx.PutFinding(ctx, f); err != nil {
				return err
			}
			if err := tx.PutRelease(ctx, release.Release{ID: "shop-1", Product: "shop", Version: "v3", Commit: toldOf(3).Commit, At: at(3)}); err != nil {
				return err
			}
			for _, b := range []scope.Binding{{Release: "shop-1", Commit: toldOf(3).Commit, At: at(3)}, {Release: "shop-gone", Commit: toldOf(5).Commit, At: at(5)}} {
				if err := tx.PutBinding(ctx, b); err != nil {
					return err
				}
			}
			return nil
		})
		n, err := s.Prune(t.Context(), PruneOptions{Steps: at(10_000), Signals: at(10_000)})
		same(t, "prune", err, nil)
		same(t, "pruned", n, Pruned{Scopes: 9 + 9 + 1 + 1})
		left := ask(t, s, func(ctx context.Context, tx *Tx) ([]string, error) {
			return tx.names(ctx, `SELECT commit_id FROM scopes ORDER BY at LIMIT 2`)
		})
		same(t, "left", left, []string{toldOf(3).Commit, toldOf(10).Commit})
		n, err = s.Prune(t.Context(), PruneOptions{Steps: at(10_000), Signals: at(10_000)})
		same(t, "prune again", err, nil)
		same(t, "pruned again", n, Pruned{})
	})
}
