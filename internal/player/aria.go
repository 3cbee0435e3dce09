package player

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
)

// maxMatches bounds the elements an aria selector may yield.
const maxMatches = 100

func hasARIA(alternatives []journey.Selector) bool {
	return slices.ContainsFunc(alternatives, byARIA)
}

// byARIA reports a chain that has aria parts.
func byARIA(s journey.Selector) bool {
	return slices.ContainsFunc(s, func(p journey.Part) bool { return p.Language == journey.ARIA })
}

// resolve prepares the alternatives for the engine. It knows roles and names
// itself; where it has found nothing, or where a count must be right, Chromium is
// asked for the accessible tree, which also shows what is closed to scripts.
func (p *play) resolve(ctx context.Context, f *browser.Frame, s journey.Step, sp *spec) ([]alternative, []any, error) {
	out := []alternative{}
	var objects []any
	for _, sel := range s.Selectors {
		if !byARIA(sel) || !sp.outside && !sp.only {
			out = append(out, alternative{Parts: sel})
			continue
		}
		found, err := p.resolveARIA(ctx, f, worldOf(s), sel)
		a := alternative{From: len(objects), Count: len(found)}
		if !sp.only {
			a.Parts = sel
		}
		out = append(out, a)
		for _, o := range found {
			objects = append(objects, o)
		}
		if err != nil {
			return out, objects, err
		}
	}
	return out, objects, nil
}

// resolveARIA follows a chain that has aria parts.
func (p *play) resolveARIA(ctx context.Context, f *browser.Frame, w browser.World, chain journey.Selector) ([]*browser.Object, error) {
	root, err := f.Handle(ctx, w, "function () { return document; }")
	if err != nil || root == nil {
		return nil, errors.Join(err, gone(root))
	}
	scopes := []*browser.Object{root}
	for len(chain) > 0 && len(scopes) > 0 {
		var next []*browser.Object
		rest := chain[1:]
		plain := 0
		for plain < len(chain) && chain[plain].Language != journey.ARIA {
			plain++
		}
		if plain > 0 {
			rest = chain[plain:]
		}
		for _, scope := range scopes {
			var found []*browser.Object
			if plain > 0 {
				found, err = p.below(ctx, scope, chain[:plain])
			} else {
				found, err = p.accessible(ctx, scope, w, chain[0])
			}
			next = append(next, found...)
			if err != nil || len(next) >= maxMatches {
				break
			}
		}
		for _, o := range scopes {
			o.Release()
		}
		scopes, chain = next, rest
		if err != nil {
			return scopes, err
		}
	}
	return scopes, nil
}

func gone(o *browser.Object) error {
	if o == nil {
		return browser.ErrContextLost
	}
	return nil
}

// below finds the elements of plain parts under a scope.
func (p *play) below(ctx context.Context, scope *browser.Object, parts journey.Selector) ([]*browser.Object, error) {
	code := "function (parts) { const engine = (() => {\n" + p.engine.source() + "})(); return engine.below(this instanceof Element ? this : null, parts); }"
	list, err := scope.Handle(ctx, code, parts)
	if err != nil || list == nil {
		if thrown, ok := errors.AsType[*browser.ScriptError](err); ok {
			return nil, &recordingError{fmt.Sprintf("selector %s: %s", journey.Selector(parts), clip(thrown.Text, 200))}
		}
		return nil, err
	}
	defer list.Release()
	var n int
	if err := list.Apply(ctx, "function () { return this.length; }", &n); err != nil {
		return nil, err
	}
	var out []*browser.Object
	for i := range min(n, maxMatches) {
		o, err := list.Handle(ctx, "function (i) { return this[i]; }", i)
		if err != nil {
			return out, err
		}
		if o != nil {
			out = append(out, o)
		}
	}
	return out, nil
}

// accessible asks for the nodes with a name and role under a scope.
func (p *play) accessible(ctx context.Context, scope *browser.Object, w browser.World, part journey.Part) ([]*browser.Object, error) {
	params := map[string]any{"objectId": scope.ID}
	if part.HasName {
		params["accessibleName"] = part.Name
	}
	if part.Role != "" {
		params["role"] = part.Role
	}
	var got struct {
		Nodes []struct {
			Ignored bool `json:"ignored"`
			Role    *struct {
				Value string `json:"value"`
			} `json:"role"`
			Backend int `json:"backendDOMNodeId"`
		} `json:"nodes"`
	}
	f := scope.Frame()
	if err := f.Call(ctx, "Accessibility.queryAXTree", params, &got); err != nil {
		if _, refused := errors.AsType[*browser.ProtocolError](err); refused {
			return nil, errors.Join(browser.ErrContextLost, err)
		}
		return nil, err
	}
	var out []*browser.Object
	for _, n := range got.Nodes {
		if n.Ignored || n.Role == nil || n.Backend == 0 || slices.Contains([]string{"", "StaticText", "InlineTextBox", "none"}, n.Role.Value) {
			continue
		}
		o, err := f.Resolve(ctx, w, n.Backend)
		if _, refused := errors.AsType[*browser.ProtocolError](err); refused || (err == nil && o == nil) {
			continue // it has left the page since
		}
		if err != nil {
			return out, err
		}
		if out = append(out, o); len(out) >= maxMatches {
			break
		}
	}
	return out, nil
}
