package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const width, height = 320, 180

var (
	white = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{32, 36, 44, 255}
)

// page is a picture in one colour.
func page(c color.Color) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return m
}

func fill(m *image.RGBA, box image.Rectangle, c color.Color) *image.RGBA {
	draw.Draw(m, box, image.NewUniform(c), image.Point{}, draw.Src)
	return m
}

// ring draws a smooth circle line, as text and icons are drawn: each pixel
// takes as much ink as the line covers of it.
func ring(m *image.RGBA, cx, cy, radius, thick float64, c color.RGBA) *image.RGBA {
	const fine = 8
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			hit := 0
			for sy := range fine {
				for sx := range fine {
					d := math.Hypot(float64(x)+(float64(sx)+.5)/fine-cx, float64(y)+(float64(sy)+.5)/fine-cy)
					if math.Abs(d-radius) <= thick/2 {
						hit++
					}
				}
			}
			if hit == 0 {
				continue
			}
			old := m.RGBAAt(x, y)
			mix := func(a, b uint8) uint8 { return uint8((int(a)*(fine*fine-hit) + int(b)*hit) / (fine * fine)) }
			m.SetRGBA(x, y, color.RGBA{mix(old.R, c.R), mix(old.G, c.G), mix(old.B, c.B), 255})
		}
	}
	return m
}

// letters draws a line of rings, shifted by a part of a pixel.
func letters(m *image.RGBA, shift float64) *image.RGBA {
	for i := range 10 {
		ring(m, 30+24*float64(i)+shift, 60, 9, 4, ink)
	}
	return m
}

func TestCompare(t *testing.T) {
	t.Parallel()
	block := image.Rect(40, 40, 80, 70)
	clock := image.Rect(250, 8, 310, 24)
	for _, c := range []struct {
		name          string
		before, after *image.RGBA
		o             Options
		low, high     float64 // share
		smoothed      bool
		regions       []image.Rectangle
	}{
		{name: "the same", before: letters(page(white), 0), after: letters(page(white), 0)},
		{
			name: "letters a quarter of a pixel further", before: letters(page(white), 0), after: letters(page(white), 0.25),
			high: 0.0005, smoothed: true,
		},
		{
			name: "letters one pixel further", before: letters(page(white), 0), after: letters(page(white), 1),
			low: 0.0005, high: 0.05, smoothed: true,
		},
		{
			name: "a block moved", before: fill(page(white), block, ink), after: fill(page(white), block.Add(image.Pt(120, 60)), ink),
			low: 0.0416, high: 0.0417, regions: []image.Rectangle{block, block.Add(image.Pt(120, 60))},
		},
		{name: "a colour changed by 2 %", before: page(white), after: page(color.RGBA{250, 250, 250, 255})},
		{name: "a colour changed by 2 %, to the pixel", before: page(white), after: page(color.RGBA{250, 250, 250, 255}), o: Options{Tolerance: 0.01}, low: 1, high: 1, regions: []image.Rectangle{image.Rect(0, 0, width, height)}},
		{
			name: "a button turned from green to red of the same brightness", before: fill(page(white), block, color.RGBA{0, 128, 0, 255}), after: fill(page(white), block, color.RGBA{251, 0, 0, 255}),
			low: 0.0208, high: 0.0209, regions: []image.Rectangle{block},
		},
		{
			name: "a clock went on", before: fill(page(white), clock, ink), after: page(white),
			low: 0.0166, high: 0.0167, regions: []image.Rectangle{clock},
		},
		{
			name: "an ignored clock went on", before: fill(page(white), clock, ink), after: page(white), o: Options{Ignore: []image.Rectangle{clock, clock}},
		},
		{name: "a page went blank", before: letters(page(white), 0), after: page(white), low: 0.01, high: 0.1, smoothed: true},
		{
			name: "one pixel at the border", before: page(white), after: fill(page(white), image.Rect(width-1, height-1, width, height), ink),
			low: 1.0 / width / height, high: 1.0 / width / height, regions: []image.Rectangle{image.Rect(width-1, height-1, width, height)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Compare(From(c.before), From(c.after), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if s := got.Share(); s < c.low || s > c.high {
				t.Errorf("share is %v, want %v to %v", s, c.low, c.high)
			}
			if (got.Smoothed > 0) != c.smoothed {
				t.Errorf("%d pixels smoothed, want some: %v", got.Smoothed, c.smoothed)
			}
			if c.regions != nil {
				if diff := cmp.Diff(got.Regions, c.regions); diff != "" {
					t.Error(diff)
				}
			}
			if (got.Different > 0) != (len(got.Regions) > 0) {
				t.Errorf("%d pixels differ in %d regions", got.Different, len(got.Regions))
			}
			if n := got.Compared + got.Ignored; n != width*height {
				t.Errorf("%d pixels compared or ignored of %d", n, width*height)
			}
		})
	}
}

func TestCompareSymmetric(t *testing.T) {
	t.Parallel()
	a, b := From(letters(page(white), 0)), From(letters(fill(page(white), image.Rect(5, 5, 50, 20), ink), 1))
	ab, err := Compare(a, b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ba, err := Compare(b, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if ab.Different != ba.Different || ab.Smoothed != ba.Smoothed {
		t.Errorf("%d and %d differ, %d and %d are smoothed", ab.Different, ba.Different, ab.Smoothed, ba.Smoothed)
	}
}

func TestCompareSizes(t *testing.T) {
	t.Parallel()
	long := image.NewRGBA(image.Rect(0, 0, width, height+40))
	draw.Draw(long, long.Rect, image.White, image.Point{}, draw.Src)
	_, err := Compare(From(page(white)), From(long), Options{})
	got, ok := errors.AsType[*SizeError](err)
	if !ok {
		t.Fatalf("got %v, want a SizeError", err)
	}
	if want := (SizeError{image.Pt(width, height), image.Pt(width, height+40)}); *got != want {
		t.Errorf("got %v, want %v", *got, want)
	}
	r, err := Compare(From(page(white)), From(long), Options{Crop: true})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Cropped || r.Different != 0 || r.Compared != width*height {
		t.Errorf("got %+v", r)
	}
}

func TestEverythingIgnored(t *testing.T) {
	t.Parallel()
	r, err := Compare(From(page(white)), From(page(ink)), Options{Ignore: []image.Rectangle{image.Rect(-50, -50, 9999, 9999)}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Compared != 0 || r.Share() != 0 {
		t.Errorf("compared %d, share %v", r.Compared, r.Share())
	}
}

func TestManyRegions(t *testing.T) {
	t.Parallel()
	m := page(white)
	for i := range 40 {
		fill(m, image.Rect(i%10*32, i/10*40, i%10*32+3, i/10*40+3), ink)
	}
	r, err := Compare(From(page(white)), From(m), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Regions) != MaxRegions || r.More != 40-MaxRegions {
		t.Errorf("%d regions and %d more", len(r.Regions), r.More)
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	block, left := image.Rect(40, 40, 80, 70), image.Rect(200, 0, 320, 20)
	after := From(fill(page(white), block, ink))
	r, err := Compare(From(page(white)), after, Options{Ignore: []image.Rectangle{left}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := Mark(after, r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x, y int
		want uint32
	}{{50, 50, inkDifferent}, {37, 37, inkFrame}, {82, 72, inkFrame}, {200, 0, inkIgnored}, {10, 10, 0xfefefe}} {
		if got := p.at(c.x, c.y) & 0xffffff; got != c.want {
			t.Errorf("at %d,%d: got %06x, want %06x", c.x, c.y, got, c.want)
		}
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	dark := color.RGBA{12, 14, 20, 255}
	canvas := image.Rect(100, 40, 300, 160)
	busy := func() *image.RGBA { return letters(page(white), 0) }
	for _, c := range []struct {
		name          string
		img           *image.RGBA
		area          image.Rectangle
		ignore        []image.Rectangle
		empty, sparse bool
	}{
		{name: "a blank white page", img: page(white), empty: true, sparse: true},
		{name: "a blank dark page", img: page(dark), empty: true, sparse: true},
		{name: "hardly visible noise", img: fill(page(white), image.Rect(3, 3, 60, 60), color.RGBA{252, 252, 252, 255}), empty: true, sparse: true},
		{name: "a spinner on a dark page", img: ring(page(dark), 160, 90, 8, 2, white), sparse: true},
		{name: "a line of letters", img: busy()},
		{name: "a big block", img: fill(page(white), image.Rect(40, 40, 200, 140), ink)},
		{name: "only an ignored clock", img: fill(page(white), image.Rect(10, 10, 30, 20), ink), ignore: []image.Rectangle{image.Rect(10, 10, 30, 20)}, empty: true, sparse: true},
		{name: "a blank canvas on a page that is not", img: fill(busy(), canvas, ink), area: canvas, empty: true, sparse: true},
		{name: "a canvas that is painted", img: ring(fill(busy(), canvas, ink), 200, 100, 40, 6, white), area: canvas},
		{name: "an area outside", img: page(white), area: image.Rect(1000, 1000, 1010, 1010)},
		{name: "all ignored", img: page(white), ignore: []image.Rectangle{image.Rect(0, 0, width, height)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := From(c.img)
			area := c.area
			if area.Empty() {
				area = p.Bounds()
			}
			got := p.Paint(area, c.ignore)
			if got.Empty() != c.empty || got.Sparse() != c.sparse {
				t.Errorf("empty %v, sparse %v; want %v, %v (%+v)", got.Empty(), got.Sparse(), c.empty, c.sparse, got)
			}
		})
	}
}

// encode makes a PNG.
func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecode(t *testing.T) {
	t.Parallel()
	clear := image.NewNRGBA(image.Rect(0, 0, 4, 4)) // transparent
	clear.SetNRGBA(0, 0, color.NRGBA{0, 0, 0, 255})
	p, err := Decode(encode(t, clear))
	if err != nil {
		t.Fatal(err)
	}
	if got := []uint32{p.at(0, 0), p.at(1, 1)}; !cmp.Equal(got, []uint32{0xff000000, 0xffffffff}) {
		t.Errorf("got %x", got)
	}
	grey := image.NewGray(image.Rect(0, 0, 3, 2))
	if p, err = Decode(encode(t, grey)); err != nil || p.W != 3 || p.H != 2 || p.at(2, 1) != 0xff000000 {
		t.Errorf("got %+v, %v", p, err)
	}
}

// bomb claims another size than the picture has.
func bomb(data []byte, w, h uint32) []byte {
	out := bytes.Clone(data)
	binary.BigEndian.PutUint32(out[16:], w)
	binary.BigEndian.PutUint32(out[20:], h)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good := encode(t, page(white))
	for name, data := range map[string][]byte{
		"nothing":             nil,
		"not a picture":       []byte("<html>"),
		"a JPEG":              {0xff, 0xd8, 0xff, 0xe0},
		"cut off":             good[:len(good)/2],
		"a bomb":              bomb(good, 60_000, 60_000),
		"a wide one":          bomb(good, 1<<30, 1),
		"many pixels":         bomb(good, 16<<10, 16<<10),
		"more bytes than fit": make([]byte, maxBytes+1),
	} {
		if p, err := Decode(data); err == nil {
			t.Errorf("%s: got %d×%d", name, p.W, p.H)
		}
	}
}

func FuzzDecode(f *testing.F) {
	small := image.NewRGBA(image.Rect(0, 0, 3, 3))
	f.Add(encode(f, small))
	f.Add(bomb(encode(f, small), 9, 9))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := png.DecodeConfig(bytes.NewReader(data))
		if err == nil && c.Width*c.Height > 1<<16 {
			t.Skip("big ones only take time")
		}
		p, err := Decode(data)
		if err != nil {
			return
		}
		if r, err := Compare(p, p, Options{}); err != nil || r.Different != 0 {
			t.Errorf("a picture differs from itself: %v, %v", r, err)
		}
		_ = p.Paint(p.Bounds(), nil)
	})
}
