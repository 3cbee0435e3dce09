package sourcemap

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// The bundle was made once with: esbuild --bundle --minify --charset=utf8
// --sourcemap src/app.ts
func bundle(t *testing.T) (script string, data []byte) {
	t.Helper()
	js, err := os.ReadFile("testdata/app.js")
	if err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile("testdata/app.js.map")
	if err != nil {
		t.Fatal(err)
	}
	return string(js), data
}

// at is where part of the script's first line begins, as a browser counts.
func at(t *testing.T, script, part string) Position {
	t.Helper()
	i := strings.Index(script, part)
	if i < 0 {
		t.Fatalf("no %q in the script", part)
	}
	return Position{1, len(utf16.Encode([]rune(script[:i]))) + 1}
}

// source is where part begins in a source of the bundle.
func source(t *testing.T, file, part, name string) Place {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if column := strings.Index(line, part); column >= 0 {
			return Place{file, name, Position{i + 1, column + 1}}
		}
	}
	t.Fatalf("no %q in %s", part, file)
	return Place{}
}

func TestFind(t *testing.T) {
	t.Parallel()
	script, data := bundle(t)
	m, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	ask := []Position{
		at(t, script, "currency.symbol"), // where V8 says that it threw
		at(t, script, "o([{title"),       // after the text with two surrogates
		at(t, script, "s()})"),
		{1, 1 << 20},
		{1, 1},
		{9, 1},
		{0, 0},
		{-4, -4},
	}
	got := m.Find(ask)
	want := []Place{
		source(t, "src/cart.ts", "currency.symbol +", ""),
		source(t, "src/app.ts", "total([{", "total"),
		source(t, "src/app.ts", "showTotal();", "showTotal"),
	}
	if diff := cmp.Diff(got[:3], want); diff != "" {
		t.Error(diff)
	}
	if !got[3].Known() || got[4].Known() || got[5].Known() || got[6].Known() || got[7].Known() {
		t.Errorf("got %+v", got[3:])
	}
}

// TestFindMany asks for more places than a page can throw at, in a bundle of one
// long line.
func TestFindMany(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(`{"version":3,"sources":["a.js"],"mappings":"` + strings.Repeat("CAAC,", 200000) + `CAAC"}`))
	if err != nil {
		t.Fatal(err)
	}
	var ask []Position
	for i := range 4000 {
		ask = append(ask, Position{1, 2 + 50*i})
	}
	for i, got := range m.Find(ask) {
		if want := (Place{Source: "a.js", Position: Position{1, ask[i].Column}}); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

// TestIndex puts the same map into two sections of an index: one further down,
// one further right.
func TestIndex(t *testing.T) {
	t.Parallel()
	script, data := bundle(t)
	index := fmt.Sprintf(`{"version":3,"sections":[{"offset":{"line":0,"column":100},"map":%s},{"offset":{"line":3,"column":7},"map":{"version":3,"sections":[{"offset":{"line":0,"column":3},"map":%s}]}}]}`, data, data)
	m, err := Parse([]byte(index))
	if err != nil {
		t.Fatal(err)
	}
	p := at(t, script, "currency.symbol")
	got := m.Find([]Position{{1, p.Column + 100}, {4, p.Column + 10}, {1, 50}})
	want := source(t, "src/cart.ts", "currency.symbol +", "")
	if diff := cmp.Diff(got, []Place{want, want, {}}); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON": "<!doctype html>", "version": `{"version":2}`, "none": `{}`,
		"remote": `{"version":3,"sections":[{"offset":{"line":0,"column":0},"url":"x.map"}]}`,
		"before": `{"version":3,"sections":[{"offset":{"line":-1,"column":0},"map":{"version":3}}]}`,
		"deep":   strings.Repeat(`{"version":3,"sections":[{"map":`, 9) + `{"version":3}` + strings.Repeat(`}]}`, 9),
		"large":  strings.Repeat(" ", MaxSize+1),
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	m, err := Parse([]byte(`{"version":3,"sources":["a.js",null],"names":[1,"b"],"mappings":"AAAAA,IACAC;!!"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Find([]Position{{1, 1}, {1, 5}, {2, 1}}); got[0].Source != "a.js" || got[0].Name != "" || got[1].Name != "b" || got[2].Known() {
		t.Errorf("got %+v", got)
	}
	if _, err := Parse([]byte(")]}'\n{\"version\":3}")); err != nil {
		t.Error(err)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[[2]string]string{
		{"", "../src/cart.ts"}: "src/cart.ts", {"", "webpack://shop/./src/a.js?3f2a"}: "src/a.js", {"", "webpack:///src/a.js"}: "src/a.js",
		{"/assets/", "b.ts"}: "assets/b.ts", {"", "https://shop.test/js/c%20d.ts"}: "js/c d.ts", {"", ""}: "",
	} {
		if got := Clean(in[0], in[1]); got != want {
			t.Errorf("Clean%q: got %q, want %q", in, got, want)
		}
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"x()\n//# sourceMappingURL=app.js.map\n":                           "app.js.map",
		"x()\n//@ sourceMappingURL=a.map?v=1":                              "a.map?v=1",
		"x{}\n/*# sourceMappingURL=a.css.map */\n":                         "a.css.map",
		"//# sourceMappingURL=old.map\nx()\n//# sourceMappingURL=new.map ": "new.map",
		"var s = '//# sourceMappingURL=fake.map'; x()":                     "",
		"x()": "", "": "",
	} {
		if got := Reference(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	_, data := bundle(t)
	got, ok, err := Inline("data:application/json;charset=utf-8;base64," + base64.StdEncoding.EncodeToString(data))
	if err != nil || !ok || string(got) != string(data) {
		t.Errorf("got %v, %v", ok, err)
	}
	if got, ok, err := Inline("data:application/json,%7B%7D"); err != nil || !ok || string(got) != "{}" {
		t.Errorf("got %s, %v, %v", got, ok, err)
	}
	if _, ok, err := Inline("data:application/json;base64,!"); err == nil || !ok {
		t.Error("want an error")
	}
	if _, ok, _ := Inline("app.js.map"); ok {
		t.Error("a file is not inline")
	}
}

func FuzzFind(f *testing.F) {
	f.Add("AAAA,IACAC;;GAAG", 1, 3)
	f.Add("gggggggggggggB", 2, 1)
	f.Fuzz(func(t *testing.T, mappings string, line, column int) {
		data, err := json.Marshal(map[string]any{"version": 3, "sources": []string{"a"}, "names": []string{"b"}, "mappings": mappings})
		if err != nil {
			t.Skip()
		}
		m, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Find([]Position{{line, column}, {1, 1}}) {
			if p.Known() && (p.Line < 1 || p.Column < 1) {
				t.Fatalf("got %+v", p)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":3,"sections":[{"offset":{"line":1,"column":2},"map":{"version":3,"mappings":"AAAA"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Parse(data); err == nil {
			m.Find([]Position{{1, 1}, {2, 3}})
		}
		Reference(string(data))
		_, _, _ = Inline(string(data))
	})
}
