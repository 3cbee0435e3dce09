// Package trend tells how long journeys take, over weeks and from one release
// to the next.
//
// A Row is what is remembered of one run: small, and kept for months after the
// signal itself is gone. Build makes of rows what a page shows: the run, its
// steps, the hosts it spoke to and its web vitals, by day or week and by
// release, with the regressions between releases. Only runs that passed, in the
// same browser and viewport, are compared; where there are too few of them the
// answer is that nobody knows, and how many it takes, never that all is well.
// The package computes only. The store keeps rows; the app calls Build.
package trend

import (
	"strconv"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// Bounds of one row.
const (
	maxSteps = 200
	maxHosts = 40
)

// Row is one run of a journey. Stored as JSON; fields may be added.
type Row struct {
	ID       signal.ID      `json:"id"`
	Product  product.ID     `json:"product"`
	Journey  string         `json:"journey"`
	Release  release.ID     `json:"release,omitempty"` // the release that was watched
	Version  string         `json:"version,omitempty"` // what was met; "" when nobody knows
	At       time.Time      `json:"at"`
	Took     time.Duration  `json:"took"`
	Outcome  signal.Outcome `json:"outcome"`
	Browser  string         `json:"browser,omitempty"`
	Viewport string         `json:"viewport,omitempty"`
	Steps    []Step         `json:"steps,omitempty"` // those that passed
	Hosts    []Host         `json:"hosts,omitempty"`
	Vitals   *signal.Vitals `json:"vitals,omitempty"`
}

// Step is how long one step took.
type Step struct {
	Title  string        `json:"title"` // with its number behind it when several have the same
	Took   time.Duration `json:"took"`
	Budget time.Duration `json:"budget,omitempty"`
}

// Host is what one host cost the run.
type Host struct {
	Name       string        `json:"name"`
	FirstParty bool          `json:"first_party,omitempty"`
	Requests   int           `json:"requests"`
	Failed     int           `json:"failed,omitempty"`
	Took       time.Duration `json:"took"`
}

// RowOf returns what is remembered of a signal, and whether it is one to
// remember: a journey on the release itself, not on the one before it.
func RowOf(s signal.Signal) (Row, bool) {
	if s.Kind != signal.Journey || s.Side == signal.Old || s.ID == "" || s.Name == "" || s.Product == "" || s.At.IsZero() {
		return Row{}, false
	}
	r := Row{
		ID: s.ID, Product: s.Product, Journey: s.Name, Release: s.Release, Version: s.Served, At: s.At.UTC(), Took: s.Took,
		Outcome: s.Outcome, Browser: s.Browser, Viewport: s.Viewport, Vitals: s.Vitals,
	}
	if r.Vitals != nil {
		v := *r.Vitals
		v.Over = nil
		r.Vitals = &v
	}
	seen := map[string]int{}
	for _, st := range s.Steps {
		title := st.Title
		if seen[st.Title]++; seen[st.Title] > 1 {
			title += " (" + strconv.Itoa(seen[st.Title]) + ")"
		}
		if st.Outcome == signal.Pass && !st.Cleanup && len(r.Steps) < maxSteps {
			r.Steps = append(r.Steps, Step{Title: title, Took: st.Took, Budget: st.Budget})
		}
	}
	for _, t := range s.Traffic {
		if len(r.Hosts) < maxHosts {
			r.Hosts = append(r.Hosts, Host{Name: t.Host, FirstParty: t.FirstParty, Requests: t.Requests, Failed: t.Failed, Took: t.Took})
		}
	}
	return r, true
}

// profile is what must be the same in runs that are compared.
type profile struct{ browser, viewport string }

func (r Row) profile() profile { return profile{r.Browser, r.Viewport} }

// Trend is what the rows of one journey come to. Times are milliseconds.
type Trend struct {
	// Bucket is the width of the points: five minutes, an hour, a day or a week.
	Bucket time.Duration
	Points []Point // of whole runs, oldest first
	Marks  []Mark  // releases, oldest first
	Steps  []Line  // in the order of the newest run that passed
	Vitals []Vital // LCP, FCP, TTFB, INP, CLS, as far as they were measured
	// Hosts are of the newest version's runs, most time first; Third are those
	// among them that are other people's.
	Hosts, Third []Traffic
	Releases     []Stats      // newest first
	Comparisons  []Comparison // of each release with the one before, newest first
}

// Point is one bucket of the runs of one version in one browser and viewport,
// At the first of them, so that it never stands before its release.
// P50 and P90 are of the N runs that passed; both are 0 when N is.
type Point struct {
	At                time.Time
	Version           string
	Browser, Viewport string
	P50, P90          float64
	N, Failed, Broken int
}

// Mark is a release that went live in the time shown.
type Mark struct {
	ID        release.ID
	Version   string
	At        time.Time
	Judgement release.Judgement
}

// Line is one step over time.
type Line struct {
	Title  string
	Budget time.Duration // 0: none
	Points []Point
}

// State says how something stands.
type State string

// The states. Unknown means that there are too few runs to say.
const (
	Unknown   State = "unknown"
	Within    State = "within"    // of a vital: the budget is met
	Over      State = "over"      // of a vital: the budget is not met
	Unset     State = "unset"     // of a vital: there is no budget
	Regressed State = "regressed" // of releases: something takes longer
	Steady    State = "steady"    // of releases: nothing takes longer by as much as is looked for
)

// Vital is one web vital over time, and how the newest version stands against
// its budget, by the 75th percentile of its N runs.
type Vital struct {
	Name   string
	Budget float64 // milliseconds, or the score of CLS; 0: none
	Points []Point
	P75    float64
	N      int
	State  State
	Need   int // further runs that it takes to say
}

// Traffic is what one host costs a run.
type Traffic struct {
	Host        string
	FirstParty  bool
	Requests    float64       // of one run, on average
	Median, P90 time.Duration // of all its requests of one run together
	Failed      float64       // share of its requests, 0–1
	Runs        int
}

// Quantiles of the N runs that passed.
type Quantiles struct {
	P50, P90 float64
	N        int
}

// Named are the quantiles of one thing.
type Named struct {
	Name string
	Quantiles
}

// Stats are of one version in the browser that met it last.
type Stats struct {
	Release           release.ID // the newest release of the version; may be empty
	Version           string
	Browser, Viewport string
	Run               Quantiles
	Steps, Vitals     []Named
	Hosts             []Traffic
	Failed, Broken    int
}
