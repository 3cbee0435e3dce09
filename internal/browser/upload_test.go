package browser

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestUploads(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": `<body style="margin:0"><input type=file multiple style="position:absolute;left:0;top:0;width:200px;height:30px" onchange="document.title += [...this.files].map(f => f.name + f.size).join()">`})
	dir := t.TempDir()
	var paths []string
	for i, name := range []string{"a.txt", "b.txt"} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[i], make([]byte, i+1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	onBinaries(t, func(t *testing.T, bin string) {
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, p, srv.URL)
		ctx := patient(t)
		input, err := p.MainFrame().Handle(ctx, Isolated, `() => document.querySelector("input")`)
		if err != nil {
			t.Fatal(err)
		}
		if err := input.SetFiles(ctx, paths...); err != nil {
			t.Fatal(err)
		}
		if got := eval[string](t, p, "document.title"); got != "a.txt1,b.txt2" {
			t.Errorf("set: got %q", got)
		}
		for _, bad := range []string{filepath.Join(dir, "none"), dir} {
			if err := input.SetFiles(ctx, bad); err == nil {
				t.Errorf("%s was accepted", bad)
			}
		}
		visit(t, p, srv.URL)
		chooser, err := p.CatchFileChooser(ctx, func() error { return p.Click(ctx, 40, 15, Left, 0) })
		if err != nil {
			t.Fatal(err)
		}
		if !chooser.Multiple {
			t.Error("it asks for one file only")
		}
		if err := chooser.Choose(ctx, paths[1]); err != nil {
			t.Fatal(err)
		}
		if got := eval[string](t, p, "document.title"); got != "b.txt2" {
			t.Errorf("chosen: got %q", got)
		}
		if _, err := p.CatchFileChooser(impatient(t), func() error { return nil }); !errors.Is(err, ErrNoChooser) {
			t.Errorf("nothing asked: got %v", err)
		}
	})
}

func TestTouch(t *testing.T) {
	t.Parallel()
	srv := serve(t, site{"/": `<meta name=viewport content="width=device-width"><body style="margin:0"><button style="position:absolute;left:0;top:0;width:100px;height:50px">x</button><script>window.seen = []; for (const k of ["touchstart", "touchend", "click"]) document.querySelector("button").addEventListener(k, e => seen.push(k))</script>`})
	onBinaries(t, func(t *testing.T, bin string) {
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, p, srv.URL)
		if got := eval[string](t, p, `"ontouchstart" in window ? "touch" : "none"`); got != "none" {
			t.Errorf("before: got %s", got)
		}
		if err := p.SetViewport(patient(t), Viewport{Width: 800, Height: 400, Scale: 2, Mobile: true, Touch: true, Landscape: true}); err != nil {
			t.Fatal(err)
		}
		visit(t, p, srv.URL)
		got := eval[[]any](t, p, `[navigator.maxTouchPoints, screen.orientation.type, innerWidth, devicePixelRatio, matchMedia("(pointer: coarse)").matches]`)
		if want := "[1 landscape-primary 800 2 true]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
		if err := p.Tap(patient(t), 20, 20); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a tap", func() bool { return eval[string](t, p, "seen.join()") == "touchstart,touchend,click" })
	})
}
