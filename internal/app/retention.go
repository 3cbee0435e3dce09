package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/store"
)

// evidence is the artifact store as the janitor sees it.
type evidence interface {
	Prune(ctx context.Context, before time.Time, keep func(key string) bool) (blob.Pruned, error)
}

// Runs are remembered for their trend for twelve weeks, after two days with a
// few of each hour.
const (
	trends = 12 * 7 * 24 * time.Hour
	thick  = 48 * time.Hour
)

// janitor ends what is older than its retention: first the rows, then the
// artifacts that no kept row points at.
type janitor struct {
	store    *store.Store
	blobs    evidence
	events   time.Duration
	evidence time.Duration
	log      *slog.Logger
	now      func() time.Time
}

// sweep is the pause between two rounds.
const sweep = time.Hour

// Run sweeps at the start and every hour until the context ends.
func (j *janitor) Run(ctx context.Context) error {
	for {
		if err := j.once(ctx); err != nil && ctx.Err() == nil {
			j.log.Error("sweep", "error", err)
		}
		if !sleep(ctx, sweep) {
			return nil
		}
	}
}

func (j *janitor) once(ctx context.Context) error {
	old := j.now().Add(-j.events)
	gone, err := j.store.Prune(ctx, store.PruneOptions{
		Events: old, Signals: old, Actions: old, Incidents: old, Trends: j.now().Add(-trends), Thin: j.now().Add(-thick),
		Steps: j.now(),
	})
	if err != nil {
		return fmt.Errorf("prune state: %w", err)
	}
	used, err := read(ctx, j.store, func(tx *store.Tx) (map[string]bool, error) { return tx.BlobsInUse(ctx) })
	if err != nil {
		return fmt.Errorf("list evidence in use: %w", err)
	}
	n, err := j.blobs.Prune(ctx, j.now().Add(-j.evidence), func(key string) bool { return used[key] })
	if err != nil {
		return fmt.Errorf("prune evidence: %w", err)
	}
	if n.Files > 0 {
		j.log.Info("swept", "artifacts", n.Files, "bytes", n.Bytes, "rows", gone)
	}
	return nil
}
