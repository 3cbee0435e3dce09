package process

import (
	"strconv"
	"strings"
)

// lock is a line of /proc/locks.
type lock struct {
	id      string
	waits   bool   // somebody waits for it, nobody holds it by this line
	kind    string // FLOCK, POSIX, OFDLCK
	mode    string // READ, WRITE
	pid     int    // -1 for locks of open files
	dev     string // major:minor, hexadecimal
	inode   uint64
	section string // "0 EOF"
}

// file is the name of what is locked, the same in all lines about it.
func (l lock) file() string { return l.dev + ":" + strconv.FormatUint(l.inode, 10) }

// parseLocks reads /proc/locks, and the lock lines of /proc/PID/fdinfo.
func parseLocks(text string) []lock {
	var out []lock
	for line := range strings.Lines(text) {
		fields := strings.Fields(strings.TrimPrefix(line, "lock:"))
		if len(fields) < 7 {
			continue
		}
		l := lock{id: fields[0]}
		if fields[1] == "->" {
			l.waits = true
			fields = append(fields[:1], fields[2:]...)
		}
		if len(fields) < 8 {
			continue
		}
		l.kind, l.mode, l.section = fields[1], fields[3], fields[6]+" "+fields[7]
		pid, err := strconv.Atoi(fields[4])
		i := strings.LastIndexByte(fields[5], ':')
		if err != nil || i < 0 {
			continue
		}
		n, err := strconv.ParseUint(fields[5][i+1:], 10, 64)
		if err != nil {
			continue
		}
		l.pid, l.dev, l.inode = pid, fields[5][:i], n
		out = append(out, l)
	}
	return out
}
