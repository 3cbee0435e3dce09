//go:build !linux

package command

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// readNow reads from a file that never waits.
func readNow(fd int, block []byte) (int, error) { return unix.Read(fd, block) }

// newPipe returns a pipe whose reading end never waits, and its size.
func newPipe() (r, w, size int, err error) {
	var p [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(p[:]); err != nil {
		return -1, -1, 0, err
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return p[0], p[1], 16 << 10, unix.SetNonblock(p[0], true)
}
