package journey

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/fault"
)

// tree writes files and returns their directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// yamlSteps loads a journey of these steps.
func yamlSteps(t *testing.T, steps string) (*Journey, error) {
	t.Helper()
	text := "title: t\nsteps:\n"
	for line := range strings.Lines(steps) {
		text += "  " + line
	}
	return Load("t.yaml", []byte(text), LoadOptions{Dir: t.TempDir()})
}

func role(r, name string) Part {
	return Part{Language: Role, Value: r, Filter: &Filter{Name: name, HasName: true}}
}

// pointed are steps that use the pointer, and what they compile to.
func pointed() map[string]Step {
	one, last := 1, -1
	return map[string]Step{
		`- open: /`:             {Type: Open, URL: "/", Title: "open /"},
		`- open: {url: /a?b=c}`: {Type: Open, URL: "/a?b=c", Title: "open /a"},
		`- click: {role: button, name: Add}`: {
			Type: Click, Title: "click button Add", Strict: true, Selectors: []Selector{{role("button", "Add")}}, Pointer: Pointer{Centre: true, Button: browser.Left},
		},
		`- click: Add to basket`: {
			Type: Click, Title: "click button Add to basket", Strict: true, Pointer: Pointer{Centre: true, Button: browser.Left},
			Selectors: []Selector{{role("button", "Add to basket")}, {role("link", "Add to basket")}, {{Language: Visible, Value: "Add to basket"}}},
		},
		`- double click: {testid: x, at: [3, 4.5], hold: 20ms}`: {
			Type: DoubleClick, Title: "double-click x", Strict: true, Selectors: []Selector{{{Language: TestID, Value: "x"}}},
			Pointer: Pointer{OffsetX: 3, OffsetY: 4.5, Button: browser.Left, Hold: 20 * time.Millisecond},
		},
		`- right click: {css: "#a > b", nth: 1}`: {
			Type: Click, Title: "right-click #a > b (match 2)", Strict: true, Pointer: Pointer{Centre: true, Button: browser.Right},
			Selectors: []Selector{{{Language: CSS, Value: "#a > b", Filter: &Filter{Nth: &one}}}},
		},
		`- click: {role: link, name: {exact: Home}, inside: {role: navigation}, last: true, hidden: true}`: {
			Type: Click, Title: "click link Home (match 1 from the end) in navigation", Strict: true, Pointer: Pointer{Centre: true, Button: browser.Left},
			Selectors: []Selector{{
				{Language: Role, Value: "navigation"},
				{Language: Role, Value: "link", Filter: &Filter{Name: "Home", HasName: true, Exact: true, Hidden: true, Nth: &last}},
			}},
		},
		`- click: {role: tab, regex: "/^set/i", expanded: true, pressed: mixed, level: 2}`: {
			Type: Click, Title: "click tab /^set/i", Strict: true, Pointer: Pointer{Centre: true, Button: browser.Left},
			Selectors: []Selector{{{Language: Role, Value: "tab", Filter: &Filter{Pattern: "^set", Flags: "i", Expanded: "true", Pressed: "mixed", Level: 2}}}},
		},
		`- click: {selectors: [[aria/Go], "#go"]}`: {
			Type: Click, Title: "click aria/Go", Pointer: Pointer{Centre: true, Button: browser.Left},
			Selectors: []Selector{{{Language: ARIA, Value: "Go", Name: "Go", HasName: true}}, {{Language: CSS, Value: "#go"}}},
		},
		`- hover: {text: Menu, exact: true}`: {
			Type: Hover, Title: "hover over Menu", Strict: true, Selectors: []Selector{{{Language: Visible, Value: "Menu", Filter: &Filter{Exact: true}}}},
		},
	}
}

// looked are steps that fill in and see.
func looked() map[string]Step {
	yes, no, two := true, false, 2
	return map[string]Step{
		`- fill: {label: E-mail, with: 12.00}`: {
			Type: Change, Title: "fill E-mail", Strict: true, Value: "12.00", Selectors: []Selector{{{Language: Label, Value: "E-mail"}}},
		},
		`- select: {label: Size, option: [L, XL]}`: {
			Type: Select, Title: "select in Size", Strict: true, Options: []string{"L", "XL"}, Selectors: []Selector{{{Language: Label, Value: "Size"}}},
		},
		`- check: I agree`:          {Type: Check, Title: "check I agree", Strict: true, Selectors: []Selector{{{Language: Label, Value: "I agree"}}}},
		`- uncheck: {label: News}`:  {Type: Uncheck, Title: "uncheck News", Strict: true, Selectors: []Selector{{{Language: Label, Value: "News"}}}},
		`- press: Control+a`:        {Type: Press, Title: "press Control+a", Key: "Control+a"},
		`- see: Thank you`:          {Type: See, Title: "see Thank you", Selectors: []Selector{{{Language: Visible, Value: "Thank you"}}}},
		`- not see: Error`:          {Type: NotSee, Title: "do not see Error", Selectors: []Selector{{{Language: Visible, Value: "Error"}}}},
		`- see: {regex: "\\d+ in"}`: {Type: See, Title: `see /\d+ in/`, Selectors: []Selector{{{Language: Visible, Filter: &Filter{Pattern: `\d+ in`}}}}},
		`- see: {url: /thanks*, title: Thanks}`: {
			Type: See, Title: "see address /thanks*, title “Thanks”", Expect: Expect{URL: "/thanks*", Title: "Thanks"},
		},
		"- see: {testid: total, text: 12.00, within: 3s}\n  soft: true\n  budget: 2s\n  name: the total": {
			Type: See, Title: "the total", Strict: true, Soft: true, Budget: 2 * time.Second, Timeout: 3 * time.Second,
			Selectors: []Selector{{{Language: TestID, Value: "total"}}}, Expect: Expect{Text: "12.00"},
		},
		`- see: {role: listitem, count: 2}`: {
			Type: See, Title: "see listitem, 2 times", Selectors: []Selector{{{Language: Role, Value: "listitem"}}}, Expect: Expect{Count: &two},
		},
		`- see: {label: Size, value: L, enabled: true, checked: false}`: {
			Type: See, Title: "see Size, with its value", Strict: true, Selectors: []Selector{{{Language: Label, Value: "Size"}}},
			Expect: Expect{Value: "L", Enabled: &yes, Checked: &no},
		},
		`- see: {role: button, name: Pay, disabled: true}`: {
			Type: See, Title: "see button Pay", Strict: true, Selectors: []Selector{{role("button", "Pay")}}, Expect: Expect{Enabled: &no},
		},
		"- until: document.title == 'x'\n  in: {frame: [0, 1]}": {
			Type: WaitForExpression, Title: "wait until document.title == 'x'", Expression: "document.title == 'x'", Frame: []int{0, 1},
		},
		"- click: {placeholder: Search, in: {page: 'https://pay.example/'}}\n  navigates: true": {
			Type: Click, Title: "click Search", Strict: true, Target: "https://pay.example/", Asserted: []Assertion{{}},
			Selectors: []Selector{{{Language: Placeholder, Value: "Search"}}}, Pointer: Pointer{Centre: true, Button: browser.Left},
		},
	}
}

// others are all other steps of the page.
func others() map[string]Step {
	return map[string]Step{
		`- scroll: {css: .list, y: 300}`: {Type: Scroll, Title: "scroll .list", Strict: true, Y: 300, Selectors: []Selector{{{Language: CSS, Value: ".list"}}}},
		`- scroll: {y: 100}`:             {Type: Scroll, Title: "scroll to 0, 100", Y: 100},
		`- screenshot`:                   {Type: Shot, Title: "take a picture"},
		`- screenshot: {compare: true, ignore: [.clock]}`: {
			Type: Shot, Title: "compare the picture", Compare: true, Ignore: []Selector{{{Language: CSS, Value: ".clock"}}},
		},
		`- wait: 500ms`:       {Type: Pause, Title: "wait 500ms", Wait: 500 * time.Millisecond},
		`- viewport: 390x844`: {Type: SetViewport, Title: "set viewport 390×844", Viewport: browser.Viewport{Width: 390, Height: 844, Scale: 1}},
		`- network: offline`:  {Type: EmulateNetwork, Title: "cut the network off"},
		`- network: {download: 50000, latency: 300ms}`: {
			Type: EmulateNetwork, Title: "use a slower network", Network: browser.Network{Download: 50000, Upload: -1, Latency: 300 * time.Millisecond},
		},
		`- close`: {Type: Close, Title: "close the page"},
		`- step: {type: click, selectors: [["#a"]], offsetX: 1, offsetY: 2}`: {
			Type: Click, Title: "click #a", Selectors: []Selector{{{Language: CSS, Value: "#a"}}}, Pointer: Pointer{OffsetX: 1, OffsetY: 2, Button: browser.Left},
		},
		`- {type: hover, selectors: ["text/Hi"], timeout: 900}`: {
			Type: Hover, Title: "hover over Hi", Selectors: []Selector{{{Language: Text, Value: "Hi"}}}, Timeout: 900 * time.Millisecond,
		},
		`- fill: {label: Password, with: "{{secret.shop}}"}`: {
			Type: Change, Title: "fill Password", Strict: true, Templated: true, Value: "{{secret.shop}}", Selectors: []Selector{{{Language: Label, Value: "Password"}}},
		},
	}
}

// beside are steps beside the page.
func beside() map[string]Step {
	return map[string]Step{
		`- api: {post: /api/orders, json: {a: 1, b: [x]}, headers: {x-a: "1"}, expect: {status: [201, 202], $.id: exists, header content-type: contains json, $.n: {more: 2}, body: 'matches ^\{'}, save: {order: $.id, at: header Location}, left: $.left}`: {
			Type: API, Title: "post /api/orders", Timeout: 10 * time.Second,
			API: &Call{
				Method: "POST", URL: "/api/orders", Body: `{"a":1,"b":["x"]}`, Header: map[string]string{"Content-Type": "application/json", "X-A": "1"},
				Status: []int{201, 202}, Save: map[string]string{"order": "$.id", "at": "header:Location"}, Left: "$.left",
				Checks: []Assert{
					{Path: "$.id", Op: "exists"},
					{Header: "Content-Type", Op: "contains", Value: "json"},
					{Path: "$.n", Op: "more", Value: 2.0},
					{Op: "matches", Value: `^\{`},
				},
			},
		},
		`- api: {put: /x, form: {"a b": "c&d {{now}}"}, expect: {$.ok: true, $.name: Ada, $.total: 12}}`: {
			Type: API, Title: "put /x", Timeout: 10 * time.Second, Templated: true,
			API: &Call{
				Method: "PUT", URL: "/x", Body: "a+b=c%26d+{{now}}", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
				Checks: []Assert{{Path: "$.ok", Op: "equals", Value: true}, {Path: "$.name", Op: "equals", Value: "Ada"}, {Path: "$.total", Op: "equals", Value: 12.0}},
			},
		},
		`- code: {totp: "{{secret.totp}}", save: otp}`: {
			Type: Code, Title: "make a one-time code", Timeout: 10 * time.Second, Templated: true, Code: &CodeSource{TOTP: "{{secret.totp}}"}, Save: "otp",
		},
		`- code: {mail: {url: "imaps://mail.example", user: u, password: "{{secret.mail}}", to: a@b.c, subject: Code, pattern: '(\d{6})'}, save: secret.otp, within: 90s}`: {
			Type: Code, Title: "wait for a code by mail", Timeout: 90 * time.Second, Templated: true, Save: "secret.otp",
			Code: &CodeSource{Mail: &Mailbox{URL: "imaps://mail.example", User: "u", Password: "{{secret.mail}}", To: "a@b.c", Subject: "Code", Pattern: `(\d{6})`}},
		},
	}
}

func TestYAMLStepsCompile(t *testing.T) {
	t.Parallel()
	all := map[string]Step{}
	for _, table := range []map[string]Step{pointed(), looked(), others(), beside()} {
		maps.Copy(all, table)
	}
	for text, want := range all {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			j, err := yamlSteps(t, text)
			if err != nil {
				t.Fatal(err)
			}
			want.Line = 3
			if want.Timeout == 0 {
				want.Timeout = 5 * time.Second
			}
			if diff := cmp.Diff(j.Steps, []Step{want}, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestYAMLUnrollsRowsAndSubJourneys(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"sign-in.yaml":      "title: sign in\nvars: {user: ada, child: Bob}\nsteps:\n  - open: /login\n  - fill: {label: User, with: '{{user}}'}\n",
		"sub/add.yaml":      "steps:\n  - click: 'Add {{what}}'\n  - run: deeper.yaml\nclean up:\n  - api: {delete: '/basket/{{what}}'}\n",
		"sub/deeper.yaml":   "use: ../sign-in.yaml\nsteps:\n  - see: '{{what}} for {{child}}'\n",
		"rows.csv":          "gift,n\nSled,1\n\"Kite, red\",2\n",
		"recorded.json":     `{"title":"r","steps":[{"type":"navigate","url":"https://shop.example/x"}]}`,
		"journeys/end.yaml": "steps: [{see: The end}]\n",
	})
	text := `
title: Book a gift
vars: { child: Ada }
timeout: 8s
use: [sign-in.yaml, sign-in.yaml]
each: { file: rows.csv }
steps:
  - run: { file: sub/add.yaml, with: { what: "{{gift}}" } }
  - see: { role: listitem, count: "{{n}}" }
  - run: recorded.json
  - run: journeys/end.yaml
clean up:
  - open: /bye
`
	if _, err := Load(filepath.Join(dir, "book.yaml"), []byte(text), LoadOptions{}); err == nil || !strings.Contains(err.Error(), "count: must be a number, not text") {
		t.Errorf("a number of a CSV file is text: %v", err)
	}
	text = strings.Replace(text, "{ file: rows.csv }", `[{gift: Sled, n: 1}, {gift: "Kite, red", n: 2}]`, 1)
	j, err := Load(filepath.Join(dir, "book.yaml"), []byte(text), LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range j.Steps {
		got = append(got, fmt.Sprintf("%s | %s | %s", s.From, s.Title, s.Timeout))
	}
	row := func(gift, n string) []string {
		return []string{
			"add | click button Add " + gift + " | 8s", "deeper | see " + gift + " for {{child}} | 8s",
			" | see listitem, " + n + " times | 8s", "recorded | open /x | 5s", "end | see The end | 8s",
		}
	}
	want := append([]string{"sign-in | open /login | 8s", "sign-in | fill User | 8s"}, append(row("Sled", "1"), row("Kite, red", "2")...)...)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	got = nil
	for _, s := range j.Cleanup {
		got = append(got, s.Title)
	}
	if diff := cmp.Diff(got, []string{"delete /basket/Sled", "delete /basket/Kite%2C%20red", "open /bye"}); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(j.Vars, map[string]string{"child": "Ada", "user": "ada"}); diff != "" {
		t.Error(diff)
	}
	if j.Origin() != "https://shop.example" || j.Title != "Book a gift" {
		t.Errorf("origin %q, title %q", j.Origin(), j.Title)
	}
}

// slip is a wrong text and what is told of it.
type slip struct{ text, want string }

func wrongForms() map[string]slip {
	bomb := "title: t\nvars: {a: x}\nx-a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'i'; i++ {
		bomb += fmt.Sprintf("x-%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	return map[string]slip{
		"several": {
			"title: t\nsteps:\n  - clik: x\n  - see: {rol: button}\n  - fill: {label: a}\n",
			"t.yaml:3:5: step 1: clik: unknown action \"clik\" in a step; did you mean \"click\"? accepted: open, click,",
		},
		"locator":       {oneStep(`see: {exact: true}`), `t.yaml:3:10: step 1 (see): see does not say which element: one of role, label`},
		"locator slip":  {oneStep(`see: {rol: button}`), `t.yaml:3:11: step 1 (see): rol: unknown key "rol" in see; did you mean "role"? accepted: `},
		"locator key":   {oneStep(`see: {role: button, nme: x}`), `unknown key "nme" in see; did you mean "name"?`},
		"value":         {oneStep(`fill: {label: a}`), `t.yaml:3:11: step 1 (fill): with: is missing in fill`},
		"duration":      {"title: t\ntimeout: 8\nsteps: [{see: x}]", `t.yaml:2:10: timeout: "8" is not a duration from 1ms to 2m0s, such as 500ms or 8s`},
		"top key":       {"title: t\nstep: 1\nsteps: [{see: x}]", `unknown key "step" in a journey; did you mean "steps"?`},
		"title":         {"steps: [{see: x}]", "title: is missing"},
		"no steps":      {"title: t", "steps: is missing"},
		"empty steps":   {"title: t\nsteps: []", "steps: there are none"},
		"two actions":   {oneStep("see: x\n    click: y"), "click: is a second action in one step, after see"},
		"list":          {"- see: x", "a journey is a mapping with title and steps, not a list"},
		"unquoted":      {oneStep("fill: {label: a, with: {{x}}}"), `a value that begins with {{ needs quotes`},
		"tab":           {"title: t\nsteps:\n\t- see: x", "t.yaml:3:"},
		"alias bomb":    {bomb + "steps: [{see: x}]", "holds more than 50000 values"},
		"alias circle":  {"title: &a [*a]\nsteps: [{see: x}]", "alias *a has no anchor before it"},
		"two documents": {"title: t\n---\ntitle: u\n", "a second document"},
		"latin1":        {"title: \xe9\n", "not UTF-8"},
		"twice":         {"title: t\ntitle: u\nsteps: [{see: x}]", `t.yaml:2:1: key "title" stands twice`},
	}
}

func wrongFiles(outside string) map[string]slip {
	many := "title: t\neach: [" + strings.Repeat("{a: b},", 400) + "]\nsteps: [{see: x}, {see: y}]\n"
	return map[string]slip{
		"circle":       {oneStep("run: a.yaml"), "goes round in a circle: a.yaml → b.yaml → a.yaml"},
		"self":         {oneStep("run: self.yaml"), "goes round in a circle: self.yaml → self.yaml"},
		"main":         {"title: t\nuse: t.yaml\nsteps: [{see: x}]", "t.yaml:2:6: use: \"t.yaml\": there is no such file"},
		"in sub":       {oneStep("run: wrong.yaml"), `wrong.yaml:3:5: step 1: clik: unknown action "clik"`},
		"in recording": {oneStep("run: bad.json"), "bad.json:1:"},
		"outside":      {oneStep("run: ../" + filepath.Base(outside)), "is outside the directory of the journey"},
		"absolute":     {oneStep("run: " + outside), "is outside the directory of the journey"},
		"link":         {oneStep("run: link.yaml"), "is outside the directory of the journey"},
		"upload":       {oneStep("upload: {label: a, file: /etc/passwd}"), "is outside the directory of the journey"},
		"no upload":    {oneStep("upload: {label: a, file: cat.png}"), "there is no such file"},
		"directory":    {oneStep("upload: {label: a, file: sub}"), "not a regular file"},
		"many":         {many, "more than 500, with data rows and sub-journeys unrolled"},
		"rows":         {"title: t\neach: [{a: 1}, {b: 1}]\nsteps: [{see: x}]", "t.yaml:2:16: each: has other names than the first row"},
		"row file":     {"title: t\neach: {file: rows.txt}\nsteps: [{see: x}]", "must end in .csv, .json or .yaml"},
	}
}

func wrongValues() map[string]slip {
	return map[string]slip{
		"undefined":    {oneStep(`see: "{{gif}}"`), "variable {{gif}} is not defined here"},
		"meant":        {"title: t\nvars: {child: a}\nsteps: [{see: '{{chld}}'}]", "did you mean {{child}}?"},
		"early":        {oneStep("see: '{{id}}'\n  - api: {get: /, save: {id: $.id}}"), "variable {{id}} is not defined here"},
		"secret":       {oneStep(`see: "{{secret.shp}}"`), "secret {{secret.shp}} is not configured; did you mean {{secret.shop}}?"},
		"braces":       {oneStep(`see: "{{ if x }}"`), "begins a variable, such as {{name}}; write {{{{ for the braces themselves"},
		"written":      {oneStep(`code: {totp: JBSWY3DPEHPK3PXP, save: x}`), "must be a reference such as {{secret.totp}}"},
		"circular var": {"title: t\nvars: {a: '{{b}}', b: '{{a}}'}\nsteps: [{see: x}]", "a stands for itself"},
		"secret var":   {"title: t\nvars: {secret.a: x}\nsteps: [{see: x}]", "is not a name for a variable"},
		"method":       {oneStep("api: {json: {}}"), "api does not say what to request"},
		"json path":    {oneStep("api: {get: /, expect: {'$.[': 1}}"), "is not a JSON path"},
		"body exists":  {oneStep("api: {get: /, expect: {body: exists}}"), "the body always exists"},
		"status":       {oneStep("api: {get: /, expect: {status: 99}}"), "status: must be from 100 to 599, or like 2xx"},
		"condition":    {oneStep("api: {get: /, expect: {$.a: {equal: 1}}}"), `unknown condition "equal" in $.a; did you mean "equals"?`},
		"get body":     {oneStep("api: {get: /, json: {}}"), "a get request has no body"},
		"cookie":       {oneStep("api: {get: /, headers: {cookie: a}}"), "Cookie is set by the run itself"},
		"scheme":       {oneStep("open: javascript:alert(1)"), "must begin with /"},
		"file":         {oneStep("open: file:///etc/passwd"), "is no http or https address"},
		"user":         {oneStep("open: https://a:b@c.d/"), "must not hold a user name or password"},
		"key":          {oneStep("press: Entr"), `unknown key "Entr"`},
		"constant":     {oneStep("until: 'true'"), "is a constant: it could never fail"},
		"every url":    {oneStep("see: {url: '*'}"), "url: is met by every page"},
		"empty see":    {oneStep(`see: ""`), "is empty: every page shows that"},
		"all":          {oneStep("see: {regex: .*}"), "matches everything"},
		"pattern":      {oneStep("code: {mail: {url: 'imaps://m', user: u, password: '{{secret.shop}}', pattern: '\\d*'}, save: a}"), "any message would do"},
		"plain mail":   {oneStep("code: {mail: {url: 'http://m', user: u, password: '{{secret.shop}}', pattern: 'a'}, save: a}"), "is not like imaps://mail.example.com"},
		"verbatim":     {oneStep("step: {type: click, selectors: [[x]]}"), "t.yaml:3:11: step 1 (click): offsetX: is missing"},
		"frame":        {oneStep("see: x\n    in: {frame: [a]}"), "must hold whole numbers from 0"},
		"css":          {oneStep("click: {css: 'a['}"), "] is missing"},
		"both":         {oneStep("click: {css: a, role: b}"), "names the element a second time"},
	}
}

func TestYAMLProblems(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"a.yaml": "steps: [{run: b.yaml}]\n", "b.yaml": "steps: [{run: a.yaml}]\n", "self.yaml": "steps: [{run: self.yaml}]\n",
		"wrong.yaml": "title: w\nsteps:\n  - clik: x\n", "rows.txt": "x",
		"twice.yaml": "steps: [{run: one.yaml}, {run: one.yaml}]\n", "one.yaml": "steps: [{see: x}]\n", "bad.json": `{"title":"x","steps":[{"type":"jump"}]}`,
		"sub/keep": "",
	})
	outside := filepath.Join(filepath.Dir(dir), filepath.Base(dir)+"-outside.yaml")
	if err := os.WriteFile(outside, []byte("steps: [{see: x}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(outside) })
	if err := os.Symlink(outside, filepath.Join(dir, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	all := map[string]slip{}
	for _, table := range []map[string]slip{wrongForms(), wrongFiles(outside), wrongValues()} {
		maps.Copy(all, table)
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, err := Load("t.yaml", []byte(c.text), LoadOptions{Dir: dir, Vars: map[string]string{}, SecretNames: []string{"shop"}})
			if err == nil {
				t.Fatalf("loaded: %+v", j.Steps)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s\nwant %s", err, c.want)
			}
			if problems, ok := errors.AsType[Problems](err); !ok || len(problems) == 0 || problems[0].Line == 0 || !fault.Is(err, fault.Invalid) {
				t.Errorf("not problems with a place: %#v", err)
			}
			if name == "several" && strings.Count(err.Error(), "\n") < 2 {
				t.Errorf("not all are told: %s", err)
			}
		})
	}
}

// oneStep is a journey of one step.
func oneStep(text string) string { return "title: t\nsteps:\n  - " + text + "\n" }

func TestLoadKeepsRecordings(t *testing.T) {
	t.Parallel()
	text := `{"title":"r","steps":[{"type":"navigate","url":"https://a.example/"},
		{"type":"change","selectors":["[title='{{odd}}']"],"value":"{{secret.pw}} {{mustache}} {{{{"}]}`
	j, err := Load("r.json", []byte(text), LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s := j.Steps[1]; !s.Templated || s.Value != "{{secret.pw}} {{{{mustache}} {{{{{{{{" || s.Selectors[0][0].Value != "[title='{{{{odd}}']" {
		t.Errorf("got %q, templated %v", s.Value, s.Templated)
	}
	if diff := cmp.Diff(j.Secrets, []string{"pw"}); diff != "" {
		t.Error(diff)
	}
	if _, err := Load("r.json", []byte(text), LoadOptions{SecretNames: []string{"other"}}); err == nil || !strings.Contains(err.Error(), "secret {{secret.pw}} is not configured") {
		t.Errorf("got %v", err)
	}
	plain := strings.ReplaceAll(text, "{{secret.pw}}", "x")
	if j, err = Load("r.json", []byte(plain), LoadOptions{}); err != nil || j.Steps[1].Templated || j.Steps[1].Value != "x {{mustache}} {{{{" {
		t.Errorf("got %+v, %v", j, err)
	}
	if j, err = Load("own.json", []byte(`{"title":"r","steps":[{"see":"x"}]}`), LoadOptions{}); err != nil || j.Steps[0].Type != See {
		t.Errorf("got %+v, %v", j, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"title: t\nsteps:\n  - open: /\n  - see: {role: button, name: 'a {{x}}'}\n", "a: &a [*a]", "? x\n: y", "title: !!str t",
		`{"title":"t","steps":[{"see":"x"}]}`, "steps: [{api: {post: /, json: {a: [1, {b: c}]}, expect: {$.a: {more: 1}}}}]",
		"title: t\neach: [{a: 1}]\nsteps: [{step: {type: click, selectors: [[a]], offsetX: 1, offsetY: 2}}]\nclean up: [close]\n",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		j, err := Load("t.yaml", []byte(text), LoadOptions{Dir: dir})
		if (err == nil) != (j != nil) {
			t.Fatal("neither a journey nor an error, or both")
		}
		if err == nil && (len(j.Steps) == 0 || len(j.Steps)+len(j.Cleanup) > maxSteps) {
			t.Fatal("a journey without steps, or with too many")
		}
		if err != nil {
			return
		}
		for _, s := range slices.Concat(j.Steps, j.Cleanup) {
			switch s.Type {
			case Click, DoubleClick, Hover, Change, Select, Check, Uncheck, Upload, NotSee:
				if len(s.Selectors) == 0 || slices.ContainsFunc(s.Selectors, func(c Selector) bool { return len(c) == 0 }) {
					t.Fatalf("step %s acts on nothing", s.Type)
				}
			}
		}
	})
}
