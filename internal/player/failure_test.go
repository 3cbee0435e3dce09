package player

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// soon gives a step less time than the 30 s the tests allow.
func soon(step string) string { return strings.Replace(step, "{", `{"timeout":1200,`, 1) }

// What the browser says of a page that cannot be reached is the product's
// failure, also when the guard ended the steps just then: it must not be taken
// for a fault of ours.
func TestUnreachablePageFailsThoughTheGuardStoppedTheSteps(t *testing.T) {
	t.Parallel()
	s := newScene(t, page("x"), open, expect("document.body"))
	slots <- struct{}{}
	defer func() { <-slots }()
	p := newPlay(s.Runner, s.req, s.req.Journey, time.Now())
	if err := p.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	p.records[0].begin, p.records[0].end = time.Now(), time.Now()
	p.err = fmt.Errorf("w: %w", &browser.NavigationError{URL: "http://shop.test/", Reason: "net::ERR_CONNECTION_REFUSED"})
	p.cause = errStop
	p.conclude(t.Context())
	if p.ours != nil || p.failure == nil || p.failure.Class != "navigation" || p.failure.Step != 1 {
		t.Errorf("ours %v, failure %+v", p.ours, p.failure)
	}
}

func TestPreconditionsAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		html, step, class string
		words             []string
	}{
		"missing":     {`x`, click(`"#a"`), "step_timeout", []string{"not found for"}},
		"hidden":      {`<a id=a style="visibility:hidden">x</a>`, click(`"#a"`), "step_timeout", []string{"hidden for"}},
		"no size":     {`<a id=a style="display:none">x</a>`, click(`"#a"`), "step_timeout", []string{"has no size"}},
		"disabled":    {`<button id=a disabled>x</button>`, click(`"#a"`), "step_timeout", []string{"disabled for"}},
		"covered":     {`<button id=a>x</button><div class="modal big" style="position:fixed;inset:0"><p style="position:absolute;inset:0;margin:0">Hi</p></div>`, click(`"#a"`), "covered", []string{"covered by <p>", `of <div class="modal big">`}},
		"then hidden": {`<button id=a>x</button><script>a.disabled=true;setTimeout(()=>{a.disabled=false;a.style.display='none'},600)</script>`, click(`"#a"`), "step_timeout", []string{"disabled 0.0–0.", "; has no size from 0."}},
		"moving":      {`<style>@keyframes m{to{margin-left:50px}}</style><button id=a style="animation:m .2s infinite">x</button>`, click(`"#a"`), "step_timeout", []string{"moving for"}},
		"read-only":   {`<input id=a readonly>`, `{"type":"change","selectors":["#a"],"value":"v"}`, "step_timeout", []string{"read-only for"}},
		"no option":   {`<select id=a><option>x</select>`, `{"type":"change","selectors":["#a"],"value":"v"}`, "step_timeout", []string{"without the option"}},
		"no field":    {`<p id=a>x`, `{"type":"change","selectors":["#a"],"value":"v"}`, "assertion", []string{"cannot be filled in"}},
		"malformed":   {`<input type=date id=a>`, `{"type":"change","selectors":["#a"],"value":"v"}`, "assertion", []string{"malformed"}},
		"no frame":    {`x`, `{"type":"hover","selectors":["#a"],"frame":[0]}`, "step_timeout", []string{"frame [0]: frame not found"}},
		"count":       {`<p><p>`, `{"type":"waitForElement","selectors":["p"],"operator":"==","count":3}`, "assertion", []string{"found 2 times"}},
		"attribute":   {`<p lang=de>`, `{"type":"waitForElement","selectors":["p"],"attributes":{"lang":"en"}}`, "assertion", []string{"its attribute lang differs"}},
		"still there": {`<p>`, `{"type":"waitForElement","selectors":["p"],"visible":false}`, "assertion", []string{"still there"}},
		"false":       {`x`, expect("1 > 2"), "assertion", []string{"it is false"}},
		"throws":      {`x`, expect("nothing.at.all"), "assertion", []string{"nothing is not defined"}},
		"stays":       {`<a id=a href="javascript:void 0">x</a>`, strings.TrimSuffix(click(`"#a"`), "}") + `,"assertedEvents":[{"type":"navigation"}]}`, "navigation", []string{"no navigation followed"}},
		"busy":        {`<button id=a onclick="for(;;);">x</button>`, click(`"#a"`), "step_timeout", []string{"did not answer in time"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newScene(t, page("<!doctype html>"+c.html), open, soon(c.step), expect("never")).run(t, t.Context())
			wantFail(t, got, c.class, 2, c.words...)
			if got.Steps[2].Outcome != "" {
				t.Errorf("got %q for a step that was not reached", got.Steps[2].Outcome)
			}
		})
	}
}

// broken answers every address badly, to every origin.
func broken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if strings.HasPrefix(r.URL.Path, "/missing") {
		http.NotFound(w, r)
		return
	}
	http.Error(w, "no", http.StatusInternalServerError)
}

// stranger is somebody else's server, and it is broken.
func stranger(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(broken))
	t.Cleanup(s.Close)
	return s
}

func TestFirstCause(t *testing.T) {
	t.Parallel()
	third := stranger(t)
	for name, c := range map[string]struct {
		html, class string
		status      int
		words       []string
	}{
		"exception":        {`<script>boom = () => {` + "\n" + ` slots = {}; slots.map(1) }</script>`, "exception", 0, []string{"step 2 of 2 “wait until (window.t", "TypeError: slots.map is not a function", "(/:2:20)"}},
		"rejection":        {`<script>Promise.reject(new Error('lost'))</script>`, "exception", 0, []string{"Error: lost"}},
		"script":           {`<script src="/broken/app.js"></script><script>start()</script>`, "request", 500, []string{"/broken/app.js answered 500"}},
		"missing script":   {`<script src="/missing/app.js"></script>`, "request", 404, []string{"/missing/app.js answered 404"}},
		"fetch":            {`<script>fetch('/broken/api').then((r) => r.text()).then((x) => x.y.z)</script>`, "request", 500, []string{"GET ", "/broken/api answered 500"}},
		"image":            {`<img src="/broken/i.png">`, "request", 500, []string{"i.png answered 500"}},
		"foreign then own": {`<script src="` + third.URL + `/t.js"></script><script>lib()</script>`, "exception", 0, []string{"lib is not defined"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					page(c.html).ServeHTTP(w, r)
					return
				}
				broken(w, r)
			}), open, expect("(window.t ??= setTimeout(window.boom ?? String), false)"))
			begin := time.Now()
			got := s.run(t, t.Context())
			step := got.Failure.Step
			wantFail(t, got, c.class, step, c.words...)
			if got.Failure.Status != c.status {
				t.Errorf("got status %d, want %d", got.Failure.Status, c.status)
			}
			if took := time.Since(begin); took > 25*time.Second {
				t.Errorf("took %s: it did not fail fast", took)
			}
			kinds := ""
			for _, e := range got.Evidence {
				kinds += e.Kind + " "
				if e.Size == 0 || int64(len(s.shelf.data[e.Blob])) != e.Size {
					t.Errorf("evidence %+v is not in the store", e)
				}
			}
			if !strings.HasPrefix(kinds, "screenshot accessibility html ") || !strings.HasSuffix(kinds, "har ") {
				t.Errorf("got evidence %q", kinds)
			}
		})
	}
}

func TestWhatIsNotTheProductsFault(t *testing.T) {
	t.Parallel()
	third := stranger(t)
	down := httptest.NewServer(nil)
	down.Close()
	for name, html := range map[string]string{
		"third-party script":    `<script src="` + third.URL + `/t.js"></script>`,
		"third-party down":      `<script>fetch('` + down.URL + `').catch(() => {})</script><img src="` + down.URL + `/x.png">`,
		"missing image":         `<img src="/missing/i.png">`,
		"cancelled by the page": `<script>const c = new AbortController(); fetch('/slow', {signal: c.signal}).catch(() => {}); c.abort()</script>`,
		"handled rejection":     `<script>Promise.reject(1).catch(() => {})</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/":
					page(html+`<p>up`).ServeHTTP(w, r)
				case "/slow":
					<-r.Context().Done()
				default:
					broken(w, r)
				}
			}), open, `{"type":"waitForElement","selectors":["p"]}`)
			got := s.run(t, t.Context())
			wantPass(t, got)
			recorded := 0
			for _, step := range got.Steps {
				recorded += len(step.Requests)
			}
			if strings.Contains(name, "third") && recorded == 0 {
				t.Error("the third party's failure is not recorded")
			}
		})
	}
}

func TestThirdPartyIsNamedWhenTheStepFails(t *testing.T) {
	t.Parallel()
	third := stranger(t)
	s := newScene(t, page(`<button onclick="fetch('`+third.URL+`/pay').catch(() => {})">Pay</button>`), open, click(`"text/Pay"`), soon(expect("window.paid")))
	s.req.Journey.Steps[1].Asserted = nil
	got := s.run(t, t.Context())
	wantFail(t, got, "assertion", 3, "it is false")
	s = newScene(t, page(`<script>setTimeout(() => fetch('`+third.URL+`/pay').catch(() => {}), 400)</script>`), open, soon(expect("window.paid")))
	got = s.run(t, t.Context())
	wantFail(t, got, "request", 2, "/pay answered 500; then it is false")
	if "http://"+got.Failure.Host != third.URL {
		t.Errorf("got host %q, want %s", got.Failure.Host, third.URL)
	}
}

func TestHostilePages(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, fmt.Sprintf("/loop?%d", time.Now().UnixNano()), http.StatusFound)
		case "/hang":
			<-r.Context().Done()
		case "/file":
			w.Header().Set("Content-Disposition", "attachment; filename=x.zip")
			io.WriteString(w, "zip")
		case "/huge":
			chunk := strings.Repeat("flood ", 64<<10)
			io.WriteString(w, `<script type="text/plain">`)
			for range 1 << 30 / len(chunk) {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		case "/dialogs":
			io.WriteString(w, `<button onclick="alert('hi'); window.answer = confirm('sure?'); prompt('name')">Ask</button>`)
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "<h1>Down</h1>")
		case "/crash":
			io.WriteString(w, `<p>soon`)
		}
	})
	nav := func(path string) string { return `{"type":"navigate","url":"§` + path + `"}` }
	for name, c := range map[string]struct {
		step, class string
		words       []string
	}{
		"redirect loop": {nav("/loop"), "navigation", []string{"ERR_TOO_MANY_REDIRECTS"}},
		"never loads":   {soon(nav("/hang")), "navigation", []string{"not loaded in time"}},
		"download":      {nav("/file"), "navigation", []string{"download"}},
		"server error":  {nav("/500"), "request", []string{"answered 500"}},
		"flood":         {nav("/huge"), "navigation", []string{"MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newScene(t, handler, c.step, expect("never")).run(t, t.Context())
			wantFail(t, got, c.class, 1, c.words...)
		})
	}
	t.Run("dialogs", func(t *testing.T) {
		t.Parallel()
		got := newScene(t, handler, nav("/dialogs"), click(`"text/Ask"`), expect("window.answer === false")).run(t, t.Context())
		wantPass(t, got)
		if c := got.Steps[1].Console; len(c) != 3 || c[0].Text != "alert (accepted): hi" || c[1].Text != "confirm (dismissed): sure?" {
			t.Errorf("got %+v, want three dialogs", c)
		}
	})
	t.Run("crash", func(t *testing.T) {
		t.Parallel()
		got := newScene(t, handler, nav("/"), `{"type":"navigate","url":"§/crash"}`, expect("never"))
		got.req.Journey.Steps[1].URL = "chrome://crash"
		wantFail(t, got.run(t, t.Context()), "crash", 2, "crashed")
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, handler, nav("/"), expect("never"))
		s.site.Close()
		wantFail(t, s.run(t, t.Context()), "navigation", 1, "ERR_CONNECTION_REFUSED")
	})
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, handler, nav("/dialogs"), expect("window.never"))
		s.req.Timeout = 6 * time.Second
		got := s.run(t, t.Context())
		wantFail(t, got, "deadline", 2, "was not done within 6s")
		if len(got.Evidence) == 0 {
			t.Error("there is no evidence")
		}
	})
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "cookie-value-123", HttpOnly: true})
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<meta name="csrf-token" content="meta-secret"><input type="password" id="p" value="old-pw">
<input type="hidden" name="csrf" value="hidden-secret"><b data-x="cookie-value-123">b</b><button onclick="go()">Go</button><script>
function go() { console.log('typed', p.value, 'Authorization: Bearer abcdefgh12345', 'http://user:hunter2@h/?code=oauth-code');
 throw new Error('bad token=tok-123456 cookie-value-123'); }</script>`)
	}), open, `{"type":"change","selectors":["#p"],"value":"s3cret-typed"}`, click(`"text/Go"`), expect("never"))
	s.req.Marker = func(string) string { return "v1.99.run.marker-value" }
	got := s.run(t, t.Context())
	wantFail(t, got, "exception", 3, "bad token=•••")
	all := fmt.Sprintf("%+v %+v", got, *got.Failure)
	for key, data := range s.shelf.data {
		switch key = key[strings.Index(key, "-"):]; {
		case strings.HasPrefix(key, "-application/gzip"):
			all += string(unzip(t, data))
		case strings.HasPrefix(key, "-text"):
			all += string(data)
			if strings.HasPrefix(key, "-text/html") && !strings.Contains(string(data), "<button") {
				t.Errorf("got HTML %s", data)
			}
		}
	}
	for _, secret := range []string{"meta-secret", "old-pw", "hidden-secret", "cookie-value-123", "s3cret-typed", "abcdefgh12345", "hunter2", "oauth-code", "tok-123456", "marker-value"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is not hidden", secret)
		}
	}
}

func TestServedVersion(t *testing.T) {
	t.Parallel()
	head := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Release", "v"+strings.TrimPrefix(r.URL.Path, "/"))
		page(`<meta name="release" content="m1"><p>x`).ServeHTTP(w, r)
	}
	for name, c := range map[string]struct {
		source product.VersionSource
		second string
		want   string
	}{
		"header": {product.VersionSource{Kind: product.VersionHeader, Name: "X-Release"}, "/", "v"},
		"mixed":  {product.VersionSource{Kind: product.VersionHeader, Name: "X-Release"}, "/2", ""},
		"meta":   {product.VersionSource{Kind: product.VersionMeta, Name: "release"}, "/", "m1"},
		// Only the address of the version carries it: the pages say nothing.
		"silent": {product.VersionSource{Kind: product.VersionHeader, Name: "X-Other", Path: "/health"}, "/", "j1"},
		"json":   {product.VersionSource{Kind: product.VersionJSON}, "/", "j1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/2" || name != "meta" {
					head(w, r)
					return
				}
				head(w, &http.Request{URL: r.URL})
			}), open, `{"type":"navigate","url":"§/"}`, `{"type":"waitForElement","selectors":["meta"]}`)
			s.req.Journey.Steps[1].URL = s.site.URL + c.second
			s.req.Version = c.source
			s.req.ServedJSON = func(context.Context, string) string { return "j1" }
			got := s.run(t, t.Context())
			if got.Served != c.want {
				t.Errorf("got %q, want %q: %s", got.Served, c.want, got.Summary)
			}
		})
	}
	t.Run("changed under the run", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, page("<p>"), open, `{"type":"waitForElement","selectors":["p"]}`)
		s.req.Version = product.VersionSource{Kind: product.VersionJSON}
		n := 0
		s.req.ServedJSON = func(context.Context, string) string { n++; return fmt.Sprint("j", n) }
		if got := s.run(t, t.Context()); got.Served != "" || got.Outcome != signal.Pass {
			t.Errorf("got %q, %s", got.Served, got.Outcome)
		}
	})
}
