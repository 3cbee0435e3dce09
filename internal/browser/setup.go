package browser

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Script runs in every document of every page, popup and frame, before the
// page's own scripts.
type Script struct {
	Source string
	World  World // zero: Isolated, where the page can neither see nor disturb it
	// Binding names a function of one string in that world whose calls reach
	// PageOptions.OnBinding; empty: none.
	Binding string
}

// BindingCall is a call of a Script's binding.
type BindingCall struct {
	Page    *Page
	Frame   *Frame // nil when its document is gone already
	Name    string
	Payload string // from the page: hostile
}

// maxBinding bounds the payload of one binding call; longer ones are counted as lost.
const maxBinding = 256 << 10

// checkScripts refuses what Chromium would refuse later and silently.
func checkScripts(o PageOptions) error {
	for _, s := range o.Scripts {
		if s.World != "" && s.World != Main && s.World != Isolated {
			return fmt.Errorf("script: unknown world %q", s.World)
		}
		if s.Binding != "" && o.OnBinding == nil {
			return errors.New("script: a binding without OnBinding")
		}
	}
	return nil
}

// scriptCommands install the scripts and their bindings in a page or frame.
func (w *window) scriptCommands() []command {
	var cmds []command
	for _, s := range w.opts.Scripts {
		add := map[string]any{"source": s.Source}
		bind := map[string]any{"name": s.Binding}
		if s.World != Main {
			add["worldName"], bind["executionContextName"] = worldName, worldName
		}
		if s.Binding != "" {
			cmds = append(cmds, command{Method: "Runtime.addBinding", Params: bind})
		}
		cmds = append(cmds, command{Method: "Page.addScriptToEvaluateOnNewDocument", Params: add})
	}
	return cmds
}

// networkCommands turn the network record on, with as much kept as was asked for.
func (w *window) networkCommands() []command {
	enable := map[string]any{"maxTotalBufferSize": 8 << 20, "maxResourceBufferSize": 4 << 20, "maxPostDataSize": 4 << 10}
	if w.opts.DurableBodies <= 0 {
		return []command{{Method: "Network.enable", Params: enable}}
	}
	enable["enableDurableMessages"] = true
	return []command{
		{Method: "Network.configureDurableMessages", Params: map[string]any{
			"maxTotalBufferSize": w.opts.DurableBodies, "maxResourceBufferSize": w.opts.DurableBodies,
		}},
		{Method: "Network.enable", Params: enable},
	}
}

// listenBindings hands the calls of bindings on.
func (p *Page) listenBindings(s *session) {
	if p.window.opts.OnBinding == nil {
		return
	}
	s.on("Runtime.bindingCalled", func(raw json.RawMessage) {
		var e struct {
			Name    string `json:"name"`
			Payload string `json:"payload"`
			Context int    `json:"executionContextId"`
		}
		if len(raw) > maxBinding || json.Unmarshal(raw, &e) != nil {
			s.lose(1)
			return
		}
		p.window.opts.OnBinding(BindingCall{Page: p, Frame: p.frameOf(s, e.Context), Name: e.Name, Payload: e.Payload})
	})
}

// frameOf finds the frame that has the execution context.
func (p *Page) frameOf(s *session, context int) *Frame {
	p.window.mu.Lock()
	defer p.window.mu.Unlock()
	for _, f := range p.frames {
		for _, r := range f.worlds {
			if r.sess == s && r.id == context {
				return f
			}
		}
	}
	return nil
}
