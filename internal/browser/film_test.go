package browser

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// colours are told apart after JPEG.
func filmColour(t *testing.T, picture []byte) string {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatalf("decode frame: %v", err)
	}
	b := img.Bounds()
	c := color.RGBAModel.Convert(img.At(b.Dx()/2, b.Dy()/2)).(color.RGBA)
	name := func(v uint8) int { return (int(v) + 64) / 128 }
	return fmt.Sprint(min(name(c.R), 1), min(name(c.G), 1), min(name(c.B), 1))
}

// waitCut cuts until the picture has the colour, or patience ends.
func waitCut(t *testing.T, ctx context.Context, f *Film, want string) {
	t.Helper()
	got := "no frame"
	for ctx.Err() == nil {
		if picture := f.Cut(time.Now()); picture != nil {
			if got = filmColour(t, picture); got == want {
				return
			}
		}
		pauseFor(ctx, 10*time.Millisecond)
	}
	t.Errorf("the film shows %s, want %s", got, want)
}

func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func TestFilmShowsTheLastState(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `<body style="margin:0;background:%s">`, r.URL.Query().Get("c"))
	}))
	t.Cleanup(srv.Close)
	ctx := patient(t)
	p := open(t, PageOptions{Viewport: Viewport{Width: 300, Height: 200, Scale: 1}})
	f, err := p.Film(ctx, FilmOptions{})
	if err != nil {
		t.Fatal(err)
	}
	go1 := func(url string) {
		if _, err := p.Navigate(ctx, url); err != nil {
			t.Fatal(err)
		}
	}
	go1(srv.URL + "?c=rgb(255,0,0)")
	waitCut(t, ctx, f, "1 0 0")
	// Another site is another process.
	go1(strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) + "?c=rgb(0,255,0)")
	waitCut(t, ctx, f, "0 1 0")
	// A page that moves all the time is slowed down, and its last state still comes.
	script := `new Promise((done) => { let n = 0; const turn = () => {
		document.body.style.background = n++ % 2 ? "rgb(255,0,0)" : "rgb(0,255,0)";
		n < 120 ? requestAnimationFrame(turn) : (document.body.style.background = "rgb(0,0,255)", done()) }; turn() })`
	if err := p.MainFrame().Evaluate(ctx, Main, script, nil); err != nil {
		t.Fatal(err)
	}
	waitCut(t, ctx, f, "0 0 1")
	f.Stop(ctx)
	if err := p.MainFrame().Evaluate(ctx, Main, `document.body.style.background = "rgb(255,255,255)"`, nil); err != nil {
		t.Fatal(err)
	}
	if picture := f.Cut(time.Now()); picture == nil || filmColour(t, picture) != "0 0 1" {
		t.Error("a film that was stopped lost what it had, or went on")
	}
}

func TestFilmKeepsLittle(t *testing.T) {
	t.Parallel()
	f := &Film{done: make(chan struct{})}
	begin := time.Now()
	var slowed bool
	for i := range 10 * filmFrames {
		rest := f.keep(filmFrame{begin.Add(time.Duration(i) * time.Second), strings.Repeat("A", 1<<20)})
		slowed = slowed || rest > 0
	}
	if len(f.frames) > filmFrames || f.bytes > filmBytes {
		t.Errorf("kept %d frames of %d bytes", len(f.frames), f.bytes)
	}
	if !slowed {
		t.Error("a page that always moves was never slowed down")
	}
	if f.Cut(begin) != nil {
		t.Error("there is a frame of a time that is forgotten")
	}
	if f.Cut(begin.Add(time.Hour)) == nil || len(f.frames) != 1 {
		t.Error("the newest frame is gone, or older ones are still kept")
	}
}
