package player

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/bundle"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// encodings are the forms in which a secret may stand in an artifact.
func encodings(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	twice, _ := json.Marshal(string(quoted))
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(secret)
	var unicode strings.Builder
	for _, r := range secret {
		if r < 0x10000 {
			fmt.Fprintf(&unicode, `\u%04x`, r)
		} else {
			unicode.WriteRune(r)
		}
	}
	inner := func(b []byte) string {
		return string(bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(b), []byte(`"`)), []byte(`"`)))
	}
	out := map[string]string{
		"plain": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret), "lower": strings.ToLower(url.QueryEscape("\x00")) + secret,
		"double": url.QueryEscape(url.QueryEscape(secret)), "json": inner(quoted), "json2": inner(plain.Bytes()),
		"nested": strings.Trim(string(twice), `"\`), "html": html.EscapeString(secret), "unicode": unicode.String(), "hex": hex.EncodeToString([]byte(secret)),
	}
	for i := range 3 {
		text := strings.Repeat("~", i) + secret + "~tail"
		out[fmt.Sprint("base64-", i)] = base64.StdEncoding.EncodeToString([]byte(text))
		out[fmt.Sprint("base64url-", i)] = base64.RawURLEncoding.EncodeToString([]byte(text))
		out[fmt.Sprint("base64query-", i)] = url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return out
}

// secretOf draws a secret of letters, signs that have to be escaped, and others.
func secretOf(r *rand.Rand) string {
	alphabet := []rune(`abcdefghijkXYZ0123456789 +/%&<>"'\=?#{}|~éß🎄;:@,`)
	n := 8 + r.IntN(30)
	out := make([]rune, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return strings.TrimSpace("q" + string(out) + "z")
}

// TestNoArtifactTellsASecret plays a run whose page puts the secrets wherever a
// page can put words, and looks through all that is left of it.
func TestNoArtifactTellsASecret(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	secrets := map[string]string{}
	for i := range 4 {
		secrets[fmt.Sprint("s", i)] = secretOf(r)
	}
	list, _ := json.Marshal(secrets)
	s := newScene(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/echo" {
			w.Header().Set("X-Echo", url.QueryEscape(q.URL.RawQuery))
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprintf(w, `{"got": %q, "list": %s}`, q.URL.RawQuery, list)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>t</title><button id=go onclick="go()">Go</button><div style="height:3000px"></div><script>
const secrets = %s;
async function go() {
  for (const s of Object.values(secrets)) {
    document.title = s; document.cookie = 'c' + s.length + '=' + encodeURIComponent(s);
    const p = document.createElement('p'); p.textContent = s; p.title = s; document.body.append(p);
    const i = document.createElement('img'); i.alt = s; i.src = 'data:,'; document.body.append(i);
    const f = document.createElement('input'); f.setAttribute('value', s); f.setAttribute('aria-label', s); document.body.append(f);
    console.log('said', s, {nested: s}, btoa(unescape(encodeURIComponent('xx' + s))));
    history.replaceState(null, '', '/#' + encodeURIComponent(s));
    await fetch('/echo?q=' + encodeURIComponent(s), {method: 'POST', headers: {'X-Mine': encodeURIComponent(s)}, body: JSON.stringify({any: s, again: JSON.stringify({s})})}).catch(() => {});
  }
  throw new Error('failed with ' + Object.values(secrets).join(' and '));
}
</script>`, list)
	}), navigate, clickGo, `{"type":"waitForExpression","expression":"window.never"}`)
	s.req.Secrets = secrets
	s.req.Trace = true
	s.req.Spec = product.Journey{Errors: "warn"}
	s.req.Journey.Steps[2].Timeout = 4e9
	got := s.run(t, t.Context())
	if got.Outcome != signal.Fail {
		t.Fatalf("got %+v", got)
	}
	var packed bytes.Buffer
	if err := bundle.Bundle(t.Context(), &packed, got, s.shelf.open); err != nil {
		t.Fatal(err)
	}
	texts := unpacked(t, packed.Bytes())
	for _, name := range []string{"report.html", "signal.json", "har.har", "page.html.txt", "accessibility.txt", "console.txt", "trace.json"} {
		if texts[name] == "" {
			t.Errorf("%s is not in the bundle", name)
		}
		for id, secret := range secrets {
			for form, encoded := range encodings(secret) {
				if strings.HasPrefix(form, "base64") {
					continue // what stands beside it is another
				}
				if i := strings.Index(texts[name], encoded); i >= 0 {
					t.Errorf("%s tells %s as %s: …%s…", name, id, form, texts[name][max(0, i-60):i+len(encoded)])
				}
			}
		}
	}
}
