package player

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
)

// missed asks for the element to be found again: it went away, or the pointer
// reached something else, between the look and the action.
type missed struct{ state }

func (e *missed) Error() string { return e.State }

// detached is the miss of an element that went away.
func detached() *missed { return &missed{state{State: "detached"}} }

// act finds the step's element, waits until it is ready, and acts on it.
func (p *play) act(ctx, limit context.Context, s journey.Step) error {
	h, sp := newHistory(), p.specOf(s)
	for {
		t, err := p.seek(limit, s, h, &sp)
		if err != nil {
			return err
		}
		p.settlers.watch(t.frame.Page())
		err = p.follow(ctx, s, func() error { return p.touch(limit, s, t) })
		again, gone := errors.AsType[*missed](err)
		switch {
		case gone:
			h.add(again.state, time.Now())
			sp.Turn++
		case errors.Is(err, browser.ErrContextLost):
			h.add(detached().state, time.Now())
		case err != nil || len(s.Asserted) > 0:
			return err
		default:
			return p.settleAction(limit, t.frame.Page())
		}
		if pause(limit, 20*time.Millisecond) != nil {
			return p.timedOut(limit, h)
		}
	}
}

// touch acts on an element that is ready.
func (p *play) touch(ctx context.Context, s journey.Step, t target) error {
	switch s.Type {
	case journey.Click, journey.DoubleClick, journey.Hover:
		return p.point(ctx, s, t)
	case journey.Check, journey.Uncheck:
		return p.tick(ctx, s, t)
	case journey.Change, journey.Select:
		return p.change(ctx, s, t)
	case journey.Upload:
		return p.upload(ctx, s, t)
	case journey.Scroll:
		var a answer
		if err := p.engine.call(ctx, t.frame, "scrollTarget", &a, s.X, s.Y); err != nil || a.State == "" {
			return err
		}
		return detached()
	default:
		return fmt.Errorf("step %s acts on no element", s.Type)
	}
}

// point uses the mouse, and then asks what it has reached.
func (p *play) point(ctx context.Context, s journey.Step, t target) error {
	page := t.frame.Page()
	var err error
	switch s.Type {
	case journey.Hover:
		err = page.MouseMove(ctx, t.X, t.Y)
	case journey.DoubleClick:
		err = doubleClick(ctx, page, s.Pointer, t)
	default:
		err = page.Click(ctx, t.X, t.Y, button(s.Pointer), s.Pointer.Hold)
	}
	if errors.Is(err, browser.ErrClosed) && page != p.main {
		return nil // a click that closes its window has arrived
	}
	if err != nil {
		return err
	}
	return p.reached(ctx, t.frame)
}

func button(how journey.Pointer) browser.Button {
	if how.Button == "" {
		return browser.Left
	}
	return how.Button
}

// reached asks the engine whether the events of the pointer reached the element.
// A document that is gone was left by the action, which so has done its work.
func (p *play) reached(ctx context.Context, f *browser.Frame) error {
	if p.engine.lost(ctx, f) {
		return nil
	}
	var got state
	err := p.engine.call(ctx, f, "outcome", &got)
	switch {
	case errors.Is(err, browser.ErrContextLost), errors.Is(err, browser.ErrClosed) && f.Page() != p.main:
		return nil
	case err != nil:
		return err
	case got.State != "":
		return &missed{got}
	}
	return nil
}

func doubleClick(ctx context.Context, page *browser.Page, how journey.Pointer, t target) error {
	b := button(how)
	if err := page.Click(ctx, t.X, t.Y, b, how.Hold); err != nil {
		return err
	}
	if err := page.MouseDown(ctx, t.X, t.Y, b, 2); err != nil {
		return err
	}
	if err := pause(ctx, how.Hold); err != nil {
		return err
	}
	return page.MouseUp(ctx, t.X, t.Y, b, 2)
}

// proof is how long a box may take to show that it was checked.
const proof = 2 * time.Second

// tick checks or unchecks a box by pointer, and holds that it is so afterwards.
func (p *play) tick(ctx context.Context, s journey.Step, t target) error {
	if t.Done {
		return nil // it is as it should be
	}
	if err := p.point(ctx, journey.Step{Type: journey.Click, Pointer: s.Pointer}, t); err != nil {
		return err
	}
	sp := spec{Action: s.Type, Alternatives: []alternative{}, Budget: float64(budget(ctx, proof).Milliseconds())}
	var a answer
	late, cancel := lateOf(ctx)
	defer cancel()
	switch err := p.engine.call(late, t.frame, "verify", &a, sp); {
	case errors.Is(err, browser.ErrContextLost):
		return nil
	case err != nil:
		return err
	case !a.OK:
		return &assertionError{fmt.Sprintf("the click did not %s it", s.Type)}
	}
	return nil
}

// budget is what a look may take: at most d, and less when ctx ends sooner.
func budget(ctx context.Context, d time.Duration) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return max(0, min(d, time.Until(end)-margin))
	}
	return d
}

// change fills in a field by its kind.
func (p *play) change(ctx context.Context, s journey.Step, t target) error {
	if t.Password {
		p.hide.secret(s.Value)
	}
	now, fn := t.answer, "chooseTarget"
	if t.Kind == "text" {
		fn = "prepareTarget"
	}
	if len(s.Asserted) > 0 { // only now, as what it sets off is awaited
		if err := p.engine.call(ctx, t.frame, fn, &now, p.specOf(s)); err != nil {
			return err
		}
	}
	switch {
	case now.State != "":
		return detached()
	case now.Malformed:
		return &assertionError{"the field does not take the value: it is malformed for its type"}
	case t.Kind != "text":
		return nil
	case !now.Focused:
		return &missed{state{State: "without the focus, which it does not take"}}
	}
	return p.typeText(ctx, s, now.Had, t)
}

// longText is from how many bytes on text is put in at once.
const longText = 400

// typeText types what is missing, or everything over what is selected. A recorded
// change types keys; a hand-written one puts its text in at once.
func (p *play) typeText(ctx context.Context, s journey.Step, had int, t target) error {
	units := utf16.Encode([]rune(s.Value))
	if had < 0 || had > len(units) {
		return detached()
	}
	rest := string(utf16.Decode(units[had:]))
	page := t.frame.Page()
	var err error
	switch {
	case rest == "":
		if err = page.KeyDown(ctx, "Backspace"); err == nil {
			err = page.KeyUp(ctx, "Backspace")
		}
	case s.Strict || len(rest) > longText:
		err = page.InsertText(ctx, rest)
	default:
		err = page.Type(ctx, rest)
	}
	if err != nil {
		return err
	}
	if p.engine.lost(ctx, t.frame) {
		return nil
	}
	var a answer
	if err := p.engine.call(ctx, t.frame, "holds", &a, s.Value); err == nil && !a.OK {
		p.warn("the field holds something else than was typed")
	}
	return nil
}

// upload puts files into a file field.
func (p *play) upload(ctx context.Context, s journey.Step, t target) error {
	el, err := p.engine.handle(ctx, t.frame, "current")
	if err != nil {
		return err
	}
	if el == nil {
		return detached()
	}
	defer el.Release()
	params := map[string]any{"objectId": el.ID, "files": s.Files}
	err = t.frame.Call(ctx, "DOM.setFileInputFiles", params, nil)
	if _, refused := errors.AsType[*browser.ProtocolError](err); refused {
		return &assertionError{"the element takes no files"}
	}
	return err
}
