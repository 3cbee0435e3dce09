package player

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/signal"
)

// enemies are pages that try everything a page can do against who visits it.
var enemies = map[string]string{
	"/alerts":   `<script>for (;;) alert('again')</script>`,
	"/dialogs":  `<p>p</p><script>setInterval(() => confirm('again'), 1)</script>`,
	"/unload":   `<p>p</p><script>addEventListener('beforeunload', (e) => { e.preventDefault(); e.returnValue = 'stay' })</script><button onclick="1">b</button>`,
	"/scroll":   `<p>p</p><script>addEventListener('scroll', () => { for (let i = 0; i < 100; i++) document.body.append(document.createElement('div'), 'more '.repeat(500)) }); setInterval(() => scrollBy(0, 5000), 10)</script>`,
	"/console":  `<p>p</p><script>for (let i = 0; i < 1e6; i++) console.log('line ' + i)</script>`,
	"/popups":   `<button onclick="for (let i = 0; i < 100; i++) window.open('/quiet?' + i)">b</button><p>p</p>`,
	"/frozen":   `<button onclick="for (;;);">b</button><p>p</p>`,
	"/closed":   `<p>p</p><button onclick="dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('unload')); Object.defineProperty(window, 'closed', {value: true}); window.close(); document.title = 'Target.detachedFromTarget'">b</button>`,
	"/quiet":    `<p>p</p>`,
	"/memory":   `<p>p</p><script>const hoard = []; setInterval(() => { for (let i = 0; i < 8; i++) hoard.push(new Uint8Array(16 << 20).fill(7)) }, 10)</script>`,
	"/prompt":   ``, // 401 with a challenge
	"/redirect": ``, // to itself
	"/flood":    ``, // 200 MB
	"/breaks":   `<p>p</p><script>Object.prototype.toJSON = () => 'x'; Array.prototype.map = () => { throw 1 }; JSON.stringify = () => 'x'; Promise = null; document.querySelectorAll = () => []; Element.prototype.getBoundingClientRect = () => ({})</script><button onclick="document.title = 'pressed'">b</button>`,
}

func enemy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	switch r.URL.Path {
	case "/prompt":
		w.Header().Set("WWW-Authenticate", `Basic realm="who are you"`)
		w.WriteHeader(http.StatusUnauthorized)
	case "/redirect":
		http.Redirect(w, r, "/redirect?"+r.URL.RawQuery+"x", http.StatusFound)
	case "/flood":
		io.WriteString(w, "<script type=text/plain>")
		chunk := strings.Repeat("flood ", 1<<16)
		for range 200 << 20 / len(chunk) {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	default:
		io.WriteString(w, enemies[r.URL.Path])
	}
}

// TestEnemies holds that every hostile page ends in a bounded, named result, and
// that the next run of the same runner knows nothing of it.
func TestEnemies(t *testing.T) {
	t.Parallel()
	const see = `{"type":"waitForElement","selectors":["p"],"timeout":15000}`
	press := click(`"button"`)
	at := func(path string) string { return `{"type":"navigate","url":"§` + path + `"}` }
	still := `{"type":"waitForElement","selectors":["p"],"timeout":1500}`
	for name, c := range map[string]struct {
		steps   []string
		classes string // of which one is right; "" passes, and so may one of "pass …"
		words   string
	}{
		"alert loop":     {[]string{at("/alerts"), see}, "crash", "dialogs"},
		"dialogs":        {[]string{at("/dialogs"), see, expect("window.never")}, "crash", "dialogs"},
		"beforeunload":   {[]string{at("/unload"), press, at("/quiet"), see}, "", ""},
		"endless scroll": {[]string{at("/scroll"), see, `{"type":"scroll","y":9000}`}, "", ""},
		"console flood":  {[]string{at("/console"), see}, "pass navigation", ""},
		"popups":         {[]string{at("/popups"), press, see}, "pass step_timeout", ""},
		"frozen":         {[]string{at("/frozen"), press, still}, "assertion step_timeout", "not answer"},
		"closed events":  {[]string{at("/closed"), see, press, see}, "", ""},
		"memory":         {[]string{at("/memory"), see, expect("window.never")}, "crash", "crash"},
		"auth prompt":    {[]string{at("/prompt"), see}, "request navigation", "401"},
		"redirects":      {[]string{at("/redirect"), see}, "navigation", "ERR_TOO_MANY_REDIRECTS"},
		"flood":          {[]string{at("/flood"), see}, "navigation", "128 MiB"},
		"broken globals": {[]string{at("/breaks"), see, press, expect("document.title === 'pressed'")}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, http.HandlerFunc(enemy), c.steps...)
			s.req.Timeout = 45 * time.Second
			begin := time.Now()
			got := s.run(t, t.Context())
			if took := time.Since(begin); took > s.req.Timeout+30*time.Second {
				t.Errorf("took %s", took)
			}
			switch {
			case got.Outcome == signal.Broken:
				t.Errorf("got broken: %s", got.Summary)
			case strings.HasPrefix(c.classes, "pass") && got.Outcome == signal.Pass:
			case c.classes == "" && got.Outcome != signal.Pass:
				t.Errorf("got %s: %s, want a pass", got.Outcome, got.Summary)
			case c.classes != "" && (got.Failure == nil || !strings.Contains(c.classes, got.Failure.Class) || !strings.Contains(got.Summary, c.words)):
				t.Errorf("got %s: %s, want %s with %q", got.Outcome, got.Summary, c.classes, c.words)
			}
			s.req.Journey = recording(t, s.site.URL, at("/quiet"), see)
			wantPass(t, s.run(t, t.Context()))
		})
	}
	t.Run("certificate", func(t *testing.T) {
		t.Parallel()
		secure := httptest.NewTLSServer(http.HandlerFunc(enemy))
		t.Cleanup(secure.Close)
		s := newScene(t, http.HandlerFunc(enemy), see)
		s.req.Look.Base = secure.URL
		s.req.Journey = recording(t, secure.URL, at("/quiet"), see)
		wantFail(t, s.run(t, t.Context()), "navigation", 1, "ERR_CERT_AUTHORITY_INVALID")
	})
}
