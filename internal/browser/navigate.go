package browser

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Navigation is the outcome of a navigation of the main frame.
type Navigation struct {
	URL          string // where it ended
	Status       int    // HTTP status of the document; 0 when there was none
	MIME         string
	SameDocument bool
	RequestID    string // Request.ID of the document in the telemetry
	Elapsed      time.Duration
}

// NavigationError says why a document did not load.
type NavigationError struct {
	URL    string
	Reason string // "net::ERR_CONNECTION_REFUSED", or what was still awaited
	Err    error  // the context's error when time ran out, ErrCrashed, ErrClosed; else nil
}

// Error names the URL and the reason.
func (e *NavigationError) Error() string { return "navigate " + e.URL + ": " + e.Reason }

// Unwrap returns what ended the wait, if anything did.
func (e *NavigationError) Unwrap() error { return e.Err }

// Navigate goes to url and waits for the load event. Any failure is a
// *NavigationError. An HTTP error status is no failure here: look at Status.
func (p *Page) Navigate(ctx context.Context, url string) (Navigation, error) {
	return p.main.Navigate(ctx, url)
}

// Navigate takes one frame to url, as Page.Navigate takes the page.
func (f *Frame) Navigate(ctx context.Context, url string) (Navigation, error) {
	begin := time.Now()
	p := f.page
	w := f.WatchNavigation()
	params := map[string]any{"url": url}
	if f != p.main {
		params["frameId"] = f.ID
	}
	var got struct {
		LoaderID  string `json:"loaderId"`
		ErrorText string `json:"errorText"`
		Download  bool   `json:"isDownload"`
	}
	if err := p.Call(ctx, "Page.navigate", params, &got); err != nil {
		return Navigation{}, p.navigationError(url, "no response", err)
	}
	if got.Download {
		return Navigation{}, &NavigationError{URL: url, Reason: "it is a download, not a page"}
	}
	if got.ErrorText != "" {
		// A tab that dies of the document says "aborted" first: only an answer proves it alive.
		if err := p.Call(ctx, "Runtime.evaluate", map[string]any{"expression": "0"}, nil); errors.Is(err, ErrCrashed) {
			return Navigation{}, p.navigationError(url, "", err)
		}
		if r, ok := p.window.record.find(got.LoaderID); ok && r.Blocked == "fence" {
			got.ErrorText = BlockedByFence + " (outside the fence: " + r.URL + ")"
		}
		return Navigation{}, &NavigationError{URL: url, Reason: got.ErrorText}
	}
	if got.LoaderID != "" {
		w.loader = got.LoaderID
	}
	n, err := w.Wait(ctx)
	n.Elapsed = time.Since(begin)
	return n, err
}

// navigationError explains an end that is not Chromium's own verdict.
func (p *Page) navigationError(url, stage string, err error) error {
	var refused *ProtocolError
	if errors.As(err, &refused) {
		return &NavigationError{URL: url, Reason: refused.Message}
	}
	reason := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		reason = "not loaded in time: " + stage
		n, first := p.window.record.pending()
		if n > 0 {
			reason += fmt.Sprintf("; %d requests pending, the oldest %s", n, first)
		}
		p.sess.post("Page.stopLoading", nil)
	case errors.Is(err, ErrCrashed):
		reason = strings.TrimSuffix("the tab crashed: "+p.window.browser.crashReason(), ": ")
	}
	return &NavigationError{URL: url, Reason: reason, Err: err}
}

// NavigationWatch awaits the navigation of a frame that follows its creation.
type NavigationWatch struct {
	page   *Page
	frame  *Frame
	armed  document
	begin  time.Time
	loader string // the document asked for, when known
}

// WatchNavigation arms a wait for the next navigation of the main frame. Call
// it before the action that navigates. It holds no resources.
func (p *Page) WatchNavigation() *NavigationWatch { return p.main.WatchNavigation() }

// WatchNavigation arms a wait for the next navigation of this frame.
func (f *Frame) WatchNavigation() *NavigationWatch {
	f.page.window.mu.Lock()
	defer f.page.window.mu.Unlock()
	return &NavigationWatch{page: f.page, frame: f, armed: f.doc, begin: time.Now()}
}

// Started reports whether a navigation began or was committed since the watch was armed.
func (w *NavigationWatch) Started() bool {
	w.page.window.mu.Lock()
	defer w.page.window.mu.Unlock()
	d := w.frame.doc
	return d.started > w.armed.started || d.commits > w.armed.commits || d.moves > w.armed.moves
}

// Wait blocks until a navigation has committed and its document loaded, or
// moved within the document. It returns a *NavigationError when the document is
// the browser's error page, when ctx ends first, or when the page dies.
func (w *NavigationWatch) Wait(ctx context.Context) (Navigation, error) {
	var n Navigation
	var now document
	gone := false
	err := w.page.window.await(ctx, w.page.sess, func() bool {
		now = w.frame.doc
		n.URL, n.MIME = w.frame.url, now.mime
		if gone = w.frame.detached; gone {
			return true
		}
		n.SameDocument = now.commits == w.armed.commits
		if n.SameDocument {
			return w.loader == "" && now.moves > w.armed.moves
		}
		if w.loader != "" && now.loader != w.loader && now.commits == w.armed.commits+1 {
			return false // a navigation that was under way before
		}
		return now.unreachable != "" || now.loaded == now.loader
	})
	n.Elapsed = time.Since(w.begin)
	if err != nil {
		stage := "no document committed"
		if now.commits > w.armed.commits {
			stage = "the load event did not fire"
		}
		url := n.URL
		if stage == "no document committed" && w.loader == "" {
			url = "from " + n.URL
		}
		return n, w.page.navigationError(url, stage, err)
	}
	if gone {
		return n, &NavigationError{URL: n.URL, Reason: "the frame was removed"}
	}
	n.RequestID = now.loader
	r, ok := w.page.window.record.find(now.loader)
	if now.unreachable != "" {
		reason := "the browser shows an error page"
		if ok && r.Error != "" {
			reason = r.Error
		}
		return n, &NavigationError{URL: now.unreachable, Reason: reason}
	}
	n.Status = r.Status
	return n, nil
}
