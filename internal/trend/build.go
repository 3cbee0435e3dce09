package trend

import (
	"maps"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// Bounds of what is told of releases.
const (
	maxReleases = 20
	maxBeside   = 8 // that are set beside the one before
)

const day = 24 * time.Hour

// Build makes a trend of the rows of one journey. Rows and releases may come in
// any order; what is later than now is left out. Budgets are those of the
// journey; those of steps stand in the rows.
func Build(rows []Row, releases []release.Release, budgets product.Budgets, now time.Time) Trend {
	rows = slices.Clone(rows)
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.At.After(now) })
	slices.SortStableFunc(rows, func(a, b Row) int { return a.At.Compare(b.At) })
	releases = slices.Clone(releases)
	releases = slices.DeleteFunc(releases, func(r release.Release) bool { return r.At.After(now) })
	slices.SortStableFunc(releases, func(a, b release.Release) int { return a.At.Compare(b.At) })
	t := Trend{Bucket: width(rows, now)}
	for _, r := range releases {
		t.Marks = append(t.Marks, Mark{ID: r.ID, Version: r.Version, At: r.At, Judgement: r.Judgement})
	}
	t.Points = t.points(rows, func(r Row) (float64, bool) { return millis(r.Took), true })
	t.lines(rows)
	newest := latest(rows)
	t.vitals(rows, newest, budgets)
	t.Hosts = traffic(newest)
	for _, h := range t.Hosts {
		if !h.FirstParty {
			t.Third = append(t.Third, h)
		}
	}
	of := byVersion(rows)
	t.Releases = stats(of, releases)
	t.Comparisons = comparisons(of, releases)
	return t
}

// width is how much time a point gathers: few enough for a chart of weeks.
func width(rows []Row, now time.Time) time.Duration {
	if len(rows) == 0 {
		return day
	}
	switch length := now.Sub(rows[0].At); {
	case length <= 3*time.Hour:
		return 5 * time.Minute
	case length <= 3*day:
		return time.Hour
	case length <= 60*day:
		return day
	}
	return 7 * day
}

// points gathers rows, oldest first, into buckets of one version, browser and
// viewport. value may say that a row has none.
func (t *Trend) points(rows []Row, value func(Row) (float64, bool)) []Point {
	type place struct {
		at      time.Time
		version string
		profile profile
	}
	values, index := map[place][]float64{}, map[place]int{}
	var out []Point
	var order []place
	for _, r := range rows {
		v, ok := value(r)
		if !ok {
			continue
		}
		k := place{start(r.At, t.Bucket), r.Version, r.profile()}
		i, known := index[k]
		if !known {
			i = len(out)
			index[k], order = i, append(order, k)
			out = append(out, Point{At: r.At, Version: k.version, Browser: r.Browser, Viewport: r.Viewport})
		}
		switch r.Outcome {
		case signal.Pass:
			values[k] = append(values[k], v)
		case signal.Fail:
			out[i].Failed++
		case signal.Broken:
			out[i].Broken++
		}
	}
	for i, k := range order {
		q := quantiles(values[k])
		out[i].P50, out[i].P90, out[i].N = q.P50, q.P90, q.N
	}
	return out
}

// start is when a bucket begins, in UTC; weeks begin on Monday, since the first
// moment of Go's time was one.
func start(at time.Time, width time.Duration) time.Time { return at.UTC().Truncate(width) }

func quantiles(values []float64) Quantiles {
	slices.Sort(values)
	return Quantiles{P50: quantile(values, 0.5), P90: quantile(values, 0.9), N: len(values)}
}

// lines are the steps of the newest run that passed. Steps of runs that did
// not pass are left out: it may be the failure that took the time.
func (t *Trend) lines(rows []Row) {
	good := passed(rows)
	if len(good) == 0 {
		return
	}
	for _, s := range good[len(good)-1].Steps {
		took := func(r Row) (float64, bool) { return r.took(s.Title) }
		t.Steps = append(t.Steps, Line{Title: s.Title, Budget: s.Budget, Points: t.points(good, took)})
	}
}

// latest returns the runs that passed of the newest version, in the browser and
// viewport that met it last.
func latest(rows []Row) []Row {
	good := passed(rows)
	if len(good) == 0 {
		return nil
	}
	last := good[len(good)-1]
	for _, r := range slices.Backward(good) {
		if r.Version != "" {
			last = r
			break
		}
	}
	var out []Row
	for _, r := range alike(good, last.profile()) {
		if r.Version == last.Version {
			out = append(out, r)
		}
	}
	return out
}

// traffic sums up the hosts of runs, most time first. A run that did not speak
// to a host counts neither for nor against it.
func traffic(rows []Row) []Traffic {
	type sum struct {
		first            bool
		took             []float64
		requests, failed int
	}
	sums := map[string]*sum{}
	for _, r := range rows {
		for _, h := range r.Hosts {
			s := sums[h.Name]
			if s == nil {
				s = &sum{}
				sums[h.Name] = s
			}
			s.first = h.FirstParty
			s.took = append(s.took, millis(h.Took))
			s.requests += h.Requests
			s.failed += h.Failed
		}
	}
	var out []Traffic
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		s := sums[name]
		q := quantiles(s.took)
		one := Traffic{Host: name, FirstParty: s.first, Median: span(q.P50), P90: span(q.P90), Runs: q.N, Requests: float64(s.requests) / float64(q.N)}
		if s.requests > 0 {
			one.Failed = float64(s.failed) / float64(s.requests)
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b Traffic) int { return -compare(float64(a.Median), float64(b.Median)) })
	return out
}

// byVersion sorts rows by the version they met; those that met an unknown one
// are left out.
func byVersion(rows []Row) map[string][]Row {
	out := map[string][]Row{}
	for _, r := range rows {
		if r.Version != "" {
			out[r.Version] = append(out[r.Version], r)
		}
	}
	return out
}

// stats are of each version that was met, the one met last first.
func stats(of map[string][]Row, releases []release.Release) []Stats {
	names := slices.Collect(maps.Keys(of))
	last := func(v string) time.Time { return of[v][len(of[v])-1].At }
	slices.SortFunc(names, func(a, b string) int {
		if c := last(b).Compare(last(a)); c != 0 {
			return c
		}
		return compareText(a, b)
	})
	var out []Stats
	for _, version := range names[:min(len(names), maxReleases)] {
		rows := of[version]
		s := Stats{Version: version}
		for _, r := range releases {
			if r.Version == version {
				s.Release = r.ID
			}
		}
		for _, r := range rows {
			switch r.Outcome {
			case signal.Fail:
				s.Failed++
			case signal.Broken:
				s.Broken++
			}
		}
		if good := latest(rows); len(good) > 0 {
			newest := good[len(good)-1]
			s.Browser, s.Viewport = newest.Browser, newest.Viewport
			s.Run = quantiles(times(good, ""))
			for _, step := range newest.Steps {
				s.Steps = append(s.Steps, Named{step.Title, quantiles(times(good, step.Title))})
			}
			for _, name := range vitalNames() {
				if q := quantiles(measured(good, name)); q.N > 0 {
					s.Vitals = append(s.Vitals, Named{name, q})
				}
			}
			s.Hosts = traffic(good)
		}
		out = append(out, s)
	}
	return out
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// comparisons sets each release beside the one it is measured against, newest
// first. A release of the same version has nothing to be compared with.
func comparisons(of map[string][]Row, releases []release.Release) []Comparison {
	var out []Comparison
	for i, r := range slices.Backward(releases) {
		before := against(r, releases[:i])
		if before == "" || before == r.Version || r.Version == "" {
			continue
		}
		c := Compare(of[before][:until(of[before], r.At)], of[r.Version][until(of[r.Version], r.At):])
		c.Release, c.Before, c.After = r.ID, before, r.Version
		if out = append(out, c); len(out) == maxBeside {
			break
		}
	}
	return out
}

// against is the version that a release is measured against.
func against(r release.Release, earlier []release.Release) string {
	id := r.Compare
	if id == "" {
		id = r.Previous
	}
	for _, e := range slices.Backward(earlier) {
		if e.ID == id || id == "" {
			return e.Version
		}
	}
	return ""
}

// until is how many rows are from before a moment.
func until(rows []Row, at time.Time) int {
	i, _ := slices.BinarySearchFunc(rows, at, func(r Row, at time.Time) int { return r.At.Compare(at) })
	return i
}
