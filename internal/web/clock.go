package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/verdict"
)

// clock is the story of one failure in time: what happened when, and how long
// each part took.
type clock struct {
	Marks []tick
	Total time.Duration // that the bar stands for
	Open  bool          // still running
}

// tick is one mark on the clock and the stretch that leads to it.
type tick struct {
	Key   string // for its colour
	Label string
	At    time.Time     // zero: not yet, or never
	After time.Duration // since the first mark
	Part  time.Duration // since the mark before
	X, W  string        // of the stretch before it, in a view box 1000 wide
}

// barWidth is the width of the bar's view box; barMin keeps a short part
// visible.
const (
	barWidth = 1000.0
	barMin   = 8.0
)

// newClock orders the marks that happened and lays out the bar. While open,
// a last stretch runs to now; it takes a third of the bar at the most, so that
// what happened stays readable an hour later.
func newClock(marks []tick, now time.Time, open bool) clock {
	var done, missing []tick
	for _, m := range marks {
		if m.At.IsZero() {
			missing = append(missing, m)
		} else {
			done = append(done, m)
		}
	}
	slices.SortStableFunc(done, func(a, b tick) int { return a.At.Compare(b.At) })
	c := clock{Open: open}
	if len(done) > 0 {
		last := done[len(done)-1].At
		c.Total = last.Sub(done[0].At)
		if open && now.After(last) {
			c.Total += min(now.Sub(last), max(c.Total/2, time.Millisecond))
		}
	}
	for i := range done {
		done[i].After = done[i].At.Sub(done[0].At)
		if i > 0 {
			done[i].Part = done[i].At.Sub(done[i-1].At)
		}
	}
	spread(done, c.Total)
	c.Marks = append(done, missing...)
	return c
}

// spread gives every stretch its place; short ones are widened at the cost of
// the long ones.
func spread(marks []tick, total time.Duration) {
	if len(marks) < 2 || total <= 0 {
		return
	}
	spare := barWidth - barMin*float64(len(marks)-1)
	x := 0.0
	for i := 1; i < len(marks); i++ {
		w := barMin + spare*float64(marks[i].Part)/float64(total)
		marks[i].X = strconv.FormatFloat(x, 'f', 1, 64)
		marks[i].W = strconv.FormatFloat(w, 'f', 1, 64)
		x += w
	}
}

// incidentClock is the clock of an incident.
func incidentClock(in incident.Incident, now time.Time) clock {
	return newClock([]tick{
		{Key: "impact", Label: "Impact", At: in.Impact},
		{Key: "detected", Label: "Detected", At: in.Detected},
		{Key: "paged", Label: "Paged", At: in.Paged},
		{Key: "acked", Label: "Acknowledged", At: in.Acknowledged},
		{Key: "acted", Label: "Rolled back", At: in.Acted},
		{Key: "verified", Label: verifiedWord(in), At: in.Mitigated},
	}, now, in.Mitigated.IsZero() && !in.State.Closed())
}

// verifiedWord: an incident without a rollback is mitigated, not verified.
func verifiedWord(in incident.Incident) string {
	if in.Acted.IsZero() && !in.Mitigated.IsZero() {
		return "Mitigated"
	}
	return "Verified"
}

// drillClock is the score card's clock. Marks that the scenario does not
// expect are left out unless they happened.
func drillClock(d drill.Drill, now time.Time) clock {
	marks := []tick{
		{Key: "impact", Label: "Fault", At: d.Fault},
		{Key: "evidence", Label: "Evidence", At: d.Evidence},
		{Key: "detected", Label: "Verdict", At: d.Detected},
		{Key: "paged", Label: "Paged", At: d.Paged},
		{Key: "acted", Label: "Rolled back", At: d.RolledBack},
		{Key: "verified", Label: "Verified", At: d.Verified},
	}
	want := map[string]bool{
		"impact": true, "detected": true, "evidence": d.Scenario.Expected.Page,
		"paged": d.Scenario.Expected.Page, "acted": d.Scenario.Expected.Rollback, "verified": d.Scenario.Expected.Rollback,
	}
	marks = slices.DeleteFunc(marks, func(m tick) bool { return m.At.IsZero() && !want[m.Key] })
	return newClock(marks, now, d.State == drill.Playing && !d.Fault.IsZero())
}

// decided is when the verdict was first what it is now: later looks may have
// repeated it since.
func decided(v ReleaseView) time.Time {
	var at time.Time
	for _, x := range v.Verdicts { // newest first
		if x.State != v.Verdicts[0].State {
			break
		}
		at = x.At
	}
	return at
}

// releaseClock is the clock of a watched release, from live to verified.
func releaseClock(v ReleaseView, now time.Time) clock {
	marks := []tick{{Key: "live", Label: "Live", At: v.Release.At}}
	if v.Watch != nil && !v.Watch.Met.IsZero() {
		marks = append(marks, tick{Key: "live", Label: "Served", At: v.Watch.Met})
	}
	open := false
	if len(v.Verdicts) > 0 {
		last := v.Verdicts[0]
		if last.State.Broken() {
			marks = append(marks, tick{Key: "evidence", Label: "First evidence", At: last.Since})
		}
		if last.State != verdict.Observing {
			marks = append(marks, tick{Key: "detected", Label: "Verdict", At: decided(v)})
		}
	}
	if len(v.Incidents) > 0 {
		in := v.Incidents[0]
		open = in.Mitigated.IsZero() && !in.State.Closed()
		marks = append(marks,
			tick{Key: "paged", Label: "Paged", At: in.Paged},
			tick{Key: "acted", Label: "Rolled back", At: in.Acted},
			tick{Key: "verified", Label: verifiedWord(in), At: in.Mitigated})
	}
	return newClock(marks, now, open)
}
