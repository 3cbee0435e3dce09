package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Bounds of a look at what a tree waits for.
const (
	maxWaitThreads = 256    // of one process
	maxHolderFiles = 50_000 // open files that are asked for a lock
	maxLocks       = 1 << 20

	setLockWait     = 7  // F_SETLKW
	setOpenLockWait = 38 // F_OFD_SETLKW
)

func waits(tree []Process) Waiting {
	r := newReader()
	var w Waiting
	for _, p := range tree {
		if p.Zombie() || p.State == "R" && p.Threads <= 1 {
			continue
		}
		for _, thread := range r.threads(p) {
			r.thread(tree, p, thread, &w)
		}
	}
	return w
}

// threads of a process, the first one first.
func (r *reader) threads(p Process) []int {
	if p.Threads <= 1 {
		return []int{p.PID}
	}
	return numbers(fmt.Sprintf("/proc/%d/task", p.PID), maxWaitThreads)
}

// thread adds what one thread waits for.
func (r *reader) thread(tree []Process, p Process, thread int, w *Waiting) {
	call := r.call(p.PID, thread)
	name, fd := call.name(), call.file()
	wchan := ""
	if name == "" {
		text, _ := r.readPath(fmt.Sprintf("/proc/%d/task/%d/wchan", p.PID, thread))
		wchan = string(text)
	}
	switch {
	case name == "read" || name == "readv":
		if to := target(p.PID, fd); terminal(to) || fd == 0 && r.starved(tree, to) {
			w.reads(p, to)
		}
	case wchan == "n_tty_read":
		w.reads(p, "a terminal")
	case strings.HasSuffix(wchan, "pipe_read") || wchan == "pipe_wait":
		if to := target(p.PID, 0); r.starved(tree, to) {
			w.reads(p, to)
		}
	case strings.HasPrefix(name, "epoll_") && fd >= 0:
		for _, n := range r.watched(p.PID, fd) {
			if to := target(p.PID, n); terminal(to) && r.foreground(p) {
				w.polls(p, to)
			}
		}
	case name == "poll" || name == "ppoll" || name == "select" || name == "pselect6":
		if to := target(p.PID, 0); terminal(to) && r.foreground(p) {
			w.polls(p, to)
		}
	case name == "flock" || name == "fcntl" && (call.args[1] == setLockWait || call.args[1] == setOpenLockWait):
		r.lock(tree, p, fd, w)
	case strings.Contains(wchan, "locks_lock_inode_wait") || strings.HasPrefix(wchan, "flock_lock"):
		r.lock(tree, p, -1, w)
	}
}

func (w *Waiting) reads(p Process, what string) {
	if !w.Stdin {
		w.Stdin, w.Reader = true, fmt.Sprintf("%s (pid %d) reads %s", p.Name, p.PID, what)
	}
}

func (w *Waiting) polls(p Process, what string) {
	if !w.Stdin && !w.Terminal {
		w.Reader = fmt.Sprintf("%s (pid %d) waits for %s", p.Name, p.PID, what)
	}
	w.Terminal = true
}

// starved reports whether a pipe has no writer in the tree. Our own standard
// input, passed on, is fed by whoever stands before us in a pipeline.
func (r *reader) starved(tree []Process, to string) bool {
	if inode(to, "pipe") == 0 || to == target(os.Getpid(), 0) {
		return false
	}
	for _, p := range tree {
		list, more := files(p.PID, maxFiles)
		for _, f := range list {
			if f.target == to && r.writes(p.PID, f.number) {
				return false
			}
		}
		if more > 0 {
			return false // not all was seen: in doubt it has one
		}
	}
	return true
}

// foreground reports whether the process is of the group that its terminal
// listens to.
func (r *reader) foreground(p Process) bool {
	text, _ := r.read(p.PID, "/stat")
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	return len(fields) > 5 && int(whole(fields[5])) == p.Group
}

// lock adds the lock that p waits for.
func (r *reader) lock(tree []Process, p Process, fd int, w *Waiting) {
	if w.Blocked != "" {
		return
	}
	all := parseLocks(string(readSome("/proc/locks", maxLocks)))
	wanted := lock{}
	for _, l := range all {
		if l.waits && l.pid == p.PID {
			wanted = l
		}
	}
	path := ""
	if fd >= 0 {
		path = target(p.PID, fd)
	}
	if path == "" && wanted.inode != 0 {
		path = r.lockedPath(p.PID, wanted.inode)
	}
	if path == "" {
		return
	}
	w.Waiter, w.Blocked = p.PID, fmt.Sprintf("%s (pid %d) waits for a lock on %s", p.Name, p.PID, path)
	if h, ok := r.holder(tree, all, wanted, path, p.PID); ok {
		w.Holder = h.PID
		w.Blocked += fmt.Sprintf(", held by pid %d: %s", h.PID, h.title())
	}
}

// lockedPath finds the open file with that inode.
func (r *reader) lockedPath(pid int, inode uint64) string {
	list, _ := files(pid, 1000)
	for _, f := range list {
		if n, ok := fileInode(pid, f.number); ok && n == inode {
			return f.target
		}
	}
	return ""
}

// holder finds who holds a lock: by the kernel's list, if that process still has
// the file open, else (a lock outlives the process that took it in those that
// inherited the file) whoever has the file open with a lock on it.
func (r *reader) holder(tree []Process, all []lock, wanted lock, path string, waiter int) (Process, bool) {
	for _, l := range all {
		if l.waits || l.pid <= 0 || l.pid == waiter || wanted.inode == 0 || l.file() != wanted.file() {
			continue
		}
		if p, err := look(l.pid); err == nil && r.locks(l.pid, path, new(int)) {
			return p, true
		}
	}
	budget := maxHolderFiles
	for _, p := range tree {
		if p.PID != waiter && r.locks(p.PID, path, &budget) {
			h, err := look(p.PID)
			return h, err == nil
		}
	}
	for _, pid := range numbers("/proc", maxProcesses) {
		if budget <= 0 {
			break
		}
		if pid != waiter && r.locks(pid, path, &budget) {
			h, err := look(pid)
			return h, err == nil
		}
	}
	return Process{}, false
}

// locks reports whether a process has the file open with a lock on it.
func (r *reader) locks(pid int, path string, budget *int) bool {
	list, _ := files(pid, 4096)
	*budget -= len(list) + 1
	for _, f := range list {
		if f.target != path {
			continue
		}
		text, ok := r.readPath(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, f.number))
		if ok && bytes.Contains(text, []byte("\nlock:")) {
			return true
		}
	}
	return false
}

func moved(tree []Process) int64 {
	r, sum := newReader(), int64(0)
	for _, p := range tree {
		text, _ := r.read(p.PID, "/io")
		for line := range bytes.Lines(text) {
			if fields := bytes.Fields(line); len(fields) == 2 && (string(fields[0]) == "rchar:" || string(fields[0]) == "wchar:") {
				sum += whole(fields[1])
			}
		}
	}
	return sum
}

// title is the command line in a line, secrets of telling options hidden.
func (p Process) title() string {
	if len(p.Argv) == 0 {
		return "[" + p.Name + "]"
	}
	argv := hidden(p.Argv)
	if filepath.IsAbs(argv[0]) && len(argv[0]) > 60 {
		argv[0] = filepath.Base(argv[0])
	}
	return short(strings.Join(argv, " "), 300)
}

func fileInode(pid, fd int) (uint64, bool) {
	info, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	if err != nil {
		return 0, false
	}
	return inodeOf(info)
}
