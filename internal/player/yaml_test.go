package player

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/signal"
)

// playYAML plays a journey against a handler.
func playYAML(t *testing.T, h http.Handler, text string, files map[string]string) (signal.Signal, *scene) {
	t.Helper()
	sc := newScene(t, h, `{"type":"navigate","url":"§/"}`)
	if files == nil {
		files = map[string]string{}
	}
	dir := tree(t, files)
	j, err := journey.Load("t.yaml", []byte(strings.ReplaceAll(text, "§", sc.site.URL)), journey.LoadOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	sc.req.Journey, sc.req.Secrets = j, map[string]string{"key": "a-key-that-nobody-sees"}
	return sc.run(t, t.Context()), sc
}

func mustPass(t *testing.T, got signal.Signal) {
	t.Helper()
	if got.Outcome == signal.Pass {
		return
	}
	for _, s := range got.Steps {
		t.Logf("%d %s %s: %s %s", s.Index, s.Type, s.Title, s.Outcome, s.Message)
	}
	t.Fatalf("%s: %s", got.Outcome, got.Summary)
}

func TestStoryPlaysEveryStep(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=data:,><title>Every step</title>
		<style>#menu:not(:hover) + p { visibility: hidden } .tall { height: 3000px } .list { height: 50px; overflow: auto } .list div { height: 900px }</style>
		<p id=log></p><button id=menu>Menu</button><p>Open menu</p>
		<div role=list><div role=listitem>Sled <button title="Add one">+</button></div><div role=listitem>Kite <button title="Add one">+</button></div></div>
		<span data-qa=word>word</span><img alt="Our shop" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" width=40 height=40>
		<input placeholder=Search><label>News <input type=checkbox checked></label><label>Photo <input type=file></label>
		<div class=list><div>list</div></div><iframe src=/frame title=pay></iframe><a href=/popup target=_blank>More</a><div class=tall></div>
		<script>
			const log = (s) => { document.querySelector('#log').textContent += ' ' + s };
			for (const b of document.querySelectorAll('[role=listitem] button')) b.onclick = () => log('add-' + b.parentElement.firstChild.data.trim());
			document.querySelector('[data-qa]').ondblclick = () => log('twice');
			document.querySelector('img').oncontextmenu = (e) => { e.preventDefault(); log('menu') };
			document.querySelector('input[type=file]').onchange = (e) => e.target.files[0].text().then((t) => log('file-' + e.target.files[0].name + '-' + t));
			document.querySelector('input[placeholder]').onkeydown = (e) => log('key-' + e.key + (e.ctrlKey ? '-ctrl' : ''));
		</script>`)
	})
	mux.HandleFunc("/frame", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><button onclick="this.textContent='Paid'">Pay</button>`)
	})
	mux.HandleFunc("/popup", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><link rel=icon href=data:,><title>Popup</title><button onclick="this.textContent='Closed soon'">Inside</button>`)
	})
	got, _ := playYAML(t, mux, `
title: every step
timeout: 25s
test id: data-qa
vars: { what: Kite }
steps:
  - viewport: { width: 900, height: 700, scale: 1 }
  - open: /
  - hover: Menu
  - see: Open menu
  - click: { tooltip: Add one, inside: { role: listitem, text: "{{what}}" } }
  - click: { role: button, regex: "/^\\+$/", first: true }
  - double click: { testid: word }
  - right click: { alt: Our shop, at: [5, 5] }
  - click: { placeholder: Search }
  - press: a
  - press: Control+a
  - fill: { placeholder: Search, with: new }
  - see: { placeholder: Search, value: new, enabled: true }
  - uncheck: News
  - see: { label: News, checked: false }
  - upload: { label: Photo, file: data/cat.txt }
  - see: { css: "#log", text: "add-Kite add-Sled twice menu key-a" }
  - see: { css: "#log", text: key-a-ctrl }
  - see: { css: "#log", text: file-cat.txt-meow }
  - scroll: { css: .list, y: 300 }
  - until: "document.querySelector('.list').scrollTop === 300"
  - scroll: { y: 200 }
  - until: "scrollY === 200"
  - click: { text: Pay, in: { frame: [0] } }
  - see: { text: Paid, in: { frame: 0 } }
  - click: More
  - click: { text: Inside, in: { page: "§/popup" } }
  - see: Closed soon
    in: { page: "§/popup" }
  - close: { in: { page: "§/popup" } }
  - screenshot
  - wait: 10ms
  - not see: { role: button, name: Inside }
  - see: { title: Every, url: "*/" }
  - step: { type: waitForElement, selectors: ["text/word"], count: 1 }
  - see: { role: listitem, count: 2 }
    soft: true
    budget: 1m
    name: both gifts
`, map[string]string{"data/cat.txt": "meow"})
	mustPass(t, got)
	if last := got.Steps[len(got.Steps)-1]; last.Title != "both gifts" || !last.Soft || last.Over {
		t.Errorf("%+v", last)
	}
	if got.Steps[4].Title != "click Add one in listitem" {
		t.Errorf("title %q", got.Steps[4].Title)
	}
}

func TestStoryCallsAPIs(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Method + " " + r.Header.Get("Authorization") + r.Header.Get("X-Key") + " " + r.Header.Get("Cookie")
		http.SetCookie(w, &http.Cookie{Name: "evil", Value: "1", Domain: "example.com"})
		fmt.Fprint(w, `{"ok":true}`)
	}))
	t.Cleanup(other.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><link rel=icon href=data:,><p>Home</p><script>document.cookie = 'seen=yes'</script>`)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/x", http.StatusFound)
	})
	mux.HandleFunc("/again", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("a", 3<<20))
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		cookie := ""
		if c, err := r.Cookie("seen"); err == nil {
			cookie = c.Value
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "", MaxAge: -1, Path: "/"})
		w.Header().Add("X-Marker", r.Header.Get("Postflight-Synthetic"))
		fmt.Fprintf(w, `{"method":%q,"type":%q,"q":%q,"name":%q,"cookie":%q}`, r.Method, r.Header.Get("Content-Type"), r.URL.Query().Get("q"), r.FormValue("name"), cookie)
	})
	for text, want := range map[string]string{
		`- api: {put: '/again?q={{v}}', form: {name: '{{v}}'}, expect: {$.method: PUT, $.name: 'a&b=c/"', $.cookie: yes, header x-marker: ''}}
  - api: {get: '/echo?q={{v}}', expect: {$.q: '{{v}}', $.cookie: ''}}
  - until: "document.cookie === ''"`: "",
		`- api: {post: /away, headers: {authorization: top-secret-thing, x-key: "{{secret.key}}"}, json: [1], expect: {$.ok: true}}`: "",
		`- api: {get: /loop}`:                             "was redirected more than 10 times",
		`- api: {get: /huge}`:                             "",
		`- api: {get: /huge, expect: {body: contains b}}`: "the answer is larger than 1024 KiB",
		`- api: {get: /huge, expect: {$.a: 1}}`:           "the answer is larger than 1024 KiB",
		`- api: {get: /, expect: {$.a: 1}}`:               "the answer is no JSON",
		`- api: {get: /, save: {a: header X-Nothing}}`:    "nothing to save as a: there is no header X-Nothing",
		`- open: '{{path}}'
  - see: {url: /echo?a=b}`: "",
		`- api: {head: /echo, expect: {status: 2xx}}`: "",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, _ := playYAML(t, mux, "title: t\ntimeout: 25s\nvars: { path: '/echo?a=b', v: 'a&b=c/\"' }\nsteps:\n  - open: /\n  "+text+"\n", nil)
			if want != "" {
				if got.Outcome != signal.Fail || !strings.Contains(got.Summary, want) {
					t.Fatalf("%s: %s", got.Outcome, got.Summary)
				}
				return
			}
			mustPass(t, got)
			if strings.Contains(text, "/away") {
				if s := <-seen; s != "GET  " {
					t.Errorf("the other host got %q", s)
				}
			}
		})
	}
}

func TestVariablesAreBounded(t *testing.T) {
	t.Parallel()
	wide := func(name string) string { return strings.Repeat("{{"+name+"}}", 5000) }
	for name, vars := range map[string]map[string]string{
		"more than 10000 variables": {"a": wide("b"), "b": wide("c"), "c": wide("d"), "d": ""},
		"larger than 1024 KiB":      {"a": wide("b"), "b": strings.Repeat("x", 10_000)},
		"stands for itself":         {"a": "{{b}}", "b": "{{c}}", "c": "{{a}}"},
	} {
		p := mailRun(t)
		p.vars = vars
		_, err := p.expand(journey.Step{Templated: true, Value: "{{a}}"})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

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
