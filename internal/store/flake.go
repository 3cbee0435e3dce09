package store

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/product"
)

// PutFlake keeps what is known of one journey's flakes.
func (t *Tx) PutFlake(ctx context.Context, r flake.Record) error {
	if r.Product == "" || r.Journey == "" {
		return fmt.Errorf("write flakes: %w", errEmptyID)
	}
	body, err := encode(r)
	if err != nil {
		return fmt.Errorf("write flakes of %s: %w", r.Journey, err)
	}
	_, err = t.exec(ctx, `INSERT INTO flakes (product, journey, body) VALUES ($1, $2, $3)
		ON CONFLICT (product, journey) DO UPDATE SET body = excluded.body`, r.Product, r.Journey, body)
	if err != nil {
		return fmt.Errorf("write flakes of %s: %w", r.Journey, err)
	}
	return nil
}

// Flakes returns what is known of the flakes of a product's journeys, by
// journey.
func (t *Tx) Flakes(ctx context.Context, p product.ID) (map[string]flake.Record, error) {
	all, err := list[flake.Record](ctx, t, `SELECT body FROM flakes WHERE product = $1 ORDER BY journey`, p)
	if err != nil {
		return nil, fmt.Errorf("read flakes of %s: %w", p, err)
	}
	out := make(map[string]flake.Record, len(all))
	for _, r := range all {
		out[r.Journey] = r
	}
	return out, nil
}
