package player

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestSelectors finds the same button in every language.
func TestSelectors(t *testing.T) {
	t.Parallel()
	html := `<!doctype html><script>hits = []; hit = (w) => hits.push(w)</script>
<button id="a" onclick="hit('css')">One</button>
<button aria-label="Second  thing" onclick="hit('aria')">2</button>
<input type="button" value="Third" onclick="hit('xpath')">
<p>outer <b onclick="hit('text')">deep <i>words</i> here</b></p>
<div id="host"></div><div id="list"><section><button onclick="hit('wrong')">Go</button></section><section class="right"><button onclick="hit('chain')">Go</button></section></div>
<script>
 const root = document.getElementById('host').attachShadow({mode: 'open'});
 root.innerHTML = '<div id="inner"></div><button class="x" onclick="hit(\'shadow\')">In the shade</button>';
 root.getElementById('inner').attachShadow({mode: 'open'}).innerHTML = '<button class="y" onclick="hit(\'pierce\')">Deeper</button>';
</script>`
	s := newScene(t, page(html), open,
		click(`"#a"`), click(`"css/#a"`), click(`"aria/Second thing[role=\"button\"]"`), click(`"aria/[role=\"button\"][name='Second thing']"`),
		click(`"xpath///input[@value='Third']"`), click(`"text/deep words here"`), click(`["#host", ".x"]`), click(`"pierce/.y"`),
		click(`["#list", ".right", "aria/Go"]`), click(`["#list", "xpath/section[2]/button"]`), click(`["#host", "text/shade"]`), click(`"text/Deeper"`),
		click(`"aria/In the shade"`), click(`"#absent", "aria/Absent", "#a"`),
		expect("hits.join() === 'css,css,aria,aria,xpath,text,shadow,pierce,chain,chain,shadow,pierce,shadow,css'"))
	got := s.run(t, t.Context())
	wantPass(t, got)
	if c := got.Steps[14].Console; len(c) != 1 || !strings.Contains(c[0].Text, "used selector #a; 1 of 3") {
		t.Errorf("got %+v, want which selector won", c)
	}
}

// TestWaits plays on elements that become ready by and by.
func TestWaits(t *testing.T) {
	t.Parallel()
	html := `<!doctype html><style>
#move { position: relative; animation: go .6s linear } @keyframes go { from { left: 300px } to { left: 0 } }
</style>
<button id="move" onclick="log.push('moved ' + (this.getAnimations().length === 0))">Move</button>
<button id="off" disabled onclick="log.push('on')">Off</button>
<fieldset disabled id="set"><button id="inset" onclick="log.push('inset')">Set</button></fieldset>
<div aria-disabled="true" id="aria"><button id="inaria" onclick="log.push('inaria')">Aria</button></div>
<button id="gone" style="display:none" onclick="log.push('shown')">Hidden</button>
<input id="ro" readonly>
<div id="spot"></div><div id="veil" style="position:fixed;inset:0;display:none"></div>
<div style="height:3000px"></div><button id="far" onclick="log.push('far')">Far</button>
<script>
log = [];
setTimeout(() => { off.disabled = false; set.disabled = false; aria.removeAttribute('aria-disabled'); gone.style.display = ''; ro.readOnly = false; }, 500);
// A button that is drawn anew every frame until it is hydrated.
let n = 0;
const draw = () => {
	spot.innerHTML = '<button id="again">Again</button>';
	if (++n > 40) { again.onclick = () => log.push('hydrated'); } else requestAnimationFrame(draw);
};
draw();
window.cover = () => { veil.style.display = 'block'; setTimeout(() => veil.style.display = 'none', 500); };
</script>`
	s := newScene(t, page(html), open,
		click(`"#move"`), click(`"#off"`), click(`"#inset"`), click(`"#inaria"`), click(`"#gone"`),
		`{"type":"change","selectors":["#ro"],"value":"typed"}`, click(`"#again"`),
		expect("(cover(), true)"), click(`"aria/Off"`), click(`"#far"`),
		expect("ro.value === 'typed' && log.join() === 'moved true,on,inset,inaria,shown,hydrated,on,far'"))
	wantPass(t, s.run(t, t.Context()))
}

func TestPointer(t *testing.T) {
	t.Parallel()
	html := `<!doctype html><script>log = []; note = (e) => log.push(e.type + e.detail + (e.button || ''))</script>
<button id="d" onclick="note(event)" ondblclick="note(event)" oncontextmenu="note(event); return false" onauxclick="">D</button>
<label><input type="checkbox" id="c" style="position:absolute;opacity:0"><span style="display:inline-block;width:50px;height:20px;position:relative;background:#ccc">box</span></label>
<label for="n" id="ln">Name</label><input id="n">
<a href="#x" id="a"><span>link</span></a>
<button id="h" onmouseenter="log.push('over')">H</button>
<button id="hold" onmousedown="at = event.timeStamp" onmouseup="log.push(event.timeStamp - at >= 150 ? 'held' : 'short')">Hold</button>
<button id="o" style="width:200px;height:50px;border:0" onclick="log.push(event.offsetX + ':' + event.offsetY)">O</button>
<div id="s" style="height:50px;width:50px;overflow:auto"><div style="height:500px;width:500px"></div></div><div style="height:3000px"></div>`
	s := newScene(t, page(html), open,
		`{"type":"doubleClick","selectors":["#d"],"offsetX":2,"offsetY":2}`,
		`{"type":"click","selectors":["#d"],"offsetX":2,"offsetY":2,"button":"secondary"}`,
		click(`"#c"`), expect("c.checked"), click(`"#ln"`), expect("document.activeElement === n"), click(`"#a span"`),
		`{"type":"hover","selectors":["#h"]}`,
		`{"type":"click","selectors":["#hold"],"offsetX":2,"offsetY":2,"duration":200}`,
		`{"type":"click","selectors":["#o"],"offsetX":30,"offsetY":20}`, `{"type":"click","selectors":["#o"],"offsetX":900,"offsetY":20}`,
		`{"type":"scroll","selectors":["#s"],"x":20,"y":40}`, `{"type":"scroll","y":300}`,
		expect("location.hash === '#x' && s.scrollTop === 40 && s.scrollLeft === 20 && scrollY === 300"),
		same("log.join()", "click1,click2,dblclick2,contextmenu02,over,held,30:20,100:25"))
	got := s.run(t, t.Context())
	wantPass(t, got)
}

func TestChange(t *testing.T) {
	t.Parallel()
	html := `<!doctype html><script>log = []; document.addEventListener('change', (e) => log.push(e.target.id), true);
keys = 0; document.addEventListener('keydown', () => keys++, true);</script>
<select id="sel" aria-label="Size"><option value="s">S<option value="m" disabled>M</select>
<input id="pre" value="Jo"><input id="re" value="old"><input id="mail" type="email" value="a@b.c"><input id="num" type="number" value="1">
<textarea id="area">x</textarea><div id="rich" contenteditable>some <b>text</b></div>
<input id="date" type="date"><input id="color" type="color"><input id="range" type="range"><input id="empty" value="clear me">
<label id="lab">Label <input id="labelled"></label>
<script>setTimeout(() => { sel.options[1].disabled = false }, 300)</script>`
	fill := func(selector, value string) string {
		return `{"type":"change","selectors":["` + selector + `"],"value":"` + value + `"}`
	}
	s := newScene(t, page(html), open, fill("#sel", "m"),
		expect("keys === 0"), fill("#pre", "Johanna"), expect("keys === 5 && pre.value === 'Johanna'"), fill("#re", "new"), fill("#mail", "x@y.z"), fill("#num", "42"),
		fill("#area", "two\\nlines"), fill("#rich", "plain ü"), fill("#date", "2026-12-24"), fill("#color", "#ff0000"), fill("#range", "7"),
		fill("#empty", ""), fill("#lab", "by label"),
		expect("[sel, re, mail, num, area, date, color, range, empty, labelled].map((e) => e.value).join('|') === 'm|new|x@y.z|42|two\\nlines|2026-12-24|#ff0000|7||by label'"),
		expect("rich.innerText.trim() === 'plain ü' && ['sel', 'pre', 're', 'date', 'color', 'range'].every((i) => log.includes(i))"))
	wantPass(t, s.run(t, t.Context()))
}

func TestKeysAndFrames(t *testing.T) {
	t.Parallel()
	s := newScene(t, pages(map[string]string{
		"/":      `<!doctype html><h1 style="margin:80px">Outer</h1><script>log=[]; document.addEventListener('keydown', (e) => log.push(e.key))</script><iframe></iframe><div style="height:2000px"></div><iframe src="/inner" style="width:300px;height:150px;border:7px solid"></iframe>`,
		"/inner": `<!doctype html><div style="height:400px"></div><iframe srcdoc="<button onclick='parent.deep=1'>Deep</button>" style="width:200px;height:80px"></iframe><input id="i"><button onclick="ok = 1">In</button>`,
	}), open,
		`{"type":"keyDown","key":"Shift"}`, `{"type":"keyDown","key":"KeyA"}`, `{"type":"keyUp","key":"KeyA"}`, `{"type":"keyUp","key":"Shift"}`, `{"type":"keyDown","key":"ArrowLeft"}`,
		expect("log.join() === 'Shift,A,ArrowLeft'"),
		`{"type":"click","selectors":["aria/Deep[role=\"button\"]"],"offsetX":3,"offsetY":3,"frame":[1,0]}`,
		`{"type":"change","selectors":["#i"],"value":"framed","frame":[1]}`,
		`{"type":"click","selectors":["text/In"],"offsetX":3,"offsetY":3,"frame":[1]}`,
		`{"type":"scroll","y":50,"frame":[1]}`,
		strings.Replace(same("[window.ok, window.deep, i.value, scrollY].join()", "1,1,framed,50"), "{", `{"frame":[1],`, 1))
	wantPass(t, s.run(t, t.Context()))
}

func TestWaitForElement(t *testing.T) {
	t.Parallel()
	html := `<!doctype html><ul id="l"></ul><p class="spin">…</p><script>
for (const i of [1, 2, 3]) setTimeout(() => l.insertAdjacentHTML('beforeend', '<li role="listitem" lang="en" aria-label="item">' + i), i * 150);
setTimeout(() => { document.querySelector('.spin').remove(); l.own = {a: {b: 2}, c: 1}; }, 400);</script>`
	s := newScene(t, page(html), open,
		`{"type":"waitForElement","selectors":["#l li"],"count":3,"operator":"==","attributes":{"lang":"en"},"properties":{"innerText":"3"},"visible":false}`,
		`{"type":"waitForElement","selectors":["#none",["#l","li"]],"count":3,"attributes":{"lang":"en"},"properties":{"tagName":"LI"}}`,
		`{"type":"waitForElement","selectors":["aria/item[role=\"listitem\"]"],"count":3,"operator":"=="}`,
		`{"type":"waitForElement","selectors":[".spin"],"visible":false}`,
		`{"type":"waitForElement","selectors":[".spin"],"operator":"<=","count":0}`,
		`{"type":"waitForElement","selectors":["#l"],"properties":{"own":{"a":{"b":2}}}}`)
	wantPass(t, s.run(t, t.Context()))
}

func TestAssertedNavigation(t *testing.T) {
	t.Parallel()
	all := pages(map[string]string{
		"/":     `<!doctype html><a href="/next">Next</a><form action="/found"><input name="q" id="q"></form>`,
		"/next": `<title>N</title><a href="#part">Part</a><a href="/" id="back">Back</a>`, "/found": `<h1>Found</h1>`,
	})
	after := `,"assertedEvents":[{"type":"navigation","url":"§/next","title":"N"}]}`
	s := newScene(t, all, open, strings.TrimSuffix(click(`"text/Next"`), "}")+after,
		strings.TrimSuffix(click(`"text/Part"`), "}")+`,"assertedEvents":[{"type":"navigation","url":"§/next#part"}]}`,
		strings.TrimSuffix(click(`"#back"`), "}")+`,"assertedEvents":[{"type":"navigation"},{"type":"navigation"}]}`,
		click(`"#q"`), `{"type":"keyDown","key":"Enter","assertedEvents":[{"type":"navigation","url":"§/elsewhere"}]}`, `{"type":"keyUp","key":"Enter"}`, expect("document.querySelector('h1')"))
	got := s.run(t, t.Context())
	wantPass(t, got)
	for i, want := range []int{0, 0, 0, 0, 0, 1} {
		if n := len(got.Steps[i].Console); n != want {
			t.Errorf("step %d: got %d warnings, want %d: %+v", i+1, n, want, got.Steps[i].Console)
		}
	}
}

func TestRedrawnDuringPlay(t *testing.T) {
	t.Parallel()
	// The page reloads itself under the wait.
	var served int
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if served++; served < 4 {
			io.WriteString(w, `<script>setTimeout(() => location.reload(), 150)</script>`)
			return
		}
		io.WriteString(w, `<button onclick="done = 1">Now</button>`)
	}), open, click(`"aria/Now", "text/Now"`), expect("window.done"))
	wantPass(t, s.run(t, t.Context()))
}
