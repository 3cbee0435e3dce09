package player

import (
	"context"
	"errors"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
)

// wanted is Expect as the engine reads it.
type wanted struct {
	Text    string `json:"text,omitempty"`
	Value   string `json:"value,omitempty"`
	Count   *int   `json:"count,omitempty"`
	Enabled *bool  `json:"enabled,omitempty"`
	Checked *bool  `json:"checked,omitempty"`
	URL     string `json:"url,omitempty"`
	Title   string `json:"title,omitempty"`
}

// see waits until what a see step wants is seen.
func (p *play) see(ctx context.Context, s journey.Step) error { return p.look(ctx, s, false) }

// notSee waits until nothing that is seen matches. That counts only when the
// document is complete, shows something at all, and nothing matched twice in a
// row: a page that is still empty proves nothing.
func (p *play) notSee(ctx context.Context, s journey.Step) error { return p.look(ctx, s, true) }

func (p *play) look(ctx context.Context, s journey.Step, not bool) error {
	w := wanted(s.Expect)
	sp := spec{
		Action: s.Type, Strict: s.Strict, Not: not, Expect: &w,
		Health: len(s.Selectors) > 1, Attribute: p.journey.Attribute,
	}
	err := p.poll(ctx, s, newHistory(), func(f *browser.Frame, sp spec, objects []any) (answer, error) {
		var a answer
		err := p.engine.call(ctx, f, "see", &a, append([]any{sp}, objects...)...)
		return a, err
	}, &sp)
	if w, ok := errors.AsType[*waitError](err); ok {
		w.assertion = true
	}
	return err
}
