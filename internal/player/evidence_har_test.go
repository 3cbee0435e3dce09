package player

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/websocket"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/signal"
)

// eachBrowser runs a test on the binaries that POSTFLIGHT_TEST_BROWSERS names:
// shell (the default), full or both.
func eachBrowser(t *testing.T, fn func(t *testing.T, bin browser.Binary)) {
	t.Helper()
	which := os.Getenv("POSTFLIGHT_TEST_BROWSERS")
	for kind, name := range map[string]string{"shell": "chromium-headless-shell", "full": "chromium"} {
		if kind != which && which != "both" && (which != "" || kind != "shell") {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bin, err := browser.Find(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			fn(t, bin)
		})
	}
}

// busy is a site that does everything an archive has to show.
func busy(other string) http.Handler {
	mux := http.NewServeMux()
	html := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "cookie-secret-1", Path: "/", HttpOnly: true})
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, body)
		})
	}
	html("/{$}", `<!doctype html><title>Old</title><button id=go onclick="location='/new?token=url-secret-2'">Go</button>`)
	mux.Handle("/start", http.RedirectHandler("/hop", http.StatusFound))
	mux.Handle("/hop", http.RedirectHandler("/", http.StatusMovedPermanently))
	html("/new", `<!doctype html><title>New</title><img src="/dot.png"><img src="/dot.png?again"><script src="/big.js"></script><script>
(async () => {
  await navigator.serviceWorker.register('/sw.js');
  await navigator.serviceWorker.ready;
  await fetch('/api/save', {method: 'POST', headers: {'Content-Type': 'application/json', Authorization: 'Bearer header-secret-3'}, body: JSON.stringify({name: 'Ada', password: 'body-secret-4'})});
  await fetch('/api/form', {method: 'POST', body: new URLSearchParams({a: 'b c', pin: 'form-sec' + 'ret-5'})});
  await fetch('/cached'); await fetch('/cached', {cache: 'no-cache'});
  await fetch('/api/broken').catch(() => {});
  await fetch('`+other+`/third').catch(() => {});
  await fetch('http://127.0.0.1:1/refused').catch(() => {});
  const ws = new WebSocket('ws://' + location.host + '/live');
  ws.onopen = () => ws.send('hello');
  ws.onmessage = () => { document.body.append('all done'); window.done = true; };
})();</script>`)
	mux.HandleFunc("/sw.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, `self.addEventListener('install', (e) => e.waitUntil(fetch('/from-worker')));`)
	})
	mux.HandleFunc("/big.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "/*"+strings.Repeat("x", 20000)+"*/")
		_ = z.Close()
	})
	mux.HandleFunc("/dot.png", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte("\x89PNG\r\n\x1a\n"))
	})
	mux.HandleFunc("/cached", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "kept")
	})
	mux.HandleFunc("/api/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"error":"no stock","access_token":"json-secret-6"}`)
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) })
	mux.HandleFunc("/from-worker", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "w") })
	mux.Handle("/live", websocket.Handler(func(c *websocket.Conn) {
		var text string
		if websocket.Message.Receive(c, &text) == nil {
			_ = websocket.Message.Send(c, "welcome")
			_, _ = io.Copy(io.Discard, c)
		}
	}))
	return mux
}

func TestArchive(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(t *testing.T, bin browser.Binary) {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			_, _ = io.WriteString(w, "third")
		}))
		t.Cleanup(other.Close)
		s := newScene(t, busy(strings.Replace(other.URL, "127.0.0.1", "localhost", 1)), `{"type":"navigate","url":"§/start"}`, clickGo,
			`{"type":"waitForExpression","expression":"window.done"}`)
		s.o.Binary = bin
		s.req.Spec.Errors = "warn"
		s.req.Trace = true
		got := s.run(t, t.Context())
		text := unzip(t, s.artifact(t, got, "har"))
		h := s.har(t, got)
		if err := har.Validate(h); err != nil {
			t.Error(err)
		}
		validate(t, text)
		for i := 1; i <= 6; i++ {
			if secret := fmt.Sprintf("secret-%d", i); bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s is in the archive", secret)
			}
		}
		checkArchive(t, h, s.site.URL)
		trace := unzip(t, s.artifact(t, got, "trace"))
		if !bytes.Contains(trace, []byte("traceEvents")) || bytes.Contains(trace, []byte("url-secret")) {
			t.Errorf("got a trace of %d bytes", len(trace))
		}
	})
}

func checkArchive(t *testing.T, h har.HAR, site string) {
	t.Helper()
	by := map[string][]har.Entry{}
	for _, e := range h.Log.Entries {
		path := strings.TrimPrefix(strings.Replace(e.Request.URL, "ws://", "http://", 1), site)
		path, _, _ = strings.Cut(path, "?")
		by[path] = append(by[path], e)
	}
	one := func(path string) har.Entry {
		t.Helper()
		if len(by[path]) == 0 {
			t.Errorf("no entry for %s", path)
			return har.Entry{}
		}
		return by[path][0]
	}
	if e := one("/start"); e.Response.Status != 302 || e.Response.RedirectURL != site+"/hop" {
		t.Errorf("got %+v", e.Response)
	}
	if e := one("/hop"); e.Response.Status != 301 || e.Page != "page_1" {
		t.Errorf("got %+v", e)
	}
	if e := one("/"); !strings.Contains(e.Response.Content.Text, "Go</button>") || e.Response.Cookies[0].Name != "sid" {
		t.Errorf("a body did not survive the navigation: %+v", e.Response)
	}
	if e := one("/big.js"); e.Response.Content.Size < 20000 || e.Response.Content.Compression < 19000 || e.Response.BodySize > 1000 || e.Response.BodySize <= 0 {
		t.Errorf("got %+v", e.Response)
	}
	if e := one("/dot.png"); e.Response.Content.Text != "" || e.Response.Content.Comment == "" || e.Type != "image" || e.Page != "page_2" {
		t.Errorf("got %+v", e)
	}
	if e := one("/api/save"); e.Request.Method != "POST" || !strings.Contains(e.Request.Post.Text, `"Ada"`) || e.Response.Content.Text != `{"ok":true}` {
		t.Errorf("got %+v", e)
	}
	if e := one("/api/form"); len(e.Request.Post.Params) != 2 || e.Request.Post.Params[0].Value != "b c" {
		t.Errorf("got %+v", e.Request.Post)
	}
	if e := one("/api/broken"); e.Response.Status != 500 || !strings.Contains(e.Response.Content.Text, "no stock") {
		t.Errorf("got %+v", e.Response)
	}
	if list := by["/cached"]; len(list) != 2 || list[1].Response.Status != 304 {
		t.Errorf("got %+v", list)
	}
	if e := one("/live"); len(e.Messages) != 2 || e.Messages[0].Data != "hello" || e.Messages[1].Data != "welcome" || e.Response.Status != 101 {
		t.Errorf("got %+v", e)
	}
	if e := one("/from-worker"); e.Response.Status != 200 {
		t.Errorf("got %+v", e.Response)
	}
	if e := one("http://127.0.0.1:1/refused"); e.Response.Status != 0 || !strings.Contains(e.Response.Error, "ERR_") {
		t.Errorf("got %+v", e.Response)
	}
}

// validate holds an archive against the schema of the format.
func validate(t *testing.T, text []byte) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../har/testdata/har-1.2.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
}

// TestNoBodiesOfAPass holds that a run that passed keeps no bodies.
func TestNoBodiesOfAPass(t *testing.T) {
	t.Parallel()
	s := newScene(t, busy("http://127.0.0.1:1"), navigate, `{"type":"waitForElement","selectors":["#go"]}`)
	got := s.run(t, t.Context())
	if got.Outcome != signal.Pass {
		t.Fatalf("got %+v", got)
	}
	for _, e := range s.har(t, got).Log.Entries {
		if e.Response.Content.Text != "" {
			t.Errorf("got a body of %s", e.Request.URL)
		}
	}
}
