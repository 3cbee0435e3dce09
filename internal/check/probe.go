package check

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

const (
	probeBody  = 64 << 10               // bytes searched for Probe.Contains
	tries      = 3                      // fails needed before a probe is called failed
	tryPause   = 200 * time.Millisecond // between two tries
	probeLimit = 5 * time.Second        // when the configuration names none
)

// answer is one try of a probe.
type answer struct {
	result signal.ProbeResult
	parts  string // where the time went
	ours   bool   // the fault is our own
}

func (a answer) ok() bool { return a.result.Error == "" }

// Probe asks an integration once, on a fresh connection. An empty Error
// means that status and content were as expected. Took starts at the dial.
func (l *Looker) Probe(ctx context.Context, in product.Integration) signal.ProbeResult {
	return l.ask(ctx, in.Probe).result
}

func (l *Looker) ask(ctx context.Context, p product.Probe) answer {
	var a answer
	limit := p.Timeout
	if limit <= 0 {
		limit = probeLimit
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	method := p.Method
	if method == "" {
		method = http.MethodGet
	}
	t := newTiming()
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(inner, t.trace()), method, p.URL, nil)
	if err != nil {
		a.ours, a.result.Error = true, "the probe's address or method is not usable"
		return a
	}
	a.result.URL = hideQuery(r.URL)
	v := l.vantage(origins{}, false)
	defer v.close()
	start := time.Now()
	resp, err := v.do(r, follow(p.Status))
	if err != nil {
		a.result.Took = time.Since(start)
		a.ours = ctx.Err() != nil || ours(err)
		a.result.Error = reason(err, limit)
		return a
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, probeBody))
	a.result.Took, a.result.Status, a.parts = time.Since(start), resp.StatusCode, t.String()
	want := p.Status
	if want == 0 {
		want = http.StatusOK
	}
	switch {
	case resp.StatusCode != want:
		a.result.Error = fmt.Sprintf("answers %d, not %d", resp.StatusCode, want)
	case err != nil:
		a.ours = ctx.Err() != nil
		a.result.Error = reason(err, limit)
	case p.Contains != "" && !strings.Contains(string(body), p.Contains):
		a.result.Error = fmt.Sprintf("the first 64 KiB of the answer do not contain %q", clean(p.Contains, 80))
	}
	return a
}

// follow keeps a probe that expects a redirect from following it.
func follow(status int) func(from, to *url.URL) error {
	if status >= 300 && status <= 399 {
		return func(_, _ *url.URL) error { return http.ErrUseLastResponse }
	}
	return nil
}

// eyes is what the standing loop looks with; *Looker is the real one.
type eyes interface {
	// ask makes one try of a probe.
	ask(ctx context.Context, p product.Probe) answer
	// Version reads the served version once; see Looker.Version.
	Version(ctx context.Context, src product.VersionSource, base string) (string, error)
}

// confirmProbe asks up to three times, each on a fresh connection: one good
// answer is enough to be alive, three bad ones are needed to be down.
func confirmProbe(ctx context.Context, e eyes, in product.Integration, s *signal.Signal) {
	var a answer
	for try := range tries {
		if try > 0 && !pause(ctx, tryPause) {
			break
		}
		if a = e.ask(ctx, in.Probe); a.ok() {
			break
		}
	}
	s.Probe, s.Took = &a.result, a.result.Took
	switch {
	case a.ours || ctx.Err() != nil:
		broken(s, fmt.Sprintf("%s could not be asked: %s", in.Name, a.result.Error))
	case a.ok():
		s.Outcome = signal.Pass
		s.Summary = fmt.Sprintf("%s answers %d in %s%s", in.Name, a.result.Status, round(a.result.Took), a.parts)
	default:
		failed(s, signal.Failure{
			Class: "probe", Title: in.Name, Message: a.result.Error,
			URL: a.result.URL, Host: hostOf(in.Probe.URL), Status: a.result.Status,
		}, fmt.Sprintf("%s is down: %s, asked %d times", in.Name, a.result.Error, tries))
	}
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
