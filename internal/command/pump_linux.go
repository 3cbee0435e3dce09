package command

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// readNow reads from a file that never waits. It does not tell the scheduler: it
// is over before the scheduler could do anything useful.
func readNow(fd int, block []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(block))), uintptr(len(block)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// newPipe returns a pipe as large as we may have, whose reading end never
// waits, and its size.
func newPipe() (r, w, size int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, 0, err
	}
	size, err = unix.FcntlInt(uintptr(p[0]), unix.F_SETPIPE_SZ, pipeSize)
	if err != nil {
		size = 64 << 10
	}
	return p[0], p[1], size, unix.SetNonblock(p[0], true)
}
