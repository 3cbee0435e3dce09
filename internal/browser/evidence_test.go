package browser

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestAccessibilityTree(t *testing.T) {
	t.Parallel()
	onBinaries(t, func(t *testing.T, bin string) {
		srv := serve(t, site{
			"/": `<!doctype html><title>Shop</title><main><h2>Your cart</h2><label><input type=checkbox checked> Gift wrap</label>
<button disabled>Pay</button><label>Name <input value="Ada"></label><label>Card number <input value="4111"></label><div hidden>unseen</div>
<button aria-expanded=false>More</button><iframe src="/inner" title="inside"></iframe></main>`,
			"/inner": `<p>In the frame</p>`,
		})
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, p, srv.URL+"/")
		text, cut, err := p.AccessibilityTree(patient(t), 64<<10)
		if err != nil || cut {
			t.Fatal(err, cut)
		}
		for _, want := range []string{
			`RootWebArea "Shop"`, "  main\n", `heading "Your cart" level=2`, `checkbox "Gift wrap" checked=true`, `button "Pay" disabled`,
			`textbox "Name" value="Ada"`, `textbox "Card number" value="•••"`, `button "More" expanded=false`, "/inner\n", `text "In the frame"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the tree lacks %s:\n%s", want, text)
			}
		}
		if strings.Contains(text, "unseen") || strings.Contains(text, "generic") {
			t.Errorf("got\n%s", text)
		}
		short, cut, err := p.AccessibilityTree(patient(t), 60)
		if err != nil || !cut || len(short) > 80 || !strings.Contains(short, "(cut)") {
			t.Errorf("got %q, %v, %v", short, cut, err)
		}
	})
}

func TestTrace(t *testing.T) {
	t.Parallel()
	onBinaries(t, func(t *testing.T, bin string) {
		srv := serve(t, site{"/": `<script>function known() { let n = 0; for (let i = 0; i < 1e6; i++) n += i; return n } known()</script>`})
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		for range 2 { // one after the other
			trace, err := p.StartTrace(patient(t))
			if err != nil {
				t.Fatal(err)
			}
			visit(t, p, srv.URL+"/")
			data, err := trace.Stop(patient(t), 16<<20)
			if err != nil {
				t.Fatal(err)
			}
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Events []struct {
					Name string `json:"name"`
				} `json:"traceEvents"`
			}
			if err := json.Unmarshal(text, &got); err != nil || len(got.Events) < 20 || !bytes.Contains(text, []byte(srv.URL)) {
				t.Errorf("got %d events, %v", len(got.Events), err)
			}
		}
		trace, err := p.StartTrace(patient(t))
		if err != nil {
			t.Fatal(err)
		}
		visit(t, p, srv.URL+"/")
		if _, err := trace.Stop(patient(t), 100); !errors.Is(err, ErrLarge) {
			t.Errorf("got %v", err)
		}
	})
}

func TestScreencast(t *testing.T) {
	t.Parallel()
	onBinaries(t, func(t *testing.T, bin string) {
		srv := serve(t, site{"/": `<h1>0</h1><script>let n = 0; setInterval(() => document.querySelector('h1').textContent = ++n, 20)</script>`})
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, p, srv.URL+"/")
		var mu sync.Mutex
		frames, stopped := 0, false
		cast, err := p.Screencast(patient(t), func(jpeg []byte) {
			mu.Lock()
			defer mu.Unlock()
			if stopped {
				t.Error("a frame after Stop")
			}
			if bytes.HasPrefix(jpeg, []byte("\xff\xd8\xff")) && len(jpeg) < 256<<10 {
				frames++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "three frames", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return frames >= 3
		})
		cast.Stop()
		mu.Lock()
		stopped = true
		mu.Unlock()
		cast.Stop()
		if _, err := p.Screenshot(patient(t), ScreenshotOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// TestArchiveIsBounded holds that a page that asks for much fills no memory, and
// that what is left out is counted.
func TestArchiveIsBounded(t *testing.T) {
	t.Parallel()
	srv := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<script>(async () => { for (let i = 0; i < 60; i++) await fetch('/x' + i); window.done = true })()</script>`)
			return
		}
		_, _ = io.WriteString(w, "answer")
	}))
	p := open(t, PageOptions{ArchiveLimit: 40 << 10, DurableBodies: 1 << 20})
	visit(t, p, srv.URL+"/")
	eventually(t, "all was asked for", func() bool { return eval[bool](t, p, "window.done === true") })
	if err := p.Sync(patient(t)); err != nil {
		t.Fatal(err)
	}
	a := p.Archive()
	size := 0
	for _, e := range a.Events {
		size += len(e.Params)
	}
	if size > 40<<10 || a.Dropped == 0 || len(a.Events) < 5 {
		t.Errorf("got %d events of %d bytes, %d dropped", len(a.Events), size, a.Dropped)
	}
	var finished struct {
		ID string `json:"requestId"`
	}
	for _, e := range a.Events {
		if e.Method == "Network.loadingFinished" {
			if err := json.Unmarshal(e.Params, &finished); err != nil {
				t.Fatal(err)
			}
			body, err := p.Body(patient(t), e.Session, finished.ID)
			if err != nil || a.Sizes[finished.ID] != int64(len(body)) {
				t.Errorf("got %q, %d, %v", body, a.Sizes[finished.ID], err)
			}
		}
	}
	if finished.ID == "" {
		t.Error("nothing finished")
	}
	if _, err := p.Body(patient(t), "no session", "1"); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
	if got := open(t, PageOptions{}).Archive(); len(got.Events) != 0 {
		t.Errorf("got %d events nobody asked for", len(got.Events))
	}
}
