package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Cast is a running screencast.
type Cast struct {
	page   *Page
	frames chan castFrame
	stop   chan struct{}
	done   chan struct{}
	cancel func()
	once   sync.Once
}

type castFrame struct {
	Data    []byte `json:"data"`
	Session int    `json:"sessionId"`
}

// Screencast hands small JPEG pictures of the page to fn while it changes, one
// at a time: Chromium sends the next only after fn has returned. It costs
// nothing on a page that stands still. The caller stops it.
func (p *Page) Screencast(ctx context.Context, fn func(jpeg []byte)) (*Cast, error) {
	c := &Cast{page: p, frames: make(chan castFrame, 1), stop: make(chan struct{}), done: make(chan struct{})}
	c.cancel = p.sess.on("Page.screencastFrame", func(raw json.RawMessage) {
		f := decodeInto[castFrame](raw)
		select {
		case c.frames <- f:
		default: // fn is slow: this one is old before it is shown
			c.acknowledge(f)
		}
	})
	params := map[string]any{"format": "jpeg", "quality": 50, "maxWidth": 640, "maxHeight": 360, "everyNthFrame": 1}
	if err := p.Call(ctx, "Page.startScreencast", params, nil); err != nil {
		c.cancel()
		return nil, fmt.Errorf("start screencast: %w", err)
	}
	go c.deliver(fn)
	return c, nil
}

func (c *Cast) deliver(fn func([]byte)) {
	defer close(c.done)
	for {
		select {
		case f := <-c.frames:
			if len(f.Data) > 0 {
				fn(f.Data)
			}
			c.acknowledge(f)
		case <-c.stop:
			return
		case <-c.page.sess.dead:
			return
		}
	}
}

func (c *Cast) acknowledge(f castFrame) {
	c.page.sess.post("Page.screencastFrameAck", map[string]any{"sessionId": f.Session})
}

// Stop ends the screencast. When it returns, fn is called no more; a call of it
// that is under way is waited for, within a second.
func (c *Cast) Stop() {
	c.once.Do(func() {
		c.cancel()
		c.page.sess.post("Page.stopScreencast", nil)
		close(c.stop)
	})
	select {
	case <-c.done:
	case <-time.After(time.Second):
	}
}
