package hang

import (
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/rule"
)

// The defaults of Limits, and what else the rules hold to.
const (
	defaultTotal    = 30 * time.Minute
	defaultIdle     = 5 * time.Minute
	defaultFinished = 30 * time.Second
	defaultReporter = time.Minute
	defaultOrphans  = 5 * time.Second
	defaultStdin    = 30 * time.Second
	defaultLock     = 2 * time.Minute
	defaultProgress = 3.0

	window     = time.Minute // over which CPU is averaged
	idleCPU    = 0.01        // of one core: less is idle
	busyCPU    = 0.20        // more is certainly work
	idleMoved  = 1 << 20     // bytes read and written in a window: less is idle
	lateSample = 15 * time.Second
	// patience is how many times the default idle limit a command may take that
	// prints heartbeats or waits for work done elsewhere: "Still creating... [8m30s elapsed]" is said by tools that
	// wait for a slow cloud as well as by those that wait for nothing.
	patience      = 3
	progressFloor = time.Minute
	maxReminders  = 3
)

// Watch judges one command. It is used by one goroutine.
type Watch struct {
	limits   Limits
	asked    Limits        // before the defaults
	skipped  time.Duration // of Sample.At, in which the machine stood still
	last     Sample
	begun    bool
	now      time.Duration // Sample.At without the time skipped
	cpu      time.Duration // grows only
	moved    int64
	trace    []point       // of the last window, oldest first
	output   time.Duration // when the last news came
	beat     time.Duration // when the last heartbeat came; 0 never
	report   time.Duration // when the report last grew
	finished time.Duration // when the last word was said; -1 before
	died     time.Duration // when the command itself was first seen gone; -1 before
	test     time.Duration // since when Sample.Test runs
	blocked  time.Duration // since when Sample.Blocked is the same
	waits    time.Duration // since when Sample.Waits holds
	said     map[rule.ID]int
	armed    map[rule.ID]bool
}

// point is what was spent up to an instant.
type point struct {
	at    time.Duration
	cpu   time.Duration
	moved int64
}

// New returns the watch of a command that is about to start.
func New(limits Limits) *Watch {
	w := &Watch{limits: limits, asked: limits, trace: []point{{}}, finished: -1, died: -1, said: map[rule.ID]int{}, armed: map[rule.ID]bool{}}
	for _, d := range []struct {
		limit  *time.Duration
		normal time.Duration
	}{
		{&w.limits.Total, defaultTotal},
		{&w.limits.Idle, defaultIdle},
		{&w.limits.Finished, defaultFinished},
		{&w.limits.Reporter, defaultReporter},
		{&w.limits.Orphans, defaultOrphans},
		{&w.limits.Stdin, defaultStdin},
		{&w.limits.Lock, defaultLock},
	} {
		if *d.limit == 0 {
			*d.limit = d.normal
		}
	}
	if w.limits.Progress == 0 {
		w.limits.Progress = defaultProgress
	}
	return w
}

// Look takes the next sample, later than the one before it, and says what to do.
// Samples should come at least every ten seconds: a longer pause counts as time
// in which the machine stood still. Say comes once for each rule (for a new
// quiet time again, three times at most); End comes again at each sample until
// the caller has ended the command.
func (w *Watch) Look(s Sample) Decision {
	w.advance(s)
	var warning Decision
	for _, judge := range w.rules(s) {
		switch d := judge(s); {
		case d.Act == End:
			return d
		case d.Act == Say && warning.Act == Go && w.mayTell(d.Rule):
			warning = d
		}
	}
	if warning.Act == Say {
		w.said[warning.Rule]++
		w.armed[warning.Rule] = false
	}
	return warning
}

// rules are those that apply, the most telling first.
func (w *Watch) rules(s Sample) []func(Sample) Decision {
	if !s.Alive {
		return []func(Sample) Decision{w.orphans, w.total}
	}
	return []func(Sample) Decision{w.reporter, w.finish, w.stdin, w.lock, w.progress, w.idle, w.total}
}

// mayTell: each warning once, and again for a new quiet time.
func (w *Watch) mayTell(id rule.ID) bool {
	return w.said[id] == 0 || w.armed[id] && w.said[id] < maxReminders
}

// advance takes over what the sample says has changed.
func (w *Watch) advance(s Sample) {
	last := w.last
	if !w.begun {
		last = Sample{Report: s.Report}
		w.begun = true
	} else if late := s.At - last.At - max(0, s.Stopped); late > lateSample {
		w.skipped += late - time.Second
	}
	w.skipped += max(0, s.Stopped)
	w.now = max(w.now, s.At-w.skipped)
	w.cpu += max(0, s.CPU-last.CPU)
	w.moved += max(0, s.Moved-last.Moved)
	if s.Output > last.Output {
		w.output = w.now
		w.armed[rule.HangIdle] = true
	}
	if s.Beats > last.Beats {
		w.beat = w.now
	}
	if s.Report > last.Report {
		w.report = w.now
	}
	if s.Finished == "" {
		w.finished = -1
	} else if w.finished < 0 || s.FinishedAt != last.FinishedAt || s.Finished != last.Finished {
		w.finished = w.now
	}
	if s.Alive {
		w.died = -1
	} else if w.died < 0 {
		w.died = w.now
	}
	if s.Test != last.Test {
		w.test = w.now
	}
	if s.Blocked == "" || last.Blocked == "" {
		w.blocked = w.now
	}
	if !s.Waits || !last.Waits {
		w.waits = w.now
	}
	w.last = s
	w.keep()
}

// keep adds a point to the trace and drops what is older than a window, but for
// one point.
func (w *Watch) keep() {
	w.trace = append(w.trace, point{w.now, w.cpu, w.moved})
	old := 0
	for old+1 < len(w.trace) && w.trace[old+1].at <= w.now-window {
		old++
	}
	if old > 0 {
		w.trace = append(w.trace[:0], w.trace[old:]...)
	}
}

// load is the CPU use over the last stretch of at most span (of a window at
// most), in cores, and whether data moved. Known is false while the trace is
// shorter than that.
func (w *Watch) load(span time.Duration) (cores float64, moving, known bool) {
	span = min(span, window)
	for i := len(w.trace) - 1; i >= 0; i-- {
		p := w.trace[i]
		if past := w.now - p.at; past >= span && past > 0 {
			moving = float64(w.moved-p.moved) >= idleMoved*past.Seconds()/window.Seconds()
			return float64(w.cpu-p.cpu) / float64(past), moving, true
		}
	}
	return 0, false, false
}

// still reports whether nothing was done over the last stretch, and says so.
func (w *Watch) still(span time.Duration) (string, bool) {
	cores, moving, known := w.load(span)
	if !known || moving || cores >= idleCPU {
		return "", false
	}
	return fmt.Sprintf("%.1f %% CPU in the last %s", 100*cores, figure(min(span, window))), true
}

// quiet is for how long no news came, the start of the command being news.
func (w *Watch) quiet() time.Duration { return w.now - w.output }

// figure writes a time as people do: 5m, 1h10m, 42s, 1.5s.
func figure(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		d = d.Round(100 * time.Millisecond)
	default:
		d = d.Round(time.Second)
	}
	text := d.String()
	for _, zero := range []struct{ long, short string }{{"m0s", "m"}, {"h0m", "h"}} {
		if n := len(text) - len(zero.long); n > 0 && text[n:] == zero.long {
			text = text[:n] + zero.short
		}
	}
	return text
}
