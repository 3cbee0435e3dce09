package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNavigate(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/", site{"/": "<title>home</title>", "/client": `<script>location.replace("/end")</script>`, "/end": "<title>end</title>"})
	mux.Handle("/moved", http.RedirectHandler("/end", http.StatusFound))
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("X-Release", "v7")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, "<h1>bad gateway</h1>")
	})
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/drop", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	srv := serve(t, mux)
	refused := serve(t, mux)
	refused.Close()
	p := open(t, PageOptions{ResponseHeaders: []string{"X-Release"}})

	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/", "/", 200},
		{"/moved", "/end", 200},
		{"/client", "/end", 200},
		{"/broken", "/broken", 502},
	} {
		n, err := p.Navigate(patient(t), srv.URL+c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if c.path == "/client" { // load may have fired on either document
			err := p.Await(patient(t), func() bool { return p.URL() == srv.URL+c.want && p.MainFrame().Loaded() })
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if n.URL != srv.URL+c.want || n.Status != c.status {
			t.Errorf("%s: got %s %d, want %s %d", c.path, n.URL, n.Status, c.want, c.status)
		}
	}

	for url, want := range map[string]string{
		refused.URL:               "net::ERR_CONNECTION_REFUSED",
		srv.URL + "/loop":         "net::ERR_TOO_MANY_REDIRECTS",
		srv.URL + "/drop":         "net::ERR_EMPTY_RESPONSE",
		"http://name.invalid/":    "net::ERR_NAME_NOT_RESOLVED",
		"not a url":               "Cannot navigate to invalid URL",
		"http://127.0.0.1:1/port": "net::ERR_UNSAFE_PORT",
	} {
		_, err := p.Navigate(patient(t), url)
		var failed *NavigationError
		if !errors.As(err, &failed) || failed.Reason != want {
			t.Errorf("%s: got %v, want %s", url, err, want)
		}
	}

	if err := p.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	hops, release := 0, ""
	for _, r := range p.Since(Mark{}).Requests {
		if strings.HasSuffix(r.URL, "/loop") && r.Status == 302 {
			hops++
		}
		if strings.HasSuffix(r.URL, "/broken") {
			release = r.Header["x-release"]
		}
	}
	if hops < 10 {
		t.Errorf("redirect hops recorded: got %d, want the whole loop", hops)
	}
	if release != "v7" {
		t.Errorf("kept header: got %q, want v7", release)
	}
}

func TestNavigateSameDocument(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": "<title>home</title>"})
	p := open(t, PageOptions{})
	visit(t, p, srv.URL+"/")
	n, err := p.Navigate(patient(t), srv.URL+"/#part")
	if err != nil || !n.SameDocument || n.URL != srv.URL+"/#part" {
		t.Errorf("got %+v %v, want the same document", n, err)
	}
	w := p.WatchNavigation()
	if w.Started() {
		t.Error("started before anything happened")
	}
	eval[any](t, p, `history.pushState({}, "", "/pushed")`)
	if n, err := w.Wait(patient(t)); err != nil || !n.SameDocument || n.URL != srv.URL+"/pushed" {
		t.Errorf("got %+v %v, want the pushed state", n, err)
	}
}

func TestWatchNavigation(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": `<a id=a href="/next">x</a>`, "/next": "<title>next</title>"})
	dead := serve(t, site{})
	dead.Close()
	p := open(t, PageOptions{})
	visit(t, p, srv.URL+"/")
	w := p.WatchNavigation()
	eval[any](t, p, `document.getElementById("a").click()`)
	n, err := w.Wait(patient(t))
	if err != nil || n.Status != 200 || n.URL != srv.URL+"/next" || !w.Started() {
		t.Errorf("got %+v %v, want /next loaded", n, err)
	}
	w = p.WatchNavigation()
	eval[any](t, p, `location.href = "`+dead.URL+`"; 1`)
	_, err = w.Wait(patient(t))
	var failed *NavigationError
	if !errors.As(err, &failed) || failed.Reason != "net::ERR_CONNECTION_REFUSED" {
		t.Errorf("got %v, want connection refused", err)
	}
	visit(t, p, srv.URL+"/")
	w = p.WatchNavigation()
	if _, err = w.Wait(impatient(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline: nothing navigates", err)
	}
}

// Pages that never load end at the deadline, say why, and cost us no memory.
func TestNavigateEndless(t *testing.T) {
	t.Parallel()
	chunk := []byte(strings.Repeat("x", 1<<16))
	endless := func(kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			for i := 0; i < 1<<14 && r.Context().Err() == nil; i++ { // 1 GiB
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
			<-r.Context().Done() // even a quick reader waits
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/big.html", endless("text/html"))
	mux.HandleFunc("/big.css", endless("text/css"))
	mux.Handle("/", site{"/style": `<link rel=stylesheet href=/big.css>`, "/busy": `<script>for(;;);</script>`})
	srv := serve(t, mux)
	p := open(t, PageOptions{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for path, want := range map[string]string{
		"/silent":   "no response; 1 requests pending, the oldest " + srv.URL + "/silent",
		"/big.html": "the load event did not fire; 1 requests pending, the oldest " + srv.URL + "/big.html",
		"/style":    "the load event did not fire; 1 requests pending, the oldest " + srv.URL + "/big.css",
	} {
		_, err := p.Navigate(impatient(t), srv.URL+path)
		var failed *NavigationError
		if !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want a navigation error at the deadline", path, err)
			continue
		}
		if want = "not loaded in time: " + want; failed.Reason != want {
			t.Errorf("%s:\n got %s\nwant %s", path, failed.Reason, want)
		}
		if _, err := p.Navigate(patient(t), "about:blank"); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("our heap grew by %d MiB", grown>>20)
	}
	if _, err := p.Navigate(impatient(t), srv.URL+"/busy"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("busy page: got %v, want the deadline", err)
	}
}

func TestCrash(t *testing.T) {
	t.Parallel()
	p := open(t, PageOptions{})
	failed := make(chan error, 1)
	go func() { failed <- p.MainFrame().Evaluate(patient(t), Main, "new Promise(()=>{})", nil) }()
	_, err := p.Navigate(patient(t), "chrome://crash")
	if !errors.Is(err, ErrCrashed) {
		t.Errorf("navigate: got %v, want ErrCrashed", err)
	}
	if err := <-failed; !errors.Is(err, ErrCrashed) && !errors.Is(err, ErrContextLost) {
		t.Errorf("pending call: got %v, want ErrCrashed", err)
	}
	if err := p.MainFrame().Evaluate(patient(t), Main, "1", nil); !errors.Is(err, ErrCrashed) {
		t.Errorf("later call: got %v, want ErrCrashed", err)
	}
	if err := p.Sync(patient(t)); err != nil {
		t.Fatal(err)
	}
	crashes := p.Since(Mark{}).Crashes
	if len(crashes) != 1 || crashes[0].Kind != "page" || !p.Crashed() {
		t.Errorf("crashes: got %+v, want one of the page", crashes)
	}
	other := openIn(t, p.Browser(), PageOptions{})
	if got := eval[int](t, other, "6*7"); got != 42 {
		t.Errorf("another page after the crash: got %d", got)
	}
	if err := p.Close(patient(t)); err != nil {
		t.Errorf("close crashed page: %v", err)
	}
}

func TestScreenshot(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": `<body style="margin:0"><div style="height:9000px;background:linear-gradient(red,blue)">`})
	p := open(t, PageOptions{Viewport: Viewport{Width: 400, Height: 300}})
	visit(t, p, srv.URL)
	for _, c := range []struct {
		name          string
		opts          ScreenshotOptions
		format        string
		width, height int
	}{
		{"default", ScreenshotOptions{}, "jpeg", 400, 300},
		{"png", ScreenshotOptions{PNG: true}, "png", 400, 300},
		{"half", ScreenshotOptions{Scale: 0.5}, "jpeg", 200, 150},
		{"full", ScreenshotOptions{FullPage: true, MaxHeight: 2000}, "jpeg", 400, 2000},
	} {
		b, err := p.Screenshot(patient(t), c.opts)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := imageOf(t, b)
		if want := fmt.Sprintf("%s %d×%d", c.format, c.width, c.height); got != want {
			t.Errorf("%s: got %s, want %s", c.name, got, want)
		}
	}
	if err := p.SetViewport(patient(t), Viewport{Width: 390, Height: 844, Scale: 2, Mobile: true, Touch: true}); err != nil {
		t.Fatal(err)
	}
	got := eval[[]any](t, p, `[screen.width, devicePixelRatio, "ontouchstart" in window]`)
	if diff := cmp.Diff(got[:2], []any{390.0, 2.0}); diff != "" {
		t.Error(diff)
	}
}
