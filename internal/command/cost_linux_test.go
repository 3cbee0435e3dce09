package command

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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
	if err = cmpOr(err, cat.Wait()); err != nil {
		b.Fatal(err)
	}
	done()
	return cat.ProcessState.UserTime() + cat.ProcessState.SystemTime()
}

func cmpOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// costOfRun runs in this process, which does nothing else meanwhile; Output looks
// at one byte in a cache line, as dear as a glance at all of them can be.
func costOfRun(b *testing.B, source []string, sink string) time.Duration {
	b.Helper()
	out, done := open(b, sink)
	var sum int
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	res, err := Run(context.Background(), Options{
		Argv: source, Stdout: out, Stderr: os.Stderr, Terminal: "never",
		Tick: func(Sample) Order { return Continue },
		Output: func(_ Stream, block []byte) {
			for i := 0; i < len(block); i += 64 {
				sum += int(block[i])
			}
		},
	})
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	if err != nil || res.Code != 0 || sum != 0 {
		b.Fatal(fmt.Sprint(res, err, sum))
	}
	done()
	return spent(after) - spent(before)
}
