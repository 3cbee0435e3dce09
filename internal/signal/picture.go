package signal

import (
	"slices"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// PictureKey names a picture that is compared from release to release. Two
// pictures are compared only if their whole keys are equal: another browser, or
// another version of it, paints otherwise without anything being wrong.
type PictureKey struct {
	Product  product.ID `json:"product"`
	Journey  string     `json:"journey"`
	Step     string     `json:"step"` // the step's title, numbered when there are several
	Browser  string     `json:"browser"`
	Viewport string     `json:"viewport"`
}

// Baseline is the picture of the last good release under a key. By is the
// person who accepted it, empty when its release was found healthy.
type Baseline struct {
	Key     PictureKey `json:"key"`
	Release release.ID `json:"release"`
	Blob    string     `json:"blob"`
	At      time.Time  `json:"at"`
	By      string     `json:"by,omitempty"`
}

// Candidates are the pictures that may become baselines if the release is found
// good: those of a passing run that met the version it was sent to, without
// the ones that show nothing.
func (s Signal) Candidates() []Baseline {
	if s.Kind != Journey || s.Outcome != Pass || s.Side == Old || s.Release == "" || s.Quarantined ||
		s.Expected != "" && s.Served != s.Expected {
		return nil
	}
	var out []Baseline
	for _, step := range s.Steps {
		if c := step.Compared; c != nil && c.Accepts() {
			out = append(out, Baseline{Key: c.Key, Release: s.Release, Blob: c.Picture, At: s.At})
		}
	}
	return out
}

// Pictured reports whether the run passed and has a picture that can become a
// baseline.
func (s Signal) Pictured() bool {
	return s.Kind == Journey && s.Outcome == Pass && slices.ContainsFunc(s.Steps, func(st Step) bool {
		return st.Compared != nil && st.Compared.Accepts()
	})
}

// Accepts reports whether the picture can become a baseline.
func (c Comparison) Accepts() bool {
	return c.Picture != "" && c.Blank == "" && !c.Moving && c.Key.Journey != "" && c.Key.Browser != ""
}
