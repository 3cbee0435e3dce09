//go:build !linux

package command

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bind does nothing: this system cannot make the command die with us.
func bind(*syscall.SysProcAttr) {}

// adopt does nothing: what the command forks away goes to the first process.
func adopt() func() { return func() {} }

// awaitExit waits until the process has ended, and leaves it to be waited for.
func awaitExit(pid int) {
	queue, err := unix.Kqueue()
	if err != nil {
		return
	}
	defer unix.Close(queue)
	change := make([]unix.Kevent_t, 1)
	unix.SetKevent(&change[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change[0].Fflags = unix.NOTE_EXIT
	events := make([]unix.Kevent_t, 1)
	for {
		if n, err := unix.Kevent(queue, change, events, nil); n > 0 || err != unix.EINTR {
			return
		}
	}
}

// die ends us by a signal as if it had not been caught.
func die(sig syscall.Signal) {
	signal.Reset(sig)
	_ = unix.Kill(os.Getpid(), sig)
	time.Sleep(settle)
}

// oomKills is not told here.
func oomKills() int { return 0 }
