package player

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/picture"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// album is what good releases looked like.
type album struct {
	shelf *shelf
	kept  []signal.Baseline
	err   error
}

func (a *album) Baseline(_ context.Context, k signal.PictureKey) (signal.Baseline, bool, error) {
	if a.err != nil {
		return signal.Baseline{}, false, a.err
	}
	near := -1
	for i, b := range a.kept {
		if b.Key == k {
			return b, true, nil
		}
		if b.Key.Step == k.Step {
			near = i
		}
	}
	if near < 0 {
		return signal.Baseline{}, false, nil
	}
	return a.kept[near], true, nil
}

func (a *album) Open(_ context.Context, blob string) (io.ReadCloser, error) {
	a.shelf.mu.Lock()
	defer a.shelf.mu.Unlock()
	data, ok := a.shelf.data[blob]
	if !ok {
		return nil, errors.New("gone")
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// gallery is a site whose look changes, and a journey over it that compares.
type gallery struct {
	*scene
	album *album
	html  atomic.Pointer[string]
}

const heading = `<!doctype html><style>html{height:100vh}</style><body style="margin:0;font:20px sans-serif"><h1>Book a repair</h1><p id="text">Choose a day and a time that suit you.</p>`

func newGallery(t *testing.T, html string) *gallery {
	t.Helper()
	g := &gallery{}
	g.html.Store(&html)
	g.scene = newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "style-src 'unsafe-inline'")
		io.WriteString(w, *g.html.Load())
	}), `{"type":"setViewport","width":640,"height":400,"deviceScaleFactor":1,"isMobile":false,"hasTouch":false,"isLandscape":false}`,
		open, expect("document.readyState === 'complete'"))
	g.album = &album{shelf: g.shelf}
	g.req.Baselines = g.album
	g.req.Look.Product, g.req.Look.Release = "shop", "r2"
	g.req.Spec.Compare = product.Compare{On: true}
	return g
}

// look plays the journey and returns what its comparison came to.
func (g *gallery) look(t *testing.T, html string) (signal.Signal, signal.Comparison) {
	t.Helper()
	g.html.Store(&html)
	s := g.run(t, t.Context())
	c := s.Steps[len(s.Steps)-1].Compared
	if c == nil {
		t.Fatalf("nothing was compared: %s", s.Summary)
	}
	for _, step := range s.Steps[:len(s.Steps)-1] {
		if step.Compared != nil {
			t.Errorf("step %d was compared too", step.Index)
		}
	}
	return s, *c
}

// good makes what the page looks like now the last good release.
func (g *gallery) good(t *testing.T, html string) signal.Comparison {
	t.Helper()
	s, c := g.look(t, html)
	wantPass(t, s)
	if c.State != stateNew || c.Picture == "" || c.Baseline != "" {
		t.Fatalf("got %+v, want a new picture", c)
	}
	s.Release = "r1"
	g.album.kept = s.Candidates()
	if len(g.album.kept) != 1 {
		t.Fatalf("got %d candidates, want one", len(g.album.kept))
	}
	return c
}

func TestCompareSame(t *testing.T) {
	t.Parallel()
	html := heading + `<style>
		.spin{animation:turn 1s linear infinite;width:40px;height:40px;background:linear-gradient(red,blue)} @keyframes turn{to{transform:rotate(1turn)}}
		.in{animation:in 30s} @keyframes in{from{opacity:0}to{opacity:1}} .t{transition:margin 20s}
	</style><div class=spin></div><p class=in>Welcome</p><p class=t id=t>Moved</p><input autofocus value=caret><script>requestAnimationFrame(() => t.style.marginLeft = '200px')</script>`
	g := newGallery(t, html)
	first := g.good(t, html)
	if first.Key.Viewport != "640x400@1" || first.Key.Product != "shop" || first.Key.Journey != "test" || !strings.Contains(first.Key.Browser, " 1") {
		t.Errorf("got key %+v", first.Key)
	}
	s, c := g.look(t, html)
	wantPass(t, s)
	if c.State != stateSame || c.Share != 0 || c.Moving || c.Release != "r1" || c.Diff != "" {
		t.Errorf("got %+v, want the same", c)
	}
	if p, err := picture.Decode(g.shelf.data[c.Picture]); err != nil || p.W != 640 || p.H != 400 {
		t.Errorf("the picture: %v", err)
	}
}

func TestCompareDifferent(t *testing.T) {
	t.Parallel()
	box := `<div class=box style="position:absolute;left:%;top:200px;width:80px;height:40px;background:#135"></div>`
	before, after := heading+strings.ReplaceAll(box, "%", "100px"), heading+strings.ReplaceAll(box, "%", "400px")
	g := newGallery(t, before)
	g.good(t, before)

	s, c := g.look(t, after)
	wantPass(t, s) // it is told only
	want := [][4]int{{100, 200, 80, 40}, {400, 200, 80, 40}}
	if c.State != stateDifferent || c.Share < 0.024 || c.Share > 0.026 || !cmp.Equal(c.Regions, want) {
		t.Errorf("got %+v", c)
	}
	if _, err := picture.Decode(g.shelf.data[c.Diff]); err != nil {
		t.Errorf("the marked picture: %v", err)
	}
	lines := s.Steps[2].Console
	if len(lines) != 1 || lines[0].Level != "warning" || !strings.Contains(lines[0].Text, "2.5 % of the picture differs, in 2 places") {
		t.Errorf("got %+v, want one warning", lines)
	}

	g.req.Spec.Compare.Fail = true
	s, _ = g.look(t, after)
	wantFail(t, s, "visual", 3, "2.5 % of the picture differs")
	g.req.Spec.Compare.Limit = 0.05
	s, c = g.look(t, after)
	wantPass(t, s)
	if c.State != stateSame || c.Diff == "" {
		t.Errorf("got %+v, want the same within the limit, and marked", c)
	}
	g.req.Spec.Compare.Limit, g.req.Spec.Compare.Ignore = 0, []string{".box", "nav >"}
	g.req.Spec.Compare.Fail = true
	s, c = g.look(t, after)
	wantFail(t, s, "visual", 3) // the box is ignored where it is now, not where it was
	if len(c.Regions) != 1 || !strings.Contains(s.Steps[2].Console[0].Text, "nav >") {
		t.Errorf("got %+v, %+v", c, s.Steps[2].Console)
	}
}

func TestCompareIgnoresAndMoves(t *testing.T) {
	t.Parallel()
	clock := heading + `<div id=host></div><script>
		const r = host.attachShadow({mode:'open'}); r.innerHTML = '<div class=clock style="width:120px;height:30px;background:#000"></div>';
		const c = r.querySelector('.clock'); let n = 0;
		(function tick() { c.style.background = 'rgb(' + (n++ % 256) + ',' + (n * 7 % 256) + ',90)'; requestAnimationFrame(tick); })();
	</script>`
	g := newGallery(t, clock)
	s, c := g.look(t, clock)
	wantPass(t, s)
	if !c.Moving || len(s.Candidates()) != 0 {
		t.Errorf("got %+v, want no candidate of a page that moves", c)
	}
	g.req.Spec.Compare.Ignore = []string{".clock"}
	g.good(t, clock)
	s, c = g.look(t, clock)
	wantPass(t, s)
	if c.State != stateSame || c.Moving {
		t.Errorf("got %+v, want the same", c)
	}
	g.req.Spec.Compare.Ignore = nil
	last := &g.req.Journey.Steps[2] // a locator of the hand-written form
	last.Ignore = []journey.Selector{{{Language: journey.CSS, Value: "#host"}, {Language: journey.Pierce, Value: ".clock"}}, {{Language: journey.Role, Value: "heading", Filter: &journey.Filter{Name: "book"}}}}
	s, c = g.look(t, strings.Replace(clock, "Book a repair", "Book another repair", 1))
	wantPass(t, s)
	if c.State != stateSame || c.Moving {
		t.Errorf("got %+v, want the same", c)
	}
	last.Ignore = nil
	g.req.Spec.Compare.Ignore = []string{"html"}
	s, c = g.look(t, clock)
	wantPass(t, s)
	if c.State != stateIncomparable {
		t.Errorf("got %+v, want nothing compared", c)
	}
}

func TestCompareShowsNoSecret(t *testing.T) {
	t.Parallel()
	html := heading + `<p id=s style="position:absolute;left:20px;top:250px;width:300px;font:bold 40px monospace">hunter2-hunter2</p>`
	g := newGallery(t, html)
	g.req.Secrets = map[string]string{"login": "hunter2-hunter2"}
	g.good(t, html)
	s, c := g.look(t, html)
	wantPass(t, s)
	if c.State != stateSame {
		t.Errorf("got %+v, want the same", c)
	}
	pic, err := picture.Decode(g.shelf.data[c.Picture])
	if err != nil {
		t.Fatal(err)
	}
	if paint := pic.Paint(image.Rect(30, 300, 185, 380), nil); !paint.Empty() {
		t.Errorf("the secret can be read: %+v", paint)
	}
}

func TestCompareBlank(t *testing.T) {
	t.Parallel()
	canvas := `<canvas id=c width=300 height=150 style="border:1px solid"></canvas><script>const x = c.getContext('2d'); x.fillStyle = '#123'; x.fillRect(0,0,300,150);`
	for name, c := range map[string]struct{ html, what, words string }{
		"page":    {`<!doctype html><div id=root style="height:100vh"></div>`, "page", "one plain colour"},
		"spinner": {`<!doctype html><body style="background:#0b0e14"><div style="margin:190px auto;width:14px;height:14px;border:2px solid #fff;border-radius:50%"></div>`, "page", "next to nothing"},
		"canvas":  {heading + canvas + `</script>`, "canvas", "nothing is painted in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGallery(t, c.html)
			g.req.Baselines = nil
			s, got := g.look(t, c.html)
			wantFail(t, s, "blank", 3, c.words)
			if got.State != stateBlank || got.Blank != c.what || len(s.Candidates()) != 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		html := heading + canvas + `x.fillStyle = '#fff'; x.fillRect(30, 30, 50, 50);</script>`
		g := newGallery(t, html)
		g.good(t, html)
	})
	t.Run("a short text", func(t *testing.T) {
		t.Parallel()
		html := `<!doctype html><p style="font:12px sans-serif">Thank you.`
		g := newGallery(t, html)
		g.good(t, html)
		s, _ := g.look(t, html)
		wantPass(t, s)
		g.album.kept = nil
		g.good(t, heading+strings.Repeat("<p>More of it here", 5))
		s, _ = g.look(t, html) // the good release had more
		wantFail(t, s, "blank", 3, "next to nothing")
	})
}

func TestCompareBoundToBrowserAndSize(t *testing.T) {
	t.Parallel()
	g := newGallery(t, heading)
	g.good(t, heading)
	kept := g.album.kept[0]
	g.album.kept[0].Key.Browser = "chromium 1.2.3"
	s, c := g.look(t, heading)
	wantPass(t, s)
	if c.State != stateIncomparable || !strings.Contains(c.Why, "chromium 1.2.3") || len(s.Steps[2].Console) != 1 {
		t.Errorf("got %+v, %+v", c, s.Steps[2].Console)
	}
	g.album.kept[0] = kept
	g.album.kept[0].Blob = "gone"
	s, c = g.look(t, heading)
	wantPass(t, s)
	if c.State != stateIncomparable {
		t.Errorf("got %+v", c)
	}
	g.req.Spec.Compare.Fail = true // asked to fail, and could not look: neither red nor green
	if s, _ = g.look(t, heading); s.Outcome != signal.Broken {
		t.Errorf("got %s: %s", s.Outcome, s.Summary)
	}
}
