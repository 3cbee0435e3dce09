package browser

import (
	"net/http"
	"slices"
	"sync"
	"testing"
)

func TestScriptsAndBindings(t *testing.T) {
	t.Parallel()
	onBinaries(t, func(t *testing.T, bin string) {
		mux := http.NewServeMux()
		srv := serve(t, mux)
		mux.Handle("/", site{"/frame": "frame", "/pop": "pop", "/": `<script>window.sees = typeof told; window.mark = typeof planted</script>
			<iframe src="` + localhost(srv) + `/frame"></iframe>`})
		var mu sync.Mutex
		var calls []string
		b := launchBin(t, bin, Options{})
		p := openIn(t, b, PageOptions{
			Scripts: []Script{
				{Source: `told(location.pathname)`, Binding: "told"},
				{Source: `window.planted = 1`, World: Main},
			},
			OnBinding: func(c BindingCall) {
				mu.Lock()
				defer mu.Unlock()
				url := "?"
				if c.Frame != nil {
					url = c.Frame.ID
				}
				if url == "?" || c.Page == nil {
					t.Errorf("%s: no frame", c.Payload)
				}
				calls = append(calls, c.Name+" "+c.Payload)
			},
		})
		visit(t, p, srv.URL+"/")
		if got := eval[string](t, p, `sees + " " + mark`); got != "undefined number" {
			t.Errorf("the page sees the binding: got %s", got)
		}
		eval[any](t, p, `window.open("/pop", "_blank", "noopener"); 1`)
		eventually(t, "page, frame and popup call", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Contains(calls, "told /") && slices.Contains(calls, "told /frame") && slices.Contains(calls, "told /pop")
		})
	})
	if err := checkScripts(PageOptions{Scripts: []Script{{Binding: "x"}}}); err == nil {
		t.Error("a binding that nobody hears was accepted")
	}
}
