package player

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/postflight/postflight/internal/browser"
)

// attend makes the step's target the page that is played on: the run's own, or
// the page or frame with exactly that address, for which it waits.
func (p *play) attend(ctx context.Context, address string) error {
	t, err := p.main.Target(ctx, address)
	if err != nil {
		p.page, p.root = p.main, p.main.MainFrame()
		if ctx.Err() == nil {
			return err
		}
		return &waitError{why: p.absent(address), err: context.Cause(ctx)}
	}
	p.page, p.root = t.Page, t.Frame
	return nil
}

// absent says what is open instead.
func (p *play) absent(address string) string {
	var open []string
	for _, page := range p.main.Pages() {
		open = append(open, clip(page.URL(), 120))
		if len(open) == 5 {
			break
		}
	}
	return fmt.Sprintf("no page or frame has the address %s; open: %s", clip(address, 200), strings.Join(open, ", "))
}

// errNoFrame is a frame of the recording that is not there.
var errNoFrame = errors.New("frame not found")

// frame follows a path of child indexes from the step's target.
func (p *play) frame(_ context.Context, path []int) (*browser.Frame, error) {
	f := p.root
	if f == nil {
		f = p.page.MainFrame()
	}
	for _, i := range path {
		kids := f.Children()
		if i >= len(kids) {
			return nil, fmt.Errorf("frame %v: %w", path, errNoFrame)
		}
		f = kids[i]
	}
	return f, nil
}

// turnBack turns from a page that has been closed: what follows looks at the run's own.
func (p *play) turnBack() {
	if p.page.Closed() && !p.main.Closed() {
		p.page, p.root = p.main, p.main.MainFrame()
	}
}
