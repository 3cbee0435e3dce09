// Package command runs one command so that its output streams through unchanged
// and so that it can always be ended.
//
// The command leads a session of its own: prompts for a terminal that is not
// there fail at once, and one signal reaches its whole group. What it forks away
// comes back to us where the system allows it, is waited for, and is ended with
// it. Run does not wait for the end of the output but for the end of the command.
// It never judges, never reads the output itself, and never decides that a
// command hangs: the guard room does, through Options.Output and Options.Tick.
//
// Run takes the signals of the whole process and the children that it adopts, so
// one process runs one command at a time.
package command

import (
	"context"
	"os"
	"syscall"
	"time"

	"github.com/postflight/postflight/internal/process"
)

// Stream says where a block of output came from.
type Stream int

// The streams. Terminal is one for both: a pseudo-terminal, or one file that
// both outer streams are, where the order between them is exact.
const (
	Stdout Stream = iota
	Stderr
	Terminal
)

// Order is what Options.Tick answers.
type Order int

// The orders.
const (
	Continue Order = iota
	// End: diagnose, then end the command and all that it started.
	End
)

// Leftovers is what happens to descendants that outlive the command.
type Leftovers string

// The ways to treat leftovers.
const (
	// EndAll ends them after Options.Orphans.
	EndAll Leftovers = ""
	// KeepDetached ends those that hold the output or live in the command's
	// session; a service that detached itself as services do is left alone.
	KeepDetached Leftovers = "detached"
	// KeepAll leaves them alone. One that writes to the output afterwards finds
	// it closed.
	KeepAll Leftovers = "all"
)

// Options say what to run, and how. Zero values are the defaults named.
type Options struct {
	Argv []string // a name without a slash is looked up in our own PATH
	Dir  string
	Env  []string // nil: our own
	// Stdin passes our standard input through. Without it the command reads
	// nothing: /dev/null, or a pseudo-terminal on which nobody types.
	Stdin          bool
	Stdout, Stderr *os.File // the outer streams; both are needed
	// Terminal: "auto" (or "") gives a pseudo-terminal for the streams that are
	// terminals outside, "always" for both, "never" for none.
	Terminal string
	// Output sees each block right after it was passed on. The block is valid
	// during the call only; calls are never at the same time. A slow Output slows
	// the command.
	Output func(s Stream, block []byte)
	// Interval is the time between ticks: 1 s.
	Interval time.Duration
	// Tick is asked at every interval, and has to be quick; nil never ends.
	Tick func(Sample) Order
	// Diagnose is called before an order ends the command, for at most 15 s; root
	// is 0 when the command itself has ended and only others are left. What
	// it starts must stay in our own session, or it is taken for the command's.
	Diagnose func(ctx context.Context, root int, others []int)
	// Grace is the time from SIGTERM to SIGKILL: 10 s.
	Grace time.Duration
	// Orphans is the time that descendants, or holders of the output, get after
	// the command's end: 5 s.
	Orphans   time.Duration
	Leftovers Leftovers
}

// Sample is what is seen at a tick.
type Sample struct {
	Elapsed time.Duration
	Root    int  // process id of the command
	Alive   bool // the command itself
	// Command is the command itself, with cheap fields only; zero when it is gone
	// or the system does not tell.
	Command process.Process
	// Others are its living descendants, with cheap fields only; none where the
	// system does not tell.
	Others []process.Process
	// Reaped is the CPU time of all that ended and was waited for by us:
	// with process.Spent of Command and Others it is all that was spent.
	Reaped time.Duration
	Pipe   bool  // somebody holds the output open
	Bytes  int64 // of output so far
	// Blocked is how long the reader of our own output has kept us waiting: the
	// command is held back by it, and does not hang.
	Blocked time.Duration
	// Late is by how much this tick came late: the machine was suspended, or busy.
	Late time.Duration
}

// Orphan is a process that outlived the command.
type Orphan struct {
	PID  int
	Argv string // one line; may hold secrets
	Pipe bool   // it held the output open
}

// Status is how a process ended that had been forked away and came to us.
type Status struct {
	PID    int
	Name   string // of the program, at most 15 bytes
	Code   int
	Signal syscall.Signal
}

// Result is how it went.
type Result struct {
	Code   int            // as a shell says it: 128+n after signal n, 127 and 126 when it could not be started
	Signal syscall.Signal // that ended the command, 0 when it exited
	// Forwarded is the last of SIGINT, SIGTERM, SIGHUP, SIGQUIT that we were sent
	// and passed on; 0 when none was.
	Forwarded    syscall.Signal
	Started      time.Time
	Duration     time.Duration // until the command itself ended
	CPU          time.Duration // user and system, of all processes waited for
	OwnCPU       time.Duration // ours, while it ran
	Bytes        int64
	Ended        bool     // by an order, or because ctx was done
	Orphans      []Orphan // left over after the command's end, and ended by us
	Left         []Orphan // left over, and left alone
	Reaped       []Status // at most 1000, failures kept first
	OOMKills     int      // in our control group meanwhile, where it is told
	StdoutClosed bool     // the reader of our standard output went away
}

// StartError says that the command could not be started.
type StartError struct {
	Code int // 127 not found, 126 found and not executable
	Name string
	Err  error
}

// Error names the command and the reason.
func (e *StartError) Error() string { return "start " + e.Name + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *StartError) Unwrap() error { return e.Err }

// Defaults and bounds.
const (
	defaultInterval = time.Second
	defaultGrace    = 10 * time.Second
	defaultOrphans  = 5 * time.Second
	diagnoseLimit   = 15 * time.Second
	pulse           = 25 * time.Millisecond // between two looks while something ends
	settle          = 250 * time.Millisecond
	unkillable      = 5 * time.Second // after SIGKILL: it sleeps in the kernel
	maxReaped       = 1000
	maxArgvLine     = 4096
)

func (o *Options) complete() {
	if o.Interval <= 0 {
		o.Interval = defaultInterval
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	if o.Orphans <= 0 {
		o.Orphans = defaultOrphans
	}
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.Output == nil {
		o.Output = func(Stream, []byte) {}
	}
}
