package trend

import (
	"math"
	"slices"
)

// exactUpTo is the number of values, of both sides together, up to which the
// distribution of ranks is counted out; above it, it is close to normal.
const exactUpTo = 40

// slower returns the probability that ranks as high as those of after turn up
// by chance when both sides are alike: the one-sided test of Mann and Whitney
// (1947), ties included. Without values, it is 1.
func slower(before, after []float64) float64 {
	n, m := len(after), len(before)
	if n == 0 || m == 0 {
		return 1
	}
	ranks, sum, ties := rank(before, after)
	if n+m <= exactUpTo {
		return exact(ranks, n, sum)
	}
	return normal(n, m, sum, ties)
}

// normal approximates exact, with the variance corrected for ties and half a
// rank for continuity.
func normal(n, m, sum int, ties float64) float64 {
	total := float64(n + m)
	variance := float64(n) * float64(m) / 12 * ((total + 1) - ties/(total*(total-1)))
	if variance <= 0 {
		return 1
	}
	z := (float64(sum)/2 - float64(n)*(total+1)/2 - 0.5) / math.Sqrt(variance)
	return math.Erfc(z/math.Sqrt2) / 2
}

// rank returns the doubled mid-ranks of all values, the sum of those of after,
// and the sum of t³−t over the groups of t equal values.
func rank(before, after []float64) (ranks []int, sum int, ties float64) {
	type value struct {
		v     float64
		after bool
	}
	all := make([]value, 0, len(before)+len(after))
	for _, v := range before {
		all = append(all, value{v, false})
	}
	for _, v := range after {
		all = append(all, value{v, true})
	}
	slices.SortFunc(all, func(a, b value) int {
		switch {
		case a.v < b.v:
			return -1
		case a.v > b.v:
			return 1
		}
		return 0
	})
	ranks = make([]int, len(all))
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		t := float64(j - i)
		ties += t*t*t - t
		for k := i; k < j; k++ {
			ranks[k] = i + 1 + j // twice the mean of i+1 … j
			if all[k].after {
				sum += ranks[k]
			}
		}
		i = j
	}
	return ranks, sum, ties
}

// exact is the share of all ways to choose n of the ranks whose sum is at least
// sum. It counts them rank by rank.
func exact(ranks []int, n, sum int) float64 {
	most := 0
	for _, r := range ranks {
		most += r
	}
	// ways[k][s]: the ways to choose k ranks with sum s.
	ways := make([][]float64, n+1)
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	top := 0
	for i, r := range ranks {
		top += r
		for k := min(i+1, n); k > 0; k-- {
			for s := top; s >= r; s-- {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	var all, high float64
	for s, w := range ways[n] {
		all += w
		if s >= sum {
			high += w
		}
	}
	return min(high/all, 1)
}

// shift is the estimate of Hodges and Lehmann (1963) of how much more after is
// than before: the median of all differences, with the interval that holds the
// true one in 95 of 100 cases.
func shift(before, after []float64) (estimate, low, high float64) {
	if len(before) == 0 || len(after) == 0 {
		return 0, 0, 0
	}
	all := make([]float64, 0, len(before)*len(after))
	for _, a := range after {
		for _, b := range before {
			all = append(all, a-b)
		}
	}
	slices.Sort(all)
	n, m := float64(len(after)), float64(len(before))
	// How many of the smallest differences lie outside, by the normal approximation.
	out := int(math.Floor(n*m/2 - 1.96*math.Sqrt(n*m*(n+m+1)/12)))
	out = max(out, 0)
	return quantile(all, 0.5), all[out], all[len(all)-1-out]
}

// adjust returns, for many tests at once, the probabilities by which the share
// of false discoveries is bounded (Benjamini and Hochberg 1995).
func adjust(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(p))
	least := 1.0
	for i := len(order) - 1; i >= 0; i-- {
		least = min(least, p[order[i]]*float64(len(p))/float64(i+1))
		out[order[i]] = least
	}
	return out
}

// quantile of sorted values, interpolated between the two nearest; 0 of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
