package browser

import (
	"context"
	"fmt"
	"time"
)

// Button is a mouse button by its protocol name.
type Button string

// The mouse buttons.
const (
	Left    Button = "left"
	Middle  Button = "middle"
	Right   Button = "right"
	Back    Button = "back"
	Forward Button = "forward"
)

func (b Button) bit() int {
	switch b {
	case Left:
		return 1
	case Right:
		return 2
	case Middle:
		return 4
	case Back:
		return 8
	case Forward:
		return 16
	}
	return 0
}

// MouseMove moves the pointer, in CSS pixels of the page's viewport.
func (p *Page) MouseMove(ctx context.Context, x, y float64) error {
	return p.mouse(ctx, "mouseMoved", x, y, "", 0)
}

// MouseDown presses a button. count is the click count: 2 for the second press
// of a double click.
func (p *Page) MouseDown(ctx context.Context, x, y float64, b Button, count int) error {
	return p.mouse(ctx, "mousePressed", x, y, b, count)
}

// MouseUp releases a button, with the count of its press.
func (p *Page) MouseUp(ctx context.Context, x, y float64, b Button, count int) error {
	return p.mouse(ctx, "mouseReleased", x, y, b, count)
}

// Click moves to the point, presses, holds that long, and releases. Without a
// hold the three are sent at once, which spares two round trips.
func (p *Page) Click(ctx context.Context, x, y float64, b Button, hold time.Duration) error {
	if hold <= 0 {
		err := p.inputs(ctx, []command{
			p.mouseEvent("mouseMoved", x, y, "", 0), p.mouseEvent("mousePressed", x, y, b, 1), p.mouseEvent("mouseReleased", x, y, b, 1),
		})
		if err != nil {
			return fmt.Errorf("click at %.0f,%.0f: %w", x, y, err)
		}
		return nil
	}
	if err := p.MouseMove(ctx, x, y); err != nil {
		return err
	}
	if err := p.MouseDown(ctx, x, y, b, 1); err != nil {
		return err
	}
	t := time.NewTimer(hold)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return p.MouseUp(ctx, x, y, b, 1)
}

func (p *Page) mouse(ctx context.Context, kind string, x, y float64, b Button, count int) error {
	c := p.mouseEvent(kind, x, y, b, count)
	if err := p.Call(ctx, c.Method, c.Params, nil); err != nil {
		return fmt.Errorf("%s at %.0f,%.0f: %w", kind, x, y, err)
	}
	return nil
}

// mouseEvent notes the button as held or not, and describes the event.
func (p *Page) mouseEvent(kind string, x, y float64, b Button, count int) command {
	if b == "" {
		b = "none"
	}
	p.input.Lock()
	defer p.input.Unlock()
	switch kind {
	case "mousePressed":
		p.held |= b.bit()
	case "mouseReleased":
		p.held &^= b.bit()
	}
	return command{Method: "Input.dispatchMouseEvent", Params: map[string]any{
		"type": kind, "x": x, "y": y, "button": b, "buttons": p.held,
		"clickCount": count, "modifiers": p.modifiers(), "pointerType": "mouse",
	}}
}
