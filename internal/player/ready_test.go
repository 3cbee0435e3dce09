package player

import (
	"testing"

	"github.com/postflight/postflight/internal/journey"
)

// TestReady covers rules 3 to 12: what an element must be before it is acted upon.
func TestReady(t *testing.T) {
	l := newLab(t)
	a := css("#a")
	hit := func(html string) law {
		return law{html: html, step: on(journey.Click, a), after: "log.join() === 'yes'"}
	}
	mid := func(html string) law {
		return law{html: html, step: one(journey.Click, a), after: "log.join() === 'yes'"}
	}
	no := func(html, why string) law {
		return law{html: html, step: brief(one(journey.Click, a)), fails: why, after: "log.length === 0"}
	}
	yes := `id=a onclick="put('yes')"`
	try(t, l, map[string]law{
		"1 resolved anew":          mid(`<div id=d><button id=a>old</button></div><script>setTimeout(() => d.innerHTML='<button ` + `id=a onclick=put(\'yes\')>new</button>', 0); a.disabled=true</script>`),
		"3 detached":               no(`<script>x=document.createElement('b')</script>`, "not found"),
		"4 display none":           no(`<b `+yes+` style="display:none">x</b>`, "has no size"),
		"4 visibility":             no(`<b `+yes+` style="visibility:hidden">x</b>`, "hidden"),
		"4 visibility of parent":   no(`<p style="visibility:hidden"><b `+yes+`>x</b></p>`, "hidden"),
		"4 seen again":             mid(`<p style="visibility:hidden"><b style="visibility:visible" ` + yes + `>x</b></p>`),
		"4 content-visibility":     no(`<p style="content-visibility:hidden"><b `+yes+`>x</b></p>`, "hidden"),
		"4 closed details":         no(`<details><summary>s</summary><b `+yes+`>x</b></details>`, "hidden"),
		"4 empty":                  no(`<div `+yes+`></div>`, "has no size"),
		"4 opacity":                mid(`<b ` + yes + ` style="opacity:0">x</b>`),
		"4 contents, text":         mid(`<b ` + yes + ` style="display:contents">some text</b>`),
		"4 contents, child":        mid(`<b ` + yes + ` style="display:contents"><i>child</i></b>`),
		"4 contents, nothing":      no(`<b `+yes+` style="display:contents"></b>`, "has no size"),
		"4 floating child":         mid(`<div ` + yes + ` style="height:0"><img style="float:left;width:40px;height:30px"></div><br clear=all>`),
		"4 child cut off":          no(`<div `+yes+` style="height:0;overflow:hidden"><p>x</p></div>`, "has no size"),
		"5 moving":                 no(`<style>@keyframes m{to{margin-left:50px}}</style><button `+yes+` style="animation:m .3s infinite linear">x</button>`, "moving"),
		"5 until it stands":        mid(`<style>@keyframes m{from{margin-left:500px}}</style><button id=a style="animation:m .4s linear" onclick="put(this.getAnimations().length ? 'early' : 'yes')">x</button>`),
		"6 disabled":               no(`<button disabled `+yes+`>x</button>`, "disabled"),
		"6 fieldset":               no(`<fieldset disabled><button `+yes+`>x</button></fieldset>`, "disabled"),
		"6 first legend":           mid(`<fieldset disabled><legend><button ` + yes + `>x</button></legend></fieldset>`),
		"6 second legend":          no(`<fieldset disabled><legend></legend><legend><button `+yes+`>x</button></legend></fieldset>`, "disabled"),
		"6 aria":                   no(`<div role=button aria-disabled=true `+yes+`>x</div>`, "disabled"),
		"6 aria above":             no(`<div aria-disabled=true><button `+yes+`>x</button></div>`, "disabled"),
		"6 aria on no such role":   mid(`<p aria-disabled=true ` + yes + `>x</p>`),
		"6 disabled on a div":      mid(`<div disabled ` + yes + `>x</div>`),
		"8 label of disabled":      no(`<label `+yes+` for=i>x</label><input id=i disabled>`, "disabled"),
		"8 inside a button":        mid(`<button onclick="put('yes')"><span id=a>x</span><i style="position:absolute;left:0;top:0;width:90px;height:90px"></i></button>`),
		"9 far below":              mid(`<div style="height:4000px"></div><button ` + yes + `>x</button><div style="height:4000px"></div>`),
		"9 nested scrollers":       mid(`<div style="height:100px;overflow:auto"><div style="height:900px"></div><div style="height:80px;width:90px;overflow:auto"><div style="width:800px;height:500px"></div><button ` + yes + ` style="margin-left:700px">x</button></div></div>`),
		"9 sticky header":          mid(`<header style="position:fixed;top:0;left:0;right:0;height:200px;background:#eee"></header><div style="height:2000px"></div><button ` + yes + `>x</button><div style="height:3000px"></div><script>scrollTo(0, 1990)</script>`),
		"9 sticky footer":          mid(`<footer style="position:fixed;bottom:0;left:0;right:0;height:300px;background:#eee"></footer><div style="height:2000px"></div><button ` + yes + `>x</button><div style="height:3000px"></div>`),
		"9 smooth scrolling":       mid(`<style>html{scroll-behavior:smooth}</style><div style="height:4000px"></div><button ` + yes + `>x</button>`),
		"9 fixed off screen":       no(`<button `+yes+` style="position:fixed;left:-500px;top:0">x</button>`, "outside the viewport"),
		"10 link over two lines":   mid(`<p style="width:120px;font:16px/20px monospace">aaaaaaa <a ` + yes + ` href="#">bbbb cccccccccc</a></p>`),
		"10 larger than window":    mid(`<div ` + yes + ` style="width:3000px;height:5000px">x</div>`),
		"10 svg ring":              mid(`<svg width=100 height=100><circle ` + yes + ` cx=50 cy=50 r=40 fill=none stroke=red stroke-width=12 /></svg>`),
		"10 svg child":             mid(`<svg width=100 height=100><g ` + yes + `><rect x=10 y=10 width=50 height=50 /></g></svg>`),
		"10 transformed":           mid(`<div style="margin:200px;display:inline-block;transform:rotate(30deg) scale(.5)"><button ` + yes + `>x</button></div>`),
		"11 covered":               no(`<button `+yes+`>x</button><div class=modal style="position:fixed;inset:0"><p style="position:absolute;inset:0;margin:0">m</p></div>`, `covered by <p> of <div class="modal">`),
		"11 for a moment":          mid(`<button ` + yes + `>x</button><div id=m style="position:fixed;inset:0"></div><script>setTimeout(() => m.remove(), 400)</script>`),
		"11 transparent cover":     mid(`<button ` + yes + `>x</button><div style="position:fixed;inset:0;pointer-events:none"></div>`),
		"11 deaf":                  no(`<p style="pointer-events:none"><button `+yes+`>x</button></p>`, "pointer-events: none"),
		"11 deaf parent":           mid(`<p style="pointer-events:none"><button style="pointer-events:auto" ` + yes + `>x</button></p>`),
		"11 child":                 mid(`<div ` + yes + `><b><i>x</i></b></div>`),
		"11 slotted child":         mid(`<div id=a><b>light</b></div><script>a.onclick=()=>put('yes');a.attachShadow({mode:'open'}).innerHTML='<button><slot></slot></button>'</script>`),
		"11 label over its box":    mid(`<label><input type=checkbox ` + yes + ` style="position:absolute;width:60px;height:20px"><span style="position:relative;display:inline-block;width:60px;height:20px;background:#ccc"></span></label>`),
		"11 round corners":         hit(`<button ` + yes + ` style="width:80px;height:80px;border-radius:40px;border:0;padding:0">x</button>`),
		"recorded offset":          {html: `<div id=a style="width:200px;height:100px" onclick="put(event.offsetX+':'+event.offsetY)"></div>`, step: journey.Step{Type: journey.Click, Selectors: sel(a), Pointer: journey.Pointer{OffsetX: 150, OffsetY: 20}}, after: "log.join() === '150:20'"},
		"recorded offset outside":  {html: `<div id=a style="width:200px;height:100px" onclick="put(event.offsetX+':'+event.offsetY)"></div>`, step: journey.Step{Type: journey.Click, Selectors: sel(a), Pointer: journey.Pointer{OffsetX: 950, OffsetY: 20}}, after: "log.join() === '100:50'"},
		"recorded offset overhang": {html: `<div id=a style="width:100px;height:20px" onclick="put(event.target.id)"><b id=b style="position:absolute;left:300px;top:100px;width:50px;height:50px"></b></div>`, step: journey.Step{Type: journey.Click, Selectors: sel(a), Pointer: journey.Pointer{OffsetX: 310, OffsetY: 110}}, after: "log.join() === 'b'"},
		"offset far inside":        {html: `<div id=a style="width:200px;height:6000px" onclick="put(event.offsetY)"></div>`, step: journey.Step{Type: journey.Click, Selectors: sel(a), Pointer: journey.Pointer{OffsetX: 50, OffsetY: 5000}}, after: "log.join() === '5000'"},
		"first ready of a race":    {html: `<button id=x disabled>x</button><button ` + yes + `>x</button>`, step: journey.Step{Type: journey.Click, Selectors: []journey.Selector{{css("#x")}, {a}}}, after: "log.join() === 'yes'"},
		"hover":                    {html: `<div style="height:3000px"></div><b id=a onmouseenter="put('yes')">x</b>`, step: one(journey.Hover, a), after: "log.join() === 'yes'"},
		"hover covered":            {html: `<b id=a onmouseenter="put('no')">x</b><i style="position:fixed;inset:0"></i>`, step: brief(one(journey.Hover, a)), fails: "covered by <i>"},
		"double click":             {html: `<b id=a onclick="put(event.detail)" ondblclick="put('d'+event.detail)">x</b>`, step: one(journey.DoubleClick, a), after: "log.join() === '1,2,d2'"},
		"option of a closed list":  no(`<select><option id=a>x</select>`, "set the list itself"),
	})
}

// TestPointerWatch covers the second half of rule 11: what moves between the
// look and the press is not clicked by mistake.
func TestPointerWatch(t *testing.T) {
	l := newLab(t)
	step := one(journey.Click, css("#a"))
	try(t, l, map[string]law{
		"swallowed and done again": {
			html: `<button id=a onclick="put('yes')">x</button><div id=m style="position:fixed;inset:0;display:none" onclick="put('overlay')" onmousedown="put('down')" onpointerdown="put('pdown')"></div>
<script>a.onmouseover=()=>{ a.onmouseover=null; m.style.display=''; setTimeout(()=>m.style.display='none', 300) }</script>`,
			step: step, after: "log.join() === 'yes'",
		},
		"never again": {
			html: `<button id=a onclick="put('yes')">x</button><div id=m class=trap style="position:fixed;inset:0;display:none" onclick="put('overlay')" onpointerdown="put('pdown')"></div>
<script>a.onmouseover=()=>{ m.style.display='' }</script>`,
			step: brief(step), fails: `covered by <div id="m" class="trap">`, after: "log.length === 0",
		},
		"moved away": {
			html: `<button id=a onclick="put('yes')" style="position:absolute;left:20px;top:100px">x</button><button style="position:absolute;left:20px;top:200px" onclick="put('no')">wrong</button>
<script>a.onmouseover=()=>{ a.onmouseover=null; a.style.left='400px' }</script>`,
			step: step, after: "log.join() === 'yes'",
		},
		"nothing is swallowed on success": {
			html: `<button id=a>x</button><script>for (const e of ['pointerdown','mousedown','pointerup','mouseup','click']) addEventListener(e, (x) => put(e + x.defaultPrevented), true)</script>`,
			step: step, after: "log.join() === 'pointerdownfalse,mousedownfalse,pointerupfalse,mouseupfalse,clickfalse'",
		},
		"it goes away": {
			html: `<button id=a onclick="put('yes')">x</button><div id=m style="position:fixed;inset:0;display:none" onclick="put('other')"></div>`,
			step: step, after: "(m.style.display='', m.click(), log.join() === 'yes,other')",
		},
		"gone by the press": {html: `<button id=a onmousedown="put('down');this.remove()">x</button>`, step: step, after: "log.join() === 'down'"},
	})
}
