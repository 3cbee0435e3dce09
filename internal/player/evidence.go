package player

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/vitals"
)

// Bounds of what a run keeps as artifacts.
const (
	archiveLimit = 6 << 20 // raw events of the network, in memory
	// durableBodies is what the browser itself keeps of bodies past a navigation.
	durableBodies = 8 << 20
	maxArchive    = 8 << 20 // gzipped
	maxConsole    = 512 << 10
	maxTree       = 256 << 10
	maxTrace      = 12 << 20
	maxHosts      = 50
)

// gathered is what is collected beside the telemetry while a run is on.
type gathered struct {
	vitals  vitals.Collector
	trace   *browser.Trace
	cast    *browser.Cast
	network *har.Log              // made once
	thrown  [][]browser.Exception // by step, as in the signal
	notes   []string              // on source maps that cannot be used
}

// gather asks the browser for what the evidence of a run is made from.
func (p *play) gather(o *browser.PageOptions) {
	o.ArchiveLimit, o.DurableBodies = archiveLimit, durableBodies
	o.Scripts = append(o.Scripts, browser.Script{Source: vitals.Script, World: browser.Isolated, Binding: vitals.Binding})
	others := o.OnBinding
	o.OnBinding = func(c browser.BindingCall) {
		if c.Name == vitals.Binding {
			p.gathered.vitals.Take(c.Payload)
		} else if others != nil {
			others(c)
		}
	}
}

// watchEvidence starts what is recorded for a person. It is not worth a run:
// what cannot be started is missed, and said in the log.
func (p *play) watchEvidence(ctx context.Context) error {
	var err error
	if p.req.Trace {
		if p.gathered.trace, err = p.main.StartTrace(ctx); err != nil {
			p.log.WarnContext(ctx, "start trace", "error", err)
		}
	}
	if p.req.Watch != nil {
		if p.gathered.cast, err = p.main.Screencast(ctx, p.onlooker(ctx)); err != nil {
			p.log.WarnContext(ctx, "start screencast", "error", err)
		}
	}
	return ctx.Err()
}

// finish adds what the whole run has to show to the signal. It comes after
// report, and before the signal is redacted.
func (p *play) finish(ctx context.Context, s *signal.Signal) {
	limit, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	counted := p.dropped
	defer func() { s.Dropped += p.dropped - counted }()
	if p.gathered.cast != nil {
		p.gathered.cast.Stop()
	}
	p.measure(limit, s)
	s.Traffic = p.traffic()
	p.sources(limit, s)
	log := p.network()
	if s.Outcome == signal.Fail || p.req.Trace {
		p.bodies(limit, log)
		p.keepConsole(limit)
	}
	p.keepNetwork(ctx, log)
	p.keepTrace(limit)
	s.Evidence = p.evidence
}

// attach stores an artifact and lists it.
func (p *play) attach(ctx context.Context, e signal.Evidence, data []byte, limit int64) {
	if int64(len(data)) > limit {
		p.dropped++
		p.log.WarnContext(ctx, "evidence is too large", "kind", e.Kind, "size", len(data))
		return
	}
	if e.Blob, e.Size = p.put(ctx, e.Type, data, limit); e.Blob != "" {
		p.evidence = append(p.evidence, e)
	} else {
		p.dropped++
	}
}

// sources is unmap within a bound: the maps' server may be slow.
func (p *play) sources(ctx context.Context, s *signal.Signal) {
	limit, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	p.unmap(limit, s)
}

// measure puts the web vitals on the signal.
func (p *play) measure(ctx context.Context, s *signal.Signal) {
	if !p.main.Crashed() && !p.main.Closed() {
		limit, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if p.main.MainFrame().Evaluate(limit, browser.Isolated, vitals.Flush, nil) == nil {
			_ = p.main.Sync(limit)
		}
	}
	s.Vitals = p.gathered.vitals.Summary()
	if over := vitals.Over(s.Vitals, p.req.Spec.Budgets); len(over) > 0 {
		s.Vitals.Over = over
		s.Over += len(over)
	}
}

// traffic sums the requests up by host, the slowest host first.
func (p *play) traffic() []signal.Traffic {
	by := map[string]*signal.Traffic{}
	for _, q := range p.seen.Requests {
		name := host(q.URL)
		if name == "" {
			continue
		}
		t := by[name]
		if t == nil {
			t = &signal.Traffic{Host: name}
			by[name] = t
		}
		t.FirstParty = t.FirstParty || p.first[journey.OriginOf(q.URL)]
		t.Requests++
		if q.Failed() && q.Redirect == "" {
			t.Failed++
		}
		t.Bytes += q.Bytes
		if q.Type != "WebSocket" { // it takes as long as the page
			t.Took += q.Duration
			t.Slowest = max(t.Slowest, q.Duration)
		}
	}
	out := make([]signal.Traffic, 0, len(by))
	for _, t := range by {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b signal.Traffic) int {
		return cmp.Or(cmp.Compare(b.Took, a.Took), strings.Compare(a.Host, b.Host))
	})
	if len(out) > maxHosts {
		p.dropped += len(out) - maxHosts
		out = out[:maxHosts]
	}
	return out
}

// network is the archive of the run, as it was: not redacted yet. It is made
// once, when the run is over.
func (p *play) network() *har.Log {
	if p.gathered.network == nil {
		log := p.archive()
		p.gathered.network = &log
	}
	return p.gathered.network
}

// archive is what the network did so far. What it shows of cookies and
// credentials is hidden everywhere from then on.
func (p *play) archive() har.Log {
	raw := p.main.Archive()
	events := make([]har.Event, len(raw.Events))
	for i, e := range raw.Events {
		events[i] = har.Event{Page: e.Page, Session: e.Session, Method: e.Method, Params: e.Params}
	}
	b := p.browser.Binary
	log := har.Build(events, har.Options{
		Creator: har.Tool{Name: "Postflight", Version: cmp.Or(p.o.Version, "dev")},
		Browser: &har.Tool{Name: string(b.Kind), Version: cmp.Or(b.Version, "unknown")},
		Sizes:   raw.Sizes, Dropped: raw.Dropped,
	})
	p.credentials(log)
	return log
}

// maxCredentials bounds the secrets that are learnt from the network.
const maxCredentials = 100

func (p *play) credentials(l har.Log) {
	known := map[string]bool{}
	learn := func(v string) {
		if len(v) >= 8 && !known[v] && len(known) < maxCredentials {
			known[v] = true
			p.hide.secret(v)
		}
	}
	for _, e := range l.Entries {
		for _, c := range slices.Concat(e.Request.Cookies, e.Response.Cookies) {
			learn(c.Value)
		}
		for _, h := range e.Request.Headers {
			if strings.EqualFold(h.Name, "authorization") {
				_, v, _ := strings.Cut(h.Value, " ")
				learn(v)
			}
		}
	}
}

// keepNetwork stores the archive, redacted and gzipped.
func (p *play) keepNetwork(ctx context.Context, l *har.Log) {
	if len(l.Entries) == 0 {
		return
	}
	p.hide.har(l)
	data, err := squash(func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(har.HAR{Log: *l})
	})
	if err != nil {
		p.log.WarnContext(ctx, "write network archive", "error", err)
		return
	}
	p.attach(ctx, signal.Evidence{Kind: "har", Title: fmt.Sprintf("all %d requests (HAR 1.2, gzipped)", len(l.Entries)), Type: "application/gzip"}, data, maxArchive)
}

// squash gzips what write writes.
func squash(write func(io.Writer) error) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := write(z); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// keepConsole stores all that was said, beyond what each step keeps.
func (p *play) keepConsole(ctx context.Context) {
	var out strings.Builder
	line := func(at time.Time, level, text string) {
		if out.Len() < maxConsole {
			fmt.Fprintf(&out, "%8.3f %-9s %s\n", at.Sub(p.begin).Seconds(), level, clip(text, maxText))
		}
	}
	type said struct {
		at          time.Time
		level, text string
	}
	var all []said
	for _, c := range p.seen.Console {
		all = append(all, said{c.At, c.Level, strings.TrimSpace(c.Text + "  " + position(c.Source))})
	}
	for _, l := range p.seen.Logs {
		all = append(all, said{l.At, l.Level, strings.TrimSpace(l.Source + ": " + l.Text + "  " + l.URL)})
	}
	for _, x := range p.seen.Exceptions {
		all = append(all, said{x.At, "exception", x.Text + "\n" + stack(x.Stack)})
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b said) int { return a.at.Compare(b.at) })
	for _, l := range all {
		line(l.at, l.level, l.text)
	}
	data := []byte(p.hide.text(out.String()))
	p.attach(ctx, signal.Evidence{Kind: "console", Title: "the console of the whole run", Type: "text/plain; charset=utf-8"}, data, 2*maxConsole)
}

// keepTree stores what assistive technology saw of the page.
func (p *play) keepTree(ctx context.Context) {
	text, cut, err := p.page.AccessibilityTree(ctx, maxTree)
	if err != nil {
		p.log.DebugContext(ctx, "read accessibility tree", "error", err)
		return
	}
	if cut {
		p.dropped++
	}
	p.attach(ctx, signal.Evidence{Kind: "accessibility", Title: "the accessibility tree when it failed", Type: "text/plain; charset=utf-8"}, []byte(p.hide.text(text)), 2*maxTree)
}

// keepTrace ends the trace and stores it, redacted.
func (p *play) keepTrace(ctx context.Context) {
	if p.gathered.trace == nil {
		return
	}
	data, err := p.gathered.trace.Stop(ctx, maxTrace)
	if err == nil {
		data, err = p.hide.gzipped(data)
	}
	if err != nil {
		p.log.WarnContext(ctx, "keep trace", "error", err)
		p.dropped++
		return
	}
	p.attach(ctx, signal.Evidence{Kind: "trace", Title: "a trace of the browser (opens in DevTools and Perfetto)", Type: "application/gzip"}, data, 2*maxTrace)
}
