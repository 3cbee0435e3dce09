package browser

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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

// BenchmarkInput is a click and a line of text, the commonest of all steps.
func BenchmarkInput(b *testing.B) {
	srv := serve(b, site{"/": `<input autofocus style="position:absolute;left:0;top:0">`})
	p := open(b, PageOptions{})
	visit(b, p, srv.URL)
	before := cpu(b, p.Browser())
	for b.Loop() {
		if err := p.Click(b.Context(), 20, 8, Left, 0); err != nil {
			b.Fatal(err)
		}
		if err := p.Type(b.Context(), "somebody@example.test"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu(b, p.Browser())-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpu is the processor time that we and the browser's processes used so far.
func cpu(b *testing.B, br *Browser) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	sum := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		if len(f) < 13 || f[2] != strconv.Itoa(br.proc.cmd.Process.Pid) {
			continue
		}
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		sum += time.Duration(user+system) * 10 * time.Millisecond
	}
	return sum
}
