package command

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is the command's pseudo-terminal, between it and the outer one.
type terminal struct {
	master, slave int
	name          string // of the slave, "/dev/pts/3"
	outer         int    // whose size is followed
	input         int    // the outer terminal whose keys are passed on; -1: none
	saved         *term.State
	mute          [2]int        // closing the second ends the passing on of keys
	typing        chan struct{} // closed when the last key was passed on; nil: never begun
}

func isTerminal(fd int) bool { return fd >= 0 && term.IsTerminal(fd) }

// openTerminal makes a pseudo-terminal with the size and the modes of the outer
// one. With nobody to type, it changes no byte of the output: the outer terminal
// turns a line feed into a new line, once. With keys passed on, the outer one is
// made raw and this one works as a terminal does, as with ssh and script.
func openTerminal(outer int, keys bool) (*terminal, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open pseudo-terminal: %w", err)
	}
	defer master.Close()
	defer slave.Close()
	t := &terminal{master: -1, slave: -1, name: slave.Name(), outer: outer, input: -1, mute: [2]int{-1, -1}}
	if t.master, err = duplicate(master); err != nil {
		return nil, fmt.Errorf("keep pseudo-terminal: %w", err)
	}
	if t.slave, err = duplicate(slave); err == nil {
		err = errors.Join(unix.SetNonblock(t.master, true), unix.SetNonblock(t.slave, false))
	}
	if err == nil {
		err = t.dress(keys)
	}
	if err != nil {
		t.close()
		return nil, fmt.Errorf("prepare pseudo-terminal: %w", err)
	}
	return t, nil
}

// duplicate takes a file out of the hands of the runtime, which would watch it.
func duplicate(f *os.File) (int, error) {
	fd, err := number(f)
	if err != nil {
		return -1, err
	}
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
}

// dress gives the pseudo-terminal size and modes.
func (t *terminal) dress(keys bool) error {
	mode, err := unix.IoctlGetTermios(t.slave, getModes)
	if err != nil {
		return err
	}
	if outer, err := unix.IoctlGetTermios(t.outer, getModes); err == nil {
		mode = outer
	}
	in, err := number(os.Stdin)
	if keys = keys && err == nil && isTerminal(in) && foreground(in); !keys {
		mode.Oflag &^= unix.OPOST
	}
	if err := unix.IoctlSetTermios(t.slave, setModes, mode); err != nil {
		return err
	}
	if !t.resize() {
		return unix.IoctlSetWinsize(t.master, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	return nil
}

// resize gives the pseudo-terminal the size of the outer one, if that has any.
func (t *terminal) resize() bool {
	size, err := unix.IoctlGetWinsize(t.outer, unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return false
	}
	return unix.IoctlSetWinsize(t.master, unix.TIOCSWINSZ, size) == nil
}

// foreground reports whether we may change the terminal: a program in the
// background is stopped for trying.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// raw takes every key as it is typed.
func (t *terminal) raw() error {
	if t.input < 0 || t.saved != nil || !foreground(t.input) {
		return nil
	}
	var err error
	if t.saved, err = term.MakeRaw(t.input); err != nil {
		return fmt.Errorf("make terminal raw: %w", err)
	}
	return nil
}

// restore gives the outer terminal its modes back.
func (t *terminal) restore() {
	if t.saved != nil {
		_ = term.Restore(t.input, t.saved)
		t.saved = nil
	}
}

// listen starts to pass on keys.
func (t *terminal) listen() error {
	if t.input < 0 {
		return nil
	}
	if err := t.raw(); err != nil {
		return err
	}
	r, w, _, err := newPipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	t.mute, t.typing = [2]int{r, w}, make(chan struct{})
	go func() {
		defer close(t.typing)
		typed(t.input, t.master, r)
	}()
	return nil
}

// close ends the passing on of keys, gives the outer terminal its modes back,
// and hangs up.
func (t *terminal) close() {
	t.restore()
	t.hangUp()
	if t.typing != nil {
		unix.Close(t.mute[1])
		select {
		case <-t.typing:
			unix.Close(t.mute[0])
		case <-time.After(settle): // somebody else took the key that it was promised, and it waits for the next
			return
		}
		t.typing = nil
	}
	if t.master >= 0 {
		unix.Close(t.master)
		t.master = -1
	}
}

// typed copies keys. The end of the keys is no end for the command: a terminal
// has none.
func typed(from, to, halt int) {
	wait := []unix.PollFd{{Fd: int32(from), Events: unix.POLLIN}, {Fd: int32(halt), Events: unix.POLLIN}}
	block := make([]byte, 4096)
	for {
		if err := poll(wait, -1); err != nil || wait[1].Revents != 0 {
			return
		}
		n, err := unix.Read(from, block)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
		case err != nil, n <= 0:
			return
		default:
			if writeAll(to, block[:n], halt) != nil {
				return
			}
		}
	}
}

// group is the process group in the foreground of the pseudo-terminal; 0 unknown.
func (t *terminal) group() int {
	if group, err := unix.IoctlGetInt(t.master, unix.TIOCGPGRP); err == nil {
		return group
	}
	return 0
}

// hangUp lets go of our hold on the command's side, so that its end is seen.
func (t *terminal) hangUp() {
	if t.slave >= 0 {
		unix.Close(t.slave)
		t.slave = -1
	}
}
