package process

import "syscall"

// callNames are the calls in which processes wait, by number; those of 424 and
// above have the same number on every architecture.
var callNames = map[int]string{
	syscall.SYS_READ: "read", syscall.SYS_READV: "readv", syscall.SYS_PREAD64: "pread64",
	syscall.SYS_WRITE: "write", syscall.SYS_WRITEV: "writev", syscall.SYS_SPLICE: "splice",
	syscall.SYS_RECVFROM: "recvfrom", syscall.SYS_RECVMSG: "recvmsg", syscall.SYS_RECVMMSG: "recvmmsg",
	syscall.SYS_SENDTO: "sendto", syscall.SYS_SENDMSG: "sendmsg",
	syscall.SYS_ACCEPT: "accept", syscall.SYS_ACCEPT4: "accept4", syscall.SYS_CONNECT: "connect",
	syscall.SYS_FUTEX: "futex", syscall.SYS_NANOSLEEP: "nanosleep", syscall.SYS_CLOCK_NANOSLEEP: "clock_nanosleep",
	syscall.SYS_WAIT4: "wait4", syscall.SYS_WAITID: "waitid",
	syscall.SYS_EPOLL_PWAIT: "epoll_pwait", syscall.SYS_PPOLL: "ppoll", syscall.SYS_PSELECT6: "pselect6",
	syscall.SYS_RT_SIGTIMEDWAIT: "rt_sigtimedwait", syscall.SYS_RT_SIGSUSPEND: "rt_sigsuspend",
	syscall.SYS_FLOCK: "flock", syscall.SYS_FCNTL: "fcntl", syscall.SYS_FSYNC: "fsync", syscall.SYS_FDATASYNC: "fdatasync",
	syscall.SYS_IOCTL: "ioctl", syscall.SYS_SEMTIMEDOP: "semtimedop", syscall.SYS_SEMOP: "semop",
	syscall.SYS_MSGRCV: "msgrcv", syscall.SYS_MQ_TIMEDRECEIVE: "mq_timedreceive", syscall.SYS_OPENAT: "openat",
	syscall.SYS_EXECVE: "execve", syscall.SYS_CLONE: "clone", syscall.SYS_RESTART_SYSCALL: "restart_syscall",
	syscall.SYS_IO_GETEVENTS: "io_getevents", syscall.SYS_SYNC: "sync", syscall.SYS_EXIT_GROUP: "exit_group",
	426: "io_uring_enter", 435: "clone3", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait",
}
