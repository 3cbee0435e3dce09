package picture

import (
	"image"
	"image/color"
)

// Paint is what is painted in an area.
type Paint struct {
	Background color.RGBA      // the colour of most of it
	Pixels     int             // that were looked at
	Ink        int             // of these, the ones of another colour
	Box        image.Rectangle // around the ink
}

// Empty reports one colour all over. An area without pixels is not empty:
// nothing is known about it.
func (p Paint) Empty() bool { return p.Pixels > 0 && p.Ink == 0 }

// Sparse reports next to nothing: ink on less than half a percent of the area
// and all of it together within a fiftieth, like a spinner on a dark page. A
// short text can look like that too, so the caller has to know whether more
// was to be expected.
func (p Paint) Sparse() bool {
	return p.Pixels > 0 && p.Ink*200 < p.Pixels && p.Box.Dx()*p.Box.Dy()*50 < p.Pixels
}

// visible is the tolerance for ink: what is fainter cannot be seen on its
// background.
const visible = 0.03

// Paint measures an area of the picture, without the ignored regions.
func (p *Picture) Paint(area image.Rectangle, ignore []image.Rectangle) Paint {
	area = area.Intersect(p.Bounds())
	back, n := p.background(area, ignore)
	out := Paint{Background: rgba(back), Pixels: n}
	limit := float32(furthest * visible * visible)
	p.scan(area, ignore, func(x, y int, c uint32) {
		if c != back && distance(c, back) > limit {
			out.Ink++
			out.Box = out.Box.Union(image.Rect(x, y, x+1, y+1))
		}
	})
	return out
}

// background returns the most frequent colour and how many pixels there are.
func (p *Picture) background(area image.Rectangle, ignore []image.Rectangle) (back uint32, n int) {
	// Colours are counted by their five highest bits each; of the fullest group
	// its first colour stands for all.
	type group struct {
		n     int
		first uint32
	}
	groups := make([]group, 1<<15)
	best := 0
	p.scan(area, ignore, func(_, _ int, c uint32) {
		at := int(c>>3&31 | c>>11&31<<5 | c>>19&31<<10)
		g := &groups[at]
		if g.n == 0 {
			g.first = c
		}
		if g.n++; g.n > groups[best].n {
			best = at
		}
		n++
	})
	return groups[best].first, n
}

// scan calls f for each pixel of the area that is not ignored.
func (p *Picture) scan(area image.Rectangle, ignore []image.Rectangle, f func(x, y int, c uint32)) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if end := covered(ignore, x, y); end > x {
				x = end - 1
				continue
			}
			f(x, y, p.at(x, y))
		}
	}
}

// covered returns the right end of an ignored region at this pixel, or x.
func covered(ignore []image.Rectangle, x, y int) int {
	end := x
	for _, box := range ignore {
		if image.Pt(x, y).In(box) {
			end = max(end, box.Max.X)
		}
	}
	return end
}
