package browser

import (
	"context"
	"fmt"
	"slices"
)

// MainTarget is how a recording names the page the run began with.
const MainTarget = "main"

const (
	// defaultTabs is how many tabs may be open at once when PageOptions does not say.
	defaultTabs = 20
	// maxTabs is how many tabs a context may open in its life.
	maxTabs = 1000
)

// Target is what a recording calls a target: a page, or a frame with a target
// of its own.
type Target struct {
	Page  *Page
	Frame *Frame // the page's main frame, unless the target is a frame only
}

// IsPage reports whether the target is a whole page.
func (t Target) IsPage() bool { return t.Frame == t.Page.main }

// Target waits until ctx ends for the page of this browser context whose URL
// equals url, popups and tabs included, or else for a frame with that URL:
// whether a frame is a target of its own is Chromium's choice, so any will do.
// Empty and "main" mean the page that NewPage returned. Other pages may close
// meanwhile, that one too.
func (p *Page) Target(ctx context.Context, url string) (Target, error) {
	w := p.window
	if url == "" || url == MainTarget {
		main := p.owner()
		return Target{Page: main, Frame: main.main}, nil
	}
	var found Target
	err := w.await(ctx, w.browser.conn.root, func() bool {
		found = w.find(url)
		return found.Page != nil
	})
	if err != nil {
		return Target{}, fmt.Errorf("wait for target %s: %w", clipURL(url), err)
	}
	return found, nil
}

// find looks for an open page with that URL, then for a frame. Caller holds the lock.
func (w *window) find(url string) Target {
	open := slices.DeleteFunc(slices.Clone(w.pages), func(p *Page) bool { return !p.usable() })
	for _, p := range open {
		if p.main.url == url {
			return Target{Page: p, Frame: p.main}
		}
	}
	for _, p := range open {
		var search func(f *Frame) *Frame
		search = func(f *Frame) *Frame {
			for _, c := range f.children {
				if c.url == url {
					return c
				}
				if hit := search(c); hit != nil {
					return hit
				}
			}
			return nil
		}
		if f := search(p.main); f != nil {
			return Target{Page: p, Frame: f}
		}
	}
	return Target{}
}

// usable reports whether the page is there to be worked with. Caller holds the lock.
func (p *Page) usable() bool { return p.ready && p.setupErr == nil && !p.closed && !p.crashed }

// CloseTab closes this tab alone, letting its pagehide handlers run, and keeps
// the browser context even when it is the page of NewPage: what it recorded can
// still be read, and the other tabs go on. Closing a tab that is gone is no error.
func (p *Page) CloseTab(ctx context.Context) error {
	p.farewell(ctx)
	if !p.Closed() {
		return fmt.Errorf("close tab %s: it does not go", clipURL(p.URL()))
	}
	return nil
}

// Gone is closed once the tab has crashed, closed or been given up.
func (p *Page) Gone() <-chan struct{} { return p.sess.dead }

// Err says why the tab is gone: ErrCrashed, ErrClosed or ErrHostile; nil while
// it is there.
func (p *Page) Err() error { return p.sess.reason() }

// crowded reports whether the context has as many tabs as it may have, and
// counts the one that comes.
func (w *window) crowded() bool {
	limit := w.opts.Tabs
	if limit <= 0 {
		limit = defaultTabs
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened++
	open := 0
	for _, p := range w.pages {
		if !p.closed {
			open++
		}
	}
	return open >= limit || w.opened > maxTabs
}

// turnAway closes a tab that is one too many, before its first request leaves.
// It must be let run: while it is paused, the page that opened it is too.
func (w *window) turnAway(s *session) {
	s.start()
	w.record.turnedAway()
	_, _ = s.send(context.Background(), false,
		command{Method: "Fetch.enable", Params: map[string]any{"patterns": []any{map[string]any{"urlPattern": "*"}}}},
		command{Method: "Runtime.runIfWaitingForDebugger"})
	w.browser.conn.root.post("Target.closeTarget", map[string]any{"targetId": s.target.TargetID})
}

// forget drops what was closed, so that a page which opens and closes tabs for
// ever does not grow us. The first page stays. Caller holds the lock.
func (w *window) forget() {
	const kept = 50
	if len(w.pages) <= kept {
		return
	}
	first := w.pages[0]
	w.pages = slices.DeleteFunc(w.pages, func(p *Page) bool { return p.closed && p != first })
}
