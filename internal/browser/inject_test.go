package browser

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// witness records which requests came, and whether with our header.
type witness struct {
	mu   sync.Mutex
	seen map[string]string // "METHOD /path" → the header's value
}

func (w *witness) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.seen[r.Method+" "+r.URL.Path] = r.Header.Get("X-Synthetic")
		w.mu.Unlock()
		rw.Header().Set("Access-Control-Allow-Origin", "*")
		h.ServeHTTP(rw, r)
	})
}

func (w *witness) get(path string) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.seen[path]
	return v, ok
}

func (w *witness) preflights() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for k := range w.seen {
		if strings.HasPrefix(k, "OPTIONS") {
			list = append(list, k)
		}
	}
	return list
}

func TestInjectFirstPartyOnly(t *testing.T) {
	t.Parallel()
	shopSaw, otherSaw := &witness{seen: map[string]string{}}, &witness{seen: map[string]string{}}
	var shopURL, otherURL string
	shop := http.NewServeMux()
	other := http.NewServeMux()
	other.Handle("/", site{"/img": "", "/api": "", "/landed": "landed", "/frame": "frame", "/nested": "PLACEHOLDER"})
	other.HandleFunc("/embed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<iframe src="%s/nested"></iframe>`, shopURL)
	})
	shop.HandleFunc("/to-other", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, otherURL+"/landed", http.StatusFound)
	})
	shop.HandleFunc("/to-self", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/arrived", http.StatusFound) })
	shop.Handle("/", site{
		"/": `<title>shop</title>`, "/api": "", "/arrived": "arrived", "/nested": "nested", "/popup": "popup",
		"/w.js": `fetch("/from-worker").then(() => postMessage(1))`, "/from-worker": "",
		"/sw.js": `oninstall = e => e.waitUntil(fetch("/from-sw"))`, "/from-sw": "",
	})
	shopSrv, otherSrv := serve(t, shopSaw.wrap(shop)), serve(t, otherSaw.wrap(other))
	shopURL, otherURL = shopSrv.URL, localhost(otherSrv)

	p := open(t, PageOptions{
		InjectOrigins: []string{shopURL},
		InjectHeaders: map[string]string{"X-Synthetic": "yes"},
	})
	visit(t, p, shopURL+"/")
	eval[any](t, p, `fetch("/api")`)
	eval[any](t, p, fmt.Sprintf(`fetch("%s/api")`, otherURL))
	eval[any](t, p, `fetch("/to-other")`)
	eval[any](t, p, `fetch("/to-self")`)
	eval[any](t, p, fmt.Sprintf(`new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = "%s/img" }).then(() => 1)`, otherURL))
	eval[any](t, p, fmt.Sprintf(`new Promise(done => { const f = document.createElement("iframe"); f.onload = done; f.src = "%s/embed"; document.body.append(f) }).then(() => 1)`, otherURL))
	eval[any](t, p, `new Promise(done => { new Worker("/w.js").onmessage = done }).then(() => 1)`)
	eval[any](t, p, `navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then(() => 1)`)
	if err := p.MainFrame().Call(t.Context(), "Runtime.evaluate", map[string]any{"expression": `window.open("/popup"); 1`, "userGesture": true}, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Await(patient(t), func() bool {
		return slices.ContainsFunc(p.Pages(), func(o *Page) bool { return o.URL() == shopURL+"/popup" })
	}); err != nil {
		t.Fatal(err)
	}

	for _, path := range []string{"/", "/api", "/to-other", "/to-self", "/arrived", "/nested", "/w.js", "/from-worker", "/sw.js", "/from-sw", "/popup"} {
		if v, ok := shopSaw.get("GET " + path); v != "yes" {
			t.Errorf("first party %s: got %q (seen %v), want the header", path, v, ok)
		}
	}
	for _, path := range []string{"/api", "/landed", "/img", "/embed"} {
		if v, ok := otherSaw.get("GET " + path); v != "" || !ok {
			t.Errorf("third party %s: got %q (seen %v), want no header", path, v, ok)
		}
	}
	if got := append(shopSaw.preflights(), otherSaw.preflights()...); len(got) > 0 {
		t.Errorf("preflights: got %v, want none: simple requests must stay simple", got)
	}
	visit(t, p, shopURL+"/to-other")
	if v, _ := otherSaw.get("GET /landed"); v != "" {
		t.Errorf("document redirected to a third party: got %q, want no header", v)
	}
}

func TestInjectRefuses(t *testing.T) {
	t.Parallel()
	for _, o := range []PageOptions{
		{InjectOrigins: []string{"*"}},
		{InjectOrigins: []string{"https://*.example"}},
		{InjectOrigins: []string{"https://shop.example/path"}},
		{InjectOrigins: []string{"https://user@shop.example"}},
		{InjectOrigins: []string{"ftp://shop.example"}},
		{InjectHeaders: map[string]string{"": "x"}},
		{InjectHeaders: map[string]string{"A b": "x"}},
		{InjectHeaders: map[string]string{"A": "x\r\nB: y"}},
	} {
		if err := checkInjection(o); err == nil {
			t.Errorf("%+v: got no error", o)
		}
	}
	for raw, want := range map[string]string{
		"https://Shop.example:443/": "https://shop.example",
		"http://[::1]:8080":         "http://[::1]:8080",
	} {
		if got, err := parseOrigin(raw); err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", raw, got, err, want)
		}
	}
	o := PageOptions{
		InjectOrigins: []string{"https://shop.example"},
		InjectHeaders: map[string]string{"A": "1"},
		InjectFor:     map[string]map[string]string{"https://shop.example:443": {"B": "2"}, "https://pay.example": {"B": "3"}},
	}
	for raw, want := range map[string]string{
		"https://shop.example/x":          "map[A:1 B:2]",
		"https://shop.example:443/x":      "map[A:1 B:2]",
		"https://SHOP.example/x":          "map[A:1 B:2]",
		"https://user@shop.example/":      "map[A:1 B:2]",
		"https://pay.example/x":           "map[B:3]",
		"http://shop.example/x":           "map[]",
		"https://shop.example:8443/x":     "map[]",
		"https://shop.example.evil.test/": "map[]",
		"https://shop.example@evil.test/": "map[]",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(o.headersFor(originOf(u))); got != want {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	}
}

func TestUserAgentAndCookies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	agents, cookies := map[string]string{}, map[string]string{}
	h := site{"/": `<script>new Worker("/w.js").onmessage = () => document.title = "done"</script>`, "/w.js": `fetch("/api").then(() => postMessage(navigator.userAgent))`, "/api": ""}
	srv := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		agents[r.URL.Path] = r.UserAgent()
		cookies[r.URL.Path] = r.Header.Get("Cookie")
		mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	const suffix = "Postflight/1.0 (+synthetic)"
	b := launch(t, Options{UserAgentSuffix: suffix})
	p := openIn(t, b, PageOptions{})
	if err := p.SetCookies(t.Context(), []Cookie{{Name: "tag", Value: "canary", URL: srv.URL}}); err != nil {
		t.Fatal(err)
	}
	visit(t, p, srv.URL)
	eventually(t, "worker answers", func() bool { return eval[string](t, p, "document.title") == "done" })
	mu.Lock()
	agents, cookies = maps.Clone(agents), maps.Clone(cookies)
	mu.Unlock()
	for _, path := range []string{"/", "/w.js", "/api"} {
		if want := b.Binary.UserAgent + " " + suffix; agents[path] != want {
			t.Errorf("%s: got %q, want %q", path, agents[path], want)
		}
		if cookies[path] != "tag=canary" {
			t.Errorf("%s: got cookie %q", path, cookies[path])
		}
	}
	if b.Binary.UserAgent == "" || strings.Contains(b.Binary.UserAgent, "Postflight") {
		t.Errorf("own user agent: got %q", b.Binary.UserAgent)
	}
	other := openIn(t, b, PageOptions{})
	visit(t, other, srv.URL)
	if got := eval[string](t, other, "document.cookie"); got != "" {
		t.Errorf("cookies leak between contexts: got %q", got)
	}
}

func TestHostRules(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": "<title>mapped</title>"})
	b := launch(t, Options{HostRules: "MAP shop.example " + strings.TrimPrefix(srv.URL, "http://") + ", MAP * ~NOTFOUND"})
	p := openIn(t, b, PageOptions{})
	visit(t, p, "http://shop.example/")
	if got, err := p.Title(t.Context()); got != "mapped" || err != nil {
		t.Errorf("got %q %v", got, err)
	}
	if _, err := p.Navigate(patient(t), "http://other.example/"); err == nil {
		t.Error("a fenced host was reached")
	}
}
