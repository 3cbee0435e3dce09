package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/trend"
)

// perHour is how many of the runs of one version that passed within one hour
// stay when trends are thinned: the first ones, whatever they took, so that
// medians stay what they are.
const perHour = "4"

// thinned chooses what goes: of runs that passed before $2 all but the first
// few of each hour. Runs that failed stay.
const thinned = `id IN (SELECT id FROM (SELECT id, ROW_NUMBER() OVER (
		PARTITION BY product, journey, version, at / 3600000000 ORDER BY at, id) AS nth
	FROM trends WHERE at < $2 AND outcome = '` + string(signal.Pass) + `') AS counted WHERE nth > ` + perHour + `)`

// PutTrend remembers a run of a journey for its trend; other signals are not
// remembered. The same id again changes nothing. PutSignal calls it.
func (t *Tx) PutTrend(ctx context.Context, s signal.Signal) error {
	row, ok := trend.RowOf(s)
	if !ok {
		return nil
	}
	body, err := encode(row)
	if err != nil {
		return fmt.Errorf("write trend of %s: %w", s.ID, err)
	}
	_, err = t.exec(ctx, `INSERT INTO trends (id, product, journey, version, outcome, at, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		row.ID, row.Product, row.Journey, row.Version, row.Outcome, row.At, body)
	if err != nil {
		return fmt.Errorf("write trend of %s: %w", s.ID, err)
	}
	return nil
}

// Trends returns what is remembered of a journey's runs since a moment, in
// time order; of more than limit runs (0: ten thousand) the newest.
func (t *Tx) Trends(ctx context.Context, p product.ID, journey string, since time.Time, limit int) ([]trend.Row, error) {
	out, err := list[trend.Row](ctx, t, fmt.Sprintf(`SELECT body FROM (SELECT body, at, id FROM trends
		WHERE product = $1 AND journey = $2 AND at >= $3 ORDER BY at DESC, id DESC LIMIT %d) AS newest ORDER BY at, id`,
		bound(limit)), p, journey, since)
	if err != nil {
		return nil, fmt.Errorf("read trend of %s: %w", journey, err)
	}
	return out, nil
}
