package player

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/sourcemap"
)

// maxScripts bounds the scripts whose maps are looked for.
const maxScripts = 10

// unmap says for the exceptions of the run where in their sources they were
// thrown, as far as the product publishes source maps.
func (p *play) unmap(ctx context.Context, s *signal.Signal) {
	if len(p.seen.Exceptions) == 0 || p.bytes.over() {
		return
	}
	at := p.places(ctx)
	if n := p.stepAt(p.seen.Exceptions[0].At); n < len(s.Steps) {
		for _, text := range p.gathered.notes {
			s.Steps[n].Console = append(s.Steps[n].Console, signal.Line{Level: "info", Text: p.cut(text)})
		}
	}
	if len(at) == 0 {
		return
	}
	for i, list := range p.gathered.thrown {
		for k, x := range list {
			if i < len(s.Steps) && k < len(s.Steps[i].Exceptions) {
				s.Steps[i].Exceptions[k].Stack = p.cut(mappedStack(x, at))
			}
		}
	}
	f := s.Failure
	if f == nil || f.Class != "exception" || f.Position == "" {
		return
	}
	for _, x := range p.seen.Exceptions {
		if place := at[spot(x.Source)]; place.Known() && position(x.Source) == f.Position && x.Source.URL == f.URL {
			f.Position = fmt.Sprintf("%s:%d:%d (%s)", place.Source, place.Line, place.Column, f.Position)
			s.Summary = summary(*f, len(p.records))
			return
		}
	}
}

// spot is a place in a built file.
func spot(at browser.Position) browser.Position {
	at.Function = ""
	return at
}

// places finds the source of every position of every exception.
func (p *play) places(ctx context.Context) map[browser.Position]sourcemap.Place {
	by := map[string][]browser.Position{}
	var order []string
	for _, x := range p.seen.Exceptions {
		for _, at := range append([]browser.Position{x.Source}, x.Stack...) {
			if at.Line == 0 || !p.first[journey.OriginOf(at.URL)] {
				continue
			}
			if by[at.URL] == nil {
				order = append(order, at.URL)
			}
			by[at.URL] = append(by[at.URL], spot(at))
		}
	}
	out := map[browser.Position]sourcemap.Place{}
	for i, script := range order {
		if i == maxScripts || ctx.Err() != nil {
			break
		}
		m, err := p.mapOf(ctx, script)
		if err != nil {
			p.gathered.notes = append(p.gathered.notes, "no source positions for "+script+": "+err.Error())
			continue
		}
		if m == nil {
			continue
		}
		ask := make([]sourcemap.Position, len(by[script]))
		for k, at := range by[script] {
			ask[k] = sourcemap.Position{Line: at.Line, Column: at.Column}
		}
		for k, place := range m.Find(ask) {
			if place.Known() {
				out[by[script][k]] = place
			}
		}
	}
	return out
}

// mapOf is the source map of a script; nil when it names none.
func (p *play) mapOf(ctx context.Context, script string) (*sourcemap.Map, error) {
	reference := ""
	var text string
	for _, e := range p.network().Entries {
		if e.Request.URL != script || e.Type != "script" || e.Response.Status >= 400 {
			continue
		}
		reference = mapHeader(e.Response.Headers)
		if body, err := p.main.Body(ctx, e.Session, e.ID); err == nil {
			text = string(body)
		}
		break
	}
	if reference == "" && text == "" {
		body, header, err := p.fetch(ctx, script)
		if err != nil {
			return nil, err
		}
		text, reference = string(body), header
	}
	if reference == "" {
		reference = sourcemap.Reference(text)
	}
	if reference == "" {
		return nil, nil
	}
	data, inline, err := sourcemap.Inline(reference)
	if err != nil {
		return nil, err
	}
	if !inline {
		if data, _, err = p.fetch(ctx, resolve(script, reference)); err != nil {
			return nil, err
		}
	}
	return sourcemap.Parse(data)
}

func mapHeader(headers []har.Pair) string {
	for _, h := range headers {
		if h.Value == "" {
			continue
		}
		if strings.EqualFold(h.Name, "SourceMap") || strings.EqualFold(h.Name, "X-SourceMap") {
			return h.Value
		}
	}
	return ""
}

func resolve(base, reference string) string {
	b, err := url.Parse(base)
	if err != nil {
		return ""
	}
	u, err := b.Parse(reference)
	if err != nil {
		return ""
	}
	return u.String()
}

// fetch reads a file of the product itself, without credentials, and the map
// that its header names. It never leaves the first-party origins.
func (p *play) fetch(ctx context.Context, address string) (body []byte, sourceMap string, err error) {
	if !p.first[journey.OriginOf(address)] {
		return nil, "", errors.New("its source map is not among the product's own files")
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, "", errors.New("its source map has no address")
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > 3 || !p.first[journey.OriginOf(next.URL.String())] {
			return errors.New("it redirects elsewhere")
		}
		return nil
	}}
	resp, err := client.Do(q)
	if err != nil {
		return nil, "", errors.New("its source map cannot be fetched")
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("its source map answers %d", resp.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, sourcemap.MaxSize+1))
	if err != nil || len(body) > sourcemap.MaxSize {
		return nil, "", errors.New("its source map is too large or breaks off")
	}
	return body, mapHeader([]har.Pair{{Name: "SourceMap", Value: resp.Header.Get("SourceMap")}, {Name: "X-SourceMap", Value: resp.Header.Get("X-SourceMap")}}), nil
}

// mappedStack is the stack with the sources' places, the built ones behind. A
// function's real name stands where the next frame calls it.
func mappedStack(x browser.Exception, at map[browser.Position]sourcemap.Place) string {
	out := make([]string, len(x.Stack))
	for i, f := range x.Stack {
		name := f.Function
		if i+1 < len(x.Stack) {
			if caller := at[spot(x.Stack[i+1])]; caller.Name != "" {
				name = caller.Name
			}
		}
		if name == "" {
			name = "(anonymous)"
		}
		place := at[spot(f)]
		if !place.Known() {
			out[i] = fmt.Sprintf("at %s (%s:%d:%d)", name, f.URL, f.Line, f.Column)
			continue
		}
		out[i] = fmt.Sprintf("at %s (%s:%d:%d) [%s]", name, place.Source, place.Line, place.Column, position(f))
	}
	return strings.Join(out, "\n")
}
