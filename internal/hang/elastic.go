package hang

import (
	"fmt"
	"slices"
	"time"
)

// How the limit of a step follows its history.
const (
	elasticRuns   = 20
	elasticFew    = 5 // fewer green runs than this tell little
	elasticFactor = 3
	elasticFloor  = 10 * time.Minute
)

// Elastic is how long a step may take at all: three times the 95th percentile
// (nearest rank) of its last 20 green runs, which are given oldest first, and
// not under ten minutes; never more than configured, where that is positive.
// With fewer than five green runs it is not under half an hour, and without any
// it is what was configured, or half an hour. Why says so, for the person.
func Elastic(greens []time.Duration, configured time.Duration) (limit time.Duration, why string) {
	greens = slices.DeleteFunc(slices.Clone(greens), func(d time.Duration) bool { return d <= 0 })
	greens = greens[max(0, len(greens)-elasticRuns):]
	if len(greens) == 0 {
		if configured > 0 {
			return configured, "configured"
		}
		return defaultTotal, "no green run is known yet"
	}
	slices.Sort(greens)
	p95 := greens[(95*len(greens)+99)/100-1]
	floor := elasticFloor
	if len(greens) < elasticFew {
		floor = defaultTotal
	}
	limit = elasticFactor * min(p95, 1000*time.Hour)
	why = fmt.Sprintf("%d × %s, the 95th percentile of %d green runs", elasticFactor, figure(p95), len(greens))
	if limit < floor {
		limit, why = floor, fmt.Sprintf("the least, as %s is less", why)
	}
	if configured > 0 && configured <= limit {
		return configured, "configured"
	}
	return limit, why
}
