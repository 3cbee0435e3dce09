package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// flaky is a journey that fails by chance, on the new release and on the old
// one alike, and asks for the looks that a watch asks for.
type flaky struct {
	rate   float64
	random *rand.Rand
	in     verdict.Input
	n      int
}

func (f *flaky) look(side signal.Side, round int, confirm bool) bool {
	f.n++
	at := f.in.Watch.Opened.Add(time.Duration(f.n) * 100 * time.Millisecond)
	s := signal.Signal{
		ID: signal.ID(fmt.Sprint("s", f.n)), At: at, Kind: signal.Journey, Name: "book", Side: side, Round: round,
		Confirm: confirm, Expected: map[signal.Side]string{signal.New: "v2", signal.Old: "v1"}[side], Outcome: signal.Pass,
	}
	s.Served = s.Expected
	if f.random.Float64() < f.rate {
		s.Outcome, s.Failure = signal.Fail, &signal.Failure{Class: "step_timeout", Message: "not found"}
	}
	f.in.Signals, f.in.Now = append(f.in.Signals, s), at
	return s.Outcome == signal.Pass
}

// window plays one release window and reports whether it was rolled back.
func (f *flaky) window(rounds int) bool {
	passed := false
	judge := func() bool {
		v := verdict.Judge(f.in)
		f.in.Prior, f.in.PriorWas = v.State, v
		return v.Rollback
	}
	for round := 1; round <= rounds; round++ {
		if f.look(signal.New, round, false) {
			passed = true
			continue
		}
		more := watch.ConfirmNew
		if passed {
			more = watch.ConfirmAgain
		}
		if len(f.in.Watch.Flakes) > 0 || f.in.Watch.Sensitive() {
			more = f.in.Watch.Needs(f.in.Product, "book", "", passed) - 1
		}
		for range more {
			passed = f.look(signal.New, round, true) || passed
		}
		for range watch.ConfirmOld {
			f.look(signal.Old, round, true)
		}
		if judge() {
			return true
		}
	}
	return judge()
}

// TestFlakesAreNotRolledBack bounds how often a good release with a flaky
// journey is undone in a window of forty rounds. Three in a row alone would
// undo one in 28 at a tenth, and every second at three tenths.
func TestFlakesAreNotRolledBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, most float64 }{{0.02, 0.004}, {0.1, 0.01}, {0.3, 0.03}, {0.6, 0.12}, {1, 0}} {
		t.Run(fmt.Sprint(c.rate), func(t *testing.T) {
			t.Parallel()
			windows := 200
			if c.rate == 1 {
				windows = 1 // not by chance
			}
			undone := 0
			for i := range windows {
				f := &flaky{rate: c.rate, random: rand.New(rand.NewPCG(7, uint64(i))), in: setting(t, "", nil)}
				if f.window(40) {
					undone++
				}
			}
			if got := float64(undone) / float64(windows); got > c.most {
				t.Errorf("%.2f %% of good releases were undone, at most %.2f %% may be", 100*got, 100*c.most)
			}
		})
	}
}

// TestSuspicionUndoesNothing: a sensitive watch looks four times as often, and
// undoes a good release with a flaky journey no more often than another.
func TestSuspicionUndoesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, most float64 }{{0.02, 0}, {0.1, 0.025}} {
		t.Run(fmt.Sprint(c.rate), func(t *testing.T) {
			t.Parallel()
			const windows = 40
			undone := 0
			for i := range windows {
				f := &flaky{rate: c.rate, random: rand.New(rand.NewPCG(7, uint64(i))), in: setting(t, "", nil)}
				f.in.Watch.Sensitivity = &watch.Sensitivity{Level: watch.High, Reason: "CI was green against its own evidence"}
				if f.window(160) {
					undone++
				}
			}
			if got := float64(undone) / windows; got > c.most {
				t.Errorf("%.2f %% of good releases were undone, at most %.2f %% may be", 100*got, 100*c.most)
			}
		})
	}
}

// TestLearnedRateHoldsItsBudget: with the rate known from before the release,
// not even the first round's flakes undo a good one.
func TestLearnedRateHoldsItsBudget(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.005, 0.05, 0.1, 0.2} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			for i := range 300 {
				f := &flaky{rate: rate, random: rand.New(rand.NewPCG(11, uint64(i))), in: setting(t, "", nil)}
				f.in.Watch.Flakes = map[string]flake.Record{"book": flake.Record{}.Saw(2000, int(2000*rate), "", start)}
				if f.window(40) {
					t.Fatalf("window %d of a good release was undone", i)
				}
			}
		})
	}
}

// TestLearnedRateStillSeesBreakage: a broken release is seen in one round,
// whatever was learned of the journey.
func TestLearnedRateStillSeesBreakage(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 0.001, 0.05, 0.1} {
		for _, before := range []int{0, 10} {
			f := &flaky{random: rand.New(rand.NewPCG(7, 7)), in: setting(t, "", nil)}
			f.in.Watch.Flakes = map[string]flake.Record{"book": flake.Record{}.Saw(2000, int(2000*rate), "", start)}
			for round := range before {
				f.look(signal.New, round+1, false)
			}
			f.rate = 1
			n := f.in.Watch.Needs(f.in.Product, "book", "", before > 0)
			for i := range n {
				f.look(signal.New, before+1, i > 0)
			}
			f.rate = 0
			for range watch.ConfirmOld {
				f.look(signal.Old, before+1, true)
			}
			if v := verdict.Judge(f.in); v.State != verdict.BrokenRelease || !v.Rollback || n > 9 {
				t.Errorf("rate %v, after %d passing rounds, %d failures: %s, rollback %v", rate, before, n, v.State, v.Rollback)
			}
		}
	}
}

// TestBreakageIsSeenAtOnce: what fails from the first look on takes the first
// round, what fails after it passed takes one round as well.
func TestBreakageIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 10} {
		f := &flaky{random: rand.New(rand.NewPCG(7, 7)), in: setting(t, "", nil)}
		for round := range before {
			f.look(signal.New, round+1, false)
		}
		f.rate = 1
		f.look(signal.New, before+1, false)
		for range map[bool]int{true: watch.ConfirmNew, false: watch.ConfirmAgain}[before == 0] {
			f.look(signal.New, before+1, true)
		}
		f.rate = 0
		for range watch.ConfirmOld {
			f.look(signal.Old, before+1, true)
		}
		if v := verdict.Judge(f.in); v.State != verdict.BrokenRelease || !v.Rollback {
			t.Errorf("after %d passing rounds: %s, rollback %v", before, v.State, v.Rollback)
		}
	}
}
