// Package suite runs a user's own Playwright tests as a journey.
//
// It starts what "npx playwright test" would start, in the user's project, with
// the address to look at, bounded in time, output and memory, and ends every
// process that came of it. What it found is read from Playwright's own JSON
// report: one step for each test. A test that failed is the product's failure;
// whatever kept the tests from running (no node, no browser, a spec that cannot
// be parsed, a failed global set-up) is broken, our side's fault. A run in
// which no test was executed is a failure: it claims to watch and does not.
// The package never installs or downloads anything, never changes the project
// or its configuration, and hands no secret of the server to it. The app's
// workers are its callers.
package suite

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// Blobs keeps evidence.
type Blobs interface {
	// Put stores what r holds, at most limit bytes, and returns its key and
	// size. More than limit is an error. It may be called concurrently.
	Put(ctx context.Context, mediaType string, r io.Reader, limit int64) (key string, size int64, err error)
}

// Options for New. Blobs is required.
type Options struct {
	Blobs Blobs
	// Binary is the path of the system's Chromium, offered to suites as
	// POSTFLIGHT_CHROMIUM; may be empty.
	Binary  string
	Version string // of Postflight
	Worker  string // vantage point, noted on every signal
	Dir     string // parent of the runs' directories; default os.TempDir()
	Logger  *slog.Logger
	// Environ is the environment of which a few harmless variables are handed
	// on, such as PATH and HOME; nil: os.Environ().
	Environ []string
}

// Runner runs suites. It is safe for concurrent use.
type Runner struct {
	o   Options
	log *slog.Logger
}

// New returns a runner.
func New(o Options) *Runner {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if o.Dir == "" {
		o.Dir = os.TempDir()
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	return &Runner{o: o, log: log}
}

// Request is one run.
type Request struct {
	Look  watch.Look // what to look at and for whom; Base is the address
	Suite product.Suite
	// Timeout bounds the whole run; default two minutes. A little before its
	// end Playwright is asked to stop, so that it can still report.
	Timeout time.Duration
	// Marker returns the value of the synthetic marker for a first-party host
	// (host or host:port), or "" for none. Suites find it in
	// POSTFLIGHT_SYNTHETIC. nil: none.
	Marker func(host string) string
	// Served reads the version published at base. It is called before and after
	// the run; nil: the version stays unknown.
	Served func(ctx context.Context, base string) string
	// Vars and Secrets join the environment by their names. Secrets are taken
	// out of everything that is kept.
	Vars, Secrets map[string]string
	// Allow are parts of titles or errors of tests whose failure is told, and
	// does not fail the run.
	Allow []string
}

const (
	defaultRun = 2 * time.Minute
	// reserve is kept of a run's time for Playwright to write its report.
	reserve = 5 * time.Second
	prefix  = "postflight-suite-"
)

// Run runs a suite once and reports. It always returns a complete signal, at
// the latest a few seconds after Timeout; none of the processes of the run and
// nothing of its files is left afterwards. When ctx ends, the outcome is broken.
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
	p := &play{Runner: r, req: q, begin: begin, marker: marker(q)}
	p.hide = newRedactor(p.marker, q)
	if err := p.conduct(ctx, &s); err != nil {
		p.broken(&s, err.Error())
	}
	if ctx.Err() != nil {
		p.broken(&s, "the run was called off")
	}
	p.hide.signal(&s)
	s.At = time.Now()
	s.Took = s.At.Sub(begin)
	r.log.InfoContext(ctx, "suite run", "journey", s.Name, "product", s.Product, "outcome", s.Outcome, "summary", s.Summary, "took", s.Took)
	return s
}

// play is one run in progress.
type play struct {
	*Runner
	req    Request
	begin  time.Time
	marker string
	hide   *redactor
	dir    string // of this run
	kept   int64  // bytes of evidence
}

// broken says that we could not look, and why.
func (p *play) broken(s *signal.Signal, why string) {
	s.Outcome, s.Failure = signal.Broken, nil
	s.Summary = "could not look: " + clip(p.hide.text(squeeze(why)), 400)
}

// conduct runs the suite and reads what it says of itself.
func (p *play) conduct(ctx context.Context, s *signal.Signal) (err error) {
	if p.o.Blobs == nil {
		return fmt.Errorf("there is no place for evidence")
	}
	if err := p.makeDir(); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(p.dir) }()
	cmd, err := p.command()
	if err != nil {
		return err
	}
	served := p.served(ctx)
	ended, err := p.start(ctx, cmd)
	if err != nil {
		return err
	}
	ended.tail = p.hide.text(clean(ended.tail))
	found, err := p.report(ended)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		p.keepOutput(ctx, s, ended)
		return err
	}
	s.Browser = "playwright " + clip(found.version, 40)
	p.judge(s, found, ended)
	if after := p.served(ctx); after == served {
		s.Served = served
	}
	if err := p.keep(ctx, s, found); err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	if s.Outcome != signal.Pass {
		p.keepOutput(ctx, s, ended)
	}
	return nil
}

// served reads the version of the product, bounded.
func (p *play) served(ctx context.Context) string {
	if p.req.Served == nil {
		return ""
	}
	limited, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	return p.req.Served(limited, p.req.Look.Base)
}

// makeDir makes the directory of the run, and removes what runs that were cut
// short left behind long ago.
func (p *play) makeDir() error {
	old, _ := filepath.Glob(filepath.Join(p.o.Dir, prefix+"*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(p.o.Dir, prefix)
	if err != nil {
		return fmt.Errorf("make a directory for the run: %w", err)
	}
	if p.dir, err = filepath.EvalSymlinks(dir); err != nil {
		p.dir = dir
	}
	if err := os.Mkdir(filepath.Join(p.dir, "tmp"), 0o700); err != nil {
		return fmt.Errorf("make a directory for the run: %w", err)
	}
	return nil
}

// clip bounds a text and shows that something is missing.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// squeeze makes one line of a text.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
