package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Bounds of what is read of the tree of processes.
const (
	maxProcesses = 100_000
	maxThreads   = 4096 // of one process, whose children are asked for
	maxChildren  = 64 << 10
)

// reader reads small files of /proc into memory of its own, by bare system
// calls: it is used every second.
type reader struct {
	path []byte
	text []byte
}

func newReader() *reader { return &reader{path: make([]byte, 0, 64), text: make([]byte, 4096)} }

// read returns the start of /proc/ID/rest, valid until the next call, and
// whether it could be opened.
func (r *reader) read(id int, rest string) ([]byte, bool) {
	r.path = append(r.path[:0], "/proc/"...)
	r.path = strconv.AppendInt(r.path, int64(id), 10)
	r.path = append(r.path, rest...)
	return r.readPath(string(r.path))
}

func (r *reader) readPath(path string) ([]byte, bool) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	for errors.Is(err, syscall.EINTR) {
		fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		return nil, false
	}
	defer syscall.Close(fd)
	n := 0
	for {
		got, err := syscall.Read(fd, r.text[n:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || got <= 0 {
			return r.text[:n], err == nil
		}
		if n += got; n == len(r.text) {
			if n >= maxChildren {
				return r.text[:n], true
			}
			r.text = append(r.text, make([]byte, len(r.text))...)
		}
	}
}

// stat reads the cheap fields of one process.
func (r *reader) stat(pid int) (Process, bool) {
	text, ok := r.read(pid, "/stat")
	if !ok {
		return Process{}, false
	}
	return parseStat(text)
}

// descendants walks down by the kernel's own lists of children, which not
// every kernel has.
func descendants(root int) ([]Process, error) {
	r := newReader()
	first, ok := r.stat(root)
	if !ok {
		return nil, gone(root)
	}
	if _, ok := r.children(root); !ok {
		return sweep(root)
	}
	out, seen := []Process{first}, map[int]bool{root: true}
	for next := 0; next < len(out) && len(out) < maxProcesses; next++ {
		for _, pid := range r.below(out[next]) {
			if seen[pid] {
				continue
			}
			seen[pid] = true
			if p, ok := r.stat(pid); ok {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// below are the children of all threads of a process.
func (r *reader) below(p Process) []int {
	if p.Threads <= 1 {
		pids, _ := r.children(p.PID)
		return pids
	}
	var out []int
	for _, thread := range numbers(fmt.Sprintf("/proc/%d/task", p.PID), maxThreads) {
		text, ok := r.readPath(fmt.Sprintf("/proc/%d/task/%d/children", p.PID, thread))
		if ok {
			out = appendNumbers(out, text)
		}
	}
	return out
}

// children are those of the first thread.
func (r *reader) children(pid int) ([]int, bool) {
	text, ok := r.readPath(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	return appendNumbers(nil, text), ok
}

func appendNumbers(to []int, text []byte) []int {
	for word := range bytes.FieldsSeq(text) {
		if n := whole(word); n > 0 {
			to = append(to, int(n))
		}
	}
	return to
}

// sweep reads all processes of the machine.
func sweep(root int) ([]Process, error) {
	r := newReader()
	pids := numbers("/proc", maxProcesses)
	all := make([]Process, 0, len(pids))
	for _, pid := range pids {
		if p, ok := r.stat(pid); ok {
			all = append(all, p)
		}
	}
	out := below(root, all)
	if len(out) == 0 {
		return nil, gone(root)
	}
	return out, nil
}

// numbers lists the entries of a directory that are numbers, up to a bound.
func numbers(dir string, limit int) []int {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(limit + 1024)
	out := make([]int, 0, len(names))
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil && len(out) < limit {
			out = append(out, n)
		}
	}
	return out
}

// gone tells a missing process from a system without /proc.
func gone(pid int) error {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return fmt.Errorf("read process %d: %w (no /proc: %w)", pid, ErrUnsupported, err)
	}
	return fmt.Errorf("read process %d: %w", pid, ErrGone)
}

// sinceBoot is how long the machine runs, by the clock of Process.Born.
func sinceBoot(r *reader) time.Duration {
	text, _ := r.readPath("/proc/uptime")
	seconds, _, _ := bytes.Cut(text, []byte(" "))
	f, err := strconv.ParseFloat(string(seconds), 64)
	if err != nil || f < 0 || f > 1e9 {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}
