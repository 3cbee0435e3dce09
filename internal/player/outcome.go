package player

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
)

// cause is one reason why a run failed, and when it came about.
type cause struct {
	at time.Time
	signal.Failure
}

// causes are what fails a run whatever its steps say, oldest first: exceptions
// of the product's code, failed first-party requests, a crash, a flood.
func (p *play) causes(t browser.Telemetry) []cause {
	var out []cause
	tolerant := p.tolerant()
	for _, x := range t.Exceptions {
		if !tolerant && p.own(x) && !p.allowed(x.Text) {
			out = append(out, thrown(x))
		}
	}
	for _, q := range t.Requests {
		if !tolerant && q.Blocked != "fence" && p.first[journey.OriginOf(q.URL)] && fatal(q) && !p.allowed(q.URL) {
			out = append(out, refused(q))
		}
	}
	for _, b := range t.Blocked {
		out = append(out, stoppedAtFence(b))
	}
	if err := p.main.Err(); errors.Is(err, browser.ErrHostile) {
		out = append(out, cause{time.Now(), signal.Failure{Class: "crash", Message: "the page was given up: " + err.Error(), URL: p.main.URL()}})
	}
	for _, c := range t.Crashes {
		if c.Page == p.main.ID && c.Kind == "page" {
			out = append(out, cause{c.At, signal.Failure{Class: "crash", Message: fallen(c), URL: c.URL}})
		}
	}
	if p.bytes.over() {
		f := signal.Failure{Class: "navigation", Message: fmt.Sprintf("the page sent more than %d MiB", maxBytes>>20), URL: p.main.URL()}
		out = append(out, cause{time.Now(), f})
	}
	slices.SortStableFunc(out, func(a, b cause) int { return a.at.Compare(b.at) })
	return out
}

// fallen says that a tab crashed, and why if it was ended for what it did.
func fallen(c browser.Crash) string {
	if c.Reason == "" {
		return "the tab crashed"
	}
	return "the tab crashed: " + c.Reason
}

// own reports an exception that the product answers for: one that names no
// script, or any first-party one. A third party's is recorded only.
func (p *play) own(x browser.Exception) bool {
	places := append([]browser.Position{x.Source}, x.Stack...)
	foreign := 0
	for _, at := range places {
		o := journey.OriginOf(at.URL)
		if p.first[o] {
			return true
		}
		if o != "" {
			foreign++
		}
	}
	return foreign == 0
}

func thrown(x browser.Exception) cause {
	f := signal.Failure{Class: "exception", Message: x.Text, URL: x.Source.URL, Position: position(x.Source)}
	if x.Promise && !strings.Contains(x.Text, "promise") {
		f.Message = "unhandled rejection: " + x.Text
	}
	return cause{x.At, f}
}

func refused(q browser.Request) cause {
	f := signal.Failure{Class: "request", URL: q.URL, Host: host(q.URL), Status: q.Status}
	at := q.Started.Add(q.Timing.DNS + q.Timing.Connect + q.Timing.TLS + q.Timing.Send + q.Timing.Wait)
	if q.Status < 400 {
		at = q.Started.Add(q.Duration)
		if q.TopLevel {
			f.Class = "navigation"
		}
		f.Message = fmt.Sprintf("%s %s failed: %s", q.Method, q.URL, strings.TrimSpace(q.Error+" "+q.Blocked))
		return cause{at, f}
	}
	f.Message = fmt.Sprintf("%s %s answered %d", q.Method, q.URL, q.Status)
	return cause{at, f}
}

// conclude decides why the run failed, if it did, and keeps the evidence.
func (p *play) conclude(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	p.turnBack()
	if !p.page.Crashed() {
		_ = p.page.Sync(limit)
		p.cookies(limit)
	}
	p.seen = p.main.Since(browser.Mark{})
	p.readHeaders()
	p.blocked = append(p.blocked, fenced(p.seen.Blocked)...)
	all := p.causes(p.seen)
	own := p.stepCause()
	if own != nil {
		all = append(all, *own)
		all = append(all, p.foreign(own)...)
	}
	all = append(all, p.pictures.causes...)
	slices.SortStableFunc(all, func(a, b cause) int { return a.at.Compare(b.at) })
	if len(all) == 0 && p.err == nil {
		all = p.softCauses()
	}
	if len(all) == 0 {
		if p.err != nil && p.ours == nil {
			p.ours = fmt.Errorf("play step %d: %w", p.step+1, p.err)
		}
		return
	}
	p.failure = &all[0]
	p.blame(own)
	if why := p.starved(p.failure); why != "" {
		p.ours = errors.New(why)
	}
	p.keep(limit)
}

// blame puts the failure on the step it came about in.
func (p *play) blame(own *cause) {
	if p.err != nil {
		r := &p.records[p.step]
		if own != nil {
			r.outcome, r.message = signal.Fail, own.Message
		} else if i := p.stepAt(p.failure.at); i != p.step { // it was only interrupted
			*r = record{lines: r.lines}
		}
	}
	i := p.stepAt(p.failure.at)
	r := &p.records[i]
	r.outcome = signal.Fail
	if r.message == "" {
		r.message = p.failure.Message
	}
	p.failure.Step, p.failure.Title = i+1, p.journey.Steps[i].Title
}

// stepAt is the step that was being played at an instant.
func (p *play) stepAt(at time.Time) int {
	found := 0
	for i, r := range p.records {
		if r.begin.IsZero() || r.begin.After(at) {
			break
		}
		found = i
	}
	return found
}

// softCauses are the soft steps that failed: they fail a run that nothing else
// failed, at its end.
func (p *play) softCauses() []cause {
	var out []cause
	for _, r := range p.records {
		if r.soft != nil {
			out = append(out, *r.soft)
		}
	}
	return out
}

// stepCause is the failure of the step itself; nil when it did not fail, was
// only interrupted, or could not be played for a fault of ours.
func (p *play) stepCause() *cause {
	var nav *browser.NavigationError
	verdict := errors.As(p.err, &nav) && nav.Err == nil // the browser's own, whatever stopped us
	if p.err == nil || (stopped(p.err, p.cause) && !verdict && !errors.Is(p.err, browser.ErrCrashed)) {
		return nil
	}
	f := signal.Failure{Message: p.err.Error(), URL: p.page.URL()}
	var wait *waitError
	var assertion *assertionError
	var recording *recordingError
	var called *callError
	switch {
	case errors.Is(p.err, browser.ErrCrashed):
		f.Class, f.Message = "crash", "the tab crashed"
		for _, c := range p.seen.Crashes {
			f.Message = fallen(c)
		}
	case errors.Is(p.err, browser.ErrHostile):
		f.Class, f.Message = "crash", "the page was given up: "+p.err.Error()
	case errors.Is(p.err, browser.ErrClosed):
		f.Class, f.Message = "crash", "the page closed its tab"
	case errors.As(p.err, &recording):
		p.ours = p.err
		return nil
	case errors.As(p.err, &called):
		f = called.Failure
	case errors.As(p.err, &assertion):
		f.Class = "assertion"
	case p.offline():
		p.ours = fmt.Errorf("this machine has no network: %w", p.err)
		return nil
	case errors.As(p.err, &nav):
		f.Class, f.URL, f.Host, f.Message = "navigation", nav.URL, host(nav.URL), nav.Error()
	case errors.As(p.err, &wait):
		f.Class = wait.class()
	case errors.Is(p.err, errStep), errors.Is(p.err, errDeadline), errors.Is(p.err, context.DeadlineExceeded):
		f.Class, f.Message = "step_timeout", "the page did not answer in time"
	default:
		return nil
	}
	if errors.Is(p.cause, errDeadline) {
		f.Class = "deadline"
		f.Message = fmt.Sprintf("the run was not done within %s: %s", p.req.Timeout, f.Message)
	}
	return &cause{p.records[p.step].end, f}
}

// offline reports that this machine has no network, unless the journey itself
// took it away.
func (p *play) offline() bool {
	nav, ok := errors.AsType[*browser.NavigationError](p.err)
	return ok && strings.Contains(nav.Reason, "ERR_INTERNET_DISCONNECTED") &&
		!slices.ContainsFunc(p.journey.Steps, func(s journey.Step) bool { return s.Type == journey.EmulateNetwork && s.Network.Offline() })
}

func (e *waitError) class() string {
	switch {
	case e.assertion:
		return "assertion"
	case e.covered:
		return "covered"
	}
	return "step_timeout"
}

// foreign are the failures during a step that failed which do not fail a run by
// themselves: third parties' and calls that were answered 4xx. They may be why.
func (p *play) foreign(own *cause) []cause {
	begin := p.records[p.step].begin
	var out []cause
	for _, q := range p.seen.Requests {
		c := refused(q)
		guest := !p.first[journey.OriginOf(q.URL)] || scripted(q)
		if guest && essential(q.Type) && q.Redirect == "" && q.Failed() && !p.allowed(q.URL) && c.at.After(begin) && c.at.Before(own.at) {
			c.Message += "; then " + own.Message
			out = append(out, c)
		}
	}
	for _, x := range p.seen.Exceptions {
		if c := thrown(x); !p.own(x) && c.at.After(begin) && c.at.Before(own.at) {
			c.Message += "; then " + own.Message
			out = append(out, c)
		}
	}
	return out
}

// position is like "app.3f2a.js:1:2034".
func position(at browser.Position) string {
	u, err := url.Parse(at.URL)
	if err != nil || at.URL == "" || at.Line == 0 {
		return ""
	}
	file := path.Base(u.Path)
	if file == "." || file == "/" {
		file = "/"
	}
	return fmt.Sprintf("%s:%d:%d", file, at.Line, at.Column)
}

func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
