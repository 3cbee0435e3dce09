package app

import (
	"context"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
	"github.com/postflight/postflight/internal/web"
)

// maxRuns bounds how many runs of a product the journeys page looks back on.
const maxRuns = 1000

// journeyView answers the pages of journeys.
type journeyView struct {
	store    *store.Store
	products []product.Product
	runs     *runs
	now      func() time.Time
}

// Journeys returns where every configured journey stands.
func (v *journeyView) Journeys(ctx context.Context) ([]web.JourneyStanding, error) {
	return read(ctx, v.store, func(tx *store.Tx) ([]web.JourneyStanding, error) {
		var out []web.JourneyStanding
		for _, p := range v.products {
			past, err := tx.SignalsAbout(ctx, store.SignalFilter{
				Product: string(p.ID), Kinds: []signal.Kind{signal.Journey}, Brief: true, Limit: maxRuns,
			})
			if err != nil {
				return nil, err
			}
			flakes, err := tx.Flakes(ctx, p.ID)
			if err != nil {
				return nil, err
			}
			for _, j := range p.Journeys {
				s := v.standing(p.ID, j, past, flakes[j.ID])
				if s.Last != nil {
					whole, err := tx.Signal(ctx, s.Last.ID)
					if err != nil {
						return nil, err
					}
					s.Last = &whole
				}
				out = append(out, s)
			}
		}
		return out, nil
	})
}

// standing is where one journey stands, by its product's newest runs. Only
// what was aimed at the live release says where it stands.
func (v *journeyView) standing(p product.ID, j product.Journey, past []signal.Signal, known flake.Record) web.JourneyStanding {
	now := v.now()
	out := web.JourneyStanding{Product: p, Journey: j.ID, Next: watch.Turn(p, j, now)}
	var took []time.Duration
	for i := range past {
		s := &past[i]
		if s.Name != j.ID {
			continue
		}
		if s.Left != nil {
			out.Left, out.Counted = out.Left+*s.Left, out.Counted+1
		}
		if s.Side == signal.Old {
			continue
		}
		out.Last = s
		if s.Outcome != signal.Pass {
			continue
		}
		out.LastPass = s.At
		if s.Watch == string(watch.StandingID(p)) {
			took = append(took, s.Took)
		}
	}
	if out.Last != nil && out.Last.Outcome == signal.Broken {
		out.Unknown = out.Last.Summary
	}
	out.Median, out.P90, out.Runs = quantile(took, 50), quantile(took, 90), len(took)
	if known = known.At(now); known.Runs >= 1 {
		out.Flake = web.FlakeRate{Rate: known.Flakes / known.Runs, Runs: int(known.Runs), Since: now.Add(-4 * flake.HalfLife)}
		for i := range past {
			if past[i].Name == j.ID && past[i].At.After(out.Flake.Since) {
				out.Flake.Since = past[i].At
				break
			}
		}
	}
	return out
}

// quantile returns the smallest value that so many percent do not exceed; zero
// of none.
func quantile(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min((len(sorted)*percent+99)/100, len(sorted))-1]
}

// Run returns one run of a journey.
func (v *journeyView) Run(ctx context.Context, id signal.ID) (web.RunView, error) {
	return read(ctx, v.store, func(tx *store.Tx) (out web.RunView, err error) {
		if out.Signal, err = tx.Signal(ctx, id); err != nil {
			return out, err
		}
		s := out.Signal
		if s.Release != "" {
			r, err := tx.Release(ctx, s.Release)
			if err != nil {
				return out, err
			}
			out.Release = &r
		}
		past, err := tx.SignalsAbout(ctx, store.SignalFilter{
			Product: string(s.Product), Kinds: []signal.Kind{signal.Journey}, Brief: true, Limit: maxRuns,
		})
		if err != nil {
			return out, err
		}
		var took []time.Duration
		met := false
		for _, x := range past {
			switch {
			case x.Name != s.Name || x.Side != s.Side:
				continue
			case x.ID == s.ID:
				met = true
			case !met:
				out.Earlier = x.ID
			case out.Later == "":
				out.Later = x.ID
			}
			if x.Outcome == signal.Pass {
				took = append(took, x.Took)
			}
		}
		if !met {
			out.Earlier = "" // older than what is looked back on
		}
		out.Median = quantile(took, 50)
		out.Accepted, err = accepted(ctx, tx, s)
		return out, err
	})
}

// accepted returns the baselines that persons took from a run.
func accepted(ctx context.Context, tx *store.Tx, s signal.Signal) ([]signal.Baseline, error) {
	var out []signal.Baseline
	for _, step := range s.Steps {
		c := step.Compared
		if c == nil {
			continue
		}
		b, ok, err := tx.Baseline(ctx, c.Key)
		if err != nil {
			return nil, err
		}
		if ok && b.By != "" && b.Key == c.Key && b.Blob == c.Picture {
			out = append(out, b)
		}
	}
	return out, nil
}

// Running returns the runs in progress, oldest first.
func (v *journeyView) Running(ctx context.Context) ([]web.Running, error) {
	out := v.runs.list()
	if len(out) == 0 {
		return nil, nil
	}
	standings, err := v.Journeys(ctx)
	if err != nil {
		return nil, err
	}
	for i := range out {
		for _, s := range standings {
			if s.Product == out[i].Product && s.Journey == out[i].Journey {
				out[i].Typical = s.Median
			}
		}
	}
	return out, nil
}

// AcceptPicture makes a run's picture the one that later ones are compared
// with.
func (v *journeyView) AcceptPicture(ctx context.Context, id signal.ID, step int, by string) error {
	return v.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.AcceptBaseline(ctx, id, step, by, v.now())
		return err
	})
}
