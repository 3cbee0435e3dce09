package picture

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"testing"
)

// screen is a page of text, 1280×720.
func screen(shift float64) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 1280, 720))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	glyphs := letters(page(white), shift)
	for y := 0; y < 720; y += 30 {
		for x := 0; x < 1280; x += 280 {
			draw.Draw(m, image.Rect(x, y, x+280, y+30), glyphs, image.Pt(0, 45), draw.Src)
		}
	}
	return m
}

// BenchmarkCompare is one comparison of two decoded screens, beside the floor
// of any comparison: looking at every pixel once.
func BenchmarkCompare(b *testing.B) {
	plain := From(screen(0))
	inverted := image.NewRGBA(plain.Bounds())
	for i, v := range plain.pix {
		inverted.Pix[i] = 255 - v
		if i%4 == 3 {
			inverted.Pix[i] = 255
		}
	}
	for name, other := range map[string]*Picture{
		"same": From(screen(0)), "smoothed": From(screen(0.25)), "moved": From(screen(1)), "inverted": From(inverted),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Compare(plain, other, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		other := From(screen(1))
		n := 0
		for b.Loop() {
			for y := range plain.H {
				for x := range plain.W {
					if plain.at(x, y) != other.at(x, y) {
						n++
					}
				}
			}
		}
		if n == 0 {
			b.Fatal("nothing differs")
		}
	})
}

func BenchmarkPaint(b *testing.B) {
	p := From(screen(0))
	for b.Loop() {
		if p.Paint(p.Bounds(), nil).Empty() {
			b.Fatal("empty")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := encode(b, screen(0))
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			if _, err := png.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
