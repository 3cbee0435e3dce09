//go:build unix

package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	profilePrefix = "postflight-chromium-"
	lockName      = "postflight.lock"
	// staleAge keeps the sweep away from profiles that are just being made or left.
	staleAge = time.Minute
	// reapTimeout bounds the wait for the killed group to vanish.
	reapTimeout = 5 * time.Second
)

// process is one Chromium process group with its profile directory.
type process struct {
	cmd       *exec.Cmd
	profile   string
	lock      *os.File
	fromChild *os.File
	toChild   *os.File
	stderr    *tail
	spoken    chan struct{} // closed when nobody can write to stderr any more
	exited    chan struct{}
	stopping  chan struct{}
	stopOnce  sync.Once
	done      chan struct{}

	overweight atomic.Bool // a process was killed for its memory
	cleanErr   error       // set before done is closed
}

// startProcess makes the profile and starts Chromium on it, pipes on 3 and 4.
func startProcess(ctx context.Context, o Options) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir := o.Dir
	if dir == "" {
		dir = os.TempDir()
	}
	sweepProfiles(dir)
	p := &process{
		stderr: &tail{limit: o.StderrLimit},
		spoken: make(chan struct{}), exited: make(chan struct{}), stopping: make(chan struct{}), done: make(chan struct{}),
	}
	if err := p.makeProfile(dir); err != nil {
		return nil, err
	}
	if err := p.spawn(o); err != nil {
		p.cleanErr = p.removeProfile()
		return nil, errors.Join(err, p.cleanErr)
	}
	return p, nil
}

func (p *process) spawn(o Options) error {
	r3, w3, err := os.Pipe() // our commands
	if err != nil {
		return fmt.Errorf("open pipe: %w", err)
	}
	defer r3.Close()
	r4, w4, err := os.Pipe() // its messages
	if err != nil {
		return errors.Join(fmt.Errorf("open pipe: %w", err), w3.Close())
	}
	defer w4.Close()
	errR, errW, err := os.Pipe()
	if err != nil {
		return errors.Join(fmt.Errorf("open pipe: %w", err), w3.Close(), r4.Close())
	}
	defer errW.Close()

	cmd := exec.Command(o.Binary.Path, arguments(o, p.profile)...)
	cmd.ExtraFiles = []*os.File{r3, w4}
	cmd.Stderr = errW
	cmd.Env = p.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, w3.Close(), r4.Close(), errR.Close())
	}
	p.cmd, p.toChild, p.fromChild = cmd, w3, r4
	go func() {
		defer close(p.spoken)
		p.stderr.drain(errR)
	}()
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	return nil
}

// environment is ours, but temporary files go where they are removed with the profile.
func (p *process) environment() []string {
	tmp := filepath.Join(p.profile, "tmp")
	if len(tmp) > 60 || os.Mkdir(tmp, 0o700) != nil { // a socket path must stay under 104 bytes
		return os.Environ()
	}
	return append(os.Environ(), "TMPDIR="+tmp)
}

// stop asks supervise to kill the group.
func (p *process) stop() { p.stopOnce.Do(func() { close(p.stopping) }) }

// supervise lives as long as the process: it kills the group when ctx ends, at
// stop, or when the pipe breaks, reaps it, and removes the profile.
func (p *process) supervise(ctx context.Context, c *conn) {
	select {
	case <-p.exited:
	case <-p.stopping:
	case <-c.done:
	case <-ctx.Done():
		c.fail(fmt.Errorf("%w: %w", ErrClosed, context.Cause(ctx)))
	}
	p.kill()
	<-p.exited
	p.waitGroup()
	select {
	case <-p.spoken: // its last words are the reason people will see
	case <-time.After(time.Second):
	}
	c.fail(fmt.Errorf("%w: chromium exited (%s)", ErrClosed, p.cmd.ProcessState))
	_ = p.fromChild.Close()
	p.cleanErr = p.removeProfile()
	close(p.done)
}

// kill sends SIGKILL to the whole group. The leader may be gone already: its
// children keep the group id in use.
func (p *process) kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// waitGroup waits until no process of the group runs. The whole list of
// processes is dear to read, so it is read again only when all that were found
// are gone.
func (p *process) waitGroup() {
	pgid := p.cmd.Process.Pid
	pause := 2 * time.Millisecond
	var members []string
	for deadline := time.Now().Add(reapTimeout); time.Now().Before(deadline); time.Sleep(pause) {
		// As PID 1 of a container the orphans are ours to reap; elsewhere this finds none.
		for {
			if pid, err := syscall.Wait4(-pgid, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
		if errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH) {
			return
		}
		if members = running(pgid, members); len(members) == 0 {
			all := processes()
			if members = running(pgid, all); len(members) == 0 && all != nil {
				return
			}
			p.kill()
		}
		pause = min(2*pause, 20*time.Millisecond)
	}
}

// groupRuns reports whether the group has a process that is not a zombie.
func groupRuns(pgid int) bool {
	if errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH) {
		return false
	}
	all := processes()
	return all == nil || len(running(pgid, all)) > 0
}

// processes lists the ids of all processes; nil where there is no /proc.
func processes() []string {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(names, func(name string) bool { return name[0] < '0' || name[0] > '9' })
}

// running are those of the processes that belong to the group and are no
// zombies. Dead children of Chromium are init's to reap, which may take it
// seconds.
func running(pgid int, pids []string) []string {
	var out []string
	group := strconv.Itoa(pgid)
	for _, pid := range pids {
		stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil {
			continue
		}
		// pid (name) state ppid pgrp …; the name may hold anything.
		f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(f) > 2 && f[2] == group && f[0] != "Z" && f[0] != "X" {
			out = append(out, pid)
		}
	}
	return out
}

// makeProfile creates the directory and holds a lock in it, so that a later
// start can tell a profile in use from one left by a killed process.
func (p *process) makeProfile(dir string) error {
	profile, err := os.MkdirTemp(dir, profilePrefix)
	if err != nil {
		return fmt.Errorf("make profile: %w", err)
	}
	p.profile = profile
	p.lock, err = os.OpenFile(filepath.Join(profile, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(p.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("lock profile: %w", err), os.RemoveAll(profile))
	}
	return nil
}

// removeProfile retries, because a dying child may still create a file.
func (p *process) removeProfile() error {
	defer p.lock.Close()
	var err error
	for range 20 {
		if err = os.RemoveAll(p.profile); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("remove profile: %w", err)
}

// sweepProfiles removes what killed processes of ours left in dir.
func sweepProfiles(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), profilePrefix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(filepath.Join(path, lockName))
		if err != nil || time.Since(info.ModTime()) < staleAge {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(path)
		}
		_ = lock.Close()
	}
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int
	mu    sync.Mutex
	kept  []byte
}

func (t *tail) drain(r *os.File) {
	defer r.Close()
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		t.add(buf[:n])
		if err != nil {
			return
		}
	}
}

func (t *tail) add(b []byte) {
	limit := t.limit
	if limit <= 0 {
		limit = 64 << 10
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - limit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
}

// String returns what is kept, as valid text.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "�")
}
