package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// KnownKey reports whether name is a key that KeyDown accepts: a physical key
// ("KeyA", "Enter", "ShiftLeft"), a key value ("a", "A", "Shift", "(") or "\r", "\n".
func KnownKey(name string) bool {
	_, ok := findKey(name)
	return ok
}

// KeyDown presses a key. Modifiers stay held, and count, until KeyUp.
func (p *Page) KeyDown(ctx context.Context, name string) error {
	return p.key(ctx, name, true)
}

// KeyUp releases a key.
func (p *Page) KeyUp(ctx context.Context, name string) error {
	return p.key(ctx, name, false)
}

// typeChunk is how many characters are sent at once: few enough for a deadline
// to be met in the middle of a long text.
const typeChunk = 32

// Type sends text to the focused element, one key after the other; what is not
// on the US layout is inserted.
func (p *Page) Type(ctx context.Context, text string) error {
	for chunk := range slices.Chunk([]rune(text), typeChunk) {
		cmds := make([]command, 0, 2*len(chunk))
		for _, c := range chunk {
			k, ok := findKey(string(c))
			if !ok {
				cmds = append(cmds, command{Method: "Input.insertText", Params: map[string]any{"text": string(c)}})
				continue
			}
			cmds = append(cmds,
				command{Method: "Input.dispatchKeyEvent", Params: p.keyEvent(k, true)},
				command{Method: "Input.dispatchKeyEvent", Params: p.keyEvent(k, false)})
		}
		if err := p.inputs(ctx, cmds); err != nil {
			return fmt.Errorf("type text: %w", err)
		}
	}
	return nil
}

// InsertText puts text into the focused element as an input method would: with
// an input event, without key events.
func (p *Page) InsertText(ctx context.Context, text string) error {
	if err := p.Call(ctx, "Input.insertText", map[string]any{"text": text}, nil); err != nil {
		return fmt.Errorf("insert text: %w", err)
	}
	return nil
}

func (p *Page) key(ctx context.Context, name string, down bool) error {
	k, ok := findKey(name)
	if !ok {
		return fmt.Errorf("key %q is not known", name)
	}
	if err := p.Call(ctx, "Input.dispatchKeyEvent", p.keyEvent(k, down), nil); err != nil {
		return fmt.Errorf("press key %s: %w", name, err)
	}
	return nil
}

// keyEvent notes the key as held or not, and describes the event.
func (p *Page) keyEvent(k key, down bool) map[string]any {
	p.input.Lock()
	defer p.input.Unlock()
	id := k.code
	if id == "" {
		id = k.key
	}
	repeat := down && p.keys[id]
	if down {
		p.keys[id] = true
	} else {
		delete(p.keys, id)
	}
	mods := p.modifiers()
	if mods&modShift != 0 && k.physical {
		k = k.shifted()
	}
	e := map[string]any{
		"type": "keyUp", "modifiers": mods, "windowsVirtualKeyCode": k.vk, "code": k.code, "key": k.key,
		"location": k.location, "isKeypad": k.location == keypad,
	}
	if !down {
		return e
	}
	e["type"], e["autoRepeat"] = "rawKeyDown", repeat
	if text := k.text(); text != "" && mods&(modAlt|modControl|modMeta) == 0 {
		e["type"], e["text"], e["unmodifiedText"] = "keyDown", text, text
	}
	return e
}

// The protocol's modifier bits.
const (
	modAlt = 1 << iota
	modControl
	modMeta
	modShift
)

// modifiers held now. Caller holds the input lock.
func (p *Page) modifiers() int {
	mods := 0
	for code := range p.keys {
		switch strings.TrimSuffix(strings.TrimSuffix(code, "Left"), "Right") {
		case "Alt":
			mods |= modAlt
		case "Control":
			mods |= modControl
		case "Meta":
			mods |= modMeta
		case "Shift":
			mods |= modShift
		}
	}
	return mods
}

// key is one key of the US layout, as a press of it is reported.
type key struct {
	code, key string
	shiftKey  string // with shift, when it differs
	vk        int    // Windows virtual key code
	shiftVK   int
	location  int
	physical  bool // named by its code: shift applies
}

const keypad = 3

func (k key) shifted() key {
	if k.shiftKey != "" {
		k.key = k.shiftKey
	}
	if k.shiftVK != 0 {
		k.vk = k.shiftVK
	}
	return k
}

// text is what the key types.
func (k key) text() string {
	switch {
	case k.key == "Enter":
		return "\r"
	case utf8.RuneCountInString(k.key) == 1 && k.key != "\x00":
		return k.key
	}
	return ""
}

// findKey looks a name up: as a physical key, as a key value, as a shifted
// value. It reads the layout only as far as it must, for it is asked for each
// character that is typed.
func findKey(name string) (key, bool) {
	switch name {
	case "\r", "\n":
		name = "Enter"
	case "":
		return key{}, false
	}
	field := keyField(name)
	if keyName(field) != name || strings.ContainsAny(field, " \n") {
		return key{}, false
	}
	var value, shifted string // the first line of each kind
	for line := range strings.Lines(layout) {
		code, rest, _ := strings.Cut(line, " ")
		if code == field {
			k := parseKey(line)
			k.physical = true
			return k, true
		}
		plain, rest, _ := strings.Cut(rest, " ")
		if plain == field && value == "" {
			value = line
		}
		if shift, _, _ := strings.Cut(rest, " "); shift == field && shifted == "" && parseKey(line).location != keypad {
			shifted = line
		}
	}
	switch {
	case value != "":
		return parseKey(value), true
	case shifted != "":
		return parseKey(shifted).shifted(), true
	}
	return key{}, false
}
