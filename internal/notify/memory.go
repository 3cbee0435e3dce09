package notify

import "sync"

// maxTraces bounds the memory of unfinished deliveries.
const maxTraces = 4096

// trace is what is remembered of a delivery between two attempts.
type trace struct {
	unseen bool            // an attempt may have arrived
	given  map[string]bool // mail: recipients who have it
}

// memory knows how the failed attempts of this process ended, so that a
// repeat says so exactly when it may be one. After a restart it knows
// nothing, and every later attempt counts as a possible repeat.
type memory struct {
	mu     sync.Mutex
	traces map[string]trace
	order  []string
}

func newMemory() *memory { return &memory{traces: map[string]trace{}} }

func (m *memory) past(key string) (known bool, t trace) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, known = m.traces[key]
	if t.given == nil {
		t.given = map[string]bool{}
	}
	return known, t
}

// keep remembers a failed attempt; final forgets it instead.
func (m *memory) keep(key string, t trace, final bool) {
	if final {
		m.drop(key)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.traces[key]; !ok {
		m.order = append(m.order, key)
	}
	m.traces[key] = t
	for len(m.order) > maxTraces {
		delete(m.traces, m.order[0])
		m.order = m.order[1:]
	}
}

func (m *memory) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.traces[key]; !ok {
		return
	}
	delete(m.traces, key)
	for i, k := range m.order {
		if k == key {
			m.order = append(m.order[:i], m.order[i+1:]...)
			break
		}
	}
}
