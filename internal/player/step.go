package player

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
)

// assertionError is a condition of the recording that the page does not meet and
// that waiting would not change.
type assertionError struct{ message string }

func (e *assertionError) Error() string { return e.message }

// recordingError is the recording's own fault: it could be played on no page.
type recordingError struct{ message string }

func (e *recordingError) Error() string { return e.message }

const keyPause = 100 * time.Millisecond

// carryOut plays one step within its time.
func (p *play) carryOut(ctx context.Context, s journey.Step) error {
	limit, cancel := context.WithTimeoutCause(ctx, s.Timeout, errStep)
	defer cancel()
	if s.Templated {
		var err error
		if s, err = p.expand(s); err != nil {
			return err
		}
	}
	switch s.Type { // those that need no page
	case journey.API:
		return p.callAPI(limit, s)
	case journey.Code:
		return p.fetchCode(limit, s)
	case journey.Pause:
		return pause(ctx, s.Wait)
	case journey.Custom:
		return &recordingError{fmt.Sprintf("unknown custom step %q: %s are known", clip(s.Custom, 60), strings.Join(journey.CustomSteps(), ", "))}
	}
	if err := p.attend(limit, s.Target); err != nil {
		return err
	}
	switch s.Type {
	case journey.Navigate, journey.Open:
		return p.navigate(limit, s)
	case journey.Click, journey.DoubleClick, journey.Change, journey.Hover, journey.Check, journey.Uncheck, journey.Select, journey.Upload:
		return p.act(ctx, limit, s)
	case journey.Scroll:
		if len(s.Selectors) > 0 {
			return p.act(ctx, limit, s)
		}
	}
	return p.follow(ctx, s, func() error { return p.plain(limit, s) })
}

// plain plays a step that acts on no element.
func (p *play) plain(ctx context.Context, s journey.Step) error {
	switch s.Type {
	case journey.SetViewport:
		if p.root.Parent() != nil {
			return nil // a frame has none of its own
		}
		return p.page.SetViewport(ctx, s.Viewport)
	case journey.WaitForElement:
		return p.waitElement(ctx, s)
	case journey.WaitForExpression:
		return p.waitExpression(ctx, s)
	case journey.KeyDown:
		return p.pressed(ctx, p.main.KeyDown(ctx, s.Key))
	case journey.KeyUp:
		return p.pressed(ctx, p.main.KeyUp(ctx, s.Key))
	case journey.Press:
		p.settlers.watch(p.page)
		if err := p.press(ctx, s.Key); err != nil {
			return err
		}
		return p.afterAction(ctx)
	case journey.Scroll:
		return p.scrollWindow(ctx, s)
	case journey.EmulateNetwork:
		return p.main.EmulateNetwork(ctx, s.Network)
	case journey.Close:
		return p.closePage(ctx)
	case journey.See:
		return p.see(ctx, s)
	case journey.NotSee:
		return p.notSee(ctx, s)
	case journey.Shot:
		return nil // the picture follows every step
	}
	return fmt.Errorf("step %s cannot be played", s.Type)
}

func (p *play) scrollWindow(ctx context.Context, s journey.Step) error {
	f, err := p.frame(ctx, s.Frame)
	if err != nil {
		return &waitError{why: err.Error(), err: err}
	}
	return f.Apply(ctx, browser.Isolated, scrollScript, nil, s.X, s.Y)
}

func (p *play) pressed(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return pause(ctx, keyPause)
}

// press holds the modifiers, strikes the last key, and lets go in turn.
func (p *play) press(ctx context.Context, chord string) error {
	keys := journey.Keys(chord)
	for _, k := range keys {
		if !browser.KnownKey(k) {
			return &recordingError{fmt.Sprintf("unknown key %q", clip(k, 40))}
		}
	}
	var first error
	down := 0
	for _, k := range keys {
		if first = p.page.KeyDown(ctx, k); first != nil {
			break
		}
		down++
	}
	for i := down - 1; i >= 0; i-- { // also after an error: nothing stays held
		if err := p.page.KeyUp(ctx, keys[i]); first == nil {
			first = err
		}
	}
	return first
}

// closePage closes the step's page; a frame has nothing to close.
func (p *play) closePage(ctx context.Context) error {
	if p.root.Parent() != nil {
		return nil
	}
	return p.page.CloseTab(ctx)
}

// navigate opens the step's URL.
func (p *play) navigate(ctx context.Context, s journey.Step) error {
	if s.Type == journey.Open {
		address, err := p.opens(s.URL)
		if err != nil {
			return err
		}
		s.URL = address
	}
	n, err := p.root.Navigate(ctx, s.URL)
	if err != nil {
		return err
	}
	if n.Status >= 400 && !p.allowed(n.URL) {
		return &browser.NavigationError{URL: s.URL, Reason: fmt.Sprintf("the server answered %d", n.Status)}
	}
	return p.arrived(ctx, s, n)
}

// opens is where an open step goes, once its variables are filled in: a web
// address, or one below the base.
func (p *play) opens(raw string) (string, error) {
	if raw == "about:blank" {
		return raw, nil
	}
	u, err := p.address(raw)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// follow does an action and waits for the navigation it must cause. The wait
// runs beside the action and was armed before it, so that a fast one is not
// missed and a failed one ends the step at once.
func (p *play) follow(ctx context.Context, s journey.Step, action func() error) error {
	if len(s.Asserted) == 0 {
		return action()
	}
	limit, cancel := context.WithTimeoutCause(ctx, s.Timeout, errStep)
	defer cancel()
	f, err := p.frame(ctx, s.Frame)
	if err != nil {
		f = p.root
	}
	watches := []*browser.NavigationWatch{f.WatchNavigation()}
	if main := p.page.MainFrame(); main != f {
		watches = append(watches, main.WatchNavigation())
	}
	group, both := errgroup.WithContext(limit)
	var n browser.Navigation
	group.Go(func() (err error) { n, err = p.anyOf(both, watches, s.Timeout); return err })
	group.Go(action)
	if err := group.Wait(); err != nil {
		return err
	}
	return p.arrived(limit, s, n)
}

// anyOf waits for the first navigation: that of the frame, or of the page that
// it is in.
func (p *play) anyOf(ctx context.Context, watches []*browser.NavigationWatch, within time.Duration) (browser.Navigation, error) {
	type end struct {
		n   browser.Navigation
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan end, len(watches))
	from, started := p.page.URL(), false
	for _, w := range watches {
		go func() {
			n, err := w.Wait(ctx)
			ends <- end{n, err}
		}()
	}
	var first end
	for i := range watches {
		e := <-ends
		if e.err == nil {
			return e.n, nil
		}
		if i == 0 || watches[i].Started() {
			first = e
		}
		started = started || watches[i].Started()
	}
	if !started && errors.Is(first.err, context.DeadlineExceeded) {
		first.err = &browser.NavigationError{URL: from, Reason: fmt.Sprintf("no navigation followed within %s", within), Err: first.err}
	}
	return first.n, first.err
}

// arrived compares where a navigation went with what was recorded: a difference
// is told, and fails a strict step.
func (p *play) arrived(ctx context.Context, s journey.Step, n browser.Navigation) error {
	for _, a := range s.Asserted {
		why, read := p.differs(ctx, a, n)
		for a.Strict && why != "" && pause(ctx, glance) == nil {
			n.URL = p.page.URL()
			if now, again := p.differs(ctx, a, n); again || !read {
				why, read = now, again
			}
		}
		switch {
		case why == "":
		case a.Strict:
			return &assertionError{why}
		default:
			p.warn(why)
		}
	}
	return nil
}

// differs says how a navigation is not the one asserted; read tells that all of
// it could be looked at. A title that nobody could read is not the one asserted.
func (p *play) differs(ctx context.Context, a journey.Assertion, n browser.Navigation) (why string, read bool) {
	if a.URL != "" && a.URL != n.URL {
		return fmt.Sprintf("navigated to %s, recorded was %s", clip(n.URL, 300), clip(a.URL, 300)), true
	}
	if a.Title == "" {
		return "", true
	}
	limit, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	title, err := p.page.Title(limit)
	switch {
	case err != nil:
		return fmt.Sprintf("the title could not be read, recorded was “%s”", clip(a.Title, 120)), false
	case title != a.Title:
		return fmt.Sprintf("the title is “%s”, recorded was “%s”", clip(title, 120), clip(a.Title, 120)), true
	}
	return "", true
}

// waitExpression evaluates until the value is truthy.
func (p *play) waitExpression(ctx context.Context, s journey.Step) error {
	wrapped := "(async () => !!(await (\n" + s.Expression + "\n)))()"
	last := "it is false"
	for {
		f, err := p.frame(ctx, s.Frame)
		var ok bool
		asked := time.Now()
		if err == nil {
			err = f.Evaluate(ctx, browser.Main, wrapped, &ok)
		}
		thrown, isThrown := errors.AsType[*browser.ScriptError](err)
		switch {
		case err == nil && ok:
			return nil
		case err == nil:
			last = "it is false"
		case isThrown:
			last = "it throws " + clip(thrown.Text, 300)
		case ctx.Err() != nil:
			if mute := time.Since(asked); mute > silence {
				last = fmt.Sprintf("no answer for %s s: the page is stuck, or a promise is open", tenth(mute))
			}
			return p.waited(ctx, last)
		case errors.Is(err, errNoFrame):
			last = err.Error()
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
