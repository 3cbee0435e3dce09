package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
"time"
)

func TestSmoke(t *testing.T) {
	st := time.Now()
	bin, err := Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(st))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<title>hi</title><script>console.log("a",{b:1});
		setTimeout(()=>{throw new TypeError("no")},0)</script><button onclick="window.t=event.isTrusted">x</button>`)
	}))
	defer srv.Close()
	b, err := Launch(t.Context(), Options{Binary: bin, UserAgentSuffix: "Postflight/1 (+synthetic)"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	p, err := b.NewPage(t.Context(), PageOptions{InjectOrigins: []string{srv.URL}, InjectHeaders: map[string]string{"X-Postflight": "1"}})
	if err != nil {
		t.Fatal(err, b.Stderr())
	}
	t.Log(time.Since(st))
	n, err := p.Navigate(t.Context(), srv.URL)
	t.Logf("%+v %v", n, err)
	var v any
	t.Log(p.MainFrame().Evaluate(t.Context(), Isolated, "[document.title, navigator.userAgent, navigator.userAgentData && navigator.userAgentData.brands]", &v), v)
	p.Sync(t.Context())
	t.Logf("%+v", p.Since(Mark{}))
	shot, err := p.Screenshot(t.Context(), ScreenshotOptions{})
	t.Log(len(shot), err)
	t0 := time.Now(); t.Log(p.Close(t.Context()), time.Since(t0)); t0 = time.Now()
	t.Log(b.Close(), time.Since(t0))
}
