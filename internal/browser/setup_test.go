package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
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

func TestHeaders(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/", site{"/": "<title>x</title>", "/end": "landed"})
	mux.HandleFunc("/from", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		http.Redirect(w, r, "/end", http.StatusSeeOther)
	})
	srv := serve(t, mux)
	onBinaries(t, func(t *testing.T, bin string) {
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{Headers: true, DurableBodies: 1 << 20})
		visit(t, p, srv.URL+"/")
		eval[any](t, p, `fetch("/from", {method: "POST", body: "posted", headers: {"X-Own": "1"}}).then(r => r.text())`)
		got := settled(t, p, "wire headers", func(g Telemetry) bool {
			return len(g.Requests) >= 3 && g.Requests[2].Finished && g.Requests[2].wireAnswered && g.Requests[1].wireAnswered
		}).Requests
		has := func(list []Header, name, value string) bool {
			return slices.ContainsFunc(list, func(h Header) bool {
				return strings.EqualFold(h.Name, name) && strings.Contains(h.Value, value)
			})
		}
		from, end := got[1], got[2]
		if from.PostData != "posted" || !has(from.RequestHeaders, "X-Own", "1") || !has(from.RequestHeaders, "Host", "127") ||
			!has(from.ResponseHeaders, "Set-Cookie", "a=1") || !has(from.ResponseHeaders, "Set-Cookie", "b=2") {
			t.Errorf("first hop: got %+v", from)
		}
		if !has(end.RequestHeaders, "Cookie", "a=1; b=2") || !has(end.ResponseHeaders, "Content-Type", "text/html") || end.Decoded != 6 {
			t.Errorf("second hop: got %+v", end)
		}
		visit(t, p, localhost(srv)+"/")
		var body struct{ Body string }
		if err := p.Call(patient(t), "Network.getResponseBody", map[string]any{"requestId": end.ID}, &body); err != nil || body.Body != "landed" {
			t.Errorf("body after a navigation to another site: got %q %v", fmt.Sprint(body), err)
		}
	})
}
