package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// played stands for the network inside a bubble, where real sockets would stop
// the clock.
type played struct {
	mu      sync.Mutex
	asked   []time.Duration // since the start
	start   time.Time
	took    time.Duration
	bad     func(try int) bool
	version func(read int) (string, error)
	reads   int
}

func (f *played) ask(ctx context.Context, _ product.Probe) answer {
	f.mu.Lock()
	try := len(f.asked)
	f.asked = append(f.asked, time.Since(f.start))
	bad := f.bad != nil && f.bad(try)
	f.mu.Unlock()
	pause(ctx, f.took)
	if bad {
		return answer{result: signal.ProbeResult{Error: "answers 502, not 200", Status: 502}}
	}
	return answer{result: signal.ProbeResult{Status: 200}}
}

func (f *played) Version(context.Context, product.VersionSource, string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.version(f.reads)
}

// kept collects what the prober reports.
type kept struct {
	mu      sync.Mutex
	start   time.Time
	lines   []string
	noticed []signal.Noticed
	fail    error
}

func (k *kept) report(_ context.Context, s signal.Signal) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lines = append(k.lines, fmt.Sprintf("%s %s %s", s.At.Sub(k.start).Truncate(time.Second), s.Name, s.Outcome))
	return k.fail
}

func (k *kept) notice(_ context.Context, n signal.Noticed) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.noticed = append(k.noticed, n)
	return k.fail
}

// bubble runs a prober for a time of the bubble's clock.
func bubble(t *testing.T, f *played, o ProberOptions, d time.Duration) (*Prober, *kept) {
	t.Helper()
	k := &kept{start: time.Now()}
	f.start = k.start
	o.Report, o.Notice = k.report, k.notice
	b := NewProber(o)
	b.eyes = f
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := b.Run(ctx); err != nil {
		t.Errorf("run: %v", err)
	}
	return b, k
}

func provided(n int, every time.Duration) product.Product {
	p := product.Product{ID: "shop"}
	for i := range n {
		p.Integrations = append(p.Integrations, product.Integration{
			ID: fmt.Sprintf("pay%d", i), Name: "Pay", Probe: product.Probe{URL: "http://pay.test", Every: every},
		})
	}
	return p
}

func TestProberKeepsItsPhase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &played{}
		b, _ := bubble(t, f, ProberOptions{Products: []product.Product{provided(1, 10*time.Second)}}, 65*time.Second)
		if f.asked[0] > startupSpread {
			t.Errorf("first asked after %s, want at once", f.asked[0])
		}
		for i := 2; i < len(f.asked); i++ {
			if gap := f.asked[i] - f.asked[i-1]; gap != 10*time.Second {
				t.Errorf("gap %d is %s, want 10s", i, gap)
			}
		}
		if n := len(f.asked); n < 7 || n > 8 {
			t.Errorf("asked %d times in 65s, want 7 or 8", n)
		}
		if s := b.Stats(); s.Overruns != 0 || s.Lag != 0 || s.Runs != len(f.asked) {
			t.Errorf("got %+v", s)
		}
	})
}

func TestProberSpreadsItsChecks(t *testing.T) {
	t.Parallel()
	const n = 500
	slots := make([]int, 10)
	for _, in := range provided(n, time.Minute).Integrations {
		it := item{key: itemKey("shop", in.ID), every: time.Minute}
		slots[it.phase(it.every)/(6*time.Second)]++
	}
	for i, got := range slots {
		if got < n/20 || got > n/5 {
			t.Errorf("slot %d holds %d of %d checks: %v", i, got, n, slots)
		}
	}
}

func TestProberConfirmsReportsAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Fine; one stumble; three fails; then fine again.
		f := &played{bad: func(try int) bool { return try == 1 || (try >= 4 && try <= 9) }}
		b, k := bubble(t, f, ProberOptions{Products: []product.Product{provided(1, 10*time.Second)}, Heartbeat: time.Hour}, 80*time.Second)
		var outcomes []string
		for _, l := range k.lines {
			outcomes = append(outcomes, l[len(l)-4:])
		}
		if d := cmp.Diff([]string{"pass", "fail", "pass"}, outcomes); d != "" {
			t.Errorf("%s: %v", d, k.lines)
		}
		s, since, ok := b.Now("shop", "pay0")
		if !ok || s.Outcome != signal.Pass || time.Since(since) > time.Minute || s.Watch != "standing-shop" {
			t.Errorf("got %+v since %s", s, since)
		}
		if _, _, ok := b.Now("shop", "none"); ok {
			t.Error("knows a check that is not there")
		}
	})
}

func TestProberMarksConfirmedFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &played{bad: func(int) bool { return true }}
		b, _ := bubble(t, f, ProberOptions{Products: []product.Product{provided(1, time.Minute)}}, 5*time.Second)
		s, _, _ := b.Now("shop", "pay0")
		if s.Outcome != signal.Fail || !s.Confirm || s.Round != tries || len(f.asked) != tries {
			t.Errorf("got %+v after %d tries", s, len(f.asked))
		}
		if took := f.asked[2] - f.asked[0]; took > 2*time.Second {
			t.Errorf("confirmed after %s, want within 2s", took)
		}
	})
}

func TestProberHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, k := bubble(t, &played{}, ProberOptions{Products: []product.Product{provided(1, 10*time.Second)}}, 5*time.Minute)
		if n := len(k.lines); n < 5 || n > 6 {
			t.Errorf("reported %d times in 5 minutes without a change: %v", n, k.lines)
		}
	})
}

func TestProberReportsAgainWhatWasNotStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &kept{start: time.Now(), fail: errors.New("disk full")}
		b := NewProber(ProberOptions{Products: []product.Product{provided(1, 10*time.Second)}, Report: k.report})
		b.eyes = &played{start: k.start}
		ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
		defer cancel()
		if err := b.Run(ctx); err != nil || len(k.lines) < 4 {
			t.Errorf("got %v after %d reports, want one with each look", err, len(k.lines))
		}
	})
}

func TestProberCountsOverruns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &played{took: 35 * time.Second}
		b, _ := bubble(t, f, ProberOptions{Products: []product.Product{provided(1, 10*time.Second)}}, 2*time.Minute)
		if s := b.Stats(); s.Overruns < 6 || len(f.asked) > 4 {
			t.Errorf("got %+v with %d looks", s, len(f.asked))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		// Two workers for ten checks that never end in time.
		f := &played{took: 20 * time.Second}
		b, _ := bubble(t, f, ProberOptions{Products: []product.Product{provided(10, 10*time.Second)}, Workers: 2}, 2*time.Minute)
		if s := b.Stats(); s.Overruns == 0 || s.Lag == 0 || len(f.asked) > 14 {
			t.Errorf("got %+v with %d looks", s, len(f.asked))
		}
	})
}

func poller() product.Product {
	return product.Product{ID: "shop", Version: product.VersionSource{Kind: product.VersionHeader, Every: 10 * time.Second}}
}

func TestProberNoticesVersions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var live atomic.Value
		live.Store("v1")
		f := &played{version: func(read int) (string, error) {
			switch {
			case read == 2:
				return "v9", nil // met once only
			case read >= 4:
				return "v2", nil
			}
			return "v1", nil
		}}
		o := ProberOptions{Products: []product.Product{poller()}, Known: func(product.ID) string { return live.Load().(string) }}
		_, k := bubble(t, f, o, 2*time.Minute)
		want := []signal.Noticed{{Product: "shop", Version: "v2", Before: "v1"}}
		if d := cmp.Diff(want, k.noticed); d != "" {
			t.Error(d)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		// Nobody knows: the first one is noticed too, and then remembered.
		f := &played{version: func(read int) (string, error) {
			if read < 6 {
				return "v1", nil
			}
			return "v2", nil
		}}
		_, k := bubble(t, f, ProberOptions{Products: []product.Product{poller()}}, 2*time.Minute)
		want := []signal.Noticed{{Product: "shop", Version: "v1"}, {Product: "shop", Version: "v2", Before: "v1"}}
		if d := cmp.Diff(want, k.noticed); d != "" {
			t.Error(d)
		}
	})
}

func TestProberReportsAProductThatIsDownAtStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &played{version: func(read int) (string, error) {
			if read <= 6 {
				return "", &VersionError{Lack: Silent, URL: "http://s.test/", Reason: "connection refused"}
			}
			return "v1", nil
		}}
		b, k := bubble(t, f, ProberOptions{Products: []product.Product{poller()}}, 40*time.Second)
		if len(k.lines) != 2 || k.lines[0] != "0s version fail" {
			t.Errorf("got %v", k.lines)
		}
		if s, _, _ := b.Now("shop", ""); s.Served != "v1" || s.Kind != signal.Version {
			t.Errorf("got %+v", s)
		}
	})
}

func TestProberOverRealSockets(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("V", "v1")
		if !up.Load() {
			w.WriteHeader(502)
		}
	}))
	defer s.Close()
	p := product.Product{
		ID: "shop", URL: s.URL, Version: product.VersionSource{Kind: product.VersionHeader, Name: "V", Every: 50 * time.Millisecond},
		Integrations: []product.Integration{{ID: "pay", Name: "Pay", Probe: product.Probe{URL: s.URL, Every: 50 * time.Millisecond}}},
	}
	got := make(chan signal.Signal, 100)
	noticed := make(chan signal.Noticed, 10)
	b := NewProber(ProberOptions{
		Looker: New(Options{Worker: "here"}), Products: []product.Product{p},
		Report: func(_ context.Context, s signal.Signal) error { got <- s; return nil },
		Notice: func(_ context.Context, n signal.Noticed) error { noticed <- n; return nil },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	for _, want := range []signal.Outcome{signal.Fail, signal.Pass} {
		seen := map[signal.Kind]signal.Signal{}
		for len(seen) < 2 {
			s := <-got
			if s.Outcome != want || s.Worker != "here" {
				t.Fatalf("got %s of %s, want %s: %s", s.Outcome, s.Name, want, s.Summary)
			}
			seen[s.Kind] = s
		}
		if want == signal.Fail && seen[signal.Version].Failure.Class != "health" {
			t.Errorf("got %+v", seen[signal.Version].Failure)
		}
		up.Store(true)
	}
	if n := <-noticed; n.Version != "v1" {
		t.Errorf("got %+v", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
