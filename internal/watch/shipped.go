package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
)

// shipped runs every journey of a product once, because the release of another
// one ships it too and nobody announced that. It is the standing watch that
// looks: what fails is confirmed and told, and nothing is rolled back by it. A
// product that has a release window of its own is looked at there.
func (s *Stage) shipped(ctx context.Context, db Store, p product.Product, sh scope.Shipment, now time.Time) (action.Plan, error) {
	var plan action.Plan
	w, err := db.Watch(ctx, StandingID(p.ID))
	if fault.Is(err, fault.NotFound) {
		return plan, nil // it opens when the server starts, and looks by itself
	}
	if err != nil || w.State != Open {
		return plan, err
	}
	open, err := db.OpenWatches(ctx, p.ID)
	if err != nil {
		return plan, fmt.Errorf("look at %s, which ships with %s: %w", p.ID, sh.Release, err)
	}
	w.Shipped = &sh
	if len(open) == 1 {
		w.Round++
		for _, j := range p.Journeys {
			plan.Actions = append(plan.Actions, w.ask(p, w.look(p, signal.Journey, j.ID, signal.New), now, 0))
		}
	}
	return plan, db.PutWatch(ctx, w)
}
