package store

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/postflight/postflight/internal/fault"
)

// Lock takes the lock at path or returns a Conflict fault that names its
// holder. SQLite databases take theirs by themselves; it is for a server whose
// database is elsewhere and whose data directory is its own all the same. The
// kernel drops the lock when the process dies, however it dies;
// the file stays, since removing it would let two servers each lock their own.
func Lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, onDisk(fmt.Errorf("open lock file: %w", err))
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := holderOf(f)
		_ = f.Close()
		return nil, fault.New(fault.Conflict,
			"another postflight server ("+holder+") already uses this data directory; its lock is "+path,
			"stop that server, or give this one another data directory")
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := errors.Join(f.Truncate(0), writePID(f)); err != nil {
		_ = f.Close()
		return nil, onDisk(fmt.Errorf("write lock file: %w", err))
	}
	return f.Close, nil
}

func writePID(f *os.File) error {
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holderOf reads who wrote the lock file.
func holderOf(f *os.File) string {
	buf := make([]byte, 32)
	n, _ := f.ReadAt(buf, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return "process unknown"
	}
	return "process " + strconv.Itoa(pid)
}
