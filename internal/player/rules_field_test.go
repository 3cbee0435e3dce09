package player

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/postflight/postflight/internal/journey"
)

// TestFields covers rules 7, 8, 14 and 15: filling in, choosing, checking.
func TestFields(t *testing.T) {
	l := newLab(t)
	file := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := css("#a")
	value := func(s journey.Step, v string) journey.Step { s.Value = v; return s }
	options := func(v ...string) journey.Step { s := one(journey.Select, a); s.Options = v; return s }
	change := journey.Change
	recorded := func(html, v, after string) law { return law{html: html, step: value(on(change, a), v), after: after} }
	fill := func(html, v, after string) law { return law{html: html, step: value(one(change, a), v), after: after} }
	no := func(html string, s journey.Step, why string) law { return law{html: html, step: brief(s), fails: why} }
	react := `<input id=a value=x><script>
const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value'); let kept = 'x';
Object.defineProperty(a, 'value', {get() { return native.get.call(this) }, set(v) { kept = String(v); native.set.call(this, v) }});
a.addEventListener('input', () => { const v = native.get.call(a); if (v !== kept) { kept = v; put(v) } });</script>`
	events := `<script>for (const e of ['input','change','keydown']) document.addEventListener(e, (x) => put(e + (x.composed ? '+' : '')))</script>`
	try(t, l, map[string]law{
		"recorded types keys":      recorded(`<input id=a>`+events, "ab", "log.join() === 'keydown+,input+,keydown+,input+'"),
		"recorded goes on":         recorded(`<input id=a value=ab>`+events, "abc", "a.value === 'abc' && log.length === 2"),
		"recorded over another":    recorded(`<input id=a value=zz>`, "abc", "a.value === 'abc'"),
		"recorded rich text":       recorded(`<div id=a contenteditable>old <b>x</b></div>`, "new", "a.innerText.trim() === 'new'"),
		"recorded number":          recorded(`<input type=number id=a value=7>`, "42", "a.value === '42'"),
		"recorded check box":       recorded(`<input type=checkbox id=a>`+events, "on", "log.join() === 'input+,change'"),
		"recorded date":            recorded(`<input type=date id=a>`+events, "2026-12-24", "a.value === '2026-12-24' && log.join() === 'input+,change'"),
		"recorded list":            recorded(`<select id=a><option value=1>One<option value=2>Two</select>`+events, "2", "a.value === '2' && log.join() === 'input+,change'"),
		"recorded list by label":   no(`<select id=a><option value=1>One</select>`, value(on(journey.Change, a), "One"), "without the option"),
		"fill puts in at once":     fill(`<input id=a value=old>`+events, "new value", "a.value === 'new value' && log.join() === 'input+'"),
		"fill empties":             fill(`<input id=a value=old>`, "", "a.value === ''"),
		"fill a framework's field": fill(react, "typed", "log.join() === 'typed' && kept === 'typed'"),
		"fill by label":            {html: `<label id=a>Name <input id=i></label>`, step: value(one(journey.Change, a), "x"), after: "i.value === 'x'"},
		"fill with maxlength":      fill(`<input id=a maxlength=3>`, "abcdef", "a.value === 'abc'"),
		"fill text area":           fill(`<textarea id=a>old</textarea>`, "two\nlines", `a.value === 'two\nlines'`),
		"fill rich text":           fill(`<div id=a contenteditable>old</div>`, "new", "a.innerText.trim() === 'new'"),
		"fill color":               fill(`<input type=color id=a>`, "#FF0000", "a.value === '#ff0000'"),
		"fill time":                fill(`<input type=time id=a>`, "12:30", "a.value === '12:30'"),
		"fill range":               fill(`<input type=range id=a>`, "7", "a.value === '7'"),
		"fill malformed":           no(`<input type=date id=a>`, value(one(journey.Change, a), "24.12."), "malformed"),
		"fill range out of bounds": no(`<input type=range id=a max=5>`, value(one(journey.Change, a), "7"), "malformed"),
		"fill no number":           no(`<input type=number id=a>`, value(one(journey.Change, a), "seven"), "no number"),
		"fill a check box":         no(`<input type=checkbox id=a>`, value(one(journey.Change, a), "x"), "cannot be filled in"),
		"fill what is none":        no(`<p id=a>x`, value(one(journey.Change, a), "x"), "cannot be filled in"),
		"fill a file":              no(`<input type=file id=a>`, value(one(journey.Change, a), "x"), "cannot be filled in"),
		"7 read-only":              no(`<input id=a readonly>`, value(one(journey.Change, a), "x"), "read-only"),
		"7 aria read-only":         no(`<div id=a contenteditable aria-readonly=true>x</div>`, value(one(journey.Change, a), "x"), "read-only"),
		"7 disabled":               no(`<input id=a disabled>`, value(one(journey.Change, a), "x"), "disabled"),
		"7 hidden":                 no(`<input id=a style="display:none">`, value(one(journey.Change, a), "x"), "has no size"),
		"7 until editable":         fill(`<input id=a readonly><script>setTimeout(() => a.readOnly = false, 300)</script>`, "x", "a.value === 'x'"),

		"15 by label":      {html: `<select id=a><option value=1>One<option value=2> Two  x</select>`, step: options("Two x"), after: "a.value === '2'"},
		"15 by value":      {html: `<select id=a><option value=1>2<option value=2>1</select>`, step: options("2"), after: "a.selectedIndex === 1"},
		"15 by index":      {html: `<select id=a><option>x<option>y</select>`, step: options("index=1"), after: "a.value === 'y'"},
		"15 several":       {html: `<select id=a multiple><option selected>x<option>y<option>z</select>`, step: options("y", "z"), after: "[...a.selectedOptions].map(o => o.value).join() === 'y,z'"},
		"15 too many":      no(`<select id=a><option>x<option>y</select>`, options("x", "y"), "one option only"),
		"15 late option":   {html: `<select id=a><option>x</select><script>setTimeout(() => a.add(new Option('y')), 300)</script>`, step: options("y"), after: "a.value === 'y'"},
		"15 disabled":      no(`<select id=a><option>x<option disabled>y</select>`, options("y"), "disabled"),
		"15 group":         no(`<select id=a><option>x<optgroup disabled label=g><option>y</select>`, options("y"), "disabled"),
		"15 no list":       no(`<input id=a>`, options("y"), "no list of options"),
		"15 absent option": no(`<select id=a><option>x</select>`, options("y"), "without the option"),

		"check":                      {html: `<input type=checkbox id=a onclick="put(event.isTrusted)">`, step: one(journey.Check, a), after: "a.checked && log.join() === 'true'"},
		"check what is":              {html: `<input type=checkbox id=a checked onclick="put(1)">`, step: one(journey.Check, a), after: "a.checked && log.length === 0"},
		"uncheck":                    {html: `<input type=checkbox id=a checked>`, step: one(journey.Uncheck, a), after: "!a.checked"},
		"check by label":             {html: `<label id=a>Yes <input type=checkbox id=i></label>`, step: one(journey.Check, a), after: "i.checked"},
		"check through its label":    {html: `<input type=checkbox id=a style="display:none"><label for=a>Yes</label>`, step: one(journey.Check, a), after: "a.checked"},
		"check, not the link":        {html: `<label>I <a href="#no" onclick="put('link')" style="display:inline-block;width:200px">agree</a> so<input type=checkbox id=a style="display:none"></label>`, step: one(journey.Check, a), after: "a.checked && log.length === 0"},
		"check radio":                {html: `<input type=radio name=r id=a><input type=radio name=r checked>`, step: one(journey.Check, a), after: "a.checked"},
		"check switch":               {html: `<div role=switch aria-checked=false id=a onclick="setTimeout(() => this.setAttribute('aria-checked', 'true'), 200)">x</div>`, step: one(journey.Check, a), after: "a.ariaChecked === 'true'"},
		"check mixed":                {html: `<input type=checkbox id=a><script>a.indeterminate=true</script>`, step: one(journey.Check, a), after: "a.checked && !a.indeterminate"},
		"check that does not stay":   no(`<input type=checkbox id=a onclick="event.preventDefault()">`, one(journey.Check, a), "did not check it"),
		"uncheck radio":              no(`<input type=radio id=a checked>`, one(journey.Uncheck, a), "cannot be unchecked"),
		"check what is none":         no(`<p id=a>x`, one(journey.Check, a), "no check box"),
		"check disabled":             no(`<input type=checkbox id=a disabled>`, one(journey.Check, a), "disabled"),
		"upload":                     {html: `<input type=file id=a style="display:none" onchange="put(this.files[0].name)">`, step: func() journey.Step { s := one(journey.Upload, a); s.Files = []string{file}; return s }(), after: "log.join() === 'note.txt'"},
		"upload by label":            {html: `<label id=a>File <input type=file id=i></label>`, step: func() journey.Step { s := one(journey.Upload, a); s.Files = []string{file}; return s }(), after: "i.files.length === 1"},
		"upload into no file field":  no(`<input id=a>`, func() journey.Step { s := one(journey.Upload, a); s.Files = []string{file}; return s }(), "takes no files"),
		"the element is scrolled to": {html: `<div style="height:3000px"></div><input id=a>`, step: value(one(journey.Change, a), "x"), after: "a.value === 'x' && scrollY > 0"},
	})
}
