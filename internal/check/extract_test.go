package check

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func listed(refs []ref) []string {
	var out []string
	for _, r := range refs {
		mark := ""
		if r.module {
			mark = " module"
		}
		out = append(out, r.kind+mark+" "+r.url.String())
	}
	return out
}

func TestReadPage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, html string
		want       []string
	}{
		{
			"scripts", `<script src=/a.js></script><script type=module src=b.mjs></script><script type="text/template" src=no.js></script><script type="application/ld+json">{"x":"./no.js"}</script>`,
			[]string{"script http://s.test/a.js", "script module http://s.test/p/b.mjs"},
		},
		{
			"links", `<link rel="stylesheet" href=a.css><link rel="shortcut icon" href=/f.ico><link rel=manifest href=m.json><link rel=preload as=font href=f.woff2><link rel=modulepreload href=c.js><link rel=canonical href=/no><link rel=preconnect href=//no.test><link rel=stylesheet disabled href=no.css>`,
			[]string{"style http://s.test/p/a.css", "image http://s.test/f.ico", "manifest http://s.test/p/m.json", "font http://s.test/p/f.woff2", "script module http://s.test/p/c.js"},
		},
		{
			"base", `<base href="/deep/"><img src=x.png><base href="/no/"><img src=y.png>`,
			[]string{"image http://s.test/deep/x.png", "image http://s.test/deep/y.png"},
		},
		{
			"srcset", `<img src=0.png srcset="a,b.png 1x, c.png 2x,data:image/gif;base64,AA== 3x, d.png"><picture><source srcset="e.webp 100w,f.webp 200w"></picture>`,
			[]string{"image http://s.test/p/0.png", "image http://s.test/p/a,b.png", "image http://s.test/p/c.png", "image http://s.test/p/d.png", "image http://s.test/p/e.webp", "image http://s.test/p/f.webp"},
		},
		{
			"media", `<video poster=p.jpg src=v.mp4><source src=w.mp4></video><input type=image src=i.gif><input type=text src=no.gif>`,
			[]string{"image http://s.test/p/p.jpg", "other http://s.test/p/v.mp4", "other http://s.test/p/w.mp4", "image http://s.test/p/i.gif"},
		},
		{
			"inert", `<noscript><img src=no.gif></noscript><template><script src=no.js></script></template><!-- <img src=no.png> --><img src=yes.png>`,
			[]string{"image http://s.test/p/yes.png"},
		},
		{
			"inline style", `<style>@import "i.css"; body{background:url(b.png)}</style><p style="background:url('c.png')">`,
			[]string{"style http://s.test/p/i.css", "image http://s.test/p/b.png", "image http://s.test/p/c.png"},
		},
		{
			"inline module", `<script type=module>import {a} from "./m.js"; import("/lazy.js"); const no = "./no.js"</script>`,
			[]string{"script module http://s.test/p/m.js", "script module http://s.test/lazy.js"},
		},
		{
			"import map", `<script type=importmap>{"imports":{"a":"./a.js","dir/":"/dir/","bad":7},"scopes":{"/x/":{"b":"https://cdn.test/b.js"}}}</script>`,
			[]string{"script module http://s.test/p/a.js", "script module https://cdn.test/b.js"},
		},
		{"not http", `<img src="data:image/png;base64,AA"><img src="blob:x"><script src="javascript:1"></script><img src="file:///etc/passwd"><img src="ftp://x.test/a"><img src="http://">`, nil},
		{"credentials and fragments", `<img src="http://u:p@c.test/a.svg#part">`, []string{"image http://c.test/a.svg"}},
		{"links to pages are not followed", `<a href=/next>n</a><iframe src=/frame></iframe><form action=/post></form>`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := listed(readPage([]byte(tt.html), mustURL(t, "http://s.test/p/"), "").refs)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadStyle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		css  string
		want []string
	}{
		{`@import url("a.css") screen; @import 'b.css'; @import url(c.css);`, []string{"style http://s.test/a.css", "style http://s.test/b.css", "style http://s.test/c.css"}},
		{`@font-face{font-family:"x";src:url(f.eot?#iefix) format("embedded-opentype"),url("f.woff2") format("woff2")}`, []string{"font http://s.test/f.woff2"}},
		{`@namespace svg url(http://www.w3.org/2000/svg); a{b:url( " x.png" )}`, []string{"image http://s.test/x.png"}},
		{`/* url(no.png) */ a{content:"url(no.png)";background:URL(y.png)}`, []string{"image http://s.test/y.png"}},
		{`@media (min-width:1px){@font-face{src:url(g.ttf)} b{c:url(d\.png)}}`, []string{"font http://s.test/g.ttf", "image http://s.test/d.png"}},
		{`a{b:url(#frag);c:url(data:image/png;base64,x)}`, nil},
		{`a{b:url(`, nil},
		{`@import "`, nil},
		{`a{b:url("\00006d .png")}`, []string{"image http://s.test/m.png"}},
	}
	for _, tt := range tests {
		f := finder{base: mustURL(t, "http://s.test/")}
		readStyle(tt.css, &f)
		if d := cmp.Diff(tt.want, listed(f.refs)); d != "" {
			t.Errorf("%s: %s", tt.css, d)
		}
	}
}

func TestReadScript(t *testing.T) {
	t.Parallel()
	tests := []struct {
		js   string
		want []string
	}{
		{
			`import"./a.js";import b,{c as d}from"../b.js";export*from'/c.js';export{e}from"./e.mjs"`,
			[]string{"script module http://s.test/d/a.js", "script module http://s.test/b.js", "script module http://s.test/c.js", "script module http://s.test/d/e.mjs"},
		},
		{`const p=()=>import("./lazy-1a.js").then(x=>x.default)`, []string{"script module http://s.test/d/lazy-1a.js"}},
		{`import(/* webpackChunkName: "x" */ "./chunk.js")`, []string{"script module http://s.test/d/chunk.js"}},
		{`import("./" + name); import("./a"+b); import(name); import react from "react"; import.meta.url; a.import("./no.js")`, nil},
		{`// import "./no.js"
/* import "./no.js" */ var s = "import './no.js'"; var t = ` + "`import './no.js' ${x}`" + `; var r = /import ".\/no.js"/;`, nil},
		{`var from="./no.js"; Array.from("./no.js"); export const x = "./no.js"; f(from, "./no.js")`, nil},
		{`x = a / b; import("./y.js"); z = 1 / 2`, []string{"script module http://s.test/d/y.js"}},
		{`import data from "./d.json" with {type:"json"}; import s from "./s.css"`, []string{"other http://s.test/d/d.json", "style http://s.test/d/s.css"}},
		{`import "https://cdn.test/x.js"`, []string{"script module https://cdn.test/x.js"}},
		{`import("./unfinished`, nil},
	}
	for _, tt := range tests {
		f := finder{base: mustURL(t, "http://s.test/d/main.js")}
		readScript(tt.js, &f)
		if d := cmp.Diff(tt.want, listed(f.refs)); d != "" {
			t.Errorf("%s: %s", tt.js, d)
		}
	}
}

func TestReferencesAreBounded(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<img src=a.png>", maxRefs+5)
	doc := readPage([]byte(page), mustURL(t, "http://s.test/"), "")
	if len(doc.refs) != maxRefs || doc.dropped != 5 {
		t.Errorf("got %d refs and %d dropped, want %d and 5", len(doc.refs), doc.dropped, maxRefs)
	}
}

func TestJSONPath(t *testing.T) {
	t.Parallel()
	tests := []struct {
		doc, path, want string
		fails           bool
	}{
		{`{"build":{"version":"v4"}}`, "build.version", "v4", false},
		{`{"apps":[{"v":1},{"v":2.50}]}`, "apps.1.v", "2.50", false},
		{`{"apps":[{"v":"x"}]}`, "apps[0].v", "x", false},
		{`["a"]`, "[0]", "a", false},
		{`{"a":1}`, "b", "", true},
		{`{"a":[1]}`, "a.7", "", true},
		{`{"a":[1]}`, "a.-1", "", true},
		{`{"a":null}`, "a", "", true},
		{`{"a":{}}`, "a", "", true},
		{`{"a":"x"} {}`, "a", "", true},
		{`<html>`, "a", "", true},
		{``, "a", "", true},
	}
	for _, tt := range tests {
		got, why := jsonPath([]byte(tt.doc), tt.path)
		if got != tt.want || (why != "") != tt.fails {
			t.Errorf("%s at %s: got %q, %q; want %q, failing %v", tt.doc, tt.path, got, why, tt.want, tt.fails)
		}
	}
}

func TestRebase(t *testing.T) {
	t.Parallel()
	tests := []struct{ raw, template, want string }{
		{"http://s.test:81/slots/v1/assets/a.js", "http://s.test:81/slots/{version}", "http://s.test/assets/a.js"},
		{"http://v1.s.test/assets/a.js", "http://{version}.s.test/", "http://s.test/assets/a.js"},
		{"http://s.test/assets/a.js", "http://{version}.s.test/", "http://s.test/assets/a.js"},
		{"http://s.test/a.js", "", "http://s.test/a.js"},
	}
	for _, tt := range tests {
		if got := rebase(tt.raw, tt.template, "http://s.test"); got != tt.want {
			t.Errorf("rebase %s by %s: got %s, want %s", tt.raw, tt.template, got, tt.want)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(`<base href=x><img srcset="a 1x,,b (,) 2x"><style>@import url(</style><script type=module>import"./a`)
	f.Add("<script type=importmap>{\"imports\":{\"a\":\"./b\"}}</script><link rel=preload imagesrcset=', ,'>")
	f.Add("a{b:url(\\")
	f.Add("`${`}/[/](import('./x'")
	f.Fuzz(func(t *testing.T, s string) {
		base := mustURL(t, "http://s.test/p/")
		doc := readPage([]byte(s), base, "version")
		in := finder{base: base}
		readStyle(s, &in)
		readScript(s, &in)
		for _, r := range append(doc.refs, in.refs...) {
			if (r.url.Scheme != "http" && r.url.Scheme != "https") || r.url.Host == "" || r.url.User != nil || r.url.Fragment != "" {
				t.Errorf("unusable reference %s", r.url)
			}
		}
	})
}

func FuzzJSONPath(f *testing.F) {
	f.Add(`{"a":[{"b":1}]}`, "a[0].b")
	f.Add(`[[[`, "0.0.0")
	f.Fuzz(func(t *testing.T, doc, path string) {
		if got, why := jsonPath([]byte(doc), path); got != "" && why != "" {
			t.Errorf("got both %q and %q", got, why)
		}
		v, _, _ := plausible(metaVersion([]byte(doc), path), "")
		if len(v) > versionLen {
			t.Errorf("version of %d bytes", len(v))
		}
	})
}
