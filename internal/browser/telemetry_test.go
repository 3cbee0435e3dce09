package browser

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// settled returns the telemetry once cond holds of it.
func settled(t *testing.T, p *Page, what string, cond func(Telemetry) bool) Telemetry {
	t.Helper()
	var got Telemetry
	eventually(t, what, func() bool {
		if err := p.Sync(patient(t)); err != nil {
			t.Fatal(err)
		}
		got = p.Since(Mark{})
		return cond(got)
	})
	return got
}

func TestTelemetry(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/", site{
		"/": `<link rel=stylesheet href="/gone.css"><script src="/app.js"></script><img src="/broken.png">`,
		"/app.js": "console.warn('low', 3, {a: 1});\n" +
			"setTimeout(function boom() {\n  undefined_name.x\n}, 0);\n" +
			"Promise.reject(new RangeError('late'));\nthrow 'plain';",
	})
	mux.HandleFunc("/broken.png", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	srv := serve(t, mux)
	p := open(t, PageOptions{})
	visit(t, p, srv.URL+"/")
	got := settled(t, p, "three exceptions", func(g Telemetry) bool { return len(g.Exceptions) >= 3 })

	type thrown struct {
		Text         string
		Promise      bool
		Line, Column int
	}
	var threw []thrown
	for _, x := range got.Exceptions {
		if x.Source.URL != srv.URL+"/app.js" {
			t.Errorf("%s: at %s, want app.js", x.Text, x.Source.URL)
		}
		threw = append(threw, thrown{x.Text, x.Promise, x.Source.Line, x.Source.Column})
	}
	slices.SortFunc(threw, func(a, b thrown) int { return strings.Compare(a.Text, b.Text) })
	want := []thrown{
		{"RangeError: late", true, 5, 16},
		{"ReferenceError: undefined_name is not defined", false, 3, 3},
		{"plain", false, 6, 1},
	}
	if diff := cmp.Diff(threw, want); diff != "" {
		t.Error(diff)
	}
	if len(got.Console) != 1 || got.Console[0].Text != "low 3 Object {a: 1}" || got.Console[0].Level != "warning" || got.Console[0].Source.Line != 1 {
		t.Errorf("console: got %+v", got.Console)
	}
	status := map[string]string{}
	for _, r := range got.Requests {
		status[strings.TrimPrefix(r.URL, srv.URL)] = fmt.Sprint(r.Type, " ", r.Status, " ", r.Failed(), " ", r.Finished, " ", r.TopLevel)
	}
	if diff := cmp.Diff(status, map[string]string{
		"/":           "Document 200 false true true",
		"/app.js":     "Script 200 false true false",
		"/gone.css":   "Stylesheet 404 true true false",
		"/broken.png": "Image 500 true true false",
	}); diff != "" {
		t.Error(diff)
	}
	if len(got.Logs) != 2 {
		t.Errorf("logs: got %+v, want the two failed loads", got.Logs)
	}
	m := p.Mark()
	eval[any](t, p, `console.error("after")`)
	if err := p.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if later := p.Since(m); len(later.Console) != 1 || len(later.Exceptions)+len(later.Requests) != 0 {
		t.Errorf("since mark: got %+v, want one line", later)
	}
	if got.Dropped.Any() {
		t.Errorf("dropped: got %+v, want nothing", got.Dropped)
	}
}

func TestRefusedAndHiddenRequests(t *testing.T) {
	t.Parallel()
	dead := serve(t, site{})
	dead.Close()
	provider := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }))
	mux := http.NewServeMux()
	mux.Handle("/", site{"/": "<title>x</title>"})
	mux.HandleFunc("/aborted", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	srv := serve(t, mux)
	p := open(t, PageOptions{})
	visit(t, p, srv.URL)
	eval[any](t, p, `fetch("`+dead.URL+`/refused").catch(()=>0)`)
	eval[any](t, p, `fetch("`+provider.URL+`/hidden").catch(()=>0)`)
	eval[any](t, p, `{const c = new AbortController(); const f = fetch("/aborted", {signal: c.signal}).catch(()=>0); c.abort(); f}`)
	got := settled(t, p, "hidden status", func(g Telemetry) bool {
		return len(g.Requests) == 4 && !slices.ContainsFunc(g.Requests, func(r Request) bool {
			return !r.Finished || (strings.HasSuffix(r.URL, "/hidden") && r.Status == 0)
		})
	})
	for _, r := range got.Requests {
		switch {
		case strings.HasSuffix(r.URL, "/refused"):
			if r.Error != "net::ERR_CONNECTION_REFUSED" || !r.Failed() {
				t.Errorf("refused: got %+v", r)
			}
		case strings.HasSuffix(r.URL, "/hidden"): // CORS hides it from the page, not from us
			if r.Status != 502 || !strings.Contains(r.Blocked, "CORS") || !r.Failed() {
				t.Errorf("hidden: got %+v", r)
			}
		case strings.HasSuffix(r.URL, "/aborted"):
			if r.Failed() || !r.Canceled {
				t.Errorf("aborted by the page itself: got %+v, want no failure", r)
			}
		}
	}
}

func TestTelemetryIsBounded(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": "<title>x</title>", "/ok": "ok"})
	p := open(t, PageOptions{Limits: Limits{Console: 10, Exceptions: 5, Requests: 8, Text: 100}})
	visit(t, p, srv.URL)
	eval[any](t, p, `(async () => {
		for (let i = 0; i < 200; i++) { console.log("é".repeat(1000)); setTimeout(() => { throw Error("e" + i) }) }
		for (let i = 0; i < 30; i++) await fetch("/ok?" + i);
		await fetch("/missing");
	})()`)
	got := settled(t, p, "exceptions counted", func(g Telemetry) bool { return g.Dropped.Exceptions == 195 })
	if len(got.Console) != 10 || got.Dropped.Console != 190 || len(got.Exceptions) != 5 {
		t.Errorf("got %d lines, %d exceptions, dropped %+v", len(got.Console), len(got.Exceptions), got.Dropped)
	}
	if text := got.Console[0].Text; text != strings.Repeat("é", 50)+"…" {
		t.Errorf("text: got %q, want it clipped at a rune", text)
	}
	if got.Dropped.Requests == 0 || len(got.Requests) != 9 {
		t.Errorf("requests: got %d, dropped %d, want 8 and the failure", len(got.Requests), got.Dropped.Requests)
	}
	if last := got.Requests[len(got.Requests)-1]; last.Status != 404 {
		t.Errorf("last request: got %+v, want the failure although the record was full", last)
	}
}

// One message larger than we accept is skipped, counted, and harms nothing else.
// Not parallel: another test weighs the heap.
func TestOversizedMessages(t *testing.T) {
	p := open(t, PageOptions{})
	err := p.MainFrame().Evaluate(patient(t), Main, `"x".repeat(70 << 20)`, new(string))
	var refused *ProtocolError
	if !errors.As(err, &refused) || !strings.Contains(refused.Message, "larger than") {
		t.Errorf("oversized result: got %v, want it refused by size", err)
	}
	eval[any](t, p, `console.log("x".repeat(70 << 20))`)
	settled(t, p, "loss counted", func(g Telemetry) bool { return g.Dropped.Events > 0 })
	if got := eval[int](t, p, "6*7"); got != 42 {
		t.Errorf("afterwards: got %d", got)
	}
}

func TestDialogs(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{
		"/":      `<script>alert("hello"); window.sure = confirm("sure?"); window.name_ = prompt("name?", "x"); alert("bye")</script>`,
		"/stay":  `<button onclick="1">x</button><script>addEventListener("beforeunload", e => { e.preventDefault(); e.returnValue = "stay" })</script>`,
		"/leave": "left",
	})
	b := launch(t, Options{})
	for policy, want := range map[DialogPolicy]string{DialogDismiss: "[false,null]", DialogAccept: `[true,"x"]`} {
		p := openIn(t, b, PageOptions{Dialogs: policy})
		if _, err := p.Navigate(patient(t), srv.URL+"/"); err != nil {
			t.Fatal(err)
		}
		if got := eval[string](t, p, "JSON.stringify([sure, name_])"); got != want {
			t.Errorf("%s: got %s, want %s", policy, got, want)
		}
		var kinds []string
		for _, d := range settled(t, p, "dialogs", func(g Telemetry) bool { return len(g.Dialogs) == 4 }).Dialogs {
			kinds = append(kinds, d.Kind+" "+d.Text)
		}
		if diff := cmp.Diff(kinds, []string{"alert hello", "confirm sure?", "prompt name?", "alert bye"}); diff != "" {
			t.Error(diff)
		}
		visit(t, p, srv.URL+"/stay")
		if err := p.Click(t.Context(), 15, 15, Left, 0); err != nil { // without it the browser does not ask
			t.Fatal(err)
		}
		if _, err := p.Navigate(patient(t), srv.URL+"/leave"); err != nil {
			t.Errorf("%s: a page that asks to stay: %v", policy, err)
		}
		if err := p.Close(patient(t)); err != nil {
			t.Error(err)
		}
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="../../evil.txt"`)
		fmt.Fprint(w, "content")
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	srv := serve(t, mux)
	b := launch(t, Options{})
	download := func(o PageOptions, path string) Download {
		t.Helper()
		p := openIn(t, b, o)
		_, err := p.Navigate(patient(t), srv.URL+path)
		var failed *NavigationError
		if !errors.As(err, &failed) {
			t.Errorf("%s: got %v, want a navigation error", path, err)
		}
		got := settled(t, p, "download ends", func(g Telemetry) bool {
			return len(g.Downloads) == 1 && g.Downloads[0].State != "started"
		})
		return got.Downloads[0]
	}
	if d := download(PageOptions{}, "/file"); d.State != "canceled" || d.Path != "" || d.Name != "evil.txt" && strings.Contains(d.Name, "/") {
		t.Errorf("denied: got %+v", d)
	}
	dir := t.TempDir()
	if d := download(PageOptions{DownloadDir: dir}, "/file"); d.State != "completed" || d.Bytes != 7 || !strings.HasPrefix(d.Path, dir+"/") || fileText(t, d.Path) != "content" {
		t.Errorf("allowed: got %+v", d)
	}
	if d := download(PageOptions{DownloadDir: dir, DownloadLimit: 1 << 20}, "/endless"); d.State != "canceled" || !d.OverLimit {
		t.Errorf("endless: got %+v", d)
	}
}
