package app

import (
	"context"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/web"
)

// Trend returns what a journey's runs came to since a moment.
func (v *journeyView) Trend(ctx context.Context, p product.ID, journey string, since time.Time) (web.Trend, error) {
	return read(ctx, v.store, func(tx *store.Tx) (out web.Trend, err error) {
		if out.Releases, err = marks(ctx, tx, p, since); err != nil {
			return out, err
		}
		past, err := tx.SignalsAbout(ctx, store.SignalFilter{
			Product: string(p), Kinds: []signal.Kind{signal.Journey}, Brief: true, Limit: 10 * maxRuns,
		})
		if err != nil {
			return out, err
		}
		past = slices.DeleteFunc(past, func(s signal.Signal) bool {
			return s.Name != journey || s.Side == signal.Old || s.At.Before(since)
		})
		out.Points = points(past, max(v.now().Sub(since)/50, time.Minute))
		return out, nil
	})
}

// points gathers runs, oldest first, into buckets of one version and so much
// time.
func points(runs []signal.Signal, width time.Duration) []web.TrendPoint {
	var out []web.TrendPoint
	var took []time.Duration
	flush := func() {
		if len(out) > 0 {
			last := &out[len(out)-1]
			last.N = len(took)
			last.P50, last.P90 = millis(quantile(took, 50)), millis(quantile(took, 90))
		}
		took = nil
	}
	for _, s := range runs {
		at := s.At.Truncate(width)
		if n := len(out); n == 0 || out[n-1].At != at || out[n-1].Version != s.Served && s.Served != "" {
			flush()
			version := s.Served
			if version == "" && n > 0 {
				version = out[n-1].Version
			}
			out = append(out, web.TrendPoint{At: at, Version: version})
		}
		last := &out[len(out)-1]
		switch s.Outcome {
		case signal.Pass:
			took = append(took, s.Took)
		case signal.Fail:
			last.Failed++
		case signal.Broken:
			last.Broken++
		}
	}
	flush()
	return out
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
