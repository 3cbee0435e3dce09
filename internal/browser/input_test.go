package browser

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// logPage notes every input event, its trust and its detail.
const logPage = `<body style="margin:0"><button id=b style="position:absolute;left:50px;top:40px;width:100px;height:30px">x</button>
<input id=i style="position:absolute;top:100px"><script>
const seen = [];
for (const kind of ["mousedown", "mouseup", "click", "dblclick", "contextmenu", "auxclick"])
	document.getElementById("b").addEventListener(kind, e => seen.push([kind, e.isTrusted, e.button, e.detail, e.clientX].join(" ")));
for (const kind of ["keydown", "keyup", "input"])
	document.getElementById("i").addEventListener(kind, e => seen.push([kind, e.isTrusted, e.key, e.code, e.keyCode, e.shiftKey].join(" ")));
</script>`

func TestMouse(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": logPage})
	p := open(t, PageOptions{})
	visit(t, p, srv.URL)
	ctx := patient(t)
	check := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(eval[[]string](t, p, "seen.splice(0)"), want); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	if err := p.Click(ctx, 100, 55, Left, 20e6); err != nil {
		t.Fatal(err)
	}
	check("click", "mousedown true 0 1 100", "mouseup true 0 1 100", "click true 0 1 100")
	for count := 1; count <= 2; count++ {
		if err := p.MouseDown(ctx, 100, 55, Left, count); err != nil {
			t.Fatal(err)
		}
		if err := p.MouseUp(ctx, 100, 55, Left, count); err != nil {
			t.Fatal(err)
		}
	}
	check("double click",
		"mousedown true 0 1 100", "mouseup true 0 1 100", "click true 0 1 100",
		"mousedown true 0 2 100", "mouseup true 0 2 100", "click true 0 2 100", "dblclick true 0 2 100")
	if err := p.Click(ctx, 100, 55, Right, 0); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(eval[[]string](t, p, "seen.splice(0)"), ","); !strings.Contains(got, "contextmenu true 2") {
		t.Errorf("right click: got %s", got)
	}
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": logPage})
	p := open(t, PageOptions{})
	visit(t, p, srv.URL)
	eval[any](t, p, `document.getElementById("i").focus()`)
	ctx := patient(t)
	press := func(keys ...string) {
		t.Helper()
		for _, k := range keys {
			send, name := p.KeyDown, strings.TrimLeft(k, "+")
			if rest, up := strings.CutPrefix(k, "^"); up {
				send, name = p.KeyUp, rest
			}
			if err := send(ctx, name); err != nil {
				t.Fatal(err)
			}
		}
	}
	press("KeyA", "^KeyA", "Shift", "KeyB", "^KeyB", "Digit1", "^Digit1", "^Shift", "C", "^C", "ArrowLeft", "^ArrowLeft", "Backspace", "^Backspace")
	if got := eval[string](t, p, `document.getElementById("i").value`); got != "aBC" {
		t.Errorf("typed: got %q, want aBC", got)
	}
	events := eval[[]string](t, p, "seen.splice(0)")
	for _, want := range []string{
		"keydown true a KeyA 65 false", "keydown true Shift ShiftLeft 16 true", "keydown true B KeyB 66 true",
		"keydown true ! Digit1 49 true", "keyup true Shift ShiftLeft 16 false", "keydown true C KeyC 67 false",
		"keydown true ArrowLeft ArrowLeft 37 false",
	} {
		if !strings.Contains(strings.Join(events, ","), want) {
			t.Errorf("no %q in %v", want, events)
		}
	}
	eval[any](t, p, `document.getElementById("i").value = ""`)
	if err := p.Type(ctx, `Père Noël (24/12) @ 5*3=15!`); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, p, `document.getElementById("i").value`); got != `Père Noël (24/12) @ 5*3=15!` {
		t.Errorf("typed: got %q", got)
	}
	eval[any](t, p, `document.getElementById("i").select()`)
	if err := p.InsertText(ctx, "一次"); err != nil {
		t.Fatal(err)
	}
	if got := eval[string](t, p, `document.getElementById("i").value`); got != "一次" {
		t.Errorf("inserted: got %q", got)
	}
	press("ControlLeft", "KeyA", "^KeyA", "^ControlLeft", "Delete", "^Delete")
	if got := eval[string](t, p, `document.getElementById("i").value`); got != "" {
		t.Errorf("after select all and delete: got %q", got)
	}
	if err := p.KeyDown(ctx, "Hyper"); err == nil || KnownKey("Hyper") || KnownKey("") {
		t.Error("an unknown key was accepted")
	}
}

func TestKeyNames(t *testing.T) {
	t.Parallel()
	type want struct {
		code, key string
		vk, loc   int
	}
	for name, want := range map[string]want{
		"Enter": {"Enter", "Enter", 13, 0}, "\r": {"Enter", "Enter", 13, 0}, "\n": {"Enter", "Enter", 13, 0},
		"a": {"KeyA", "a", 65, 0}, "A": {"KeyA", "A", 65, 0}, "KeyA": {"KeyA", "a", 65, 0},
		" ": {"Space", " ", 32, 0}, "Space": {"Space", " ", 32, 0},
		"5": {"Digit5", "5", 53, 0}, "%": {"Digit5", "%", 53, 0}, "Numpad5": {"Numpad5", "Clear", 12, 3}, "Clear": {"Numpad5", "Clear", 12, 3},
		"*": {"NumpadMultiply", "*", 106, 3}, "-": {"NumpadSubtract", "-", 109, 3}, "_": {"Minus", "_", 189, 0},
		"+": {"NumpadAdd", "+", 107, 3}, "/": {"NumpadDivide", "/", 111, 3}, "=": {"Equal", "=", 187, 0}, ".": {"Period", ".", 190, 0},
		"Shift": {"ShiftLeft", "Shift", 16, 1}, "ControlRight": {"ControlRight", "Control", 17, 2}, "Meta": {"MetaLeft", "Meta", 91, 1},
		"ArrowLeft": {"ArrowLeft", "ArrowLeft", 37, 0}, "F24": {"F24", "F24", 135, 0}, "\"": {"Quote", "\"", 222, 0}, "\\": {"Backslash", "\\", 220, 0},
		"\x00": {"NumpadDecimal", "\x00", 46, 3}, "Cancel": {"Abort", "Cancel", 3, 0}, "CrSel": {"Props", "CrSel", 247, 0}, "SoftLeft": {"", "SoftLeft", 0, 0},
	} {
		k, ok := findKey(name)
		if got := (struct {
			code, key string
			vk, loc   int
		}{k.code, k.key, k.vk, k.location}); !ok || got != want {
			t.Errorf("%q: got %+v %v, want %+v", name, got, ok, want)
		}
	}
}
