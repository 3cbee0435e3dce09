// Command screenshots takes the pictures of the documentation: it signs in by
// a one-time link at a running demo in which a drill was played, and visits
// the pages at desktop and phone width, in light and dark.
//
// It takes what is there and prepares nothing; a page that is missing, or that
// logs an error, fails it. scripts/screenshots.sh is its only caller.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

func main() {
	link := flag.String("link", "", "one-time sign-in link of the demo")
	out := flag.String("out", "docs/screenshots", "directory of the pictures")
	flag.Parse()
	if err := run(context.Background(), *link, *out); err != nil {
		fmt.Fprintln(os.Stderr, "postflight: error:", err)
		os.Exit(1)
	}
}

// shot is one page to take. Its path is fixed, or the first link on a page
// that begins with a prefix.
type shot struct {
	name   string
	path   string
	on     string // where to look for a link that begins with path
	suffix string // appended to that link
}

func shots() []shot {
	return []shot{
		{name: "products", path: "/"},
		{name: "incident", path: "/incidents/INC-", on: "/incidents"},
		{name: "postmortem", path: "/incidents/INC-", on: "/incidents", suffix: "/postmortem"},
		{name: "release", path: "/releases/", on: "/incidents/INC-"},
		{name: "drills", path: "/drills"},
		{name: "settings", path: "/settings"},
	}
}

// look is one way a page is shown.
type look struct {
	suffix, scheme string
	viewport       browser.Viewport
	height         int // where a long page is cut
}

func looks() []look {
	desktop := browser.Viewport{Width: 1280, Height: 800, Scale: 1}
	return []look{
		{"", "light", desktop, 1650},
		{"-dark", "dark", desktop, 1650},
		{"-phone", "light", browser.Viewport{Width: 390, Height: 844, Scale: 1, Mobile: true, Touch: true}, 2400},
	}
}

// visitor is the signed-in page and where the server is.
type visitor struct {
	page *browser.Page
	base *url.URL
}

func run(ctx context.Context, link, out string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	base, err := url.Parse(link)
	if err != nil || base.Host == "" {
		return fmt.Errorf("read sign-in link %q: %w", link, errors.Join(err, errors.New("want http://host/path")))
	}
	bin, err := browser.Find(ctx, os.Getenv("POSTFLIGHT_BROWSER"))
	if err != nil {
		return err
	}
	b, err := browser.Launch(ctx, browser.Options{Binary: bin})
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }()
	page, err := b.NewPage(ctx, browser.PageOptions{})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("make directory of the pictures: %w", err)
	}
	v := &visitor{page: page, base: base}
	if err := v.signIn(ctx, link); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	for _, s := range shots() {
		if err := v.take(ctx, s, out); err != nil {
			return fmt.Errorf("take %s: %w", s.name, err)
		}
	}
	return nil
}

// signIn opens the link and presses its button.
func (v *visitor) signIn(ctx context.Context, link string) error {
	if _, err := v.page.Navigate(ctx, link); err != nil {
		return err
	}
	watch := v.page.WatchNavigation()
	if err := v.page.MainFrame().Evaluate(ctx, browser.Main, `document.querySelector('main form, form').requestSubmit()`, nil); err != nil {
		return err
	}
	_, err := watch.Wait(ctx)
	return err
}

// take visits one page and takes it in every look.
func (v *visitor) take(ctx context.Context, s shot, out string) error {
	path := s.path
	if s.on != "" {
		on := s.on
		if on != "/incidents" { // a page that is itself found by a link
			found, err := v.first(ctx, "/incidents", on)
			if err != nil {
				return err
			}
			on = found
		}
		found, err := v.first(ctx, on, s.path)
		if err != nil {
			return err
		}
		path = found + s.suffix
	}
	for _, l := range looks() {
		if err := v.takeIn(ctx, l, path, filepath.Join(out, s.name+l.suffix+".png")); err != nil {
			return err
		}
	}
	return nil
}

func (v *visitor) takeIn(ctx context.Context, l look, path, file string) error {
	if err := v.page.SetViewport(ctx, l.viewport); err != nil {
		return err
	}
	media := map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": l.scheme}}}
	if err := v.page.Call(ctx, "Emulation.setEmulatedMedia", media, nil); err != nil {
		return err
	}
	mark := v.page.Mark()
	if err := v.open(ctx, path); err != nil {
		return err
	}
	// Pictures further down load lazily, and fonts late: wait for all of them.
	const settled = `(async () => {
		const all = [...document.images].filter((i) => i.getAttribute('src'));
		for (const i of all) i.loading = 'eager';
		await Promise.all(all.map((i) => i.decode().catch(() => {})));
		await document.fonts.ready;
		return all.filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src);
	})()`
	var broken []string
	if err := v.page.MainFrame().Evaluate(ctx, browser.Main, settled, &broken); err != nil {
		return fmt.Errorf("wait for pictures: %w", err)
	}
	if len(broken) > 0 {
		return fmt.Errorf("pictures in the page do not load: %s", strings.Join(broken, " "))
	}
	if seen := v.page.Since(mark); len(seen.Exceptions) > 0 {
		return fmt.Errorf("the page threw: %s", seen.Exceptions[0].Text)
	}
	png, err := v.page.Screenshot(ctx, browser.ScreenshotOptions{PNG: true, FullPage: true, MaxHeight: l.height})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	fmt.Println(file)
	return nil
}

func (v *visitor) open(ctx context.Context, path string) error {
	to, err := v.base.Parse(path)
	if err != nil {
		return err
	}
	nav, err := v.page.Navigate(ctx, to.String())
	if err != nil {
		return err
	}
	if nav.Status != 200 {
		return fmt.Errorf("%s answered %d", path, nav.Status)
	}
	return nil
}

// first returns the first link on a page that begins with prefix.
func (v *visitor) first(ctx context.Context, on, prefix string) (string, error) {
	if err := v.open(ctx, on); err != nil {
		return "", err
	}
	var found string
	script := fmt.Sprintf(`[...document.querySelectorAll('a[href]')].map((a) => new URL(a.href).pathname).find((p) => p.startsWith(%q)) || ''`, prefix)
	if err := v.page.MainFrame().Evaluate(ctx, browser.Main, script, &found); err != nil {
		return "", err
	}
	if found == "" {
		return "", fmt.Errorf("no link to %s… on %s", prefix, on)
	}
	return found, nil
}
