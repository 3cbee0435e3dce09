package browser

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// framed is a page with a cross-site frame that holds a frame of the first site.
func framed(t *testing.T) (url string) {
	t.Helper()
	var inner, outer string
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<body style="margin:0"><div style="height:50px"></div>
			<iframe src="/plain" style="border:0"></iframe>
			<iframe id=x src="%s/middle" style="position:absolute;left:30px;top:200px;border:5px solid;width:400px;height:300px"></iframe>`, inner)
	})
	mux.HandleFunc("/middle", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<body style="margin:0"><script>setTimeout(() => { throw new Error("in frame") })</script>
			<iframe src="%s/deep" style="position:absolute;left:20px;top:10px;border:0"></iframe>`, outer)
	})
	mux.Handle("/plain", site{"/plain": "<title>plain</title>"})
	mux.Handle("/deep", site{"/deep": `<body style="margin:0"><button style="width:100px;height:40px" onclick="window.hit = event.isTrusted">x</button>`})
	srv := serve(t, mux)
	outer, inner = srv.URL, localhost(srv)
	return outer
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"one process":   {},
		"site per proc": {ExtraArgs: []string{"--site-per-process"}},
	} {
		url := framed(t)
		p := openIn(t, launch(t, o), PageOptions{})
		visit(t, p, url+"/")
		ctx := patient(t)
		if err := p.Await(ctx, func() bool {
			return len(p.Frames()) == 4 && !slices.ContainsFunc(p.Frames(), func(f *Frame) bool { return !f.Loaded() })
		}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kids := p.MainFrame().Children()
		if len(kids) != 2 || !strings.HasSuffix(kids[0].URL(), "/plain") || len(kids[1].Children()) != 1 {
			t.Fatalf("%s: frame tree is wrong: %d children", name, len(kids))
		}
		deep := kids[1].Children()[0]
		if ownSession := kids[1].session() != p.sess; ownSession != (len(o.ExtraArgs) > 0 || p.Browser().Binary.Kind == KindFull) {
			t.Errorf("%s: middle frame in its own session: got %v", name, ownSession)
		}
		x, y, err := deep.Offset(ctx)
		if err != nil || x != 30+5+20 || y != 200+5+10 {
			t.Errorf("%s: offset: got %v,%v %v, want 55,215", name, x, y, err)
		}
		// A frame of another process takes clicks once its first picture is composed, which nothing announces.
		eventually(t, name+": click arrives", func() bool {
			if err := p.Click(ctx, x+50, y+20, Left, 0); err != nil {
				t.Fatal(err)
			}
			var hit bool
			if err := deep.Evaluate(ctx, Main, "window.hit === true", &hit); err != nil {
				t.Fatal(err)
			}
			return hit
		})
		var secret string
		if err := deep.Evaluate(ctx, Isolated, "window.mine = 'ours'; typeof window.hit", &secret); err != nil || secret != "undefined" {
			t.Errorf("%s: isolated world sees the page's variables: %q %v", name, secret, err)
		}
		if err := deep.Evaluate(ctx, Main, "typeof window.mine", &secret); err != nil || secret != "undefined" {
			t.Errorf("%s: the page sees ours: %q %v", name, secret, err)
		}
		got := settled(t, p, "frame's exception", func(g Telemetry) bool { return len(g.Exceptions) > 0 })
		if got.Exceptions[0].Text != "Error: in frame" {
			t.Errorf("%s: got %+v", name, got.Exceptions)
		}
		if n := len(got.Requests); n != 4 {
			t.Errorf("%s: requests: got %d, want 4 documents", name, n)
		}
		for _, r := range got.Requests {
			if r.Status != 200 || !r.Finished || !r.Navigation || r.TopLevel != (r.URL == url+"/") {
				t.Errorf("%s: got %+v", name, r)
			}
		}
		eval[any](t, p, `document.getElementById("x").remove()`)
		if err := p.Await(ctx, func() bool { return len(p.Frames()) == 2 && deep.Detached() }); err != nil {
			t.Errorf("%s: removed frame stays: %v", name, err)
		}
		if err := p.Browser().Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": `<title>x</title><ul><li>one<li>two</ul>`, "/next": "next"})
	p := open(t, PageOptions{})
	visit(t, p, srv.URL)
	ctx := patient(t)
	f := p.MainFrame()
	for _, w := range []World{Main, Isolated} {
		var got struct {
			A []int
			B string
		}
		if err := f.Evaluate(ctx, w, `new Promise(r => requestAnimationFrame(() => r({a: [1, 2], b: "x"})))`, &got); err != nil {
			t.Fatal(err)
		}
		if got.B != "x" || len(got.A) != 2 {
			t.Errorf("%s: got %+v", w, got)
		}
		list, err := f.Handle(ctx, w, `sel => document.querySelector(sel)`, "ul")
		if err != nil || list == nil || list.Subtype != "node" {
			t.Fatalf("%s: got %+v %v", w, list, err)
		}
		item, err := list.Handle(ctx, `function(n) { return this.children[n] }`, 1)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := f.Apply(ctx, w, `(list, item, tail) => list.contains(item) && item.textContent + tail`, &text, list, item, "!"); err != nil || text != "two!" {
			t.Errorf("%s: got %q %v", w, text, err)
		}
		none, err := f.Handle(ctx, w, `() => document.querySelector("nav")`)
		if none != nil || err != nil {
			t.Errorf("%s: got %v %v, want nil", w, none, err)
		}
		err = f.Apply(ctx, w, "() => {\n  null.x }", nil)
		var thrown *ScriptError
		if !errors.As(err, &thrown) || !strings.HasPrefix(thrown.Text, "TypeError: Cannot read properties of null") || thrown.Line != 2 {
			t.Errorf("%s: got %+v, want a type error in line 2", w, err)
		}
		if err := f.Evaluate(ctx, w, "Promise.reject(new Error('no'))", nil); !errors.As(err, &thrown) || thrown.Text != "Error: no" {
			t.Errorf("%s: got %v, want the rejection", w, err)
		}
		if err := f.Evaluate(ctx, w, "NaN", new(float64)); err == nil {
			t.Errorf("%s: NaN decoded as a number", w)
		}
		var node struct {
			Node struct {
				ID int `json:"backendNodeId"`
			} `json:"node"`
		}
		if err := f.Call(ctx, "DOM.describeNode", map[string]any{"objectId": list.ID}, &node); err != nil {
			t.Fatal(err)
		}
		again, err := f.Resolve(ctx, w, node.Node.ID)
		if err != nil || again.Frame() != f {
			t.Fatal(again, err)
		}
		if id, err := f.ContextID(ctx, w); id == 0 || err != nil {
			t.Errorf("%s: context id %d %v", w, id, err)
		}
		item.Release()
	}
	list, err := f.Handle(ctx, Isolated, `() => document.body`)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() { failed <- f.Evaluate(ctx, Isolated, "new Promise(() => {})", nil) }()
	visit(t, p, srv.URL+"/next")
	if err := <-failed; !errors.Is(err, ErrContextLost) {
		// It may also have been sent after the navigation: then it waits there.
		t.Errorf("pending evaluation over a navigation: got %v", err)
	}
	if err := list.Apply(ctx, `function() { return 1 }`, nil); !errors.Is(err, ErrContextLost) {
		t.Errorf("object of a past document: got %v, want ErrContextLost", err)
	}
	if title := ""; f.Evaluate(ctx, Isolated, "document.body.textContent", &title) != nil || title != "next" {
		t.Errorf("after the navigation: got %q", title)
	}
}

func TestPopups(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{
		"/": `<body style="margin:0"><a href="/pop" target=_blank rel=opener style="position:absolute;width:50px;height:50px">a</a>
			<a href="/quiet" target=_blank rel=noopener style="position:absolute;left:100px;width:50px;height:50px">b</a>
			<button onclick="open('/gone').close()" style="position:absolute;left:200px;width:50px;height:50px">c</button>`,
		"/pop": `<script>throw new Error("in popup")</script><img src="/missing.png">`, "/quiet": `<script>console.log("quiet")</script>`, "/gone": "",
	})
	p := open(t, PageOptions{})
	visit(t, p, srv.URL)
	ctx := patient(t)
	find := func(path string) *Page {
		t.Helper()
		var found *Page
		if err := p.Await(ctx, func() bool {
			for _, o := range p.Pages() {
				if o.URL() == srv.URL+path && o.MainFrame().Loaded() {
					found = o
				}
			}
			return found != nil
		}); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return found
	}
	for _, x := range []float64{25, 125, 225} {
		if err := p.Click(ctx, x, 25, Left, 0); err != nil {
			t.Fatal(err)
		}
	}
	pop, quiet := find("/pop"), find("/quiet")
	if pop.Opener() != p || quiet == p {
		t.Errorf("opener: got %v", pop.Opener())
	}
	got := settled(t, p, "popup's failures", func(g Telemetry) bool {
		return len(g.Exceptions) == 1 && len(g.Console) == 1 && slices.ContainsFunc(g.Requests, func(r Request) bool { return r.Status == 404 })
	})
	if got.Exceptions[0].Page != pop.ID || got.Console[0].Page != quiet.ID {
		t.Errorf("got %+v, want it told of the popups", got.Exceptions)
	}
	paths := map[string]bool{}
	for _, r := range got.Requests {
		paths[strings.TrimPrefix(r.URL, srv.URL)] = r.TopLevel
	}
	delete(paths, "/gone") // closed at once: it may or may not have been asked for
	if diff := cmp.Diff(paths, map[string]bool{"/": true, "/pop": true, "/quiet": true, "/missing.png": false}); diff != "" {
		t.Error(diff)
	}
	if got := eval[string](t, pop, "location.pathname"); got != "/pop" {
		t.Errorf("popup: got %s", got)
	}
	if err := pop.Close(ctx); err != nil || !pop.Closed() || p.Closed() {
		t.Errorf("close popup: %v, closed %v, opener closed %v", err, pop.Closed(), p.Closed())
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if !quiet.Closed() || len(p.Pages()) != 0 {
		t.Error("popups outlive their page")
	}
}

// What the page sends when it is left must still be sent.
func TestCloseSendsBeacon(t *testing.T) {
	t.Parallel()
	beacon := make(chan struct{}, 1)
	mux := http.NewServeMux()
	mux.Handle("/", site{"/": `<script>addEventListener("pagehide", () => navigator.sendBeacon("/beacon"))</script>`})
	mux.HandleFunc("/beacon", func(http.ResponseWriter, *http.Request) {
		select {
		case beacon <- struct{}{}:
		default:
		}
	})
	srv := serve(t, mux)
	b := launch(t, Options{})
	for range 5 { // a page has only so long for its farewell, which an overloaded machine may exceed
		p := openIn(t, b, PageOptions{})
		visit(t, p, srv.URL)
		if err := p.Close(patient(t)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-beacon:
			return
		case <-impatient(t).Done():
		}
	}
	t.Error("no beacon")
}
