package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
)

// DefaultTolerance is the colour distance that still counts as the same, as a
// share of that between black and white: two greys may be about 5 % apart.
const DefaultTolerance = 0.05

// Options say how pictures are compared.
type Options struct {
	// Tolerance is the colour distance that still counts as the same, 0–1;
	// 0 means DefaultTolerance.
	Tolerance float64
	// Ignore are the regions that are not compared.
	Ignore []image.Rectangle
	// Crop compares the common part of two pictures of different size, from
	// the top left corner; otherwise they cannot be compared.
	Crop bool
}

// Result is how two pictures differ.
type Result struct {
	Compared  int // pixels that were compared
	Different int // of these, the ones a person would tell apart
	Smoothed  int // pixels that differ by anti-aliasing only; not among Different
	Ignored   int // pixels that were left out
	Cropped   bool
	// Regions are the boxes of what differs, the biggest first, at most
	// MaxRegions; More counts the others.
	Regions []image.Rectangle
	More    int

	w, h int
	mask []byte
}

// Share is the part of the compared pixels that differ, 0–1. It is 0 when
// none could be compared: look at Compared first.
func (r *Result) Share() float64 {
	if r.Compared == 0 {
		return 0
	}
	return float64(r.Different) / float64(r.Compared)
}

// SizeError says that two pictures have not the same size.
type SizeError struct{ Before, After image.Point }

func (e *SizeError) Error() string {
	return fmt.Sprintf("the pictures are %d×%d and %d×%d", e.Before.X, e.Before.Y, e.After.X, e.After.Y)
}

// What a pixel of the mask is.
const (
	same byte = iota
	smoothed
	different
	ignored
)

// Compare counts the pixels that differ. Pictures of different size are a
// SizeError unless o.Crop.
func Compare(before, after *Picture, o Options) (*Result, error) {
	w, h := min(before.W, after.W), min(before.H, after.H)
	r := &Result{w: w, h: h, Cropped: before.W != after.W || before.H != after.H}
	if r.Cropped && !o.Crop {
		return nil, &SizeError{image.Pt(before.W, before.H), image.Pt(after.W, after.H)}
	}
	r.mask = make([]byte, w*h)
	r.leaveOut(o.Ignore)
	r.Compared = w*h - r.Ignored
	t := o.Tolerance
	if t <= 0 {
		t = DefaultTolerance
	}
	limit := float32(furthest * t * t)
	for y := range h {
		a, b := before.row(y, w), after.row(y, w)
		if !bytes.Equal(a, b) {
			r.line(y, before, after, limit)
		}
	}
	r.Regions, r.More = regions(r)
	return r, nil
}

// leaveOut marks the regions that are not compared.
func (r *Result) leaveOut(list []image.Rectangle) {
	all := image.Rect(0, 0, r.w, r.h)
	for _, box := range list {
		box = box.Intersect(all)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			line := r.mask[y*r.w : (y+1)*r.w]
			for x := box.Min.X; x < box.Max.X; x++ {
				if line[x] != ignored {
					line[x] = ignored
					r.Ignored++
				}
			}
		}
	}
}

// line compares one line of pixels that is not the same byte by byte.
func (r *Result) line(y int, before, after *Picture, limit float32) {
	a, b := before.row(y, r.w), after.row(y, r.w)
	mask := r.mask[y*r.w : (y+1)*r.w]
	for x := range mask {
		p, q := binary.LittleEndian.Uint32(a[4*x:]), binary.LittleEndian.Uint32(b[4*x:])
		if p == q || mask[x] == ignored || distance(p, q) <= limit {
			continue
		}
		if r.edge(before, after, x, y) || r.edge(after, before, x, y) {
			mask[x] = smoothed
			r.Smoothed++
			continue
		}
		mask[x] = different
		r.Different++
	}
}

// edge reports whether a pixel only smooths an edge. The idea is that of
// Vyšniauskas, "Anti-aliased pixel and intensity slope detector" (Elektronika
// ir Elektrotechnika 7, 2009): it lies on a slope of brightness, with darker
// and brighter pixels around it and hardly one of its own colour, and one end
// of the slope is a plain surface in both pictures.
func (r *Result) edge(p, other *Picture, x, y int) bool {
	own := p.at(x, y)
	bright := luma(own)
	alike := 0
	if x == 0 || y == 0 || x == r.w-1 || y == r.h-1 {
		alike = 1 // what lies beyond the border is taken for the same
	}
	var low, high int32
	var dark, light image.Point
	for ny := max(y-1, 0); ny <= min(y+1, r.h-1); ny++ {
		for nx := max(x-1, 0); nx <= min(x+1, r.w-1); nx++ {
			if nx == x && ny == y {
				continue
			}
			c := p.at(nx, ny)
			d := luma(c) - bright
			switch {
			case d == 0:
				if alike++; alike > 2 {
					return false
				}
			case d < low:
				low, dark = d, image.Pt(nx, ny)
			case d > high:
				high, light = d, image.Pt(nx, ny)
			}
		}
	}
	if low == 0 || high == 0 {
		return false
	}
	return r.plain(p, dark) && r.plain(other, dark) || r.plain(p, light) && r.plain(other, light)
}

// plain reports whether a pixel has three or more of its own colour around it.
func (r *Result) plain(p *Picture, at image.Point) bool {
	own := p.at(at.X, at.Y)
	n := 0
	if at.X == 0 || at.Y == 0 || at.X == r.w-1 || at.Y == r.h-1 {
		n = 1
	}
	for y := max(at.Y-1, 0); y <= min(at.Y+1, r.h-1); y++ {
		for x := max(at.X-1, 0); x <= min(at.X+1, r.w-1); x++ {
			if (x != at.X || y != at.Y) && p.at(x, y) == own {
				if n++; n >= 3 {
					return true
				}
			}
		}
	}
	return false
}
