package browser

import (
	"context"
	"os"
	"testing"
)

// BenchmarkRoundTrip is the smallest question and its answer.
func BenchmarkRoundTrip(b *testing.B) {
	br := launch(b, Options{})
	p := openIn(b, br, PageOptions{})
	for b.Loop() {
		if err := p.MainFrame().Evaluate(b.Context(), Isolated, "1", nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkColdStart is from nothing to a loaded page, and back to nothing.
func BenchmarkColdStart(b *testing.B) {
	srv := serve(b, site{"/": `<title>x</title><h1>hello</h1>`})
	bin, err := Find(b.Context(), os.Getenv("POSTFLIGHT_TEST_BROWSER"))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for b.Loop() {
		br, err := Launch(context.WithoutCancel(b.Context()), Options{Binary: bin, Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		visit(b, openIn(b, br, PageOptions{}), srv.URL)
		if err := br.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScreenshot is one picture of a plain page, as kept for each step.
func BenchmarkScreenshot(b *testing.B) {
	srv := serve(b, site{"/": `<h1>hello</h1>`})
	p := open(b, PageOptions{})
	visit(b, p, srv.URL)
	for b.Loop() {
		if _, err := p.Screenshot(b.Context(), ScreenshotOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFindKey is the look-up of a key near the end of the layout.
func BenchmarkFindKey(b *testing.B) {
	for b.Loop() {
		if !KnownKey("~") {
			b.Fatal("not known")
		}
	}
}
