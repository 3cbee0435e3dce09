package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Bounds of what is read of one process.
const (
	maxArgs = 256
	maxArgv = 16 << 10
)

func look(pid int) (Process, error) {
	r := newReader()
	p, ok := r.stat(pid)
	if !ok {
		return Process{}, gone(pid)
	}
	if text, ok := r.read(pid, "/cmdline"); ok {
		p.Argv = arguments(text)
	}
	if text, ok := r.read(pid, "/statm"); ok {
		if fields := bytes.Fields(text); len(fields) > 1 {
			p.RSS = whole(fields[1]) * int64(os.Getpagesize())
		}
	}
	p.Dir, _ = os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	p.Program, _ = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	p.Wait, p.Call = r.sleep(pid, pid)
	if up := sinceBoot(r); up > 0 {
		p.Started = time.Now().Add(p.Born - up)
	}
	return p, nil
}

// arguments splits the text of /proc/PID/cmdline. Programs that write a title
// over their arguments leave one text with spaces.
func arguments(text []byte) []string {
	if len(text) > maxArgv {
		text = text[:maxArgv]
	}
	text = bytes.TrimRight(text, "\x00")
	if len(text) == 0 {
		return nil
	}
	parts := strings.Split(string(text), "\x00")
	if len(parts) > maxArgs {
		parts = append(parts[:maxArgs], "…")
	}
	return parts
}

// sleep tells where a thread sleeps, and in which system call.
func (r *reader) sleep(pid, thread int) (wait, call string) {
	if text, ok := r.readPath(fmt.Sprintf("/proc/%d/task/%d/wchan", pid, thread)); ok && string(text) != "0" {
		wait = string(text)
	}
	c := r.call(pid, thread)
	return wait, c.String()
}

// sysCall is a system call that a thread is in.
type sysCall struct {
	number int // -1: none, or not told
	args   [6]uint64
}

// call reads the system call of a thread.
func (r *reader) call(pid, thread int) sysCall {
	text, ok := r.readPath(fmt.Sprintf("/proc/%d/task/%d/syscall", pid, thread))
	if !ok {
		return sysCall{number: -1}
	}
	return parseCall(string(text))
}

// parseCall reads the text of /proc/PID/syscall: a number and six arguments,
// "running", or -1 outside of any call.
func parseCall(text string) sysCall {
	c := sysCall{number: -1}
	fields := strings.Fields(text)
	if len(fields) < 7 {
		return c
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil || n < 0 {
		return c
	}
	c.number = n
	for i := range c.args {
		c.args[i], _ = strconv.ParseUint(fields[i+1], 0, 64)
	}
	return c
}

// name of the system call, "" for none.
func (c sysCall) name() string {
	if c.number < 0 {
		return ""
	}
	if name := callNames[c.number]; name != "" {
		return name
	}
	if name := oldCallNames[c.number]; name != "" {
		return name
	}
	return "system call " + strconv.Itoa(c.number)
}

// file is the file descriptor that the call is about, -1 when it is about none.
func (c sysCall) file() int {
	switch c.name() {
	case "read", "readv", "pread64", "write", "writev", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "accept",
		"accept4", "connect", "flock", "fcntl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "fsync", "fdatasync", "ioctl",
		"io_uring_enter", "splice":
		if c.args[0] < 1<<20 {
			return int(c.args[0])
		}
	}
	return -1
}

func (c sysCall) String() string {
	if fd := c.file(); fd >= 0 {
		return fmt.Sprintf("%s(%d)", c.name(), fd)
	}
	return c.name()
}
