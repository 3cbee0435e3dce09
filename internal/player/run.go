// Package player plays a journey in a real Chromium and reports a signal.
//
// A Runner plays one journey.Journey against one address in a browser process
// of its own and reports a signal.Signal with the evidence of every step:
// pictures, console, failed requests, an archive. It passes only when something
// that could have failed was carried out; what is our own fault (no browser, no
// room for evidence) is "broken". Values of variables and secrets are known here
// only, and secrets are taken out of all that is kept.
// It never judges a release, never retries a whole run and never leaves the
// fence that the product allows. The app's workers call it for every look of
// kind journey, the command line to try one.
package player

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/sign"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// Blobs keeps evidence.
type Blobs interface {
	// Put stores what r holds, at most limit bytes, and returns its key and
	// size. More than limit is an error. It may be called concurrently.
	Put(ctx context.Context, mediaType string, r io.Reader, limit int64) (key string, size int64, err error)
}

// Options for New. Binary and Blobs are required.
type Options struct {
	Binary  browser.Binary
	Blobs   Blobs
	Version string // of Postflight, for the user agent
	Worker  string // vantage point, noted on every signal
	Dir     string // parent of the browsers' profile directories; default os.TempDir()
	Logger  *slog.Logger
}

// Runner plays journeys. It is safe for concurrent use; each run has a browser
// process of its own.
type Runner struct {
	o      Options
	log    *slog.Logger
	hide   *redactor
	launch func(context.Context, browser.Options) (*browser.Browser, error)

	mu    sync.Mutex
	whole browser.Binary // the full Chromium, once it was needed
}

// New returns a runner.
func New(o Options) *Runner {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Runner{o: o, log: log, hide: newRedactor(), launch: browser.Launch}
}

// Request is one run.
type Request struct {
	Look    watch.Look // what to look at and for whom; Base is the address
	Journey *journey.Journey
	// Origins are first-party beside that of Base: "https://shop.example".
	Origins []string
	// Marker returns the value of the synthetic marker for a first-party host
	// (host or host:port), or "" for none. nil: no marker is sent.
	Marker func(host string) string
	// Version tells how the served version is read.
	Version product.VersionSource
	// ServedJSON reads the version at base where the product publishes it. It
	// is called before and after the run, and counts when the version is
	// published as JSON or when the pages themselves do not say it.
	ServedJSON func(ctx context.Context, base string) string
	// Timeout bounds the whole run, start and end of the browser included.
	Timeout time.Duration

	// Spec is how the product wants the journey to be run: its fence, what it
	// may write, which failures are allowed, budgets, comparison.
	Spec product.Journey
	// Vars and Secrets are what {{name}} and {{secret.name}} stand for, over the
	// journey's own and those of Spec. No secret's value is ever kept.
	Vars    map[string]string
	Secrets map[string]string
	// Trace also records a trace of the browser, for a retry after a failure.
	Trace bool
	// Baselines are what pictures are compared with; nil: there are none yet, and
	// only pages that show nothing are found.
	Baselines Baselines
	// Watch receives pictures of the running page, JPEG, for somebody who looks
	// on. It must not block. nil: nobody does.
	Watch func(frame []byte)
	// Progress is told which step (1-based) begins. It must not block. nil:
	// nobody asks.
	Progress func(step int, title string)
	// Sparse keeps pictures of failures only.
	Sparse bool
	// Slow is the pause after each step, for somebody who watches.
	Slow time.Duration
	// Headed shows the browser's window; it needs a display.
	Headed bool
}

const (
	defaultRun = 60 * time.Second
	// reserve is kept of a run's time for the evidence of a failure.
	reserve = 3 * time.Second
)

var (
	errStop     = errors.New("the run has failed already")
	errDeadline = errors.New("the run is over its time")
	errStep     = errors.New("the step is over its time")
)

// Run plays a journey once and reports. It always returns a complete signal
// before Timeout plus the time a browser takes to be killed; nothing of the run
// is left afterwards. When ctx ends, the outcome is broken.
func (r *Runner) Run(ctx context.Context, q Request) signal.Signal {
	begin := time.Now()
	if q.Timeout <= 0 {
		q.Timeout = defaultRun
	}
	l := q.Look
	s := signal.Signal{
		Product: l.Product, Release: l.Release, Watch: string(l.Watch), Kind: signal.Journey, Name: l.Name,
		Side: l.Side, Round: l.Round, Confirm: l.Confirm, Worker: r.o.Worker, Expected: l.Version,
	}
	r.conduct(ctx, q, begin, &s)
	s.At = time.Now()
	s.Took = s.At.Sub(begin)
	if s.Outcome == signal.Pass {
		s.Summary = fmt.Sprintf("%d of %d steps passed in %.1f s", len(s.Steps), len(s.Steps), s.Took.Seconds())
	}
	r.log.InfoContext(ctx, "journey run", "journey", s.Name, "product", s.Product, "outcome", s.Outcome, "summary", s.Summary, "took", s.Took)
	return s
}

// conduct does everything between the two readings of the clock.
func (r *Runner) conduct(ctx context.Context, q Request, begin time.Time, s *signal.Signal) {
	broken := func(err error) {
		s.Outcome, s.Failure = signal.Broken, nil
		s.Summary = "could not look: " + r.hide.text(clip(squeeze(err.Error()), 400))
	}
	if q.Journey == nil || r.o.Blobs == nil {
		broken(errors.New("there is no journey, or no place for evidence"))
		return
	}
	j, err := q.Journey.At(q.Look.Base)
	if err != nil {
		broken(err)
		return
	}
	hard, cancel := context.WithDeadlineCause(ctx, begin.Add(q.Timeout), errDeadline)
	defer cancel()
	p := newPlay(r, q, j, begin)
	before := p.published(hard)
	if err := p.open(hard); err != nil {
		broken(p.unopened(ctx, hard, err))
		return
	}
	defer p.close()
	until := begin.Add(q.Timeout - min(reserve, q.Timeout/4))
	if p.cleanupAt < len(p.journey.Steps) {
		until = until.Add(-cleanupTime(q.Timeout))
	}
	stopPulse := p.pulse.start()
	p.steps(hard, until)
	stopPulse()
	if ctx.Err() != nil {
		broken(fmt.Errorf("the run was called off: %w", ctx.Err()))
		return
	}
	if p.died() {
		broken(fmt.Errorf("the browser ended during the run: %s", clip(squeeze(p.browser.Stderr()), 300)))
		return
	}
	p.conclude(hard)
	p.cleanup(hard)
	p.report(s)
	p.account(s)
	p.finish(hard, s)
	after := ""
	if p.req.Version.Kind == product.VersionJSON || len(p.versions) == 0 {
		after = p.published(hard)
	}
	s.Served = p.served(before, after)
	switch {
	case ctx.Err() != nil:
		broken(fmt.Errorf("the run was called off: %w", ctx.Err()))
	case p.ours != nil:
		broken(p.ours)
	case s.Outcome == signal.Pass && p.asserted == 0:
		broken(errors.New("the journey asserts nothing, so it could not have failed"))
	case s.Outcome == signal.Pass && p.incomplete():
		broken(errors.New("the page did more than can be recorded, so a failure may have been missed"))
	}
	p.hide.signal(s)
}

// play is one run in progress.
type play struct {
	*Runner
	req     Request
	journey *journey.Journey
	begin   time.Time
	hide    *redactor // with the secrets of this run
	first   map[string]bool
	browser *browser.Browser
	// main is the run's own page; page and root are where the step being played
	// looks: the main one, or the step's target.
	main, page *browser.Page
	root       *browser.Frame
	cleanupAt  int // index of the first clean-up step in journey.Steps
	pulse      pulse

	engine   engine // our code in the pages
	settlers settlers

	records  []record
	step     int   // index of the one being played
	asserted int   // steps carried out that could have failed
	err      error // why the step did not succeed
	cause    error // why the steps' context ended, if it did
	ours     error // what went wrong on our side
	seen     browser.Telemetry
	failure  *cause
	versions map[string]bool
	evidence []signal.Evidence
	dropped  int
	bytes    meter
	due      []int // steps whose pictures are still to be taken
	gathered gathered

	vars    map[string]string // by name; secrets as "secret.name"; code and api steps add to them
	values  values            // that steps and the run itself make
	left    *int              // synthetic records that are left, as counted by api steps
	soft    int               // soft assertions that failed
	late    int               // steps over their budget
	blocked []signal.Request  // what the fence stopped

	pictures pictures // what was compared
}

func newPlay(r *Runner, q Request, j *journey.Journey, begin time.Time) *play {
	whole := *j
	whole.Steps = slices.Concat(j.Steps, j.Cleanup)
	p := &play{
		cleanupAt: len(j.Steps), journey: &whole, Runner: r, req: q, begin: begin, hide: r.hide.clone(),
		first: map[string]bool{}, versions: map[string]bool{}, records: make([]record, len(whole.Steps)),
	}
	p.vars = map[string]string{}
	for _, from := range []map[string]string{j.Vars, q.Spec.Vars, q.Vars} {
		maps.Copy(p.vars, from)
	}
	for _, from := range []map[string]string{q.Spec.Secrets, q.Secrets} {
		for name, value := range from {
			p.vars["secret."+name] = value
			p.hide.secret(value)
		}
	}
	for _, o := range append([]string{q.Look.Base}, q.Origins...) {
		if o = journey.OriginOf(o); o != "" {
			p.first[o] = true
		}
	}
	return p
}

// open starts the browser and opens the page.
func (p *play) open(ctx context.Context) error {
	agent := strings.TrimSuffix("Postflight/"+p.o.Version, "/") + " (+synthetic)"
	binary, err := p.binary(ctx)
	if err != nil {
		return err
	}
	b, err := p.launch(ctx, browser.Options{
		Binary: binary, UserAgentSuffix: agent, Dir: p.o.Dir, Headed: p.req.Headed, NoDatagrams: p.req.Spec.Hosts != nil,
	})
	if err != nil {
		return err
	}
	p.browser = b
	o := browser.PageOptions{InjectFor: p.markers()}
	if p.req.Version.Kind == product.VersionHeader {
		o.ResponseHeaders = []string{p.req.Version.Name}
	}
	p.gather(&o)
	o.Fence = p.fence()
	if p.main, err = b.NewPage(ctx, o); err != nil {
		p.close()
		return err
	}
	p.page, p.root = p.main, p.main.MainFrame()
	p.bytes.watch(p.main)
	if err = p.watchEvidence(ctx); err != nil {
		p.close()
	}
	return err
}

// account adds what a run has to tell beside its outcome.
func (p *play) account(s *signal.Signal) {
	s.Browser = strings.TrimSpace(filepath.Base(p.browser.Binary.Path) + " " + p.browser.Binary.Version)
	s.Viewport = p.viewport()
	s.Soft, s.Over, s.Left, s.Blocked = p.soft, p.late, p.left, p.blocked
	for i, r := range p.records {
		step, to := p.journey.Steps[i], &s.Steps[i]
		to.Budget, to.Over, to.Soft, to.From = step.Budget, r.over, step.Soft, step.From
		to.Cleanup, to.URL, to.Selector = i >= p.cleanupAt, r.url, r.selector
		to.Compared = p.pictures.of(i)
	}
}

// viewport is the last one that was set for the run's own page: results of two
// are never mixed.
func (p *play) viewport() string {
	v := browser.Viewport{Width: 1280, Height: 720, Scale: 1}
	for i, s := range p.journey.Steps {
		if s.Type == journey.SetViewport && s.Target == "" && p.records[i].outcome == signal.Pass {
			v = s.Viewport
		}
	}
	if v.Scale == 0 {
		v.Scale = 1
	}
	return fmt.Sprintf("%dx%d@%g", v.Width, v.Height, v.Scale)
}

// markers are the synthetic headers, one for each first-party origin.
func (p *play) markers() map[string]map[string]string {
	out := map[string]map[string]string{}
	if p.req.Marker == nil {
		return out
	}
	for o := range p.first {
		u, err := url.Parse(o)
		if err != nil {
			continue
		}
		if value := p.req.Marker(u.Host); value != "" {
			p.hide.secret(value)
			out[o] = map[string]string{sign.HeaderMarker: value}
		}
	}
	return out
}

func (p *play) close() {
	if err := p.browser.Close(); err != nil {
		p.log.Warn("close browser", "error", err)
	}
}

// died reports whether the browser itself is gone, which is our fault. The pipe
// closes a little before the process is collected.
func (p *play) died() bool {
	grace := time.Duration(0)
	if errors.Is(p.err, browser.ErrClosed) {
		grace = time.Second
	}
	select {
	case <-p.browser.Done():
		return true
	case <-time.After(grace):
		return false
	}
}

// unopened explains a browser that did not start.
func (p *play) unopened(ctx, hard context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the run was called off: %w", ctx.Err())
	case hard.Err() != nil:
		return fmt.Errorf("the browser did not start within %s: %w", p.req.Timeout, err)
	}
	if hint := fault.HintOf(err); hint != "" {
		return fmt.Errorf("%w; %s", err, hint)
	}
	return err
}

func (p *play) published(ctx context.Context) string {
	if p.req.Version.Kind == "" || p.req.ServedJSON == nil {
		return ""
	}
	return p.req.ServedJSON(ctx, p.req.Look.Base)
}

// served is the version that was met, if there was exactly one.
func (p *play) served(before, after string) string {
	if p.req.Version.Kind == product.VersionJSON || len(p.versions) == 0 {
		if before != after {
			return ""
		}
		return before
	}
	if len(p.versions) != 1 {
		return ""
	}
	for v := range p.versions {
		return v
	}
	return ""
}
