package journey

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/fault"
)

const sample = `{
  "title": "Book a visit",
  "timeout": 4000,
  "selectorAttribute": "data-testid",
  "steps": [
    {"type": "setViewport", "width": 800, "height": 600, "deviceScaleFactor": 1, "isMobile": false, "hasTouch": false, "isLandscape": false},
    {"type": "navigate", "url": "http://localhost:8080/book?x=1#top", "assertedEvents": [{"type": "navigation", "url": "http://localhost:8080/book", "title": "Book"}]},
    {"type": "click", "target": "main", "selectors": [["aria/Book now[role=\"button\"]"], ["#host", "pierce/.x"], "xpath///*[@id=\"b\"]", "text/Book"], "offsetX": 3.5, "offsetY": 4, "button": "secondary", "duration": 20, "timeout": 30000, "frame": [0, 2]},
    {"type": "change", "selectors": ["#name"], "value": "secret"},
    {"type": "keyDown", "key": "Enter"},
    {"type": "scroll", "y": 100},
    {"type": "waitForElement", "selectors": ["css/.done"], "operator": "==", "count": 2, "visible": false, "properties": {"a": {"b": [1]}}, "attributes": {"lang": "en"}},
    {"type": "waitForExpression", "expression": "window.ready"}
  ]
}`

func TestParse(t *testing.T) {
	t.Parallel()
	j, err := Parse("book.json", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Lint(); err != nil {
		t.Fatal(err)
	}
	titles := make([]string, len(j.Steps))
	for i, s := range j.Steps {
		titles[i] = s.Title
	}
	want := []string{
		"set viewport 800×600", "open /book", "click Book now", "fill #name", `press "Enter"`,
		"scroll to 0, 100", "wait until .done is gone", "wait until window.ready",
	}
	if diff := cmp.Diff(titles, want); diff != "" {
		t.Error(diff)
	}
	click := Step{
		Type: Click, Title: "click Book now", Line: 8, Timeout: 30 * time.Second, Frame: []int{0, 2},
		Selectors: []Selector{
			{{Language: ARIA, Value: `Book now[role="button"]`, Name: "Book now", HasName: true, Role: "button"}},
			{{Language: CSS, Value: "#host"}, {Language: Pierce, Value: ".x"}},
			{{Language: XPath, Value: `//*[@id="b"]`}},
			{{Language: Text, Value: "Book"}},
		},
		Pointer: Pointer{OffsetX: 3.5, OffsetY: 4, Button: browser.Right, Hold: 20 * time.Millisecond},
	}
	if diff := cmp.Diff(j.Steps[2], click); diff != "" {
		t.Error(diff)
	}
	wait := Element{
		Operator: "==", Count: 2, Properties: map[string]any{"a": map[string]any{"b": []any{1.0}}},
		Attributes: map[string]string{"lang": "en"},
	}
	if diff := cmp.Diff(j.Steps[6].Element, wait); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	nav := `{"type":"navigate","url":"http://h/"}`
	for name, c := range map[string]struct{ doc, want string }{
		"not json":     {"{\n \"title\": nope}", "r.json:2:12: not JSON"},
		"no object":    {"[]", "a recording is an object, not an array"},
		"no title":     {`{"steps":[` + nav + `]}`, "title: is missing"},
		"title":        {`{"title":1,"steps":[]}`, "title: must be a string, not a number"},
		"no steps":     {`{"title":"t"}`, "steps: is missing"},
		"flow timeout": {`{"title":"t","timeout":0,"steps":[]}`, "timeout: must be from 1 to 30000"},
		"twice":        {`{"title":"t","title":"u","steps":[]}`, "title: given twice"},
		"step kind":    {step(`5`), "step 2: a step is an object, not a number"},
		"no type":      {step(`{}`), "step 2: type: is missing"},
		"unknown":      {step("\n  {\"type\":\"dance\"}"), `r.json:2:11: step 2 (dance): type: unknown step type "dance"`},
		"no selectors": {step(`{"type":"hover"}`), "selectors: is missing"},
		"empty":        {step(`{"type":"hover","selectors":[]}`), "selectors: must hold from 1"},
		"empty chain":  {step(`{"type":"hover","selectors":[[]]}`), "a chain must hold"},
		"selector":     {step(`{"type":"hover","selectors":[7]}`), "a selector is a string"},
		"css":          {step(`{"type":"hover","selectors":["a[x"]}`), "] is missing"},
		"deep":         {step(`{"type":"hover","selectors":["a >>> "]}`), "selector is missing beside >>>"},
		"aria":         {step(`{"type":"hover","selectors":["aria/x[level=\"1\"]"]}`), `unknown attribute "level"`},
		"offset":       {step(`{"type":"click","selectors":["a"],"offsetY":1}`), "offsetX: is missing"},
		"button":       {step(`{"type":"click","selectors":["a"],"offsetX":1,"offsetY":1,"button":"left"}`), `unknown button "left"`},
		"device":       {step(`{"type":"click","selectors":["a"],"offsetX":1,"offsetY":1,"deviceType":"foot"}`), `unknown device "foot"`},
		"frame":        {step(`{"type":"hover","selectors":["a"],"frame":[0.5]}`), "frame: must hold whole numbers"},
		"key":          {step(`{"type":"keyDown","key":"Blorp"}`), `unknown key "Blorp"`},
		"user":         {step(`{"type":"navigate","url":"http://u:p@h/"}`), "must not hold a user name"},
		"event":        {step(`{"type":"keyUp","key":"Enter","assertedEvents":[{"type":"magic"}]}`), `unknown event type "magic"`},
		"network":      {step(`{"type":"emulateNetworkConditions","download":1,"upload":2}`), "latency: is missing"},
		"custom":       {step(`{"type":"customStep"}`), "name: is missing"},
		"custom body":  {step(`{"type":"customStep","name":"pause","parameters":5}`), "parameters: must be an object with the fields of pause"},
		"pause":        {step(`{"type":"customStep","name":"pause","parameters":{}}`), "milliseconds: is missing"},
		"errors":       {`{"title":"t","x-errors":"no","steps":[]}`, `x-errors: unknown value "no"`},
		"fields":       {step(`{"type":"click","selectors":[],"offsetX":"1","button":"x"}`), "offsetX: must be a number, not a string\nr.json:1:61: step 2 (click): offsetY: is missing"},
		"steps":        {`{"title":"t","steps":[5,{"type":"x"}]}`, "step 1: a step is an object, not a number\nr.json:1:33: step 2 (x): type: unknown"},
		"url":          {step(`{"type":"navigate","url":"chrome://settings/"}`), "not an absolute http or https"},
		"file":         {step(`{"type":"navigate","url":"file:///etc/passwd"}`), "not an absolute http or https"},
		"no host":      {step(`{"type":"navigate","url":"http:///x"}`), "not an absolute http or https"},
		"operator":     {step(`{"type":"waitForElement","selectors":["a"],"operator":">"}`), `unknown operator ">"`},
		"attribute":    {step(`{"type":"waitForElement","selectors":["a"],"attributes":{"b":1}}`), `"b" must be a string`},
		"expression":   {step(`{"type":"waitForExpression","expression":" "}`), "expression: is empty"},
		"timeout":      {step(`{"type":"waitForExpression","expression":"x","timeout":30001}`), "timeout: must be from"},
		"viewport":     {step(`{"type":"setViewport","width":0,"height":1,"deviceScaleFactor":1,"isMobile":false,"hasTouch":false,"isLandscape":false}`), "width: must be a number from 1"},
		"nested":       {`{"title":"t","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "nested deeper"},
		"big":          {strings.Repeat(" ", maxSize+1), "more than 1048576"},
	} {
		_, err := Parse("r.json", []byte(c.doc))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
			continue
		}
		var p *Problem
		if !fault.Is(err, fault.Invalid) || !errors.As(err, &p) || p.Line < 1 || p.Column < 1 {
			t.Errorf("%s: got %#v, want a fault with a place", name, err)
		}
	}
}

// step puts one step after a navigate.
func step(s string) string {
	return `{"title":"t","steps":[{"type":"navigate","url":"http://h/"},` + s + `]}`
}

func TestLint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ step, want string }{
		"only opens":  {`{"type":"navigate","url":"http://h/2"}`, "asserts nothing"},
		"any number":  {`{"type":"waitForElement","selectors":["a"],"count":0}`, "can never fail"},
		"constant":    {`{"type":"waitForExpression","expression":"(true);"}`, "can never fail"},
		"string":      {`{"type":"waitForExpression","expression":"'yes'"}`, "can never fail"},
		"none":        {`{"type":"waitForElement","selectors":["a"],"count":0,"operator":"<="}`, ""},
		"click":       {`{"type":"click","selectors":["a"],"offsetX":1,"offsetY":1}`, ""},
		"key navigat": {`{"type":"keyDown","key":"Enter","assertedEvents":[{"type":"navigation"}]}`, ""},
		"key":         {`{"type":"keyDown","key":"Enter"}`, "asserts nothing"},
		"custom":      {`{"type":"customStep","name":"dance"}`, `step 2 (customStep): name: unknown custom step "dance"`},
		"own custom":  {`{"type":"customStep","name":"see","parameters":{"selectors":["a"]}}`, ""},
		"misspelt":    {`{"type":"click","selectors":["a"],"offsetX":1,"offsetY":1,"assertedEvent":[]}`, "step 2 (click): assertedEvent: is not known: did you mean assertedEvents?"},
		"case":        {`{"type":"hover","selectors":["a"],"Timeout":1}`, "did you mean timeout?"},
		"ours":        {`{"type":"hover","selectors":["a"],"x-strct":true}`, "did you mean x-strict?"},
		"other tool":  {`{"type":"hover","selectors":["a"],"x-other":true,"thumbnail":"data:"}`, ""},
	} {
		j, err := Parse("r.json", []byte(step(c.step)))
		if err != nil {
			t.Fatal(name, err)
		}
		err = j.Lint()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// What the reference runner passes over plays no part here either, so that every
// export can be played.
func TestParseLeniency(t *testing.T) {
	t.Parallel()
	doc := `{"title":"","selectorAttribute":5,"colour":"red","steps":[
		{"type":"keyDown","key":"Enter","target":7},
		{"type":"navigate","url":"chrome://new-tab-page/","assertedEvents":null},
		{"type":"hover","selectors":["css/.x"],"timeout":"soon","assertedEvents":{},"offsetX":1},
		{"type":"close"},
		{"type":"waitForElement","selectors":["a"],"operator":""},
		{"type":"customStep","name":"dance","parameters":{"a":1}},
		{"type":"customStep","name":"pause","parameters":{"milliseconds":20},"x-soft":true,"x-cleanup":true}]}`
	j, err := Parse("r.json", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	var warnings []string
	for _, w := range j.Warnings {
		warnings = append(warnings, w.Error())
	}
	want := []string{
		`r.json:1:35: colour: is not known and plays no part`,
		`r.json:3:28: step 2 (navigate): url: is the browser's own page: about:blank is opened instead`,
		`r.json:4:79: step 3 (hover): offsetX: is not known and plays no part`,
	}
	if diff := cmp.Diff(warnings, want); diff != "" {
		t.Error(diff)
	}
	if got := j.Steps[2]; got.Timeout != 5*time.Second || got.Asserted != nil {
		t.Errorf("got %+v", got)
	}
	if got := j.Steps[4].Element.Operator; got != ">=" {
		t.Errorf("got operator %s", got)
	}
	if got := j.Steps[5]; got.Type != Custom || got.Custom != "dance" {
		t.Errorf("got %+v", got)
	}
	if len(j.Cleanup) != 1 || j.Cleanup[0].Type != Pause || j.Cleanup[0].Wait != 20*time.Millisecond || !j.Cleanup[0].Soft {
		t.Errorf("got %+v", j.Cleanup)
	}
	if none, err := Parse("r.json", []byte(`{"title":"t","steps":[]}`)); err != nil || none.Lint() == nil {
		t.Errorf("no steps: got %v, %v; want a journey that Lint refuses", none, err)
	}
}

func TestStrictness(t *testing.T) {
	t.Parallel()
	event := func(x string) string { return `[{"type":"navigation","url":"http://h/2"` + x + `}]` }
	for doc, want := range map[string][]bool{
		step(`{"type":"keyUp","key":"a","assertedEvents":` + event("") + `}`):                           {false},
		step(`{"type":"keyUp","key":"a","assertedEvents":` + event(`,"x-strict":true`) + `}`):           {true},
		step(`{"type":"keyUp","key":"a","x-strict":true,"assertedEvents":` + event("") + `}`):           {true},
		`{"x-strict":true,` + step(`{"type":"keyUp","key":"a","assertedEvents":` + event("") + `}`)[1:]: {true},
	} {
		j, err := Parse("r.json", []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if got := []bool{j.Steps[1].Asserted[0].Strict}; got[0] != want[0] {
			t.Errorf("%s: got %v, want %v", doc, got, want)
		}
	}
}

// keys are the names of the format's key list.
const keys = `0 1 2 3 4 5 6 7 8 9 Power Eject Abort Help Backspace Tab Numpad5 NumpadEnter Enter ShiftLeft ShiftRight
ControlLeft ControlRight AltLeft AltRight Pause CapsLock Escape Convert NonConvert Space Numpad9 PageUp Numpad3 PageDown End
Numpad1 Home Numpad7 ArrowLeft Numpad4 Numpad8 ArrowUp ArrowRight Numpad6 Numpad2 ArrowDown Select Open PrintScreen Insert
Numpad0 Delete NumpadDecimal Digit0 Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 KeyA KeyB KeyC KeyD KeyE
KeyF KeyG KeyH KeyI KeyJ KeyK KeyL KeyM KeyN KeyO KeyP KeyQ KeyR KeyS KeyT KeyU KeyV KeyW KeyX KeyY KeyZ MetaLeft MetaRight
ContextMenu NumpadMultiply NumpadAdd NumpadSubtract NumpadDivide F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14 F15 F16 F17
F18 F19 F20 F21 F22 F23 F24 NumLock ScrollLock AudioVolumeMute AudioVolumeDown AudioVolumeUp MediaTrackNext
MediaTrackPrevious MediaStop MediaPlayPause Semicolon Equal NumpadEqual Comma Minus Period Slash Backquote BracketLeft
Backslash BracketRight Quote AltGraph Props Cancel Clear Shift Control Alt Accept ModeChange Print Execute a b c d e f g h i
j k l m n o p q r s t u v w x y z Meta * + - / ; = , . ` + "`" + ` [ \ ] ' Attn CrSel ExSel EraseEof Play ZoomOut ) ! @ # $ % ^ &
( A B C D E F G H I J K L M N O P Q R S T U V W X Y Z : < _ > ? ~ { | } " SoftLeft SoftRight Camera Call EndCall VolumeDown
VolumeUp`

func TestEveryKeyOfTheFormat(t *testing.T) {
	t.Parallel()
	all := append(strings.Fields(keys), " ", "\r", "\n", "\x00")
	if len(all) != 255 {
		t.Errorf("got %d names, want 255", len(all))
	}
	for _, name := range all {
		if !browser.KnownKey(name) {
			t.Errorf("key %q is not known", name)
		}
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	doc := `{"title":"t","steps":[
		{"type":"navigate","url":"http://localhost:80/shop/book%2Fx?a=1#f","assertedEvents":[{"type":"navigation","url":"http://LOCALHOST/shop/"}]},
		{"type":"navigate","url":"https://pay.example/x"},
		{"type":"navigate","url":"http://localhost/"}]}`
	j, err := Parse("r.json", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for base, want := range map[string][]string{
		"http://v1.localhost:8080":   {"http://v1.localhost:8080/shop/book%2Fx?a=1#f", "http://v1.localhost:8080/shop/", "https://pay.example/x", "http://v1.localhost:8080/"},
		"https://h.example/shop/":    {"https://h.example/shop/book%2Fx?a=1#f", "https://h.example/shop/", "https://pay.example/x", "https://h.example/shop/"},
		"https://h.example/_v/1.2/3": {"https://h.example/_v/1.2/3/shop/book%2Fx?a=1#f", "https://h.example/_v/1.2/3/shop/", "https://pay.example/x", "https://h.example/_v/1.2/3/"},
	} {
		moved, err := j.At(base)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{moved.Steps[0].URL, moved.Steps[0].Asserted[0].URL, moved.Steps[1].URL, moved.Steps[2].URL}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(base, diff)
		}
	}
	if j.Steps[0].Asserted[0].URL != "http://LOCALHOST/shop/" {
		t.Error("At changed the journey itself")
	}
	if _, err := j.At("ftp://x"); err == nil {
		t.Error("got no error for a base that is no web address")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(step(`{"type":"hover","selectors":[["a","aria/b"]],"frame":[1]}`)))
	f.Add([]byte("\xef\xbb\xbf{\"title\": \"\xff\", \"steps\": [null]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := Parse("f", data)
		if err != nil {
			var p *Problem
			if !errors.As(err, &p) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		_ = j.Lint()
		if _, err := j.At("http://127.0.0.1:9/base"); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzSelector(f *testing.F) {
	for _, s := range []string{"#a", `aria/Name[role="b"]`, `aria/[name=""][role='x\'']`, "text/x", "xpath///a", "pierce/.b", "a[b='\\']"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePart(s)
		if err != nil {
			return
		}
		again, err := ParsePart(p.String())
		if p.Language != CSS && (err != nil || again != p) {
			t.Fatalf("%q: got %+v, %v, want %+v", s, again, err, p)
		}
	})
}
