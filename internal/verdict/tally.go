package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// How many signals in a row decide. A journey may flake, so it must fail three
// times; a crawl already fetched each broken asset twice, so two crawls do.
const (
	journeyFails = 1 + watch.ConfirmNew
	checkFails   = 2
	oldPasses    = watch.ConfirmOld
	bootFatals   = 2 // distinct page loads that died
)

// tally is what was seen of one thing on one side, in time order.
type tally struct {
	fails, passes []signal.Signal
	trail         int // failures since the last pass
	onset         []signal.Signal
}

func (t *tally) add(s signal.Signal) {
	if s.Outcome == signal.Pass {
		t.passes, t.trail, t.onset = append(t.passes, s), 0, nil
		return
	}
	t.fails, t.onset = append(t.fails, s), append(t.onset, s)
	t.trail += max(s.Looks, 1)
}

// ok reports whether the last look passed, and there was one.
func (t *tally) ok() bool { return t != nil && t.trail == 0 && len(t.passes) > 0 }

// failing reports whether at least n looks in a row failed.
func (t *tally) failing(n int) bool { return t != nil && t.trail >= n }

// key of a tally.
type key struct {
	kind signal.Kind
	name string
	side signal.Side
}

// view is the signals of one watch, counted.
type view struct {
	in      Input
	tallies map[key]*tally
	boots   map[signal.Side]*boots
	other   []signal.Signal // met another version
	broken  []signal.Signal // our own fault
}

// boots counts page loads by what they said.
type boots struct {
	ok, fatal map[string]signal.Signal // by token
	clients   map[string]bool          // clients with a fatal load
	verified  bool                     // one fatal load carried our marker
}

// count sorts the signals of a watch into tallies.
func count(in Input) *view {
	v := &view{in: in, tallies: map[key]*tally{}, boots: map[signal.Side]*boots{}}
	signals := slices.Clone(in.Signals)
	slices.SortStableFunc(signals, func(a, b signal.Signal) int { return a.At.Compare(b.At) })
	for _, s := range signals {
		switch {
		case s.Outcome == signal.Broken:
			v.broken = append(v.broken, s)
		case s.Kind == signal.Boot:
			v.boot(s)
		case !v.met(s):
			v.other = append(v.other, s)
		default:
			k := key{s.Kind, s.Name, s.Side}
			if v.tallies[k] == nil {
				v.tallies[k] = &tally{}
			}
			v.tallies[k].add(s)
		}
	}
	return v
}

// met reports whether the signal is about the version it was aimed at. A look
// that got no answer at all met no version; it counts, because a release that
// does not answer cannot say its name.
func (v *view) met(s signal.Signal) bool {
	if s.Side == signal.None || s.Kind == signal.OldAsset || v.in.Watch.Kind == watch.KindStanding {
		return true
	}
	if s.Served != "" {
		return s.Served == s.Expected
	}
	return s.Outcome == signal.Fail && s.Failure != nil &&
		slices.Contains([]string{"navigation", "crash", "deadline", "health", "asset", "request"}, s.Failure.Class)
}

// boot counts one page load; a load that died after it said ok stays dead.
func (v *view) boot(s signal.Signal) {
	if s.BootInfo == nil {
		return
	}
	side := signal.None
	switch s.Served {
	case v.in.Watch.Version:
		side = signal.New
	case v.in.Watch.Against:
		side = signal.Old
	}
	b := v.boots[side]
	if b == nil {
		b = &boots{ok: map[string]signal.Signal{}, fatal: map[string]signal.Signal{}, clients: map[string]bool{}}
		v.boots[side] = b
	}
	if s.Outcome == signal.Pass {
		b.ok[s.BootInfo.Token] = s
		return
	}
	if _, seen := b.fatal[s.BootInfo.Token]; !seen {
		b.fatal[s.BootInfo.Token] = s
	}
	b.clients[s.BootInfo.Client] = true
	b.verified = b.verified || s.BootInfo.Synthetic
}

// at returns the tally of a thing, nil when it was never looked at.
func (v *view) at(kind signal.Kind, name string, side signal.Side) *tally {
	return v.tallies[key{kind, name, side}]
}

// things returns the names looked at, of one kind and side, in order.
func (v *view) things(kind signal.Kind, side signal.Side) []string {
	var names []string
	for k := range v.tallies {
		if k.kind == kind && k.side == side {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names
}

// thing names what is looked at, in a sentence.
func (v *view) thing(kind signal.Kind, name string) string {
	switch kind {
	case signal.Journey:
		return "journey “" + name + "”"
	case signal.Assets:
		return "the asset crawl"
	case signal.OldAsset:
		return "the fetch of the previous release’s assets"
	case signal.Version, signal.Health:
		return "the read of the served version"
	case signal.Probe:
		if in, ok := v.integration(name); ok {
			return "the probe of " + in.Name
		}
	}
	return string(kind) + " " + name
}

// reason builds a reason from signals; its time is that of the first.
func reason(rule Rule, forIt bool, text string, from ...signal.Signal) Reason {
	r := Reason{Rule: rule, For: forIt, Text: text}
	for _, s := range from {
		r.Signals = append(r.Signals, s.ID)
		if r.At.IsZero() || s.At.Before(r.At) {
			r.At = s.At
		}
		for _, e := range s.Evidence {
			if len(r.Evidence) < 6 {
				r.Evidence = append(r.Evidence, e)
			}
		}
	}
	return r
}

// since returns when the first of the signals was seen.
func since(reasons []Reason) time.Time {
	var at time.Time
	for _, r := range reasons {
		if r.For && !r.At.IsZero() && (at.IsZero() || r.At.Before(at)) {
			at = r.At
		}
	}
	return at
}

// said returns the message of a failing signal for a sentence.
func said(s signal.Signal) string {
	if s.Summary != "" {
		return s.Summary
	}
	if s.Failure != nil {
		return s.Failure.Message
	}
	return "failed"
}

// providerOf returns the integration that a failing signal points at: the
// host of the failed request belongs to it.
func providerOf(p product.Product, signals []signal.Signal) (product.Integration, bool) {
	for _, s := range signals {
		if s.Failure == nil {
			continue
		}
		host := s.Failure.Host
		if host == "" {
			host = strings.TrimPrefix(strings.TrimPrefix(product.Origin(s.Failure.URL), "https://"), "http://")
		}
		if in, ok := p.IntegrationFor(host); ok {
			return in, true
		}
	}
	return product.Integration{}, false
}

// times counts in words.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
