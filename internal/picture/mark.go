package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
)

// The colours of a marked picture, packed. What differs is framed as well, for
// eyes that do not tell red from grey.
const (
	inkDifferent uint32 = 0x2a1ad6 // red
	inkSmoothed  uint32 = 0x3cc8f0 // amber
	inkFrame     uint32 = 0xc81ad6 // magenta
	inkIgnored   uint32 = 0xe0cdb9 // pale blue
)

// Mark draws the picture that was compared, faded, with what differs in red
// and framed, what anti-aliasing moved in amber, and what was left out in
// pale blue, as a PNG.
func Mark(after *Picture, r *Result) ([]byte, error) {
	out := image.NewRGBA(image.Rect(0, 0, r.w, r.h))
	for y := range r.h {
		for x := range r.w {
			put(out, x, y, r.shade(after, x, y))
		}
	}
	for _, box := range r.Regions {
		frame(out, box.Inset(-3))
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&b, out); err != nil {
		return nil, fmt.Errorf("draw difference: %w", err)
	}
	return b.Bytes(), nil
}

// shade is the colour of one pixel of a marked picture.
func (r *Result) shade(after *Picture, x, y int) uint32 {
	switch r.mask[y*r.w+x] {
	case different:
		return inkDifferent
	case smoothed:
		return inkSmoothed
	case ignored:
		if (x+y)%8 < 2 {
			return inkIgnored
		}
	}
	// A quarter of the brightness is left, over three quarters of white.
	v := uint32(luma(after.at(x, y))>>12) + 191 //nolint:gosec // 0–63
	return v | v<<8 | v<<16
}

// frame draws a border two pixels wide.
func frame(img *image.RGBA, box image.Rectangle) {
	for x := box.Min.X; x < box.Max.X; x++ {
		for _, y := range []int{box.Min.Y, box.Min.Y + 1, box.Max.Y - 2, box.Max.Y - 1} {
			put(img, x, y, inkFrame)
		}
	}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for _, x := range []int{box.Min.X, box.Min.X + 1, box.Max.X - 2, box.Max.X - 1} {
			put(img, x, y, inkFrame)
		}
	}
}

// put sets a pixel, if it is inside.
func put(img *image.RGBA, x, y int, c uint32) {
	if image.Pt(x, y).In(img.Rect) {
		img.SetRGBA(x, y, rgba(c))
	}
}
