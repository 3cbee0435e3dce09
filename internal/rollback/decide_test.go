package rollback_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/rollback"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	t.Parallel()
	good := release.Release{ID: "shop-1", Version: "v1", Judgement: release.Good, At: t0}
	bad := release.Release{ID: "shop-2", Version: "v2", At: t0.Add(time.Minute), Compare: "shop-1"}
	base := func() rollback.Case {
		return rollback.Case{
			Product: product.Product{ID: "shop", Rollback: product.Rollback{Method: product.RollbackDirectory, Automatic: true}},
			State:   release.State{Live: "shop-2", LastGood: "shop-1"},
			Bad:     bad, Past: []release.Release{bad, good},
			Order: rollback.Order{Automatic: true, By: "postflight"},
		}
	}
	for name, c := range map[string]struct {
		change func(*rollback.Case)
		want   string // target version, or part of the refusal
	}{
		"goes to the last good one":          {func(*rollback.Case) {}, "v1"},
		"no way back":                        {func(c *rollback.Case) { c.Product.Rollback.Method = product.RollbackNone }, "no way back"},
		"not live any more":                  {func(c *rollback.Case) { c.State.Live = "shop-3" }, "not live"},
		"a rollback is not undone by itself": {func(c *rollback.Case) { c.Bad.Source = release.Rollback }, "itself a rollback"},
		"nothing good before":                {func(c *rollback.Case) { c.Past[1].Judgement = release.Bad }, "no earlier release"},
		"came back after it was undone": {func(c *rollback.Case) {
			c.Past = append(c.Past, release.Release{ID: "old-bad", Version: "v2", At: t0}, release.Release{ID: "rb", Version: "v1", Undoes: "old-bad", At: t0})
		}, "redeploys it"},
		"a person may undo it again": {func(c *rollback.Case) {
			c.Order.Automatic = false
			c.Past = append(c.Past, release.Release{ID: "old-bad", Version: "v2", At: t0}, release.Release{ID: "rb", Version: "v1", Undoes: "old-bad", At: t0})
		}, "v1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := base()
			c.change(&in)
			got, no := rollback.Decide(in)
			if no == nil && got.Version != c.want {
				t.Errorf("goes to %q, want %q", got.Version, c.want)
			}
			if no != nil && !strings.Contains(no.Reason, c.want) {
				t.Errorf("refused with %q, want %q", no.Reason, c.want)
			}
		})
	}
}
