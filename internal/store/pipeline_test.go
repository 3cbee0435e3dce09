package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/release"
	law "github.com/postflight/postflight/internal/rule"
)

func step(i int, name string, state pipeline.State) pipeline.Entry {
	return pipeline.Entry{Step: pipeline.Step{
		ID: fmt.Sprintf("%s-%04d", name, i), Name: name, Run: fmt.Sprint(i), Branch: "main", Version: fmt.Sprintf("v%d", i),
		Commit: fmt.Sprintf("c0ffee%04d", i), Started: at(i), Duration: time.Minute, State: state,
		Tests: &pipeline.Tests{Passed: 10 + i},
	}, Told: at(i)}
}

func told(all []pipeline.Entry) []string {
	var out []string
	for _, e := range all {
		out = append(out, e.ID+" "+string(e.State))
	}
	return out
}

func TestPipelineSteps(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		noVersion, byCommit := step(3, "lint", pipeline.Passed), step(4, "e2e", pipeline.Silent)
		noVersion.Version, noVersion.Commit = "", "c0ffee0002ab"
		byCommit.Version, byCommit.Commit = "other", "abcdef1234"
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i, c := range []struct {
				e    pipeline.Entry
				want bool
			}{
				{step(2, "unit", pipeline.Running), true},
				{step(2, "unit", pipeline.Running), false},
				{step(2, "unit", pipeline.Silent), true},
				{step(2, "unit", pipeline.Silent), false},
				{step(2, "unit", pipeline.Passed), false}, // what is over stays what it was
				{step(2, "unit", pipeline.Running), false},
				{noVersion, true},
				{byCommit, true},
				{step(1, "unit", pipeline.Passed), true},
			} {
				fresh, err := tx.PutPipelineStep(ctx, "shop", c.e)
				if err != nil {
					return err
				}
				same(t, fmt.Sprintf("write %d is fresh", i), fresh, c.want)
			}
			_, err := tx.PutPipelineStep(ctx, "other", step(2, "unit", pipeline.Passed))
			return err
		})
		of := func(version, commit string) []string {
			return told(ask(t, s, func(ctx context.Context, tx *Tx) ([]pipeline.Entry, error) {
				return tx.PipelineSteps(ctx, "shop", version, commit)
			}))
		}
		same(t, "of a version and its commit", of("v2", "c0ffee0002"), []string{"unit-0002 silent", "lint-0003 passed"})
		same(t, "of a version", of("v2", ""), []string{"unit-0002 silent"})
		same(t, "of a commit, short", of("unknown", "abcdef1"), []string{"e2e-0004 silent"})
		same(t, "of a commit that is too short", of("unknown", "abc"), nil)
		same(t, "of nothing", of("", ""), nil)
		same(t, "of another commit", of("v9", "c0ffee9999"), nil)
		newest := ask(t, s, func(ctx context.Context, tx *Tx) ([]pipeline.Entry, error) {
			return tx.LatestPipelineSteps(ctx, "shop", 2)
		})
		same(t, "the newest", told(newest), []string{"lint-0003 passed", "e2e-0004 silent"})
	})
}

func TestPipelineHistory(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i := range 30 {
				e := step(i, "unit", pipeline.Passed)
				if i%2 == 1 {
					e.State = pipeline.Failed
				}
				if i >= 26 {
					e.Branch = "feature"
				}
				if _, err := tx.PutPipelineStep(ctx, "shop", e); err != nil {
					return err
				}
			}
			for _, branch := range []string{"main", "feature", "main"} {
				e := step(5, "unit", pipeline.Passed)
				e.Branch = branch
				if err := tx.PutSignature(ctx, "shop", e, []byte("\x00\xff"+branch)); err != nil {
					return err
				}
			}
			return nil
		})
		green := func(branch string, before time.Time) []string {
			return told(ask(t, s, func(ctx context.Context, tx *Tx) ([]pipeline.Entry, error) {
				return tx.GreenSteps(ctx, "shop", "unit", branch, before)
			}))
		}
		same(t, "of a branch", green("feature", time.Time{}), []string{"unit-0026 passed", "unit-0028 passed"})
		same(t, "of any branch", len(green("", time.Time{})), 15)
		same(t, "before", green("main", at(3)), []string{"unit-0000 passed", "unit-0002 passed"})
		signature := func(branch string) string {
			return string(ask(t, s, func(ctx context.Context, tx *Tx) ([]byte, error) { return tx.Signature(ctx, "shop", "unit", branch) }))
		}
		same(t, "signature", signature("feature"), "\x00\xfffeature")
		same(t, "signature of a new branch", signature("new") != "", true)
		none := ask(t, s, func(ctx context.Context, tx *Tx) ([]byte, error) { return tx.Signature(ctx, "shop", "lint", "main") })
		same(t, "no signature", none, []byte(nil))
	})
}

func TestPipelineClosingsAndStandings(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		c := pipeline.Closed{
			Closing: pipeline.Closing{Run: "7", Wanted: []pipeline.Wanted{{Name: "unit"}}, Findings: []law.Finding{{Rule: law.StepMissing, Level: law.Fail, Message: "unit never ran"}}},
			Product: "shop", Version: "v2", Told: at(1),
		}
		later := c
		later.Told, later.Green, later.Findings = at(2), true, nil
		again := c
		again.Told = at(9)
		st := pipeline.Standing{Product: "shop", Release: "shop-2", Version: "v2", State: pipeline.TrustUnverified, At: at(3)}
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i, x := range []struct {
				c    pipeline.Closed
				want bool
			}{{c, true}, {again, false}, {later, true}} {
				fresh, err := tx.PutPipelineClosing(ctx, "shop", x.c)
				if err != nil {
					return err
				}
				same(t, fmt.Sprintf("closing %d is fresh", i), fresh, x.want)
			}
			return tx.PutPipelineStanding(ctx, st, []string{"unit-0001"}, []string{"7"})
		})
		got := ask(t, s, func(ctx context.Context, tx *Tx) ([]pipeline.Closed, error) {
			return tx.PipelineClosings(ctx, "shop", "v2", "")
		})
		same(t, "closings", got, []pipeline.Closed{later})
		standing := func(id release.ID) (pipeline.Standing, bool) {
			var known bool
			out := ask(t, s, func(ctx context.Context, tx *Tx) (out pipeline.Standing, err error) {
				out, known, err = tx.PipelineStanding(ctx, id)
				return out, err
			})
			return out, known
		}
		kept, known := standing("shop-2")
		same(t, "standing", kept, st)
		same(t, "standing is known", known, true)
		_, known = standing("shop-9")
		same(t, "standing of a release nobody told of", known, false)
	})
}

// Of each step two hundred runs stay, whatever their age, and those of a
// release that is kept.
func TestPipelinesArePruned(t *testing.T) {
	t.Parallel()
	one(t, func(t *testing.T, s *Store) {
		write(t, s, func(ctx context.Context, tx *Tx) error {
			for i := range 230 {
				if _, err := tx.PutPipelineStep(ctx, "shop", step(i, "unit", pipeline.Passed)); err != nil {
					return err
				}
			}
			for i := range 30 {
				e := step(i, "unit", pipeline.Passed)
				e.Branch = fmt.Sprintf("branch-%d", i)
				if err := tx.PutSignature(ctx, "shop", e, []byte("x")); err != nil {
					return err
				}
			}
			if err := tx.PutRelease(ctx, release.Release{ID: "shop-1", Product: "shop", Version: "v3", At: at(3)}); err != nil {
				return err
			}
			for _, id := range []release.ID{"shop-1", "shop-gone"} {
				if err := tx.PutPipelineStanding(ctx, pipeline.Standing{Product: "shop", Release: id, At: at(3)}, []string{"unit-0003"}, nil); err != nil {
					return err
				}
			}
			return tx.PutPipelineStanding(ctx, pipeline.Standing{Product: "shop", Release: "shop-1", At: at(3)}, []string{"unit-0003"}, nil)
		})
		n, err := s.Prune(t.Context(), PruneOptions{Steps: at(10_000), Signals: at(10_000)})
		same(t, "prune", err, nil)
		same(t, "pruned", n, Pruned{Steps: 29 + 10 + 1})
		left := ask(t, s, func(ctx context.Context, tx *Tx) ([]string, error) {
			return tx.names(ctx, `SELECT id FROM pipeline_steps ORDER BY at LIMIT 2`)
		})
		same(t, "left", left, []string{"unit-0003", "unit-0030"})
		n, err = s.Prune(t.Context(), PruneOptions{Steps: at(10_000)})
		same(t, "prune again", err, nil)
		same(t, "pruned again", n, Pruned{})
	})
}
