package check

import (
	"crypto/tls"
	"fmt"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// timing is where the time of one request went. Dials to several addresses
// race, hence the lock; of each part the last one counts.
type timing struct {
	mu    sync.Mutex
	begun map[string]time.Time
	took  map[string]time.Duration
}

func newTiming() *timing {
	return &timing{begun: map[string]time.Time{}, took: map[string]time.Duration{}}
}

func (t *timing) begin(part string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun[part] = time.Now()
}

func (t *timing) end(part string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if start, ok := t.begun[part]; ok {
		t.took[part] = time.Since(start)
	}
}

func (t *timing) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { t.begin("dns") },
		DNSDone:              func(httptrace.DNSDoneInfo) { t.end("dns") },
		ConnectStart:         func(_, _ string) { t.begin("connect") },
		ConnectDone:          func(_, _ string, _ error) { t.end("connect") },
		TLSHandshakeStart:    func() { t.begin("tls") },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { t.end("tls") },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.begin("wait") },
		GotFirstResponseByte: func() { t.end("wait") },
	}
}

// String is " (connect 1ms, wait 3ms)", with the parts that happened.
func (t *timing) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for _, part := range []string{"dns", "connect", "tls", "wait"} {
		if d, ok := t.took[part]; ok {
			out = append(out, fmt.Sprintf("%s %s", part, round(d)))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}
