package trend

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// What a regression is, and how many runs it takes to say.
const (
	// MinRuns is how many runs of each side it takes at least.
	MinRuns = 8
	// MinShare and MinShift are the least effect: a step must take this share
	// longer and this much longer, by its median and by its shift.
	MinShare = 0.10
	MinShift = 50 * time.Millisecond
	// Level bounds the share of false ones among the regressions that are told.
	Level = 0.01
	// maxCompared bounds the runs of each side, the newest of before and the
	// oldest of after: those nearest to the release.
	maxCompared = 100
)

// Comparison is a release beside the one before it.
type Comparison struct {
	Release           release.ID // the later one
	Before, After     string     // versions
	Browser, Viewport string     // of the runs that are compared
	BeforeN, AfterN   int        // runs that passed
	// State is unknown, steady or regressed. Steady means that nothing takes
	// longer by as much as is looked for; the intervals of Steps say how sure.
	State State
	// Need is how many further runs of each side it takes to say; only when unknown.
	NeedBefore, NeedAfter int
	Why                   string   // of unknown
	Steps                 []Effect // all that were compared, whole run first
	Regressions           []Effect // surest first
}

// Effect is how much longer one thing takes than before.
type Effect struct {
	Step     string        // "" for the whole run
	From, To time.Duration // medians
	Shift    time.Duration // Hodges–Lehmann
	Low      time.Duration // of the shift, 95 %
	High     time.Duration
	Ratio    float64 // To ÷ From; 0 when From is 0
	// Confidence is one minus the adjusted probability that it is chance, 0–1.
	Confidence      float64
	BeforeN, AfterN int
}

// String is like "“pay” 820 ms → 1.31 s (+60 %), 99.8 % sure".
func (e Effect) String() string {
	name := "the whole run"
	if e.Step != "" {
		name = "“" + e.Step + "”"
	}
	return fmt.Sprintf("%s %s → %s (%+.0f %%), %.4g %% sure, %d and %d runs", name,
		e.From.Round(time.Millisecond), e.To.Round(time.Millisecond), 100*(e.Ratio-1), math.Floor(1e4*e.Confidence)/100, e.BeforeN, e.AfterN)
}

// Compare sets the runs of one version beside those of another. Rows may be of
// any outcome, browser and viewport, in time order; only those that passed in
// the browser and viewport that met after last are used.
func Compare(before, after []Row) Comparison {
	var c Comparison
	after = passed(after)
	if len(after) > 0 {
		last := after[len(after)-1].profile()
		c.Browser, c.Viewport = last.browser, last.viewport
		after = alike(after, last)
		all := passed(before)
		before = alike(all, last)
		if len(before) == 0 && len(all) > 0 {
			c.Why = "the browser or the viewport is not the one of before"
		}
	} else {
		before = passed(before)
	}
	before, after = before[max(0, len(before)-maxCompared):], after[:min(len(after), maxCompared)]
	c.BeforeN, c.AfterN = len(before), len(after)
	names := []string{""}
	if len(after) > 0 {
		for _, s := range after[len(after)-1].Steps {
			names = append(names, s.Title)
		}
	}
	c.State = Unknown
	if need := needed(len(names)); c.BeforeN < need || c.AfterN < need {
		c.NeedBefore, c.NeedAfter = max(0, need-c.BeforeN), max(0, need-c.AfterN)
		if c.Why == "" {
			c.Why = fmt.Sprintf("there are %d runs that passed of before and %d of after, and %d of each are needed", c.BeforeN, c.AfterN, need)
		}
		return c
	}
	c.weigh(names, before, after)
	return c
}

// weigh tests every step that both sides have often enough.
func (c *Comparison) weigh(names []string, before, after []Row) {
	var p []float64
	for _, name := range names {
		b, a := times(before, name), times(after, name)
		if len(b) < MinRuns || len(a) < MinRuns {
			continue // a step that is new has nothing to be compared with
		}
		e := Effect{Step: name, BeforeN: len(b), AfterN: len(a)}
		s, low, high := shift(b, a)
		p = append(p, slower(b, a))
		slices.Sort(b)
		slices.Sort(a)
		from, to := quantile(b, 0.5), quantile(a, 0.5)
		e.From, e.To, e.Shift, e.Low, e.High = span(from), span(to), span(s), span(low), span(high)
		if from > 0 {
			e.Ratio = to / from
		}
		c.Steps = append(c.Steps, e)
	}
	c.State = Steady
	for i, q := range adjust(p) {
		c.Steps[i].Confidence = 1 - q
		if e := c.Steps[i]; q <= Level && e.large() {
			c.Regressions = append(c.Regressions, e)
		}
	}
	if len(c.Regressions) > 0 {
		c.State = Regressed
	}
	slices.SortStableFunc(c.Regressions, func(a, b Effect) int {
		switch {
		case a.Confidence != b.Confidence:
			return -compare(a.Confidence, b.Confidence)
		default:
			return -compare(float64(a.Shift), float64(b.Shift))
		}
	})
}

// large reports whether an effect is one that matters, by both measures.
func (e Effect) large() bool {
	least := max(time.Duration(MinShare*float64(e.From)), MinShift)
	return e.To-e.From >= least && e.Shift >= least
}

// needed is how many runs of each side it takes so that the clearest possible
// difference in one of so many tests is sure enough.
func needed(tests int) int {
	n := MinRuns
	for ; ways(n) < float64(tests)/Level; n++ {
	}
	return n
}

// ways is in how many ways n of 2n can be chosen.
func ways(n int) float64 {
	w := 1.0
	for i := 1; i <= n; i++ {
		w *= float64(n+i) / float64(i)
	}
	return w
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func passed(rows []Row) []Row {
	var out []Row
	for _, r := range rows {
		if r.Outcome == signal.Pass {
			out = append(out, r)
		}
	}
	return out
}

func alike(rows []Row, p profile) []Row {
	var out []Row
	for _, r := range rows {
		if r.profile() == p {
			out = append(out, r)
		}
	}
	return out
}

// took is how many milliseconds a step took, or the whole run ("").
func (r Row) took(step string) (float64, bool) {
	if step == "" {
		return millis(r.Took), true
	}
	for _, s := range r.Steps {
		if s.Title == step {
			return millis(s.Took), true
		}
	}
	return 0, false
}

func times(rows []Row, step string) []float64 {
	var out []float64
	for _, r := range rows {
		if v, ok := r.took(step); ok {
			out = append(out, v)
		}
	}
	return out
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func span(ms float64) time.Duration  { return time.Duration(ms * float64(time.Millisecond)) }
