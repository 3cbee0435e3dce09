package browser

import (
	"strings"
	"testing"
)

// The key names that a recording may hold, besides the printable characters,
// the letter, digit and function keys.
const recorderKeys = `Power Eject Abort Help Backspace Tab NumpadEnter Enter ShiftLeft ShiftRight
	ControlLeft ControlRight AltLeft AltRight Pause CapsLock Escape Convert NonConvert Space PageUp PageDown
	End Home ArrowLeft ArrowUp ArrowRight ArrowDown Select Open PrintScreen Insert Delete NumpadDecimal
	MetaLeft MetaRight ContextMenu NumpadMultiply NumpadAdd NumpadSubtract NumpadDivide NumLock ScrollLock
	AudioVolumeMute AudioVolumeDown AudioVolumeUp MediaTrackNext MediaTrackPrevious MediaStop MediaPlayPause
	Semicolon Equal NumpadEqual Comma Minus Period Slash Backquote BracketLeft Backslash BracketRight Quote
	AltGraph Props Cancel Clear Shift Control Alt Accept ModeChange Print Execute Meta Attn CrSel ExSel
	EraseEof Play ZoomOut SoftLeft SoftRight Camera Call EndCall VolumeDown VolumeUp
	Numpad0 Numpad1 Numpad2 Numpad3 Numpad4 Numpad5 Numpad6 Numpad7 Numpad8 Numpad9
	F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24`

func TestLayoutKnowsTheRecordersKeys(t *testing.T) {
	t.Parallel()
	names := append(strings.Fields(recorderKeys), "\r", "\n", "\x00")
	for c := ' '; c <= '~'; c++ {
		names = append(names, string(c))
	}
	for c := 'A'; c <= 'Z'; c++ {
		names = append(names, "Key"+string(c))
	}
	for c := '0'; c <= '9'; c++ {
		names = append(names, "Digit"+string(c))
	}
	for _, name := range names {
		k, ok := findKey(name)
		if !ok {
			t.Errorf("%q is not known", name)
		}
		if len(name) == 1 && name >= " " && k.text() != name {
			t.Errorf("%q types %q", name, k.text())
		}
	}
}
