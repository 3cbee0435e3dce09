package browser

import (
	"context"
	"fmt"
)

// ScreenshotOptions; the zero value is a JPEG of quality 70 of the viewport.
type ScreenshotOptions struct {
	PNG       bool // lossless: for comparing pixels, not for evidence
	Quality   int  // of the JPEG, 1–100; default 70
	FullPage  bool
	MaxHeight int     // CSS pixels, bounds FullPage; default 6000
	Scale     float64 // of the picture; 0 means 1
}

// Screenshot returns the encoded picture of the viewport, or of the whole page
// down to MaxHeight.
func (p *Page) Screenshot(ctx context.Context, o ScreenshotOptions) ([]byte, error) {
	params := map[string]any{"format": "png"}
	if !o.PNG {
		params["format"], params["quality"] = "jpeg", 70
		if o.Quality > 0 {
			params["quality"] = min(o.Quality, 100)
		}
	}
	if o.FullPage || (o.Scale > 0 && o.Scale != 1) {
		clip, err := p.clip(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("measure page: %w", err)
		}
		params["clip"], params["captureBeyondViewport"] = clip, o.FullPage
	}
	var got struct {
		Data []byte `json:"data"`
	}
	if err := p.Call(ctx, "Page.captureScreenshot", params, &got); err != nil {
		return nil, fmt.Errorf("take screenshot: %w", err)
	}
	return got.Data, nil
}

// clip is the part of the page to take.
func (p *Page) clip(ctx context.Context, o ScreenshotOptions) (map[string]any, error) {
	var m struct {
		Viewport struct {
			X      float64 `json:"pageX"`
			Y      float64 `json:"pageY"`
			Width  float64 `json:"clientWidth"`
			Height float64 `json:"clientHeight"`
		} `json:"cssLayoutViewport"`
		Content struct {
			Width  float64 `json:"width"`
			Height float64 `json:"height"`
		} `json:"cssContentSize"`
	}
	if err := p.Call(ctx, "Page.getLayoutMetrics", nil, &m); err != nil {
		return nil, err
	}
	scale, limit := o.Scale, float64(o.MaxHeight)
	if scale <= 0 {
		scale = 1
	}
	if limit <= 0 {
		limit = 6000
	}
	if !o.FullPage {
		return map[string]any{"x": m.Viewport.X, "y": m.Viewport.Y, "width": m.Viewport.Width, "height": m.Viewport.Height, "scale": scale}, nil
	}
	width := min(max(m.Content.Width, 1), 4*max(m.Viewport.Width, 1)) // a page may claim any width
	return map[string]any{"x": 0, "y": 0, "width": width, "height": min(max(m.Content.Height, 1), limit), "scale": scale}, nil
}
