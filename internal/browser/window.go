package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// window is one browser context: a page, its popups, and what they did.
type window struct {
	browser *Browser
	id      string
	opts    PageOptions
	record  *recorder

	mu      sync.Mutex // guards the pages, their frames and all their state
	pages   []*Page    // all that ever were, oldest first
	changed chan struct{}
	opened  int // tabs, ever
}

// DialogPolicy answers confirm and prompt dialogs. Alerts and beforeunload are
// always accepted; every dialog is recorded.
type DialogPolicy string

// The dialog policies.
const (
	DialogDismiss DialogPolicy = "dismiss" // the default
	DialogAccept  DialogPolicy = "accept"
)

// PageOptions for NewPage; the zero value is usable.
type PageOptions struct {
	Viewport        Viewport                     // zero: 1280×720
	Dialogs         DialogPolicy                 // zero: DialogDismiss
	DownloadDir     string                       // empty: downloads are denied (and recorded)
	DownloadLimit   int64                        // bytes per download before it is cancelled; default 32 MiB
	InjectOrigins   []string                     // "https://shop.example": the origins that get InjectHeaders
	InjectHeaders   map[string]string            // sent to InjectOrigins only, from every frame, popup and worker
	InjectFor       map[string]map[string]string // by origin: headers for that origin alone, in the same way
	ResponseHeaders []string                     // names of the response headers kept in Request.Header
	ArchiveLimit    int64                        // bytes of raw network events kept for Archive; zero: none
	Limits          Limits

	Fence          Fence                                                    // what may be touched; zero: anything
	Tabs           int                                                      // open at once; those beyond are closed and counted; default 20
	DialogLimit    int                                                      // dialogs after which the page is given up; default 100
	OnDialog       func(d Dialog, preset string) (accept bool, text string) // decides instead of Dialogs; must not wait for the page
	AnyCertificate bool                                                     // accept certificates that browsers refuse

	Scripts       []Script          // run in every document before its own
	OnBinding     func(BindingCall) // of the Scripts' bindings; must not wait for the page
	DurableBodies int64             // bytes of response bodies that survive navigations; 0: none
}

// closeTimeout is how long a page may take for its own farewell (beacons sent on pagehide).
const closeTimeout = 2 * time.Second

// NewPage opens about:blank in a new browser context (own cookies, storage and
// cache) with everything recorded from the first request on.
func (b *Browser) NewPage(ctx context.Context, o PageOptions) (*Page, error) {
	w, err := b.newWindow(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open page: %w", err)
	}
	p, err := w.first(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open page: %w", err), w.dispose(ctx))
	}
	return p, nil
}

func (b *Browser) newWindow(ctx context.Context, o PageOptions) (*window, error) {
	if o.Viewport == (Viewport{}) {
		o.Viewport = Viewport{Width: 1280, Height: 720}
	}
	limits, err := newFence(o.Fence)
	if err := errors.Join(err, checkInjection(o), checkScripts(o)); err != nil {
		return nil, err
	}
	var made struct {
		ID string `json:"browserContextId"`
	}
	params := map[string]any{"disposeOnDetach": true}
	limits.contextParams(params)
	if err := b.conn.root.call(ctx, "Target.createBrowserContext", params, &made); err != nil {
		return nil, err
	}
	w := &window{browser: b, id: made.ID, opts: o, record: newRecorder(o, limits), changed: make(chan struct{})}
	b.mu.Lock()
	b.windows[w.id] = w
	b.mu.Unlock()
	return w, nil
}

// first opens the page the window is for.
func (w *window) first(ctx context.Context) (*Page, error) {
	root := w.browser.conn.root
	if err := w.allowDownloads(ctx); err != nil {
		return nil, err
	}
	var made struct {
		ID string `json:"targetId"`
	}
	params := map[string]any{"url": "about:blank", "browserContextId": w.id}
	if err := root.call(ctx, "Target.createTarget", params, &made); err != nil {
		return nil, err
	}
	var p *Page
	err := w.await(ctx, root, func() bool {
		i := slices.IndexFunc(w.pages, func(p *Page) bool { return p.ID == made.ID && p.ready })
		if i >= 0 {
			p = w.pages[i]
		}
		return p != nil
	})
	if err != nil {
		return nil, err
	}
	if p.setupErr != nil {
		return nil, p.setupErr
	}
	return p, nil
}

// dispose ends the context with all that is in it.
func (w *window) dispose(ctx context.Context) error {
	b := w.browser
	b.mu.Lock()
	delete(b.windows, w.id)
	b.mu.Unlock()
	err := b.conn.root.call(ctx, "Target.disposeBrowserContext", map[string]any{"browserContextId": w.id}, nil)
	w.update(func() {
		for _, p := range w.pages {
			p.closed = true
		}
	})
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// update changes state under the lock and wakes everyone who awaits a change.
func (w *window) update(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
	close(w.changed)
	w.changed = make(chan struct{})
}

// await rechecks cond, called under the lock, at every change until it holds,
// ctx ends or s dies.
func (w *window) await(ctx context.Context, s *session, cond func() bool) error {
	for {
		w.mu.Lock()
		ok, changed := cond(), w.changed
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-s.dead:
			return s.reason()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// open sets up a tab that attached itself: one write enables everything and
// lets it run, so that its first request is seen.
func (w *window) open(s *session) {
	p := &Page{ID: s.target.TargetID, window: w, sess: s, frames: map[string]*Frame{}, keys: map[string]bool{}}
	p.main = &Frame{ID: p.ID, page: p, sess: s, url: s.target.URL}
	p.frames[p.ID] = p.main
	w.update(func() {
		if i := slices.IndexFunc(w.pages, func(o *Page) bool { return o.ID == s.target.OpenerID }); i >= 0 {
			p.opener = w.pages[i]
		}
		w.forget()
		w.pages = append(w.pages, p)
	})
	p.listen(s)
	s.start()
	cmds := append(w.pageCommands(s), w.commonCommands()...)
	calls, err := s.send(context.Background(), true, cmds...)
	go p.settle(calls, err)
}

// settle waits for the answers to the set-up and reports the page ready.
func (p *Page) settle(calls []*call, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err == nil {
		err = p.sess.waitAll(ctx, calls)
	}
	if err == nil {
		err = p.seedFrames(ctx)
	}
	p.window.update(func() { p.ready, p.setupErr = true, err })
}

// pageCommands are for tabs and frames, not for workers.
func (w *window) pageCommands(s *session) []command {
	cmds := []command{
		{Method: "Page.enable"},
		{Method: "Page.setLifecycleEventsEnabled", Params: map[string]any{"enabled": true}},
		{Method: "Inspector.enable"},
	}
	if w.opts.AnyCertificate {
		cmds = append(cmds, command{Method: "Security.setIgnoreCertificateErrors", Params: map[string]any{"ignore": true}})
	}
	cmds = append(cmds, w.scriptCommands()...)
	if s.target.Type == "page" {
		cmds = append(cmds, command{Method: "Emulation.setFocusEmulationEnabled", Params: map[string]any{"enabled": true}})
		cmds = append(cmds, w.opts.Viewport.commands()...)
	}
	return cmds
}

// commonCommands are for every target; the last one lets it run.
func (w *window) commonCommands() []command {
	cmds := append(
		w.networkCommands(),
		command{Method: "Runtime.enable"},
		command{Method: "Log.enable"},
		command{Method: "Target.setAutoAttach", Params: map[string]any{
			"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true,
		}},
	)
	if patterns := w.fetchPatterns(); len(patterns) > 0 {
		cmds = append(cmds, command{Method: "Fetch.enable", Params: map[string]any{"patterns": patterns}})
	}
	return append(cmds, command{Method: "Runtime.runIfWaitingForDebugger"})
}

// child sets up a frame or worker that attached itself to a page, recursively.
func (p *Page) child(e attachedEvent) {
	s := p.window.browser.conn.session(e.SessionID)
	if s == nil {
		return
	}
	cmds := p.window.commonCommands()
	if e.TargetInfo.Type == "iframe" {
		p.adopt(s)
		cmds = append(p.window.pageCommands(s), cmds...)
	}
	p.listen(s)
	s.start()
	if _, err := s.send(context.Background(), false, cmds...); err == nil && e.TargetInfo.Type == "iframe" {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
			defer cancel()
			_ = p.seed(ctx, s)
		}()
	}
}

// left notes that a session is gone; the page it was of is closed.
func (w *window) left(sessionID string) {
	w.update(func() {
		for _, p := range w.pages {
			if p.sess.id == sessionID {
				p.closed = true
			}
		}
	})
}

// listen subscribes to all that is recorded or steers, on any session of the page.
func (p *Page) listen(s *session) {
	p.window.record.listen(p.ID, s)
	handleEvent(s, "Target.attachedToTarget", p.child)
	handleEvent(s, "Fetch.requestPaused", func(e pausedRequest) { p.resume(s, e) })
	handleEvent(s, "Page.javascriptDialogOpening", func(e dialogEvent) { p.answer(s, e) })
	s.on("Inspector.targetCrashed", func(json.RawMessage) { p.crash(s) })
	p.watchFrames(s)
	p.listenBindings(s)
}

func (p *Page) crash(s *session) {
	p.window.record.crashed(Crash{
		At: time.Now(), Page: p.ID, Kind: s.target.Type, URL: p.URL(), Reason: p.window.browser.crashReason(),
	})
	if s == p.sess {
		p.window.update(func() { p.crashed = true })
	}
}
