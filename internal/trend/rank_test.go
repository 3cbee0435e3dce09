package trend

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// brute is slower by looking at every way to choose: the definition.
func brute(before, after []float64) float64 {
	all := slices.Concat(before, after)
	u := func(in func(int) bool) float64 {
		var sum float64
		for i, a := range all {
			for j, b := range all {
				if in(i) && !in(j) {
					switch {
					case a > b:
						sum++
					case a == b:
						sum += 0.5
					}
				}
			}
		}
		return sum
	}
	seen := u(func(i int) bool { return i >= len(before) })
	var hits, ways float64
	for mask := range 1 << len(all) {
		n := 0
		for i := range all {
			n += mask >> i & 1
		}
		if n != len(after) {
			continue
		}
		ways++
		if u(func(i int) bool { return mask>>i&1 == 1 }) >= seen-1e-9 {
			hits++
		}
	}
	return hits / ways
}

func TestSlowerIsWhatItsDefinitionSays(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		values := func(n int) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = float64(rng.IntN(6)) // many ties
			}
			return out
		}
		before, after := values(1+rng.IntN(5)), values(1+rng.IntN(5))
		if got, want := slower(before, after), brute(before, after); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v %v: got %v, want %v", before, after, got, want)
		}
	}
}

func TestSlower(t *testing.T) {
	t.Parallel()
	series := func(n int, first float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = first + float64(i)
		}
		return out
	}
	for _, c := range []struct {
		name          string
		before, after []float64
		low, high     float64
	}{
		{"nothing", nil, nil, 1, 1},
		{"one side", series(9, 0), nil, 1, 1},
		{"all above, exact", series(8, 0), series(8, 100), 1. / 12870 * 0.999, 1. / 12870 * 1.001},
		{"all below", series(8, 100), series(8, 0), 1, 1},
		{"all equal", []float64{5, 5, 5, 5}, []float64{5, 5, 5, 5}, 1, 1},
		{"all equal and many", make([]float64, 40), make([]float64, 40), 1, 1},
		{"all above, normal", series(30, 0), series(30, 100), 0, 1e-9},
		{"the same, normal", series(30, 0), series(30, 0), 0.49, 0.52},
	} {
		if got := slower(c.before, c.after); got < c.low || got > c.high {
			t.Errorf("%s: got %v, want %v to %v", c.name, got, c.low, c.high)
		}
	}
}

func TestTheNormalApproximationContinuesTheExactCount(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var before, after []float64
		for range 20 {
			before = append(before, math.Round(rng.NormFloat64()*5))
			after = append(after, math.Round(rng.NormFloat64()*5+2))
		}
		ranks, sum, ties := rank(before, after)
		e, n := exact(ranks, len(after), sum), normal(len(after), len(before), sum, ties)
		if math.Abs(e-n) > 0.01 {
			t.Errorf("exact %v, normal %v", e, n)
		}
	}
}

func TestShift(t *testing.T) {
	t.Parallel()
	before := []float64{100, 101, 102, 103, 104, 105, 106, 107, 108, 500}
	var after []float64
	for _, b := range before {
		after = append(after, b+40)
	}
	s, low, high := shift(before, after)
	if s != 40 || low < 30 || high > 50 || low > s || high < s {
		t.Errorf("got %v [%v, %v], want 40 and little beside", s, low, high)
	}
	if s, low, high = shift(nil, after); s != 0 || low != 0 || high != 0 {
		t.Errorf("got %v of nothing", s)
	}
	if s, low, high = shift([]float64{1}, []float64{3}); s != 2 || low != 2 || high != 2 {
		t.Errorf("got %v [%v, %v] of one", s, low, high)
	}
}

func TestTheIntervalHoldsTheTruth(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	const rounds, truth = 1000, 30.0
	holds := 0
	for range rounds {
		var before, after []float64
		for range 15 {
			before = append(before, 200*math.Exp(rng.NormFloat64()*0.2))
			after = append(after, 200*math.Exp(rng.NormFloat64()*0.2)+truth)
		}
		if _, low, high := shift(before, after); low <= truth && truth <= high {
			holds++
		}
	}
	if share := float64(holds) / rounds; share < 0.93 || share > 0.98 {
		t.Errorf("the interval of 95 %% holds the truth in %.1f %%", 100*share)
	}
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	// Checked by hand: p·n/rank, made monotone from the largest.
	got := adjust([]float64{0.04, 0.001, 0.03, 0.5, 0.02})
	want := []float64{0.05, 0.005, 0.05, 0.5, 0.05}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	if got := adjust(nil); len(got) != 0 {
		t.Errorf("got %v of nothing", got)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of   []float64
		q    float64
		want float64
	}{
		{nil, 0.5, 0},
		{[]float64{7}, 0.9, 7},
		{[]float64{1, 2}, 0.5, 1.5},
		{[]float64{1, 2, 3, 4, 5}, 0.5, 3},
		{[]float64{1, 2, 3, 4, 5}, 0.9, 4.6},
		{[]float64{1, 2, 3}, 1, 3},
	} {
		if got := quantile(c.of, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v %v: got %v, want %v", c.of, c.q, got, c.want)
		}
	}
}
