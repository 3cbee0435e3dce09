package player

import (
	"testing"

	"github.com/postflight/postflight/internal/journey"
)

// TestLocators covers rules 2 and 16 to 18: what the hand-written locators find.
func TestLocators(t *testing.T) {
	l := newLab(t)
	click := func(parts ...journey.Part) journey.Step { return one(journey.Click, parts...) }
	hit := func(html string, s journey.Step) law { return law{html: html, step: s, after: "log.join() === 'yes'"} }
	no := func(html string, s journey.Step, why string) law {
		return law{html: html, step: brief(s), fails: why, after: "log.length === 0"}
	}
	yes, not := `onclick="put('yes')"`, `onclick="put('no')"`
	nth := func(n int) *int { return &n }
	try(t, l, map[string]law{
		"role by name":          hit(`<button `+not+`>Cancel</button><button `+yes+`>Save all</button>`, click(the("button", "save"))),
		"role exact":            hit(`<button `+not+`>Save all</button><button `+yes+`>Save</button>`, click(loc(journey.Role, "button", journey.Filter{Name: "Save", HasName: true, Exact: true}))),
		"role exact case":       no(`<button `+not+`>save</button>`, click(loc(journey.Role, "button", journey.Filter{Name: "Save", HasName: true, Exact: true})), "not found"),
		"role pattern":          hit(`<button `+not+`>Item 7</button><button `+yes+`>Item 42</button>`, click(loc(journey.Role, "button", journey.Filter{Pattern: `^item \d\d$`, Flags: "i"}))),
		"role nameless":         hit(`<button `+not+`>x</button><button `+yes+` style="width:30px;height:20px"></button>`, click(loc(journey.Role, "button", journey.Filter{HasName: true}))),
		"role collapsed spaces": hit("<button "+yes+">Save \n  all</button>", click(the("button", "Save all"))),
		"role explicit":         hit(`<div role="button" `+yes+`>Go</div>`, click(the("button", "Go"))),
		"role not overridden":   no(`<button role="tab" `+not+`>Go</button>`, click(the("button", "Go")), "not found"),
		"role in shadow":        hit(`<div id=h></div><script>h.attachShadow({mode:'open'}).innerHTML='<button onclick="put(\'yes\')">Deep</button>'</script>`, click(the("button", "Deep"))),
		"role slotted name":     hit(`<div id=h>Slotted</div><script>h.attachShadow({mode:'open'}).innerHTML='<button onclick="put(\'yes\')"><slot></slot></button>'</script>`, click(the("button", "Slotted"))),
		"role row by content":   hit(`<table><tr `+not+`><td>Bob<td>1<tr `+yes+`><td>Alice<td>2</table>`, click(the("row", "Alice 2"))),
		"role hidden excluded":  hit(`<div aria-hidden=true><button `+not+`>Go</button></div><button `+yes+`>Go</button>`, click(the("button", "Go"))),
		"role hidden included":  hit(`<div aria-hidden=true><button `+yes+`>Go</button></div>`, click(loc(journey.Role, "button", journey.Filter{Name: "Go", HasName: true, Hidden: true}))),
		"role only hidden":      no(`<button `+not+` style="visibility:hidden">Go</button>`, click(the("button", "Go")), "not found"),
		"role inert":            no(`<div inert><button `+not+`>Go</button></div>`, click(the("button", "Go")), "not found"),
		"role behind modal":     no(`<button `+not+`>Go</button><dialog id=d>x</dialog><script>d.showModal()</script>`, click(the("button", "Go")), "not found"),
		"role level":            hit(`<h2 `+not+`>T</h2><h3 `+yes+`>T</h3>`, click(loc(journey.Role, "heading", journey.Filter{Level: 3}))),
		"role checked":          hit(`<input type=checkbox aria-label=a><input type=checkbox checked aria-label=b `+yes+`>`, click(loc(journey.Role, "checkbox", journey.Filter{Checked: "true"}))),
		"role mixed":            hit(`<input type=checkbox><input type=checkbox id=m `+yes+`><script>m.indeterminate=true</script>`, click(loc(journey.Role, "checkbox", journey.Filter{Checked: "mixed"}))),
		"role pressed":          hit(`<button `+not+`>x</button><button aria-pressed=true `+yes+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Pressed: "true"}))),
		"role selected":         hit(`<div role=tab `+not+`>x</div><div role=tab aria-selected=true `+yes+`>x</div>`, click(loc(journey.Role, "tab", journey.Filter{Selected: "true"}))),
		"role expanded":         hit(`<button aria-expanded=false `+not+`>x</button><button aria-expanded=true `+yes+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Expanded: "true"}))),
		"role disabled":         hit(`<button disabled>x</button><button `+yes+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Disabled: "false"}))),
		"role chain":            hit(`<li><b>A</b><button `+not+`>Buy</button></li><ul><li><b>B</b><button `+yes+`>Buy</button></ul>`, click(loc(journey.Role, "listitem", journey.Filter{HasText: "b"}), the("button", "Buy"))),
		"nth":                   hit(`<button `+not+`>x</button><button `+yes+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Nth: nth(1)}))),
		"nth from the end":      hit(`<button `+not+`>x</button><button `+yes+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Nth: nth(-1)}))),
		"nth too far":           no(`<button `+not+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Nth: nth(3)})), "not found"),
		"nth too far back":      no(`<button `+not+`>x</button>`, click(loc(journey.Role, "button", journey.Filter{Nth: nth(-3)})), "not found"),

		"text smallest":           hit(`<div>Hello <b `+yes+`>big world</b></div>`, click(loc(journey.Visible, "big world", journey.Filter{}))),
		"text any case":           hit(`<b `+yes+`>Big World</b>`, click(loc(journey.Visible, "big  world", journey.Filter{}))),
		"text exact":              hit(`<b `+not+`>Log in now</b><b `+yes+`>Log in</b>`, click(loc(journey.Visible, "Log in", journey.Filter{Exact: true}))),
		"text over elements":      hit(`<p `+yes+`>Hello <i>there</i> you</p>`, click(loc(journey.Visible, "hello there you", journey.Filter{}))),
		"text pattern":            hit(`<b `+yes+`>Order 17</b>`, click(loc(journey.Visible, "", journey.Filter{Pattern: `Order \d+`}))),
		"text not in scripts":     no(`<script>"secretword"</script><style>/*secretword*/</style><noscript>secretword</noscript>`, click(loc(journey.Visible, "secretword", journey.Filter{})), "not found"),
		"text of a submit button": hit(`<input type=submit value="Send it" `+yes+`>`, click(loc(journey.Visible, "send it", journey.Filter{}))),
		"text slotted":            hit(`<div id=h><b `+yes+`>Slotted</b></div><script>h.attachShadow({mode:'open'}).innerHTML='<p><slot></slot></p>'</script>`, click(loc(journey.Visible, "slotted", journey.Filter{}))),
		"text in shadow":          hit(`<div id=h></div><script>h.attachShadow({mode:'open'}).innerHTML='<b onclick="put(\'yes\')">Inside</b>'</script>`, click(loc(journey.Visible, "inside", journey.Filter{}))),

		"label for":         hit(`<label for=i>Your name</label><input id=i `+yes+`>`, click(loc(journey.Label, "name", journey.Filter{}))),
		"label around":      hit(`<label>Size <select `+yes+`><option>Small</select></label>`, click(loc(journey.Label, "Size", journey.Filter{Exact: true}))),
		"label aria":        hit(`<input aria-label="E-mail" `+yes+`>`, click(loc(journey.Label, "e-mail", journey.Filter{}))),
		"label labelledby":  hit(`<b id=l>City</b><input aria-labelledby=l aria-label=Other `+yes+`>`, click(loc(journey.Label, "city", journey.Filter{}))),
		"label overridden":  no(`<b id=l>City</b><input aria-labelledby=l aria-label=Other `+not+`>`, click(loc(journey.Label, "Other", journey.Filter{})), "not found"),
		"placeholder":       hit(`<input placeholder="Search for  things" `+yes+`>`, click(loc(journey.Placeholder, "search for things", journey.Filter{}))),
		"alt":               hit(`<img alt="Our logo" style="width:20px;height:20px" `+yes+`>`, click(loc(journey.Alt, "logo", journey.Filter{}))),
		"title":             hit(`<span title="Close it" `+yes+`>x</span>`, click(loc(journey.Tooltip, "Close it", journey.Filter{Exact: true}))),
		"test id":           hit(`<b data-testid="go2" `+not+`>x</b><b data-testid="go" `+yes+`>x</b>`, click(loc(journey.TestID, "go", journey.Filter{}))),
		"test id exact":     no(`<b data-testid="goto" `+not+`>x</b>`, click(loc(journey.TestID, "go", journey.Filter{})), "not found"),
		"test id attribute": hit(`<b data-qa="go" `+yes+`>x</b>`, click(loc(journey.TestID, "go", journey.Filter{Attribute: "data-qa"}))),

		"strict":                 no(`<button class=x `+not+`>A</button><button id=two `+not+`>B</button>`, click(loc(journey.Role, "button", journey.Filter{})), `found 2 times, where one was meant: <button class="x"> “A”, <button id="two"> “B”`),
		"strict for a moment":    hit(`<button `+not+` id=old>A</button><button `+yes+`>A</button><script>setTimeout(() => old.remove(), 150)</script>`, click(the("button", "A"))),
		"strict but one hidden":  hit(`<b style="display:none" `+not+`>Menu</b><b `+yes+`>Menu</b>`, click(loc(journey.Visible, "menu", journey.Filter{}))),
		"not strict: first wins": hit(`<button `+yes+`>A</button><button `+not+`>A</button>`, on(journey.Click, css("button"))),
	})
}

// TestRecordedSelectors covers the corners of the recorder's languages.
func TestRecordedSelectors(t *testing.T) {
	l := newLab(t)
	recorded := func(texts ...string) journey.Step {
		var s journey.Selector
		for _, text := range texts {
			chain, err := journey.ParseSelector(text)
			if err != nil {
				t.Fatal(err)
			}
			s = append(s, chain...)
		}
		return journey.Step{Type: journey.Click, Selectors: []journey.Selector{s}, Pointer: journey.Pointer{Centre: true}}
	}
	hit := func(html string, texts ...string) law {
		return law{html: html, step: recorded(texts...), after: "log.join() === 'yes'"}
	}
	no := func(html string, texts ...string) law {
		return law{html: html, step: brief(recorded(texts...)), fails: "not found", after: "log.length === 0"}
	}
	yes, not := `onclick="put('yes')"`, `onclick="put('no')"`
	closed := `<div id=h></div><script>h.attachShadow({mode:'closed'}).innerHTML='<button onclick="put(\'yes\')">Shut</button>'</script>`
	nested := `<div id=h></div><script>r=h.attachShadow({mode:'open'}); r.innerHTML='<div><section></section></div>'; r.querySelector('section').attachShadow({mode:'open'}).innerHTML='<button class=x onclick="put(\'yes\')">Deep</button>'</script>`
	try(t, l, map[string]law{
		"aria name and role":       hit(`<a href=# `+not+`>Go</a><button `+yes+`>Go</button>`, `aria/Go[role="button"]`),
		"aria is exact":            no(`<button `+not+`>Go on</button>`, `aria/Go`),
		"aria nameless":            hit(`<button `+not+`>x</button><button `+yes+` style="width:20px;height:20px"></button>`, `aria/[name=""][role="button"]`),
		"aria image":               hit(`<img alt=Logo style="width:20px;height:20px" `+yes+`>`, `aria/Logo[role="image"]`),
		"aria in a closed shadow":  hit(closed, `aria/Shut[role="button"]`),
		"aria after css":           hit(`<div class=a><button `+not+`>Go</button></div><div class=b><button `+yes+`>Go</button></div>`, `.b`, `aria/Go`),
		"aria in a shadow":         hit(nested, `#h`, `aria/Deep`),
		"text is case-sensitive":   no(`<b `+not+`>GO</b>`, `text/go`),
		"text deepest":             hit(`<div><b `+yes+`>Go</b> <i>on</i></div>`, `text/Go`),
		"text of a value":          hit(`<input value="Typed" `+yes+`>`, `text/Typed`),
		"text not of a password":   no(`<input type=password value="Typed" `+not+`>`, `text/Typed`),
		"text through shadows":     hit(nested, `text/Deep`),
		"xpath":                    hit(`<p><b `+yes+`>Go</b></p>`, `xpath///p/b[contains(., "Go")]`),
		"pierce":                   hit(nested, `pierce/.x`),
		"pierce below":             hit(nested, `#h`, `pierce/.x`),
		"css does not pierce":      no(nested, `.x`),
		"chain into shadow":        hit(nested, `#h`, `section`, `.x`),
		"chain stays in shadow":    no(`<div id=h><i `+not+`>light</i></div><script>h.attachShadow({mode:'open'}).innerHTML='<slot></slot>'</script>`, `#h`, `i`),
		"the deep combinator":      hit(nested, `#h >>> .x`),
		"the shadow combinator":    hit(nested, `#h >>>> section >>>> .x`),
		"the scope of deep css":    hit(nested, `:scope >>> .x`),
		"the shadow one is strict": no(nested, `#h >>>> .x`),
	})
}
