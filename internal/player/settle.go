package player

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// settlers know, for each page, the navigations that were asked for and have not
// led to a document yet.
type settlers struct{ pages map[*browser.Page]*settler }

// watch begins to look at a page's navigations.
func (s *settlers) watch(page *browser.Page) *settler {
	if found := s.pages[page]; found != nil {
		return found
	}
	if s.pages == nil {
		s.pages = map[*browser.Page]*settler{}
	}
	n := &settler{frames: map[string]stage{}, changed: make(chan struct{})}
	s.pages[page] = n
	for _, method := range []string{
		"Page.frameScheduledNavigation", "Page.frameClearedScheduledNavigation", "Page.frameRequestedNavigation",
		"Page.frameStartedNavigating", "Page.frameNavigated", "Page.navigatedWithinDocument", "Page.frameStoppedLoading",
		"Page.frameDetached", "Page.downloadWillBegin",
	} {
		page.On(method, func(raw json.RawMessage) { n.event(strings.TrimPrefix(method, "Page."), raw) })
	}
	return n
}

// stage is how far a navigation of a frame has come.
type stage int

const (
	still stage = iota
	scheduled
	requested // by the page; the browser has not begun yet
	started   // a document is awaited
)

// settler follows the navigations of one page.
type settler struct {
	mu      sync.Mutex
	frames  map[string]stage
	changed chan struct{} // closed and replaced at every change
}

func (n *settler) event(method string, raw json.RawMessage) {
	var e struct {
		FrameID     string  `json:"frameId"`
		Disposition string  `json:"disposition"`
		Delay       float64 `json:"delay"`
		Frame       struct {
			ID string `json:"id"`
		} `json:"frame"`
	}
	if json.Unmarshal(raw, &e) != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	id := e.FrameID + e.Frame.ID
	now := n.frames[id]
	switch method {
	case "frameScheduledNavigation":
		if e.Delay < 0.1 { // a page that turns by itself after a while is no part of the action
			now = max(now, scheduled)
		}
	case "frameClearedScheduledNavigation":
		if now == scheduled {
			now = still
		}
	case "frameRequestedNavigation":
		if e.Disposition == "currentTab" || e.Disposition == "" {
			now = max(now, requested)
		}
	case "frameStartedNavigating":
		now = started
	default: // a document came, or none will
		now = still
	}
	n.frames[id] = now
	if now == still {
		delete(n.frames, id)
	}
	close(n.changed)
	n.changed = make(chan struct{})
}

// furthest is the furthest stage of any frame, and what tells of a change.
func (n *settler) furthest() (stage, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	far := still
	for _, s := range n.frames {
		far = max(far, s)
	}
	return far, n.changed
}

// forget drops what never came to anything.
func (n *settler) forget(upTo stage) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, s := range n.frames {
		if s <= upTo {
			delete(n.frames, id)
		}
	}
}

// idleAfter is how long the browser may take to begin what a page asked for.
const idleAfter = time.Second

// wait blocks until no navigation is under way. It is false when ctx ended first.
func (n *settler) wait(ctx context.Context) bool {
	for {
		far, changed := n.furthest()
		if far == still {
			return true
		}
		var late <-chan time.Time
		if far < started {
			timer := time.NewTimer(idleAfter)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-changed:
		case <-late:
			n.forget(requested) // refused, or cancelled by the page
		case <-ctx.Done():
			return false
		}
	}
}

// afterAction waits for the navigations that the last action started to commit,
// not to load. It asks the page once first, so that what the action set off there
// has begun. The page's navigations must have been watched since before.
func (p *play) afterAction(ctx context.Context) error {
	_ = p.page.MainFrame().Evaluate(ctx, browser.Isolated, "new Promise((done) => setTimeout(done))", nil)
	return p.settleAction(ctx, p.page)
}

func (p *play) settleAction(ctx context.Context, page *browser.Page) error {
	n := p.settlers.watch(page)
	if page.Sync(ctx) != nil || n.wait(ctx) {
		return nil // a page that is gone is met, and told, by the next step
	}
	if p.step == len(p.records)-1 {
		return &browser.NavigationError{URL: page.URL(), Reason: "the page that it leads to did not answer in time", Err: context.Cause(ctx)}
	}
	p.warn("the page that it leads to had not answered when the step's time was over")
	return nil
}
