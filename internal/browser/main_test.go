package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// helperEnv makes the test binary start a browser and wait to be killed.
const helperEnv = "POSTFLIGHT_BROWSER_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperEnv); dir != "" {
		helper(dir)
		return
	}
	os.Exit(m.Run())
}

// helper starts a browser with a busy page and reports its process group.
func helper(dir string) {
	ctx := context.Background()
	bin, err := Find(ctx, "")
	if err != nil {
		panic(err)
	}
	b, err := Launch(ctx, Options{Binary: bin, Dir: dir})
	if err != nil {
		panic(err)
	}
	p, err := b.NewPage(ctx, PageOptions{})
	if err != nil {
		panic(err)
	}
	go func() { _ = p.MainFrame().Evaluate(ctx, Main, "for(;;);", nil) }()
	fmt.Println(b.proc.cmd.Process.Pid)
	<-b.Done()
}

// patience is how long a loaded machine may take for what takes it a second.
const patience = 2 * time.Minute

// patient is a context for things that must end by themselves.
func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// impatient is a context that the thing under test is expected to outlast.
func impatient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// onBinaries runs the test on the binaries that POSTFLIGHT_TEST_BROWSERS names:
// shell (the default), full or both.
func onBinaries(t *testing.T, fn func(t *testing.T, bin string)) {
	t.Helper()
	bins := map[string]string{"shell": "chromium-headless-shell", "full": "chromium"}
	which := os.Getenv("POSTFLIGHT_TEST_BROWSERS")
	if which == "" {
		which = "shell"
	}
	for _, kind := range []string{"shell", "full"} {
		if which == kind || which == "both" {
			t.Run(kind, func(t *testing.T) { fn(t, bins[kind]) })
		}
	}
}

// launchBin is launch for one binary.
func launchBin(t testing.TB, bin string, o Options) *Browser {
	t.Helper()
	found, err := Find(t.Context(), bin)
	if err != nil {
		t.Fatal(err)
	}
	o.Binary = found
	return launch(t, o)
}

func launch(t testing.TB, o Options) *Browser {
	t.Helper()
	if o.Binary.Path == "" {
		bin, err := Find(t.Context(), os.Getenv("POSTFLIGHT_TEST_BROWSER"))
		if err != nil {
			t.Fatal(err)
		}
		o.Binary = bin
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	b, err := Launch(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func open(t testing.TB, o PageOptions) *Page {
	t.Helper()
	return openIn(t, launch(t, Options{}), o)
}

func openIn(t testing.TB, b *Browser, o PageOptions) *Page {
	t.Helper()
	p, err := b.NewPage(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// site serves HTML documents by path.
type site map[string]string

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := s[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	kind := "text/html; charset=utf-8"
	if strings.HasSuffix(r.URL.Path, ".js") {
		kind = "text/javascript"
	}
	w.Header().Set("Content-Type", kind)
	fmt.Fprint(w, body)
}

func serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv
}

// localhost is the same server as another site.
func localhost(srv *httptest.Server) string {
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}

func visit(t testing.TB, p *Page, url string) Navigation {
	t.Helper()
	n, err := p.Navigate(patient(t), url)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// eval runs an expression in the main frame's own world.
func eval[T any](t testing.TB, p *Page, expression string) T {
	t.Helper()
	var v T
	if err := p.MainFrame().Evaluate(patient(t), Main, expression, &v); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// eventually polls what has no event to wait for.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx := patient(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		}
	}
}
