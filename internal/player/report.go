package player

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
)

// Bounds of what one step keeps.
const (
	maxLines      = 50
	maxExceptions = 10
	maxRequests   = 20
	maxText       = 2 << 10
	maxPicture    = 4 << 20
	maxHTML       = 512 << 10
)

// put stores evidence; a store that cannot is our fault, and ends the run as
// broken.
func (p *play) put(ctx context.Context, mediaType string, data []byte, limit int64) (string, int64) {
	if p.ours != nil {
		return "", 0
	}
	key, size, err := p.o.Blobs.Put(ctx, mediaType, bytes.NewReader(data), limit)
	if err == nil {
		return key, size
	}
	if ctx.Err() == nil {
		p.ours = fmt.Errorf("keep evidence: %w", err)
	}
	return "", 0
}

// keep stores what shows the failure: the page as it looks now, all of it, its
// HTML, and what assistive technology is told of it.
func (p *play) keep(ctx context.Context) {
	if p.page.Crashed() {
		return
	}
	p.archive() // tells the secrets to hide
	step := &p.records[p.failure.Step-1]
	if picture, err := p.capture(ctx, browser.ScreenshotOptions{Quality: 70}); err == nil {
		if key, size := p.put(ctx, "image/jpeg", picture, maxPicture); key != "" {
			step.screenshot = key
			p.evidence = append(p.evidence, signal.Evidence{Kind: "screenshot", Title: "the page when it failed", Blob: key, Type: "image/jpeg", Size: size})
		}
	}
	if p.bytes.over() {
		return
	}
	p.keepTree(ctx)
	p.keepHTML(ctx)
	p.keepWhole(ctx)
}

// keepWhole stores a picture of the page down to its end, when that is not in
// sight.
func (p *play) keepWhole(ctx context.Context) {
	var beyond bool
	if p.page.MainFrame().Evaluate(ctx, browser.Isolated, "document.documentElement.scrollHeight > innerHeight + 8", &beyond) != nil || !beyond {
		return
	}
	picture, err := p.capture(ctx, browser.ScreenshotOptions{Quality: 60, FullPage: true})
	if err != nil {
		p.log.DebugContext(ctx, "take screenshot", "error", err)
		return
	}
	p.attach(ctx, signal.Evidence{Kind: "screenshot", Title: "the whole page when it failed", Type: "image/jpeg"}, picture, maxPicture)
}

func (p *play) keepHTML(ctx context.Context) {
	var shown struct {
		HTML string `json:"html"`
		Cut  bool   `json:"cut"`
	}
	if err := p.page.MainFrame().Apply(ctx, browser.Isolated, snapshotScript, &shown, maxHTML); err != nil {
		return
	}
	html := p.hide.text(shown.HTML)
	if len(html) > maxHTML {
		html, shown.Cut = strings.ToValidUTF8(html[:maxHTML], ""), true
	}
	if shown.Cut {
		p.dropped++
	}
	if key, size := p.put(ctx, "text/html; charset=utf-8", []byte(html), maxHTML); key != "" {
		p.evidence = append(p.evidence, signal.Evidence{Kind: "html", Title: "the page's HTML when it failed", Blob: key, Type: "text/html; charset=utf-8", Size: size})
	}
}

// cookies makes the values of the page's cookies known, so that they are hidden
// wherever they turn up.
func (p *play) cookies(ctx context.Context) {
	var got struct {
		Cookies []struct {
			Value string `json:"value"`
		} `json:"cookies"`
	}
	if err := p.page.Call(ctx, "Network.getCookies", map[string]any{}, &got); err != nil {
		return
	}
	for _, c := range got.Cookies {
		if len(c.Value) >= 8 {
			p.hide.secret(c.Value)
		}
	}
}

// report writes the run into the signal.
func (p *play) report(s *signal.Signal) {
	d := p.seen.Dropped
	s.Dropped = d.Console + d.Exceptions + d.Logs + d.Requests + d.Dialogs + d.Downloads + d.Crashes + d.Events
	s.Steps = make([]signal.Step, len(p.records))
	for i, r := range p.records {
		step := p.journey.Steps[i]
		s.Steps[i] = signal.Step{
			Index: i + 1, Type: string(step.Type), Title: step.Title, Outcome: r.outcome,
			Message: r.message, Screenshot: r.screenshot, Console: r.lines, Compared: p.pictures.of(i),
		}
		if !r.begin.IsZero() {
			s.Steps[i].Start, s.Steps[i].Took = r.begin.Sub(p.begin), r.end.Sub(r.begin)
		}
	}
	p.distribute(s.Steps)
	s.Dropped += p.dropped
	s.Evidence = p.evidence // finish adds more
	s.Outcome = signal.Pass
	if p.failure == nil {
		return
	}
	f := p.failure.Failure
	s.Outcome, s.Failure = signal.Fail, &f
	s.Summary = summary(f, len(p.records))
}

// summary is like "step 4 of 9 “click Book”: TypeError: … (app.js:1:2034)".
func summary(f signal.Failure, steps int) string {
	text := fmt.Sprintf("step %d of %d “%s”: %s", f.Step, steps, f.Title, squeeze(f.Message))
	if f.Position != "" {
		text += " (" + f.Position + ")"
	}
	return clip(text, 400)
}

// distribute puts what the page did on the steps it did it in.
func (p *play) distribute(steps []signal.Step) {
	p.gathered.thrown = make([][]browser.Exception, len(steps))
	at := func(t time.Time) *signal.Step { return &steps[p.stepAt(t)] }
	line := func(t time.Time, l signal.Line) {
		step := at(t)
		if len(step.Console) >= maxLines {
			p.dropped++
			return
		}
		l.Text, l.URL = p.cut(l.Text), p.cut(l.URL)
		step.Console = append(step.Console, l)
	}
	for _, c := range p.seen.Console {
		line(c.At, signal.Line{Level: c.Level, Text: c.Text, URL: c.Source.URL, Line: c.Source.Line})
	}
	for _, l := range p.seen.Logs {
		line(l.At, signal.Line{Level: l.Level, Text: l.Source + ": " + l.Text, URL: l.URL, Line: l.Line})
	}
	for _, d := range p.seen.Dialogs {
		answer := "dismissed"
		if d.Accepted {
			answer = "accepted"
		}
		line(d.At, signal.Line{Level: "dialog", Text: fmt.Sprintf("%s (%s): %s", d.Kind, answer, d.Text), URL: d.URL})
	}
	for _, d := range p.seen.Downloads {
		line(d.At, signal.Line{Level: "download", Text: fmt.Sprintf("download of %s refused", d.Name), URL: d.URL})
	}
	for _, x := range p.seen.Exceptions {
		n := p.stepAt(x.At)
		step := &steps[n]
		if len(step.Exceptions) >= maxExceptions {
			p.dropped++
			continue
		}
		p.gathered.thrown[n] = append(p.gathered.thrown[n], x)
		step.Exceptions = append(step.Exceptions, signal.Exception{
			Text: p.cut(x.Text), URL: p.cut(x.Source.URL), Line: x.Source.Line, Column: x.Source.Column, Stack: p.cut(stack(x.Stack)),
		})
	}
	for _, q := range p.seen.Requests {
		if !q.Failed() || q.Redirect != "" {
			continue
		}
		step := at(refused(q).at)
		if len(step.Requests) >= maxRequests {
			p.dropped++
			continue
		}
		step.Requests = append(step.Requests, signal.Request{
			URL: p.cut(q.URL), Method: q.Method, Type: q.Type, Status: q.Status,
			Error: strings.TrimSpace(q.Error + " " + q.Blocked), FirstParty: p.first[journey.OriginOf(q.URL)],
		})
	}
}

// cut bounds a text and counts it if something is lost.
func (p *play) cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	p.dropped++
	return clip(s, maxText)
}

func stack(list []browser.Position) string {
	out := make([]string, len(list))
	for i, at := range list {
		name := at.Function
		if name == "" {
			name = "(anonymous)"
		}
		out[i] = fmt.Sprintf("at %s (%s:%d:%d)", name, at.URL, at.Line, at.Column)
	}
	return strings.Join(out, "\n")
}
