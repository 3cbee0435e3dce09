// Package picture says how two pictures of a page differ to the eye, and
// whether a page or a canvas shows anything at all.
//
// Compare counts the pixels whose colours a person would tell apart, leaving
// out what only anti-aliasing moved and the regions nobody wants compared, and
// names the regions that differ; Mark draws them. Paint measures what is
// painted, for the detectors of blank pages. The package takes bytes and
// values and returns values: it never opens a file, keeps nothing, and refuses
// a picture that claims to be bigger than its bounds before it unpacks it.
// The journey room is its caller.
package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
)

// Bounds of a picture that is decoded: those of the largest screen a browser
// paints for us, and the bytes it may take.
const (
	MaxPixels = 24 << 20
	maxSide   = 16 << 10
	maxBytes  = 32 << 20
)

// Picture is a decoded picture without transparency: what shines through is
// white, as behind a page.
type Picture struct {
	W, H int
	pix  []byte // four bytes a pixel: red, green, blue, 255
}

// Decode unpacks a PNG. One that is too big, by its own header, is refused
// before anything is unpacked.
func Decode(data []byte) (*Picture, error) {
	if len(data) > maxBytes {
		return nil, fmt.Errorf("decode picture: %d bytes are more than the %d allowed", len(data), maxBytes)
	}
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > MaxPixels {
		return nil, fmt.Errorf("decode picture: %d×%d is more than the %d pixels allowed", c.Width, c.Height, MaxPixels)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	return From(img), nil
}

// From takes over an image; one of the kinds that PNG decoding gives for
// pages is not copied, so it must not be changed afterwards.
func From(img image.Image) *Picture {
	b := img.Bounds()
	p := &Picture{W: b.Dx(), H: b.Dy()}
	if m, ok := img.(*image.RGBA); ok && m.Stride == 4*p.W && b.Min == (image.Point{}) && m.Opaque() {
		p.pix = m.Pix
		return p
	}
	flat := image.NewRGBA(image.Rect(0, 0, p.W, p.H))
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, b.Min, draw.Over)
	p.pix = flat.Pix
	return p
}

// Bounds is the picture's rectangle, from 0,0.
func (p *Picture) Bounds() image.Rectangle { return image.Rect(0, 0, p.W, p.H) }

// at returns the packed colour of a pixel.
func (p *Picture) at(x, y int) uint32 { return binary.LittleEndian.Uint32(p.pix[4*(y*p.W+x):]) }

// row returns the bytes of one line of pixels.
func (p *Picture) row(y, w int) []byte { return p.pix[4*y*p.W : 4*(y*p.W+w)] }

// unpack returns the colours of a packed pixel.
func unpack(c uint32) (r, g, b int32) {
	return int32(c & 0xff), int32(c >> 8 & 0xff), int32(c >> 16 & 0xff) //nolint:gosec // each is one byte
}

// rgba returns a packed pixel as a colour.
func rgba(c uint32) color.RGBA {
	return color.RGBA{R: uint8(c), G: uint8(c >> 8), B: uint8(c >> 16), A: 255} //nolint:gosec // the low byte is what is wanted
}

// furthest is the distance of black from white, about: the scale of tolerance.
const furthest = 35215

// distance is how far apart two colours are to the eye, squared: in the YIQ
// space of NTSC with the weights of Kotsarev and Ramos, "Measuring perceived
// color difference using YIQ NTSC transmission color space in mobile
// applications" (Programación Matemática y Software 2 (2), 2010).
func distance(a, b uint32) float32 {
	r1, g1, b1 := unpack(a)
	r2, g2, b2 := unpack(b)
	r, g, bl := float32(r1-r2), float32(g1-g2), float32(b1-b2)
	y := 0.29889531*r + 0.58662247*g + 0.11448223*bl
	i := 0.59597799*r - 0.27417610*g - 0.32180189*bl
	q := 0.21147017*r - 0.52261711*g + 0.31114694*bl
	return 0.5053*y*y + 0.299*i*i + 0.1957*q*q
}

// luma is the brightness of a pixel, times 1024.
func luma(c uint32) int32 {
	r, g, b := unpack(c)
	return 306*r + 601*g + 117*b
}
