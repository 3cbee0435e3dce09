package player

import (
	"testing"

	"github.com/postflight/postflight/internal/journey"
)

// TestSee covers what see and notSee claim: never more than was seen.
func TestSee(t *testing.T) {
	l := newLab(t)
	a := css("#a")
	n := func(i int) *int { return &i }
	is := func(b bool) *bool { return &b }
	see := func(e journey.Expect, parts ...journey.Part) journey.Step {
		s := journey.Step{Type: journey.See, Expect: e, Strict: e.Count == nil}
		if len(parts) > 0 {
			s.Selectors = sel(parts...)
		}
		return s
	}
	unseen := func(parts ...journey.Part) journey.Step {
		return journey.Step{Type: journey.NotSee, Selectors: sel(parts...)}
	}
	ok := func(html string, s journey.Step) law { return law{html: html, step: s} }
	no := func(html string, s journey.Step, why string) law { return law{html: html, step: brief(s), fails: why} }
	try(t, l, map[string]law{
		"visible":               ok(`<b id=a>x</b>`, see(journey.Expect{}, a)),
		"late":                  ok(`<b id=a hidden>x</b><script>setTimeout(() => a.hidden=false, 300)</script>`, see(journey.Expect{}, a)),
		"hidden":                no(`<b id=a hidden>x</b>`, see(journey.Expect{}, a), "has no size"),
		"absent":                no(`x`, see(journey.Expect{}, a), "not found"),
		"below the fold":        ok(`<div style="height:3000px"></div><b id=a>x</b>`, see(journey.Expect{}, a)),
		"two, strict":           no(`<b>x</b><b>x</b>`, see(journey.Expect{}, css("b")), "found 2 times"),
		"text":                  ok("<p id=a>Your  order\n is <b>done</b></p>", see(journey.Expect{Text: "order is done"}, a)),
		"text differs":          no(`<p id=a>Your order is open</p>`, see(journey.Expect{Text: "done"}, a), "its text is “Your order is open”"),
		"text is hidden":        no(`<p id=a>Your order <i style="display:none">done</i></p>`, see(journey.Expect{Text: "done"}, a), "its text is"),
		"text invisible":        no(`<p id=a>Your order <i style="visibility:hidden">done</i></p>`, see(journey.Expect{Text: "done"}, a), "its text is"),
		"text as it is shown":   ok(`<p id=a style="text-transform:uppercase">done</p>`, see(journey.Expect{Text: "DONE"}, a)),
		"text in shadow":        ok(`<div id=a></div><script>a.attachShadow({mode:'open'}).innerHTML='<p>done</p>'</script>`, see(journey.Expect{Text: "done"}, a)),
		"text of cells":         ok(`<table><tr id=a><td>Sum<td>9.00</table>`, see(journey.Expect{Text: "Sum 9.00"}, a)),
		"value":                 ok(`<input id=a><script>setTimeout(() => a.value='done', 200)</script>`, see(journey.Expect{Value: "done"}, a)),
		"value differs":         no(`<input id=a value=other>`, see(journey.Expect{Value: "done"}, a), "its value is “other”"),
		"value of a password":   no(`<input id=a type=password value=hunter2>`, see(journey.Expect{Value: "done"}, a), "its value differs"),
		"value by label":        ok(`<label id=a>X <input value=done></label>`, see(journey.Expect{Value: "done"}, a)),
		"value of a list":       ok(`<select id=a><option value=1>One<option selected value=2>Two</select>`, see(journey.Expect{Value: "Two"}, a)),
		"value of no field":     no(`<p id=a>x`, see(journey.Expect{Value: "x"}, a), "it is no field"),
		"enabled":               ok(`<button id=a disabled>x</button><script>setTimeout(() => a.disabled=false, 200)</script>`, see(journey.Expect{Enabled: is(true)}, a)),
		"not enabled":           no(`<button id=a disabled>x</button>`, see(journey.Expect{Enabled: is(true)}, a), "disabled"),
		"disabled":              ok(`<button id=a disabled>x</button>`, see(journey.Expect{Enabled: is(false)}, a)),
		"checked":               ok(`<input type=checkbox id=a checked>`, see(journey.Expect{Checked: is(true)}, a)),
		"not checked":           no(`<input type=checkbox id=a>`, see(journey.Expect{Checked: is(true)}, a), "not checked"),
		"no check box":          no(`<p id=a>x`, see(journey.Expect{Checked: is(false)}, a), "no check box"),
		"count":                 ok(`<i>1</i><i>2</i><i hidden>3</i>`, see(journey.Expect{Count: n(2)}, css("i"))),
		"count differs":         no(`<i>1</i><i>2</i>`, see(journey.Expect{Count: n(3)}, css("i")), "seen 2 times"),
		"count with text":       ok(`<i>x</i><i>x</i><i>y</i>`, see(journey.Expect{Count: n(2), Text: "x"}, css("i"))),
		"count none":            ok(`<p>x</p>`, see(journey.Expect{Count: n(0)}, css("i"))),
		"title":                 ok(`<title>The  shop</title>`, see(journey.Expect{Title: "The shop"})),
		"title differs":         no(`<title>The shop</title>`, see(journey.Expect{Title: "Error"}), "the title is “The shop”"),
		"address":               ok(`<script>setTimeout(() => history.pushState(0, '', '/done/7'), 200)</script>`, see(journey.Expect{URL: "/done/*"})),
		"address differs":       no(`x`, see(journey.Expect{URL: "/done"}), "the page is http"),
		"several, one after":    no(`<b id=a>x</b>`, see(journey.Expect{Text: "x", Title: "no"}, a), "the title is"),
		"not seen":              ok(`<p>x</p>`, unseen(a)),
		"not seen: hidden":      ok(`<p>x</p><b id=a hidden>x</b>`, unseen(a)),
		"not seen: goes away":   ok(`<p>x</p><b id=a>x</b><script>setTimeout(() => a.remove(), 300)</script>`, unseen(a)),
		"not seen: there":       no(`<p>x</p><b id=a>x</b>`, unseen(a), `still seen: <b id="a">`),
		"not seen: blank page":  no(``, unseen(a), "the page shows nothing at all"),
		"not seen: hidden page": no(`<body style="display:none">x`, unseen(a), "the page shows nothing at all"),
		"not seen: with text":   ok(`<p>x</p><b id=a>x</b>`, func() journey.Step { s := unseen(a); s.Expect.Text = "error"; return s }()),
	})
}
