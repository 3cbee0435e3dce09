package app

import (
	"cmp"
	"context"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
	"github.com/postflight/postflight/internal/web"
)

// scopeView returns what CI said of the change of a release, and what was seen
// since of the products that go along.
func (v *view) scopeView(ctx context.Context, tx *store.Tx, r release.Release) (out web.ScopeView, err error) {
	b, bound, err := tx.Binding(ctx, r.ID)
	if err != nil {
		return out, err
	}
	commit := cmp.Or(r.Commit, b.Commit)
	if commit == "" {
		return out, nil
	}
	products := map[product.ID]product.Product{}
	for _, p := range v.products {
		products[p.ID] = p
	}
	c, err := change(ctx, tx, products, commit)
	if fault.Is(err, fault.NotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Change = &c
	if !bound {
		return out, nil
	}
	out.Binding, out.Looks = &b, map[product.ID]web.Looks{}
	for _, id := range b.Asked {
		if out.Looks[id], err = looksSince(ctx, tx, products[id], b); err != nil {
			return out, err
		}
	}
	return out, nil
}

// looksSince counts what a product's standing watch saw of each journey within
// a release window after a release shipped the product along: the last of each
// counts. What is not kept any more is not counted as not seen.
func looksSince(ctx context.Context, tx *store.Tx, p product.Product, b scope.Binding) (web.Looks, error) {
	seen, err := tx.SignalsAbout(ctx, store.SignalFilter{
		Watch: string(watch.StandingID(p.ID)), Kinds: []signal.Kind{signal.Journey}, Brief: true, Limit: maxSignals,
	})
	if err != nil || len(seen) == maxSignals && seen[0].At.After(b.At) {
		return web.Looks{}, err
	}
	last := map[string]signal.Outcome{}
	for _, s := range seen {
		if !s.At.Before(b.At) && s.At.Before(b.At.Add(p.Watch.For)) {
			last[s.Name] = s.Outcome
		}
	}
	l := web.Looks{Total: len(p.Journeys)}
	for _, j := range p.Journeys {
		switch last[j.ID] {
		case signal.Pass:
			l.Passed++
		case signal.Fail:
			l.Failed++
		case signal.Broken:
		}
	}
	return l, nil
}
