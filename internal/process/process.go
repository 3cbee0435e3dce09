// Package process reads what the processes of this machine do: who started
// whom, what they wait for, which files, sockets and locks they hold, and, in
// Dump, all of it as a text for the person who has to explain a hang.
//
// It reads /proc as an ordinary user may; a process may vanish or refuse
// between any two reads, and what cannot be read is left out or said to be
// missing. Every read is bounded. It ends no process: only Dump sends signals,
// and only those that a process has a handler for. The command and guard rooms
// call it. Elsewhere than on Linux it answers ErrUnsupported.
package process

import (
	"errors"
	"time"
)

// ErrUnsupported says that this system does not tell.
var ErrUnsupported = errors.New("processes can be read on Linux only")

// ErrGone says that there is no such process, or no longer.
var ErrGone = errors.New("the process is gone")

// Process is one process at one instant. Fields that could not be read are zero.
type Process struct {
	PID     int
	Parent  int
	Group   int
	Session int
	State   string // one letter, as ps prints it: R, S, D, T, Z
	Name    string // of the program, at most 15 bytes
	CPU     time.Duration
	// Reaped is the CPU of its children that ended and were waited for, and of
	// theirs.
	Reaped  time.Duration
	Threads int
	// Born is when it began, since the machine's start: with PID it tells a
	// process from a later one of the same id.
	Born time.Duration

	// What follows is read by Look only.

	Argv    []string
	Dir     string // working directory
	Program string // path of the program
	RSS     int64  // bytes
	Started time.Time
	Wait    string // where it sleeps in the kernel (wchan), "" when it runs or is not told
	// Call is the system call it is in, with its first argument where that is a
	// file ("read(0)"); "" when it runs or is not told.
	Call string
}

// Zombie reports whether it ended and waits to be waited for.
func (p Process) Zombie() bool { return p.State == "Z" || p.State == "X" }

// Spent is the CPU time of all processes together, with that of their ended
// children. It may shrink, when a process ends that nobody waits for.
func Spent(processes []Process) time.Duration {
	var sum time.Duration
	for _, p := range processes {
		sum += p.CPU + p.Reaped
	}
	return sum
}

// Descendants returns root and all processes below it, parents first, with
// cheap fields only. What was orphaned is found below the subreaper that took
// it: a caller that is one passes its own id and leaves itself out. Its cost
// goes with the size of the tree, not of the machine. A process that was
// forked while the tree was read, or whose sibling ended just then, may be
// missing: ask again, or use Sweep, before saying that nothing is left.
func Descendants(root int) ([]Process, error) { return descendants(root) }

// Sweep is Descendants by reading every process of the machine: dearer, and
// nothing that lives all the while is missed.
func Sweep(root int) ([]Process, error) { return sweep(root) }

// Look returns everything about one process; ErrGone when there is none.
func Look(pid int) (Process, error) { return look(pid) }
