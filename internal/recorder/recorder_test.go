package recorder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/player"
	"github.com/postflight/postflight/internal/recorder"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

const shop = `<!doctype html><title>Shop</title>
<body style="margin:0">
<h1>Toys</h1>
<div id="shadow"></div>
<iframe srcdoc="<button id=inner onclick='parent.log(&quot;inner&quot;)'>Wrap it</button>" style="width:200px;height:60px"></iframe>
<form action="/done"><label>Name <input name="who"></label>
<label>Secret <input type="password" name="pw"></label>
<select name="size"><option>S</option><option>L</option></select>
<label><input type="checkbox" name="gift"> Gift</label>
<button>Order now</button></form>
<script>
window.said = [];
window.log = (s) => { said.push(s); document.title = said.join(" "); };
const root = document.getElementById("shadow").attachShadow({mode: "open"});
root.innerHTML = '<button class="add">Add <b>Sled</b></button>';
root.querySelector("button").onclick = () => log("sled");
document.querySelector("h1").ondblclick = () => log("double");
</script>`

func serve(t *testing.T, orders *sync.Map) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/done" {
			orders.Store(r.URL.RawQuery, true)
			_, _ = io.WriteString(w, "<title>Done</title><p>Thank you")
			return
		}
		_, _ = io.WriteString(w, shop)
	}))
	t.Cleanup(srv.Close)
	return srv
}

// at is the middle of the element that an expression finds, in page pixels.
func at(ctx context.Context, t *testing.T, f *browser.Frame, expression string) (x, y float64) {
	t.Helper()
	var p struct{ X, Y float64 }
	find := `(() => { const r = (` + expression + `).getBoundingClientRect(); return {x: r.left + r.width / 2, y: r.top + r.height / 2} })()`
	if err := f.Evaluate(ctx, browser.Main, find, &p); err != nil {
		t.Error(err)
	}
	ox, oy, err := f.Offset(ctx)
	if err != nil {
		t.Error(err)
	}
	return p.X + ox, p.Y + oy
}

// act does with the page what a person would.
func act(ctx context.Context, t *testing.T, p *browser.Page, seen func(kind string) int) {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	until := func(kind string, n int) {
		for seen(kind) < n && ctx.Err() == nil {
			timer := time.NewTimer(20 * time.Millisecond)
			select {
			case <-timer.C:
			case <-ctx.Done():
				t.Errorf("the recorder never told of %s", kind)
			}
		}
	}
	click := func(f *browser.Frame, expression string) {
		x, y := at(ctx, t, f, expression)
		check(p.Click(ctx, x, y, browser.Left, 0))
	}
	main := p.MainFrame()
	click(main, `document.getElementById("shadow").shadowRoot.querySelector("b")`)
	until("click", 1)
	click(main.Children()[0], `document.getElementById("inner")`)
	until("click", 2)
	x, y := at(ctx, t, main, `document.querySelector("h1").firstChild.parentElement`)
	check(p.Click(ctx, x, y, browser.Left, 0))
	check(p.MouseDown(ctx, x, y, browser.Left, 2))
	check(p.MouseUp(ctx, x, y, browser.Left, 2))
	until("doubleClick", 1)
	click(main, `document.querySelector("[name=who]")`)
	check(p.Type(ctx, "Ada"))
	click(main, `document.querySelector("[name=pw]")`)
	check(p.Type(ctx, "hunter2hunter2"))
	click(main, `document.querySelector("[name=gift]").parentElement`)
	until("click", 5)
	check(p.KeyDown(ctx, "Tab"))
	check(p.KeyUp(ctx, "Tab"))
	click(main, `document.querySelector("form button")`)
	check(p.Await(ctx, func() bool { return strings.Contains(p.URL(), "/done") }))
	until("navigate", 2)
}

// What was done once by hand is played back and does the same.
func TestRecordingPlays(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var orders sync.Map
	srv := serve(t, &orders)
	bin, err := browser.Find(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	var acting sync.WaitGroup
	var mu sync.Mutex
	var raw []byte
	seen := func(kind string) int {
		mu.Lock()
		defer mu.Unlock()
		if kind == "navigate" { // the effect of a click is told with it
			return strings.Count(string(raw), `"type": "navigation"`)
		}
		return strings.Count(string(raw), `"type": "`+kind+`"`)
	}
	err = recorder.Record(ctx, recorder.Options{
		Binary: bin, URL: srv.URL + "/", Title: "Order",
		Save: func(b []byte) error {
			mu.Lock()
			defer mu.Unlock()
			raw = slices.Clone(b)
			return nil
		},
		Ready: func(p *browser.Page) {
			acting.Go(func() {
				act(ctx, t, p, seen)
				_ = p.Close(ctx)
			})
		},
	})
	acting.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if t.Failed() {
		t.Fatalf("%s", raw)
	}
	if strings.Contains(string(raw), "hunter2") {
		t.Error("the recording holds the password that was typed")
	}
	var types []string
	var read struct {
		Steps []struct{ Type string }
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	for _, s := range read.Steps {
		types = append(types, s.Type)
	}
	want := "setViewport navigate click click doubleClick click change click change click keyDown keyUp click"
	if got := strings.Join(types, " "); got != want {
		t.Errorf("recorded %s\nwant     %s\n%s", got, want, raw)
	}
	orders.Clear()
	play(ctx, t, bin, raw, srv.URL)
	count := 0
	orders.Range(func(q, _ any) bool {
		count++
		if got := q.(string); got != "who=Ada&pw=let-me-in-please&size=S&gift=on" {
			t.Errorf("the form sent %s", got)
		}
		return true
	})
	if count != 1 {
		t.Errorf("%d orders, want 1", count)
	}
}

func play(ctx context.Context, t *testing.T, bin browser.Binary, raw []byte, base string) {
	t.Helper()
	j, err := journey.Load("order.json", raw, journey.LoadOptions{SecretNames: []string{"password"}})
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	if err := j.Lint(); err != nil {
		t.Error(err)
	}
	r := player.New(player.Options{Binary: bin, Blobs: blackhole{}, Version: "test", Dir: t.TempDir()})
	s := r.Run(ctx, player.Request{
		Look: watch.Look{Name: "order", Base: base}, Journey: j, Timeout: 2 * time.Minute,
		Secrets: map[string]string{"password": "let-me-in-please"},
	})
	if s.Outcome != signal.Pass {
		t.Errorf("%s: %s\n%s", s.Outcome, s.Summary, raw)
	}
}

// blackhole takes evidence and keeps none.
type blackhole struct{}

func (blackhole) Put(_ context.Context, _ string, r io.Reader, _ int64) (string, int64, error) {
	n, err := io.Copy(io.Discard, r)
	return fmt.Sprint(n), n, err
}
