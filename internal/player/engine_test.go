package player

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// lab is one browser for many small pages, each in a context of its own.
type lab struct{ browser *browser.Browser }

// newLab starts the browser. A test with a lab is not parallel itself, its cases
// are: so its browser is the only one.
func newLab(t *testing.T) *lab {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	b, err := browser.Launch(context.WithoutCancel(t.Context()), browser.Options{Binary: bin, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return &lab{b}
}

// bench is one page of the lab with a play on it.
type bench struct {
	*play
	t    *testing.T
	site *httptest.Server
}

func (l *lab) open(t *testing.T, h http.Handler) *bench {
	t.Helper()
	site := httptest.NewServer(h)
	t.Cleanup(func() { site.CloseClientConnections(); site.Close() })
	j := recording(t, site.URL, open)
	j.Name, j.Steps = "lab", make([]journey.Step, 2)
	r := New(Options{Blobs: &shelf{data: map[string][]byte{}}})
	p := newPlay(r, Request{Look: watch.Look{Base: site.URL, Kind: signal.Journey}, Journey: j}, j, time.Now())
	page, err := l.browser.NewPage(t.Context(), browser.PageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = page.Close(context.WithoutCancel(t.Context())) })
	p.browser, p.main, p.page, p.root = l.browser, page, page, page.MainFrame()
	if _, err := page.Navigate(t.Context(), site.URL); err != nil {
		t.Fatal(err)
	}
	return &bench{p, t, site}
}

// do plays a step; without a time of its own it has a patient one.
func (b *bench) do(s journey.Step) error {
	if s.Timeout == 0 {
		s.Timeout = 12 * time.Second
	}
	return b.carryOut(b.t.Context(), s)
}

// is evaluates an expression in the page's own world.
func (b *bench) is(expression string) bool {
	b.t.Helper()
	var ok bool
	if err := b.main.MainFrame().Evaluate(b.t.Context(), browser.Main, "!!("+expression+")", &ok); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return ok
}

func sel(parts ...journey.Part) []journey.Selector { return []journey.Selector{parts} }
func css(s string) journey.Part                    { return journey.Part{Language: journey.CSS, Value: s} }

// loc is a hand-written locator.
func loc(l journey.Language, value string, f journey.Filter) journey.Part {
	return journey.Part{Language: l, Value: value, Filter: &f}
}

// the is a role with a name.
func the(role, name string) journey.Part {
	return loc(journey.Role, role, journey.Filter{Name: name, HasName: name != ""})
}

// brief makes a step fail soon.
func brief(s journey.Step) journey.Step { s.Timeout = 2200 * time.Millisecond; return s }

func on(t journey.StepType, parts ...journey.Part) journey.Step {
	return journey.Step{Type: t, Selectors: sel(parts...)}
}

// one is a hand-written step: strict, and in the middle of its element.
func one(t journey.StepType, parts ...journey.Part) journey.Step {
	s := on(t, parts...)
	s.Strict, s.Pointer.Centre = true, true
	return s
}

// law is one case: a page, a step, and what must come of it.
type law struct {
	html  string
	step  journey.Step
	fails string // part of the message; "": it passes
	after string // true in the page afterwards
}

func try(t *testing.T, l *lab, rules map[string]law) {
	t.Helper()
	for name, c := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := l.open(t, page("<!doctype html><meta charset=utf-8><script>log=[]; put=(x)=>log.push(x)</script>"+c.html))
			err := b.do(c.step)
			switch {
			case c.fails == "" && err != nil:
				t.Errorf("failed: %v", err)
			case c.fails != "" && err == nil:
				t.Errorf("passed, want %q", c.fails)
			case c.fails != "" && !strings.Contains(err.Error(), c.fails):
				t.Errorf("got %q, want %q", err, c.fails)
			}
			if c.after != "" && !b.is(c.after) {
				var log string
				_ = b.main.MainFrame().Evaluate(t.Context(), browser.Main, "String(window.log)", &log)
				t.Errorf("not true afterwards: %s; log %s", c.after, log)
			}
		})
	}
}
