package verdict

import (
	"context"
	"fmt"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// Store is what the stage reads and keeps, within the runner's transaction.
// BriefSignals returns the newest signals of a watch, at most limit, in time
// order. Verdict returns the present verdict of a watch, if there is one.
type Store interface {
	Watch(ctx context.Context, id watch.ID) (watch.Watch, error)
	Release(ctx context.Context, id release.ID) (release.Release, error)
	BriefSignals(ctx context.Context, watch string, limit int) ([]signal.Signal, error)
	Verdict(ctx context.Context, id watch.ID) (Verdict, bool, error)
	PutVerdict(ctx context.Context, v Verdict) error
}

// window is how many signals of one watch are judged together; a sensitive
// watch makes more of them.
const (
	window          = 400
	sensitiveWindow = 1000
)

// Stage judges a watch whenever something was seen of it.
type Stage struct {
	Products map[product.ID]product.Product
}

// Wants reports whether the stage handles this kind of event.
func (s *Stage) Wants(k journal.Kind) bool {
	switch k {
	case signal.EventObserved, watch.EventOpened, watch.EventRaised, watch.EventTick, watch.EventEnded:
		return true
	}
	return false
}

// Handle judges the watch of the event again, keeps the verdict, and tells
// when its state changed or the watch is over.
func (s *Stage) Handle(ctx context.Context, db Store, ev journal.Event) (action.Plan, error) {
	p, ok := s.Products[product.ID(ev.Product)]
	if !ok || ev.Watch == "" {
		return action.Plan{}, nil
	}
	in := Input{Product: p, Now: ev.At}
	var err error
	if in.Watch, err = db.Watch(ctx, watch.ID(ev.Watch)); err != nil {
		return action.Plan{}, fmt.Errorf("judge %s: %w", ev.Watch, err)
	}
	was, known, err := db.Verdict(ctx, in.Watch.ID)
	if err != nil {
		return action.Plan{}, fmt.Errorf("judge %s: %w", ev.Watch, err)
	}
	if in.Watch.State == watch.Superseded {
		return superseded(ctx, db, in.Watch, was, ev)
	}
	if in.Watch.Release != "" {
		if in.Release, err = db.Release(ctx, in.Watch.Release); err != nil {
			return action.Plan{}, fmt.Errorf("judge %s: %w", ev.Watch, err)
		}
	}
	if in.Watch.Previous != "" {
		if in.Compare, err = db.Release(ctx, in.Watch.Previous); err != nil {
			return action.Plan{}, fmt.Errorf("judge %s: %w", ev.Watch, err)
		}
	}
	limit := window
	if in.Watch.Sensitive() {
		limit = sensitiveWindow
	}
	if in.Signals, err = db.BriefSignals(ctx, ev.Watch, limit); err != nil {
		return action.Plan{}, fmt.Errorf("judge %s: %w", ev.Watch, err)
	}
	if in.Watch.Kind == watch.KindRelease {
		if in.Standing, _, err = db.Verdict(ctx, watch.StandingID(p.ID)); err != nil {
			return action.Plan{}, fmt.Errorf("judge %s: %w", ev.Watch, err)
		}
	}
	if known {
		in.Prior, in.PriorWas = was.State, was
	}
	now := Judge(in)
	if err := db.PutVerdict(ctx, now); err != nil {
		return action.Plan{}, fmt.Errorf("keep verdict of %s: %w", ev.Watch, err)
	}
	if !news(was, now, known) {
		return action.Plan{}, nil
	}
	out := journal.New(EventReached, ev.At, now).About(ev.Product, string(now.Release), ev.Watch, "")
	return action.Plan{Events: []journal.Event{out}}, nil
}

// superseded ends the verdict of a watch whose release was followed by
// another: whoever waits for it gets an answer, and it is never green.
func superseded(ctx context.Context, db Store, w watch.Watch, was Verdict, ev journal.Event) (action.Plan, error) {
	if ev.Kind != watch.EventEnded || was.Final {
		return action.Plan{}, nil
	}
	out := was
	out.At, out.Final, out.Same = ev.At, true, true
	told := was.State.Broken() || was.State == NotDeployed
	if !told {
		out = Verdict{
			Watch: w.ID, Kind: w.Kind, Product: w.Product, Release: w.Release, Version: w.Version, State: Inconclusive,
			At: ev.At, Final: true, Unseen: was.Unseen,
			Summary: "superseded: another release went live before anything could be claimed",
		}
		if was.State == Healthy { // of a rollback, which is proven early
			out.State, out.Summary, out.Reasons, out.Same = was.State, was.Summary, was.Reasons, true
		}
	}
	if err := db.PutVerdict(ctx, out); err != nil {
		return action.Plan{}, fmt.Errorf("keep verdict of %s: %w", w.ID, err)
	}
	if told || out.State == Healthy {
		return action.Plan{}, nil // nothing new is said
	}
	tell := journal.New(EventReached, ev.At, out).About(ev.Product, string(out.Release), ev.Watch, "")
	return action.Plan{Events: []journal.Event{tell}}, nil
}

// news reports whether a verdict says something that the one before did not.
func news(was, now Verdict, known bool) bool {
	if !known {
		return now.State != Observing || len(now.Blind) > 0
	}
	return was.State != now.State || (len(was.Blind) == 0) != (len(now.Blind) == 0) || was.Integration != now.Integration ||
		was.Rollback != now.Rollback || (now.Final && !was.Final)
}
