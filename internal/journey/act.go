package journey

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/postflight/postflight/internal/browser"
)

// act finds the step's element, waits until it is ready, and acts on it.
func (p *play) act(ctx, limit context.Context, s Step) error {
	for {
		t, err := p.find(limit, s)
		if err != nil {
			return err
		}
		err = p.follow(ctx, s, func() error { return p.touch(limit, s, t) })
		if !errors.Is(err, errDetached) && !errors.Is(err, browser.ErrContextLost) {
			return err
		}
		// It went away between the check and the action: find it again.
		if err := pause(limit, 20*time.Millisecond); err != nil {
			return &waitError{why: "detached again and again", err: err}
		}
	}
}

// errDetached asks for the element to be found again.
var errDetached = errors.New("the element is gone")

// touch acts on an element that is ready.
func (p *play) touch(ctx context.Context, s Step, t target) error {
	switch s.Type {
	case Click:
		return p.page.Click(ctx, t.X, t.Y, s.Pointer.Button, s.Pointer.Hold)
	case DoubleClick:
		return p.doubleClick(ctx, s.Pointer, t)
	case Hover:
		return p.page.MouseMove(ctx, t.X, t.Y)
	case Change:
		return p.change(ctx, s, t)
	case Scroll:
		var ok bool
		err := t.frame.Apply(ctx, browser.Isolated, scrollScript, &ok, s.X, s.Y, true)
		if err == nil && !ok {
			return errDetached
		}
		return err
	default:
		return fmt.Errorf("step %s acts on no element", s.Type)
	}
}

func (p *play) doubleClick(ctx context.Context, how Pointer, t target) error {
	if err := p.page.Click(ctx, t.X, t.Y, how.Button, how.Hold); err != nil {
		return err
	}
	if err := p.page.MouseDown(ctx, t.X, t.Y, how.Button, 2); err != nil {
		return err
	}
	if err := pause(ctx, how.Hold); err != nil {
		return err
	}
	return p.page.MouseUp(ctx, t.X, t.Y, how.Button, 2)
}

// change fills in a field by its kind.
func (p *play) change(ctx context.Context, s Step, t target) error {
	if t.Password {
		p.hide.secret(s.Value)
	}
	if t.Kind != "text" {
		var why string
		if err := t.frame.Apply(ctx, browser.Isolated, chooseScript, &why, s.Value); err != nil {
			return err
		}
		switch why {
		case "":
			return nil
		case "malformed":
			return &assertionError{"the field does not take the value: it is malformed for its type"}
		}
		return errDetached
	}
	return p.typeText(ctx, s.Value, t)
}

// typeText types what is missing, or everything over what is there.
func (p *play) typeText(ctx context.Context, value string, t target) error {
	var had int
	if err := t.frame.Apply(ctx, browser.Isolated, focusScript, &had, value); err != nil {
		return err
	}
	units := utf16.Encode([]rune(value))
	if had < 0 || had > len(units) {
		return errDetached
	}
	rest := string(utf16.Decode(units[had:]))
	var err error
	switch {
	case rest == "":
		if err = p.page.KeyDown(ctx, "Backspace"); err == nil {
			err = p.page.KeyUp(ctx, "Backspace")
		}
	case len(rest) > 400:
		err = p.page.InsertText(ctx, rest)
	default:
		err = p.page.Type(ctx, rest)
	}
	if err != nil {
		return err
	}
	var holds bool
	if err := t.frame.Apply(ctx, browser.Isolated, holdsScript, &holds, value); err == nil && !holds {
		p.warn("the field holds something else than was typed")
	}
	return nil
}
