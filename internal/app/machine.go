package app

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/product"
)

// What a browser takes of the memory at its peak, and what is left to the rest
// of the machine. Measured of whole process trees, with room.
const (
	shellMemory = 250 << 20
	fullMemory  = 550 << 20
	keptMemory  = 256 << 20
)

// machine knows what the machine bears. It reads the kernel's own counters and
// remembers them for a moment. It is safe for concurrent use.
type machine struct {
	root string // of the file system; "" but in tests
	now  func() time.Time

	mu   sync.Mutex
	at   time.Time
	last load
}

// load is how loaded the machine is; a negative value is not known.
type load struct {
	free   int64   // bytes that may still be used
	cpu    float64 // share of the last ten seconds in which work waited for a processor, 0–100
	memory float64 // the same for memory
}

// Load returns how loaded the machine is.
func (m *machine) Load() load {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.now(); m.at.IsZero() || now.Sub(m.at) >= 2*time.Second || now.Before(m.at) {
		m.at = now
		m.last = load{free: m.free(), cpu: m.pressure("cpu"), memory: m.pressure("memory")}
	}
	return m.last
}

// read returns one of the kernel's small files.
func (m *machine) read(path string) []byte {
	f, err := os.Open(m.root + path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	buf := make([]byte, 64<<10)
	n, _ := f.Read(buf)
	return buf[:n]
}

// number reads a file that holds one number; a negative one is none.
func (m *machine) number(path string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(string(m.read(path))), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// free is what is available of the machine's memory, or of what its control
// group may use when that is less.
func (m *machine) free() int64 {
	free := int64(-1)
	for line := range strings.Lines(string(m.read("/proc/meminfo"))) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
			if kib, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				free = kib << 10
			}
		}
	}
	for _, group := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		limit, used := m.number(group[0]), m.number(group[1])
		if limit > 0 && used >= 0 && (free < 0 || limit-used < free) {
			free = max(limit-used, 0)
		}
	}
	return free
}

// pressure reads the kernel's pressure stall information.
func (m *machine) pressure(of string) float64 {
	for line := range bytes.Lines(m.read("/proc/pressure/" + of)) {
		f := strings.Fields(string(line))
		if len(f) < 2 || f[0] != "some" {
			continue
		}
		if share, err := strconv.ParseFloat(strings.TrimPrefix(f[1], "avg10="), 64); err == nil {
			return share
		}
	}
	return -1
}

// places is how many browsers may run at once in each of the two crews: one a
// core, as long as the memory bears it.
func (m *machine) places(asked int, products []product.Product) int {
	if asked > 0 {
		return asked
	}
	n := min(runtime.GOMAXPROCS(0), 64)
	if free := m.Load().free; free >= 0 {
		n = min(n, int((free-keptMemory)/(2*dearest(products))))
	}
	return max(n, 1)
}

// dearest is what the dearest of the journeys takes of the memory.
func dearest(products []product.Product) int64 {
	for _, p := range products {
		for _, j := range p.Journeys {
			if j.Full || j.Suite != nil {
				return fullMemory
			}
		}
	}
	return shellMemory
}

// Overload, as the kernel tells it, in percent of the last ten seconds.
const (
	strainedCPU    = 60
	strainedMemory = 10
)

// standing is how many of the places may go to journeys that nobody waits for:
// fewer while the machine is overloaded, because a run that lacks the processor
// says more of us than of the product, and none when the next browser would
// not find the memory to start.
func (m *machine) standing(places int) int {
	now := m.Load()
	most := max(places-1, 1)
	switch {
	case now.free >= 0 && now.free < shellMemory:
		return 0
	case now.cpu > strainedCPU || now.memory > strainedMemory:
		return max(most/2, 1)
	}
	return most
}
