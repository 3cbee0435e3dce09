package player

import (
	"context"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
)

// Pictures are the dearest evidence: each makes Chromium paint a whole page. So
// steps that only look on share one with the step whose effect they wait for:
// it is taken when the next step is about to change the page.

// changes reports whether a step of that type changes what the page shows. The
// release of a key belongs to its press.
func changes(t journey.StepType) bool {
	switch t {
	case journey.Navigate, journey.Open, journey.Click, journey.DoubleClick, journey.Hover, journey.Change, journey.Check, journey.Uncheck, journey.Select, journey.Upload, journey.KeyDown, journey.Press, journey.Scroll, journey.SetViewport, journey.Close:
		return true
	default:
		return false
	}
}

// shoot asks for the picture of a step that has passed, and takes it with those
// still missing if the next step changes the page.
func (p *play) shoot(ctx context.Context, i int) {
	if p.req.Sparse || p.page.URL() == "about:blank" {
		return
	}
	p.due = append(p.due, i)
	if next := i + 1; next < len(p.journey.Steps) && next != p.cleanupAt {
		s, now := p.journey.Steps[next], p.journey.Steps[i]
		if !changes(s.Type) && s.Target == now.Target {
			return
		}
	}
	p.develop(ctx)
}

// develop takes the pictures that are missing. A page that paints nothing in
// time has none.
func (p *play) develop(ctx context.Context) {
	due := p.due
	p.due = nil
	if len(due) == 0 || p.page.Crashed() || p.page.URL() == "about:blank" {
		return
	}
	limit, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	picture, err := p.capture(limit, browser.ScreenshotOptions{Quality: 70})
	if err != nil {
		p.log.DebugContext(ctx, "take screenshot", "error", err)
		return
	}
	key, _ := p.put(ctx, "image/jpeg", picture, maxPicture)
	for _, i := range due {
		p.records[i].screenshot = key
	}
}
