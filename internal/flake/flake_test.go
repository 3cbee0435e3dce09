package flake_test

import (
	"testing"
	"time"

	"github.com/postflight/postflight/internal/flake"
)

var now = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func learned(runs, flakes int) flake.Record {
	return flake.Record{}.Saw(runs-flakes, 0, "", now).Saw(flakes, flakes, flake.Key(3, "Book"), now)
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                        string
		runs, flakes, rounds, least int
		step                        string
		want                        int
	}{
		{"nothing known", 0, 0, 1, 3, "", 3},
		{"nothing known, passed before", 0, 0, 40, 5, "", 5},
		{"little known", 30, 0, 40, 5, "", 5},
		{"little known, and it flaked", 30, 3, 40, 5, "", 7},
		{"one in a thousand", 2000, 2, 1, 3, "", 3},
		{"one in a thousand, in forty rounds", 2000, 2, 40, 5, "", 3},
		{"one in twenty", 340, 17, 1, 3, "", 4},
		{"one in twenty, in forty rounds", 340, 17, 40, 5, "", 5},
		{"one in twenty, at another step", 340, 17, 40, 5, flake.Key(4, "Pay"), 3},
		{"one in twenty, at that step", 340, 17, 40, 5, flake.Key(3, "Book"), 5},
		{"every second", 100, 50, 40, 5, "", 12},
	} {
		if got := learned(c.runs, c.flakes).Needs(c.step, c.rounds, c.least); got != c.want {
			t.Errorf("%s: %d failures in a row, want %d", c.name, got, c.want)
		}
	}
}

// TestNeedsHoldsItsBudget: whatever was learned, the demanded row is rarer
// than the budget, unless the journey is too flaky to demand more.
func TestNeedsHoldsItsBudget(t *testing.T) {
	t.Parallel()
	for _, runs := range []int{100, 200, 340, 1000, 20000} {
		for _, share := range []int{0, 1000, 200, 100, 50, 20, 10} {
			flakes := 0
			if share > 0 {
				flakes = runs / share
			}
			for _, rounds := range []int{1, 10, 40, 200} {
				r := learned(runs, flakes)
				k := r.Needs("", rounds, 5)
				if got := r.Chance(k, "") * float64(rounds); got > flake.Budget && k < 12 {
					t.Errorf("%d of %d in %d rounds: %d failures come by chance in %.2g windows", flakes, runs, rounds, k, got)
				}
			}
		}
	}
}

func TestCountsFade(t *testing.T) {
	t.Parallel()
	r := learned(400, 20)
	later := r.At(now.Add(flake.HalfLife))
	if later.Runs != 200 || later.Flakes != 10 || later.Steps[flake.Key(3, "Book")] != 10 {
		t.Errorf("after a half-life: %+v", later)
	}
	if r.Steps[flake.Key(3, "Book")] != 20 {
		t.Error("the record that was asked has changed")
	}
	if gone := r.At(now.Add(40 * flake.HalfLife)); len(gone.Steps) != 0 || gone.Needs("", 1, 3) != 3 {
		t.Errorf("after a year and a half: %+v", gone)
	}
	if back := r.At(now.Add(-time.Hour)); back.Runs != r.Runs {
		t.Error("a clock that was set back made it grow")
	}
}

func TestSay(t *testing.T) {
	t.Parallel()
	r := learned(340, 2)
	if got, want := r.Say(flake.Key(3, "Book")), "this step flaked 2 of 340 times in the last weeks"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (flake.Record{}).Say(""); got != "" {
		t.Errorf("nothing known says %q", got)
	}
	for i := range 200 {
		r = r.Saw(1, 1, flake.Key(i+1, "x"), now)
	}
	if len(r.Steps) > 50 {
		t.Errorf("%d steps are remembered", len(r.Steps))
	}
}
