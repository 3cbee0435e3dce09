package store

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// Watch returns one watch.
func (t *Tx) Watch(ctx context.Context, id watch.ID) (watch.Watch, error) {
	return get[watch.Watch](ctx, t, "watch", string(id), `SELECT body FROM watches WHERE id = $1`)
}

// PutWatch writes a watch, new or changed.
func (t *Tx) PutWatch(ctx context.Context, w watch.Watch) error {
	return t.put(ctx, "watch", string(w.ID), w, `INSERT INTO watches (id, body, pos, kind, product, release_id, state, ended)
		VALUES ($1, $2, (SELECT COALESCE(MAX(pos), 0) + 1 FROM watches), $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, kind = excluded.kind, product = excluded.product,
			release_id = excluded.release_id, state = excluded.state, ended = excluded.ended`,
		w.Kind, w.Product, w.Release, w.State, w.Ended)
}

// OpenWatches returns a product's open watches (all products' when none is
// named), oldest first, the standing one included.
func (t *Tx) OpenWatches(ctx context.Context, p product.ID) ([]watch.Watch, error) {
	var w where
	w.is("product", string(p))
	w.and("state = ?", watch.Open)
	out, err := list[watch.Watch](ctx, t, `SELECT body FROM watches`+w.String()+` ORDER BY pos`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("read open watches: %w", err)
	}
	return out, nil
}

// WatchOf returns the newest watch on a release, and whether there is one.
func (t *Tx) WatchOf(ctx context.Context, r release.ID) (watch.Watch, bool, error) {
	w, ok, err := find[watch.Watch](ctx, t,
		`SELECT body FROM watches WHERE release_id = $1 AND kind <> 'standing' ORDER BY pos DESC LIMIT 1`, r)
	if err != nil {
		return w, false, fmt.Errorf("read watch of release %s: %w", r, err)
	}
	return w, ok, nil
}

// PutVerdict adds a verdict; former ones are kept.
func (t *Tx) PutVerdict(ctx context.Context, v verdict.Verdict) error {
	return t.put(ctx, "verdict on watch", string(v.Watch), v, `INSERT INTO verdicts (watch, body, pos, release_id, at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(pos), 0) + 1 FROM verdicts), $3, $4)`, v.Release, v.At)
}

// Verdict returns a watch's latest verdict, and whether there is one.
func (t *Tx) Verdict(ctx context.Context, w watch.ID) (verdict.Verdict, bool, error) {
	v, ok, err := find[verdict.Verdict](ctx, t,
		`SELECT body FROM verdicts WHERE watch = $1 ORDER BY pos DESC LIMIT 1`, w)
	if err != nil {
		return v, false, fmt.Errorf("read verdict on watch %s: %w", w, err)
	}
	return v, ok, nil
}

// Verdicts returns the verdicts on a release, newest first.
func (t *Tx) Verdicts(ctx context.Context, r release.ID, limit int) ([]verdict.Verdict, error) {
	out, err := list[verdict.Verdict](ctx, t,
		`SELECT body FROM verdicts WHERE release_id = $1 ORDER BY pos DESC LIMIT $2`, r, bound(limit))
	if err != nil {
		return nil, fmt.Errorf("read verdicts on release %s: %w", r, err)
	}
	return out, nil
}
