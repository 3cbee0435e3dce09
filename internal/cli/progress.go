package cli

import (
	"io"
	"sync"
	"time"
)

// progress tells what a command waits for: on a terminal one line with a
// spinner, elsewhere a line for each change. Its methods may be called in any
// order and after stop.
type progress struct {
	p    *printer
	mu   sync.Mutex
	text string
	done chan struct{}
	over sync.WaitGroup
	once sync.Once
}

const spin = 120 * time.Millisecond

// progress starts telling on standard error.
func (t *tool) progress() *progress {
	g := &progress{p: t.err, done: make(chan struct{})}
	if g.p.terminal {
		g.over.Go(g.turn)
	}
	return g
}

// say changes what is waited for.
func (g *progress) say(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if text == g.text {
		return
	}
	g.text = text
	if !g.p.terminal && text != "" {
		g.p.line(text)
	}
}

// turn draws the spinner until stop.
func (g *progress) turn() {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	tick := time.NewTicker(spin)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-g.done:
			_, _ = io.WriteString(g.p.w, "\r\x1b[K")
			return
		case <-tick.C:
			g.mu.Lock()
			text := g.text
			g.mu.Unlock()
			if text != "" {
				_, _ = io.WriteString(g.p.w, "\r\x1b[K"+string(frames[i%len(frames)])+" "+shorten(text, 100))
			}
		}
	}
}

// stop ends the telling and clears the line.
func (g *progress) stop() {
	g.once.Do(func() { close(g.done) })
	g.over.Wait()
}
