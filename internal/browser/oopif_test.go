package browser

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Frames of other sites are frames like any other: in the order they were
// attached, reachable by script and by the mouse, whichever process has them.
func TestOtherProcesses(t *testing.T) {
	var near, far string
	leaf, once := make(chan struct{}), sync.Once{}
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			if path == "/leaf" {
				once.Do(func() { close(leaf) })
			}
			if path == "/slow" {
				<-leaf // so that the first frame is ready after the second
			}
			fmt.Fprint(w, strings.NewReplacer("FAR", far, "NEAR", near).Replace(body))
		})
	}
	button := `<body style="margin:0"><button style="position:absolute;left:20px;top:30px;width:80px;height:20px" onclick="document.title='hit'; window.at=[event.clientX,event.clientY]">x</button>`
	page("/", `<body style="margin:0;height:3000px"><div style="height:1000px"></div>
		<iframe src="FAR/slow" style="width:300px;height:100px"></iframe><iframe src="NEAR/leaf?1" style="width:300px;height:100px"></iframe>
		<iframe src="FAR/middle" style="border:7px solid;padding:3px;width:500px;height:300px"></iframe><iframe src="about:blank"></iframe>`)
	page("/slow", button)
	page("/leaf", button)
	page("/middle", `<body style="margin:0;height:2000px"><div style="height:400px"></div><iframe src="NEAR/leaf?2" style="width:200px;height:100px"></iframe><iframe src="FAR/leaf?3"></iframe>`)
	srv := serve(t, mux)
	near, far = srv.URL, localhost(srv)
	onBinaries(t, func(t *testing.T, bin string) {
		for _, args := range [][]string{nil, {"--site-per-process"}} {
			p := openIn(t, launchBin(t, bin, Options{ExtraArgs: args}), PageOptions{})
			visit(t, p, near+"/")
			var urls []string
			if err := p.Await(patient(t), func() bool {
				urls = nil
				for _, f := range p.Frames() {
					urls = append(urls, strings.NewReplacer(near, "near", far, "far").Replace(f.URL()))
				}
				return strings.Join(urls, " ") == "near/ far/slow near/leaf?1 far/middle near/leaf?2 far/leaf?3 about:blank"
			}); err != nil {
				t.Fatalf("frames: got %v", urls)
			}
			children := p.MainFrame().Children()
			nested := children[2].Children()
			for i, f := range []*Frame{children[0], children[1], nested[0]} {
				if err := p.MainFrame().Evaluate(patient(t), Main, "scrollTo(0, 900)", nil); err != nil {
					t.Fatal(err)
				}
				if err := children[2].Evaluate(patient(t), Main, "scrollTo(0, 350)", nil); err != nil {
					t.Fatal(err)
				}
				x, y, err := f.Offset(patient(t))
				if err != nil {
					t.Fatal(err)
				}
				eventually(t, "a click in "+f.URL(), func() bool { // what is not painted yet takes no click
					if err := p.Click(patient(t), x+60, y+40, Left, 0); err != nil {
						t.Fatal(err)
					}
					var title string
					if err := f.Evaluate(patient(t), Isolated, "document.title", &title); err != nil {
						t.Fatal(err)
					}
					return title == "hit"
				})
				var at [2]float64
				if err := f.Evaluate(patient(t), Main, "at", &at); err != nil || at != [2]float64{60, 40} {
					t.Errorf("frame %d: clicked at %v %v, want 60,40", i, at, err)
				}
			}
			target, err := p.Target(patient(t), far+"/leaf?3")
			if err != nil || target.IsPage() || target.Frame != nested[1] || target.Page != p {
				t.Errorf("target: got %+v %v, want the nested frame", target, err)
			}
		}
	})
}

func TestTargets(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": `<a href="/tab" target="_blank" style="position:absolute;left:0;top:0;width:100px;height:50px">x</a>`, "/tab": "<title>tab</title><input autofocus>", "/later": "<title>later</title>"})
	onBinaries(t, func(t *testing.T, bin string) {
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, p, srv.URL+"/")
		if main, err := p.Target(patient(t), "main"); err != nil || main.Page != p || !main.IsPage() {
			t.Errorf("main: got %+v %v", main, err)
		}
		if err := p.Click(patient(t), 20, 20, Left, 0); err != nil {
			t.Fatal(err)
		}
		tab, err := p.Target(patient(t), srv.URL+"/tab")
		if err != nil || !tab.IsPage() || tab.Page == p {
			t.Fatalf("tab: got %+v %v", tab, err)
		}
		if err := tab.Frame.Evaluate(patient(t), Main, `document.querySelector("input").focus()`, nil); err != nil {
			t.Fatal(err)
		}
		if err := tab.Page.Type(patient(t), "typed"); err != nil {
			t.Fatal(err)
		}
		if got := eval[string](t, tab.Page, `document.querySelector("input").value`); got != "typed" {
			t.Errorf("typed in the tab: got %q", got)
		}
		if _, err := tab.Page.Screenshot(patient(t), ScreenshotOptions{}); err != nil {
			t.Error(err)
		}
		eval[any](t, p, `setTimeout(() => window.open("/later#x", "_blank", "noopener"), 100); 1`)
		later, err := tab.Page.Target(patient(t), srv.URL+"/later#x")
		if err != nil {
			t.Fatal(err)
		}
		if err := later.Page.CloseTab(patient(t)); err != nil || !later.Page.Closed() {
			t.Errorf("close: %v", err)
		}
		if _, err := p.Target(impatient(t), srv.URL+"/later#x"); err == nil {
			t.Error("a closed tab was found")
		}
		if err := p.CloseTab(patient(t)); err != nil {
			t.Error(err)
		}
		if err := p.Call(patient(t), "Runtime.evaluate", map[string]any{"expression": "1"}, nil); err == nil {
			t.Error("a closed tab answered")
		}
		if got := eval[string](t, tab.Page, "document.title"); got != "tab" {
			t.Errorf("the other tab: got %q", got)
		}
		if again, err := p.Target(patient(t), srv.URL+"/tab"); err != nil || again.Page != tab.Page {
			t.Errorf("from a closed page: got %+v %v", again, err)
		}
		if err := p.Close(patient(t)); err != nil {
			t.Error(err)
		}
	})
}
