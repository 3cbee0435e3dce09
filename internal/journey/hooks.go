package journey

import (
	"context"
	"time"
)

// expand fills in the variables of a templated step.
func (p *play) expand(s Step) (Step, error) { return s, nil }

// callAPI carries out an api step.
func (p *play) callAPI(context.Context, Step) error {
	return &recordingError{"api steps cannot be played yet"}
}

// fetchCode carries out a code step.
func (p *play) fetchCode(context.Context, Step) error {
	return &recordingError{"code steps cannot be played yet"}
}

// see waits until what a see step wants is seen.
func (p *play) see(ctx context.Context, s Step) error {
	s.Element = Element{Operator: ">=", Count: 1, Visible: true}
	return p.waitElement(ctx, s)
}

// notSee waits until nothing that is seen matches.
func (p *play) notSee(ctx context.Context, s Step) error {
	s.Element = Element{Operator: ">=", Count: 1}
	return p.waitElement(ctx, s)
}

// slow waits between two steps for somebody who watches.
func (p *play) slow(ctx context.Context, d time.Duration) error { return pause(ctx, d) }
