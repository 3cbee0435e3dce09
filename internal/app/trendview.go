package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/trend"
	"github.com/postflight/postflight/internal/web"
)

// Trend returns what a journey's runs came to since a moment.
func (v *journeyView) Trend(ctx context.Context, p product.ID, journey string, since time.Time) (web.Trend, error) {
	var rows []trend.Row
	var releases []release.Release
	err := v.store.Read(ctx, func(tx *store.Tx) (err error) {
		if rows, err = tx.Trends(ctx, p, journey, since, 0); err != nil {
			return err
		}
		releases, err = tx.Releases(ctx, p, maxRuns)
		return err
	})
	if err != nil {
		return web.Trend{}, err
	}
	t := trend.Build(rows, recent(releases, since), v.budgets(p, journey), v.now())
	t.Marks = slices.DeleteFunc(t.Marks, func(m trend.Mark) bool { return m.At.Before(since) })
	return trendPage(t), nil
}

// recent keeps the releases since a moment, and those before it that they are
// measured against.
func recent(releases []release.Release, since time.Time) []release.Release {
	asked := map[release.ID]bool{}
	for _, r := range releases {
		if !r.At.Before(since) {
			asked[r.ID], asked[cmp.Or(r.Compare, r.Previous)] = true, true
		}
	}
	return slices.DeleteFunc(slices.Clone(releases), func(r release.Release) bool { return !asked[r.ID] })
}

// budgets returns the configured limits of a journey's web vitals.
func (v *journeyView) budgets(id product.ID, journey string) product.Budgets {
	for _, p := range v.products {
		for _, j := range p.Journeys {
			if p.ID == id && j.ID == journey {
				return j.Budgets
			}
		}
	}
	return product.Budgets{}
}

// trendPage puts a trend into the form of its page.
func trendPage(t trend.Trend) web.Trend {
	out := web.Trend{Points: trendPoints(t.Points)}
	for _, m := range t.Marks {
		out.Releases = append(out.Releases, web.TrendRelease(m))
	}
	for _, l := range t.Steps {
		out.Steps = append(out.Steps, web.TrendStep{Title: l.Title, Budget: l.Budget, Points: trendPoints(l.Points)})
	}
	for _, h := range t.Hosts {
		out.Hosts = append(out.Hosts, web.TrendHost(h))
	}
	for _, vital := range t.Vitals {
		out.Vitals = append(out.Vitals, web.TrendVital{
			Name: vital.Name, Budget: vital.Budget, Points: trendPoints(vital.Points),
			State: string(vital.State), P75: vital.P75, N: vital.N, Need: vital.Need,
		})
	}
	for _, c := range t.Comparisons {
		out.Beside = append(out.Beside, web.Beside{
			Release: c.Release, Before: c.Before, After: c.After, BeforeN: c.BeforeN, AfterN: c.AfterN, State: string(c.State),
			NeedBefore: c.NeedBefore, Need: c.NeedAfter, Why: c.Why, Slower: len(c.Regressions),
		})
		for _, e := range c.Regressions {
			out.Regressions = append(out.Regressions, web.Regression{
				Step: e.Step, Before: c.Before, After: c.After, Release: c.Release, From: e.From, To: e.To,
				Confidence: e.Confidence, BeforeN: e.BeforeN, AfterN: e.AfterN,
			})
		}
	}
	return out
}

func trendPoints(in []trend.Point) []web.TrendPoint {
	out := make([]web.TrendPoint, 0, len(in))
	for _, p := range in {
		out = append(out, web.TrendPoint{
			At: p.At, Version: p.Version, P50: p.P50, P90: p.P90, N: p.N, Failed: p.Failed, Broken: p.Broken,
		})
	}
	return out
}
