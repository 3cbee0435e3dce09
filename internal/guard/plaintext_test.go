package guard

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func wideText(text string, order binary.AppendByteOrder, mark bool) []byte {
	var out []byte
	if mark {
		text = "\ufeff" + text
	}
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPlaintext(t *testing.T) {
	t.Parallel()
	const text = "2 tests failed — äöü 😀\r\nend"
	long := strings.Repeat(text, 10_000)
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"UTF-8":              {[]byte(text), text},
		"marked":             {[]byte("\ufeff" + text), text},
		"PowerShell":         {wideText(text, binary.LittleEndian, true), text},
		"the other way":      {wideText(text, binary.BigEndian, true), text},
		"without a mark":     {wideText(text, binary.LittleEndian, false), text},
		"long":               {wideText(long, binary.LittleEndian, true), long},
		"gzip":               {zipped(t, []byte(text)), text},
		"both":               {zipped(t, wideText(long, binary.LittleEndian, true)), long},
		"cut":                {[]byte{0xff, 0xfe, 'a', 0, 'b'}, "a\ufffd"},
		"half a character":   {[]byte{0xff, 0xfe, 0x3d, 0xd8, 'b', 0}, "\ufffdb"},
		"nothing":            {nil, ""},
		"three bytes":        {[]byte("a\x00b"), "a\x00b"},
		"binary with a zero": {[]byte("a\x00bc\x00"), "a\x00bc\x00"},
	} {
		for _, slow := range []bool{false, true} {
			var in io.Reader = bytes.NewReader(c.in)
			if slow {
				in = iotest.OneByteReader(in)
			}
			r, err := Plaintext(in)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != c.want {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, cmp.Diff(c.want[:min(200, len(c.want))], string(got[:min(200, len(got))])))
			}
		}
	}
	if _, err := Plaintext(strings.NewReader("PK\x03\x04rest")); err == nil {
		t.Error("a zip archive passes for a log")
	}
}

func FuzzPlaintext(f *testing.F) {
	f.Add([]byte{0xff, 0xfe, 0x3d, 0xd8, 'b', 0})
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Plaintext(bytes.NewReader(data))
		if err != nil {
			return
		}
		got, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if _, wide := r.(*wide); wide && (err != nil || !utf8.Valid(got)) {
			t.Errorf("%q: %v", got, err)
		}
	})
}

func TestShapesOfSecrets(t *testing.T) {
	t.Parallel()
	m := masks(nil)
	for _, secret := range []string{
		"ghp_0123456789abcdefghijABCDEFGHIJ012345", "glpat-0123456789abcdefghij", "xoxb-1234567890-abcdefghij", "AKIAIOSFODNN7EXAMPLE",
		"npm_0123456789abcdefghijABCDEFGHIJ0123", "sk-proj-0123456789abcdefghijABCDE",
	} {
		if got := m.Text("push with " + secret + " now"); got != "push with ••• now" {
			t.Errorf("%s: got %q", secret, got)
		}
	}
	for _, text := range []string{
		"npm_config_cache=/root/.npm npm_lifecycle_event", "task-runner-with-a-very-long-name-of-it", "risk-assessment", "AKIA and ASIA", "sk-SK locale",
		"no -----BEGIN PRIVATE KEY----- here\nand what comes after stays as it is\n",
	} {
		if got := m.Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	in := []string{"key:", "-----BEGIN PRIVATE KEY-----", "MIIEowIBAAKCAQEA", "12:00:01 c2VjcmV0", "-----END PRIVATE KEY-----", "c2VjcmV0"}
	if d := cmp.Diff([]string{"key:", "-----BEGIN PRIVATE KEY-----", "•••", "•••", "-----END PRIVATE KEY-----", "c2VjcmV0"}, m.lines(in)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A secret in a line without an end is masked wherever the line is cut.
func TestSecretsInAnEndlessLine(t *testing.T) {
	t.Parallel()
	m := masks([]string{"DEPLOY_TOKEN=hunter2-hunter2-hunter2"})
	for _, at := range []int{openBytes - 10, openBytes, 2*openBytes - 10, 2 * openBytes / 3, 2*openBytes - 1} {
		text := strings.Repeat("x", at) + "hunter2-hunter2-hunter2" + strings.Repeat("y", 4*openBytes)
		var b bytes.Buffer
		w := &masked{to: &b, mask: m}
		for p := range slices.Chunk([]byte(text), 4000) {
			_, _ = w.Write(p)
		}
		if err := w.Close(); err != nil || strings.Contains(b.String(), "hunter") || strings.Contains(b.String(), "ter2") || b.Len() != len(text)-len("hunter2-hunter2-hunter2")+len("•••") {
			t.Errorf("at %d: %d bytes of %d, %v", at, b.Len(), len(text), err)
		}
	}
}

func TestSafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\x1b[31mb\x07\u009bc": "a[31mbc", "one\ntwo\u2028three\tfour": "one two three\tfour", "a\u202eb": "ab", "x ##[add-path]y": "x ## [add-path]y",
		"##vso[task.x]": "## vso[task.x]", "##teamcity[x]": "## teamcity[x]", "\xff": "\ufffd", "## heading": "## heading",
	} {
		if got := safe(in); got != want {
			t.Errorf("safe(%q) = %q, want %q", in, got, want)
		}
	}
	if got := plainMarkdown("@team \\* <img> `x` a|b"); got != "&#64;team \\\\\\* &lt;img&gt; 'x' a\\|b" {
		t.Errorf("plainMarkdown: got %q", got)
	}
}
