package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chart is a line over time, drawn on the server. Its paths are in a box of
// 1000 by 100; texts and dots are placed in percent, so that they keep their
// size at every width.
type chart struct {
	ID, Title string
	Line      string // path of the medians
	Band      string // path between median and 90th percentile
	Dots      []chartDot
	Ticks     []chartTick // horizontal, with their values
	Days      []chartTick // along the bottom
	Marks     []chartMark // releases
	Limit     string      // height of the budget line, "" for none
	LimitWord string
	Points    []TrendPoint
	unit      string
}

// chartDot is one bucket. X and Y are percentages.
type chartDot struct {
	X, Y, Title string
	Bad         bool
}

// chartTick is a labelled place on an axis.
type chartTick struct{ At, Anchor, Word string }

// chartMark is a release on the time axis.
type chartMark struct {
	X, Y, Anchor, Word, Title string
	Tone                      string
	Shown                     bool // there is room for its word
}

// plotOptions say what surrounds a line.
type plotOptions struct {
	ID, Title string
	From, To  time.Time
	Releases  []TrendRelease
	Budget    float64
	Unit      string // "ms", or "" for a plain number
}

// The vertical room of the line, in percent: releases stand above it, days below.
const (
	chartTop    = 24.0
	chartBottom = 88.0
)

// plot lays a chart out. Buckets that are far apart are not joined: what was
// between them is not known.
func plot(points []TrendPoint, o plotOptions) chart {
	c := chart{ID: o.ID, Title: o.Title, Points: points, unit: o.Unit}
	span := o.To.Sub(o.From).Seconds()
	if span <= 0 {
		return c
	}
	x := func(t time.Time) float64 { return 100 * t.Sub(o.From).Seconds() / span }
	most := o.Budget
	for _, p := range points {
		if p.N > 0 {
			most = max(most, p.P50, p.P90)
		}
	}
	ticks := scale(most)
	ceiling := ticks[len(ticks)-1]
	y := func(v float64) float64 { return chartBottom - (chartBottom-chartTop)*min(v/ceiling, 1) }
	for _, v := range ticks {
		c.Ticks = append(c.Ticks, chartTick{At: pct(y(v)), Word: measure(v, o.Unit)})
	}
	c.lines(points, x, y)
	if o.Budget > 0 {
		c.Limit, c.LimitWord = pct(y(o.Budget)), "budget "+measure(o.Budget, o.Unit)
	}
	layout := "2 Jan"
	if o.To.Sub(o.From) < 4*24*time.Hour {
		layout = "2 Jan 15:04"
	}
	for i, anchor := range []string{"start", "middle", "end"} {
		t := o.From.Add(time.Duration(float64(i) / 2 * float64(o.To.Sub(o.From))))
		c.Days = append(c.Days, chartTick{At: pct(50 * float64(i)), Anchor: anchor, Word: t.UTC().Format(layout)})
	}
	c.release(o.Releases, x)
	return c
}

// lines draws the medians, the band above them and the dots.
func (c *chart) lines(points []TrendPoint, x func(time.Time) float64, y func(float64) float64) {
	var line, band strings.Builder
	var run []TrendPoint
	flush := func() {
		for i, p := range run {
			fmt.Fprintf(&line, "%c%.1f %.1f", "ML"[min(i, 1)], 10*x(p.At), y(p.P50))
			fmt.Fprintf(&band, "%c%.1f %.1f", "ML"[min(i, 1)], 10*x(p.At), y(p.P90))
		}
		for i := len(run) - 1; i >= 0; i-- {
			fmt.Fprintf(&band, "L%.1f %.1f", 10*x(run[i].At), y(run[i].P50))
		}
		if len(run) > 0 {
			band.WriteByte('Z')
		}
		run = nil
	}
	far := gapOf(points)
	for _, p := range points {
		if p.N > 0 {
			if len(run) > 0 && p.At.Sub(run[len(run)-1].At) > far {
				flush()
			}
			run = append(run, p)
			c.Dots = append(c.Dots, chartDot{X: pct(x(p.At)), Y: pct(y(p.P50)), Title: c.say(p)})
		}
		if p.Failed > 0 {
			c.Dots = append(c.Dots, chartDot{X: pct(x(p.At)), Y: pct(chartBottom), Title: c.say(p), Bad: true})
		}
	}
	flush()
	c.Line, c.Band = line.String(), band.String()
}

// say puts a bucket into words.
func (c *chart) say(p TrendPoint) string {
	out := short(p.At)
	if p.Version != "" {
		out += ", " + p.Version
	}
	if p.N > 0 {
		out += ": median " + measure(p.P50, c.unit) + ", nine in ten within " + measure(p.P90, c.unit) + ", " + count(p.N, "run")
	}
	if p.Failed > 0 {
		out += ", " + strconv.Itoa(p.Failed) + " failed"
	}
	if p.Broken > 0 {
		out += ", " + strconv.Itoa(p.Broken) + " could not look"
	}
	return out
}

// gapOf is how far apart two buckets may be and still be joined: four times
// their usual distance.
func gapOf(points []TrendPoint) time.Duration {
	if len(points) < 2 {
		return 0
	}
	gaps := make([]time.Duration, len(points)-1)
	for i := range gaps {
		gaps[i] = points[i+1].At.Sub(points[i].At)
	}
	slices.Sort(gaps)
	return max(4*gaps[len(gaps)/2], time.Minute)
}

// release marks the releases, their versions in three lines; where there is no
// room only the mark is drawn. The newest come first: they are asked about.
func (c *chart) release(all []TrendRelease, x func(time.Time) float64) {
	const room = 28.0
	var taken [3][][2]float64
	free := func(line int, from float64) bool {
		return !slices.ContainsFunc(taken[line], func(t [2]float64) bool { return from < t[1] && t[0] < from+room })
	}
	for _, r := range slices.Backward(all) {
		at := x(r.At)
		if at < 0 || at > 100 {
			continue
		}
		m := chartMark{X: pct(at), Word: tail(r.Version, 16), Title: r.Version + " live from " + instant(r.At), Tone: judgementMark(r.Judgement).Tone, Anchor: "start"}
		from := at
		if at+room > 100 {
			m.Anchor, from = "end", at-room
		}
		for line := range taken {
			if free(line, from) {
				taken[line] = append(taken[line], [2]float64{from, from + room})
				m.Shown, m.Y = true, strconv.Itoa(12+14*line)
				break
			}
		}
		c.Marks = append(c.Marks, m)
	}
}

// scale returns round values from 0 to at least most, three or four steps.
func scale(most float64) []float64 {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		return []float64{0, 1}
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, f := range []float64{0.2, 0.25, 0.5, 1, 2, 2.5, 5} {
		if most/(step*f) <= 4 {
			step *= f
			break
		}
	}
	out := []float64{0}
	for v := step; ; v += step {
		out = append(out, v)
		if v >= most*0.999 {
			return out
		}
	}
}

// measure writes a value of a chart.
func measure(v float64, unit string) string {
	if unit == "" {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return took(time.Duration(v * float64(time.Millisecond)).Round(time.Millisecond))
}

// pct writes a percentage for an attribute.
func pct(v float64) string {
	return strconv.FormatFloat(max(0, min(v, 100)), 'f', 2, 64) + "%"
}
