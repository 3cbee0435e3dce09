package demo

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Options say how a Shop is served. Dir is required.
type Options struct {
	// Dir is the directory that Install filled.
	Dir string
	// BootGuard returns the inline script for the head of each page of a
	// release; nil means none.
	BootGuard func(version string) template.HTML
	// Synthetic says whether a request is a watcher's own; nil means never.
	Synthetic func(*http.Request) bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger receives what the shop's operators would read; nil discards it.
	Logger *slog.Logger
}

// Shop is the shop as an http.Handler. It is safe for concurrent use. Which
// release answers is decided anew for every request: the "current" link for the
// live host, the release named by the first label of the host for a side slot
// ("v1.localhost").
type Shop struct {
	opt    Options
	book   *book
	client *http.Client

	mu   sync.Mutex
	apps map[string]*application
}

// New returns the shop of an installed directory. It fails when there is no
// live release or when the live release cannot be served.
func New(opt Options) (*Shop, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Synthetic == nil {
		opt.Synthetic = func(*http.Request) bool { return false }
	}
	if opt.BootGuard == nil {
		opt.BootGuard = func(string) template.HTML { return "" }
	}
	s := &Shop{
		opt: opt, book: newBook(), apps: map[string]*application{},
		client: &http.Client{
			Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if _, err := s.live(); err != nil {
		return nil, fmt.Errorf("open shop %s: %w", opt.Dir, err)
	}
	return s, nil
}

// Close releases the connections to the provider.
func (s *Shop) Close() { s.client.CloseIdleConnections() }

// Figures returns what has been booked since the shop started.
func (s *Shop) Figures() Figures { return s.book.figures() }

// ServeHTTP answers with the release that the host names, or the live one.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	name, ok := slot(r.Host)
	if !ok {
		http.Error(w, "bad host", http.StatusBadRequest)
		return
	}
	var app *application
	var err error
	if name == "" {
		app, err = s.live()
	} else {
		app, err = s.application(name)
	}
	switch {
	case err == nil:
		app.ServeHTTP(w, r)
	case name != "" && errors.Is(err, os.ErrNotExist):
		http.Error(w, "no release "+name+" here", http.StatusNotFound)
	default:
		s.opt.Logger.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "release cannot be served",
			slog.String("slot", name), slog.Any("error", err))
		http.Error(w, "the shop is closed: its release cannot be served", http.StatusServiceUnavailable)
	}
}

// hostLabels is a plain DNS name; anything else in Host is refused.
var hostLabels = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

// slot returns the release a host names ("" for the live one) and whether the
// host is one at all.
func slot(host string) (string, bool) {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if len(name) > 253 {
		return "", false
	}
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return "", true
	}
	if !hostLabels.MatchString(name) {
		return "", false
	}
	label, rest, found := strings.Cut(strings.ToLower(name), ".")
	if found && rest != "" && releaseName.MatchString(label) {
		return label, true
	}
	return "", true
}

// live returns the application behind the "current" link.
func (s *Shop) live() (*application, error) {
	name, err := Live(s.opt.Dir)
	if err != nil {
		return nil, err
	}
	return s.application(name)
}

// application returns the application of one release, built once and again
// whenever the release's own files change.
func (s *Shop) application(name string) (*application, error) {
	dir := filepath.Join(s.opt.Dir, "releases", name)
	mark, err := stamp(dir)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if app, ok := s.apps[name]; ok && app.stamp == mark {
		return app, nil
	}
	app, err := s.build(name, dir)
	if err != nil {
		return nil, fmt.Errorf("load release %s: %w", name, err)
	}
	app.stamp = mark
	if len(s.apps) >= 4*keepReleases {
		clear(s.apps)
	}
	s.apps[name] = app
	return app, nil
}

// stamp condenses the times and sizes of the files an application is built of.
func stamp(dir string) (string, error) {
	var b strings.Builder
	for _, name := range []string{"release.json", "config.json", "templates"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %d %d;", name, info.ModTime().UnixNano(), info.Size())
	}
	return b.String(), nil
}

// drain reads a little of what is left of a body so that its connection can be used again.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10)
	_ = body.Close()
}
