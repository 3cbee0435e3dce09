package command

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bind makes the command die when we are killed.
func bind(sys *syscall.SysProcAttr) { sys.Pdeathsig = syscall.SIGKILL }

// adopt makes what the command forks away come to us, and returns how to undo it.
func adopt() func() {
	var before int
	_ = unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&before)), 0, 0, 0)
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	return func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, uintptr(before), 0, 0, 0) }
}

// awaitExit waits until the process has ended, and leaves it to be waited for:
// until then its id is nobody else's, and can be signalled.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// die ends us by a signal as if it had not been caught. The runtime's own way
// prints where every goroutine is for some of them.
func die(sig syscall.Signal) {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	var byDefault [64]byte // handler, flags, restorer, mask: all zero
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	runtime.LockOSThread()
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), sig) // to this thread: it does not come back
}

// oomKills counts the processes of our control group that the kernel ended for
// want of memory; 0 where it does not tell.
func oomKills() int {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(groups)) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		switch {
		case part[0] == "0":
			for _, dir := range []string{part[2], ""} {
				if n, ok := counter("/sys/fs/cgroup"+dir+"/memory.events", "oom_kill"); ok {
					return n
				}
			}
		case strings.Contains(","+part[1]+",", ",memory,"):
			for _, dir := range []string{part[2], ""} {
				if n, ok := counter("/sys/fs/cgroup/memory"+dir+"/memory.oom_control", "oom_kill"); ok {
					return n
				}
			}
		}
	}
	return 0
}

// counter reads "name number" from a file of such lines.
func counter(path, name string) (int, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(value); key == name && err == nil {
			return n, true
		}
	}
	return 0, false
}
