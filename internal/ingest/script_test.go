package ingest

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func TestScriptIsSmall(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Write([]byte(scriptText()))
	_ = z.Close()
	if b.Len() > 1024 {
		t.Errorf("the script is %d bytes compressed, want at most 1024", b.Len())
	}
	for _, modern := range []string{"=>", "const ", "let ", "`", "async ", "</"} {
		if strings.Contains(scriptText(), modern) {
			t.Errorf("the script holds %q, which ES5 or HTML does not allow", modern)
		}
	}
}

// TestScriptCannotBreakOut reads the element back as a browser would.
func TestScriptCannotBreakOut(t *testing.T) {
	t.Parallel()
	evil := `"><script>alert(1)</script>'&amp;</script>`
	got := Script(Options{Endpoint: "https://p.test/boot/?a=" + evil, Version: evil, Product: "shop", Deadline: 1500 * time.Millisecond})
	z := html.NewTokenizer(strings.NewReader(got))
	var kinds []html.TokenType
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		kinds = append(kinds, tok.Type)
		for _, a := range tok.Attr {
			switch {
			case a.Key == "data-r" && a.Val != evil,
				a.Key == "data-t" && a.Val != "1500",
				a.Key == "data-u" && !strings.HasSuffix(a.Val, "/shop"):
				t.Errorf("got %s=%q", a.Key, a.Val)
			}
		}
		if tok.Type == html.TextToken && tok.Data != scriptText() {
			t.Error("the script's text depends on the options")
		}
	}
	if len(kinds) != 3 {
		t.Errorf("got %v, want one element with one text", kinds)
	}
	if h := ScriptHash(); !strings.HasPrefix(h, "'sha256-") || len(h) != 53 {
		t.Errorf("got hash %s", h)
	}
}
