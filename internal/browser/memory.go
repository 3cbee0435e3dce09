//go:build unix

package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	// defaultMemory bounds one process of Chromium when Options does not say.
	// Heavy applications stay under one gigabyte.
	defaultMemory = 2 << 30
	// memoryTick is how often the processes are weighed: a page can fill about
	// a gigabyte between two looks, which the kernel must be able to give.
	memoryTick = 500 * time.Millisecond
)

// scale weighs the processes of one group. V8's own limit would count only the
// script heap; buffers, canvases and documents are outside of it.
type scale struct {
	group int
	limit int64
	ours  map[int]bool // by pid: is it of the group
}

// watchMemory kills each process of the group that grows over the limit, until
// the group is gone. A renderer that dies so takes its tab with it, which is
// then a crash with this reason.
func (p *process) watchMemory(limit int64) {
	if limit <= 0 || resident(p.cmd.Process.Pid) == 0 { // or there is no /proc here
		return
	}
	s := scale{group: p.cmd.Process.Pid, limit: limit, ours: map[int]bool{}}
	tick := time.NewTicker(memoryTick)
	defer tick.Stop()
	for {
		select {
		case <-p.exited:
			return
		case <-tick.C:
		}
		for _, pid := range s.heavy() {
			p.overweight.Store(true)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// heavy lists the processes of the group that are over the limit.
func (s *scale) heavy() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	known := make(map[int]bool, len(names))
	var over []int
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		ours, ok := s.ours[pid]
		if !ok || !ours { // a forked child may change its group a little later
			ours = pid == s.group || (pid > 1 && groupOf(pid) == s.group)
		}
		known[pid] = ours
		if ours && resident(pid) > s.limit {
			over = append(over, pid)
		}
	}
	s.ours = known
	return over
}

func groupOf(pid int) int {
	group, err := syscall.Getpgid(pid)
	if err != nil {
		return 0
	}
	return group
}

// resident is the memory of a process, 0 when it is gone.
func resident(pid int) int64 {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		return 0
	}
	f := bytes.Fields(raw)
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(f[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// crashReason explains a dead renderer, as far as it was us.
func (b *Browser) crashReason() string {
	if b.proc != nil && b.proc.overweight.Load() {
		return fmt.Sprintf("killed: it used more than %d MiB of memory", b.memory>>20)
	}
	return ""
}
