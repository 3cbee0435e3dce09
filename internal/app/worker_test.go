package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

// yard is a crew over a real store, whose standing work lasts until it is let
// go or called off.
type yard struct {
	t       *testing.T
	store   *store.Store
	mu      sync.Mutex
	started map[action.Lane][]time.Time
	began   chan action.Action
	release chan struct{}
	off     atomic.Int32
}

func newYard(t *testing.T, places int, most func() int) *yard {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "state.db")})
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{t: t, store: s, started: map[action.Lane][]time.Time{}, began: make(chan action.Action, 1000), release: make(chan struct{})}
	c := &crew{
		lanes: []action.Lane{action.LaneJourney, action.LaneVerify, action.LaneRecheck, action.LaneStanding}, give: 2, most: most,
		size: places, store: s, perform: map[action.Kind]performer{watch.ActionLook: y.perform}, log: slog.New(slog.DiscardHandler), now: time.Now,
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = s.Close()
	})
	return y
}

// perform lets standing work last; a release's is done at once.
func (y *yard) perform(ctx context.Context, a action.Action) work {
	y.mu.Lock()
	y.started[a.Lane] = append(y.started[a.Lane], time.Now())
	y.mu.Unlock()
	y.began <- a
	if a.Lane == action.LaneStanding || a.Lane == action.LaneRecheck {
		select {
		case <-y.release:
		case <-ctx.Done():
			y.off.Add(1)
		}
	}
	return work{}
}

func (y *yard) queue(lane action.Lane, n int) {
	y.t.Helper()
	now := time.Now()
	err := y.store.Write(y.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			a := action.Action{
				Key: fmt.Sprintf("look/%s/%d/%d", lane, now.UnixNano(), i), Kind: watch.ActionLook, Lane: lane, State: action.Queued,
				Queued: now, Due: now, Lease: time.Hour, Retry: action.Retry{Max: 1}, Quiet: true,
			}
			if err := tx.Queue(y.t.Context(), a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

// next waits for the next piece of work to begin.
func (y *yard) next(lane action.Lane) {
	y.t.Helper()
	select {
	case a := <-y.began:
		if a.Lane != lane {
			y.t.Fatalf("%s began, want one of lane %s", a.Key, lane)
		}
	case <-time.After(time.Minute):
		y.t.Fatalf("nothing of lane %s begins", lane)
	}
}

// quiet fails when more of a lane began than so many.
func (y *yard) quiet(lane action.Lane, most int) {
	y.t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	if n := len(y.started[lane]); n > most {
		y.t.Errorf("%d of lane %s began, at most %d may", n, lane, most)
	}
}

// TestReleaseIsNotStarvedByStandingJourneys: twenty slow journeys that nobody
// waits for leave a place free, and a release's first look begins at once.
func TestReleaseIsNotStarvedByStandingJourneys(t *testing.T) {
	t.Parallel()
	y := newYard(t, 3, nil)
	y.queue(action.LaneStanding, 20)
	y.next(action.LaneStanding)
	y.next(action.LaneStanding)
	asked := time.Now()
	y.queue(action.LaneJourney, 5)
	for range 5 {
		y.next(action.LaneJourney)
	}
	y.mu.Lock()
	t.Logf("the release's first look began %s after it was asked for, behind 20 slow journeys", y.started[action.LaneJourney][0].Sub(asked))
	y.mu.Unlock()
	y.quiet(action.LaneStanding, 2)
	if n := y.off.Load(); n != 0 {
		t.Errorf("%d standing journeys were called off although a place was free", n)
	}
	close(y.release)
	for range 18 {
		y.next(action.LaneStanding)
	}
}

// TestOnePlaceIsGivenUp: on one core a standing journey is called off for a
// release, and played later.
func TestOnePlaceIsGivenUp(t *testing.T) {
	t.Parallel()
	y := newYard(t, 1, nil)
	y.queue(action.LaneStanding, 2)
	y.next(action.LaneStanding)
	y.queue(action.LaneJourney, 1)
	y.next(action.LaneJourney)
	if n := y.off.Load(); n != 1 {
		t.Errorf("%d were called off", n)
	}
	close(y.release)
	y.next(action.LaneStanding)
	y.next(action.LaneStanding)
	// Nothing is lost, and nothing stands there twice.
	if !poll(t.Context(), time.Minute, 10*time.Millisecond, func() bool { return y.states()[action.Done] == 3 }) {
		t.Errorf("at last: %v", y.states())
	}
}

func (y *yard) states() map[action.State]int {
	all, err := read(y.t.Context(), y.store, func(tx *store.Tx) ([]action.Action, error) {
		return tx.Actions(y.t.Context(), store.ActionFilter{Kind: watch.ActionLook})
	})
	if err != nil {
		y.t.Error(err)
	}
	out := map[action.State]int{}
	for _, a := range all {
		out[a.State]++
	}
	return out
}

// TestOverloadHoldsStandingJourneysBack, and tells those that waited too long.
func TestOverloadHoldsStandingJourneysBack(t *testing.T) {
	t.Parallel()
	y := newYard(t, 4, func() int { return 0 })
	now := time.Now()
	err := y.store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.Queue(t.Context(), action.Action{
			Key: "look/late", Kind: watch.ActionLook, Lane: action.LaneStanding, State: action.Queued, Queued: now, Due: now,
			Expires: now.Add(time.Millisecond), Lease: time.Hour, Retry: action.Retry{Max: 1}, Quiet: true,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if !poll(t.Context(), time.Minute, 10*time.Millisecond, func() bool { return y.states()[action.Failed] == 1 }) {
		t.Errorf("nobody says that it was not looked at: %v", y.states())
	}
	y.quiet(action.LaneStanding, 0)
	y.queue(action.LaneJourney, 1)
	y.next(action.LaneJourney)
}

func TestMachine(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put := func(path, text string) {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1, 0)
	m := &machine{root: root, now: func() time.Time { now = now.Add(time.Minute); return now }}
	if got := m.Load(); got != (load{free: -1, cpu: -1, memory: -1}) {
		t.Errorf("a machine that tells nothing: %+v", got)
	}
	if got := m.standing(4); got != 3 {
		t.Errorf("unknown load leaves %d places", got)
	}
	put("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    4000000 kB\n")
	put("/proc/pressure/cpu", "some avg10=12.50 avg60=1.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
	put("/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")
	if got := m.Load(); got != (load{free: 4_000_000 << 10, cpu: 12.5}) {
		t.Errorf("load %+v", got)
	}
	put("/sys/fs/cgroup/memory.max", "1073741824\n")
	put("/sys/fs/cgroup/memory.current", "536870912\n")
	if got := m.Load().free; got != 512<<20 {
		t.Errorf("%d bytes free in the control group", got)
	}
	if got := m.places(0, nil); got != 1 {
		t.Errorf("%d places in 512 MiB", got)
	}
	if got := m.places(7, nil); got != 7 {
		t.Errorf("%d places, 7 were asked for", got)
	}
	put("/sys/fs/cgroup/memory.max", "max\n")
	for _, c := range []struct {
		cpu  string
		free string
		want int
	}{{"10.00", "4000000", 7}, {"75.00", "4000000", 3}, {"10.00", "100000", 0}} {
		put("/proc/pressure/cpu", "some avg10="+c.cpu+" avg60=0\n")
		put("/proc/meminfo", "MemAvailable: "+c.free+" kB\n")
		if got := m.standing(8); got != c.want {
			t.Errorf("cpu %s, %s KiB free: %d standing places, want %d", c.cpu, c.free, got, c.want)
		}
	}
	if got := m.places(0, []product.Product{{Journeys: []product.Journey{{Full: true}}}}); got != 1 {
		t.Errorf("%d places without memory", got)
	}
}
