package check

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

const goodJS = "console.log(1)"

// site serves a page at / with body head, and whatever else is registered.
func site(t *testing.T, head string, routes map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Version", "v4")
		fmt.Fprintf(w, `<!doctype html><meta name=version content=v4><head>%s</head>`, head)
	})
	for path, h := range routes {
		mux.HandleFunc(path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// answer serves a body with a type.
func serve(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	}
}

func shop(url string, pages ...string) product.Product {
	if len(pages) == 0 {
		pages = []string{"/"}
	}
	return product.Product{ID: "shop", Name: "Shop", URL: url, Pages: pages, Version: product.VersionSource{Kind: product.VersionMeta, Path: "/", Name: "version"}}
}

func crawlOf(t *testing.T, o Options, p product.Product) signal.Signal {
	t.Helper()
	return New(o).Look(t.Context(), watch.Look{Product: p.ID, Kind: signal.Assets, Name: "assets", Side: signal.New, Version: "v4", Base: p.URL}, p)
}

func problems(s signal.Signal) map[string]string {
	out := map[string]string{}
	for _, a := range s.Assets {
		if a.Problem != "" {
			out[a.URL[strings.LastIndexByte(a.URL, '/'):]] = a.Problem
		}
	}
	return out
}

func TestCrawlFindsEachProblem(t *testing.T) {
	t.Parallel()
	nosniff := func(kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, goodJS)
		}
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, goodJS)
	}
	reset := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	badGzip := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "not gzip at all")
	}
	loop := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }
	tests := []struct {
		name, tag, want string
		h               http.HandlerFunc
	}{
		{"status 500", `<script src=/x>`, "500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }},
		{"status 404", `<link rel=stylesheet href=/x>`, "404", http.NotFound},
		{"empty script", `<script src=/x>`, "empty", serve("text/javascript", "")},
		{"204", `<link rel=stylesheet href=/x>`, "empty", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/css")
			w.WriteHeader(204)
		}},
		{"single page fallback for a script", `<script src=/x>`, "text/html served for a script", serve("text/html", "<!doctype html>")},
		{"single page fallback for a style", `<link rel=stylesheet href=/x>`, "text/html served for a style sheet", serve("text/html; charset=utf-8", "<!doctype html>")},
		{"single page fallback for a font", `<link rel=preload as=font href=/x>`, "text/html served for a font", serve("text/html", "<!doctype html>")},
		{"nosniff", `<script src=/x>`, "text/plain served for a script", nosniff("text/plain")},
		{"module of a wrong type", `<script type=module src=/x>`, "text/plain served for a script", serve("text/plain", goodJS)},
		{"style of a wrong type", `<link rel=stylesheet href=/x>`, "text/plain served for a style sheet", serve("text/plain", "a{}")},
		{"cut body", `<script src=/x>`, "the body ends early", cut},
		{"no answer", `<script src=/x>`, "connection closed without an answer", reset},
		{"bad gzip", `<script src=/x>`, "gzip: invalid header", badGzip},
		{"redirect loop", `<script src=/x>`, "more than 5 redirects", loop},
		{"wrong integrity", `<script src=/x integrity="sha256-AAAA">`, "the integrity attribute does not match", serve("text/javascript", goodJS)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			s := site(t, tt.tag+"</script>", map[string]http.HandlerFunc{"/x": func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				tt.h(w, r)
			}})
			got := crawlOf(t, Options{}, shop(s.URL))
			if d := cmp.Diff(map[string]string{"/x": tt.want}, problems(got)); d != "" {
				t.Fatal(d, got.Summary)
			}
			if got.Outcome != signal.Fail || got.Failure.Class != "asset" || got.Failure.URL != s.URL+"/x" || got.Served != "v4" {
				t.Errorf("got %+v %+v", got, got.Failure)
			}
			if want := "1 of 2 assets broken on v4: " + tt.want + " for /x"; got.Summary != want {
				t.Errorf("got %q, want %q", got.Summary, want)
			}
			if asked.Load() < 2 {
				t.Errorf("asked %d times, want a second request before it is called broken", asked.Load())
			}
		})
	}
}

func TestCrawlPassesGoodSites(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(goodJS))
	integrity := "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	zipped := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, `@import "/more.css"; a{background:url(/i.png)}`)
		_ = z.Close()
	}
	chunked := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, "@font-face{src:url(")
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "/f.woff2)}")
	}
	var heads atomic.Int32
	s := site(t, `<script src=/a.js integrity="`+integrity+`"></script><link rel=stylesheet href=/a.css><script type=module src=/m.js></script>`, map[string]http.HandlerFunc{
		"/a.js": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				heads.Add(1)
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			serve("text/javascript", goodJS)(w, r)
		},
		"/a.css": zipped, "/more.css": chunked, "/f.woff2": serve("font/woff2", "x"), "/i.png": serve("image/png", "x"),
		"/m.js":     serve("text/javascript", `import "./n.js"; import("./lazy.js")`),
		"/n.js":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved.js", http.StatusFound) },
		"/moved.js": serve("text/javascript", `import "./deep.js"`),
		"/deep.js":  serve("text/javascript", "1"), "/lazy.js": serve("text/javascript", "1"),
	})
	got := crawlOf(t, Options{}, shop(s.URL))
	if got.Outcome != signal.Pass || got.Summary != "10 assets fine on v4" || len(got.Assets) != 10 || heads.Load() != 0 {
		t.Errorf("got %s %q with %d assets: %v", got.Outcome, got.Summary, len(got.Assets), problems(got))
	}
	if got.Expected != "v4" || got.Served != "v4" || got.Took <= 0 {
		t.Errorf("got %+v", got)
	}
}

func TestCrawlNamesTheWorstFirst(t *testing.T) {
	t.Parallel()
	s := site(t, `<link rel=icon href=/i.ico><link rel=stylesheet href=/s.css><script src=/a.js></script><img src=/b.png>`, nil)
	got := crawlOf(t, Options{}, shop(s.URL))
	if want := "4 of 5 assets broken on v4: 404 for /a.js, 404 for /s.css, 404 for /i.ico, …"; got.Summary != want || got.Failure.URL != s.URL+"/a.js" {
		t.Errorf("got %q, want %q", got.Summary, want)
	}
}

func TestCrawlForgivesOneBadAnswer(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	s := site(t, `<script src=/x></script>`, map[string]http.HandlerFunc{"/x": func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			w.WriteHeader(502)
			return
		}
		serve("text/javascript", goodJS)(w, r)
	}})
	got := crawlOf(t, Options{}, shop(s.URL))
	if got.Outcome != signal.Pass || !strings.Contains(got.Summary, "1 only on the second request") {
		t.Errorf("got %s %q", got.Outcome, got.Summary)
	}
}

func TestCrawlOfHugeAndSlowBodies(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	block := bytes.Repeat([]byte("x"), 64<<10)
	huge := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		for range 1 << 14 { // 1 GB
			n, err := w.Write(block)
			if served.Add(int64(n)); err != nil {
				return
			}
		}
	}
	s := site(t, `<img src=/huge>`, map[string]http.HandlerFunc{"/huge": huge})
	got := crawlOf(t, Options{Limits: Limits{Body: 1 << 20}}, shop(s.URL))
	if got.Outcome != signal.Pass || !strings.Contains(got.Assets[1].Problem, "larger than") || got.Assets[1].Size != 1<<20+1 {
		t.Errorf("got %s %+v", got.Outcome, got.Assets)
	}
	if served.Load() > 200<<20 {
		t.Errorf("read %d bytes of an unbounded body", served.Load())
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, "1")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	s = site(t, `<script src=/drip></script>`, map[string]http.HandlerFunc{"/drip": drip})
	got = crawlOf(t, Options{Limits: Limits{Request: 4 * time.Second}}, shop(s.URL))
	if d := cmp.Diff(map[string]string{"/drip": "no complete answer in 4s"}, problems(got)); d != "" {
		t.Error(d)
	}
}

func TestCrawlTellsStrangersApart(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	leaks := []string{}
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("Postflight-Synthetic") != "" || strings.Contains(r.UserAgent(), "synthetic") || r.Referer() != "" {
			leaks = append(leaks, r.URL.Path)
		}
		if r.URL.Path == "/ok.js" {
			serve("text/javascript", goodJS)(w, r)
			return
		}
		w.WriteHeader(503)
	}))
	defer cdn.Close()
	var marked atomic.Int32
	s := site(t, `<script src="/own.js"></script><script src="/hop.js"></script><script src="`+cdn.URL+`/lib.js?key=s3cret"></script>`, map[string]http.HandlerFunc{
		"/own.js": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Postflight-Synthetic") == "m-"+r.Host && strings.Contains(r.UserAgent(), "+synthetic") {
				marked.Add(1)
			}
			serve("text/javascript", goodJS)(w, r)
		},
		"/hop.js": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, cdn.URL+"/ok.js", http.StatusFound) },
	})
	mark := func(host string) http.Header { return http.Header{"Postflight-Synthetic": {"m-" + host}} }
	got := crawlOf(t, Options{Marker: mark}, shop(s.URL))
	mu.Lock()
	if len(leaks) > 0 || marked.Load() != 1 {
		t.Errorf("leaked to %v, marked %d own requests, want none and 1", leaks, marked.Load())
	}
	mu.Unlock()
	if got.Outcome != signal.Fail || got.Failure.Class != "asset_external" || got.Failure.Status != 503 {
		t.Errorf("got %s %+v", got.Outcome, got.Failure)
	}
	for _, a := range got.Assets {
		if strings.Contains(a.URL, "s3cret") {
			t.Errorf("kept the key in %s", a.URL)
		}
	}
	declared := shop(s.URL)
	declared.FirstParty = []string{cdn.URL}
	if got := crawlOf(t, Options{}, declared); got.Failure == nil || got.Failure.Class != "asset" || got.Failure.Status != 503 {
		t.Errorf("got %+v, want class asset for a declared origin", got.Failure)
	}
}

func TestCrawlVersions(t *testing.T) {
	t.Parallel()
	other := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<meta name=version content=v3>`)
	}
	s := site(t, "", map[string]http.HandlerFunc{"/old": other, "/v.json": serve("application/json", `{"v":"v9"}`)})
	if got := crawlOf(t, Options{}, shop(s.URL, "/", "/old")); got.Served != "" {
		t.Errorf("got served %q of pages that disagree, want none", got.Served)
	}
	p := shop(s.URL)
	p.Version = product.VersionSource{Kind: product.VersionHeader, Name: "X-Version", Path: "/"}
	if got := crawlOf(t, Options{}, p); got.Served != "v4" {
		t.Errorf("got served %q by header, want v4", got.Served)
	}
	p.Version = product.VersionSource{Kind: product.VersionJSON, Name: "v", Path: "/v.json"}
	if got := crawlOf(t, Options{}, p); got.Served != "v9" {
		t.Errorf("got served %q by JSON, want v9", got.Served)
	}
}

func TestCrawlWithoutEvidenceIsNotGreen(t *testing.T) {
	t.Parallel()
	s := site(t, "", map[string]http.HandlerFunc{
		"/leave": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://stranger.invalid/", http.StatusFound)
		},
		"/slow": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "0"); w.WriteHeader(429) },
		"/json": serve("application/json", "{}"),
	})
	p := shop(s.URL)
	p.Pages = nil
	if got := crawlOf(t, Options{}, p); got.Outcome != signal.Broken {
		t.Errorf("no pages: got %s", got.Outcome)
	}
	for page, want := range map[string]signal.Outcome{"/leave": signal.Fail, "/slow": signal.Broken, "/json": signal.Fail, "/none": signal.Fail} {
		if got := crawlOf(t, Options{}, shop(s.URL, page)); got.Outcome != want {
			t.Errorf("%s: got %s %q, want %s", page, got.Outcome, got.Summary, want)
		}
	}
	s.Close()
	got := crawlOf(t, Options{}, shop(s.URL))
	if got.Outcome != signal.Fail || got.Failure.Message != "connection refused" {
		t.Errorf("down: got %s %+v", got.Outcome, got.Failure)
	}
}

func TestCrawlBounds(t *testing.T) {
	t.Parallel()
	var tags strings.Builder
	for i := range 30 {
		fmt.Fprintf(&tags, `<img src="/i/%d">`, i)
	}
	s := site(t, tags.String(), map[string]http.HandlerFunc{"/i/": serve("image/png", "x")})
	got := crawlOf(t, Options{Limits: Limits{Assets: 10}}, shop(s.URL))
	if len(got.Assets) != 11 || got.Dropped != 20 || !strings.Contains(got.Summary, "20 references over the bound") {
		t.Errorf("got %d assets, %d dropped, %q", len(got.Assets), got.Dropped, got.Summary)
	}
	// A chain of modules with no end.
	chain := func(w http.ResponseWriter, r *http.Request) {
		serve("text/javascript", `import "`+r.URL.Path+`x"`)(w, r)
	}
	s = site(t, `<script type=module src=/c/>`, map[string]http.HandlerFunc{"/c/": chain})
	got = crawlOf(t, Options{Limits: Limits{Depth: 4}}, shop(s.URL))
	if len(got.Assets) != 5 || got.Dropped != 1 {
		t.Errorf("got %d assets, %d dropped, want 5 and 1", len(got.Assets), got.Dropped)
	}
}

func TestCrawlOfPublicProductStaysOutOfOurNetwork(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(serve("text/javascript", goodJS))
	defer inside.Close()
	l := New(Options{})
	v := l.vantage(origins{}, true)
	defer v.close()
	v.guard(t.Context(), mustURL(t, "http://192.0.2.1/")) // a public address
	for _, target := range []string{inside.URL, "http://169.254.169.254/latest/", "http://0.0.0.0:1/", "http://10.0.0.1/"} {
		got := v.fetch(t.Context(), ref{url: mustURL(t, target), kind: kindScript})
		if got.state != bad || got.asset.Problem != "the address is not a public one" {
			t.Errorf("%s: got %v %q", target, got.state, got.asset.Problem)
		}
	}
}

func TestPreviousAssets(t *testing.T) {
	t.Parallel()
	s := site(t, "", map[string]http.HandlerFunc{
		"/assets/kept.js": serve("text/javascript", goodJS),
		"/assets/spa.js":  serve("text/html", "<!doctype html>"),
	})
	p := shop(s.URL)
	p.PreviousURL = "http://slots.test/{version}"
	look := watch.Look{Product: "shop", Kind: signal.OldAsset, Name: "previous assets", Side: signal.New, Version: "v4", Base: s.URL}
	l := New(Options{})
	if got := l.Look(t.Context(), look, p); got.Outcome != signal.Broken {
		t.Errorf("nothing known: got %s", got.Outcome)
	}
	look.URLs = []string{"http://slots.test/v3/assets/kept.js", s.URL + "/assets/kept.js", "http://stranger.test/x.js"}
	got := l.Look(t.Context(), look, p)
	if got.Outcome != signal.Pass || len(got.Assets) != 1 || got.Served != "v4" || got.Dropped != 1 {
		t.Errorf("kept: got %s %q %+v", got.Outcome, got.Summary, got)
	}
	look.URLs = []string{"/assets/kept.js", "/assets/gone.css", "/assets/spa.js"}
	got = l.Look(t.Context(), look, p)
	want := "2 of 3 assets of the previous release broken on v4: text/html served for a script for /assets/spa.js, 404 for /assets/gone.css"
	if got.Outcome != signal.Fail || got.Failure.Class != "asset" || got.Summary != want {
		t.Errorf("gone: got %s %q", got.Outcome, got.Summary)
	}
}
