package process

import (
	"fmt"
	"time"
)

const maxSockets = 8 << 20 // bytes of one list

// sockets are those of the network that a process is in, by inode.
func sockets(pid int) map[uint64]socket {
	out := map[uint64]socket{}
	for _, kind := range []string{"tcp", "tcp6", "udp", "udp6"} {
		for _, s := range parseSockets(kind, string(readSome(fmt.Sprintf("/proc/%d/net/%s", pid, kind), maxSockets))) {
			out[s.inode] = s
		}
	}
	for _, s := range parseUnix(string(readSome(fmt.Sprintf("/proc/%d/net/unix", pid), maxSockets))) {
		out[s.inode] = s
	}
	delete(out, 0)
	return out
}

func listener(port int) (Process, error) {
	wanted := map[string]bool{}
	for _, kind := range []string{"tcp", "tcp6"} {
		for _, s := range parseSockets(kind, string(readSome("/proc/self/net/"+kind, maxSockets))) {
			if s.state == "listening" && int(s.local.Port()) == port && s.inode != 0 {
				wanted[fmt.Sprintf("socket:[%d]", s.inode)] = true
			}
		}
	}
	if len(wanted) == 0 {
		return Process{}, fmt.Errorf("find who listens on port %d: %w", port, ErrGone)
	}
	deadline := time.Now().Add(2 * time.Second)
	for _, pid := range numbers("/proc", maxProcesses) {
		list, _ := files(pid, maxFiles)
		for _, f := range list {
			if wanted[f.target] {
				return look(pid)
			}
		}
		if time.Now().After(deadline) {
			break
		}
	}
	return Process{}, fmt.Errorf("find who listens on port %d: not to be seen by this user: %w", port, ErrGone)
}
