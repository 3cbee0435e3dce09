package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// FilmOptions for Page.Film; the zero value is JPEG of quality 70 in the
// viewport's size.
type FilmOptions struct {
	Quality             int // 1–100; default 70
	MaxWidth, MaxHeight int // CSS pixels; 0: the viewport's
	// Frame gets every frame as it comes, for somebody who watches. It must
	// not block.
	Frame func(jpeg []byte)
}

const (
	// What a film keeps: the newest frames, for a moment that is not long ago.
	filmFrames = 64
	filmBytes  = 12 << 20
	// A page that moves all the time is slowed down to filmRest between two
	// frames once it has used up filmBurst of them in a row.
	filmBurst = 30
	filmRest  = 100 * time.Millisecond
)

// Film is the running picture of a page. Chromium sends a frame whenever the
// page has painted something new, which costs a fraction of asking for a
// screenshot: nothing is painted for us alone.
type Film struct {
	page   *Page
	o      FilmOptions
	cancel func()
	done   chan struct{}

	mu     sync.Mutex
	frames []filmFrame // oldest first
	bytes  int
	spent  float64 // of the burst
	last   time.Time
	over   bool
}

type filmFrame struct {
	at   time.Time
	data string // base64
}

type castEvent struct {
	Data     string `json:"data"`
	Session  int    `json:"sessionId"`
	Metadata struct {
		Timestamp float64 `json:"timestamp"` // seconds of the wall clock
	} `json:"metadata"`
}

// Film starts to film the page; a page has one film at a time. Stop ends it,
// and so does the page's end.
func (p *Page) Film(ctx context.Context, o FilmOptions) (*Film, error) {
	if o.Quality <= 0 || o.Quality > 100 {
		o.Quality = 70
	}
	f := &Film{page: p, o: o, done: make(chan struct{})}
	f.cancel = p.sess.on("Page.screencastFrame", func(raw json.RawMessage) { f.took(decodeInto[castEvent](raw)) })
	params := map[string]any{"format": "jpeg", "quality": o.Quality}
	if o.MaxWidth > 0 && o.MaxHeight > 0 {
		params["maxWidth"], params["maxHeight"] = o.MaxWidth, o.MaxHeight
	}
	if err := p.Call(ctx, "Page.startScreencast", params, nil); err != nil {
		f.cancel()
		return nil, fmt.Errorf("film page: %w", err)
	}
	return f, nil
}

// took keeps a frame and asks for the next one.
func (f *Film) took(e castEvent) {
	at := time.UnixMicro(int64(e.Metadata.Timestamp * 1e6))
	rest := f.keep(filmFrame{at, e.Data})
	ask := func() { f.page.sess.post("Page.screencastFrameAck", map[string]any{"sessionId": e.Session}) }
	if rest <= 0 {
		ask()
	} else {
		time.AfterFunc(rest, func() {
			select {
			case <-f.done:
			default:
				ask()
			}
		})
	}
	if f.o.Frame != nil {
		if picture, err := base64.StdEncoding.DecodeString(e.Data); err == nil {
			f.o.Frame(picture)
		}
	}
}

// keep stores a frame and says how long to wait before the next.
func (f *Film) keep(one filmFrame) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return 0
	}
	f.frames = append(f.frames, one)
	f.bytes += len(one.data)
	for len(f.frames) > filmFrames || (f.bytes > filmBytes && len(f.frames) > 1) {
		f.drop(1)
	}
	now := time.Now()
	f.spent = max(0, f.spent-float64(now.Sub(f.last))/float64(filmRest)) + 1
	f.last = now
	if f.spent < filmBurst {
		return 0
	}
	return filmRest
}

func (f *Film) drop(n int) {
	for _, old := range f.frames[:n] {
		f.bytes -= len(old.data)
	}
	f.frames = append(f.frames[:0:0], f.frames[n:]...)
}

// Cut returns the page as it looked at an instant: the newest frame that was
// painted until then. Frames before it are let go, so instants must not go
// back. It returns nil when there is none.
func (f *Film) Cut(until time.Time) []byte {
	f.mu.Lock()
	found := -1
	for i, one := range f.frames {
		if one.at.After(until) {
			break
		}
		found = i
	}
	if found < 0 {
		f.mu.Unlock()
		return nil
	}
	data := f.frames[found].data
	f.drop(found)
	f.mu.Unlock()
	picture, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil
	}
	return picture
}

// Stop ends the film; what it kept is still there to be cut.
func (f *Film) Stop(ctx context.Context) {
	f.mu.Lock()
	over := f.over
	f.over = true
	f.mu.Unlock()
	if over {
		return
	}
	close(f.done)
	f.cancel()
	_ = f.page.Call(ctx, "Page.stopScreencast", nil, nil)
}
