package check

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/signal"
)

// tally counts the results of a crawl.
type tally struct {
	assets, bad, external, unchecked int
	first                            *fetched // the bad one that hurts most
	examples                         []string
}

func (c *crawl) count() tally {
	t := tally{assets: len(c.results)}
	for _, f := range c.ranked() {
		switch f.state {
		case unchecked:
			t.unchecked++
		case bad:
			t.bad++
			if f.asset.External {
				t.external++
			}
			if t.first == nil {
				t.first = f
			}
			if len(t.examples) < 3 {
				t.examples = append(t.examples, f.asset.Problem+" for "+c.short(f.asset))
			}
		case fine:
		}
	}
	return t
}

// ranked lists the results with what hurts most in front: the product's own
// before other people's, pages before scripts before style sheets before the
// rest.
func (c *crawl) ranked() []*fetched {
	out := make([]*fetched, 0, len(c.results))
	for i := range c.results {
		out = append(out, &c.results[i])
	}
	rank := func(f *fetched) int {
		n := 0
		if f.asset.External {
			n = 10
		}
		if i := slices.Index([]string{kindHTML, kindScript, kindStyle}, f.asset.Kind); i >= 0 {
			return n + i
		}
		return n + 3
	}
	slices.SortStableFunc(out, func(a, b *fetched) int { return rank(a) - rank(b) })
	return out
}

// short is the path of a first-party asset, the address of another.
func (c *crawl) short(a signal.Asset) string {
	if u, err := url.Parse(a.URL); err == nil && originOf(u) == originOf(c.base) {
		return clean(u.RequestURI(), 200)
	}
	return clean(a.URL, 200)
}

// report turns the results into the signal.
func (c *crawl) report(s *signal.Signal) {
	for _, f := range c.results {
		s.Assets = append(s.Assets, f.asset)
	}
	s.Dropped += c.dropped
	t := c.count()
	on := ""
	if v := s.Served; v != "" {
		on = " on " + v
	}
	switch {
	case t.bad > 0:
		c.fail(s, t, on)
	case t.unchecked > 0 || c.late:
		broken(s, fmt.Sprintf("%d of %d assets could not be checked%s: %s", t.unchecked, t.assets, on, c.excuse()))
	default:
		s.Outcome = signal.Pass
		s.Summary = fmt.Sprintf("%d assets fine%s", t.assets, on) + c.remarks()
	}
}

func (c *crawl) fail(s *signal.Signal, t tally, on string) {
	class, what := "asset", "assets"
	count := fmt.Sprintf("%d of %d", t.bad, t.assets)
	if s.Kind == signal.OldAsset {
		what = "assets of the previous release"
	}
	if t.bad == t.external {
		class, what = "asset_external", "assets (all of them other people's)"
	}
	more := ""
	if t.bad > len(t.examples) {
		more = ", …"
	}
	summary := fmt.Sprintf("%s %s broken%s: %s%s", count, what, on, strings.Join(t.examples, ", "), more)
	u := t.first.asset.URL
	failed(s, signal.Failure{
		Class: class, Title: c.short(t.first.asset), Message: t.first.asset.Problem,
		URL: u, Host: hostOf(u), Status: t.first.asset.Status,
	}, summary+c.remarks())
}

func (c *crawl) remarks() string {
	var out []string
	if c.mended > 0 {
		out = append(out, fmt.Sprintf("%d only on the second request", c.mended))
	}
	if c.dropped > 0 {
		out = append(out, fmt.Sprintf("%d references over the bound not checked", c.dropped))
	}
	if len(out) == 0 {
		return ""
	}
	return "; " + strings.Join(out, "; ")
}

func (c *crawl) excuse() string {
	for _, f := range c.results {
		if f.state == unchecked {
			return f.asset.Problem
		}
	}
	return "the time for one crawl was up"
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}
