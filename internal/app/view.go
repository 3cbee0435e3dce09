package app

import (
	"context"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/page"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
	"github.com/postflight/postflight/internal/web"
)

// view answers the pages and the API, each question from one consistent read.
type view struct {
	store    *store.Store
	products []product.Product
	probes   func(p product.ID, integration string) (signal.Signal, bool)
}

// Bounds of what one page shows.
const (
	maxRows    = 50
	maxSignals = 300
	maxEvents  = 300
)

// read asks one question in one transaction.
func read[T any](ctx context.Context, s *store.Store, f func(*store.Tx) (T, error)) (out T, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		out, err = f(tx)
		return err
	})
	return out, err
}

// Standings returns where every configured product stands.
func (v *view) Standings(ctx context.Context) ([]web.Standing, error) {
	return read(ctx, v.store, func(tx *store.Tx) ([]web.Standing, error) {
		var out []web.Standing
		for _, p := range v.products {
			s, err := v.standing(ctx, tx, p)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	})
}

func (v *view) standing(ctx context.Context, tx *store.Tx, p product.Product) (s web.Standing, err error) {
	if s.State, s.Live, err = standing(ctx, tx, p.ID); err != nil {
		return s, err
	}
	s.State.Product = p.ID
	if s.State.LastGood != "" {
		good, err := tx.Release(ctx, s.State.LastGood)
		if err != nil {
			return s, err
		}
		s.LastGood = &good
	}
	open, err := tx.OpenWatches(ctx, p.ID)
	if err != nil {
		return s, err
	}
	for _, w := range open {
		if w.Kind != watch.KindStanding {
			s.Watch = &w
		}
	}
	if s.Live != nil {
		found, ok, err := lastVerdict(ctx, tx, s.Live.ID)
		if err != nil {
			return s, err
		}
		if ok {
			s.Verdict = &found
		}
	}
	for _, in := range p.Integrations {
		if sig, ok := v.probes(p.ID, in.ID); ok {
			s.Probes = append(s.Probes, sig)
		}
	}
	s.Incidents, err = tx.OpenIncidents(ctx, p.ID)
	return s, err
}

// lastVerdict returns the newest verdict on a release, if there is one.
func lastVerdict(ctx context.Context, tx *store.Tx, id release.ID) (verdict.Verdict, bool, error) {
	all, err := tx.Verdicts(ctx, id, 1)
	if err != nil || len(all) == 0 {
		return verdict.Verdict{}, false, err
	}
	return all[0], true, nil
}

// ProductView returns a product with its ledger.
func (v *view) ProductView(ctx context.Context, id product.ID) (web.ProductView, error) {
	for _, p := range v.products {
		if p.ID != id {
			continue
		}
		return read(ctx, v.store, func(tx *store.Tx) (out web.ProductView, err error) {
			if out.Standing, err = v.standing(ctx, tx, p); err != nil {
				return out, err
			}
			rows, err := tx.Releases(ctx, id, maxRows)
			if err != nil {
				return out, err
			}
			for _, r := range rows {
				row, err := v.row(ctx, tx, r)
				if err != nil {
					return out, err
				}
				out.Releases = append(out.Releases, row)
			}
			return out, nil
		})
	}
	return web.ProductView{}, fault.Newf(fault.NotFound, "no product %q is configured", id)
}

func (v *view) row(ctx context.Context, tx *store.Tx, r release.Release) (web.Row, error) {
	row := web.Row{Release: r}
	found, ok, err := lastVerdict(ctx, tx, r.ID)
	if err != nil {
		return row, err
	}
	if ok {
		row.Verdict = &found
	}
	about, err := tx.Incidents(ctx, store.IncidentFilter{Release: r.ID, Limit: 1})
	if len(about) > 0 {
		row.Incident = about[0].ID
	}
	if err != nil {
		return row, err
	}
	st, _, err := tx.PipelineStanding(ctx, r.ID)
	row.Pipeline = st.State
	return row, err
}

// ReleaseView returns everything about one release.
func (v *view) ReleaseView(ctx context.Context, id release.ID) (web.ReleaseView, error) {
	return read(ctx, v.store, func(tx *store.Tx) (out web.ReleaseView, err error) {
		if out.Release, err = tx.Release(ctx, id); err != nil {
			return out, err
		}
		if out.State, err = tx.State(ctx, out.Release.Product); err != nil {
			return out, err
		}
		if err := v.previous(ctx, tx, &out); err != nil {
			return out, err
		}
		w, ok, err := tx.WatchOf(ctx, id)
		if err != nil {
			return out, err
		}
		if ok {
			out.Watch = &w
			if out.Signals, err = tx.Signals(ctx, string(w.ID), maxSignals); err != nil {
				return out, err
			}
		}
		if out.Verdicts, err = tx.Verdicts(ctx, id, maxRows); err != nil {
			return out, err
		}
		if out.Events, err = tx.EventsAbout(ctx, store.EventFilter{Release: string(id), Limit: maxEvents, Latest: true}); err != nil {
			return out, err
		}
		if out.Incidents, err = tx.Incidents(ctx, store.IncidentFilter{Release: id, Limit: maxRows}); err != nil {
			return out, err
		}
		if out.Pipeline, err = pipelineView(ctx, tx, out.Release); err != nil {
			return out, err
		}
		if out.Scope, err = v.scopeView(ctx, tx, out.Release); err != nil {
			return out, err
		}
		out.Rollbacks, err = tx.Actions(ctx, store.ActionFilter{Release: string(id), Kind: rollback.ActionPerform, Limit: maxRows})
		return out, err
	})
}

// previous adds the release before, and the crawls of its own watch.
func (v *view) previous(ctx context.Context, tx *store.Tx, out *web.ReleaseView) error {
	id := out.Release.Compare
	if id == "" {
		id = out.Release.Previous
	}
	if id == "" {
		return nil
	}
	prev, err := tx.Release(ctx, id)
	if err != nil {
		return err
	}
	out.Previous = &prev
	out.Before, err = tx.SignalsAbout(ctx, store.SignalFilter{
		Release: string(id), Kinds: []signal.Kind{signal.Assets}, Limit: 5,
	})
	return err
}

// Incidents returns the newest incidents, of all products.
func (v *view) Incidents(ctx context.Context, open bool, limit int) ([]incident.Incident, error) {
	return read(ctx, v.store, func(tx *store.Tx) ([]incident.Incident, error) {
		return tx.Incidents(ctx, store.IncidentFilter{Open: open, Limit: limit})
	})
}

// IncidentView returns everything about one incident.
func (v *view) IncidentView(ctx context.Context, id incident.ID) (web.IncidentView, error) {
	return read(ctx, v.store, func(tx *store.Tx) (out web.IncidentView, err error) {
		if out.Incident, err = tx.Incident(ctx, id); err != nil {
			return out, err
		}
		if r := out.Incident.Release; r != "" {
			rel, err := tx.Release(ctx, r)
			if err != nil {
				return out, err
			}
			out.Release = &rel
		}
		if out.Timeline, err = tx.Timeline(ctx, id); err != nil {
			return out, err
		}
		of := func(k action.Kind) ([]action.Action, error) {
			return tx.Actions(ctx, store.ActionFilter{Incident: string(id), Kind: k, Limit: maxEvents})
		}
		if out.Deliveries, err = of(page.ActionSend); err != nil {
			return out, err
		}
		if out.Rollbacks, err = of(rollback.ActionPerform); err != nil {
			return out, err
		}
		_, out.Drafted, err = tx.Postmortem(ctx, id)
		return out, err
	})
}

// Postmortem returns an incident's postmortem, if one was drafted.
func (v *view) Postmortem(ctx context.Context, id incident.ID) (pm postmortem.Postmortem, ok bool, err error) {
	err = v.store.Read(ctx, func(tx *store.Tx) error {
		if _, err := tx.Incident(ctx, id); err != nil {
			return err
		}
		pm, ok, err = tx.Postmortem(ctx, id)
		return err
	})
	return pm, ok, err
}

// Drills returns the newest drills.
func (v *view) Drills(ctx context.Context, limit int) ([]drill.Drill, error) {
	return read(ctx, v.store, func(tx *store.Tx) ([]drill.Drill, error) { return tx.Drills(ctx, limit) })
}

// Drill returns one drill.
func (v *view) Drill(ctx context.Context, id drill.ID) (drill.Drill, error) {
	return read(ctx, v.store, func(tx *store.Tx) (drill.Drill, error) { return tx.Drill(ctx, id) })
}

// Event returns one event of the journal.
func (v *view) Event(ctx context.Context, seq int64) (journal.Event, error) {
	return read(ctx, v.store, func(tx *store.Tx) (journal.Event, error) { return tx.Event(ctx, seq) })
}
