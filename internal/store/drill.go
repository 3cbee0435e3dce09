package store

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/drill"
)

// Drill returns one drill.
func (t *Tx) Drill(ctx context.Context, id drill.ID) (drill.Drill, error) {
	return get[drill.Drill](ctx, t, "drill", string(id), `SELECT body FROM drills WHERE id = $1`)
}

// PutDrill writes a drill, new or changed.
func (t *Tx) PutDrill(ctx context.Context, d drill.Drill) error {
	return t.put(ctx, "drill", string(d.ID), d, `INSERT INTO drills (id, body, pos, state)
		VALUES ($1, $2, (SELECT COALESCE(MAX(pos), 0) + 1 FROM drills), $3)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, state = excluded.state`, d.State)
}

// Drills returns the drills, newest first.
func (t *Tx) Drills(ctx context.Context, limit int) ([]drill.Drill, error) {
	out, err := list[drill.Drill](ctx, t, `SELECT body FROM drills ORDER BY pos DESC LIMIT $1`, bound(limit))
	if err != nil {
		return nil, fmt.Errorf("read drills: %w", err)
	}
	return out, nil
}

// PlayingDrill returns the newest drill that is being played, and whether
// there is one.
func (t *Tx) PlayingDrill(ctx context.Context) (drill.Drill, bool, error) {
	d, ok, err := find[drill.Drill](ctx, t,
		`SELECT body FROM drills WHERE state = $1 ORDER BY pos DESC LIMIT 1`, drill.Playing)
	if err != nil {
		return d, false, fmt.Errorf("read playing drill: %w", err)
	}
	return d, ok, nil
}
