package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
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

// leaks reports whether what is left of an encoded secret still tells it.
func leaks(left, secret, encoded string) bool {
	if strings.Contains(left, secret) || strings.Contains(left, encoded) {
		return true
	}
	for _, plain := range []string{left, queryPlain(left)} {
		for _, coding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding, base64.RawStdEncoding} {
			if raw, err := coding.DecodeString(plain); err == nil && bytes.Contains(raw, []byte(secret)) {
				return true
			}
		}
	}
	return false
}

func queryPlain(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
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

func TestNoEncodingHidesASecret(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		secret := secretOf(r)
		hide := New().Clone()
		hide.Secret(secret)
		for name, encoded := range encodings(secret) {
			got := hide.values.replace("before " + encoded + " after")
			got, _ = strings.CutPrefix(got, "before ")
			got, _ = strings.CutSuffix(got, " after")
			if leaks(got, secret, encoded) || !strings.Contains(got, Hidden) {
				t.Fatalf("%s of %q: %q is left of %q", name, secret, got, encoded)
			}
		}
		cut := "x " + secret[:len(secret)-2]
		if got := hide.values.replace(strings.ToValidUTF8(cut, "") + "…"); strings.Contains(got, secret[:5]) {
			t.Fatalf("cut %q: got %q", secret, got)
		}
	}
}

func TestRedactorLeavesTheRest(t *testing.T) {
	t.Parallel()
	hide := New().Clone()
	hide.Secret("s3cret-value")
	for _, text := range []string{
		"", "TypeError: x is not a function", "GET /api/slots?day=2026-11-21 answered 500", "100% & more + \\n", "s3cre", "a s3cret- value", `{"stock": 4}`,
		"tokenise the text", "%", "\\", "&", "\\u12", "%4",
	} {
		if got := hide.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("s3cret value", "x%20s3cret\\u0020value…")
	f.Add("aaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaa&#97;aaaaaaa%")
	f.Fuzz(func(t *testing.T, secret, text string) {
		hide := New().Clone()
		hide.Secret(secret)
		got := hide.Text(text + secret + text)
		if len(secret) >= 4 && strings.Contains(strings.ReplaceAll(got, Hidden, ""), secret) && !strings.Contains(Hidden, secret) {
			if strings.Contains(got, secret) {
				t.Fatalf("%q is left in %q", secret, got)
			}
		}
		hide.body("application/json", text)
		hide.body("text/html", text)
	})
}
