package browser

import (
	"context"
	"fmt"
)

// Tap touches a point with a finger and lifts it, in CSS pixels of the page's
// viewport. The page hears of it only when its viewport has touch.
func (p *Page) Tap(ctx context.Context, x, y float64) error {
	p.input.Lock()
	modifiers := p.modifiers()
	p.input.Unlock()
	err := p.inputs(ctx, []command{
		{Method: "Input.dispatchTouchEvent", Params: map[string]any{
			"type": "touchStart", "modifiers": modifiers, "touchPoints": []any{map[string]any{"x": x, "y": y, "id": 1}},
		}},
		{Method: "Input.dispatchTouchEvent", Params: map[string]any{
			"type": "touchEnd", "modifiers": modifiers, "touchPoints": []any{},
		}},
	})
	if err != nil {
		return fmt.Errorf("tap at %.0f,%.0f: %w", x, y, err)
	}
	return nil
}

// inputs sends input events in one piece: Chromium handles them in order, so
// only the answers have to be waited for. The first refusal is returned.
func (p *Page) inputs(ctx context.Context, cmds []command) error {
	calls, err := p.sess.send(ctx, true, cmds...)
	if err != nil {
		return fmt.Errorf("%s: %w", cmds[0].Method, err)
	}
	for i, c := range calls {
		if err := p.sess.wait(ctx, c, nil); err != nil {
			p.sess.conn.forget(calls[i:])
			return err
		}
	}
	return nil
}
