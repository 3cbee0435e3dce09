package recorder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Action is what a person did, as the page tells it.
type Action struct {
	Type      string     `json:"type"`
	Selectors [][]string `json:"selectors"`
	OffsetX   float64    `json:"offsetX"`
	OffsetY   float64    `json:"offsetY"`
	Button    string     `json:"button"`
	Duration  float64    `json:"duration"` // ms between press and release
	Value     string     `json:"value"`
	Password  bool       `json:"password"`
	Key       string     `json:"key"`
	X         float64    `json:"x"`
	Y         float64    `json:"y"`
}

// step is a step as the Recorder panel writes it.
type step struct {
	Type      string     `json:"type"`
	Target    string     `json:"target,omitempty"`
	Frame     []int      `json:"frame,omitempty"`
	Selectors [][]string `json:"selectors,omitempty"`
	URL       string     `json:"url,omitempty"`
	Value     *string    `json:"value,omitempty"`
	Key       string     `json:"key,omitempty"`
	OffsetX   *float64   `json:"offsetX,omitempty"`
	OffsetY   *float64   `json:"offsetY,omitempty"`
	Button    string     `json:"button,omitempty"`
	Duration  float64    `json:"duration,omitempty"`
	X         *float64   `json:"x,omitempty"`
	Y         *float64   `json:"y,omitempty"`
	Width     int        `json:"width,omitempty"`
	Height    int        `json:"height,omitempty"`
	Scale     float64    `json:"deviceScaleFactor,omitempty"`
	Mobile    *bool      `json:"isMobile,omitempty"`
	Touch     *bool      `json:"hasTouch,omitempty"`
	Landscape *bool      `json:"isLandscape,omitempty"`
	Asserted  []asserted `json:"assertedEvents,omitempty"`

	at time.Time
}

type asserted struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Title string `json:"title"`
}

// caused is how soon after an action a navigation counts as its effect.
const caused = 3 * time.Second

// maxSteps bounds a recording.
const maxSteps = 500

// script is a recording in the making.
type script struct {
	title string
	steps []step
	// opened is whether the first page has been navigated to.
	opened bool
	// typed are the passwords that were typed, each as it grew.
	typed []string
}

// password stands in a recording for what was typed into a password field.
const password = "{{secret.password}}"

func newScript(title string, width, height int) *script {
	no := false
	return &script{title: title, steps: []step{{
		Type: "setViewport", Width: width, Height: height, Scale: 1, Mobile: &no, Touch: &no, Landscape: &no,
	}}}
}

// act adds what a person did in a page ("main", or another page's URL) and
// returns whether it is a step of its own.
func (s *script) act(a Action, target string, frame []int, at time.Time) bool {
	if len(s.steps) >= maxSteps {
		return false
	}
	n := step{Type: a.Type, Target: target, Frame: frame, Selectors: a.Selectors, at: at}
	last := &s.steps[len(s.steps)-1]
	same := func(kind string) bool {
		return last.Type == kind && last.Target == target && slices.Equal(last.Frame, frame)
	}
	aimed := len(a.Selectors) > 0 && len(last.Selectors) > 0 && slices.EqualFunc(a.Selectors, last.Selectors, slices.Equal)
	switch a.Type {
	case "click":
		n.OffsetX, n.OffsetY, n.Button, n.Duration = &a.OffsetX, &a.OffsetY, a.Button, a.Duration
		if len(a.Selectors) == 0 {
			return false
		}
	case "doubleClick": // its two clicks were told before it
		for len(s.steps) > 1 && same("click") && aimed {
			n.OffsetX, n.OffsetY = last.OffsetX, last.OffsetY
			n.Asserted = append(n.Asserted, last.Asserted...)
			s.steps = s.steps[:len(s.steps)-1]
			last = &s.steps[len(s.steps)-1]
			aimed = slices.EqualFunc(a.Selectors, last.Selectors, slices.Equal)
		}
		if n.OffsetX == nil {
			return false
		}
	case "change":
		if a.Password {
			if len(a.Value) > 2 {
				s.typed = append(s.typed, a.Value)
			}
			a.Value = password
		}
		n.Value = &a.Value
		if same("change") && aimed {
			last.Value, last.at = &a.Value, at
			return false
		}
	case "keyDown", "keyUp":
		n.Key, n.Frame, n.Selectors = a.Key, nil, nil
	case "scroll":
		n.X, n.Y = &a.X, &a.Y
		if same("scroll") {
			last.X, last.Y, last.at = &a.X, &a.Y, at
			return false
		}
	default:
		return false
	}
	s.steps = append(s.steps, n)
	return true
}

// navigated adds what the main page's navigation was: the effect of the last
// action, or one that the person asked for.
func (s *script) navigated(address, title string, at time.Time) bool {
	event := asserted{Type: "navigation", URL: s.hide(address), Title: s.hide(title)}
	last := &s.steps[len(s.steps)-1]
	if s.opened && last.Type != "setViewport" && at.Sub(last.at) < caused {
		if len(last.Asserted) > 0 { // a redirect by script: the last one counts
			last.Asserted[len(last.Asserted)-1] = event
		} else {
			last.Asserted = []asserted{event}
		}
		last.at = at
		return false
	}
	if len(s.steps) >= maxSteps {
		return false
	}
	s.opened = true
	s.steps = append(s.steps, step{Type: "navigate", Target: "main", URL: event.URL, Asserted: []asserted{event}, at: at})
	return true
}

// hide takes typed passwords out of what a page made of them, as a form that
// sends them in its address does.
func (s *script) hide(text string) string {
	for _, typed := range slices.Backward(s.typed) { // the whole before its parts
		for _, form := range []string{typed, url.QueryEscape(typed), url.PathEscape(typed)} {
			text = strings.ReplaceAll(text, form, password)
		}
	}
	return text
}

// encode writes the recording as the Recorder panel exports it.
func (s *script) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	whole := struct {
		Title string `json:"title"`
		Steps []step `json:"steps"`
	}{s.title, s.steps}
	if err := e.Encode(whole); err != nil {
		return nil, fmt.Errorf("encode recording: %w", err)
	}
	return b.Bytes(), nil
}

// describe says a step in a few words; never a typed value.
func (s step) describe() string {
	aim := ""
	if len(s.Selectors) > 0 {
		aim = " " + s.Selectors[0][len(s.Selectors[0])-1]
	}
	switch s.Type {
	case "navigate":
		return "open " + s.URL
	case "keyDown", "keyUp":
		return s.Type + " " + s.Key
	}
	return s.Type + aim
}
