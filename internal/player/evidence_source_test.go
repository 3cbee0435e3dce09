package player

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// bundleOf is the built script of the fixture and its map.
func bundleOf(t *testing.T) (script, sourceMap string) {
	t.Helper()
	js, err := os.ReadFile("../sourcemap/testdata/app.js")
	if err != nil {
		t.Fatal(err)
	}
	m, err := os.ReadFile("../sourcemap/testdata/app.js.map")
	if err != nil {
		t.Fatal(err)
	}
	return string(js), string(m)
}

func TestExceptionsAreMapped(t *testing.T) {
	t.Parallel()
	script, sourceMap := bundleOf(t)
	body, _, _ := strings.Cut(script, "//# source")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a map was fetched from elsewhere") }))
	t.Cleanup(elsewhere.Close)
	const want = "src/cart.ts:21:17 (app.js:1:"
	for name, c := range map[string]struct {
		script, header, sourceMap, position string
		status                              int
	}{
		"comment": {script: script, sourceMap: sourceMap, position: want},
		"header":  {script: body, header: "/assets/app.js.map", sourceMap: sourceMap, position: want},
		"inline":  {script: body + "//# sourceMappingURL=data:application/json;base64," + base64.StdEncoding.EncodeToString([]byte(sourceMap)), position: want},
		"index":   {script: script, sourceMap: `{"version":3,"sections":[{"offset":{"line":0,"column":0},"map":` + sourceMap + `}]}`, position: want},
		"broken":  {script: script, sourceMap: "<!doctype html>", position: "app.js:1:"},
		"missing": {script: script, status: 404, position: "app.js:1:"},
		"foreign": {script: body + "//# sourceMappingURL=" + elsewhere.URL + "/app.js.map", position: "app.js:1:"},
		"none":    {script: body, position: "app.js:1:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, `<!doctype html><meta charset=utf-8><b id=total></b><button id=pay>Pay</button><script src="/assets/app.js"></script>`)
			})
			mux.HandleFunc("/assets/app.js", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/javascript")
				if c.header != "" {
					w.Header().Set("SourceMap", c.header)
				}
				_, _ = io.WriteString(w, c.script)
			})
			mux.HandleFunc("/assets/app.js.map", func(w http.ResponseWriter, _ *http.Request) {
				if c.status != 0 {
					w.WriteHeader(c.status)
				}
				_, _ = io.WriteString(w, c.sourceMap)
			})
			s := newScene(t, mux, navigate, `{"type":"click","selectors":["#pay"],"offsetX":5,"offsetY":5}`, `{"type":"waitForExpression","expression":"window.never"}`)
			got := s.run(t, t.Context())
			if got.Outcome != signal.Fail || got.Failure.Class != "exception" || !strings.HasPrefix(got.Failure.Position, c.position) {
				t.Fatalf("got %+v", got.Failure)
			}
			if !strings.Contains(got.Summary, got.Failure.Position) || !strings.Contains(got.Failure.Message, "currency") {
				t.Errorf("got %s, %+v", got.Summary, got.Failure)
			}
			x := got.Steps[1].Exceptions
			if len(x) != 1 || x[0].Line != 1 {
				t.Fatalf("got %+v", x)
			}
			if mapped := strings.HasPrefix(c.position, "src"); mapped != strings.Contains(x[0].Stack, "at describeTotal (src/cart.ts:21:17) [app.js:1:") ||
				mapped != strings.Contains(x[0].Stack, "at total (src/cart.ts:16:10)") || mapped != strings.Contains(x[0].Stack, "at showTotal (src/app.ts:7:16)") {
				t.Errorf("got %s", x[0].Stack)
			}
			if noted := name == "broken" || name == "missing" || name == "foreign"; noted != bytes.Contains([]byte(consoleOf(got)), []byte("no source positions")) {
				t.Errorf("got %s", consoleOf(got))
			}
		})
	}
}

func consoleOf(s signal.Signal) string {
	var out strings.Builder
	for _, step := range s.Steps {
		for _, l := range step.Console {
			out.WriteString(l.Text + "\n")
		}
	}
	return out.String()
}

func TestVitalsAndBudgets(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(t *testing.T, bin browser.Binary) {
		mux := http.NewServeMux()
		mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<!doctype html><body style="margin:0"><h1>First</h1><button id=go onclick="location='/second'">Go</button>`)
		})
		// It shifts by half of the viewport, once on its own and once because of a
		// click, which does not count; and its click takes 150 ms.
		mux.HandleFunc("/second", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<!doctype html><body style="margin:0"><div id=gap></div><div id=box style="height:400px;background:tan">Box <button id=slow>Slow</button></div><script>
slow.onclick = () => { const end = performance.now() + 150; while (performance.now() < end); gap.style.height = '500px'; document.title = 'clicked'; };
requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { gap.style.height = '200px'; requestAnimationFrame(() => requestAnimationFrame(() => window.moved = true)); }, 50)));
</script>`)
		})
		s := newScene(t, mux, navigate, clickGo, `{"type":"waitForExpression","expression":"window.moved"}`,
			`{"type":"click","selectors":["#slow"],"offsetX":5,"offsetY":5}`, `{"type":"waitForExpression","expression":"document.title === 'clicked'"}`)
		s.o.Binary = bin
		s.req.Spec.Budgets = product.Budgets{INP: 100 * time.Millisecond, CLS: 0.1, LCP: time.Hour, TTFB: time.Hour}
		got := s.run(t, t.Context())
		if got.Outcome != signal.Pass {
			t.Fatalf("got %+v", got)
		}
		v := got.Vitals
		if v == nil || v.LCP == nil || v.FCP == nil || v.TTFB == nil || v.INP == nil || v.CLS == nil {
			t.Fatalf("got %+v", v)
		}
		// The box is seen on 600 of 720 px, before and after, and moves by 200 of
		// 1280: (600/720) · (200/1280) = 0.130.
		if *v.CLS < 0.08 || *v.CLS > 0.2 {
			t.Errorf("got CLS %v", *v.CLS)
		}
		if *v.INP < 150*time.Millisecond || *v.INP > 30*time.Second {
			t.Errorf("got INP %s", *v.INP)
		}
		if strings.Join(v.Over, " ") != "INP CLS" || got.Over != 2 {
			t.Errorf("got over %q, %d", v.Over, got.Over)
		}
	})
}

// TestVitalsNotMeasured holds that what was not measured is not zero.
func TestVitalsNotMeasured(t *testing.T) {
	t.Parallel()
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><script>window.here = Math.random()</script>`)
	}), navigate, `{"type":"waitForExpression","expression":"window.here"}`)
	got := s.run(t, t.Context())
	if got.Outcome != signal.Pass {
		t.Fatalf("got %+v", got)
	}
	if v := got.Vitals; v == nil || v.TTFB == nil || v.LCP != nil || v.FCP != nil || v.INP != nil || v.CLS != nil {
		t.Errorf("got %+v", v)
	}
}

func TestWatching(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(t *testing.T, bin browser.Binary) {
		s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<!doctype html><h1>0</h1><button id=go onclick="let n = 0; const t = () => { document.querySelector('h1').textContent = ++n; if (n < 30) requestAnimationFrame(t); else document.title = 'moved'; }; t()">Go</button>`)
		}), navigate, clickGo, `{"type":"waitForExpression","expression":"document.title === 'moved'"}`)
		s.o.Binary = bin
		var mu sync.Mutex
		frames, over := 0, false
		s.req.Watch = func(frame []byte) {
			mu.Lock()
			defer mu.Unlock()
			if over {
				t.Error("a frame came after the run")
			}
			if bytes.HasPrefix(frame, []byte("\xff\xd8\xff")) {
				frames++
			}
		}
		got := s.run(t, t.Context())
		mu.Lock()
		defer mu.Unlock()
		over = true
		if got.Outcome != signal.Pass || frames == 0 {
			t.Errorf("got %s, %d frames", got.Summary, frames)
		}
	})
}
