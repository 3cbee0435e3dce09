package store

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// Release returns one release.
func (t *Tx) Release(ctx context.Context, id release.ID) (release.Release, error) {
	return get[release.Release](ctx, t, "release", string(id), `SELECT body FROM releases WHERE id = $1`)
}

// PutRelease writes a release, new or changed.
func (t *Tx) PutRelease(ctx context.Context, r release.Release) error {
	return t.put(ctx, "release", string(r.ID), r, `INSERT INTO releases (id, body, pos, product, version, at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(pos), 0) + 1 FROM releases), $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, product = excluded.product,
			version = excluded.version, at = excluded.at`, r.Product, r.Version, r.At)
}

// put writes a document; its id and body are the query's $1 and $2.
func (t *Tx) put(ctx context.Context, what, id string, doc any, query string, more ...any) error {
	if id == "" {
		return fmt.Errorf("write %s: %w", what, errEmptyID)
	}
	body, err := encode(doc)
	if err != nil {
		return fmt.Errorf("write %s %s: %w", what, id, err)
	}
	if _, err := t.exec(ctx, query, append([]any{id, body}, more...)...); err != nil {
		return fmt.Errorf("write %s %s: %w", what, id, err)
	}
	return nil
}

// Releases returns a product's releases, newest first; those of all products
// when none is named.
func (t *Tx) Releases(ctx context.Context, p product.ID, limit int) ([]release.Release, error) {
	var w where
	w.is("product", string(p))
	return t.releases(ctx, w, limit)
}

// ReleasesOf returns the releases of one version, newest first.
func (t *Tx) ReleasesOf(ctx context.Context, p product.ID, version string) ([]release.Release, error) {
	var w where
	w.and("product = ?", p)
	w.and("version = ?", version)
	return t.releases(ctx, w, 0)
}

func (t *Tx) releases(ctx context.Context, w where, limit int) ([]release.Release, error) {
	out, err := list[release.Release](ctx, t, fmt.Sprintf(
		"SELECT body FROM releases%s ORDER BY at DESC, pos DESC LIMIT %d", w.String(), bound(limit)), w.args...)
	if err != nil {
		return nil, fmt.Errorf("read releases: %w", err)
	}
	return out, nil
}

// State returns where a product stands; of a product without a release, a
// state that says nothing but its name.
func (t *Tx) State(ctx context.Context, p product.ID) (release.State, error) {
	s, ok, err := find[release.State](ctx, t, `SELECT body FROM ledger WHERE product = $1`, p)
	if err != nil {
		return s, fmt.Errorf("read state of %s: %w", p, err)
	}
	if !ok {
		s.Product = p
	}
	return s, nil
}

// PutState writes where a product stands.
func (t *Tx) PutState(ctx context.Context, s release.State) error {
	return t.put(ctx, "state", string(s.Product), s, `INSERT INTO ledger (product, body, live, last_good)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (product) DO UPDATE SET body = excluded.body, live = excluded.live,
			last_good = excluded.last_good`, s.Live, s.LastGood)
}

// States returns where every product stands, by name.
func (t *Tx) States(ctx context.Context) ([]release.State, error) {
	out, err := list[release.State](ctx, t, `SELECT body FROM ledger ORDER BY product`)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	return out, nil
}
