// Package vitals measures the web vitals of a run: LCP, FCP, TTFB, INP, CLS.
//
// Script is put into every document, in a world of our own, and reports every
// entry as it comes; a Collector takes the reports and sums them up by
// navigation. What was not measured is nil, never zero. The package is
// arithmetic: it never talks to a browser. The journey room does.
package vitals

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// Binding is the name under which our script reports. Only our own world
// sees it.
const Binding = "postflightVital"

// Script reports every entry that makes a web vital at once: what is sent
// when a page is left gets lost. Each message is [start of the navigation,
// kind, at, value, interaction].
const Script = `(() => {
	const send = globalThis.` + Binding + `;
	if (window !== window.top || !location.protocol.startsWith('http') || typeof send !== 'function') return;
	let left = 1000;
	const say = (kind, at, value, id) => {
		if (left-- > 0) send(JSON.stringify([performance.timeOrigin, kind, at, value, id || 0]));
	};
	const hide = () => { if (document.visibilityState === 'hidden') say('hidden', performance.now(), 0); };
	hide();
	document.addEventListener('visibilitychange', hide, true);
	const nav = performance.getEntriesByType('navigation')[0];
	if (nav && nav.responseStart > 0) say('ttfb', 0, nav.responseStart);
	const takes = {
		'paint': (e) => { if (e.name === 'first-contentful-paint') say('fcp', e.startTime, e.startTime); },
		'largest-contentful-paint': (e) => say('lcp', e.startTime, e.startTime),
		'layout-shift': (e) => { if (!e.hadRecentInput) say('cls', e.startTime, e.value); },
		'event': (e) => { if (e.interactionId) say('inp', e.startTime, e.duration, e.interactionId); },
		'first-input': (e) => say('inp', e.startTime, e.duration, e.interactionId || -1),
	};
	const watching = [];
	for (const [type, take] of Object.entries(takes)) {
		try {
			const o = new PerformanceObserver((list) => list.getEntries().forEach(take));
			o.observe({type, buffered: true, durationThreshold: 40});
			watching.push([o, take]);
		} catch { /* this browser does not measure it */ }
	}
	globalThis.postflightFlush = () => new Promise((done) => {
		const end = () => { for (const [o, take] of watching) o.takeRecords().forEach(take); done(true); };
		setTimeout(end, 200);
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(end, 0)));
	});
})()`

// Flush, evaluated where Script ran, asks for what the browser has measured and
// not told yet.
const Flush = `globalThis.postflightFlush ? globalThis.postflightFlush() : false`

// maxNavigations bounds the documents whose vitals are kept.
const maxNavigations = 200

// Collector collects the web vitals of a run, by navigation. It is safe for
// concurrent use.
type Collector struct {
	mu   sync.Mutex
	list []*navigation
}

// navigation is what was measured of one document; times are milliseconds from
// its start.
type navigation struct {
	origin       float64 // when it began, milliseconds since 1970
	ttfb, fcp    *float64
	lcp          *float64
	hidden       *float64 // when it was hidden first
	shifts       []shift
	interactions map[float64]float64 // longest duration by interaction
}

type shift struct{ at, value float64 }

// Take reads one message of the script. What is none is ignored: the page
// cannot send any.
func (v *Collector) Take(text string) {
	var raw []json.RawMessage
	if json.Unmarshal([]byte(text), &raw) != nil || len(raw) != 5 {
		return
	}
	var kind string
	var origin, at, value, id float64
	for i, to := range []any{&origin, &kind, &at, &value, &id} {
		if json.Unmarshal(raw[i], to) != nil {
			return
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := v.of(origin); n != nil {
		n.take(kind, at, value, id)
	}
}

func (v *Collector) of(origin float64) *navigation {
	for _, n := range v.list {
		if n.origin == origin {
			return n
		}
	}
	if len(v.list) >= maxNavigations {
		return nil
	}
	n := &navigation{origin: origin, interactions: map[float64]float64{}}
	v.list = append(v.list, n)
	return n
}

func (n *navigation) take(kind string, at, value, id float64) {
	seen := n.hidden == nil || at < *n.hidden // what is painted in the background is no measure
	switch kind {
	case "hidden":
		if n.hidden == nil {
			n.hidden = &at
		}
	case "ttfb":
		n.ttfb = &value
	case "fcp":
		if n.fcp == nil && seen {
			n.fcp = &value
		}
	case "lcp":
		if seen { // each is larger than the one before
			n.lcp = &value
		}
	case "cls":
		n.shifts = append(n.shifts, shift{at, value})
	case "inp":
		n.interactions[id] = max(n.interactions[id], value)
	}
}

// cls is the worst session window: shifts less than a second apart, five
// seconds at most (web.dev/articles/cls). A page that was painted and did not
// shift has 0; one that was not has none.
func (n *navigation) cls() *float64 {
	if n.fcp == nil && len(n.shifts) == 0 {
		return nil
	}
	slices.SortFunc(n.shifts, func(a, b shift) int { return cmp.Compare(a.at, b.at) })
	worst, sum, begin, last := 0.0, 0.0, 0.0, 0.0
	for i, s := range n.shifts {
		if i == 0 || s.at-last >= 1000 || s.at-begin >= 5000 {
			sum, begin = 0, s.at
		}
		sum, last = sum+s.value, s.at
		worst = max(worst, sum)
	}
	return &worst
}

// inp is the longest interaction, less one for every fifty
// (web.dev/articles/inp); nil when there was none.
func (n *navigation) inp() *float64 {
	var all []float64
	for _, v := range n.interactions {
		all = append(all, v)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	return &all[min(len(all)-1, len(all)/50)]
}

// Summary is the run's: loading by the first page, the rest by the worst. nil
// when nothing was measured.
func (v *Collector) Summary() *signal.Vitals {
	v.mu.Lock()
	defer v.mu.Unlock()
	slices.SortStableFunc(v.list, func(a, b *navigation) int { return cmp.Compare(a.origin, b.origin) })
	var out signal.Vitals
	for i, n := range v.list {
		if i == 0 {
			out.LCP, out.FCP, out.TTFB = span(n.lcp), span(n.fcp), span(n.ttfb)
		}
		if c := n.cls(); c != nil && (out.CLS == nil || *c > *out.CLS) {
			out.CLS = c
		}
		if d := span(n.inp()); d != nil && (out.INP == nil || *d > *out.INP) {
			out.INP = d
		}
	}
	if out.LCP == nil && out.FCP == nil && out.TTFB == nil && out.CLS == nil && out.INP == nil {
		return nil
	}
	return &out
}

func span(ms *float64) *time.Duration {
	if ms == nil {
		return nil
	}
	d := time.Duration(min(max(*ms, 0), 1e9) * float64(time.Millisecond)).Round(100 * time.Microsecond)
	return &d
}

// Over names the vitals over their limits. One that was not measured is
// over none.
func Over(v *signal.Vitals, b product.Budgets) []string {
	if v == nil {
		return nil
	}
	var out []string
	for _, c := range []struct {
		name  string
		got   *time.Duration
		limit time.Duration
	}{{"LCP", v.LCP, b.LCP}, {"FCP", v.FCP, b.FCP}, {"TTFB", v.TTFB, b.TTFB}, {"INP", v.INP, b.INP}} {
		if c.limit > 0 && c.got != nil && *c.got > c.limit {
			out = append(out, c.name)
		}
	}
	if b.CLS > 0 && v.CLS != nil && *v.CLS > b.CLS {
		out = append(out, "CLS")
	}
	return out
}
