package verdict

import (
	"math"
	"slices"
	"time"

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

// restart is how long a product may give no answer at all after its pointer
// moved, before that counts against what was released: it may be starting.
const restart = 10 * time.Second

// chance bounds how often a row of failures may be a flake's: one in 10,000.
const chance = 1e-4

// tally is what was seen of one thing on one side, in time order.
type tally struct {
	all           []signal.Signal
	fails, passes []signal.Signal
	trail         int // failures since the last pass
	runs          int // how often it began to fail
	streak        int // passes since the last failure
	onset         []signal.Signal
}

func (t *tally) add(s signal.Signal) {
	t.all = append(t.all, s)
	if s.Outcome == signal.Pass {
		t.passes, t.trail, t.onset = append(t.passes, s), 0, nil
		t.streak++
		return
	}
	if t.trail == 0 {
		t.runs++
	}
	t.streak = 0
	t.fails, t.onset = append(t.fails, s), append(t.onset, s)
	t.trail += max(s.Looks, 1)
}

// ok reports whether the last look passed, and there was one.
func (t *tally) ok() bool { return t != nil && t.trail == 0 && len(t.passes) > 0 }

// failing reports whether so many looks in a row failed that no flake
// explains them; n is enough for a thing that never passed.
func (t *tally) failing(n int) bool { return t != nil && t.trail >= t.needs(n) }

// needs is how many failures in a row it takes. What passed before must fail
// longer, because every round of a window is another chance for a flake; and
// what failed and came back before has shown a flake rate f, of which k in a
// row must be improbable: f^k <= chance. The rate starts from one in ten.
func (t *tally) needs(n int) int {
	if len(t.passes) == 0 {
		return n
	}
	n += n - 1 // three become five, two become three
	flaked := float64(len(t.fails) - len(t.onset))
	if flaked == 0 {
		return n
	}
	rate := (flaked + 1) / (flaked + float64(len(t.passes)) + 10)
	return max(n, int(math.Ceil(math.Log(chance)/math.Log(rate))))
}

// wavers reports whether a thing fails now and again, not once for a while. A
// standing watch believes three passes in a row, for its past is long; and its
// probes tell changes only, so their outages of before say nothing of now.
func (t *tally) wavers(standing bool, kind signal.Kind) bool {
	often := t.runs >= 2 && 3*len(t.fails) > len(t.fails)+len(t.passes)
	if standing {
		return often && t.streak < 3 && kind != signal.Probe
	}
	return often
}

// since returns what is known from an instant on: looks of another hour say
// nothing of what fails now. Nil when nothing is.
func (t *tally) since(at time.Time) *tally {
	if t == nil {
		return nil
	}
	out := &tally{}
	for _, s := range t.all {
		if !s.At.Before(at) {
			out.add(s)
		}
	}
	if len(out.all) == 0 {
		return nil
	}
	return out
}

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
	early   []signal.Signal // no answer while the product may be starting
	broken  []signal.Signal // our own fault
	apart   []signal.Signal // of journeys in quarantine
	met     bool            // the watched version was served
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
		case v.quarantined(s):
			v.apart = append(v.apart, s)
		case s.Outcome == signal.Broken:
			v.broken = append(v.broken, s)
		case s.Kind == signal.Boot:
			v.boot(s)
		case !v.aimed(s):
			v.other = append(v.other, s)
		case v.starting(s):
			v.early = append(v.early, s)
		default:
			v.met = v.met || (s.Side == signal.New && s.Served != "" && s.Served == in.Watch.Version)
			k := key{s.Kind, s.Name, s.Side}
			if v.tallies[k] == nil {
				v.tallies[k] = &tally{}
			}
			v.tallies[k].add(s)
		}
	}
	return v
}

// aimed reports whether the signal is about the version it was aimed at. A look
// that got no answer at all met no version; it counts, because a release that
// does not answer cannot say its name.
func (v *view) aimed(s signal.Signal) bool {
	if s.Side == signal.None || s.Kind == signal.OldAsset || v.in.Watch.Kind == watch.KindStanding {
		return true
	}
	if s.Served != "" {
		return s.Served == s.Expected
	}
	return s.Outcome == signal.Fail && s.Failure != nil &&
		slices.Contains([]string{"navigation", "crash", "deadline", "health", "asset", "request"}, s.Failure.Class)
}

// starting reports a failure that names no version, soon after the pointer
// moved and before the version was met: a product that is starting looks so.
func (v *view) starting(s signal.Signal) bool {
	w := v.in.Watch
	if v.met || w.Kind == watch.KindStanding || s.Side != signal.New || s.Outcome != signal.Fail || s.Served != "" || s.Kind == signal.OldAsset {
		return false
	}
	return s.At.Before(w.Opened.Add(min(v.in.Product.Watch.Settle, restart)))
}

// boot counts one page load; a load that died after it said ok stays dead.
func (v *view) boot(s signal.Signal) {
	if s.BootInfo == nil {
		return
	}
	side := signal.None
	switch {
	case s.Served == "": // says nothing of any release
	case s.Served == v.in.Watch.Version:
		side = signal.New
	case s.Served == v.in.Watch.Against:
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

// okSince counts the loads that came up since.
func (b *boots) okSince(at time.Time) int {
	n := 0
	for _, s := range b.ok {
		if !s.At.Before(at) {
			n++
		}
	}
	return n
}

// dying reports whether so many loads die, of our own browser or of three
// clients, that those which come up prove nothing.
func (b *boots) dying() bool {
	if b == nil || len(b.fatal) == 0 {
		return false
	}
	return len(b.ok) == 0 || (b.verified || len(b.clients) >= 3) && 2*len(b.fatal) > len(b.ok)
}
