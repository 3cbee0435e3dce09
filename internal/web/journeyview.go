package web

import (
	"context"
	"io"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// JourneyReader answers the journey pages, each from one consistent read. A
// missing row is a fault of kind NotFound.
type JourneyReader interface {
	// Journeys returns where every journey stands, in any order; one without a
	// row is shown as never run.
	Journeys(ctx context.Context) ([]JourneyStanding, error)
	// Run returns one run of a journey.
	Run(ctx context.Context, id signal.ID) (RunView, error)
	// Trend returns what a journey's runs came to since a moment.
	Trend(ctx context.Context, p product.ID, journey string, since time.Time) (Trend, error)
	// Running returns the runs in progress, oldest first.
	Running(ctx context.Context) ([]Running, error)
	// AcceptPicture makes the picture of a run's step (1-based) the one that
	// later releases are compared with, and notes who said so.
	AcceptPicture(ctx context.Context, id signal.ID, step int, by string) error
}

// Screens shows runs in progress.
type Screens interface {
	// Screen returns JPEG pictures of a run's page as it changes. The channel
	// closes when the run or ctx ends; pictures may be dropped for a slow
	// reader. A run that is not in progress is a fault of kind NotFound.
	Screen(ctx context.Context, run string) (<-chan []byte, error)
}

// Bundler writes everything that is kept of a run as one zip archive.
type Bundler func(ctx context.Context, w io.Writer, s signal.Signal) error

// JourneyStanding is where one journey stands.
type JourneyStanding struct {
	Product product.ID
	Journey string
	// Last is the newest run, whole; nil when there was none.
	Last     *signal.Signal
	LastPass time.Time
	// Next is when it runs again by itself; zero: not planned.
	Next time.Time
	// Unknown says why nothing is known now although it should be: the machine
	// is overloaded, there is no browser. Empty: nothing is in the way.
	Unknown string
	// Median and P90 are of Runs passing runs outside of release windows.
	Median, P90 time.Duration
	Runs        int
	Flake       FlakeRate
	// Left is how many synthetic records the last Counted runs left behind; 0
	// counted: nothing is known.
	Left, Counted int
}

// FlakeRate is how often a journey failed without a cause that stayed, learned
// from Runs runs outside of release windows; 0 runs: nothing is known.
type FlakeRate struct {
	Rate  float64
	Runs  int
	Since time.Time
}

// Running is a run in progress.
type Running struct {
	ID        string
	Product   product.ID
	Journey   string
	Release   release.ID
	Version   string
	Side      signal.Side
	Started   time.Time
	Step      int // the one being played, 1-based; 0 before the first
	Steps     int
	StepTitle string
	Typical   time.Duration // what a run takes; 0: unknown
	Screen    bool          // it can be watched
}

// RunView is one run of a journey and where it belongs.
type RunView struct {
	Signal  signal.Signal
	Release *release.Release
	// Earlier and Later are the runs of the same journey beside it; "" for none.
	Earlier, Later signal.ID
	// Median is what passing runs take; 0: unknown.
	Median time.Duration
	// Accepted are the baselines that persons took from this run.
	Accepted []signal.Baseline
}

// Trend is what a journey's runs came to over weeks.
type Trend struct {
	Points      []TrendPoint // whole runs, oldest first
	Releases    []TrendRelease
	Steps       []TrendStep
	Hosts       []TrendHost // most time first
	Vitals      []TrendVital
	Regressions []Regression // surest first
	// Beside are the releases beside the ones before them, newest first.
	Beside []Beside
}

// Beside is a release beside the one that it is measured against.
type Beside struct {
	Release          release.ID
	Before, After    string // versions
	BeforeN, AfterN  int    // runs that passed
	State            string // unknown, steady or regressed
	NeedBefore, Need int    // further runs of either that it takes to say; only when unknown
	Why              string // of unknown
	Slower           int    // things that take longer
}

// TrendPoint is a bucket of runs of one release. P50 and P90 are milliseconds,
// or the score itself for CLS; both are of the N runs that passed.
type TrendPoint struct {
	At       time.Time
	Version  string
	P50, P90 float64
	N        int
	Failed   int
	Broken   int // we could not look
}

// TrendRelease is a release that went live in the time shown.
type TrendRelease struct {
	ID        release.ID
	Version   string
	At        time.Time
	Judgement release.Judgement
}

// TrendStep is one step over time.
type TrendStep struct {
	Title  string
	Points []TrendPoint
	Budget time.Duration // 0: none
}

// TrendHost is what one host costs a run, by the newest release's runs.
type TrendHost struct {
	Host        string
	FirstParty  bool
	Requests    float64       // of one run, on average
	Median, P90 time.Duration // of all its requests of one run together
	Failed      float64       // share of requests, 0–1
	Runs        int
}

// TrendVital is one web vital over time.
type TrendVital struct {
	Name   string // LCP, FCP, TTFB, INP, CLS
	Points []TrendPoint
	Budget float64 // milliseconds, or the score of CLS; 0: none
	// State is unknown, within, over, or unset when there is no budget; by the
	// 75th percentile of the newest version's N runs that passed.
	State string
	P75   float64
	N     int
	Need  int // further runs that it takes to say; only when unknown
}

// Regression is a step that takes longer on one release than on the one before.
type Regression struct {
	Step          string // "" for the whole run
	Before, After string // versions
	Release       release.ID
	From, To      time.Duration // medians
	Confidence    float64       // that it is slower at all, 0–1
	BeforeN       int
	AfterN        int
}
