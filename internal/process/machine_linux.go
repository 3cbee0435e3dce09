package process

import (
	"fmt"
	"path"
	"strings"
	"syscall"
)

// machine says whether the machine itself is short of anything.
func machine(list []*facts) string {
	var b strings.Builder
	if load := strings.Fields(string(readSome("/proc/loadavg", 200))); len(load) >= 4 {
		fmt.Fprintf(&b, "load %s %s %s, %s running\n", load[0], load[1], load[2], load[3])
	}
	memory := pairs(string(readSome("/proc/meminfo", 16<<10)))
	if memory["MemTotal"] > 0 {
		fmt.Fprintf(&b, "memory %s of %s available, swap %s of %s free\n",
			bytesOf(memory["MemAvailable"]<<10), bytesOf(memory["MemTotal"]<<10), bytesOf(memory["SwapFree"]<<10), bytesOf(memory["SwapTotal"]<<10))
	}
	dirs := []string{"/", "/tmp", "/dev/shm"}
	if len(list) > 0 && list[0].Dir != "" {
		dirs = append(dirs, list[0].Dir)
	}
	for _, dir := range dirs {
		var fs syscall.Statfs_t
		if syscall.Statfs(dir, &fs) == nil && fs.Blocks > 0 {
			free, all := int64(fs.Bavail)*int64(fs.Bsize), int64(fs.Blocks)*int64(fs.Bsize)
			fmt.Fprintf(&b, "disk of %s: %s of %s free", short(dir, 200), bytesOf(free), bytesOf(all))
			if fs.Files > 0 {
				fmt.Fprintf(&b, ", %d of %d inodes", fs.Ffree, fs.Files)
			}
			b.WriteString("\n")
		}
	}
	if pressure := strings.TrimSpace(string(readSome("/proc/pressure/memory", 400))); pressure != "" {
		first, _, _ := strings.Cut(pressure, "\n")
		b.WriteString("memory pressure: " + short(first, 200) + "\n")
	}
	if len(list) > 0 {
		group(&b, list[0].PID)
	}
	return b.String()
}

// pairs reads "Name:  123 kB" and "name 123" lines.
func pairs(text string) map[string]int64 {
	out := map[string]int64{}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= 2 {
			out[strings.TrimSuffix(f[0], ":")] = whole([]byte(f[1]))
		}
	}
	return out
}

// group adds what the control group of a process counted against its limits.
func group(b *strings.Builder, pid int) {
	for line := range strings.Lines(string(readSome(fmt.Sprintf("/proc/%d/cgroup", pid), 16<<10))) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		dir := ""
		var names []string
		switch {
		case parts[1] == "":
			dir = "/sys/fs/cgroup"
			names = []string{"memory.current", "memory.max", "memory.events", "pids.current", "pids.max", "pids.events", "cpu.max", "cpu.stat"}
		case strings.Contains(","+parts[1]+",", ",memory,"):
			dir = "/sys/fs/cgroup/memory"
			names = []string{"memory.usage_in_bytes", "memory.limit_in_bytes", "memory.failcnt", "memory.oom_control"}
		case strings.Contains(","+parts[1]+",", ",pids,"):
			dir = "/sys/fs/cgroup/pids"
			names = []string{"pids.current", "pids.max", "pids.events"}
		default:
			continue
		}
		for _, name := range names {
			text := readSome(path.Join(dir, path.Join("/", parts[2]), name), 4<<10)
			if len(text) == 0 { // in a container the own group is at the root
				text = readSome(path.Join(dir, name), 4<<10)
			}
			if s := strings.TrimSpace(string(text)); s != "" {
				b.WriteString("cgroup " + name + ": " + short(strings.ReplaceAll(s, "\n", ", "), 400) + "\n")
			}
		}
	}
}
