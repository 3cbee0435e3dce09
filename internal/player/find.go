package player

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
)

// target is an element that is ready to be acted upon; the element itself waits
// in our world of its frame.
type target struct {
	X, Y  float64 // in the page's viewport
	frame *browser.Frame
	answer
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

// spec is what the engine is told; see engine/poll.js.
type spec struct {
	Action       journey.StepType `json:"action"`
	Alternatives []alternative    `json:"alternatives"`
	Needs        needs            `json:"needs"`
	Offset       *offset          `json:"offset"`
	Value        string           `json:"value"`
	Options      []string         `json:"options,omitempty"`
	Strict       bool             `json:"strict"`
	Now          bool             `json:"now"`       // fields are filled in within the look that finds them ready
	Watch        float64          `json:"watch"`     // milliseconds for which the pointer is watched; 0: not at all
	Health       bool             `json:"health"`    // tell how the alternatives do
	Attribute    string           `json:"attribute"` // of test ids
	Budget       float64          `json:"budget"`    // milliseconds
	Turn         int              `json:"turn"`      // ways to scroll that were tried
	Looks        int              `json:"looks"`     // how often was looked

	// Of waitForElement.
	Operator   string            `json:"operator,omitempty"`
	Count      int               `json:"count"`
	Visible    bool              `json:"visible"`
	Properties map[string]any    `json:"properties,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`

	// Of see and notSee.
	Not    bool    `json:"not"`
	Expect *wanted `json:"expect,omitempty"`

	until   time.Time // the end of the step
	outside bool      // Chromium is asked for accessible names, too
	only    bool      // and it alone
}

// alternative is one selector: parts for the engine, elements found already, or
// both, of which the engine's come first.
type alternative struct {
	Parts []journey.Part `json:"parts,omitempty"`
	From  int            `json:"from"`
	Count int            `json:"count"`
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

// answer is what the engine says.
type answer struct {
	OK          bool    `json:"ok"`
	X           float64 `json:"x"` // in the frame's viewport
	Y           float64 `json:"y"`
	Kind        string  `json:"kind"` // of a field: text, select, value
	Password    bool    `json:"password"`
	Done        bool    `json:"done"` // nothing is left to do
	Malformed   bool    `json:"malformed"`
	Had         int     `json:"had"` // UTF-16 units that are there already
	Focused     bool    `json:"focused"`
	State       string  `json:"state"`
	Alternative int     `json:"alternative"`
	Alive       int     `json:"alive"`
	Same        int     `json:"same"`
	Better      string  `json:"better"`
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

func needsOf(t journey.StepType) needs {
	switch t {
	case journey.Click, journey.DoubleClick, journey.Check, journey.Uncheck:
		return needs{Visible: true, Stable: true, Enabled: true, Events: true}
	case journey.Hover:
		return needs{Visible: true, Stable: true, Events: true}
	case journey.Change, journey.Select:
		return needs{Visible: true, Stable: true, Enabled: true, Editable: true}
	default:
		return needs{}
	}
}

// overtime is how long the engine watches for a pointer that never comes.
const overtime = 5 * time.Second

// specOf is what the engine is told for an action.
func (p *play) specOf(s journey.Step) spec {
	sp := spec{
		Action: s.Type, Needs: needsOf(s.Type), Value: s.Value, Options: s.Options, Strict: s.Strict,
		Now: len(s.Asserted) == 0, Health: len(s.Selectors) > 1, Attribute: p.journey.Attribute,
	}
	if (s.Type == journey.Click || s.Type == journey.DoubleClick) && !s.Pointer.Centre {
		sp.Offset = &offset{s.Pointer.OffsetX, s.Pointer.OffsetY}
	}
	if sp.Needs.Events {
		sp.Watch = float64((s.Pointer.Hold*2 + overtime).Milliseconds())
	}
	return sp
}

// seek waits until one of the step's selectors finds an element that is ready,
// and goes on with a history of what was missing.
func (p *play) seek(ctx context.Context, s journey.Step, h *history, sp *spec) (target, error) {
	var t target
	err := p.poll(ctx, s, h, func(f *browser.Frame, sp spec, objects []any) (answer, error) {
		var a answer
		if err := p.engine.call(ctx, f, "poll", &a, append([]any{sp}, objects...)...); err != nil || !a.OK {
			return a, err
		}
		t = target{X: a.X, Y: a.Y, frame: f, answer: a}
		if !sp.Needs.Visible || a.Done {
			return a, nil
		}
		at, err := p.place(ctx, f, a.X, a.Y, sp.Needs.Events)
		if err != nil || at.over.State != "" {
			a.OK = false
			a.Turn++
			a.States = append(a.States, state{State: "its frame is " + at.over.State, Covered: at.over.Covered})
			return a, err
		}
		t.X, t.Y = at.x, at.y
		return a, nil
	}, sp)
	return t, err
}

// waitElement waits for a waitForElement's condition.
func (p *play) waitElement(ctx context.Context, s journey.Step) error {
	e := s.Element
	sp := spec{Operator: e.Operator, Count: e.Count, Visible: e.Visible, Properties: e.Properties, Attributes: e.Attributes}
	// How many there are, or that there is none, only Chromium's own tree proves.
	sp.only = !e.Visible || e.Operator != ">=" || e.Count > 1
	world := worldOf(s)
	err := p.poll(ctx, s, newHistory(), func(f *browser.Frame, sp spec, objects []any) (answer, error) {
		var a answer
		args := append([]any{sp}, objects...)
		if world == browser.Main {
			return a, p.engine.once(ctx, f, "count", &a, args...)
		}
		err := p.engine.call(ctx, f, "count", &a, args...)
		return a, err
	}, &sp)
	if w, ok := errors.AsType[*waitError](err); ok {
		w.assertion = true
	}
	return err
}

// worldOf is where a step's elements are looked at: properties that the page
// itself has set are seen in its own world only.
func worldOf(s journey.Step) browser.World {
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

// sliceOf is how long one look waits inside the page. Where Chromium is asked
// for accessible names from outside, before each look, it is short.
func sliceOf(s journey.Step, sp *spec) time.Duration {
	switch {
	case !hasARIA(s.Selectors):
		return time.Second
	case sp.only:
		return 200 * time.Millisecond
	}
	return 500 * time.Millisecond
}

// poll runs look until it answers OK or ctx ends. Each look waits inside the
// page; between two of them everything is resolved anew, so that a navigation
// or a redrawn element costs nothing but time.
func (p *play) poll(ctx context.Context, s journey.Step, h *history, look func(*browser.Frame, spec, []any) (answer, error), sp *spec) error {
	sp.until, _ = ctx.Deadline()
	for {
		if ctx.Err() != nil {
			return p.timedOut(ctx, h)
		}
		begin := time.Now()
		late, cancel := lateOf(ctx)
		a, err := p.once(late, s, look, sp)
		cancel()
		switch {
		case ctx.Err() != nil && err != nil:
			if len(h.states) == 0 || time.Since(begin) > sliceOf(s, sp)+silence {
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
		sp.Looks = max(sp.Looks+1, 5)
		sp.outside = true // the engine did not find it: ask Chromium too
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return p.timedOut(ctx, h)
		}
	}
}

// lateOf is ctx with a moment more: what the last look saw is worth that wait.
func lateOf(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancel(context.Cause(ctx))
			return
		}
		time.AfterFunc(silence, func() { cancel(context.Cause(ctx)) })
	})
	return late, func() { stop(); cancel(nil) }
}

func lostState(err error) string {
	if errors.Is(err, errNoFrame) {
		return err.Error()
	}
	return "the page was navigating"
}

// once makes one look.
func (p *play) once(ctx context.Context, s journey.Step, look func(*browser.Frame, spec, []any) (answer, error), sp *spec) (answer, error) {
	f, err := p.frame(ctx, s.Frame)
	if err != nil {
		return answer{}, err
	}
	alternatives, objects, err := p.resolve(ctx, f, s, sp)
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
	slice := sliceOf(s, sp)
	if !sp.until.IsZero() {
		slice = max(0, min(slice, time.Until(sp.until)-margin))
	}
	one.Budget = float64(slice.Milliseconds())
	return look(f, one, objects)
}

// timedOut explains why the wait ended.
func (p *play) timedOut(ctx context.Context, h *history) error {
	return &waitError{why: h.String(), covered: h.covered(), err: context.Cause(ctx)}
}

// won records which alternative acted and how the others do.
func (p *play) won(s journey.Step, a answer) {
	if len(s.Selectors) < 2 {
		return
	}
	i := min(a.Alternative, len(s.Selectors)-1)
	used := s.Selectors[i]
	p.records[p.step].selector = &signal.Selector{
		Used: used.String(), Index: i, Alive: a.Alive, Same: a.Same, Of: len(s.Selectors), Better: a.Better,
	}
	if a.Alive < len(s.Selectors) {
		p.note("info", fmt.Sprintf("used selector %s; %d of %d selectors still find an element", clip(used.String(), 200), a.Alive, len(s.Selectors)))
	}
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
