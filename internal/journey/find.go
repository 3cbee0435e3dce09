package journey

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
)

// target is an element that is ready to be acted upon; the element itself waits
// in our world of its frame.
type target struct {
	X, Y     float64 // in the page's viewport
	Kind     string  // of a field: text, select, value
	Password bool
	frame    *browser.Frame
}

// waitError says what was missing when, after a time-out.
type waitError struct {
	why       string
	covered   bool
	assertion bool // a wait step: what the page shows is not what it should
	err       error
}

func (e *waitError) Error() string { return e.why }
func (e *waitError) Unwrap() error { return e.err }

// spec is what the scripts are told; see script.go.
type spec struct {
	Alternatives []alternative     `json:"alternatives"`
	Needs        needs             `json:"needs"`
	Offset       *offset           `json:"offset"`
	Value        string            `json:"value"`
	Budget       float64           `json:"budget"`
	Turn         int               `json:"turn"`
	Operator     string            `json:"operator"`
	Count        int               `json:"count"`
	Visible      bool              `json:"visible"`
	Properties   map[string]any    `json:"properties"`
	Attributes   map[string]string `json:"attributes"`
}

// alternative is one selector: parts for the script, or elements found already.
type alternative struct {
	Parts []Part `json:"parts,omitempty"`
	From  int    `json:"from"`
	Count *int   `json:"count,omitempty"`
}

// needs are the preconditions of an action.
type needs struct {
	Visible  bool `json:"visible"`
	Stable   bool `json:"stable"`
	Enabled  bool `json:"enabled"`
	Editable bool `json:"editable"`
	Events   bool `json:"events"`
}

type offset struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// answer is what the scripts say.
type answer struct {
	OK          bool    `json:"ok"`
	X           float64 `json:"x"`
	Y           float64 `json:"y"`
	Kind        string  `json:"kind"`
	Password    bool    `json:"password"`
	Alternative int     `json:"alternative"`
	Alive       int     `json:"alive"`
	Turn        int     `json:"turn"`
	Fatal       string  `json:"fatal"`
	Invalid     string  `json:"invalid"`
	States      []state `json:"states"`
}

// state is a missing precondition, from At milliseconds on.
type state struct {
	At      float64 `json:"at"`
	State   string  `json:"state"`
	Covered bool    `json:"covered"`
}

func needsOf(t StepType) needs {
	switch t {
	case Click, DoubleClick:
		return needs{Visible: true, Stable: true, Enabled: true, Events: true}
	case Hover:
		return needs{Visible: true, Stable: true, Events: true}
	case Change:
		return needs{Visible: true, Stable: true, Enabled: true, Editable: true}
	default:
		return needs{}
	}
}

// find waits until one of the step's selectors finds an element that is ready.
func (p *play) find(ctx context.Context, s Step) (target, error) {
	sp := spec{Needs: needsOf(s.Type), Value: s.Value}
	if (s.Type == Click || s.Type == DoubleClick) && !s.Pointer.Centre {
		sp.Offset = &offset{s.Pointer.OffsetX, s.Pointer.OffsetY}
	}
	h := newHistory()
	var t target
	err := p.poll(ctx, s, h, func(f *browser.Frame, sp spec, objects []any) (answer, error) {
		var a answer
		if err := f.Apply(ctx, browser.Isolated, pollScript, &a, append([]any{sp}, objects...)...); err != nil || !a.OK {
			return a, err
		}
		x, y, over, err := p.place(ctx, f, a, sp.Needs.Events)
		if err != nil || over != "" {
			a.OK = false
			a.Turn++
			a.States = append(a.States, state{State: "its frame is " + over, Covered: strings.HasPrefix(over, "covered")})
			return a, err
		}
		t = target{X: x, Y: y, Kind: a.Kind, Password: a.Password, frame: f}
		return a, nil
	}, &sp)
	return t, err
}

// waitElement waits for a waitForElement's condition.
func (p *play) waitElement(ctx context.Context, s Step) error {
	e := s.Element
	sp := spec{Operator: e.Operator, Count: e.Count, Visible: e.Visible, Properties: e.Properties, Attributes: e.Attributes}
	if sp.Properties == nil {
		sp.Properties = map[string]any{}
	}
	if sp.Attributes == nil {
		sp.Attributes = map[string]string{}
	}
	world := worldOf(s)
	err := p.poll(ctx, s, newHistory(), func(f *browser.Frame, sp spec, objects []any) (answer, error) {
		var a answer
		err := f.Apply(ctx, world, countScript, &a, append([]any{sp}, objects...)...)
		return a, err
	}, &sp)
	if w, ok := errors.AsType[*waitError](err); ok {
		w.assertion = true
	}
	return err
}

// worldOf is where a step's elements are looked at: properties that the page
// itself has set are seen in its own world only.
func worldOf(s Step) browser.World {
	if len(s.Element.Properties) > 0 {
		return browser.Main
	}
	return browser.Isolated
}

const (
	// margin is kept of a step's time to hear what the last look in the page saw.
	margin = 100 * time.Millisecond
	// silence is how late a look may be before the page counts as stuck.
	silence = 300 * time.Millisecond
)

// sliceOf is how long one look waits inside the page; accessible names are
// asked for from outside, before each look.
func sliceOf(s Step) time.Duration {
	if hasARIA(s.Selectors) {
		return 200 * time.Millisecond
	}
	return time.Second
}

// poll runs look until it answers OK or ctx ends. Each look waits inside the
// page; between two of them everything is resolved anew, so that a navigation
// or a redrawn element costs nothing but time.
func (p *play) poll(ctx context.Context, s Step, h *history, look func(*browser.Frame, spec, []any) (answer, error), sp *spec) error {
	for {
		if ctx.Err() != nil {
			return p.timedOut(ctx, h)
		}
		begin := time.Now()
		a, err := p.once(ctx, s, look, sp)
		switch {
		case ctx.Err() != nil && err != nil:
			if len(h.states) == 0 || time.Since(begin) > sliceOf(s)+silence {
				h.add(state{State: "the page does not answer"}, begin)
			}
			return p.timedOut(ctx, h)
		case errors.Is(err, browser.ErrContextLost), errors.Is(err, errNoFrame):
			h.add(state{State: lostState(err)}, begin)
		case err != nil:
			return err
		case a.OK:
			p.won(s, a)
			return nil
		case a.Fatal != "":
			return &assertionError{a.Fatal}
		case a.Invalid != "":
			return &recordingError{"no selector of the step is valid: " + clip(a.Invalid, 300)}
		}
		for _, st := range a.States {
			h.add(st, begin)
		}
		sp.Turn = a.Turn
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return p.timedOut(ctx, h)
		}
	}
}

func lostState(err error) string {
	if errors.Is(err, errNoFrame) {
		return err.Error()
	}
	return "the page was navigating"
}

// once makes one look.
func (p *play) once(ctx context.Context, s Step, look func(*browser.Frame, spec, []any) (answer, error), sp *spec) (answer, error) {
	f, err := p.frame(ctx, s.Frame)
	if err != nil {
		return answer{}, err
	}
	alternatives, objects, err := p.resolve(ctx, f, s)
	defer func() {
		for _, o := range objects {
			o.(*browser.Object).Release()
		}
	}()
	if err != nil {
		return answer{}, err
	}
	one := *sp
	one.Alternatives = alternatives
	slice := sliceOf(s)
	if end, ok := ctx.Deadline(); ok {
		slice = max(0, min(slice, time.Until(end)-margin))
	}
	one.Budget = float64(slice.Milliseconds())
	return look(f, one, objects)
}

// timedOut explains why the wait ended.
func (p *play) timedOut(ctx context.Context, h *history) error {
	return &waitError{why: h.String(), covered: h.covered(), err: context.Cause(ctx)}
}

// won records which alternative acted and how many still find something.
func (p *play) won(s Step, a answer) {
	if len(s.Selectors) < 2 || a.Alive == len(s.Selectors) {
		return
	}
	used := s.Selectors[min(a.Alternative, len(s.Selectors)-1)]
	p.note("info", fmt.Sprintf("used selector %s; %d of %d selectors still find an element", clip(used.String(), 200), a.Alive, len(s.Selectors)))
}

// place turns a point in a frame into one of the page, and tells what lies over
// the frame.
func (p *play) place(ctx context.Context, f *browser.Frame, a answer, events bool) (x, y float64, over string, err error) {
	if f.Parent() == nil {
		return a.X, a.Y, "", nil
	}
	ox, oy, err := f.Offset(ctx)
	if err != nil {
		return 0, 0, "", errors.Join(browser.ErrContextLost, err)
	}
	x, y = a.X+ox, a.Y+oy
	for up := f.Parent(); up != nil && events; up = up.Parent() {
		ux, uy, err := up.Offset(ctx)
		if err != nil {
			return 0, 0, "", errors.Join(browser.ErrContextLost, err)
		}
		if err := up.Apply(ctx, browser.Isolated, ownerScript, &over, x-ux, y-uy); err != nil || over != "" {
			return 0, 0, over, err
		}
	}
	return x, y, "", nil
}

// history is what was missing when.
type history struct {
	begin  time.Time
	states []moment
}

type moment struct {
	from time.Duration
	state
}

const maxMoments = 12

func newHistory() *history { return &history{begin: time.Now()} }

func (h *history) add(s state, sliceBegin time.Time) {
	if n := len(h.states); n > 0 && h.states[n-1].State == s.State {
		return
	}
	from := sliceBegin.Sub(h.begin) + time.Duration(s.At*float64(time.Millisecond))
	h.states = append(h.states, moment{from: from, state: s})
	if len(h.states) > maxMoments { // keep how it began and how it ended
		h.states = append(h.states[:maxMoments/2], h.states[len(h.states)-maxMoments/2:]...)
	}
}

func (h *history) covered() bool {
	return len(h.states) > 0 && h.states[len(h.states)-1].Covered
}

// String is like "not found 0–1.2 s; covered by <div> from 1.2 s".
func (h *history) String() string {
	if len(h.states) == 0 {
		return "not found"
	}
	out := make([]string, len(h.states))
	for i, m := range h.states {
		if i+1 < len(h.states) {
			out[i] = fmt.Sprintf("%s %s–%s s", m.State, tenth(m.from), tenth(h.states[i+1].from))
		} else if i == 0 {
			out[i] = fmt.Sprintf("%s for %s s", m.State, tenth(time.Since(h.begin)))
		} else {
			out[i] = fmt.Sprintf("%s from %s s", m.State, tenth(m.from))
		}
	}
	return strings.Join(out, "; ")
}

func tenth(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
