package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds of what is kept of the output: its begin on stdout, for reports that
// are written there, and its end for people.
const (
	maxStdout = 16 << 20
	maxTail   = 32 << 10
)

const (
	census = time.Second           // how often the family is counted
	peek   = 50 * time.Millisecond // how often its children are
	sweep  = 5 * time.Second       // bounds the wait until a killed family is gone
	drain  = 2 * time.Second       // bounds the wait for the last output
)

// ending is how a run of the command ended.
type ending struct {
	code    int    // exit code; -1 when a signal ended it
	signal  string // the signal that ended it, if one did
	late    bool   // it was asked to end because its time was over
	killed  bool   // it did not listen
	strays  int    // processes that were left, and were killed
	stdout  []byte
	tail    string
	dropped int64 // bytes of output that were not kept
}

// start runs the command to its end. Afterwards none of its processes lives.
func (p *play) start(ctx context.Context, cmd *exec.Cmd) (ending, error) {
	out := &output{}
	outR, outW, err := os.Pipe()
	if err != nil {
		return ending{}, fmt.Errorf("open pipe: %w", err)
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		return ending{}, errors.Join(fmt.Errorf("open pipe: %w", err), outR.Close(), outW.Close())
	}
	defer func() { _, _ = outR.Close(), errR.Close() }()
	cmd.Stdout, cmd.Stderr = outW, errW
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // leads a session and a group of its own
	err = cmd.Start()
	_, _ = outW.Close(), errW.Close()
	if err != nil {
		return ending{}, fmt.Errorf("start playwright: %w", err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { _, _ = io.Copy(out.stdout(), outR) })
	readers.Go(func() { _, _ = io.Copy(out.stderr(), errR) })
	family := newFamily(cmd.Process.Pid, p.tag())
	e := p.attend(ctx, cmd, family)
	e.strays = family.end(sweep)
	silent := make(chan struct{})
	go func() { readers.Wait(); close(silent) }()
	select {
	case <-silent:
	case <-time.After(drain): // someone who escaped holds the pipe
	}
	e.stdout, e.tail, e.dropped = out.kept()
	return e, nil
}

// attend waits for the command, asks it to end shortly before its time is
// over, and kills it when it does not listen.
func (p *play) attend(ctx context.Context, cmd *exec.Cmd, family *family) ending {
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	left := time.Until(p.begin.Add(p.req.Timeout))
	soft, hard := time.NewTimer(left-min(reserve, p.req.Timeout/4)), time.NewTimer(left)
	count, glance := time.NewTicker(census), time.NewTicker(peek)
	defer soft.Stop()
	defer hard.Stop()
	defer count.Stop()
	defer glance.Stop()
	var e ending
	called := ctx.Done()
	var lost <-chan time.Time // a process that even a kill does not end is left to the kernel
	for {
		select {
		case <-exited:
			e.code = cmd.ProcessState.ExitCode()
			if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
				e.signal = w.Signal().String()
			}
			return e
		case <-lost:
			e.code, e.signal = -1, "kill that it did not follow"
			return e
		case <-count.C:
			family.count(false)
		case <-glance.C:
			family.glance()
		case <-soft.C:
			e.late = true
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // as Ctrl-C does: it reports what it has
		case <-hard.C:
			e.late, e.killed = true, true
			family.end(sweep)
			lost = time.After(drain)
		case <-called:
			called = nil
			family.end(sweep)
			lost = time.After(drain)
		}
	}
}

// output collects what a command says. It is safe for concurrent use.
type output struct {
	mu      sync.Mutex
	head    []byte
	tail    []byte
	dropped int64
}

func (o *output) stdout() io.Writer { return half{o, true} }
func (o *output) stderr() io.Writer { return half{o, false} }

// half is one of the two streams.
type half struct {
	o    *output
	head bool
}

// Write never refuses: a command that says too much must not wait for us.
func (h half) Write(b []byte) (int, error) {
	o := h.o
	o.mu.Lock()
	defer o.mu.Unlock()
	if h.head {
		n := min(len(b), maxStdout-len(o.head))
		o.head = append(o.head, b[:n]...)
	}
	if o.tail = append(o.tail, b...); len(o.tail) > 2*maxTail {
		cut := len(o.tail) - maxTail
		o.tail = append(o.tail[:0], o.tail[cut:]...)
		o.dropped += int64(cut)
	}
	return len(b), nil
}

func (o *output) kept() (stdout []byte, tail string, dropped int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cut := len(o.tail) - maxTail; cut > 0 {
		o.tail = o.tail[cut:]
		o.dropped += int64(cut)
	}
	tail = string(o.tail)
	if _, whole, ok := strings.Cut(tail, "\n"); ok && o.dropped > 0 {
		tail = whole // the rest of a line may hold half a secret
	}
	return o.head, tail, o.dropped
}
