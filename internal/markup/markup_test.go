package markup

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	wide := append([]byte{0xff, 0xfe}, func() (out []byte) {
		for _, u := range utf16.Encode([]rune(`<?xml version="1.0" encoding="utf-16"?><a>é</a>`)) {
			out = append(out, byte(u), byte(u>>8))
		}
		return out
	}()...)
	for _, c := range []struct{ name, in, want string }{
		{"plain", "<?xml version='1.0'?><!-- c --><a b='1' a=\"2\">\n x <!-- y --> <k/>\n</a>", `<a a="2" b="1">x<k></></>`},
		{"names without their spaces", `<p:a xmlns:p="u"><p:b>t</p:b></p:a>`, `<a p="u"><b>t</></>`},
		{"mark", "\xef\xbb\xbf<a/>", "<a></>"},
		{"latin", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", "<a>é</>"},
		{"wide", string(wide), "<a>é</>"},
		{"cdata", "<a><![CDATA[<b>]]></a>", "<a><b></>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(n.Print(nil), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":    "",
		"early":    "<a><b></b>",
		"crossed":  "<a><b></a></b>",
		"entities": `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`,
		"deep":     strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000),
		"many":     "<a>" + strings.Repeat("<b/>", 500_000) + "</a>",
		"long":     "<a>" + strings.Repeat(" ", 10<<20) + "</a>",
		"two":      "<a/><b/>",
		"charset":  "<?xml version='1.0' encoding='klingon'?><a/>",
	} {
		if _, err := Parse([]byte(in)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestLook(t *testing.T) {
	t.Parallel()
	n, err := Parse([]byte(`<p><m><x>1</x><X>2</X></m><e a="" /></p>`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(n.List("m", "x")), 2; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	if n.At("m", "x").Text != "1" || n.At("no", "x") != nil || n.Kid("m").Of("x") != "1" || n.Of("no") != "" {
		t.Error("a child is not found")
	}
	if e := n.Kid("e"); !e.Has("A") || e.Attr("A") != "" || e.Has("b") {
		t.Error("an attribute is not found")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("<a b='c'>d<e/></a>"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := Parse(data)
		if err == nil && n.Print(nil) == "" {
			t.Error("a document without a root")
		}
	})
}
