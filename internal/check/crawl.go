package check

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// crawl is one look at the assets of a product.
type crawl struct {
	l        *Looker
	p        product.Product
	base     *url.URL
	vantages [2]*vantage // the second confirms what the first found broken
	seen     map[string]bool
	results  []fetched
	versions []string // what the entry pages said they are
	mended   int      // broken once, fine on the second connection
	dropped  int      // references beyond a bound
	late     bool     // the time was up
}

func (l *Looker) newCrawl(ctx context.Context, look watch.Look, p product.Product) (*crawl, error) {
	base, err := at(look.Base, "")
	if err != nil {
		return nil, err
	}
	first := firstParty(p, look.Base, look.Version)
	c := &crawl{l: l, p: p, base: base, seen: map[string]bool{}}
	for i := range c.vantages {
		c.vantages[i] = l.vantage(first, true)
		c.vantages[i].guard(ctx, base)
	}
	return c, nil
}

func (c *crawl) close() {
	for _, v := range c.vantages {
		v.close()
	}
}

// lookAssets is H1: the entry pages and everything they reference.
func (l *Looker) lookAssets(ctx context.Context, look watch.Look, p product.Product, s *signal.Signal) {
	if len(p.Pages) == 0 {
		broken(s, "no entry pages are configured, so no asset was checked")
		return
	}
	c, err := l.newCrawl(ctx, look, p)
	if err != nil {
		broken(s, clean(err.Error(), 300))
		return
	}
	defer c.close()
	wave, err := c.pages()
	if err != nil {
		broken(s, clean(err.Error(), 300))
		return
	}
	timed, cancel := context.WithTimeout(ctx, l.o.Limits.Crawl)
	defer cancel()
	found := c.wave(timed, wave)
	before := c.served(ctx, look)
	for range l.o.Limits.Depth {
		if len(found) == 0 {
			break
		}
		found = c.wave(timed, c.admit(found))
	}
	c.dropped += len(found)
	s.Served = before
	if len(c.versions) == 0 && before != "" && c.served(ctx, look) != before {
		s.Served = ""
	}
	c.late = timed.Err() != nil
	c.report(s)
}

// lookPrevious is H2: what open tabs of the previous release still ask for.
func (l *Looker) lookPrevious(ctx context.Context, look watch.Look, p product.Product, s *signal.Signal) {
	if len(look.URLs) == 0 {
		broken(s, "no assets of the previous release are known")
		return
	}
	c, err := l.newCrawl(ctx, look, p)
	if err != nil {
		broken(s, clean(err.Error(), 300))
		return
	}
	defer c.close()
	timed, cancel := context.WithTimeout(ctx, l.o.Limits.Crawl)
	defer cancel()
	var refs []ref
	for _, raw := range look.URLs {
		u, err := c.base.Parse(rebase(raw, p.PreviousURL, look.Base))
		if err != nil || !c.vantages[0].first.has(u) {
			s.Dropped++
			continue
		}
		u.Fragment, u.RawFragment, u.User = "", "", nil
		refs = append(refs, ref{url: u, kind: kindOf(u.Path)})
	}
	if len(refs) == 0 {
		broken(s, "none of the previous release's assets has a first-party address")
		return
	}
	before := c.served(ctx, look)
	c.wave(timed, c.admit(refs))
	if c.served(ctx, look) == before {
		s.Served = before
	}
	c.late = timed.Err() != nil
	c.report(s)
}

// rebase moves an address seen at a release's own place ("{version}" of
// template) to the live base.
func rebase(raw, template, base string) string {
	prefix, suffix, ok := strings.Cut(template, "{version}")
	if !ok {
		return raw
	}
	rest, ok := strings.CutPrefix(raw, prefix)
	if !ok {
		return raw
	}
	end := strings.IndexByte(rest, '/')
	if suffix = strings.TrimSuffix(suffix, "/"); suffix != "" {
		end = strings.Index(rest, suffix)
	}
	if end <= 0 {
		return raw
	}
	return strings.TrimSuffix(base, "/") + rest[end+len(suffix):]
}

// pages returns the entry pages as the first wave.
func (c *crawl) pages() ([]ref, error) {
	var wave []ref
	for _, path := range c.p.Pages {
		u, err := at(c.base.String(), path)
		if err != nil {
			return nil, fmt.Errorf("entry page %s: %w", path, err)
		}
		if len(wave) == c.l.o.Limits.Pages {
			c.dropped++
			continue
		}
		if key := u.String(); !c.seen[key] {
			c.seen[key] = true
			wave = append(wave, ref{url: u, kind: kindHTML})
		}
	}
	return wave, nil
}

// admit drops what was fetched already and what is over the bound. Of two
// references to one address, the one with the stricter rules counts.
func (c *crawl) admit(refs []ref) []ref {
	var wave []ref
	place := map[string]int{}
	for _, r := range refs {
		key := r.url.String()
		if i, queued := place[key]; queued {
			wave[i] = stricter(wave[i], r)
			continue
		}
		if c.seen[key] {
			continue
		}
		if len(c.seen) >= c.l.o.Limits.Assets+min(len(c.p.Pages), c.l.o.Limits.Pages) {
			c.dropped++
			continue
		}
		c.seen[key] = true
		place[key] = len(wave)
		wave = append(wave, r)
	}
	return wave
}

func stricter(a, b ref) ref {
	weight := func(kind string) int {
		switch kind {
		case kindScript, kindStyle:
			return 2
		case kindOther:
			return 0
		}
		return 1
	}
	if weight(b.kind) > weight(a.kind) {
		a.kind = b.kind
	}
	if a.integrity == "" {
		a.integrity = b.integrity
	}
	a.module, a.strict = a.module || b.module, a.strict || b.strict
	return a
}

// wave fetches these references and returns what they reference in turn.
func (c *crawl) wave(ctx context.Context, refs []ref) []ref {
	results := make([]fetched, len(refs))
	mended := make([]bool, len(refs))
	var g errgroup.Group
	g.SetLimit(c.l.o.Limits.Workers)
	for i, r := range refs {
		g.Go(func() error {
			results[i], mended[i] = c.twice(ctx, r)
			return nil
		})
	}
	_ = g.Wait() // the workers report in results
	var found []ref
	for i, f := range results {
		if mended[i] {
			c.mended++
		}
		found = append(found, c.read(f, refs[i])...)
		f.text = nil
		c.results = append(c.results, f)
	}
	return found
}

// twice fetches, and asks again on another connection before it calls an
// asset broken.
func (c *crawl) twice(ctx context.Context, r ref) (f fetched, mended bool) {
	f = c.vantages[0].fetch(ctx, r)
	if f.state == fine || ctx.Err() != nil {
		return f, false
	}
	if f.pause > 0 {
		t := time.NewTimer(f.pause)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return f, false
		case <-t.C:
		}
	}
	again := c.vantages[1].fetch(ctx, r)
	if again.state == fine {
		return again, true
	}
	if again.state == unchecked && f.state == bad {
		// Half confirmed is not confirmed: nobody is blamed.
		f.state = unchecked
		f.asset.Problem += ", not confirmed by a second request"
	}
	return f, false
}

// read returns the references of a fetched document.
func (c *crawl) read(f fetched, r ref) []ref {
	if f.cut {
		c.dropped++
	}
	if r.kind == kindHTML {
		if c.p.Version.Kind == product.VersionHeader && f.header != nil {
			c.says(f.header.Get(c.p.Version.Name))
		}
		meta := ""
		if c.p.Version.Kind == product.VersionMeta {
			meta = c.p.Version.Name
		}
		doc := readPage(f.text, f.final, meta)
		c.says(doc.meta)
		if f.state != fine {
			return nil // an error page's references are nobody's business
		}
		c.dropped += doc.dropped
		return doc.refs
	}
	if f.state != fine || len(f.text) == 0 {
		return nil
	}
	in := finder{base: f.final, from: f.asset.URL}
	switch r.kind {
	case kindStyle:
		readStyle(string(f.text), &in)
	case kindScript:
		readScript(string(f.text), &in)
	}
	c.dropped += in.dropped
	return in.refs
}

func (c *crawl) says(version string) {
	if v, _, _ := plausible(version, ""); v != "" {
		c.versions = append(c.versions, v)
	}
}

// served is the version the entry pages agree on; when they say nothing, it
// is asked for.
func (c *crawl) served(ctx context.Context, look watch.Look) string {
	if len(c.versions) == 0 {
		v, err := c.l.Version(ctx, c.p.Version, look.Base)
		if err != nil && !errors.Is(err, context.Canceled) && LackOf(err) != Unhealthy {
			return ""
		}
		return v
	}
	for _, v := range c.versions {
		if v != c.versions[0] {
			return ""
		}
	}
	return c.versions[0]
}
