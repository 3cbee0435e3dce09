package browser

import (
	"bytes"
	"net/http"
	"testing"
	"time"
)

// An emulated network is slower, and an offline one lets nothing through, on
// both binaries.
func TestEmulateNetwork(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/", site{"/": "<title>x</title>"})
	mux.HandleFunc("/data", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 100<<10)) })
	srv := serve(t, mux)
	onBinaries(t, func(t *testing.T, bin string) {
		p := openIn(t, launchBin(t, bin, Options{}), PageOptions{})
		visit(t, p, srv.URL)
		took := func(path string) time.Duration {
			t.Helper()
			ms := eval[float64](t, p, `(async () => { const t = performance.now(); await (await fetch("`+path+`?" + t)).text(); return performance.now() - t })()`)
			return time.Duration(ms * float64(time.Millisecond))
		}
		set := func(n Network) {
			t.Helper()
			if err := p.EmulateNetwork(patient(t), n); err != nil {
				t.Fatal(err)
			}
		}
		set(Network{Download: -1, Upload: -1, Latency: 400 * time.Millisecond})
		if got := took("/"); got < 350*time.Millisecond {
			t.Errorf("latency: took %v, want 400ms", got)
		}
		set(Network{Download: 100 << 10, Upload: 100 << 10})
		if got := took("/data"); got < 700*time.Millisecond {
			t.Errorf("throughput: took %v, want about a second", got)
		}
		set(Network{})
		if got := eval[string](t, p, `fetch("/off").then(() => "through", () => "off")`); got != "off" {
			t.Errorf("offline: got %s", got)
		}
		if eval[bool](t, p, "navigator.onLine") {
			t.Error("offline: the page believes to be online")
		}
		if _, err := p.Navigate(patient(t), srv.URL+"/"); err == nil {
			t.Error("offline: a navigation went through")
		}
		set(Network{Download: -1, Upload: -1})
		visit(t, p, srv.URL)
	})
}
