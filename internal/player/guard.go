package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

const (
	glance = 50 * time.Millisecond
	// grace lets a page that has failed paint, and show more of the cause.
	grace = 400 * time.Millisecond
	// settle is how long requests that the last step caused may still take.
	settle = 700 * time.Millisecond
	// maxBytes is what one run may receive, decoded.
	maxBytes = 128 << 20
)

// record is what is known of a step besides the page's telemetry.
type record struct {
	begin, end time.Time
	outcome    signal.Outcome
	message    string
	screenshot string
	lines      []signal.Line
	selector   *signal.Selector // health of the alternatives, when there were several
	url        string           // of the page, after the step
	over       bool             // it took longer than its budget
	soft       *cause           // why it failed, and the run went on
}

// steps plays the journey until it ends, fails or has to stop.
func (p *play) steps(ctx context.Context, until time.Time) {
	work, cancel := context.WithDeadlineCause(ctx, until, errDeadline)
	defer cancel()
	work, stop := context.WithCancelCause(work)
	guarded := make(chan struct{})
	go func() {
		defer close(guarded)
		p.guard(work, stop)
	}()
	for i, s := range p.journey.Steps[:p.cleanupAt] {
		p.step = i
		p.playStep(work, s)
		if p.err == nil {
			p.err = pause(work, p.req.Slow)
			p.cause = context.Cause(work)
		}
		if p.err != nil && !p.goOn() {
			break
		}
	}
	if p.err == nil {
		p.settle(work)
	}
	stop(nil)
	<-guarded
	p.develop(ctx)
}

// playStep plays one step and notes how it went.
func (p *play) playStep(ctx context.Context, s journey.Step) {
	r := &p.records[p.step]
	r.begin = time.Now()
	if p.req.Progress != nil {
		p.req.Progress(p.step+1, p.hide.text(s.Title))
	}
	p.err = p.carryOut(ctx, s)
	r.end = time.Now()
	p.cause = context.Cause(ctx)
	p.turnBack()
	r.url = p.page.URL()
	if took := r.end.Sub(r.begin); s.Budget > 0 && took > s.Budget {
		r.over = true
		p.late++
		p.warn(fmt.Sprintf("took %s, over its budget of %s", took.Round(time.Millisecond), s.Budget))
	}
	if p.err != nil {
		return
	}
	r.outcome = signal.Pass
	if s.Asserts() {
		p.asserted++
	}
	p.shoot(ctx, p.step)
	p.comparePicture(ctx, p.step)
	p.readMeta(ctx)
}

// goOn reports whether the failure of a soft step is told only, so far: what it
// asserts was not so. What stops every step stops this one's run too.
func (p *play) goOn() bool {
	s := p.journey.Steps[p.step]
	if !s.Soft || p.cause != nil || errors.Is(p.err, browser.ErrCrashed) || errors.Is(p.err, browser.ErrClosed) {
		return false
	}
	own := p.stepCause()
	if own == nil {
		return false
	}
	r := &p.records[p.step]
	r.outcome, r.message, r.soft = signal.Fail, own.Message, own
	p.soft++
	p.asserted++
	p.err = nil
	return true
}

// cleanup plays the steps that always run. What fails here does not fail the
// run: it is counted as left behind.
func (p *play) cleanup(ctx context.Context) {
	steps := p.journey.Steps[p.cleanupAt:]
	if len(steps) == 0 {
		return
	}
	limit, cancel := context.WithTimeoutCause(ctx, cleanupTime(p.req.Timeout), errDeadline)
	defer cancel()
	err, cause, at, ours := p.err, p.cause, p.step, p.ours
	failed := 0
	for i, s := range steps {
		p.step = p.cleanupAt + i
		r := &p.records[p.step]
		if why, ok := p.needless(s); ok {
			r.message = why
			continue
		}
		p.playStep(limit, s)
		if p.err != nil {
			failed++
			r.outcome, r.message = signal.Fail, clip(p.err.Error(), maxText)
		}
	}
	p.develop(ctx)
	p.err, p.cause, p.step, p.ours = err, cause, at, ours
	if failed > 0 {
		if p.left == nil {
			p.left = new(int)
		}
		*p.left += failed
	}
}

// cleanupTime is the share of a run's time that is kept for its clean-up.
func cleanupTime(all time.Duration) time.Duration { return min(all/4, 20*time.Second) }

// guard ends the steps soon after the page has failed, so that nothing waits
// for what cannot come any more.
func (p *play) guard(ctx context.Context, stop context.CancelCauseFunc) {
	for pause(ctx, glance) == nil {
		if p.bytes.over() {
			stop(errStop)
			return
		}
		if len(p.causes(p.main.Since(browser.Mark{}))) > 0 {
			_ = pause(ctx, grace)
			stop(errStop)
			return
		}
	}
}

// settle waits, within bounds, for the requests the last step caused.
func (p *play) settle(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	for pause(limit, glance) == nil && p.main.Sync(limit) == nil {
		busy := slices.ContainsFunc(p.main.Since(browser.Mark{}).Requests, func(q browser.Request) bool {
			return !q.Finished && p.first[journey.OriginOf(q.URL)] && essential(q.Type)
		})
		if !busy {
			return
		}
	}
}

// readMeta notes the version in the document, for products that publish it there.
func (p *play) readMeta(ctx context.Context) {
	v := p.req.Version
	if v.Kind != product.VersionMeta || !p.first[journey.OriginOf(p.page.URL())] {
		return
	}
	limit, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var version string
	if err := p.page.MainFrame().Apply(limit, browser.Isolated, metaScript, &version, v.Name); err == nil && version != "" {
		p.versions[version] = true
	}
}

// readHeaders notes the versions that the first-party documents came with.
func (p *play) readHeaders() {
	v := p.req.Version
	if v.Kind != product.VersionHeader {
		return
	}
	for _, q := range p.seen.Requests {
		if q.TopLevel && q.Redirect == "" && p.first[journey.OriginOf(q.URL)] {
			for _, version := range q.Header { // only this header is kept
				p.versions[version] = true
			}
		}
	}
}

// note puts a line of ours on the step being played.
func (p *play) note(level, text string) {
	r := &p.records[p.step]
	if len(r.lines) >= maxLines {
		p.dropped++
		return
	}
	r.lines = append(r.lines, signal.Line{Level: level, Text: text})
}

func (p *play) warn(text string) { p.note("warning", text) }

// meter counts what the page receives, decoded, so that neither an endless page
// nor a small archive of a huge one fills the machine.
type meter struct{ n atomic.Int64 }

func (m *meter) watch(page *browser.Page) {
	page.On("Network.dataReceived", func(raw json.RawMessage) {
		var e struct {
			Length int64 `json:"dataLength"`
		}
		if json.Unmarshal(raw, &e) == nil {
			m.n.Add(e.Length)
		}
	})
}

func (m *meter) over() bool { return m.n.Load() > maxBytes }

// incomplete reports that a failure may be missing from the record.
func (p *play) incomplete() bool {
	d := p.seen.Dropped
	return d.Requests > 0 || d.Exceptions > 0 || d.Events > 0
}

// stopped reports whether err is only the echo of our own stop.
func stopped(err, cause error) bool {
	return errors.Is(cause, errStop) || errors.Is(err, errStop)
}
