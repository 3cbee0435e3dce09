package player

import (
	"context"
	"os"
	"runtime"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/fault"
)

// binary is the browser of this run: the runner's own, or the full Chromium
// where the journey asks for it or people look on.
func (p *play) binary(ctx context.Context) (browser.Binary, error) {
	if p.req.Headed && runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return browser.Binary{}, fault.New(fault.Unavailable, "there is no display to show a browser on",
			"neither DISPLAY nor WAYLAND_DISPLAY is set: run it on a desktop, under xvfb-run, or without a window")
	}
	if (!p.req.Headed && !p.req.Spec.Full) || p.o.Binary.Kind == browser.KindFull {
		return p.o.Binary, nil
	}
	return p.full(ctx)
}

// full finds the full Chromium, once.
func (r *Runner) full(ctx context.Context) (browser.Binary, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.whole.Path != "" {
		return r.whole, nil
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	if runtime.GOOS == "darwin" {
		names = append(names,
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
	}
	for _, name := range names {
		if b, err := browser.Find(ctx, name); err == nil && b.Kind == browser.KindFull {
			r.whole = b
			return b, nil
		}
	}
	return browser.Binary{}, fault.New(fault.Unavailable, "this journey needs the full Chromium, and there is none",
		"on Debian or Ubuntu: apt install chromium; the headless shell is not enough for it")
}
