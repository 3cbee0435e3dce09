package journey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// assertionError is a condition of the recording that the page does not meet and
// that waiting would not change.
type assertionError struct{ message string }

func (e *assertionError) Error() string { return e.message }

// recordingError is the recording's own fault: it could be played on no page.
type recordingError struct{ message string }

func (e *recordingError) Error() string { return e.message }

const keyPause = 100 * time.Millisecond

// carryOut plays one step.
func (p *play) carryOut(ctx context.Context, s Step) error {
	limit, cancel := context.WithTimeoutCause(ctx, s.Timeout, errStep)
	defer cancel()
	switch s.Type {
	case SetViewport:
		return p.page.SetViewport(limit, s.Viewport)
	case Navigate:
		return p.navigate(limit, s)
	case WaitForElement:
		return p.follow(ctx, s, func() error { return p.waitElement(limit, s) })
	case WaitForExpression:
		return p.follow(ctx, s, func() error { return p.waitExpression(limit, s) })
	case KeyDown:
		return p.follow(ctx, s, func() error { return p.pressed(limit, p.page.KeyDown(limit, s.Key)) })
	case KeyUp:
		return p.follow(ctx, s, func() error { return p.pressed(limit, p.page.KeyUp(limit, s.Key)) })
	case Scroll:
		if len(s.Selectors) == 0 {
			return p.follow(ctx, s, func() error { return p.scrollWindow(limit, s) })
		}
	case Click, DoubleClick, Change, Hover:
	}
	return p.act(ctx, limit, s)
}

func (p *play) scrollWindow(ctx context.Context, s Step) error {
	f, err := p.frame(ctx, s.Frame)
	if err != nil {
		return err
	}
	return f.Apply(ctx, browser.Isolated, scrollScript, nil, s.X, s.Y, false)
}

func (p *play) pressed(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return pause(ctx, keyPause)
}

// navigate opens the step's URL.
func (p *play) navigate(ctx context.Context, s Step) error {
	n, err := p.page.Navigate(ctx, s.URL)
	if err != nil {
		return err
	}
	if n.Status >= 400 {
		return &browser.NavigationError{URL: s.URL, Reason: fmt.Sprintf("the server answered %d", n.Status)}
	}
	p.compare(ctx, s, n)
	return nil
}

// follow does an action and then waits for the navigation it must cause. The
// watch is armed before the action, so that a fast one is not missed.
func (p *play) follow(ctx context.Context, s Step, action func() error) error {
	if len(s.Asserted) == 0 {
		return action()
	}
	w := p.page.WatchNavigation()
	if err := action(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.Timeout, errStep)
	defer cancel()
	n, err := w.Wait(ctx)
	if err != nil {
		if !w.Started() && errors.Is(err, context.DeadlineExceeded) {
			return &browser.NavigationError{URL: p.page.URL(), Reason: fmt.Sprintf("no navigation followed within %s", s.Timeout), Err: err}
		}
		return err
	}
	p.compare(ctx, s, n)
	return nil
}

// compare warns when a navigation went elsewhere than recorded.
func (p *play) compare(ctx context.Context, s Step, n browser.Navigation) {
	for _, a := range s.Asserted {
		if a.URL != "" && a.URL != n.URL {
			p.warn(fmt.Sprintf("navigated to %s, recorded was %s", clip(n.URL, 300), clip(a.URL, 300)))
		}
		if a.Title == "" {
			continue
		}
		if title, err := p.page.Title(ctx); err == nil && title != a.Title {
			p.warn(fmt.Sprintf("the title is “%s”, recorded was “%s”", clip(title, 200), clip(a.Title, 200)))
		}
	}
}

// waitExpression evaluates until the value is truthy.
func (p *play) waitExpression(ctx context.Context, s Step) error {
	wrapped := "(async () => !!(await (\n" + s.Expression + "\n)))()"
	last := "it is false"
	for {
		f, err := p.frame(ctx, s.Frame)
		if err != nil {
			return err
		}
		var ok bool
		err = f.Evaluate(ctx, browser.Main, wrapped, &ok)
		thrown, isThrown := errors.AsType[*browser.ScriptError](err)
		switch {
		case err == nil && ok:
			return nil
		case err == nil:
			last = "it is false"
		case isThrown:
			last = "it throws " + clip(thrown.Text, 300)
		case ctx.Err() != nil:
			return p.waited(ctx, last)
		case !errors.Is(err, browser.ErrContextLost):
			return err
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return p.waited(ctx, last)
		}
	}
}

func (p *play) waited(ctx context.Context, last string) error {
	return &waitError{why: last, err: context.Cause(ctx), assertion: true}
}

// errNoFrame is a frame of the recording that is not there.
var errNoFrame = errors.New("frame not found")

// frame follows a path of child indexes.
func (p *play) frame(_ context.Context, path []int) (*browser.Frame, error) {
	f := p.page.MainFrame()
	for _, i := range path {
		kids := f.Children()
		if i >= len(kids) {
			return nil, fmt.Errorf("frame %v: %w", path, errNoFrame)
		}
		f = kids[i]
	}
	return f, nil
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
