package app

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/watch"
	"github.com/postflight/postflight/internal/web"
)

// interest is how long after somebody asked what runs the runs that begin are
// filmed: a screencast costs something, and mostly nobody looks on.
const interest = time.Minute

// runs is the journeys that run now, and who looks on. It is safe for
// concurrent use.
type runs struct {
	now   func() time.Time
	mu    sync.Mutex
	all   map[string]*run
	asked time.Time // when somebody last asked
}

// run is one of them.
type run struct {
	of      *runs
	view    web.Running
	film    bool
	last    []byte
	viewers map[chan []byte]bool
}

func newRuns(now func() time.Time) *runs { return &runs{now: now, all: map[string]*run{}} }

// begin enters a run.
func (r *runs) begin(id string, j product.Journey, l watch.Look) *run {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := &run{
		of: r, viewers: map[chan []byte]bool{}, film: j.Suite == nil && r.now().Sub(r.asked) < interest,
		view: web.Running{
			ID: id, Product: l.Product, Journey: l.Name, Release: l.Release, Version: l.Version, Side: l.Side, Started: r.now(),
		},
	}
	one.view.Screen = one.film
	r.all[id] = one
	return one
}

// end removes a run and tells whoever looks on.
func (r *runs) end(one *run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[one.view.ID] == one {
		delete(r.all, one.view.ID)
	}
	for ch := range one.viewers {
		close(ch)
	}
	one.viewers = nil
}

// list returns the runs in progress, oldest first.
func (r *runs) list() []web.Running {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = r.now()
	out := make([]web.Running, 0, len(r.all))
	for _, one := range r.all {
		out = append(out, one.view)
	}
	slices.SortFunc(out, func(a, b web.Running) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// steps notes how many steps there are.
func (o *run) steps(n int) {
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	o.view.Steps = n
}

// reached notes which step is being played.
func (o *run) reached(step int, title string) {
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	o.view.Step, o.view.StepTitle = step, title
}

// watch returns what takes the pictures of the run, nil when nobody is there.
func (o *run) watch() func([]byte) {
	if !o.film {
		return nil
	}
	return o.frame
}

// frame hands a picture to whoever looks on. It never waits: a slow reader
// misses pictures.
func (o *run) frame(jpeg []byte) {
	o.of.mu.Lock()
	defer o.of.mu.Unlock()
	o.last = slices.Clone(jpeg)
	for ch := range o.viewers {
		push(ch, o.last)
	}
}

// push puts a picture in the place of the one that was not read.
func push(ch chan []byte, jpeg []byte) {
	select {
	case ch <- jpeg:
		return
	default:
	}
	select {
	case <-ch:
	default:
	}
	select {
	case ch <- jpeg:
	default:
	}
}

// maxViewers bounds who may look on at one run.
const maxViewers = 32

// Screen returns the pictures of a run, the present one first.
func (r *runs) Screen(ctx context.Context, id string) (<-chan []byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = r.now()
	one, ok := r.all[id]
	switch {
	case !ok:
		return nil, fault.Newf(fault.NotFound, "run %q is not in progress", id)
	case !one.film:
		return nil, fault.New(fault.NotFound, "this run is not filmed", "it began before somebody looked; the next one will be")
	case len(one.viewers) >= maxViewers:
		return nil, fault.New(fault.Unavailable, "too many people look on", "")
	}
	ch := make(chan []byte, 1)
	one.viewers[ch] = true
	if one.last != nil {
		ch <- one.last
	}
	context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if one.viewers[ch] {
			delete(one.viewers, ch)
			close(ch)
		}
	})
	return ch, nil
}
