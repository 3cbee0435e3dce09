package player

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/browser"
)

// named is an element's role and accessible name.
type namedElement struct {
	ID     string `json:"id"`
	Role   string `json:"role"`
	Name   string `json:"name"`
	Hidden bool   `json:"hidden"`
}

// Chromium's own names for roles that ARIA knows by another.
var chromiumRole = map[string]string{
	"image": "img", "SvgRoot": "img", "InputTime": "textbox", "Date": "textbox", "ColorWell": "", "LabelText": "generic", "Legend": "generic",
	"DisclosureTriangle": "generic", "Figcaption": "generic", "sectionheader": "generic", "sectionfooter": "generic", "Section": "generic", "Iframe": "generic",
	"GenericContainer": "generic", "DescriptionList": "generic", "none": "none", "RootWebArea": "document", "Video": "generic", "Audio": "generic", "Canvas": "generic",
	"DateTime": "textbox", "DetailsMarker": "generic", "MenuListPopup": "", "Abbr": "generic", "IframePresentational": "generic",
}

// TestNamesAreThoseOfChromium compares every accessible name and role of a page
// of corner cases with the ones that Chromium computes.
func TestNamesAreThoseOfChromium(t *testing.T) {
	html, err := os.ReadFile("testdata/names.html")
	if err != nil {
		t.Fatal(err)
	}
	b := newLab(t).open(t, page(string(html)))
	var ours []namedElement
	if err := b.engine.call(t.Context(), b.page.MainFrame(), "names", &ours, "[id]"); err != nil {
		t.Fatal(err)
	}
	if len(ours) < 80 {
		t.Fatalf("the page has only %d elements", len(ours))
	}
	theirs := axTree(t, b.page)
	compared := 0
	for _, o := range ours {
		c, ok := theirs[o.ID]
		if !ok || c.Hidden {
			if !o.Hidden && !strings.HasPrefix(o.ID, "ignored") && o.Role != "generic" && o.Role != "none" {
				t.Errorf("#%s: Chromium leaves it out, we call it %s “%s”", o.ID, o.Role, o.Name)
			}
			continue
		}
		compared++
		if o.Hidden {
			t.Errorf("#%s: we leave it out, Chromium calls it %s “%s”", o.ID, c.Role, c.Name)
			continue
		}
		if d := cmp.Diff(c.Name, squeeze(o.Name)); d != "" {
			t.Errorf("#%s (%s): name differs (-Chromium +ours):\n%s", o.ID, c.Role, d)
		}
		if c.Role != o.Role {
			t.Errorf("#%s: Chromium's role is %s, ours %s", o.ID, c.Role, o.Role)
		}
	}
	t.Logf("%d elements compared", compared)
}

// axTree reads Chromium's names, by id attribute.
func axTree(t *testing.T, page *browser.Page) map[string]namedElement {
	t.Helper()
	type value struct {
		Value string `json:"value"`
	}
	var tree struct {
		Nodes []struct {
			Ignored bool  `json:"ignored"`
			Role    value `json:"role"`
			Name    *struct {
				Value string `json:"value"`
			} `json:"name"`
			Backend int `json:"backendDOMNodeId"`
		} `json:"nodes"`
	}
	if err := page.Call(t.Context(), "Accessibility.getFullAXTree", nil, &tree); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Root struct {
			ID int `json:"nodeId"`
		} `json:"root"`
	}
	if err := page.Call(t.Context(), "DOM.getDocument", map[string]any{"depth": 0}, &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[int]string{}
	type node struct {
		Backend    int      `json:"backendNodeId"`
		Attributes []string `json:"attributes"`
		Children   []node   `json:"children"`
		Shadow     []node   `json:"shadowRoots"`
	}
	var all struct {
		Root node `json:"root"`
	}
	if err := page.Call(t.Context(), "DOM.getDocument", map[string]any{"depth": -1, "pierce": false}, &all); err != nil {
		t.Fatal(err)
	}
	var walk func(n node)
	walk = func(n node) {
		for i := 0; i+1 < len(n.Attributes); i += 2 {
			if n.Attributes[i] == "id" {
				ids[n.Backend] = n.Attributes[i+1]
			}
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(all.Root)
	out := map[string]namedElement{}
	for _, n := range tree.Nodes {
		id, ok := ids[n.Backend]
		if !ok {
			continue
		}
		e := namedElement{ID: id, Role: n.Role.Value, Hidden: n.Ignored}
		if r, ok := chromiumRole[e.Role]; ok {
			e.Role = r
		}
		if n.Name != nil {
			e.Name = squeeze(n.Name.Value)
		}
		out[id] = e
	}
	return out
}
