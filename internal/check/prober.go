package check

import (
	"container/heap"
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// ProberOptions of a Prober. Looker, Products and Report are required.
type ProberOptions struct {
	Looker   *Looker
	Products []product.Product
	// Known returns the version that should be live, or "" when none is
	// known. Nil: the Prober remembers what it noticed.
	Known func(product.ID) string
	// Report takes a signal when an outcome changed, and once in a while when
	// it did not. After an error it is called again with the next result. It
	// must be safe for concurrent use.
	Report func(context.Context, signal.Signal) error
	// Notice is told when two reads met a version that is not the known one.
	// The same version is told once, unless Notice returned an error. Nil: not
	// told.
	Notice    func(context.Context, signal.Noticed) error
	Workers   int           // looks at the same time; 8
	Heartbeat time.Duration // longest silence about one thing that does not change; 1 min
	Log       *slog.Logger
}

// Stats counts what the standing loop did.
type Stats struct {
	Runs     int           // looks done, confirms not counted
	Overruns int           // looks left out, because the last one still ran or all workers were busy
	Lag      time.Duration // the latest start so far
}

// Prober looks all the time: at every integration of every product, and at
// the version each product serves. Each check has its own phase within its
// interval, by the hash of its name, so that they spread evenly and a restart
// changes nothing.
type Prober struct {
	o     ProberOptions
	eyes  eyes
	mu    sync.Mutex // guards everything below, and the items' states
	items map[string]*item
	stats Stats
}

// item is one check. Its state is guarded by the Prober's lock, its place in
// the queue belongs to the scheduler alone.
type item struct {
	key   string
	p     product.Product
	in    *product.Integration // nil: the served version
	every time.Duration
	next  time.Time

	running  bool
	known    string // last version noticed, when nobody else knows
	noticed  string // version told to Notice
	current  signal.Signal
	since    time.Time // when current's outcome began
	reported time.Time
	told     signal.Outcome // outcome last reported
}

const (
	defaultPoll    = 10 * time.Second
	defaultProbe   = 30 * time.Second
	pollLimit      = 5 * time.Second // one version read of the standing loop
	startupSpread  = time.Second     // all first looks are made within this
	reportDeadline = 10 * time.Second
)

// NewProber returns a Prober; Run starts it.
func NewProber(o ProberOptions) *Prober {
	o.Workers = fallback(o.Workers, 8)
	o.Heartbeat = fallback(o.Heartbeat, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Prober{o: o, items: map[string]*item{}}
	if o.Looker != nil {
		quick := *o.Looker
		quick.o.Limits.Request = min(quick.o.Limits.Request, pollLimit)
		b.eyes = &quick
	}
	for _, p := range o.Products {
		if p.Version.Kind != "" {
			b.add(&item{key: itemKey(p.ID, ""), p: p, every: fallback(p.Version.Every, defaultPoll)})
		}
		for _, in := range p.Integrations {
			if in.Probe.URL != "" {
				b.add(&item{key: itemKey(p.ID, in.ID), p: p, in: &in, every: fallback(in.Probe.Every, defaultProbe)})
			}
		}
	}
	return b
}

func (b *Prober) add(it *item) { b.items[it.key] = it }

func itemKey(p product.ID, integration string) string { return string(p) + "\x00" + integration }

// Run looks until the context ends, and then returns nil once all workers
// are done. A product that is down, at the start or later, is reported.
func (b *Prober) Run(ctx context.Context) error {
	jobs := make(chan *item)
	var g errgroup.Group
	for range b.o.Workers {
		g.Go(func() error {
			for it := range jobs {
				b.run(ctx, it)
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(jobs)
		b.schedule(ctx, jobs)
		return nil
	})
	return g.Wait()
}

// Now returns the last signal about an integration of a product (integration
// "": about its served version), since when its outcome has been so, and
// whether there is one yet.
func (b *Prober) Now(p product.ID, integration string) (s signal.Signal, since time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	it := b.items[itemKey(p, integration)]
	if it == nil || it.current.Outcome == "" {
		return signal.Signal{}, time.Time{}, false
	}
	return it.current, it.since, true
}

// Stats returns the counts so far.
func (b *Prober) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stats
}

// queue orders the items by when they are next.
type queue []*item

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].next.Before(q[j].next) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*item)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	it := (*q)[last]
	*q = (*q)[:last]
	return it
}

// schedule hands each item to a worker when it is due.
func (b *Prober) schedule(ctx context.Context, jobs chan<- *item) {
	var q queue
	start := time.Now()
	for _, it := range b.items {
		it.next = start.Add(it.phase(min(it.every, startupSpread)))
		q = append(q, it)
	}
	heap.Init(&q)
	if len(q) == 0 {
		<-ctx.Done()
		return
	}
	for {
		it := q[0]
		if !pause(ctx, time.Until(it.next)) {
			return
		}
		if b.claim(it) {
			select {
			case jobs <- it:
			case <-ctx.Done():
				return
			}
		}
		b.advance(it)
		heap.Fix(&q, 0)
	}
}

// claim takes the item for a run, unless its last run is not over.
func (b *Prober) claim(it *item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it.running {
		b.stats.Overruns++
		return false
	}
	it.running = true
	return true
}

func (b *Prober) release(it *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	it.running = false
}

// advance puts the item at its next slot; slots that went by are left out.
func (b *Prober) advance(it *item) {
	now := time.Now()
	due := it.next
	it.next = it.slot(now)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Lag = max(b.stats.Lag, now.Sub(due))
	b.stats.Overruns += int(now.Sub(due) / it.every)
}

// phase is the item's own place within a span.
func (it *item) phase(span time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(it.key))
	return time.Duration(h.Sum64() % uint64(span))
}

// slot is the first instant after now at which the item is due.
func (it *item) slot(now time.Time) time.Time {
	every := int64(it.every)
	past := (now.UnixNano() - int64(it.phase(it.every))) % every
	if past < 0 {
		past += every
	}
	return now.Add(time.Duration(every - past))
}

// run makes one look and reports it, as one of the product's standing watch.
// A failure was asked three times, which its Round and Confirm say.
func (b *Prober) run(ctx context.Context, it *item) {
	defer b.release(it)
	s := signal.Signal{Product: it.p.ID, Watch: string(watch.StandingID(it.p.ID))}
	if b.o.Looker != nil {
		s.Worker = b.o.Looker.o.Worker
	}
	if it.in != nil {
		s.Kind, s.Name = signal.Probe, it.in.ID
		confirmProbe(ctx, b.eyes, *it.in, &s)
	} else {
		s.Kind, s.Name, s.Side = signal.Version, "version", signal.New
		b.poll(ctx, it, &s)
	}
	if s.Round = 1; s.Outcome == signal.Fail {
		s.Round, s.Confirm = tries, true
	}
	s.At = time.Now()
	changed := b.keep(ctx, it, s)
	if !changed {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, reportDeadline)
	defer cancel()
	if err := b.o.Report(bounded, s); err != nil {
		b.o.Log.WarnContext(ctx, "probe result not stored", "product", it.p.ID, "name", s.Name, "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	it.told, it.reported = s.Outcome, s.At
}

// keep stores the result and says whether it is to be reported.
func (b *Prober) keep(ctx context.Context, it *item, s signal.Signal) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	b.stats.Runs++
	if it.current.Outcome != s.Outcome {
		it.since = s.At
	}
	it.current = s
	return it.told != s.Outcome || s.At.Sub(it.reported) >= b.o.Heartbeat
}
