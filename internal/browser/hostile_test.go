package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// hostile are pages that would not let anything else happen. Each must let
// Navigate end within the deadline, and the page close.
var hostile = map[string]string{
	"alerts":       `<script>for (;;) alert("x")</script>`,
	"confirms":     `<script>setInterval(() => { while (confirm("x") || true); }, 0)</script>`,
	"prompts":      `<script>addEventListener("load", () => { for (;;) prompt("x", "y") })</script>`,
	"frozen":       `<script>for (;;);</script>`,
	"frozen late":  `<script>addEventListener("load", () => setTimeout(() => { for (;;); }, 0))</script>`,
	"reload":       `<script>location.reload()</script>`,
	"reloads":      `<script>setInterval(() => location.reload(), 1)</script>`,
	"documents":    `<script>(function again() { document.open(); document.write("<p>x"); document.close(); setTimeout(again, 0) })()</script>`,
	"history":      `<script>addEventListener("load", () => { for (let i = 0; i < 1e4; i++) { try { history.pushState({}, "", "#" + i) } catch {} } })</script>`,
	"huge":         `<script>const d = document.createDocumentFragment(); for (let i = 0; i < 3e5; i++) d.append(document.createElement("p")); addEventListener("load", () => document.body.append(d))</script>`,
	"stay":         `<script>addEventListener("beforeunload", e => { e.preventDefault(); e.returnValue = "stay" }); onpagehide = () => { for (;;); }</script>`,
	"closes":       `<script>window.close(); window.close = () => {}; window.closed_ = true; parent.postMessage("closed", "*")</script>`,
	"popups":       `<script>for (let i = 0; i < 300; i++) window.open("/quiet?" + i, "_blank")</script>`,
	"console":      `<script>for (let i = 0; i < 3e5; i++) console.log("line", i, {i})</script>`,
	"overrides":    `<script>window.closed = true; Object.prototype.toJSON = () => { throw 1 }; JSON.stringify = () => { throw 1 }; window.addEventListener = () => { throw 1 }; Promise = undefined; Array.prototype.map = null</script>`,
	"loop of urls": `<meta http-equiv=refresh content="0">`,
	"workers":      `<script>for (let i = 0; i < 50; i++) new Worker(URL.createObjectURL(new Blob(["for (;;) postMessage(1)"])))</script>`,
}

// hostileSite serves the pages by name, and a quiet one.
func hostileSite(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	for name, body := range hostile {
		mux.HandleFunc("/"+strings.ReplaceAll(name, " ", "-"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, body+"<title>hostile</title>")
		})
	}
	mux.Handle("/quiet", site{"/quiet": "<title>quiet</title>"})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>big</title><!--")
		for range 100 {
			if _, err := w.Write(bytes.Repeat([]byte("all work \n"), 1<<20/10)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/around", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/around", http.StatusFound) })
	mux.HandleFunc("/farther", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/farther?"+r.URL.RawQuery+"x", http.StatusFound)
	})
	mux.HandleFunc("/auth", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	return serve(t, mux)
}

func TestHostilePages(t *testing.T) {
	srv := hostileSite(t)
	onBinaries(t, func(t *testing.T, bin string) {
		b := launchBin(t, bin, Options{})
		for name := range hostile {
			t.Run(name, func(t *testing.T) {
				p := openIn(t, b, PageOptions{DialogLimit: 30})
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				began := time.Now()
				_, err := p.Navigate(ctx, srv.URL+"/"+strings.ReplaceAll(name, " ", "-"))
				if err == nil {
					_, err = p.Screenshot(ctx, ScreenshotOptions{})
				}
				var failed *NavigationError
				if err != nil && !errors.As(err, &failed) && ctx.Err() == nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrHostile) {
					t.Errorf("got %v, want a named end", err)
				}
				t.Logf("%v after %v", err, time.Since(began))
				switch name {
				case "alerts", "confirms", "prompts":
					if err := p.Await(patient(t), func() bool { return false }); !errors.Is(err, ErrHostile) {
						t.Errorf("got %v, want it given up", err)
					}
				case "popups":
					settled(t, p, "tabs turned away", func(g Telemetry) bool { return g.Dropped.Tabs >= 200 })
				case "closes":
					if err == nil && p.Closed() {
						t.Error("closed without an error")
					}
				}
				if err := p.Close(patient(t)); err != nil {
					t.Errorf("close: %v", err)
				}
				if !p.Closed() {
					t.Error("still there after close")
				}
				next := openIn(t, b, PageOptions{})
				visit(t, next, srv.URL+"/quiet")
				if got, err := next.Title(patient(t)); got != "quiet" || err != nil {
					t.Errorf("the next page: got %q %v", got, err)
				}
				if err := next.Close(patient(t)); err != nil {
					t.Error(err)
				}
			})
		}
	})
}
