package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/browser"
)

// visitor opens pages of the fixture in a real Chromium, signed in.
func visitor(t *testing.T, w *world, who string) (*browser.Page, string) {
	t.Helper()
	bin, err := browser.Find(t.Context(), "")
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("no browser: %v", err)
		}
		t.Fatal(err)
	}
	h := New(w.options(t))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "postflight", Value: who})
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	b, err := browser.Launch(t.Context(), browser.Options{Binary: bin, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	p, err := b.NewPage(t.Context(), browser.PageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetViewport(t.Context(), browser.Viewport{Width: 1280, Height: 900, Scale: 1}); err != nil {
		t.Fatal(err)
	}
	return p, srv.URL
}

// becomes waits until an expression is true.
func becomes(t *testing.T, p *browser.Page, expression string) {
	t.Helper()
	wait := `new Promise((done) => { const end = Date.now() + 20000; (function look() {
		let ok = false;
		try { ok = ` + expression + `; } catch {}
		if (ok || Date.now() > end) done(ok); else setTimeout(look, 20);
	})(); })`
	var ok bool
	if err := p.MainFrame().Evaluate(t.Context(), browser.Main, wait, &ok); err != nil || !ok {
		t.Fatalf("it does not come true: %s (%v)", expression, err)
	}
}

func TestDividerInChromium(t *testing.T) {
	t.Parallel()
	p, url := visitor(t, fullWorld(), "responder")
	if _, err := p.Navigate(t.Context(), url+"/signals/s1#picture-2"); err != nil {
		t.Fatal(err)
	}
	const slider = `document.querySelector('#picture-2 .slider')`
	becomes(t, p, slider+`.classList.contains('on') && [...`+slider+`.querySelectorAll('img')].every((i) => i.complete && i.naturalWidth === 640)`)
	at := slider + `.style.getPropertyValue('--at')`
	becomes(t, p, at+` === '50%'`)

	// By keyboard.
	if err := p.MainFrame().Evaluate(t.Context(), browser.Main, slider+`.querySelector('.slider-range').focus()`, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.KeyDown(t.Context(), "ArrowLeft"); err != nil {
			t.Fatal(err)
		}
		if err := p.KeyUp(t.Context(), "ArrowLeft"); err != nil {
			t.Fatal(err)
		}
	}
	becomes(t, p, at+` === '47%' && document.activeElement.getAttribute('aria-valuetext') === '47 % before, 53 % now'`)

	// By pointer: the divider goes where it is.
	var box struct{ X, Y, W, H float64 }
	measure := `(() => { const s = ` + slider + `.querySelector('.slider-stage'); s.scrollIntoView({block: 'center'}); const r = s.getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height}; })()`
	if err := p.MainFrame().Evaluate(t.Context(), browser.Main, measure, &box); err != nil {
		t.Fatal(err)
	}
	if err := p.Click(t.Context(), box.X+box.W/4, box.Y+box.H/2, browser.Left, 0); err != nil {
		t.Fatal(err)
	}
	becomes(t, p, `Math.abs(parseFloat(`+at+`) - 25) <= 2`)

	// What differs is marked on demand, and a refresh leaves the divider alone.
	diff := `getComputedStyle(` + slider + `.querySelector('.slider-diff')).opacity`
	becomes(t, p, diff+` === '0'`)
	if err := p.MainFrame().Evaluate(t.Context(), browser.Main, slider+`.querySelector('.slider-toggle input').click()`, nil); err != nil {
		t.Fatal(err)
	}
	becomes(t, p, `parseFloat(`+diff+`) > 0.5`)
	quiet(t, p)
}

func TestRunInProgressInChromium(t *testing.T) {
	t.Parallel()
	w := fullWorld()
	p, url := visitor(t, w, "viewer")
	if _, err := p.Navigate(t.Context(), url+"/running/run-1"); err != nil {
		t.Fatal(err)
	}
	becomes(t, p, `document.querySelector('.live-shot img').naturalWidth === 640`)
	becomes(t, p, `document.querySelector('progress').position > 0.3 && document.querySelector('progress').position < 0.4`)
	quiet(t, p)
}

func TestPagesInChromium(t *testing.T) {
	t.Parallel()
	p, url := visitor(t, fullWorld(), "admin")
	for _, path := range []string{"/journeys", "/journeys/workshop/book", "/signals/s9", "/releases/r42"} {
		for _, width := range []int{1280, 390} {
			if err := p.SetViewport(t.Context(), browser.Viewport{Width: width, Height: 900, Scale: 1}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Navigate(t.Context(), url+path); err != nil {
				t.Fatal(err)
			}
			becomes(t, p, `document.readyState === 'complete'`)
			var wide string
			find := `(() => { const out = []; for (const e of document.querySelectorAll('main *')) {
				const r = e.getBoundingClientRect();
				if (r.width > 0 && r.right > innerWidth + 1 && !e.closest('.scroll, .reel, .strip, .jump, svg, .sr')) out.push(e.className || e.nodeName);
			} return out.slice(0, 5).join(', '); })()`
			if err := p.MainFrame().Evaluate(t.Context(), browser.Main, find, &wide); err != nil {
				t.Fatal(err)
			}
			if wide != "" {
				t.Errorf("%s at %d pixels: %s stick out", path, width, wide)
			}
		}
	}
	quiet(t, p)
}

// quiet holds that no page threw, was refused something by our own policy, or
// could not load a part of itself.
func quiet(t *testing.T, p *browser.Page) {
	t.Helper()
	if err := p.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := p.Since(browser.Mark{})
	for _, x := range seen.Exceptions {
		t.Errorf("exception: %s", x.Text)
	}
	for _, l := range seen.Logs {
		if l.Level == "error" {
			t.Errorf("%s: %s %s", l.Source, l.Text, l.URL)
		}
	}
	for _, q := range seen.Requests {
		if q.Finished && q.Failed() && !strings.Contains(q.URL, "/live") && !strings.Contains(q.Error, "ERR_ABORTED") {
			t.Errorf("%s: %d %s", q.URL, q.Status, q.Error)
		}
	}
}
