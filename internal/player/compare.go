package player

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/picture"
	"github.com/postflight/postflight/internal/signal"
)

// Baselines keeps the pictures that a run's are compared with.
type Baselines interface {
	// Baseline returns the picture of the last good release under this key, or
	// else the newest one of the same step in another browser or viewport; its
	// key tells. ok is false when there is neither.
	Baseline(ctx context.Context, key signal.PictureKey) (b signal.Baseline, ok bool, err error)
	// Open reads a picture's bytes.
	Open(ctx context.Context, blob string) (io.ReadCloser, error)
}

// The states of a comparison.
const (
	stateSame         = "same"
	stateDifferent    = "different"
	stateNew          = "new"
	stateIncomparable = "incomparable"
	stateBlank        = "blank"
)

const (
	// comparing bounds everything about one picture.
	comparing = 8 * time.Second
	// captures is how many pictures are taken of a page that does not stand still.
	captures = 8
	// defaultLimit is the share of pixels that may differ when nothing is said.
	defaultLimit = 0.001
	maxPNG       = 16 << 20
	maxIgnored   = 200
)

// pictures is what a run's comparisons came to.
type pictures struct {
	compared map[int]*signal.Comparison
	causes   []cause
}

// of returns the comparison of a step, or nil.
func (c pictures) of(i int) *signal.Comparison { return c.compared[i] }

// compares reports whether a step's picture is to be compared: every screenshot
// step that asks for it, all of them when the journey does, and the last step
// of a journey that asks and has none.
func (p *play) compares(i int) bool {
	s := p.journey.Steps[i]
	if s.Type == journey.Shot {
		return s.Compare || p.req.Spec.Compare.On
	}
	if !p.req.Spec.Compare.On || i != p.cleanupAt-1 { // the last one before the clean-up
		return false
	}
	for _, other := range p.journey.Steps[:p.cleanupAt] {
		if other.Type == journey.Shot {
			return false
		}
	}
	return true
}

// comparePicture compares what a step shows with the last good release. A
// difference is told, and fails the run if that was asked for; a page or canvas
// that shows nothing always fails it.
func (p *play) comparePicture(ctx context.Context, i int) {
	if p.ours != nil || !p.compares(i) || p.page.Crashed() {
		return
	}
	limit, cancel := context.WithTimeout(ctx, comparing)
	defer cancel()
	c := &signal.Comparison{Limit: p.req.Spec.Compare.Limit}
	if c.Limit <= 0 {
		c.Limit = defaultLimit
	}
	if p.pictures.compared == nil {
		p.pictures.compared = map[int]*signal.Comparison{}
	}
	p.pictures.compared[i] = c
	if err := p.judgePicture(limit, i, c); err != nil {
		if ctx.Err() != nil {
			return // the run was ended, and says so itself
		}
		c.State, c.Why = stateIncomparable, "the comparison could not be made: "+clip(squeeze(err.Error()), 200)
		p.warn(c.Why)
		if p.req.Spec.Compare.Fail {
			p.ours = fmt.Errorf("compare picture of step %d: %w", i+1, err)
		}
		return
	}
	p.tellPicture(i, c)
}

// judgePicture takes the picture and finds what its state is.
func (p *play) judgePicture(ctx context.Context, i int, c *signal.Comparison) error {
	s, err := p.still(ctx, p.journey.Steps[i])
	if err != nil {
		return err
	}
	c.Moving = s.moving
	c.Key = p.pictureKey(i, s)
	if c.Picture, _ = p.put(ctx, "image/png", s.data, maxPNG); c.Picture == "" {
		return errors.New("the picture could not be kept")
	}
	base, have, err := p.baseline(ctx, c)
	if err != nil {
		return err
	}
	if c.Blank = s.blank(base); c.Blank != "" {
		c.State, c.Why = stateBlank, s.why(c.Blank)
		return nil
	}
	switch {
	case !have:
		c.State, c.Why = stateNew, "there is no picture of a good release yet"
		return nil
	case base == nil:
		return nil // said already why
	case s.moving:
		c.State, c.Why = stateIncomparable, "the page never stood still: ignore the region that moves"
		return nil
	}
	return p.differ(ctx, c, base, s)
}

// baseline reads the picture to compare with; nil with have when there is one
// that cannot be compared.
func (p *play) baseline(ctx context.Context, c *signal.Comparison) (pic *picture.Picture, have bool, err error) {
	if p.req.Baselines == nil {
		return nil, false, nil
	}
	b, ok, err := p.req.Baselines.Baseline(ctx, c.Key)
	if err != nil || !ok {
		return nil, false, err
	}
	if b.Key != c.Key {
		c.State, c.Release = stateIncomparable, string(b.Release)
		c.Why = fmt.Sprintf("the last good picture is of %s at %s, this one of %s at %s", b.Key.Browser, b.Key.Viewport, c.Key.Browser, c.Key.Viewport)
		return nil, true, nil
	}
	c.Baseline, c.Release = b.Blob, string(b.Release)
	r, err := p.req.Baselines.Open(ctx, b.Blob)
	if err != nil {
		return nil, true, fmt.Errorf("open the last good picture: %w", err)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxPNG+1))
	if err != nil {
		return nil, true, fmt.Errorf("read the last good picture: %w", err)
	}
	pic, err = picture.Decode(data)
	return pic, true, err
}

// differ counts what differs, and keeps a marked picture of it.
func (p *play) differ(ctx context.Context, c *signal.Comparison, base *picture.Picture, s *shot) error {
	r, err := picture.Compare(base, s.pic, picture.Options{Ignore: s.ignore})
	if size, ok := errors.AsType[*picture.SizeError](err); ok {
		c.State, c.Why = stateIncomparable, size.Error()
		return nil
	}
	if err != nil {
		return err
	}
	if r.Compared == 0 {
		c.State, c.Why = stateIncomparable, "everything is ignored, so nothing was compared"
		return nil
	}
	c.Share, c.State = r.Share(), stateSame
	for _, box := range r.Regions {
		c.Regions = append(c.Regions, [4]int{box.Min.X, box.Min.Y, box.Dx(), box.Dy()})
	}
	if r.Different == 0 {
		return nil
	}
	marked, err := picture.Mark(s.pic, r)
	if err != nil {
		return err
	}
	c.Diff, _ = p.put(ctx, "image/png", marked, maxPNG)
	if c.Share > c.Limit {
		c.State = stateDifferent
		c.Why = fmt.Sprintf("%s of the picture differs, in %d places; up to %s may", percent(c.Share), len(r.Regions)+r.More, percent(c.Limit))
	}
	return nil
}

// percent writes a share: "0.3 %".
func percent(share float64) string {
	digits := 2
	if share >= 0.01 {
		digits = 1
	}
	return strconv.FormatFloat(100*share, 'f', digits, 64) + " %"
}

// tellPicture warns or fails the run.
func (p *play) tellPicture(i int, c *signal.Comparison) {
	class := ""
	switch c.State {
	case stateSame, stateNew:
		return
	case stateBlank:
		class = "blank"
	case stateDifferent:
		if p.req.Spec.Compare.Fail {
			class = "visual"
		}
	}
	if class == "" {
		p.warn("picture: " + c.Why)
		return
	}
	f := signal.Failure{Class: class, Message: c.Why, URL: p.page.URL()}
	p.pictures.causes = append(p.pictures.causes, cause{time.Now(), f})
}

// pictureKey names the picture of a step. The title's number among equal ones
// is part of it, not the step's: a step put in before it changes nothing.
func (p *play) pictureKey(i int, s *shot) signal.PictureKey {
	title := p.hide.text(p.journey.Steps[i].Title)
	n := 1
	for k, other := range p.journey.Steps[:i] {
		if p.compares(k) && p.hide.text(other.Title) == title {
			n++
		}
	}
	if n > 1 {
		title += " #" + strconv.Itoa(n)
	}
	l, b := p.req.Look, p.browser.Binary
	return signal.PictureKey{
		Product: l.Product, Journey: l.Name, Step: title,
		Browser:  fmt.Sprintf("%s %s", b.Kind, b.Version),
		Viewport: fmt.Sprintf("%dx%d@%s", s.width, s.height, strconv.FormatFloat(s.scale, 'f', -1, 64)),
	}
}

// shot is one picture of a page that stands still.
type shot struct {
	data          []byte
	pic           *picture.Picture
	width, height int // CSS pixels
	scale         float64
	text          int // letters that can be read on the page
	ignore        []image.Rectangle
	canvases      []image.Rectangle
	moving        bool
}

// framed is what freezeScript says of the page. Boxes are x, y, width, height
// in CSS pixels of the viewport.
type framed struct {
	Width    int          `json:"width"`
	Height   int          `json:"height"`
	Scale    float64      `json:"scale"`
	Text     int          `json:"text"`
	Canvases [][4]float64 `json:"canvases"`
}

// still takes pictures until two in a row are the same, with fonts loaded,
// animations at their end and the caret hidden; the page goes on as it was
// afterwards.
func (p *play) still(ctx context.Context, s journey.Step) (*shot, error) {
	main := p.page.MainFrame()
	var f framed
	if err := main.Apply(ctx, browser.Isolated, freezeScript, &f); err != nil {
		return nil, fmt.Errorf("hold the page still: %w", err)
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = main.Apply(after, browser.Isolated, thawScript, nil) // a page that went away needs none
	}()
	ignore, err := p.regions(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("find the regions to ignore: %w", err)
	}
	out := &shot{width: f.Width, height: f.Height, scale: f.Scale, text: f.Text}
	var before *picture.Picture
	for n := 0; ; n++ {
		data, err := p.capture(ctx, browser.ScreenshotOptions{PNG: true})
		if err != nil {
			return nil, err
		}
		if before != nil && bytes.Equal(data, out.data) {
			return out, nil
		}
		out.data = data
		if out.pic, err = picture.Decode(data); err != nil {
			return nil, err
		}
		if before == nil {
			out.ignore, out.canvases = f.boxes(ignore, out.pic), f.boxes(f.Canvases, out.pic)
		} else if r, err := picture.Compare(before, out.pic, picture.Options{Ignore: out.ignore}); err == nil && r.Different == 0 {
			return out, nil
		}
		before = out.pic
		if n == captures-1 {
			out.moving = true
			return out, nil
		}
		if err := pause(ctx, 80*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// boxes turns boxes of the page into ones of its picture, grown to whole pixels.
func (f framed) boxes(list [][4]float64, pic *picture.Picture) []image.Rectangle {
	scale := f.Scale
	if f.Width > 0 {
		scale = float64(pic.W) / float64(f.Width)
	}
	var out []image.Rectangle
	for _, b := range list {
		x, y := math.Floor(b[0]*scale), math.Floor(b[1]*scale)
		right, bottom := math.Ceil((b[0]+b[2])*scale), math.Ceil((b[1]+b[3])*scale)
		box := image.Rect(whole(x), whole(y), whole(right), whole(bottom)).Intersect(pic.Bounds())
		if !box.Empty() {
			out = append(out, box)
		}
	}
	return out
}

// whole bounds a page's number before it becomes one of ours.
func whole(v float64) int { return int(max(-1e6, min(v, 1e6))) }

// blank says what shows nothing: "page", "canvas" or "". The last good picture,
// if there is one, may show as little; without one, a page that can be read is
// not blank, however little ink it has.
func (s *shot) blank(base *picture.Picture) string {
	paint := s.paint(s.pic)
	expected := s.text == 0
	if base != nil {
		expected = !s.paint(base).Sparse()
	}
	if paint.Empty() || paint.Sparse() && expected {
		return "page"
	}
	for _, box := range s.canvases {
		inner := box.Inset(2)
		if !s.pic.Paint(inner, s.ignore).Empty() {
			continue
		}
		if base == nil || !base.Paint(inner, s.ignore).Empty() {
			return "canvas"
		}
	}
	return ""
}

// paint measures a whole picture, without the ignored regions unless hardly
// anything else is left.
func (s *shot) paint(pic *picture.Picture) picture.Paint {
	out := pic.Paint(pic.Bounds(), s.ignore)
	if out.Pixels*5 < 4*pic.W*pic.H {
		return pic.Paint(pic.Bounds(), nil)
	}
	return out
}

// why explains what is blank.
func (s *shot) why(what string) string {
	if what == "canvas" {
		return "a canvas or video on the page is one plain colour: nothing is painted in it"
	}
	if !s.paint(s.pic).Empty() {
		return "the page shows next to nothing"
	}
	return "the page is one plain colour: nothing is painted on it"
}

// regions finds what is not compared: the journey's own regions, through every
// shadow root, and the step's.
func (p *play) regions(ctx context.Context, s journey.Step) ([][4]float64, error) {
	look := journey.Step{Type: s.Type, Selectors: slices.Clone(s.Ignore)}
	for _, css := range p.req.Spec.Compare.Ignore {
		look.Selectors = append(look.Selectors, journey.Selector{{Language: journey.Pierce, Value: css}})
	}
	if len(look.Selectors) == 0 {
		return nil, nil
	}
	var got struct {
		Boxes   [][4]float64 `json:"boxes"`
		Invalid []string     `json:"invalid"`
	}
	_, err := p.once(ctx, look, func(f *browser.Frame, sp spec, objects []any) (answer, error) {
		return answer{}, p.engine.call(ctx, f, "regions", &got, append([]any{sp}, objects...)...)
	}, &spec{Count: maxIgnored})
	for _, bad := range got.Invalid {
		p.warn("a region to ignore could not be looked for: " + clip(bad, 200))
	}
	return got.Boxes, err
}
