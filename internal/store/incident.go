package store

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// NextIncident returns the next free id. It is used up only if the
// transaction commits.
func (t *Tx) NextIncident(ctx context.Context) (incident.ID, error) {
	n, err := t.count(ctx, "incident", 1)
	return incident.ID(fmt.Sprintf("INC-%d", n)), err
}

// Incident returns one incident.
func (t *Tx) Incident(ctx context.Context, id incident.ID) (incident.Incident, error) {
	return get[incident.Incident](ctx, t, "incident", string(id), `SELECT body FROM incidents WHERE id = $1`)
}

// OpenIncident returns the newest incident with this key that is neither
// resolved nor a false alarm, and whether there is one.
func (t *Tx) OpenIncident(ctx context.Context, key string) (incident.Incident, bool, error) {
	inc, ok, err := find[incident.Incident](ctx, t,
		`SELECT body FROM incidents WHERE key = $1 AND NOT closed ORDER BY pos DESC LIMIT 1`, key)
	if err != nil {
		return inc, false, fmt.Errorf("read open incident %s: %w", key, err)
	}
	return inc, ok, nil
}

// PutIncident writes an incident, new or changed.
func (t *Tx) PutIncident(ctx context.Context, i incident.Incident) error {
	ended := time.Time{}
	if i.State.Closed() {
		// A false alarm has no time of resolution: its detection is near enough
		// to count its age by.
		if ended = i.Resolved; ended.IsZero() {
			ended = i.Detected
		}
	}
	return t.put(ctx, "incident", string(i.ID), i, `INSERT INTO incidents (id, body, pos, key, product, release_id, watch, closed, ended)
		VALUES ($1, $2, (SELECT COALESCE(MAX(pos), 0) + 1 FROM incidents), $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, key = excluded.key, product = excluded.product,
			release_id = excluded.release_id, watch = excluded.watch, closed = excluded.closed, ended = excluded.ended`,
		i.Key, i.Product, i.Release, i.Watch, i.State.Closed(), ended)
}

// IncidentFilter chooses incidents; empty fields choose all.
type IncidentFilter struct {
	Product product.ID
	Release release.ID
	Open    bool // only those neither resolved nor false alarms
	Limit   int
}

// Incidents returns the incidents that match, newest first.
func (t *Tx) Incidents(ctx context.Context, f IncidentFilter) ([]incident.Incident, error) {
	var w where
	w.is("product", string(f.Product))
	w.is("release_id", string(f.Release))
	if f.Open {
		w.and("NOT closed")
	}
	out, err := list[incident.Incident](ctx, t, fmt.Sprintf(
		"SELECT body FROM incidents%s ORDER BY pos DESC LIMIT %d", w.String(), bound(f.Limit)), w.args...)
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	return out, nil
}

// AddEntry writes a line of a timeline, once for each incident and event.
func (t *Tx) AddEntry(ctx context.Context, e incident.Entry) error {
	err := t.put(ctx, "timeline of incident", string(e.Incident), e, `INSERT INTO entries (incident, body, seq, at)
		VALUES ($1, $2, $3, $4) ON CONFLICT (incident, seq) DO NOTHING`, e.Seq, e.At)
	if err != nil {
		return err
	}
	return t.refer(ctx, fmt.Sprintf("entry/%s/%d", e.Incident, e.Seq), evidence(e.Evidence))
}

// Timeline returns what happened in an incident, in time order.
func (t *Tx) Timeline(ctx context.Context, id incident.ID) ([]incident.Entry, error) {
	out, err := list[incident.Entry](ctx, t,
		`SELECT body FROM entries WHERE incident = $1 ORDER BY at, seq LIMIT $2`, id, most)
	if err != nil {
		return nil, fmt.Errorf("read timeline of %s: %w", id, err)
	}
	return out, nil
}

// Postmortem returns an incident's postmortem, and whether there is one.
func (t *Tx) Postmortem(ctx context.Context, id incident.ID) (postmortem.Postmortem, bool, error) {
	p, ok, err := find[postmortem.Postmortem](ctx, t, `SELECT body FROM postmortems WHERE incident = $1`, id)
	if err != nil {
		return p, false, fmt.Errorf("read postmortem of %s: %w", id, err)
	}
	return p, ok, nil
}

// PutPostmortem writes a postmortem, new or changed.
func (t *Tx) PutPostmortem(ctx context.Context, p postmortem.Postmortem) error {
	err := t.put(ctx, "postmortem of", string(p.Incident), p, `INSERT INTO postmortems (incident, body) VALUES ($1, $2)
		ON CONFLICT (incident) DO UPDATE SET body = excluded.body`)
	if err != nil {
		return err
	}
	return t.refer(ctx, "postmortem/"+string(p.Incident), evidence(p.Screenshots))
}
