package browser

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// outside is a server nobody may reach: it counts connections and requests.
type outside struct {
	srv  *httptest.Server
	mu   sync.Mutex
	hits []string
}

func newOutside(t *testing.T) *outside {
	o := &outside{}
	o.srv = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { o.hit(r.Method + " " + r.URL.Path) }))
	o.srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			o.hit("connection")
		}
	}
	o.srv.Start()
	t.Cleanup(o.srv.Close)
	return o
}

func (o *outside) hit(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hits = append(o.hits, what)
}

func (o *outside) seen() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.hits)
}

// ways are all the ways we know in which a page reaches another host; OUT is the
// outside address. Each settles, whatever becomes of the request.
var ways = map[string]string{
	"fetch":      `fetch("OUT/fetch", {mode: "no-cors"}).catch(() => 0)`,
	"post":       `fetch("OUT/post", {method: "POST", mode: "no-cors", body: "x"}).catch(() => 0)`,
	"keepalive":  `fetch("OUT/keepalive", {method: "POST", mode: "no-cors", keepalive: true, body: "x"}).catch(() => 0)`,
	"beacon":     `navigator.sendBeacon("OUT/beacon", "x")`,
	"image":      `new Promise(done => { const i = new Image(); i.onload = i.onerror = () => done(1); i.src = "OUT/image" })`,
	"redirect":   `fetch("/redirect", {mode: "no-cors"}).catch(() => 0)`,
	"redirected": `fetch("/redirect307", {method: "POST", mode: "no-cors", body: "x"}).catch(() => 0)`,
	"socket":     `new Promise(done => { const s = new WebSocket("WSOUT/socket"); s.onerror = s.onopen = () => done(1) })`,
	"events":     `new Promise(done => { const s = new EventSource("OUT/events"); s.onerror = () => { s.close(); done(1) } })`,
	"frame":      `new Promise(done => { const f = document.createElement("iframe"); f.onload = () => done(1); f.src = "OUT/frame"; document.body.append(f) })`,
	"preload":    `new Promise(done => { const l = document.createElement("link"); l.rel = "preload"; l.as = "script"; l.onload = l.onerror = () => done(1); l.href = "OUT/preload"; document.head.append(l) })`,
	"prefetch":   `new Promise(done => { const l = document.createElement("link"); l.rel = "prefetch"; l.onload = l.onerror = () => done(1); l.href = "OUT/prefetch"; document.head.append(l) })`,
	"preconnect": `{ const l = document.createElement("link"); l.rel = "preconnect"; l.href = "OUT"; document.head.append(l) }; fetch("/")`,
	"ping":       `{ const a = document.createElement("a"); a.href = "#x"; a.ping = "OUT/ping"; document.body.append(a); a.click() }; fetch("/")`,
	"form":       `new Promise(done => { const f = document.createElement("iframe"); f.name = "sink"; f.onload = () => setTimeout(done, 50, 1); document.body.append(f); const m = document.createElement("form"); m.method = "post"; m.action = "OUT/form"; m.target = "sink"; document.body.append(m); m.submit() })`,
	"worker":     `new Promise(done => { const w = new Worker(URL.createObjectURL(new Blob(["fetch('OUT/worker', {method: 'POST', mode: 'no-cors'}).catch(() => 0).then(() => postMessage(1))"]))); w.onmessage = w.onerror = () => done(1) })`,
	"shared":     `new Promise(done => { const w = new SharedWorker("/shared.js"); w.onerror = () => done(1); w.port.onmessage = () => done(1); w.port.start() })`,
	"service":    `navigator.serviceWorker.register("/sw.js").then(r => new Promise(done => { const w = r.installing || r.active; if (w.state === "activated") done(1); w.onstatechange = () => { if (w.state === "activated" || w.state === "redundant") done(1) } }))`,
	"script":     `new Promise(done => { const s = document.createElement("script"); s.onload = s.onerror = () => done(1); s.src = "OUT/script"; document.head.append(s) })`,
	"font":       `new FontFace("x", "url(OUT/font)").load().catch(() => 0).then(() => 1)`,
	"popup":      `{ window.open("OUT/popup", "_blank", "noopener") }; fetch("/")`,
	"report":     `navigator.sendBeacon(new URL("OUT/report").href, new Blob(["{}"], {type: "application/json"}))`,
	"webrtc":     `new Promise(done => { try { const c = new RTCPeerConnection({iceServers: [{urls: "turn:TCPOUT?transport=tcp", username: "x", credential: "y"}]}); c.createDataChannel("x"); c.onicegatheringstatechange = () => { if (c.iceGatheringState === "complete") done(1) }; c.createOffer().then(o => c.setLocalDescription(o)); setTimeout(done, 1500, 1) } catch { done(1) } })`,
	"transport":  `(async () => { try { const w = new WebTransport("https://HOSTOUT/x"); await w.ready } catch {} })()`,
}

// inside is the site the page may use; its workers and redirects point outside.
func inside(t *testing.T, out string) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("/", site{
		"/":          "<title>in</title><body>in</body>",
		"/shared.js": `onconnect = e => fetch("` + out + `/shared", {method: "POST", mode: "no-cors"}).catch(() => 0).then(() => e.ports[0].postMessage(1))`,
		"/sw.js":     `oninstall = e => e.waitUntil(fetch("` + out + `/service", {method: "POST", mode: "no-cors"}).catch(() => 0))`,
	})
	mux.Handle("/redirect", http.RedirectHandler(out+"/redirect", http.StatusFound))
	mux.Handle("/redirect307", http.RedirectHandler(out+"/redirect307", http.StatusTemporaryRedirect))
	return serve(t, mux)
}

func spell(way, out string) string {
	u, err := url.Parse(out)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer(
		"WSOUT", strings.Replace(out, "http", "ws", 1), "HOSTOUT", u.Host, "TCPOUT", u.Host, "OUT", out,
	).Replace(way)
}

func TestFenceHosts(t *testing.T) {
	onBinaries(t, func(t *testing.T, bin string) {
		b := launchBin(t, bin, Options{})
		for _, name := range []string{"127.0.0.1", "localhost"} {
			out := newOutside(t)
			addr := strings.Replace(out.srv.URL, "127.0.0.1", name, 1)
			srv := inside(t, addr)
			host := strings.TrimPrefix(srv.URL, "http://")
			p := openIn(t, b, PageOptions{Fence: Fence{Hosts: []string{host}}})
			visit(t, p, srv.URL)
			var reported []string
			for way, script := range ways {
				if err := p.MainFrame().Evaluate(patient(t), Main, "(async () => { await ("+wrap(spell(script, addr))+")() })()", nil); err != nil {
					t.Errorf("%s: %v", way, err)
				}
				if got := out.seen(); len(got) > 0 {
					t.Fatalf("%s via %s got out: %v", way, name, got)
				}
				if err := p.Sync(patient(t)); err != nil {
					t.Fatal(err)
				}
				for _, x := range p.Since(Mark{}).Blocked {
					if u := strings.TrimPrefix(strings.TrimPrefix(x.URL, addr+"/"), strings.Replace(addr, "http", "ws", 1)+"/"); !slices.Contains(reported, u) {
						reported = append(reported, u)
					}
				}
			}
			for _, way := range []string{"fetch", "post", "keepalive", "beacon", "image", "redirect", "redirect307", "socket", "events", "frame", "preload", "prefetch", "ping", "form", "worker", "service", "script", "font", "popup"} {
				if !slices.Contains(reported, way) {
					t.Errorf("%s via %s was stopped, but not reported: %v", way, name, reported)
				}
			}
			_, err := p.Navigate(patient(t), addr+"/navigation")
			var failed *NavigationError
			if !errors.As(err, &failed) || !strings.Contains(failed.Reason, BlockedByFence) {
				t.Errorf("navigation: got %v, want it blocked by name", err)
			}
			if _, err = p.Navigate(patient(t), srv.URL+"/redirect"); !errors.As(err, &failed) || !strings.Contains(failed.Reason, BlockedByFence) {
				t.Errorf("redirected navigation: got %v, want it blocked by name", err)
			}
			visit(t, p, srv.URL)
			eval[any](t, p, spell(`addEventListener("pagehide", () => { navigator.sendBeacon("OUT/last", "x"); fetch("OUT/last", {method: "POST", mode: "no-cors", keepalive: true}) })`, addr))
			if err := p.Close(patient(t)); err != nil {
				t.Error(err)
			}
			if got := out.seen(); len(got) > 0 {
				t.Errorf("got out: %v", got)
			}
		}
	})
}

// wrap makes a function of a way, which is an expression or a block and an expression.
func wrap(way string) string {
	if block, last, ok := strings.Cut(way, "; fetch(\"/\")"); ok && last == "" {
		return "() => { " + block + "; return fetch(\"/\") }"
	}
	return "() => " + way
}

// The fence for writes looks at each request: reads pass, writes only as listed.
func TestFenceWrites(t *testing.T) {
	onBinaries(t, func(t *testing.T, bin string) {
		b := launchBin(t, bin, Options{})
		var mu sync.Mutex
		var wrote []string
		var base string
		mux := http.NewServeMux()
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodOptions {
				mu.Lock()
				wrote = append(wrote, r.Method+" "+r.URL.Path)
				mu.Unlock()
			}
			switch r.URL.Path {
			case "/shared.js", "/sw.js":
				w.Header().Set("Content-Type", "text/javascript")
			case "/redirect307":
				http.Redirect(w, r, "/redirected", http.StatusTemporaryRedirect)
				return
			default:
				w.Header().Set("Content-Type", "text/html")
			}
			site{
				"/":          "in",
				"/shared.js": `onconnect = e => fetch("/shared", {method: "POST", mode: "no-cors"}).catch(() => 0).then(() => e.ports[0].postMessage(1))`,
				"/sw.js":     `oninstall = e => e.waitUntil(fetch("/service", {method: "POST", mode: "no-cors"}).catch(() => 0))`,
			}.ServeHTTP(w, r)
		})
		srv := serve(t, mux)
		base = srv.URL
		p := openIn(t, b, PageOptions{
			Fence: Fence{Writes: []string{"POST /test-*", "POST /redirect307"}}, InjectOrigins: []string{base}, InjectHeaders: map[string]string{"X-Test": "1"},
		})
		visit(t, p, base)
		for _, way := range []string{"post", "keepalive", "beacon", "redirected", "ping", "form", "worker", "shared", "service"} {
			if err := p.MainFrame().Evaluate(patient(t), Main, "(async () => { await ("+wrap(spell(ways[way], base))+")() })()", nil); err != nil {
				t.Errorf("%s: %v", way, err)
			}
		}
		eval[any](t, p, `fetch("/test-order", {method: "POST"}).then(() => 1)`)
		eval[any](t, p, `fetch("/test-order", {method: "DELETE"}).catch(() => 1)`)
		eval[any](t, p, `addEventListener("pagehide", () => { navigator.sendBeacon("/last", "x"); fetch("/last2", {method: "POST", keepalive: true}) })`)
		got := settled(t, p, "blocked", func(g Telemetry) bool { return len(g.Blocked) >= 10 })
		for _, x := range got.Blocked {
			if x.Reason != "write" {
				t.Errorf("blocked: got %+v", x)
			}
		}
		if err := p.Close(patient(t)); err != nil {
			t.Error(err)
		}
		q := openIn(t, b, PageOptions{}) // one more round trip for what might still be under way
		visit(t, q, base)
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(wrote)
		if fmt.Sprint(wrote) != "[POST /redirect307 POST /test-order]" {
			t.Errorf("wrote: got %v", wrote)
		}
	})
}

func TestFenceRules(t *testing.T) {
	t.Parallel()
	f, err := newFence(Fence{
		Hosts:  []string{"Shop.example", "*.cdn.example", "127.0.0.1:8080", "[::1]:9", "pay.example:443"},
		Writes: []string{"POST /api/test-*/items", "* pay.example/x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"GET https://shop.example/":                      "",
		"GET http://shop.example:81/":                    "",
		"GET http://SHOP.example./":                      "",
		"GET https://a.b.cdn.example/":                   "",
		"GET https://cdn.example/":                       "host",
		"GET https://evilcdn.example/":                   "host",
		"GET https://shop.example.evil.test/":            "host",
		"GET https://shop.example@evil.test/":            "host",
		"GET http://127.0.0.1:8080/":                     "",
		"GET http://127.0.0.1:8081/":                     "host",
		"GET http://[::1]:9/":                            "",
		"GET wss://pay.example/":                         "",
		"GET ws://pay.example/":                          "host",
		"GET file:///etc/passwd":                         "host",
		"GET data:text/plain,x":                          "",
		"GET ftp://shop.example/":                        "host",
		"POST https://shop.example/api/test-1/items":     "",
		"POST https://shop.example/api/test-1/items?a=b": "",
		"POST https://shop.example/api/test-1":           "write",
		"PUT https://shop.example/api/test-1/items":      "write",
		"PATCH https://pay.example/x":                    "",
		"POST https://evil.example/api/test-1/items":     "host",
	} {
		method, raw, _ := strings.Cut(in, " ")
		if got := f.refuses(method, raw); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
	for _, bad := range []Fence{
		{Hosts: []string{""}},
		{Hosts: []string{"*"}},
		{Hosts: []string{"a.*.b"}},
		{Hosts: []string{"https://x"}},
		{Hosts: []string{"x:http"}},
		{Hosts: []string{"a;b"}},
		{Writes: []string{"/x"}},
		{Writes: []string{"POST x"}},
		{Writes: []string{"POST *.x/y"}},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v: accepted", bad)
		}
	}
	if nothing, err := newFence(Fence{}); err != nil || nothing.refuses("POST", "https://x/") != "" || nothing.inspects() {
		t.Error("no fence, and yet one")
	}
}
