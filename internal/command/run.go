package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/postflight/postflight/internal/process"
)

// phase is how far the end has come.
type phase int

const (
	running   phase = iota // the command lives
	diagnosed              // an order came, Diagnose looks
	draining               // the command is gone, the rest has until deadline
	ending                 // SIGTERM was sent, SIGKILL comes at deadline
	killing                // SIGKILL was sent
	closing                // nobody is left to end; the output is passed on to its end
	over
)

// runner is one run. All its fields belong to the goroutine of Run.
type runner struct {
	o         Options
	lines     *plumbing
	result    Result
	root      int
	alive     bool // the command itself has not been waited for
	phase     phase
	start     time.Time
	deadline  time.Duration // of the phase, after start
	forwarded time.Duration // when the first deadly signal was
	asked     bool          // SIGTERM was among them
	ticked    time.Duration
	cancelled bool
	fault     error // of our own
	all       bool  // whatever is left has to go: an order
	whole     bool  // the order came while the command lived
	before    syscall.Rusage
	oom       int
	signals   chan os.Signal
	exited    chan struct{}
	looked    chan struct{} // Diagnose is done
}

// Run runs the command to its end and says how it went. The error is a
// *StartError when the command was never started; with any other it ran, the
// result holds, and the error tells what else went wrong: an outer stream that
// failed, a process that could not be ended.
//
// Signals that we get are passed on, every one. When ctx is done, the command
// has Grace to heed the signal that made it so, then it is ended; without a
// signal it is ended at once. When the reader of an outer stream goes away, the
// command finds its output closed and goes on, or dies of SIGPIPE, as it would
// in a pipe.
func Run(ctx context.Context, o Options) (Result, error) {
	o.complete()
	runtime.LockOSThread() // the command dies with this thread
	defer runtime.UnlockOSThread()
	r := &runner{o: o, start: time.Now(), oom: oomKills(), exited: make(chan struct{}), looked: make(chan struct{}, 1)}
	r.result.Started = r.start
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r.before)
	defer adopt()()
	r.signals = catch()
	defer signal.Stop(r.signals)
	var err error
	if r.lines, err = lay(&r.o); err != nil {
		r.result.Code = 126
		return r.result, &StartError{Code: 126, Name: strings.Join(r.o.Argv[:min(1, len(r.o.Argv))], ""), Err: err}
	}
	if r.root, err = start(&r.o, r.lines); err != nil {
		r.lines.abandon()
		if s, ok := errors.AsType[*StartError](err); ok {
			r.result.Code = s.Code
		}
		return r.result, err
	}
	r.alive = true
	go func() {
		awaitExit(r.root)
		close(r.exited)
	}()
	r.lines.flow(r.start)
	var typing error
	if r.lines.terminal != nil {
		typing = r.lines.terminal.listen()
	}
	r.loop(ctx)
	err = errors.Join(typing, r.finish())
	runtime.KeepAlive(o.Stdout)
	runtime.KeepAlive(o.Stderr)
	return r.result, err
}

// loop waits for what happens, one thing after another.
func (r *runner) loop(ctx context.Context) {
	ticker := time.NewTicker(r.o.Interval)
	defer ticker.Stop()
	beat := time.NewTimer(pulse)
	defer beat.Stop()
	exited, done := r.exited, ctx.Done()
	for r.phase != over {
		select {
		case sig := <-r.signals:
			if s, ok := sig.(syscall.Signal); ok {
				r.signalled(s)
			}
		case <-exited:
			exited = nil
			r.buried()
		case p := <-r.lines.done:
			r.pumped(p)
		case <-ticker.C:
			r.tick()
		case <-beat.C:
		case <-r.looked:
			r.terminate()
		case <-done:
			done, r.cancelled = nil, true
			r.cancelAt()
		}
		r.advance()
		if r.phase > diagnosed || r.cancelled {
			beat.Reset(pulse)
		}
	}
}

func (r *runner) now() time.Duration { return time.Since(r.start) }

// cancelAt gives a signal that comes with the end of ctx the time to arrive.
func (r *runner) cancelAt() {
	switch at := r.now() + settle; r.phase {
	case running:
		r.deadline = at
	case draining:
		r.deadline = min(r.deadline, at)
	}
}

// tick asks what to do.
func (r *runner) tick() {
	now := r.now()
	late := now - r.ticked - r.o.Interval
	r.ticked = now
	if r.o.Tick == nil || r.phase != running && r.phase != draining {
		return
	}
	if late < r.o.Interval/2 {
		late = 0
	}
	var command process.Process
	others := slices.DeleteFunc(r.family(), func(p process.Process) bool {
		if p.PID == r.root {
			command = p
		}
		return p.PID == r.root
	})
	order := r.o.Tick(Sample{
		Elapsed: now,
		Root:    r.root,
		Alive:   r.alive,
		Command: command,
		Others:  others,
		Reaped:  r.result.CPU,
		Pipe:    r.lines.open > 0,
		Bytes:   r.lines.bytes(),
		Blocked: r.lines.blocked(time.Now()),
		Late:    late,
	})
	if order == End {
		r.result.Ended, r.all, r.whole = true, true, r.alive
		r.diagnose()
	}
}

// diagnose lets somebody look before the end; terminate follows.
func (r *runner) diagnose() {
	if r.o.Diagnose == nil {
		r.terminate()
		return
	}
	r.phase = diagnosed
	root := r.root
	if !r.alive {
		root = 0
	}
	var others []int
	for _, p := range r.family() {
		if p.PID != r.root {
			others = append(others, p.PID)
		}
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), diagnoseLimit)
		defer cancel()
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			r.o.Diagnose(ctx, root, others)
		}()
		select {
		case <-finished:
		case <-ctx.Done(): // it does not heed its bound; we do
		}
		r.looked <- struct{}{}
	}()
}

// buried takes the command's status. Descendants, or who holds the output, have
// until the deadline.
func (r *runner) buried() {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	_, err := syscall.Wait4(r.root, &status, 0, &usage)
	for errors.Is(err, syscall.EINTR) {
		_, err = syscall.Wait4(r.root, &status, 0, &usage)
	}
	r.alive = false
	now := r.now()
	r.result.Duration = now
	r.result.CPU += spent(usage)
	r.result.Code = status.ExitStatus()
	if err != nil { // nobody knows how it ended: that is no success
		r.fault, r.result.Code = fmt.Errorf("wait for command: %w", err), 1
	}
	if err == nil && status.Signaled() {
		r.result.Signal = status.Signal()
		r.result.Code = 128 + int(status.Signal())
	}
	if r.lines.terminal != nil {
		r.lines.terminal.hangUp()
	}
	if r.phase == running {
		r.phase, r.deadline = draining, now+r.o.Orphans
		if r.result.Forwarded != 0 || r.cancelled { // who asked for an end gets it
			r.deadline = now + min(settle, r.o.Orphans)
		}
	}
}

// pumped notes the end of a stream.
func (r *runner) pumped(p *pump) {
	r.lines.open--
	r.lines.shut(p)
	if p.closed && p.stream != Stderr {
		r.result.StdoutClosed = true
	}
}

// advance goes as far towards the end as can be gone now.
func (r *runner) advance() {
	now := r.now()
	switch r.phase {
	case running:
		if r.cancelled && now >= max(r.deadline, r.heeded()) {
			r.result.Ended, r.all, r.whole = true, true, r.alive
			r.terminate()
			if r.asked { // it had SIGTERM, and its grace
				r.deadline = now + settle
			}
		}
	case draining:
		r.drain(now)
	case ending, killing:
		r.insist(now)
	case closing:
		r.close(now)
	}
}

// heeded is until when the signals passed on may take to be heeded.
func (r *runner) heeded() time.Duration {
	if r.result.Forwarded == 0 {
		return 0
	}
	return r.forwarded + r.o.Grace
}

// close waits for the last of the output. Whoever still holds it open is not
// ours to end; a slow reader outside may take its time, unless we are told to
// end.
func (r *runner) close(now time.Duration) {
	if r.lines.open == 0 {
		r.phase = over
		return
	}
	if now < r.deadline {
		return
	}
	r.lines.stop()
	if (r.cancelled || r.result.Forwarded != 0) && now > r.deadline+r.o.Grace {
		r.phase = over
	}
}

// finish gathers what is known at the end only.
func (r *runner) finish() error {
	r.reap()
	errs := []error{r.fault}
	if r.lines.open == 0 {
		for _, p := range r.lines.pumps {
			if p.err != nil {
				errs = append(errs, p.err)
			}
		}
	} else {
		errs = append(errs, fmt.Errorf("pass on output: %w", context.Canceled))
	}
	if r.lines.terminal != nil {
		r.lines.terminal.restore()
	}
	if r.lines.open == 0 {
		r.lines.finish()
	}
	var after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	r.result.OwnCPU = spent(after) - spent(r.before)
	r.result.Bytes = r.lines.bytes()
	r.result.OOMKills = max(oomKills()-r.oom, 0)
	return errors.Join(errs...)
}

func spent(u syscall.Rusage) time.Duration {
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
