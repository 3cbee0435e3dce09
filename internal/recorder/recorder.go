// Package recorder writes down what a person does in a browser window, as a
// recording of the Chrome DevTools Recorder.
//
// It listens in an isolated world of every document and changes nothing in the
// page. What is typed into a password field is never kept: the recording asks
// for a secret instead. It does not play and does not judge what it recorded.
// The command line calls it, through the app.
package recorder

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

//go:embed record.js
var source string

// Options for Record. Binary and URL are required.
type Options struct {
	Binary    browser.Binary
	Headed    bool // without a window only a program can act
	URL       string
	Title     string
	Attribute string // preferred in selectors; default data-testid
	Width     int    // of the page, CSS pixels; default 1280
	Height    int    // default 720
	// Step is told of each new step; Save gets the whole recording after each
	// change and at the end. Both are called one at a time.
	Step func(title string)
	Save func(recording []byte) error
	// Ready is called with the page once it is open, and must not block; for
	// programs that act themselves.
	Ready func(*browser.Page)
}

const (
	binding = "postflightRecord"
	// maxEvent bounds what one event of a page may say, in bytes.
	maxEvent = 256 << 10
	openIn   = 60 * time.Second
)

// recording is one recording in progress.
type recording struct {
	o    Options
	page *browser.Page

	mu     sync.Mutex
	script *script
	saved  error
}

// Record opens the address and records until the window is closed or ctx ends;
// neither is an error.
func Record(ctx context.Context, o Options) error {
	if o.Attribute == "" {
		o.Attribute = "data-testid"
	}
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = 1280, 720
	}
	b, err := browser.Launch(ctx, browser.Options{Binary: o.Binary, Headed: o.Headed})
	if err != nil {
		return err
	}
	defer b.Close()
	r := &recording{o: o, script: newScript(o.Title, o.Width, o.Height)}
	page, err := b.NewPage(ctx, browser.PageOptions{
		Viewport: browser.Viewport{Width: o.Width, Height: o.Height, Scale: 1},
		Dialogs:  browser.DialogAccept,
		Scripts: []browser.Script{{
			Source: strings.ReplaceAll(source, "%ATTRIBUTE%", attribute(o.Attribute)), Binding: binding,
		}},
		OnBinding: r.heard,
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.page = page
	r.mu.Unlock()
	opening, cancel := context.WithTimeout(ctx, openIn)
	n, err := page.Navigate(opening, o.URL)
	cancel()
	if err != nil {
		return fmt.Errorf("open %s: %w", o.URL, err)
	}
	r.moved(ctx, n.URL)
	if o.Ready != nil {
		o.Ready(page)
	}
	r.follow(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.saved, r.save())
}

// attribute leaves only what an attribute's name may hold.
func attribute(name string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, name)
}

// follow adds the main page's navigations until the window is gone.
func (r *recording) follow(ctx context.Context) {
	for {
		w := r.page.WatchNavigation()
		err := r.page.Await(ctx, w.Started)
		if err != nil {
			return // closed, crashed or interrupted: what was recorded stays
		}
		bound, cancel := context.WithTimeout(ctx, openIn)
		n, err := w.Wait(bound)
		cancel()
		if ctx.Err() != nil || errors.Is(err, browser.ErrClosed) || errors.Is(err, browser.ErrCrashed) {
			return
		}
		if n.URL != "" {
			r.moved(ctx, n.URL)
		}
	}
}

// moved adds a navigation of the main page.
func (r *recording) moved(ctx context.Context, url string) {
	at := time.Now()
	title, _ := r.page.Title(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed(r.script.navigated(url, title, at))
}

// heard takes an event of a page.
func (r *recording) heard(call browser.BindingCall) {
	at := time.Now()
	var a Action
	if call.Frame == nil || len(call.Payload) > maxEvent || json.Unmarshal([]byte(call.Payload), &a) != nil {
		return
	}
	target := call.Page.URL()
	path, ok := pathOf(call.Frame)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.page == nil || call.Page == r.page {
		target = "main"
	}
	r.changed(r.script.act(a, target, path, at))
}

// pathOf is the way to a frame by child indexes.
func pathOf(f *browser.Frame) ([]int, bool) {
	var path []int
	for up := f.Parent(); up != nil; f, up = up, up.Parent() {
		index := -1
		for i, child := range up.Children() {
			if child == f {
				index = i
			}
		}
		if index < 0 {
			return nil, false
		}
		path = append([]int{index}, path...)
	}
	return path, true
}

// changed tells and saves. Caller holds the lock.
func (r *recording) changed(added bool) {
	if added && r.o.Step != nil {
		r.o.Step(r.script.steps[len(r.script.steps)-1].describe())
	}
	if err := r.save(); err != nil && r.saved == nil {
		r.saved = err
	}
}

func (r *recording) save() error {
	if r.o.Save == nil {
		return nil
	}
	raw, err := r.script.encode()
	if err != nil {
		return err
	}
	return r.o.Save(raw)
}
