package ingest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// pages are the ways in which a page starts, by path.
func pages() map[string]string {
	ready := `<script>window.__postflight && window.__postflight()</script>`
	return map[string]string{
		"/ready":   `<p>hello</p>` + ready,
		"/twice":   `<p>hello</p>` + ready + `<script>__postflight; setTimeout(function(){throw new Error("later")})</script>`,
		"/throw":   `<script src="/js/throw.js"></script>`,
		"/syntax":  `<script src="/js/syntax.js"></script>`,
		"/module":  `<script type="module" src="/js/throw.js"></script>`,
		"/html":    `<script src="/js/html.js"></script>`,
		"/missing": `<script src="/js/none.js?v=1"></script>`,
		"/style":   `<link rel="stylesheet" href="/js/none.css">`,
		"/reject":  `<script>Promise.reject(new Error("</script\x3e<b>no api"))</script>`,
		"/undef":   `<script>Promise.reject()</script>`,
		"/never":   `<div id="root"></div>`,
		"/shown":   `<div id="root">still loading</div>`,
		"/image":   `<img src="/js/none.png">` + ready,
		"/csp":     `<script>document.title = "blocked"</script>`,
		"/many":    `<script>for (var i = 0; i < 20; i++) setTimeout(function (i) { throw new Error("no " + i) }, 0, i)</script>`,
	}
}

// product server: pages with the script in their head, broken bundles, and
// the endpoint on the same origin.
func bootSite(t *testing.T, stored chan<- signal.Signal) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.Handle("/boot/{product}", NewBootHandler(BootOptions{
		Products: []product.Product{{ID: "shop", URL: s.URL}},
		Known:    func(_ product.ID, v string) (release.ID, bool) { return "rel-4", v == "v4" },
		Verify:   func(r *http.Request) bool { return r.Header.Get("Postflight-Synthetic") == "good" },
		Report:   func(_ context.Context, s signal.Signal) error { stored <- s; return nil },
	}))
	guard := Script(Options{Endpoint: "/boot", Version: "v4", Product: "shop", Deadline: time.Second})
	for path, body := range pages() {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Referrer-Policy", "no-referrer")
			if path == "/csp" {
				w.Header().Set("Content-Security-Policy", "script-src "+ScriptHash()+"; connect-src 'self'")
			}
			fmt.Fprintf(w, "<!doctype html><html><head><meta charset=utf-8>%s<title>x</title></head><body>%s</body></html>", guard, body)
		})
	}
	bundle := func(name, kind, text string) {
		mux.HandleFunc("/js/"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, text)
		})
	}
	bundle("throw.js", "text/javascript", "\n  nowhere.start();")
	bundle("syntax.js", "text/javascript", "var a = ;")
	bundle("html.js", "text/html", "<!doctype html>")
	return s
}

func openBrowser(t *testing.T) *browser.Browser {
	t.Helper()
	bin, err := browser.Find(t.Context(), "")
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("no browser: %v", err)
		}
		t.Fatal(err)
	}
	b, err := browser.Launch(t.Context(), browser.Options{Binary: bin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestBootScriptInChromium(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	stored := make(chan signal.Signal, 100)
	s, b := bootSite(t, stored), openBrowser(t)
	tests := []struct {
		path, event, kind, message, position string
		check                                func(signal.Signal) bool
	}{
		{path: "/ready", event: "ok", check: func(s signal.Signal) bool {
			return s.Outcome == signal.Pass && s.Served == "v4" && s.Release == "rel-4" && s.BootInfo.Synthetic && s.BootInfo.Token != ""
		}},
		{path: "/twice", event: "ok"},
		{path: "/throw", event: "fatal", kind: "error", message: "nowhere is not defined", position: "/js/throw.js:2:3"},
		{path: "/syntax", event: "fatal", kind: "error", message: "Unexpected token ';'", position: "/js/syntax.js:1:9"},
		{path: "/module", event: "fatal", kind: "error", message: "nowhere is not defined", position: "/js/throw.js:2:3"},
		{path: "/html", event: "fatal", kind: "error", message: "Unexpected token '<'", position: "/js/html.js:1:1"},
		{path: "/missing", event: "fatal", kind: "resource", message: "did not load", check: func(s signal.Signal) bool { return strings.HasSuffix(s.Failure.URL, "/js/none.js") }},
		{path: "/style", event: "fatal", kind: "resource", message: "did not load", check: func(s signal.Signal) bool { return strings.HasSuffix(s.Failure.URL, "/js/none.css") }},
		{path: "/reject", event: "fatal", kind: "rejection", message: "</script><b>no api"},
		{path: "/undef", event: "fatal", kind: "rejection", message: "undefined"},
		{path: "/never", event: "late", kind: "deadline", message: "complete", check: func(s signal.Signal) bool { return s.BootInfo.Empty }},
		{path: "/shown", event: "late", kind: "deadline", message: "complete", check: func(s signal.Signal) bool { return !s.BootInfo.Empty }},
		{path: "/image", event: "ok"},
		{path: "/csp", event: "fatal", kind: "csp", message: "blocked inline"},
	}
	for _, tt := range tests {
		got := visit(t, b, s.URL, tt.path, stored)
		r := got.BootInfo
		position := ""
		if got.Failure != nil {
			position = strings.TrimPrefix(got.Failure.Position, s.URL)
		}
		if r.Event != tt.event || r.Kind != tt.kind || !strings.Contains(r.Message, tt.message) || r.Page != tt.path {
			t.Errorf("%s: got %+v", tt.path, r)
		}
		if tt.position != "" && position != tt.position {
			t.Errorf("%s: got position %s, want %s", tt.path, position, tt.position)
		}
		if tt.check != nil && !tt.check(got) {
			t.Errorf("%s: got %+v %+v", tt.path, got, r)
		}
	}
}

// visit opens the page and returns the first report it makes.
func visit(t *testing.T, b *browser.Browser, base, path string, stored <-chan signal.Signal) signal.Signal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := b.NewPage(ctx, browser.PageOptions{
		InjectOrigins: []string{base}, InjectHeaders: map[string]string{"Postflight-Synthetic": "good"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(ctx)
	if _, err := p.Navigate(ctx, base+path); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for {
		select {
		case s := <-stored:
			if s.Name == path { // not the parting word of the page before
				return s
			}
		case <-ctx.Done():
			t.Fatalf("%s made no report", path)
		}
	}
}

func TestBootScriptSendsFewReports(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	stored := make(chan signal.Signal, 100)
	s, b := bootSite(t, stored), openBrowser(t)
	p, err := b.NewPage(t.Context(), browser.PageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, path := range []string{"/many", "/never"} {
		if _, err := p.Navigate(t.Context(), s.URL+path); err != nil {
			t.Fatal(err)
		}
		for seen[path] < 5 {
			got := <-stored
			seen[got.Name]++
			if got.BootInfo.Event == "late" && got.Name == "/never" {
				break
			}
		}
	}
	if seen["/many"] != 5 {
		t.Errorf("got %d reports of one page with 20 errors, want 5", seen["/many"])
	}
}
