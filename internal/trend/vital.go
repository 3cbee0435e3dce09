package trend

import (
	"slices"
	"time"

	"github.com/postflight/postflight/internal/product"
)

// minVital is how many runs it takes to hold a vital against its budget.
const minVital = 5

// vitalNames are the web vitals in the order in which they are shown.
func vitalNames() []string { return []string{"LCP", "FCP", "TTFB", "INP", "CLS"} }

// vital is one web vital of a run: milliseconds, or the score of CLS. One that
// was not measured is none, not zero.
func (r Row) vital(name string) (float64, bool) {
	if r.Vitals == nil {
		return 0, false
	}
	var d *time.Duration
	switch name {
	case "LCP":
		d = r.Vitals.LCP
	case "FCP":
		d = r.Vitals.FCP
	case "TTFB":
		d = r.Vitals.TTFB
	case "INP":
		d = r.Vitals.INP
	case "CLS":
		if r.Vitals.CLS == nil {
			return 0, false
		}
		return *r.Vitals.CLS, true
	}
	if d == nil {
		return 0, false
	}
	return millis(*d), true
}

func measured(rows []Row, name string) []float64 {
	var out []float64
	for _, r := range rows {
		if v, ok := r.vital(name); ok {
			out = append(out, v)
		}
	}
	return out
}

func budgetOf(b product.Budgets, name string) float64 {
	switch name {
	case "LCP":
		return millis(b.LCP)
	case "FCP":
		return millis(b.FCP)
	case "TTFB":
		return millis(b.TTFB)
	case "INP":
		return millis(b.INP)
	}
	return b.CLS
}

// vitals holds the newest version's runs against the budgets. A vital with a
// budget is listed also when it was never measured: that is unknown, not kept.
func (t *Trend) vitals(rows, newest []Row, budgets product.Budgets) {
	good := passed(rows)
	for _, name := range vitalNames() {
		v := Vital{Name: name, Budget: budgetOf(budgets, name), State: Unset}
		v.Points = t.points(good, func(r Row) (float64, bool) { return r.vital(name) })
		values := measured(newest, name)
		slices.Sort(values)
		v.N, v.P75 = len(values), quantile(values, 0.75)
		if v.Budget <= 0 && len(v.Points) == 0 {
			continue
		}
		switch {
		case v.Budget <= 0:
		case v.N < minVital:
			v.State, v.Need = Unknown, minVital-v.N
		case v.P75 > v.Budget:
			v.State = Over
		default:
			v.State = Within
		}
		t.Vitals = append(t.Vitals, v)
	}
}
