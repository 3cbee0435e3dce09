package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

const shopOrigin = "https://shop.test"

// desk is a boot handler on a real server, and what it stored.
type desk struct {
	*BootHandler
	server *httptest.Server
	mu     sync.Mutex
	stored []signal.Signal
	err    error
}

func open(t *testing.T, change func(*BootOptions)) *desk {
	t.Helper()
	d := &desk{}
	o := BootOptions{
		Products: []product.Product{{ID: "shop", URL: shopOrigin + "/", PreviousURL: "https://{version}.shop.test"}},
		Known: func(_ product.ID, v string) (release.ID, bool) {
			if v == "v4" {
				return "rel-4", true
			}
			return "", false
		},
		Verify: func(r *http.Request) bool { return r.Header.Get("Postflight-Synthetic") == "good" },
		Report: func(_ context.Context, s signal.Signal) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.stored = append(d.stored, s)
			return d.err
		},
	}
	if change != nil {
		change(&o)
	}
	d.BootHandler = NewBootHandler(o)
	mux := http.NewServeMux()
	mux.Handle("/boot/{product}", d.BootHandler)
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.server.Close)
	return d
}

// post sends a report and checks that the answer says nothing.
func (d *desk) post(t *testing.T, body string, change func(*http.Request)) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.server.URL+"/boot/shop", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	r.Header.Set("Origin", shopOrigin)
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusNoContent || len(text) > 0 || err != nil || len(resp.Cookies()) > 0 {
		t.Errorf("got %d %q %v, want 204 and nothing", resp.StatusCode, text, err)
	}
}

func (d *desk) signals() []signal.Signal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stored
}

const okReport = `{"e":"ok","r":"v4","p":"/book","t":"tok1","d":321}`

func TestBootReports(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.post(t, okReport, nil)
	d.post(t, `{"e":"fatal","r":"v4","p":"/book?secret=1","t":"tok2","k":"error","m":"x is not a function","f":"https://shop.test/assets/app.js?v=1#x","l":1,"c":2345,"d":40,"w":true,"new":[]}`, func(r *http.Request) {})
	d.post(t, `{"e":"fatal","r":"v4","p":"/book","t":"tok2","k":"error","m":"x is not a function","f":"https://shop.test/assets/app.js?v=1#x","l":1,"c":2345,"d":40,"w":true}`, nil)
	d.post(t, `{"e":"late","r":"v4","p":"/","t":"tok3","k":"deadline","m":"complete","x":true}`, nil)
	d.post(t, `{"e":"gone","r":"v4","p":"/","t":"tok4"}`, nil)
	got := d.signals()
	if len(got) != 4 {
		t.Fatalf("got %d signals, want 4: %+v", len(got), d.Stats())
	}
	ok := got[0]
	if ok.Outcome != signal.Pass || ok.Kind != signal.Boot || ok.Name != "/book" || ok.Served != "v4" || ok.Release != "rel-4" || ok.Took != 321*time.Millisecond {
		t.Errorf("got %+v", ok)
	}
	want := &signal.Failure{Class: "boot", Title: "error", Message: "x is not a function", URL: "https://shop.test/assets/app.js", Host: "shop.test", Position: "https://shop.test/assets/app.js:1:2345"}
	if d := cmp.Diff(want, got[1].Failure); d != "" || got[1].Outcome != signal.Fail || !got[1].BootInfo.Webdrive {
		t.Error(d, got[1])
	}
	if got[2].Outcome != signal.Fail || got[2].Summary != "/ stays blank: complete" {
		t.Errorf("got %s %q", got[2].Outcome, got[2].Summary)
	}
	if got[3].Outcome != signal.Broken {
		t.Errorf("a page that was left is evidence of nothing: got %s", got[3].Outcome)
	}
	if s := d.Stats(); s.Accepted != 4 || s.Dropped[DropJunk] != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestBootDrops(t *testing.T) {
	t.Parallel()
	header := func(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
	tests := []struct {
		name, body string
		change     func(*http.Request)
		want       Drop
	}{
		{"empty", "", nil, DropJunk},
		{"no JSON", "hello", nil, DropJunk},
		{"array", `[{"e":"ok"}]`, nil, DropJunk},
		{"nested", `{"e":"ok","t":"a","m":{"a":1}}`, nil, DropJunk},
		{"trailing", okReport + "{}", nil, DropJunk},
		{"other event", `{"e":"fine","t":"a"}`, nil, DropJunk},
		{"no token", `{"e":"ok","r":"v4"}`, nil, DropJunk},
		{"wrong types", `{"e":7,"t":true}`, nil, DropJunk},
		{"deep", strings.Repeat("[", 4000), nil, DropJunk},
		{"huge", strings.Repeat("x", MaxReport+1), nil, DropSize},
		{"huge in chunks", strings.Repeat("x", MaxReport*4), func(r *http.Request) { r.ContentLength = -1 }, DropSize},
		{"form", okReport, header("Content-Type", "application/x-www-form-urlencoded"), DropType},
		{"no type", okReport, func(r *http.Request) { r.Header.Del("Content-Type") }, DropType},
		{"strange origin", okReport, header("Origin", "https://evil.test"), DropOrigin},
		{"null origin", okReport, header("Origin", "null"), DropOrigin},
		{"no origin", okReport, func(r *http.Request) { r.Header.Del("Origin") }, DropOrigin},
		{"other port", okReport, header("Origin", shopOrigin+":8443"), DropOrigin},
		{"slot of an unknown version", `{"e":"ok","r":"evil","t":"a"}`, header("Origin", "https://evil.shop.test"), DropOrigin},
		{"unknown product", okReport, func(r *http.Request) { r.URL.Path = "/boot/none" }, DropProduct},
		{"extension", `{"e":"fatal","r":"v4","t":"a","k":"error","m":"x","f":"chrome-extension://abc/x.js"}`, nil, DropExtension},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, nil)
			d.post(t, tt.body, tt.change)
			if got := d.Stats(); len(d.signals()) != 0 || got.Dropped[tt.want] != 1 || got.Accepted != 0 {
				t.Errorf("got %+v, want one drop %q", got, tt.want)
			}
		})
	}
}

func TestBootAccepts(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*http.Request){
		"own port":         func(r *http.Request) { r.Header.Set("Origin", shopOrigin+":443") },
		"slot of release":  func(r *http.Request) { r.Header.Set("Origin", "https://v4.shop.test") },
		"referer":          func(r *http.Request) { r.Header.Del("Origin"); r.Header.Set("Referer", shopOrigin+"/book") },
		"application/json": func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
	}
	for name, change := range tests {
		d := open(t, nil)
		if d.post(t, okReport, change); len(d.signals()) != 1 {
			t.Errorf("%s: got %+v", name, d.Stats())
		}
	}
}

func TestBootMethods(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for method, want := range map[string]int{"GET": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 204} {
		r, err := http.NewRequestWithContext(t.Context(), method, d.server.URL+"/boot/shop", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", shopOrigin)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Access-Control-Allow-Origin") != shopOrigin {
			t.Errorf("%s: got %d %v, want %d", method, resp.StatusCode, resp.Header, want)
		}
	}
}

func TestBootMarkerAndUnknownVersions(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.post(t, okReport, func(r *http.Request) { r.Header.Set("Postflight-Synthetic", "forged") })
	d.post(t, okReport, func(r *http.Request) { r.Header.Set("Postflight-Synthetic", "good") })
	for i := range 20 {
		d.post(t, fmt.Sprintf(`{"e":"ok","r":"forged-%d","p":"/","t":"a","synthetic":true}`, i), nil)
	}
	got := d.signals()
	if got[0].BootInfo.Synthetic || !got[1].BootInfo.Synthetic {
		t.Errorf("got %+v %+v", got[0].BootInfo, got[1].BootInfo)
	}
	for _, s := range got[2:] {
		if s.Served != "" || s.Release != "" || s.BootInfo.Version != unknownVersion || s.BootInfo.Synthetic {
			t.Errorf("got %+v %+v", s, s.BootInfo)
		}
	}
	if s := d.Stats(); s.Unknown != 20 || s.Synthetic != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestBootFloods(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	var addr netip.Addr
	d := open(t, func(o *BootOptions) {
		o.Now = func() time.Time { return now }
		o.ClientAddr = func(*http.Request) netip.Addr { return addr }
		o.PerClient, o.PerProduct, o.Global = Rate{5, 1}, Rate{12, 1}, Rate{100, 10}
	})
	bad := `{"e":"fatal","r":"v4","t":"a","k":"error","m":"x"}`
	for i := range 20 { // one network of IPv6
		addr = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1))
		d.post(t, okReport, nil)
	}
	if s := d.Stats(); s.Accepted != 5 || s.Dropped[DropClient] != 15 {
		t.Errorf("one client: got %+v", s)
	}
	for i := range 40 { // many clients
		addr = netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", i+1))
		d.post(t, okReport, nil)
	}
	if s := d.Stats(); s.Accepted != 12 || s.Dropped[DropFlood] != 33 {
		t.Errorf("many clients: got %+v", s)
	}
	if d.post(t, bad, nil); d.Stats().Accepted != 13 {
		t.Error("a flood of successes crowds out a failure")
	}
	clients := map[string]bool{}
	for _, s := range d.signals() {
		clients[s.BootInfo.Client] = true
		if strings.Contains(s.BootInfo.Client, "10.0") || strings.Contains(s.BootInfo.Client, "2001") || s.BootInfo.Client == "" {
			t.Errorf("client is named %q", s.BootInfo.Client)
		}
	}
	if len(clients) != 9 {
		t.Errorf("got %d clients, want 9: one network and eight addresses", len(clients))
	}
	now = now.Add(time.Minute)
	if d.post(t, okReport, nil); d.Stats().Accepted != 14 {
		t.Errorf("the buckets do not fill again: %+v", d.Stats())
	}
}

func TestBootMessagesAreCapped(t *testing.T) {
	t.Parallel()
	d := open(t, func(o *BootOptions) {
		o.PerClient, o.PerProduct, o.Global = Rate{1e6, 1e6}, Rate{1e6, 1e6}, Rate{1e6, 1e6}
	})
	for i := range maxMessages + 10 {
		d.post(t, fmt.Sprintf(`{"e":"fatal","r":"v4","t":"a","k":"error","m":"message %d"}`, i), nil)
	}
	messages := map[string]bool{}
	for _, s := range d.signals() {
		messages[s.Failure.Message] = true
	}
	if len(messages) != maxMessages+1 || d.Stats().Capped != 10 {
		t.Errorf("got %d messages, %+v", len(messages), d.Stats())
	}
}

func TestBootTextIsCleaned(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	secrets := []string{"s3cretvalue", "eyJhbGciOiJIUzI1NiJ9", "pf_ABCDEFGHIJKL", "a.person@mail.test"}
	raw, err := json.Marshal(map[string]any{
		"e": "fatal", "r": "v4\x1b[31m", "p": "//evil\u202e<script>", "t": "a", "k": "<b>", "f": "https://u:s3cretvalue@shop.test/a.js",
		"m": "\x1b]0;x\x07</script><img src=x onerror=alert(1)> token=s3cretvalue Bearer eyJhbGciOiJIUzI1NiJ9.e30.x pf_ABCDEFGHIJKL a.person@mail.test " + strings.Repeat("é", 400),
		"l": -5, "c": 1e300, "d": 1e300,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.post(t, string(raw), nil)
	got, err := json.Marshal(d.signals())
	if err != nil || len(d.signals()) != 1 {
		t.Fatal(err, d.Stats())
	}
	s := d.signals()[0]
	for _, text := range []string{s.Name, s.Summary, s.Failure.Message, s.BootInfo.Version, s.BootInfo.Kind} {
		if strings.ContainsAny(text, "\x1b\x07\u202e\n") || !utf8.ValidString(text) {
			t.Errorf("control characters in %q", text)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(string(got), secret) {
			t.Errorf("%s is kept in %s", secret, got)
		}
	}
	if len(s.BootInfo.Message) > maxMessage || s.BootInfo.Kind != "other" || s.BootInfo.Line != 0 {
		t.Errorf("got %+v", s.BootInfo)
	}
}

func TestBootStoreFails(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.err = errors.New("disk full")
	d.post(t, okReport, nil)
	if s := d.Stats(); s.Accepted != 0 || s.Dropped[DropStore] != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestBootBodyThatNeverComes(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	body, hold := io.Pipe()
	defer hold.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.server.URL+"/boot/shop", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set("Origin", shopOrigin)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		resp.Body.Close()
	}
	if s := d.Stats(); s.Dropped[DropRead] != 1 {
		t.Errorf("got %+v", s)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(okReport))
	f.Add([]byte(`{"e":"fatal","t":"\ud800","m":"` + strings.Repeat("a", 400) + `","l":1e400}`))
	f.Add([]byte(`{"e":"ok","e":"gone","t":"x","p":"?","f":"http://a:b@c/%zz"}`))
	h := NewBootHandler(BootOptions{})
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(body)
		if err != nil {
			return
		}
		s := h.signal(product.Product{ID: "shop"}, r, time.Unix(0, 0))
		if s.Outcome == "" || s.Summary == "" || !strings.HasPrefix(s.Name, "/") || r.Token == "" {
			t.Errorf("got %+v", s)
		}
		for _, text := range []string{r.Version, r.Page, r.Message, r.File, r.Token} {
			if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\n\r\u202e") || len(text) > 1000 {
				t.Errorf("not clean: %q", text)
			}
		}
	})
}
