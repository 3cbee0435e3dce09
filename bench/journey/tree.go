//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cost is what a driver's process tree took.
type cost struct {
	cpu, wall time.Duration
	peak      int64 // bytes; proportional set size of the whole tree, only when sampled
}

// adopt makes this process the parent of every orphan below it. A browser's
// own children outlive it for a moment when it is killed: without this, init
// would collect them, and their CPU time would be missing.
func adopt() error {
	const setChildSubreaper = 36
	if _, _, code := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); code != 0 {
		return fmt.Errorf("become subreaper: %w", code)
	}
	return nil
}

// run starts a driver and waits until nothing of its tree is left. With sample
// it watches the memory meanwhile, which disturbs the time: measure one or the
// other.
func run(ctx context.Context, argv, env []string, sample bool) (cost, error) {
	var said bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	out, err := os.CreateTemp("", "bench-output-")
	if err != nil {
		return cost{}, err
	}
	defer func() { _, _ = out.Close(), os.Remove(out.Name()) }()
	cmd.Stdout, cmd.Stderr, cmd.Env = out, out, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	defer func() { _ = cmd.Process.Release() }()
	c, status, err := collect(ctx, cmd.Process.Pid, begin, sample)
	if err == nil && (!status.Exited() || status.ExitStatus() != 0) {
		if text, err := os.ReadFile(out.Name()); err == nil {
			said.Write(text[max(0, len(text)-4000):])
		}
		err = fmt.Errorf("%s: exit %d:\n%s", strings.Join(argv, " "), status.ExitStatus(), said.String())
	}
	return c, err
}

// collect reaps the driver and all that it leaves. A process that its parent
// has waited for is in that parent's figure already.
func collect(ctx context.Context, pid int, begin time.Time, sample bool) (c cost, status syscall.WaitStatus, err error) {
	for {
		var s syscall.WaitStatus
		var u syscall.Rusage
		options := 0
		if sample {
			options = syscall.WNOHANG
		}
		got, err := syscall.Wait4(-1, &s, options, &u)
		switch {
		case errors.Is(err, syscall.ECHILD):
			return c, status, nil
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return c, status, err
		case got > 0:
			c.cpu += time.Duration(u.Utime.Nano() + u.Stime.Nano())
			if got == pid {
				c.wall, status = time.Since(begin), s
			}
		case sample:
			c.peak = max(c.peak, memory())
			time.Sleep(40 * time.Millisecond)
		}
		if ctx.Err() != nil || time.Since(begin) > limit {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return c, status, fmt.Errorf("the driver is over its time: %w", context.Cause(ctx))
		}
	}
}

// memory is the proportional set size of every process below this one: pages
// that several share count once.
func memory() int64 {
	children := map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state ppid …; the name may hold anything.
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(f) < 2 || err1 != nil {
			continue
		}
		if parent, err := strconv.Atoi(f[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	var total int64
	for queue := children[os.Getpid()]; len(queue) > 0; queue = queue[1:] {
		total += proportional(queue[0])
		queue = append(queue, children[queue[0]]...)
	}
	return total
}

func proportional(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}
