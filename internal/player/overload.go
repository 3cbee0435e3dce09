package player

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	beat = 50 * time.Millisecond
	// late is how much a beat may be delayed by an ordinary busy machine.
	late = time.Second
	// asleep is a delay that one beat is enough for: the machine was suspended,
	// or stood still.
	asleep = 5 * time.Second
)

// pulse tells whether this machine itself was too busy to look: a ticker of our
// own that comes late again and again means that the browser, too, did not get
// the time that a person's would.
type pulse struct {
	missed  atomic.Int32 // beats that came more than late too late
	longest atomic.Int64 // the worst delay, in nanoseconds
	kills   int64        // processes the kernel had killed for memory before
}

// start begins to count; the returned function ends it.
func (p *pulse) start() (stop func()) {
	p.kills = memoryKills()
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(beat)
		defer t.Stop()
		for last := time.Now().Round(0); ; { // the wall clock goes on while the machine sleeps
			select {
			case <-done:
				return
			case <-t.C:
				now := time.Now().Round(0)
				p.took(now.Sub(last) - beat)
				last = now
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (p *pulse) took(delay time.Duration) {
	if delay > late {
		p.missed.Add(1)
	}
	if int64(delay) > p.longest.Load() {
		p.longest.Store(int64(delay))
	}
}

// starved says why a time-out is not the page's fault, or "".
func (p *pulse) starved() string {
	longest := time.Duration(p.longest.Load())
	if p.missed.Load() < 2 && longest < asleep {
		return ""
	}
	return fmt.Sprintf("this machine is overloaded: our own clock came up to %s late", longest.Round(100*time.Millisecond))
}

// starved says why a failure that is only one of time, or of memory, was not
// the page's.
func (p *play) starved(f *cause) string {
	switch f.Class {
	case "step_timeout", "deadline", "assertion", "covered":
		if why := p.pulse.starved(); why != "" {
			return why + "; the page was at: " + f.Message
		}
	case "crash":
		if n := memoryKills(); n > p.pulse.kills {
			return "the tab crashed while this machine was out of memory: the kernel killed a process"
		}
	}
	return ""
}

// memoryKills is how many processes the kernel has killed for lack of memory; 0
// where it does not tell.
func memoryKills() int64 {
	raw, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n
		}
	}
	return 0
}
