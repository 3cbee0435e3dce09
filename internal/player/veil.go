package player

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// veilScript finds where a document shows one of the secrets: in fields, texts
// and open shadow roots. It changes nothing. Boxes are in pixels of the viewport.
const veilScript = `(secrets) => {
	const boxes = [], has = (s) => !!s && secrets.some((v) => s.includes(v));
	const add = (r) => { if (r.width > 0 && r.height > 0 && boxes.length < 500) boxes.push([r.x, r.y, r.width, r.height]); };
	const visit = (root) => {
		let texts = 0;
		const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
		for (let n = walk.nextNode(); n; n = walk.nextNode()) {
			if (n.nodeType === Node.TEXT_NODE) {
				if (!has(n.data)) continue;
				texts++;
				const range = document.createRange();
				range.selectNodeContents(n);
				for (const r of range.getClientRects()) add(r);
				continue;
			}
			if (n.shadowRoot) visit(n.shadowRoot);
			if ((n instanceof HTMLInputElement || n instanceof HTMLTextAreaElement) && (has(n.value) || has(n.placeholder))) add(n.getBoundingClientRect());
			else if (n instanceof HTMLSelectElement && has(n.textContent)) add(n.getBoundingClientRect());
		}
		if (texts === 0 && has(root.textContent)) { // a secret in several text nodes
			let e = root;
			for (;;) {
				const inner = [...e.children].find((c) => has(c.textContent));
				if (!inner) break;
				e = inner;
			}
			if (e.getBoundingClientRect && !['SCRIPT', 'STYLE', 'TITLE', 'HEAD'].includes(e.tagName)) add(e.getBoundingClientRect());
		}
	};
	visit(document.documentElement || document);
	return { boxes, width: innerWidth, height: innerHeight, x: scrollX, y: scrollY };
}`

// box is a place in the viewport: x, y, width, height.
type box [4]float64

// veil is what of a picture must not be seen.
type veil struct {
	boxes         []box
	width, height float64 // of the viewport
	x, y          float64 // how far it is scrolled
}

// capture takes a picture in which no secret can be read. The page is looked at
// before and after, because a secret may come and go meanwhile. When that cannot
// be done there is no picture.
func (p *play) capture(ctx context.Context, o browser.ScreenshotOptions) ([]byte, error) {
	secrets := p.secrets()
	if len(secrets) == 0 {
		return p.page.Screenshot(ctx, o)
	}
	before, err := veiled(ctx, p.page, secrets)
	if err != nil {
		return nil, err
	}
	picture, err := p.page.Screenshot(ctx, o)
	if err != nil {
		return nil, err
	}
	after, err := veiled(ctx, p.page, secrets)
	if err != nil {
		return nil, err
	}
	after.boxes = append(after.boxes, before.boxes...)
	return after.paint(picture, o)
}

// veiled looks for the secrets in every frame of the page.
func veiled(ctx context.Context, page *browser.Page, secrets []string) (veil, error) {
	var v veil
	for _, f := range page.Frames() {
		var err error
		for range 20 {
			if err = veiledFrame(ctx, f, secrets, &v); err == nil || f.Detached() || !errors.Is(err, browser.ErrContextLost) || pause(ctx, glance) != nil {
				break
			}
		}
		if err != nil && !f.Detached() {
			return v, fmt.Errorf("look for secrets before a picture: %w", err)
		}
	}
	return v, nil
}

func veiledFrame(ctx context.Context, f *browser.Frame, secrets []string, v *veil) error {
	var got struct {
		Boxes               []box
		Width, Height, X, Y float64
	}
	if err := f.Apply(ctx, browser.Isolated, veilScript, &got, secrets); err != nil {
		return err
	}
	if f.Parent() == nil {
		v.width, v.height, v.x, v.y = got.Width, got.Height, got.X, got.Y
		v.boxes = append(v.boxes, got.Boxes...)
		return nil
	}
	if len(got.Boxes) == 0 {
		return nil
	}
	x, y, err := f.Offset(ctx)
	if err != nil {
		return err
	}
	for up := f.Parent(); up != nil && up.Parent() != nil; up = up.Parent() {
		ux, uy, err := up.Offset(ctx)
		if err != nil {
			return err
		}
		x, y = x+ux, y+uy
	}
	for _, b := range got.Boxes {
		v.boxes = append(v.boxes, box{b[0] + x, b[1] + y, b[2], b[3]})
	}
	return nil
}

// paint covers the boxes.
func (v veil) paint(picture []byte, o browser.ScreenshotOptions) ([]byte, error) {
	if len(v.boxes) == 0 {
		return picture, nil
	}
	shown, format, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("cover secrets in a picture: %w", err)
	}
	canvas := image.NewRGBA(shown.Bounds())
	draw.Draw(canvas, canvas.Bounds(), shown, shown.Bounds().Min, draw.Src)
	scale := 1.0
	if v.width > 0 {
		scale = float64(canvas.Bounds().Dx()) / v.width
	}
	dx, dy := 0.0, 0.0
	if o.FullPage {
		dx, dy = v.x, v.y
	}
	ink := image.NewUniform(color.RGBA{0x80, 0x80, 0x80, 0xff})
	for _, b := range v.boxes {
		r := image.Rect(
			int(math.Floor((b[0]+dx)*scale))-1, int(math.Floor((b[1]+dy)*scale))-1,
			int(math.Ceil((b[0]+b[2]+dx)*scale))+1, int(math.Ceil((b[1]+b[3]+dy)*scale))+1,
		)
		draw.Draw(canvas, r, ink, image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	if format == "png" {
		err = png.Encode(&out, canvas)
	} else {
		quality := o.Quality
		if quality <= 0 {
			quality = 70
		}
		err = jpeg.Encode(&out, canvas, &jpeg.Options{Quality: quality})
	}
	if err != nil {
		return nil, fmt.Errorf("cover secrets in a picture: %w", err)
	}
	return out.Bytes(), nil
}

// onlooker passes the running picture of the run's own page on to whoever
// watches, without secrets. It is called by the screencast, beside the run.
func (p *play) onlooker(ctx context.Context) func(frame []byte) {
	watch, page := p.req.Watch, p.page
	var last []box
	return func(frame []byte) {
		secrets := p.secrets()
		if len(secrets) == 0 {
			watch(frame)
			return
		}
		limit, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		now, err := veiled(limit, page, secrets)
		if err != nil {
			return
		}
		both := now
		both.boxes = append(both.boxes[:len(both.boxes):len(both.boxes)], last...)
		last = now.boxes
		if frame, err = both.paint(frame, browser.ScreenshotOptions{Quality: 50}); err == nil {
			watch(frame)
		}
	}
}
