package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxFiles is how many open files of one process are looked at.
const maxFiles = 20_000

// openFile is one open file of a process.
type openFile struct {
	number int
	target string // as the kernel names it: a path, "pipe:[12]", "socket:[34]", "anon_inode:[eventpoll]"
}

// files lists the open files of a process, at most limit; more is how many are
// left out, of those that were counted.
func files(pid, limit int) (list []openFile, more int) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	for _, n := range numbers(dir, maxFiles) {
		if len(list) >= limit {
			more++
			continue
		}
		if target, err := os.Readlink(dir + "/" + strconv.Itoa(n)); err == nil {
			list = append(list, openFile{n, target})
		}
	}
	return list, more
}

// target is what one open file of a process is, "" when that is not told.
func target(pid, fd int) string {
	to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	return to
}

// terminal reports whether the target of an open file is a terminal.
func terminal(target string) bool {
	return strings.HasPrefix(target, "/dev/pts/") || strings.HasPrefix(target, "/dev/tty") || target == "/dev/console"
}

// inode is the number in "pipe:[12]" and "socket:[34]", 0 for any other.
func inode(target, kind string) uint64 {
	rest, ok := strings.CutPrefix(target, kind+":[")
	if !ok {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 64)
	return n
}

// writes reports whether an open file is open for writing.
func (r *reader) writes(pid, fd int) bool {
	text, ok := r.readPath(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	if !ok {
		return false
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("flags:")); ok {
			flags, err := strconv.ParseUint(string(bytes.TrimSpace(rest)), 8, 64)
			return err == nil && flags&3 != 0
		}
	}
	return false
}

// watched are the files that an epoll descriptor waits for.
func (r *reader) watched(pid, epoll int) []int {
	text, _ := r.readPath(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, epoll))
	var out []int
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == "tfd:" {
			out = append(out, int(whole(fields[1])))
		}
	}
	return out
}

// readSome returns the first bytes of a file of /proc that may be large.
func readSome(path string, limit int64) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, limit))
	return text
}
