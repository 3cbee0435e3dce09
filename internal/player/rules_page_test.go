package player

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
)

// TestFramesLie acts in frames that are scrolled, scaled, turned, nested and covered.
func TestFramesLie(t *testing.T) {
	l := newLab(t)
	inner := `<!doctype html><body style="margin:0"><div style="height:%d"></div><button id=a onclick="top.postMessage('hit', '*')">In</button>`
	outer := `<!doctype html><script>hits = 0; onmessage = () => hits++</script>`
	for name, c := range map[string]struct {
		outer, fails string
		frame        []int
	}{
		"plain":        {outer: `<iframe src=/in></iframe>`},
		"border":       {outer: `<iframe src=/in style="border:20px solid;padding:30px;margin:40px"></iframe>`},
		"below":        {outer: `<div style="height:3000px"></div><iframe src=/in></iframe>`},
		"scaled":       {outer: `<iframe src=/in style="transform:scale(.4);transform-origin:300px 200px"></iframe>`},
		"turned":       {outer: `<div style="display:inline-block;margin:250px 300px;transform:rotate(70deg) scale(1.2)"><iframe src=/in style="border:9px solid"></iframe></div>`},
		"scrolled":     {outer: `<iframe src=/long></iframe>`},
		"nested":       {outer: `<div style="transform:scale(.7)"><iframe src=/nest style="width:600px;height:400px"></iframe></div>`, frame: []int{0, 0}},
		"other origin": {outer: `<iframe src="§/in" style="transform:scale(.8)"></iframe>`},
		"covered":      {outer: `<iframe src=/in></iframe><div class=veil style="position:fixed;inset:0"></div>`, fails: `its frame is covered by <div class="veil">`},
		"other frame":  {outer: `<iframe src=/in></iframe><iframe class=over style="position:fixed;inset:0;width:100%;height:100%"></iframe>`, fails: `its frame is covered by <iframe class="over">`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var home string
			b := l.open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				switch r.URL.Path {
				case "/in":
					fmt.Fprintf(w, inner, 10)
				case "/long":
					fmt.Fprintf(w, inner, 2000)
				case "/nest":
					fmt.Fprint(w, `<div style="height:800px"></div><div style="transform:rotate(10deg)"><iframe src=/in></iframe></div>`)
				default:
					home = strings.Replace("http://"+r.Host, "127.0.0.1", "localhost", 1)
					fmt.Fprint(w, outer+strings.ReplaceAll(c.outer, "§", home))
				}
			}))
			s := one(journey.Click, css("#a"))
			if s.Frame = c.frame; s.Frame == nil {
				s.Frame = []int{0}
			}
			if c.fails != "" {
				s = brief(s)
			}
			err := b.do(s)
			switch {
			case c.fails == "" && err != nil:
				t.Fatal(err)
			case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
				t.Fatalf("got %v, want %q", err, c.fails)
			case c.fails == "" && !b.is("new Promise((done) => { const t = setInterval(() => { if (hits) { clearInterval(t); done(hits === 1) } }, 10) }).then((x) => x)"):
				t.Error("the click did not arrive")
			}
		})
	}
}

// TestActionsAwaitTheirNavigation covers rule 13: the next step meets the page
// that the action leads to, and an action that leads nowhere costs no time.
func TestActionsAwaitTheirNavigation(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		html string
		path string // where it has come to when the step is over
	}{
		"link":           {`<a id=a href=/slow>x</a>`, "/slow"},
		"script":         {`<button id=a onclick="location.href='/slow'">x</button>`, "/slow"},
		"form":           {`<form action=/slow><button id=a>x</button></form>`, "/slow?"},
		"fragment":       {`<a id=a href=#part>x</a>`, "/#part"},
		"push state":     {`<button id=a onclick="history.pushState(0, '', '/pushed')">x</button>`, "/pushed"},
		"no content":     {`<a id=a href=/nothing>x</a>`, "/"},
		"download":       {`<a id=a href=/file download>x</a>`, "/"},
		"new window":     {`<a id=a href=/slow target=_blank>x</a>`, "/"},
		"javascript":     {`<a id=a href="javascript:void 0">x</a>`, "/"},
		"prevented":      {`<a id=a href=/slow onclick="return false">x</a>`, "/"},
		"nothing at all": {`<button id=a>x</button>`, "/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := l.open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				switch r.URL.Path {
				case "/slow":
					select {
					case <-time.After(700 * time.Millisecond):
					case <-r.Context().Done():
					}
					fmt.Fprint(w, "<h1>there</h1>")
				case "/nothing":
					w.WriteHeader(http.StatusNoContent)
				case "/file":
					w.Header().Set("Content-Disposition", "attachment")
					fmt.Fprint(w, "data")
				default:
					fmt.Fprint(w, "<!doctype html>"+c.html)
				}
			}))
			s := one(journey.Click, css("#a"))
			s.Timeout = 25 * time.Second
			begin := time.Now()
			if err := b.do(s); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(b.page.URL(), b.site.URL); got != c.path {
				t.Errorf("got %s, want %s", got, c.path)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("it took the whole time: %s", took)
			}
		})
	}
}

// TestSelectorHealth tells which alternative acted, how the others do, and what
// would be sturdier.
func TestSelectorHealth(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		html      string
		selectors []journey.Selector
		want      signal.Selector
	}{
		"all the same":    {`<button id=a data-testid=go>Go</button>`, []journey.Selector{{css("[data-testid=\"go\"]")}, {css("#a")}}, signal.Selector{Used: `[data-testid="go"]`, Alive: 2, Same: 2, Of: 2}},
		"one is another":  {`<button id=a data-testid=go>Go</button><b>x</b>`, []journey.Selector{{css("#a")}, {css("b")}, {css("#gone")}}, signal.Selector{Used: "#a", Alive: 2, Same: 1, Of: 3, Better: `[data-testid="go"]`}},
		"role and name":   {`<div><div><button>Buy now</button></div></div><button>Other</button>`, []journey.Selector{{css("#gone")}, {css("div > div > button")}}, signal.Selector{Used: "div > div > button", Index: 1, Alive: 1, Same: 1, Of: 2, Better: `aria/Buy now[role="button"]`}},
		"stable id":       {`<div id=cart style="height:20px"></div>`, []journey.Selector{{css("body > div")}, {css("#gone")}}, signal.Selector{Used: "body > div", Alive: 1, Same: 1, Of: 2, Better: "#cart"}},
		"id of a machine": {`<div id=":r17:" class=cart>In the cart</div>`, []journey.Selector{{css("body > div")}, {css("#gone")}}, signal.Selector{Used: "body > div", Alive: 1, Same: 1, Of: 2, Better: "text/In the cart"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := l.open(t, page("<!doctype html>"+c.html))
			if err := b.do(journey.Step{Type: journey.Click, Selectors: c.selectors, Pointer: journey.Pointer{Centre: true}}); err != nil {
				t.Fatal(err)
			}
			got := b.records[b.step].selector
			if got == nil {
				t.Fatal("nothing is told")
			}
			if d := cmp.Diff(*got, c.want); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestEngineTravelsOnce holds that a document gets the engine once.
func TestEngineTravelsOnce(t *testing.T) {
	b := newLab(t).open(t, page(`<!doctype html><button id=a>x</button>`))
	for range 3 {
		if err := b.do(one(journey.Click, css("#a"))); err != nil {
			t.Fatal(err)
		}
	}
	var kept bool
	f := b.page.MainFrame()
	if err := f.Evaluate(t.Context(), browser.Isolated, "!!globalThis.postflightEngine", &kept); err != nil || !kept {
		t.Errorf("the engine is not kept: %v", err)
	}
	if b.is("'postflightEngine' in globalThis") {
		t.Error("the page sees the engine")
	}
	world, err := f.ContextID(t.Context(), browser.Isolated)
	if err != nil || b.engine.has[f] != world {
		t.Errorf("got %d, want %d: %v", b.engine.has[f], world, err)
	}
	if n := len(b.engine.source()); n > 64<<10 {
		t.Errorf("the engine has grown to %d bytes", n)
	}
}

// A key that sends a form is awaited as a click is.
func TestPressAwaitsItsNavigation(t *testing.T) {
	b := newLab(t).open(t, pages(map[string]string{"/": `<form action=/found><input id=a name=q autofocus></form>`, "/found": `<h1>Found</h1>`}))
	if err := b.do(one(journey.Click, css("#a"))); err != nil {
		t.Fatal(err)
	}
	if err := b.do(journey.Step{Type: journey.Press, Key: "Enter"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimPrefix(b.page.URL(), b.site.URL); got != "/found?q=" {
		t.Errorf("got %s, want /found?q=", got)
	}
}
