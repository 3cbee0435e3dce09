package store

import (
	"context"
	"fmt"
	"time"
)

// surplus chooses what goes of a table of pipelines: its key, and which rows
// of those told before $2 are too many. What belongs to a kept release stays.
type surplus struct{ table, key, tooMany string }

// prunePipelines deletes what is too much of the pipelines' ledger: runs of each
// step, steps of a product, closings, branches with a green log, and the
// standings of releases whose story is over.
func (s *Store) prunePipelines(ctx context.Context, o PruneOptions, n *Pruned) error {
	const mine = `release_id NOT IN (SELECT id FROM kept_releases)`
	nth := func(by, order string) string {
		return `ROW_NUMBER() OVER (PARTITION BY ` + by + ` ORDER BY at DESC, ` + order + `)`
	}
	ledger := []surplus{
		{"pipeline_steps", "product, id", `SELECT product, id FROM (SELECT product, id, release_id, at,
			` + nth("product, name", "id") + ` AS nth, ` + nth("product", "id") + ` AS of_all FROM pipeline_steps) AS counted
			WHERE at < $2 AND (nth > ` + keptRuns + ` OR of_all > ` + keptSteps + `) AND ` + mine},
		{"pipeline_closings", "product, run", `SELECT product, run FROM (SELECT product, run, release_id, at,
			` + nth("product", "run") + ` AS nth FROM pipeline_closings) AS counted
			WHERE at < $2 AND nth > ` + keptRuns + ` AND ` + mine},
		{"pipeline_signatures", "product, name, branch", `SELECT product, name, branch FROM (SELECT product, name, branch, at,
			` + nth("product, name", "branch") + ` AS nth, ` + nth("product", "name, branch") + ` AS of_all FROM pipeline_signatures) AS counted
			WHERE at < $2 AND (nth > ` + keptBranches + ` OR of_all > ` + keptLogs + `)`},
	}
	for _, l := range ledger {
		if err := s.shed(ctx, l, o.Releases, o.Steps, &n.Steps); err != nil {
			return err
		}
	}
	old := surplus{"pipeline_standings", "release_id", `SELECT release_id FROM pipeline_standings WHERE at < $2 AND ` + mine + `
		AND release_id NOT IN (SELECT release_id FROM incidents WHERE release_id <> '')`}
	return s.shed(ctx, old, o.Releases, o.Signals, &n.Steps)
}

// shed deletes batch by batch.
func (s *Store) shed(ctx context.Context, l surplus, releases int, before time.Time, count *int64) error {
	if before.IsZero() {
		return nil
	}
	for {
		var gone int64
		err := s.Write(ctx, func(t *Tx) (err error) {
			gone, err = t.exec(ctx, fmt.Sprintf(`%s DELETE FROM %s WHERE (%s) IN (%s AND $1 > 0 LIMIT %d)`,
				protected, l.table, l.key, l.tooMany, batch), releases, before)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", l.table, err)
		}
		*count += gone
		if gone < batch {
			return nil
		}
	}
}
