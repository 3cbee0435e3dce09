package store

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// A transaction is what every stage asks for.
var (
	_ pipeline.Store   = (*Tx)(nil)
	_ scope.Store      = (*Tx)(nil)
	_ watch.Store      = (*Tx)(nil)
	_ verdict.Store    = (*Tx)(nil)
	_ incident.Store   = (*Tx)(nil)
	_ page.Store       = (*Tx)(nil)
	_ rollback.Store   = (*Tx)(nil)
	_ postmortem.Store = (*Tx)(nil)
	_ drill.Store      = (*Tx)(nil)
)

// pastLimit bounds how much of a watch's past is told to a new incident.
const pastLimit = 500

// OpenIncidents returns the incidents of a product that are not closed,
// newest first.
func (t *Tx) OpenIncidents(ctx context.Context, p product.ID) ([]incident.Incident, error) {
	return t.Incidents(ctx, IncidentFilter{Product: p, Open: true})
}

// NewestIncidents returns the newest incidents of a product, closed ones too.
func (t *Tx) NewestIncidents(ctx context.Context, p product.ID, limit int) ([]incident.Incident, error) {
	return t.Incidents(ctx, IncidentFilter{Product: p, Limit: limit})
}

// Past returns the newest events about a watch, and about the release it
// watches, in order.
func (t *Tx) Past(ctx context.Context, id string) ([]journal.Event, error) {
	if id == "" {
		return nil, nil
	}
	// Two halves, each bounded and on its own index: a standing watch has seen
	// more than anybody wants to read through.
	out, err := t.events(ctx, fmt.Sprintf(`SELECT * FROM (%[1]s WHERE seq IN (
			SELECT seq FROM (SELECT seq FROM events WHERE watch = $1 AND watch <> '' ORDER BY seq DESC LIMIT %[2]d) AS seen
			UNION SELECT seq FROM (SELECT seq FROM events WHERE watch = '' AND release_id <> ''
				AND release_id = (SELECT release_id FROM watches WHERE id = $1) ORDER BY seq DESC LIMIT %[2]d) AS told)
		ORDER BY seq DESC LIMIT %[2]d) AS newest ORDER BY seq`, eventColumns, pastLimit), id)
	if err != nil {
		return nil, fmt.Errorf("read past of watch %s: %w", id, err)
	}
	return out, nil
}

// Drilling returns the id of the drill that is being played on a product, or
// "" when none is.
func (t *Tx) Drilling(ctx context.Context, p product.ID) (string, error) {
	d, playing, err := t.PlayingDrill(ctx)
	if err != nil || !playing || d.Product != p {
		return "", err
	}
	return string(d.ID), nil
}
