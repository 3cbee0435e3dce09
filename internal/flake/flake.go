// Package flake learns how often a journey fails for no reason, and says how
// many failures in a row it takes before chance is no explanation.
//
// What is learned comes from runs that nobody's release caused: standing runs,
// and failures that their immediate confirmation did not reproduce. Counts
// fade, so that a journey that was mended is believed again. The package is
// arithmetic on values; the watch feeds it and the verdict asks it.
package flake

import (
	"fmt"
	"math"
	"time"

	"github.com/postflight/postflight/internal/product"
)

const (
	// HalfLife is how long a run counts half.
	HalfLife = 14 * 24 * time.Hour
	// Budget is how often chance may fake a failure: once in 10,000 windows.
	Budget = 1e-4
	// Enough is how many runs make the learned rate better than the rule of
	// thumb that holds without one.
	Enough = 100
	// most bounds what a flaky journey can demand.
	most = 12
	// maxSteps bounds the steps that are remembered for themselves.
	maxSteps = 50
)

// The rate that is believed before any run: one in ten, with the weight of
// ten runs (a beta distribution).
const (
	priorFails  = 1
	priorPasses = 9
)

// Record is what is known of one journey. Stored as JSON; fields may be added.
type Record struct {
	Product product.ID `json:"product"`
	Journey string     `json:"journey"`
	// Runs and Flakes are counts that fade; a failure that was confirmed is in
	// neither.
	Runs    float64   `json:"runs"`
	Flakes  float64   `json:"flakes"`
	Updated time.Time `json:"updated"`
	// Steps are the flakes by the step that failed, keyed as Key says.
	Steps map[string]float64 `json:"steps,omitempty"`
}

// Key names a step: by its number and title, so that an edited journey starts
// anew. "" stands for the whole journey.
func Key(step int, title string) string {
	if step <= 0 {
		return ""
	}
	if r := []rune(title); len(r) > 80 {
		title = string(r[:80])
	}
	return fmt.Sprintf("%d %s", step, title)
}

// At returns the record as it counts at now: every count faded since.
func (r Record) At(now time.Time) Record {
	if r.Updated.IsZero() || !now.After(r.Updated) {
		return r
	}
	fade := math.Exp2(-now.Sub(r.Updated).Hours() / HalfLife.Hours())
	r.Runs, r.Flakes, r.Updated = r.Runs*fade, r.Flakes*fade, now
	steps := make(map[string]float64, len(r.Steps))
	for k, n := range r.Steps {
		if n *= fade; n >= 0.01 {
			steps[k] = n
		}
	}
	r.Steps = steps
	return r
}

// Saw returns the record with runs more, of which flakes failed at a step.
func (r Record) Saw(runs, flakes int, step string, now time.Time) Record {
	r = r.At(now)
	r.Updated = now
	r.Runs += float64(runs)
	r.Flakes += float64(flakes)
	if flakes == 0 || step == "" {
		return r
	}
	steps := make(map[string]float64, len(r.Steps)+1)
	for k, n := range r.Steps {
		steps[k] = n
	}
	if _, known := steps[step]; known || len(steps) < maxSteps {
		steps[step] += float64(flakes)
	}
	r.Steps = steps
	return r
}

// of returns the flakes at a step, of the whole journey for "".
func (r Record) of(step string) float64 {
	if step == "" {
		return r.Flakes
	}
	return r.Steps[step]
}

// Rate is the expected share of runs that fail at the step for no reason.
func (r Record) Rate(step string) float64 {
	return (priorFails + r.of(step)) / (priorFails + priorPasses + r.Runs)
}

// Chance is the probability that k runs in a row fail at the step for no
// reason: that of a beta-binomial, which knows how little few runs prove.
func (r Record) Chance(k int, step string) float64 {
	a, all := priorFails+r.of(step), priorFails+priorPasses+r.Runs
	p := 1.0
	for i := range k {
		p *= (a + float64(i)) / (all + float64(i))
	}
	return p
}

// Needs returns how many failures in a row prove a fault, when the journey is
// looked at in so many rounds: each is another chance for a flake. Least is
// the rule without a record; it gives way downwards only once enough was
// learned, and never below three, because what disturbs one run may disturb
// the next.
func (r Record) Needs(step string, rounds, least int) int {
	if r.Runs < Enough && r.Flakes < 0.5 {
		return least
	}
	k := 3
	for k < most && r.Chance(k, step)*float64(max(rounds, 1)) > Budget {
		k++
	}
	if r.Runs < Enough {
		return max(k, least)
	}
	return k
}

// Say tells the rate in words, "" when nothing is known: "this step flaked 2
// of 340 times in the last weeks".
func (r Record) Say(step string) string {
	if r.Runs < 1 {
		return ""
	}
	what := "this step"
	if step == "" {
		what = "it"
	}
	return fmt.Sprintf("%s flaked %.0f of %.0f times in the last weeks", what, math.Ceil(r.of(step)), math.Max(r.Runs, math.Ceil(r.of(step))))
}
