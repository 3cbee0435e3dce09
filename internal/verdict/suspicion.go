package verdict

import (
	"slices"

	"github.com/postflight/postflight/internal/watch"
)

// suspicion says among the reasons that the release's pipeline is no evidence.
// It changes no state: it stands beside what was seen, for or against.
func (v *view) suspicion(out *Verdict) {
	w := v.in.Watch
	if !w.Sensitive() || w.Kind != watch.KindRelease {
		return
	}
	r := Reason{
		Rule: RuleCI, For: out.State == BrokenRelease || out.State == Inconclusive, At: w.Sensitivity.Since, Text: clip(w.Reason(), maxSaid),
	}
	out.Reasons = slices.DeleteFunc(slices.Clone(out.Reasons), func(o Reason) bool { return o.Rule == RuleCI })
	at := len(out.Reasons)
	if r.For { // after what was seen, before what speaks against it
		if i := slices.IndexFunc(out.Reasons, func(o Reason) bool { return !o.For }); i >= 0 {
			at = i
		}
	}
	out.Reasons = slices.Insert(out.Reasons, at, r)
}

// restless reports whether a thing failed more often than its known flakes
// explain, although it always came back. A sensitive watch does not call that
// healthy; it is no fault either. The bound is three times the rate that is
// known, which starts at one in ten, and one failure besides.
func (v *view) restless(k key, t *tally) bool {
	if !v.in.Watch.Sensitive() || t.runs < 2 {
		return false
	}
	total := len(t.fails) + len(t.passes)
	return float64(len(t.fails)) > 1+3*v.in.Watch.Flakes[k.name].At(v.in.Watch.Opened).Rate("")*float64(total)
}
