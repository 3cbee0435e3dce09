package process

import "syscall"

// oldCallNames are calls that younger architectures never had.
var oldCallNames = map[int]string{
	syscall.SYS_POLL: "poll", syscall.SYS_SELECT: "select", syscall.SYS_PAUSE: "pause",
	syscall.SYS_EPOLL_WAIT: "epoll_wait", syscall.SYS_OPEN: "open", syscall.SYS_VFORK: "vfork", syscall.SYS_FORK: "fork",
}
