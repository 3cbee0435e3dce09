package player

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/postflight/postflight/internal/browser"
)

// mapping turns the coordinates of a frame's viewport into those of the page's:
// frames lie anywhere, scaled and turned by the styles around them.
type mapping struct{ xx, xy, yx, yy, dx, dy float64 }

func (m mapping) apply(x, y float64) (float64, float64) {
	return m.xx*x + m.yx*y + m.dx, m.xy*x + m.yy*y + m.dy
}

// then is m followed by n.
func (m mapping) then(n mapping) mapping {
	dx, dy := n.apply(m.dx, m.dy)
	return mapping{
		xx: n.xx*m.xx + n.yx*m.xy, xy: n.xy*m.xx + n.yy*m.xy,
		yx: n.xx*m.yx + n.yx*m.yy, yy: n.xy*m.yx + n.yy*m.yy, dx: dx, dy: dy,
	}
}

// inverse maps back; false when the frame is seen edge on.
func (m mapping) inverse() (mapping, bool) {
	det := m.xx*m.yy - m.yx*m.xy
	if math.Abs(det) < 1e-9 {
		return mapping{}, false
	}
	inv := mapping{xx: m.yy / det, xy: -m.xy / det, yx: -m.yx / det, yy: m.xx / det}
	x, y := inv.apply(m.dx, m.dy)
	inv.dx, inv.dy = -x, -y
	return inv, true
}

// ring is one frame on the way up to the page.
type ring struct {
	frame *browser.Frame // around the owner
	owner int            // backend node id of the element that holds the frame below
}

// quad is the content box of a frame's owner, as its process sees it.
type quad struct {
	Model struct {
		Content []float64 `json:"content"`
		Border  []float64 `json:"border"`
		Width   float64   `json:"width"`
		Height  float64   `json:"height"`
	} `json:"model"`
}

func side(q []float64, from, to int) float64 {
	return math.Hypot(q[2*to]-q[2*from], q[2*to+1]-q[2*from+1])
}

// mapping of the owner's content box, in the viewport of its local root.
func (q quad) mapping() (mapping, error) {
	c, b := q.Model.Content, q.Model.Border
	if len(c) < 8 || len(b) < 8 {
		return mapping{}, errors.New("it has no box")
	}
	wide, high := side(b, 0, 1), side(b, 0, 3)
	if wide == 0 || high == 0 || q.Model.Width == 0 || q.Model.Height == 0 {
		return mapping{}, errors.New("it has no size")
	}
	// The border box tells by how much the styles stretch what is inside.
	sx, sy := q.Model.Width/wide, q.Model.Height/high
	cw, ch := side(c, 0, 1)*sx, side(c, 0, 3)*sy
	if cw == 0 || ch == 0 {
		return mapping{}, errors.New("it has no size")
	}
	return mapping{
		xx: (c[2] - c[0]) / cw, xy: (c[3] - c[1]) / cw,
		yx: (c[6] - c[0]) / ch, yy: (c[7] - c[1]) / ch, dx: c[0], dy: c[1],
	}, nil
}

// mappingOf is how a frame lies in its page.
func mappingOf(ctx context.Context, f *browser.Frame) (mapping, int, error) {
	parent := f.Parent()
	if parent == nil {
		return mapping{xx: 1, yy: 1}, 0, nil
	}
	var owner struct {
		ID int `json:"backendNodeId"`
	}
	if err := parent.Call(ctx, "DOM.getFrameOwner", map[string]any{"frameId": f.ID}, &owner); err != nil {
		return mapping{}, 0, fmt.Errorf("locate frame %s: %w", f.ID, err)
	}
	var q quad
	if err := parent.Call(ctx, "DOM.getBoxModel", map[string]any{"backendNodeId": owner.ID}, &q); err != nil {
		return mapping{}, 0, fmt.Errorf("locate frame %s: %w", f.ID, err)
	}
	m, err := q.mapping()
	if err != nil {
		return mapping{}, 0, fmt.Errorf("locate frame %s: %w", f.ID, err)
	}
	root := parent.LocalRoot()
	around, _, err := mappingOf(ctx, root)
	return m.then(around), owner.ID, err
}

// placed is a point of a frame in its page, and what lies over the frame there.
type placed struct {
	x, y float64
	over state
}

// place turns a point in a frame into one of the page. With events, every frame
// around must show the frame below at that point.
func (p *play) place(ctx context.Context, f *browser.Frame, x, y float64, events bool) (placed, error) {
	if f.Parent() == nil {
		return placed{x: x, y: y}, nil
	}
	m, owner, err := mappingOf(ctx, f)
	if err != nil {
		return placed{}, errors.Join(browser.ErrContextLost, err)
	}
	out := placed{}
	out.x, out.y = m.apply(x, y)
	for at := (ring{f.Parent(), owner}); at.frame != nil && events && out.over.State == ""; {
		around, next, err := mappingOf(ctx, at.frame)
		if err != nil {
			return placed{}, errors.Join(browser.ErrContextLost, err)
		}
		if out.over, err = p.over(ctx, at, around, out); err != nil {
			return placed{}, err
		}
		at = ring{at.frame.Parent(), next}
	}
	return out, nil
}

// over tells what lies over a frame's owner at a point of the page.
func (p *play) over(ctx context.Context, r ring, m mapping, at placed) (state, error) {
	var got state
	back, ok := m.inverse()
	if !ok {
		return state{State: "seen edge on"}, nil
	}
	x, y := back.apply(at.x, at.y)
	el, err := r.frame.Resolve(ctx, browser.Isolated, r.owner)
	if err != nil || el == nil {
		return got, errors.Join(browser.ErrContextLost, err)
	}
	defer el.Release()
	err = p.engine.call(ctx, r.frame, "over", &got, x, y, el)
	return got, err
}
