package watch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// What goes along with another product's release is looked at once by the
// standing watch; a release window of its own looks by itself.
func TestShippedAlong(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sh := scope.Shipment{Product: "shop", Release: "admin-4", From: "admin", Version: "v4", Chain: "ui.ts → @acme/ui → shop"}
	along := journal.New(scope.EventShipped, t0, sh)
	if plan := d.event(along, 0); len(plan.Actions) != 0 {
		t.Errorf("without a standing watch: %v", looks(t, plan))
	}
	d.event(journal.New(watch.EventStanding, t0, "shop"), 0)
	plan := d.event(along, time.Second)
	if got := strings.Join(looks(t, plan), " "); got != "journey/book/new journey/pay/new" || len(plan.Due) != 0 {
		t.Errorf("looks at %q, %d due", got, len(plan.Due))
	}
	for _, a := range plan.Actions {
		if a.Lane != action.LaneRecheck || a.Release != "" || a.Watch != "standing-shop" {
			t.Errorf("action %+v", a)
		}
	}
	if w := d.watches["standing-shop"]; w.Shipped == nil || w.Shipped.Chain != sh.Chain {
		t.Errorf("watch %+v", w.Shipped)
	}
	again := looks(t, d.event(along, 2*time.Second))
	if len(again) != 2 {
		t.Errorf("another release: %v", again)
	}
	confirm := d.see(fail("standing-shop", signal.Journey, "book", ""), 3*time.Second)
	if got := looks(t, confirm); len(got) < 2 {
		t.Errorf("its failure is confirmed by %v", got)
	}
	d.deploy("shop-2", "v2", 4*time.Second)
	if plan := d.event(along, 5*time.Second); len(plan.Actions) != 0 {
		t.Errorf("beside its own window: %v", looks(t, plan))
	}
}
