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

// Page is one tab. The page of NewPage owns a browser context; its popups are
// pages too and share it. Safe for concurrent use.
type Page struct {
	ID string

	window *window
	sess   *session
	main   *Frame

	// Guarded by window.mu.
	opener   *Page
	frames   map[string]*Frame
	ready    bool
	setupErr error
	crashed  bool
	closed   bool

	input sync.Mutex      // guards what is held down
	keys  map[string]bool // by physical key
	held  int             // buttons
}

// Browser the page runs in.
func (p *Page) Browser() *Browser { return p.window.browser }

// Close closes the tab, letting its pagehide handlers run; for the page of
// NewPage also the popups and the browser context. Closing a page that is gone
// is no error.
func (p *Page) Close(ctx context.Context) error {
	owner := p.owner()
	for _, o := range p.Pages() {
		if o == p || owner == p {
			o.farewell(ctx)
		}
	}
	if owner != p {
		return nil
	}
	if err := p.window.dispose(ctx); err != nil {
		return fmt.Errorf("close page: %w", err)
	}
	return nil
}

// farewell closes one tab and waits, within bounds, until it is gone.
func (p *Page) farewell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if p.window.record.fence.inspects() { // what a page sends when it is closed goes past us on full Chromium
		_ = p.Call(ctx, "Page.navigate", map[string]any{"url": "about:blank"}, nil)
	}
	if p.Crashed() || p.sess.call(ctx, "Page.close", nil, nil) != nil {
		p.window.browser.conn.root.post("Target.closeTarget", map[string]any{"targetId": p.ID})
	}
	_ = p.window.await(ctx, p.window.browser.conn.root, func() bool { return p.closed })
}

// owner is the page NewPage returned.
func (p *Page) owner() *Page { return p.window.owner() }

func (w *window) owner() *Page {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pages[0]
}

// Call sends one protocol command on the page's main session. It ends with the
// answer, with ctx, or at once with ErrCrashed or ErrClosed. result may be nil.
func (p *Page) Call(ctx context.Context, method string, params, result any) error {
	return p.sess.call(ctx, method, params, result)
}

// On runs fn for every event of that method on the page's main session, in
// order. fn must not wait for Sync; while it runs, later events queue up.
func (p *Page) On(method string, fn func(json.RawMessage)) (cancel func()) {
	return p.sess.on(method, fn)
}

// Sync waits until every event received so far from this browser context has
// been handled, so that Since shows it.
func (p *Page) Sync(ctx context.Context) error {
	c := p.window.browser.conn
	if err := c.root.sync(ctx); err != nil {
		return err
	}
	for _, s := range p.window.record.sessions() {
		if err := s.sync(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Pages lists the open pages of this browser context, oldest first. A popup is
// listed once it is set up.
func (p *Page) Pages() []*Page {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.window.pages), func(o *Page) bool { return o.closed || !o.ready })
}

// Await blocks until cond holds. cond is called again whenever a page, frame,
// URL, load state or the life of this browser context changes; it may use the
// accessors of pages and frames. It fails when ctx ends or p crashes or closes.
func (p *Page) Await(ctx context.Context, cond func() bool) error {
	for {
		p.window.mu.Lock()
		changed := p.window.changed
		p.window.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-p.sess.dead:
			return p.sess.reason()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// URL of the main frame.
func (p *Page) URL() string { return p.main.URL() }

// Title of the document.
func (p *Page) Title(ctx context.Context) (string, error) {
	var title string
	err := p.main.Evaluate(ctx, Isolated, "document.title", &title)
	return title, err
}

// Opener is the page that opened this popup; nil for other pages and for
// popups opened with noopener.
func (p *Page) Opener() *Page {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	return p.opener
}

// Crashed reports whether the tab's renderer died.
func (p *Page) Crashed() bool {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	return p.crashed
}

// Closed reports whether the tab is gone, for whatever reason.
func (p *Page) Closed() bool {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	return p.closed || errors.Is(p.sess.reason(), ErrClosed)
}

// Mark returns the current point in the telemetry of the browser context.
func (p *Page) Mark() Mark { return p.window.record.mark() }

// Since returns what began after m; the zero Mark means everything. Requests
// carry their state as of now: one that began before m and failed after it is
// found only from an earlier mark, so a run is judged by Since(Mark{}).
func (p *Page) Since(m Mark) Telemetry { return p.window.record.since(m) }

// Viewport is the emulated screen, in CSS pixels.
type Viewport struct {
	Width, Height            int
	Scale                    float64 // device scale factor; 0 means 1
	Mobile, Touch, Landscape bool
}

func (v Viewport) commands() []command {
	orientation := map[string]any{"type": "portraitPrimary", "angle": 0}
	if v.Landscape {
		orientation = map[string]any{"type": "landscapePrimary", "angle": 90}
	}
	scale := v.Scale
	if scale == 0 {
		scale = 1
	}
	touch := map[string]any{"enabled": v.Touch}
	if v.Touch {
		touch["maxTouchPoints"] = 1
	}
	return []command{
		{Method: "Emulation.setDeviceMetricsOverride", Params: map[string]any{
			"width": v.Width, "height": v.Height, "deviceScaleFactor": scale,
			"mobile": v.Mobile, "screenOrientation": orientation,
		}},
		{Method: "Emulation.setTouchEmulationEnabled", Params: touch},
	}
}

// SetViewport emulates another screen.
func (p *Page) SetViewport(ctx context.Context, v Viewport) error {
	for _, c := range v.commands() {
		if err := p.Call(ctx, c.Method, c.Params, nil); err != nil {
			return fmt.Errorf("set viewport %d×%d: %w", v.Width, v.Height, err)
		}
	}
	return nil
}

// Cookie to set before navigating.
type Cookie struct {
	Name, Value, URL string // URL decides domain, path and scheme
	HTTPOnly, Secure bool
	SameSite         string    // "Strict", "Lax", "None" or empty
	Expires          time.Time // zero: a session cookie
}

// SetCookies stores cookies in the browser context.
func (p *Page) SetCookies(ctx context.Context, cookies []Cookie) error {
	list := make([]map[string]any, 0, len(cookies))
	for _, c := range cookies {
		entry := map[string]any{
			"name": c.Name, "value": c.Value, "url": c.URL, "httpOnly": c.HTTPOnly, "secure": c.Secure,
		}
		if c.SameSite != "" {
			entry["sameSite"] = c.SameSite
		}
		if !c.Expires.IsZero() {
			entry["expires"] = c.Expires.Unix()
		}
		list = append(list, entry)
	}
	params := map[string]any{"cookies": list, "browserContextId": p.window.id}
	if err := p.window.browser.conn.root.call(ctx, "Storage.setCookies", params, nil); err != nil {
		return fmt.Errorf("set cookies: %w", err)
	}
	return nil
}
