package player

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// slots keeps the tests of this package at two browsers at once.
var slots = make(chan struct{}, 2)

var binary = sync.OnceValues(func() (browser.Binary, error) {
	return browser.Find(context.Background(), "")
})

// shelf is a place for evidence.
type shelf struct {
	mu   sync.Mutex
	data map[string][]byte
	err  error
}

func (s *shelf) Put(_ context.Context, mediaType string, r io.Reader, limit int64) (string, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", 0, s.err
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil || int64(len(data)) > limit {
		return "", 0, fmt.Errorf("too much: %w", err)
	}
	key := fmt.Sprintf("%d-%s", len(s.data), mediaType)
	s.data[key] = data
	return key, int64(len(data)), nil
}

// scene is one run: pages, and steps to play on them.
type scene struct {
	*Runner
	shelf *shelf
	site  *httptest.Server
	req   Request
}

func newScene(t *testing.T, h http.Handler, steps ...string) *scene {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{shelf: &shelf{data: map[string][]byte{}}, site: httptest.NewServer(h)}
	t.Cleanup(s.site.Close)
	s.Runner = New(Options{Binary: bin, Blobs: s.shelf, Version: "1.2.3", Dir: t.TempDir()})
	s.req = Request{
		Look:    watch.Look{Base: s.site.URL, Kind: signal.Journey, Name: "test", Round: 1},
		Journey: recording(t, s.site.URL, steps...),
		Timeout: 90 * time.Second,
	}
	return s
}

// recording is a journey of these steps; § stands for the site.
func recording(t *testing.T, site string, steps ...string) *journey.Journey {
	t.Helper()
	doc := `{"title":"t","timeout":30000,"steps":[` + strings.ReplaceAll(strings.Join(steps, ","), "§", site) + `]}`
	j, err := journey.Parse(t.Name(), []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// run plays the scene and holds that nothing of it is left.
func (s *scene) run(t *testing.T, ctx context.Context) signal.Signal {
	t.Helper()
	slots <- struct{}{}
	defer func() { <-slots }()
	var b *browser.Browser
	launch := s.launch
	s.launch = func(ctx context.Context, o browser.Options) (*browser.Browser, error) {
		var err error
		b, err = launch(ctx, o)
		return b, err
	}
	got := s.Run(ctx, s.req)
	if b != nil {
		select {
		case <-b.Done():
		default:
			t.Error("the browser is left behind")
		}
	}
	if left, err := os.ReadDir(s.o.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if procs := processes(s.o.Dir); len(procs) > 0 {
		t.Errorf("orphans: %v", procs)
	}
	return got
}

// processes are those with dir in their command line.
func processes(dir string) []string {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var out []string
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && bytes.Contains(line, []byte(dir)) {
			out = append(out, f)
		}
	}
	return out
}

func page(html string) http.Handler {
	return pages(map[string]string{"/": html})
}

func pages(all map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		html, ok := all[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".js") {
			w.Header().Set("Content-Type", "text/javascript")
		} else {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		io.WriteString(w, html)
	})
}

const open = `{"type":"navigate","url":"§/"}`

func click(selector string) string {
	return fmt.Sprintf(`{"type":"click","selectors":[%s],"offsetX":2,"offsetY":2}`, selector)
}

func expect(expression string) string {
	return fmt.Sprintf(`{"type":"waitForExpression","expression":%q}`, expression)
}

// same fails within 5 s, saying what the expression is instead.
func same(expression, want string) string {
	return fmt.Sprintf(`{"type":"waitForExpression","timeout":5000,"expression":%q}`,
		fmt.Sprintf("(() => { const got = %s; if (got === %q) return true; throw new Error(got); })()", expression, want))
}

func wantPass(t *testing.T, s signal.Signal) {
	t.Helper()
	if s.Outcome != signal.Pass || s.Failure != nil {
		t.Fatalf("got %s: %s", s.Outcome, s.Summary)
	}
	for _, step := range s.Steps {
		if step.Outcome != signal.Pass {
			t.Errorf("step %d: got %q, want pass", step.Index, step.Outcome)
		}
	}
}

func wantFail(t *testing.T, s signal.Signal, class string, step int, words ...string) {
	t.Helper()
	if s.Outcome != signal.Fail || s.Failure == nil {
		t.Fatalf("got %s: %s", s.Outcome, s.Summary)
	}
	if s.Failure.Class != class || s.Failure.Step != step || s.Steps[step-1].Outcome != signal.Fail {
		t.Errorf("got class %s at step %d (%s), want %s at %d: %s", s.Failure.Class, s.Failure.Step, s.Steps[step-1].Outcome, class, step, s.Summary)
	}
	for _, w := range words {
		if !strings.Contains(s.Summary, w) {
			t.Errorf("got %q, want %q in it", s.Summary, w)
		}
	}
	for _, later := range s.Steps[step:] {
		if later.Outcome == signal.Fail {
			t.Errorf("step %d failed too", later.Index)
		}
	}
}

func TestPassKeepsEvidence(t *testing.T) {
	t.Parallel()
	var agent string
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.Header().Set("X-Version", "v7")
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<title>T</title><button onclick="console.log('hit', 1)">Go</button>`)
	}), `{"type":"setViewport","width":640,"height":480,"deviceScaleFactor":1,"isMobile":false,"hasTouch":false,"isLandscape":false}`,
		`{"type":"navigate","url":"§/","assertedEvents":[{"type":"navigation","url":"§/","title":"Other"}]}`, click(`"aria/Go"`), expect("innerWidth === 640"))
	s.req.Version = product.VersionSource{Kind: product.VersionHeader, Name: "X-Version"}
	s.req.Look.Version = "v7"
	got := s.run(t, t.Context())
	wantPass(t, got)
	if got.Served != "v7" || got.Expected != "v7" || got.Name != "test" || got.At.IsZero() || got.Took <= 0 {
		t.Errorf("got %+v", got)
	}
	if got.Viewport != "640x480@1" || !strings.Contains(got.Browser, " ") {
		t.Errorf("got viewport %q, browser %q", got.Viewport, got.Browser)
	}
	if !strings.HasSuffix(agent, " Postflight/1.2.3 (+synthetic)") {
		t.Errorf("got user agent %q", agent)
	}
	if !strings.Contains(got.Summary, "4 of 4 steps passed") || got.Steps[2].Title != "click Go" {
		t.Errorf("got %q, %q", got.Summary, got.Steps[2].Title)
	}
	if c := got.Steps[1].Console; len(c) != 1 || c[0].Level != "warning" || !strings.Contains(c[0].Text, "recorded was “Other”") {
		t.Errorf("got %+v, want a warning of the title", c)
	}
	if c := got.Steps[2].Console; len(c) != 1 || c[0].Text != "hit 1" {
		t.Errorf("got %+v, want the console line on its step", c)
	}
	for _, step := range got.Steps[1:] {
		if picture := s.shelf.data[step.Screenshot]; !bytes.HasPrefix(picture, []byte("\xff\xd8")) {
			t.Errorf("step %d has no picture", step.Index)
		}
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	wantBroken := func(t *testing.T, s signal.Signal, words string) {
		t.Helper()
		if s.Outcome != signal.Broken || s.Failure != nil || !strings.Contains(s.Summary, words) {
			t.Errorf("got %s: %q, want broken with %q", s.Outcome, s.Summary, words)
		}
	}
	t.Run("no browser", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, page("x"), open, expect("document.body"))
		s.o.Binary.Path = "/nonexistent/chromium"
		wantBroken(t, s.run(t, t.Context()), "nonexistent")
		wantBroken(t, s.run(t, t.Context()), "apt install chromium-headless-shell")
	})
	t.Run("no room", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, page("x"), open, expect("document.body"))
		s.shelf.err = errors.New("no space left on device")
		wantBroken(t, s.run(t, t.Context()), "no space left")
	})
	t.Run("called off", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		}), open, expect("document.body"))
		wantBroken(t, s.run(t, ctx), "called off")
	})
	t.Run("browser dies", func(t *testing.T) {
		t.Parallel()
		die := make(chan struct{})
		var once sync.Once
		s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			once.Do(func() { close(die) })
			<-r.Context().Done()
		}), open, expect("document.body"))
		launch := s.launch
		s.launch = func(ctx context.Context, o browser.Options) (*browser.Browser, error) {
			ctx, kill := context.WithCancel(ctx)
			go func() { <-die; kill() }()
			return launch(ctx, o)
		}
		wantBroken(t, s.run(t, t.Context()), "the browser ended")
	})
	t.Run("asserts nothing", func(t *testing.T) {
		t.Parallel()
		wantBroken(t, newScene(t, page("x"), open).run(t, t.Context()), "asserts nothing")
	})
	t.Run("bad selector", func(t *testing.T) {
		t.Parallel()
		wantBroken(t, newScene(t, page("x"), open, click(`"a:::b"`)).run(t, t.Context()), "no selector of the step is valid")
	})
}

func TestMarkerReachesFirstPartyOnly(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]string{}
	note := func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.Host+r.URL.Path] = r.Header.Get("Postflight-Synthetic")
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(other.Close)
	second := httptest.NewServer(other.Config.Handler)
	t.Cleanup(second.Close)
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<script>Promise.all(['%s/third','%s/own','/api'].map((u)=>fetch(u))).then(()=>done=1)</script>`, other.URL, second.URL)
	}), open, expect("window.done"))
	s.req.Origins = []string{second.URL + "/"}
	s.req.Marker = func(host string) string { return "for-" + host }
	wantPass(t, s.run(t, t.Context()))
	mu.Lock()
	defer mu.Unlock()
	bare := func(u string) string { return strings.TrimPrefix(u, "http://") }
	for path, want := range map[string]string{
		bare(s.site.URL) + "/": "for-" + bare(s.site.URL), bare(s.site.URL) + "/api": "for-" + bare(s.site.URL),
		bare(second.URL) + "/own": "for-" + bare(second.URL), bare(other.URL) + "/third": "",
	} {
		if value, seen := got[path]; !seen || value != want {
			t.Errorf("%s: got marker %q (%v), want %q", path, value, seen, want)
		}
	}
}
