package command

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkBesideCat runs the same streams through cat and through us, in turn,
// and reports what each costs of user and system time for a gigabyte, the
// command itself not counted, and the ratio of the two.
func BenchmarkBesideCat(b *testing.B) {
	for _, c := range []struct {
		name  string
		total int // bytes
		block string
	}{
		{"1MiB", 2 << 30, "1M"},
		{"64KiB", 2 << 30, "64k"},
		{"4KiB", 1 << 30, "4k"},
		{"100B", 64 << 20, "100"},
	} {
		for _, sink := range []string{"pipe", "file", "null"} {
			b.Run(c.name+"-writes/to-"+sink, func(b *testing.B) {
				size := bytesOf(b, c.block)
				source := []string{"dd", "if=/dev/zero", "bs=" + c.block, "count=" + strconv.Itoa(c.total/size), "status=none"}
				var cat, own time.Duration
				for range b.N {
					cat += costOfCat(b, source, sink)
					own += costOfRun(b, source, sink)
				}
				per := float64(c.total) * float64(b.N) / 1e9
				b.ReportMetric(cat.Seconds()*1000/per, "cat-ms/GB")
				b.ReportMetric(own.Seconds()*1000/per, "own-ms/GB")
				b.ReportMetric(own.Seconds()/cat.Seconds(), "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func bytesOf(b *testing.B, size string) int {
	unit := 1
	switch {
	case strings.HasSuffix(size, "M"):
		unit = 1 << 20
	case strings.HasSuffix(size, "k"):
		unit = 1 << 10
	}
	n, err := strconv.Atoi(strings.TrimRight(size, "kM"))
	if err != nil {
		b.Fatal(err)
	}
	return n * unit
}

// open is where a stream goes: the pipe's reader is another cat, which is not
// counted.
func open(b *testing.B, sink string) (*os.File, func()) {
	b.Helper()
	switch sink {
	case "pipe":
		r, w, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		reader := exec.Command("cat")
		reader.Stdin = r
		if err := reader.Start(); err != nil {
			b.Fatal(err)
		}
		r.Close()
		return w, func() { w.Close(); _ = reader.Wait() }
	case "file":
		f, err := os.Create(filepath.Join(b.TempDir(), "out"))
		if err != nil {
			b.Fatal(err)
		}
		return f, func() { f.Close(); _ = os.Remove(f.Name()) }
	}
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	return f, func() { f.Close() }
}

func costOfCat(b *testing.B, source []string, sink string) time.Duration {
	b.Helper()
	out, done := open(b, sink)
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	from, cat := exec.Command(source[0], source[1:]...), exec.Command("cat")
	from.Stdout, cat.Stdin, cat.Stdout = w, r, out
	if err := cat.Start(); err != nil {
		b.Fatal(err)
	}
	r.Close()
	err = from.Run()
	w.Close()
	if err := errors.Join(err, cat.Wait()); err != nil {
		b.Fatal(err)
	}
	done()
	return cat.ProcessState.UserTime() + cat.ProcessState.SystemTime()
}

// costOfRun is what a guard process of its own spends in Run. Output looks at one
// byte in a cache line, as dear as a glance at all of them can be.
func costOfRun(b *testing.B, source []string, sink string) time.Duration {
	b.Helper()
	out, done := open(b, sink)
	g := newGuard(b, script{Argv: source, Glance: true})
	g.cmd.Stdout, g.cmd.Stderr = out, os.Stderr
	g.start()
	res := g.wait().Result
	done()
	if res.Code != 0 {
		b.Fatal(res)
	}
	return res.OwnCPU
}
