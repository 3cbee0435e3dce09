package check

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// spent reports the CPU time of an iteration. The server's share is in it, of
// the floor as well as of the check.
func spent(b *testing.B, f func()) {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(time.Microsecond)/float64(b.N), "cpu-us/op")
}

// benchSite is a page of a usual shop: a script, a style sheet, ten pictures.
func benchSite(b *testing.B) (server *httptest.Server, urls []string) {
	mux := http.NewServeMux()
	var head strings.Builder
	add := func(path, kind, body string) {
		mux.HandleFunc(path, serve(kind, body))
		urls = append(urls, path)
	}
	add("/app.js", "text/javascript", strings.Repeat("console.log('a line of a bundle');\n", 1500))
	add("/style.css", "text/css", strings.Repeat(".a{color:red}\n", 1000))
	head.WriteString(`<script src=/app.js></script><link rel=stylesheet href=/style.css>`)
	for i := range 10 {
		path := fmt.Sprintf("/%d.svg", i)
		add(path, "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'>"+strings.Repeat("<g/>", 500)+"</svg>")
		fmt.Fprintf(&head, "<img src=%s>", path)
	}
	add("/{$}", "text/html; charset=utf-8", "<!doctype html><meta name=version content=v4>"+head.String())
	server = httptest.NewServer(mux)
	b.Cleanup(server.Close)
	urls[len(urls)-1] = "/"
	for i := range urls {
		urls[i] = server.URL + urls[i]
	}
	return server, urls
}

func get(b *testing.B, c *http.Client, url string) error {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// BenchmarkCrawl is one crawl of a page and its twelve assets. The floor is
// told the addresses and fetches them as concurrently, on connections of its
// own, and looks at nothing.
func BenchmarkCrawl(b *testing.B) {
	server, urls := benchSite(b)
	b.Run("floor", func(b *testing.B) {
		spent(b, func() {
			c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
			var g errgroup.Group
			g.SetLimit(8)
			for _, u := range urls {
				g.Go(func() error { return get(b, c, u) })
			}
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
			c.CloseIdleConnections()
		})
	})
	b.Run("crawl", func(b *testing.B) {
		p := shop(server.URL)
		l := New(Options{})
		spent(b, func() {
			s := l.Look(b.Context(), watch.Look{Product: p.ID, Kind: signal.Assets, Name: "assets", Side: signal.New, Version: "v4", Base: p.URL}, p)
			if s.Outcome != signal.Pass || len(s.Assets) != len(urls) {
				b.Fatalf("got %s %q, %d assets", s.Outcome, s.Summary, len(s.Assets))
			}
		})
	})
}

// BenchmarkProbe is one try of a probe, on a fresh connection as always.
func BenchmarkProbe(b *testing.B) {
	server := httptest.NewServer(serve("application/json", `{"status":"ok"}`))
	b.Cleanup(server.Close)
	b.Run("floor", func(b *testing.B) {
		spent(b, func() {
			c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if err := get(b, c, server.URL); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("probe", func(b *testing.B) {
		l := New(Options{})
		in := product.Integration{ID: "pay", Name: "Pay", Probe: product.Probe{URL: server.URL, Contains: "ok"}}
		spent(b, func() {
			if got := l.Probe(b.Context(), in); got.Error != "" {
				b.Fatal(got.Error)
			}
		})
	})
}
