package web

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/incident"
)

// publish sends topics to every open stream, and reports how many there are.
func (w *world) publish(topics ...string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.subs {
		c <- topics
	}
	return len(w.subs)
}

// streaming opens a live stream over a real connection.
func streaming(t *testing.T, srv *httptest.Server, path, who string) (*bufio.Reader, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(&http.Cookie{Name: "postflight", Value: who})
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return bufio.NewReader(resp.Body), resp
}

// next reads lines up to one with this prefix.
func next(t *testing.T, r *bufio.Reader, prefix string) string {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("stream ended before %q: %v", prefix, err)
		}
		if strings.HasPrefix(line, prefix) {
			return strings.TrimSpace(line)
		}
	}
}

func TestLiveTellsOnlyWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	srv := httptest.NewServer(New(w.options(t)))
	t.Cleanup(srv.Close)
	r, resp := streaming(t, srv, "/live?topics=release/r42,incident/", "viewer")
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("content type %q", ct)
	}
	next(t, r, "event: hello")
	w.publish("product/other")
	w.publish("release/r420")
	w.publish("incident/INC-9", "product/other")
	next(t, r, "event: changed")
	if got, want := next(t, r, "data:"), "data: incident/INC-9"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLiveEndsWithTheSessionAndIsBounded(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	o := w.options(t)
	o.Heartbeat, o.Streams = 20*time.Millisecond, 1
	srv := httptest.NewServer(New(o))
	t.Cleanup(srv.Close)
	r, _ := streaming(t, srv, "/live", "viewer")
	next(t, r, ": alive")
	if _, second := streaming(t, srv, "/live", "admin"); second.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stream too many: %d", second.StatusCode)
	}
	if _, out := streaming(t, srv, "/live", "stolen"); out.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed out: %d", out.StatusCode)
	}
	if err := w.SignOut(t.Context(), "viewer"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Errorf("the stream of a revoked session: %v", err)
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(matching(nil, []string{"a/1", "b\nevil"}), []string{"a/1"}); diff != "" {
		t.Error(diff)
	}
	if got := topics(strings.Repeat("x/1,", 100) + "\n," + strings.Repeat("y", 500)); len(got) != 32 {
		t.Errorf("%d topics were taken", len(got))
	}
}

// What was taken from elsewhere is what it was when it was taken.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"static/fonts/geist.woff2":      "19f9c92546aa300c312235e3125af1b81394d8db9a4bc4a425cd5b641d2d54e1",
		"static/fonts/geist-mono.woff2": "684ad5b531f81d43c1e8c7038262d5db7cdc1f68006e04d6c7769efa8d33c8cc",
	}
	for name, sum := range want {
		b, err := fs.ReadFile(static, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(b); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s is %x, want %s", name, got, sum)
		}
	}
	if lic, err := fs.ReadFile(static, "static/fonts/LICENSE.txt"); err != nil || !bytes.Contains(lic, []byte("SIL Open Font License")) {
		t.Errorf("the fonts' licence is missing: %v", err)
	}
}

// probe is what a person does while a page refreshes itself under them.
const probe = `
const until = async (what, f) => { for (let i = 0; i < 600; i++) { if (f()) return; await new Promise(r => setTimeout(r, 50)); } throw "timed out: " + what; };
const $ = (s) => document.querySelector(s);
(async () => {
  const out = [];
  const say = (what, ok) => out.push(what + ": " + (ok ? "yes" : "NO"));
  try {
    await until("live", () => $("#live-state").dataset.state === "on");
    const note = $("#note"); note.focus(); note.value = "half a senten";
    const first = $(".timeline li"); first.dataset.mine = "1";
    const ask = $("#confirm-rollback"); $("[commandfor=confirm-rollback]").click();
    await until("dialog", () => ask.open);
    scrollTo(0, 300);
    await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
    const y = first.getBoundingClientRect().top;
    await fetch("/test/change", { method: "POST" });
    await until("refresh", () => document.body.textContent.includes("Resolved by the test"));
    say("typed text survives", note.isConnected && note.value === "half a senten");
    say("dialog stays open", ask.isConnected && ask.open);
    say("nodes are kept", first.isConnected);
    await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
    say("place is kept", Math.abs(first.getBoundingClientRect().top - y) < 3);
    ask.close();
    say("title is renewed", document.title.includes("Resolved by the test"));
    $("[data-enlarge]").click();
    say("screenshot is enlarged", $("#light").open && $("#light-img").src.includes("/evidence/"));
    await fetch("/test/down", { method: "POST" });
    await until("paused", () => $("#live-state").dataset.state === "off");
    say("pause is said", $("#live-state").textContent.includes("paused"));
    await until("live again", () => $("#live-state").dataset.state === "on");
    say("policy held", !window.broken);
  } catch (e) { out.push("error: " + e); }
  await fetch("/test/result", { method: "POST", body: out.join("\n") });
})();
addEventListener("securitypolicyviolation", (e) => { window.broken = e.violatedDirective; });
`

// stage serves the site with the probe put into the incident page, and the
// few addresses by which the probe works the world.
func stage(t *testing.T, w *world, result chan<- string) *httptest.Server {
	h := New(w.options(t))
	var srv *httptest.Server
	mux := http.NewServeMux()
	mux.HandleFunc("POST /test/change", func(http.ResponseWriter, *http.Request) {
		w.mu.Lock()
		w.incidents[0].Incident.Title = "Resolved by the test"
		w.mu.Unlock()
		w.publish("incident/INC-12")
	})
	mux.HandleFunc("POST /test/down", func(http.ResponseWriter, *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, c := range w.subs {
			close(c)
		}
		w.subs = nil
	})
	mux.HandleFunc("POST /test/result", func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		select {
		case result <- string(b):
		default:
		}
	})
	mux.HandleFunc("GET /test/probe.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, probe)
	})
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "postflight", Value: "responder"})
		if !strings.HasPrefix(r.URL.Path, "/incidents/") {
			h.ServeHTTP(rw, r)
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			rw.Header()[k] = v
		}
		rw.WriteHeader(rec.Code)
		_, _ = io.WriteString(rw, strings.Replace(rec.Body.String(), "</head>", `<script src="/test/probe.js" defer></script></head>`, 1))
	})
	srv = httptest.NewServer(mux)
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv
}

func TestAnOpenPageRefreshesUnderAPersonsHands(t *testing.T) {
	t.Parallel()
	bin, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		if bin, err = exec.LookPath("chromium"); err != nil {
			t.Skip("no Chromium on this machine")
		}
	}
	w := burning()
	w.incidents[0].Incident.State = incident.Mitigated
	result := make(chan string, 1)
	srv := stage(t, w, result)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// A debugging pipe keeps the browser open until we are done with it.
	fromUs, toThem, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromThem, toUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, bin, "--headless", "--no-sandbox", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), srv.URL+"/incidents/INC-12")
	cmd.ExtraFiles = []*os.File{fromUs, toUs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // killed: its error is ours
		for _, f := range []*os.File{fromUs, toThem, fromThem, toUs} {
			_ = f.Close()
		}
	}()
	select {
	case got := <-result:
		t.Log(got)
		if strings.Contains(got, "NO") || strings.Contains(got, "error") || strings.Count(got, "yes") != 8 {
			t.Errorf("the page under a person's hands:\n%s", got)
		}
	case <-ctx.Done():
		t.Fatal("the browser said nothing")
	}
}
