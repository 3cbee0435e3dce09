// Package check looks at a product from outside, without a browser.
//
// It reads which version is really served, crawls the assets of the entry
// pages, fetches the previous release's assets, and probes the integrations
// behind a product; the Prober does the last one, and the version read, all
// the time. Every look ends in one signal, also when nothing answered. The
// package never judges a release, never logs in, never follows a link to
// another page, never stores, and tells strangers nothing: the synthetic
// marker goes to first-party origins only. Bodies are read as bounded
// streams. The app's workers are its callers.
package check

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// Options of a Looker; the zero value is usable.
type Options struct {
	Worker string // vantage point named in signals
	// UserAgent is sent to first-party origins. Everyone else sees a plain one.
	UserAgent string
	// Marker returns the headers (the synthetic marker) for a request to the
	// first-party host ("shop.example", "127.0.0.1:8080"). May be nil.
	Marker func(host string) http.Header
	Now    func() time.Time
	Limits Limits
}

// Limits bound a look; zero fields take the defaults.
type Limits struct {
	Pages     int           // entry pages; 20
	Assets    int           // assets of one crawl; 500
	Body      int64         // bytes read of one body; 16 MiB
	Text      int64         // bytes of a page, script or style sheet searched for references; 8 MiB
	Depth     int           // references of references; 6
	Redirects int           // hops of one request; 5
	Workers   int           // concurrent requests of one crawl; 8
	Request   time.Duration // one request, body included; 10 s
	Crawl     time.Duration // one whole crawl; 40 s
}

// Looker makes single observations. It holds no connection between two looks
// and is safe for concurrent use.
type Looker struct{ o Options }

// New returns a Looker.
func New(o Options) *Looker {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = "Mozilla/5.0 (compatible) Postflight (+synthetic)"
	}
	n := &o.Limits
	n.Pages = fallback(n.Pages, 20)
	n.Assets = fallback(n.Assets, 500)
	n.Body = fallback(n.Body, 16<<20)
	n.Text = fallback(n.Text, 8<<20)
	n.Depth = fallback(n.Depth, 6)
	n.Redirects = fallback(n.Redirects, 5)
	n.Workers = fallback(n.Workers, 8)
	n.Request = fallback(n.Request, 10*time.Second)
	n.Crawl = fallback(n.Crawl, 40*time.Second)
	return &Looker{o: o}
}

func fallback[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Look makes one observation of the kinds version, health, assets,
// previous_assets and probe. It always returns a signal; when the context
// ends first, or the fault is our own, the outcome is broken. The caller
// gives the signal its ID.
func (l *Looker) Look(ctx context.Context, look watch.Look, p product.Product) signal.Signal {
	start := l.o.Now()
	s := signal.Signal{
		Product: look.Product, Release: look.Release, Watch: string(look.Watch),
		Kind: look.Kind, Name: look.Name, Side: look.Side,
		Round: look.Round, Confirm: look.Confirm,
		Worker: l.o.Worker, Expected: look.Version,
	}
	switch look.Kind {
	case signal.Version, signal.Health:
		l.lookVersion(ctx, look, p, &s)
	case signal.Assets:
		l.lookAssets(ctx, look, p, &s)
	case signal.OldAsset:
		l.lookPrevious(ctx, look, p, &s)
	case signal.Probe:
		l.lookProbe(ctx, look, p, &s)
	default:
		broken(&s, fmt.Sprintf("this worker cannot look at %q", string(look.Kind)))
	}
	s.At = l.o.Now()
	if s.Took == 0 {
		s.Took = s.At.Sub(start)
	}
	if ctx.Err() != nil && s.Outcome != signal.Pass {
		broken(&s, "stopped before the look was done")
	}
	return s
}

func (l *Looker) lookProbe(ctx context.Context, look watch.Look, p product.Product, s *signal.Signal) {
	for _, in := range p.Integrations {
		if in.ID == look.Name {
			confirmProbe(ctx, l, in, s)
			return
		}
	}
	broken(s, fmt.Sprintf("no integration named %q is configured", look.Name))
}

// broken says that we could not look: never for or against a release.
func broken(s *signal.Signal, why string) {
	s.Outcome, s.Summary, s.Failure = signal.Broken, why, nil
}

func failed(s *signal.Signal, f signal.Failure, summary string) {
	s.Outcome, s.Summary, s.Failure = signal.Fail, summary, &f
}
