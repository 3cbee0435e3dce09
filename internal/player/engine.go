package player

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"strings"

	"github.com/postflight/postflight/internal/browser"
)

//go:embed engine/*.js
var engineFiles embed.FS

// engine is our code inside the pages: locators, preconditions, fields. It is
// sent once to each document and stays in our isolated world, which the page
// can neither see nor change; every further call sends its arguments only.
type engine struct {
	code string                 // joined once per run
	has  map[*browser.Frame]int // the world that it was sent to, by frame
}

// engineParts are the files in the order in which they build on each other.
var engineParts = [...]string{"base", "role", "name", "find", "ready", "pointer", "field", "health", "poll", "see", "region", "export"}

// source is the engine as one function body, without comments and indentation.
func (e *engine) source() string {
	if e.code != "" {
		return e.code
	}
	var b strings.Builder
	for _, part := range engineParts {
		text, err := engineFiles.ReadFile("engine/" + part + ".js")
		if err != nil {
			panic(err) // it is part of this binary
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "//") {
				b.WriteString(line)
				b.WriteByte('\n')
			}
		}
	}
	e.code = b.String()
	return e.code
}

const (
	callEngine   = `function (fn, ...args) { const e = globalThis.postflightEngine; return e ? e[fn](...args) : 'no engine'; }`
	noEngine     = `"no engine"`
	engineBefore = `function (fn, ...args) { globalThis.postflightEngine ??= (() => {` + "\n"
	engineAfter  = `})(); return globalThis.postflightEngine[fn](...args); }`
)

// call runs a function of the engine in our world of the frame.
func (e *engine) call(ctx context.Context, f *browser.Frame, fn string, result any, args ...any) error {
	world, err := f.ContextID(ctx, browser.Isolated)
	if err != nil {
		return err
	}
	args = append([]any{fn}, args...)
	var raw json.RawMessage
	if e.has[f] == world {
		if err := f.Apply(ctx, browser.Isolated, callEngine, &raw, args...); err != nil {
			return err
		}
		if !bytes.Equal(raw, []byte(noEngine)) {
			return json.Unmarshal(raw, result)
		}
	}
	if err := f.Apply(ctx, browser.Isolated, engineBefore+e.source()+engineAfter, &raw, args...); err != nil {
		return err
	}
	if e.has == nil {
		e.has = map[*browser.Frame]int{}
	}
	e.has[f] = world
	return json.Unmarshal(raw, result)
}

// once runs a function of the engine in the page's own world, where nothing of
// it may stay.
func (e *engine) once(ctx context.Context, f *browser.Frame, fn string, result any, args ...any) error {
	code := "function (fn, ...args) { const engine = (() => {\n" + e.source() + "})(); return engine[fn](...args); }"
	return f.Apply(ctx, browser.Main, code, result, append([]any{fn}, args...)...)
}

// handle keeps a result of the engine in the page, such as an element.
func (e *engine) handle(ctx context.Context, f *browser.Frame, fn string, args ...any) (*browser.Object, error) {
	return f.Handle(ctx, browser.Isolated, engineBefore+e.source()+engineAfter, append([]any{fn}, args...)...)
}

// lost reports that the frame shows another document than the one the engine was
// last called in.
func (e *engine) lost(ctx context.Context, f *browser.Frame) bool {
	world, err := f.ContextID(ctx, browser.Isolated)
	return errors.Is(err, browser.ErrContextLost) || err == nil && e.has[f] != world
}
