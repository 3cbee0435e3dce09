package process

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// Bounds of a dump.
const (
	dumpProcesses = 300
	dumpFiles     = 100 // lines of one process
	dumpOne       = 2 * time.Second
	dumpPause     = 300 * time.Millisecond // over which CPU is measured
)

// facts is all that is known of one process.
type facts struct {
	Process
	depth   int
	load    float64 // CPU now, in cores
	elapsed time.Duration
	threads []string // "10 × futex"
	files   []string
	sockets []socket
	missing bool // could not be read in time
	leaf    bool
	catches uint64
}

// fill reads, first what costs nothing, last what may end processes.
func (d *dump) fill(ctx context.Context) {
	started := time.Now()
	tree, more := d.tree(ctx)
	list := make([]*facts, len(tree))
	networks := map[string]map[uint64]socket{}
	for i, p := range tree {
		list[i] = &facts{Process: p, missing: true}
		if ctx.Err() != nil {
			continue
		}
		if f, ok := within(ctx, dumpOne, func() *facts { return gather(p) }); ok {
			list[i] = f
			list[i].resolve(ctx, networks)
		}
	}
	place(list)
	d.loads(ctx, list, started)
	waiting, _ := within(ctx, dumpOne, func() Waiting { return waits(tree) })
	d.summary(list, waiting)
	d.treeTable(list, more)
	d.services(ctx, list)
	d.tail()
	machine, ok := within(ctx, dumpOne, func() string { return machine(list) })
	if !ok {
		machine = "could not be read in time"
	}
	d.stacks(ctx, list)
	d.add("The machine", machine)
	d.details(list)
}

// tree is what is below all roots, without ourselves.
func (d *dump) tree(ctx context.Context) (tree []Process, more int) {
	seen := map[int]bool{os.Getpid(): true}
	for _, root := range d.o.Roots {
		below, _ := within(ctx, dumpOne, func() []Process {
			list, _ := descendants(root)
			return list
		})
		for _, p := range below {
			if seen[p.PID] {
				continue
			}
			seen[p.PID] = true
			if len(tree) >= dumpProcesses {
				more++
				continue
			}
			tree = append(tree, p)
		}
	}
	return tree, more
}

// gather reads one process.
func gather(p Process) *facts {
	f := &facts{Process: p}
	full, err := look(p.PID)
	if err != nil || full.Born != p.Born {
		return f
	}
	f.Process = full
	r := newReader()
	f.elapsed = max(0, sinceBoot(r)-full.Born)
	f.catches = r.mask(p.PID, "SigCgt:")
	f.threads = r.calls(full)
	list, more := files(p.PID, maxFiles)
	f.listFiles(list, more)
	return f
}

// mask is one of the signal sets of /proc/PID/status.
func (r *reader) mask(pid int, name string) uint64 {
	text, _ := r.read(pid, "/status")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			var n uint64
			_, _ = fmt.Sscanf(strings.TrimSpace(rest), "%x", &n)
			return n
		}
	}
	return 0
}

// calls counts what the threads of a process are in.
func (r *reader) calls(p Process) []string {
	if p.Threads <= 1 {
		return nil
	}
	count := map[string]int{}
	for _, thread := range r.threads(p) {
		wait, call := r.sleep(p.PID, thread)
		switch {
		case call != "":
			count[call]++
		case wait != "":
			count[wait]++
		default:
			count["running"]++
		}
	}
	return ranked(count)
}

// listFiles keeps sockets apart, and counts files that are open more than once.
func (f *facts) listFiles(list []openFile, more int) {
	count := map[string]int{}
	for _, o := range list {
		if n := inode(o.target, "socket"); n != 0 {
			f.sockets = append(f.sockets, socket{inode: n})
			continue
		}
		if o.number <= 2 {
			f.files = append(f.files, fmt.Sprintf("%d %s", o.number, short(o.target, 300)))
			continue
		}
		count[short(o.target, 300)]++
	}
	others := ranked(count)
	if over := len(others) - dumpFiles; over > 0 {
		others = append(others[:dumpFiles], fmt.Sprintf("… %d more", over))
	}
	f.files = append(f.files, others...)
	if more > 0 {
		f.files = append(f.files, fmt.Sprintf("… %d more that were not read", more))
	}
}

// resolve looks up the sockets, reading the lists of a network only once.
func (f *facts) resolve(ctx context.Context, networks map[string]map[uint64]socket) {
	if len(f.sockets) == 0 {
		return
	}
	space, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", f.PID))
	known, ok := networks[space]
	if !ok {
		known, _ = within(ctx, dumpOne, func() map[uint64]socket { return sockets(f.PID) })
		networks[space] = known
	}
	for i, s := range f.sockets {
		if full, ok := known[s.inode]; ok {
			f.sockets[i] = full
		}
	}
}

// place sets how deep each process is, and which have nothing below them.
func place(list []*facts) {
	at := map[int]*facts{}
	for _, f := range list {
		at[f.PID], f.leaf = f, true
	}
	for _, f := range list {
		up := at[f.Parent]
		if up == nil || up == f {
			continue
		}
		up.leaf = false
		f.depth = up.depth + 1
	}
}

// loads measures what each process uses now.
func (d *dump) loads(ctx context.Context, list []*facts, started time.Time) {
	if rest := dumpPause - time.Since(started); rest > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
	r, now := newReader(), time.Now()
	for _, f := range list {
		if p, ok := r.stat(f.PID); ok && p.Born == f.Born && now.After(started) {
			f.load = max(0, float64(p.CPU-f.CPU)/float64(now.Sub(started)))
		}
	}
}
