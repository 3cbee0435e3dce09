//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/player"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// small is the journey of the soak: the runs are many, so each is short.
const (
	smallPage = `<!doctype html><title>Soak</title><button onclick="this.textContent = 'Done'">Go</button>`
	small     = `{"title": "Soak", "steps": [
		{"type": "navigate", "url": "http://soak.example/", "assertedEvents": [{"type": "navigation"}]},
		{"type": "click", "selectors": ["aria/Go", "button"], "offsetX": 5, "offsetY": 5},
		{"type": "waitForElement", "selectors": ["text/Done"]}]}`
	abreast = 4 // journeys at the same time
)

// holds is what a process holds.
type holds struct {
	goroutines, files, children, scratch int
	heap, resident                       int64
}

// soak plays many journeys in one process, four at a time, and holds that it
// ends with what it had after the first of them.
func soak(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "postflight-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, smallPage)
	}))
	defer srv.Close()
	bin, err := browser.Find(ctx, o.binary)
	if err != nil {
		return err
	}
	j, err := journey.Parse("soak", []byte(small))
	if err != nil {
		return err
	}
	r := player.New(player.Options{Binary: bin, Blobs: nowhere{}, Version: "bench", Dir: dir})
	one := func() error {
		s := r.Run(ctx, player.Request{Look: watch.Look{Name: "soak", Base: srv.URL}, Journey: j, Timeout: time.Minute})
		if s.Outcome != signal.Pass {
			return fmt.Errorf("%s: %s", s.Outcome, s.Summary)
		}
		return nil
	}
	var peak atomic.Int64
	stop := sample(&peak)
	defer stop()
	warm := min(100, o.soak/2)
	if err := many(warm, one); err != nil {
		return err
	}
	before := inventory(dir)
	if err := many(o.soak-warm, one); err != nil {
		return err
	}
	after := inventory(dir)
	fmt.Printf("\n| after runs | goroutines | open files | child processes | scratch entries | heap in use, MB | resident, MB |\n|---|---|---|---|---|---|---|\n")
	row(warm, before)
	row(o.soak, after)
	fmt.Printf("\npeak resident size of the driver, %d journeys at a time: %.1f MB\n", abreast, float64(peak.Load())/1e6)
	if after.goroutines > before.goroutines || after.files > before.files || after.children > 0 || after.scratch > 0 || after.heap > before.heap+2<<20 {
		return errors.New("the process grew")
	}
	return nil
}

func row(runs int, h holds) {
	fmt.Printf("| %d | %d | %d | %d | %d | %.1f | %.1f |\n", runs, h.goroutines, h.files, h.children, h.scratch, float64(h.heap)/1e6, float64(h.resident)/1e6)
}

// many plays n times, a few abreast, and returns the first error.
func many(n int, one func() error) error {
	var group sync.WaitGroup
	var mu sync.Mutex
	var first error
	left := n
	for range abreast {
		group.Go(func() {
			for {
				mu.Lock()
				over := left == 0 || first != nil
				if !over {
					left--
				}
				mu.Unlock()
				if over {
					return
				}
				if err := one(); err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return first
}

// sample notes the largest resident size of this process until stop.
func sample(peak *atomic.Int64) (stop func()) {
	tick := 20 * time.Millisecond
	var timer *time.Timer
	timer = time.AfterFunc(tick, func() {
		peak.Store(max(peak.Load(), resident()))
		timer.Reset(tick)
	})
	return func() { timer.Stop() }
}

func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text))
	if len(f) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// inventory counts what is held once everything has come to rest.
func inventory(dir string) holds {
	http.DefaultClient.CloseIdleConnections()
	time.Sleep(time.Second)
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h := holds{goroutines: runtime.NumGoroutine(), heap: int64(m.HeapInuse), resident: resident()}
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		h.files = len(list)
	}
	if list, err := os.ReadDir(dir); err == nil {
		h.scratch = len(list)
	}
	if tasks, err := filepath.Glob("/proc/self/task/*/children"); err == nil {
		for _, path := range tasks {
			text, err := os.ReadFile(path)
			if err == nil {
				h.children += len(strings.Fields(string(text)))
			}
		}
	}
	return h
}

// nowhere takes evidence and keeps none, so that only the driver is measured.
type nowhere struct{}

func (nowhere) Put(_ context.Context, _ string, r io.Reader, _ int64) (string, int64, error) {
	n, err := io.Copy(io.Discard, r)
	return strconv.FormatInt(n, 10), n, err
}
