package app

import (
	"context"
	"net/http"

	"github.com/postflight/postflight/internal/api"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
)

// api is the HTTP API of this house.
func (a *App) api(v *view) http.Handler {
	return api.New(api.Options{
		Releases: apiView{v}, Incidents: apiView{v}, Drills: v, Desk: a.desk, Pipelines: a.desk, Scopes: a.desk, Doorkeeper: a.keys, Keys: a.keys,
		Live: &live{store: a.store}, Health: a.health, Scenarios: a.desk.drills,
		PublicURL: a.url, Version: a.o.Version, Logger: a.log,
	})
}

// apiView answers the API from the same reads as the pages.
type apiView struct{ *view }

// Products returns where every configured product stands, in file order.
func (v apiView) Products(ctx context.Context) ([]api.Standing, error) {
	return read(ctx, v.store, func(tx *store.Tx) ([]api.Standing, error) {
		var out []api.Standing
		for _, p := range v.products {
			s, err := v.stand(ctx, tx, p)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	})
}

// Product returns where one product stands.
func (v apiView) Product(ctx context.Context, id product.ID) (api.Standing, error) {
	p, err := v.configured(id)
	if err != nil {
		return api.Standing{}, err
	}
	return read(ctx, v.store, func(tx *store.Tx) (api.Standing, error) { return v.stand(ctx, tx, p) })
}

func (v apiView) configured(id product.ID) (product.Product, error) {
	for _, p := range v.products {
		if p.ID == id {
			return p, nil
		}
	}
	return product.Product{}, fault.Newf(fault.NotFound, "no product %q is configured", id).
		WithHint("list them with: postflight release list")
}

func (v apiView) stand(ctx context.Context, tx *store.Tx, p product.Product) (api.Standing, error) {
	s, err := v.standing(ctx, tx, p)
	return api.Standing{
		Product: p, State: s.State, Live: s.Live, LastGood: s.LastGood,
		Watch: s.Watch, Verdict: s.Verdict, Incidents: s.Incidents,
	}, err
}

// Ledger returns a product's newest releases first.
func (v apiView) Ledger(ctx context.Context, id product.ID, limit int) ([]api.Outcome, error) {
	if _, err := v.configured(id); err != nil {
		return nil, err
	}
	return read(ctx, v.store, func(tx *store.Tx) ([]api.Outcome, error) {
		rows, err := tx.Releases(ctx, id, limit)
		if err != nil {
			return nil, err
		}
		var out []api.Outcome
		for _, r := range rows {
			o, err := v.outcome(ctx, tx, r)
			if err != nil {
				return nil, err
			}
			out = append(out, o)
		}
		return out, nil
	})
}

// Outcome returns a release and what is claimed of it.
func (v apiView) Outcome(ctx context.Context, id release.ID) (api.Outcome, error) {
	return read(ctx, v.store, func(tx *store.Tx) (api.Outcome, error) {
		r, err := tx.Release(ctx, id)
		if err != nil {
			return api.Outcome{}, err
		}
		return v.outcome(ctx, tx, r)
	})
}

func (v apiView) outcome(ctx context.Context, tx *store.Tx, r release.Release) (api.Outcome, error) {
	row, err := v.row(ctx, tx, r)
	if err != nil {
		return api.Outcome{}, err
	}
	out := api.Outcome{Release: r, Verdict: row.Verdict, Incident: row.Incident}
	w, ok, err := tx.WatchOf(ctx, r.ID)
	if ok {
		out.Watch = &w
	}
	return out, err
}

// Seen returns the newest observations of a release's watch, in brief.
func (v apiView) Seen(ctx context.Context, id release.ID, limit int) ([]signal.Signal, error) {
	return read(ctx, v.store, func(tx *store.Tx) ([]signal.Signal, error) {
		w, ok, err := tx.WatchOf(ctx, id)
		if err != nil || !ok {
			return nil, err
		}
		return tx.BriefSignals(ctx, string(w.ID), limit)
	})
}

// Incident returns an incident with its timeline.
func (v apiView) Incident(ctx context.Context, id incident.ID) (in incident.Incident, lines []incident.Entry, err error) {
	err = v.store.Read(ctx, func(tx *store.Tx) error {
		if in, err = tx.Incident(ctx, id); err != nil {
			return err
		}
		lines, err = tx.Timeline(ctx, id)
		return err
	})
	return in, lines, err
}
