package app

import (
	"context"

	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/product"
)

// Ground is a product that may be broken on purpose.
type Ground interface {
	// Target is the product that drills are played on.
	Target() product.ID
	Scenarios() []drill.Scenario
	// Inject puts a scenario's fault in. It may be called again for the same
	// drill after a crash and then reports the fault that is in.
	Inject(ctx context.Context, d drill.Drill) (drill.Injected, error)
	// Restore takes the fault out. It is idempotent.
	Restore(ctx context.Context, d drill.Drill) error
}
