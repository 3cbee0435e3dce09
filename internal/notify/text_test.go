package notify

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"<!here>", "&amp;", "@here", "@ here", "\x00\xff\u202e", strings.Repeat("&", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := escape(plain(s), 100)
		if strings.ContainsAny(got, "<>\x00\x1b\u202e") || strings.Contains(got, "@here") || !utf8.ValidString(got) {
			t.Errorf("%q became %q", s, got)
		}
		if n := utf8.RuneCountInString(got); n > 100 {
			t.Errorf("%d characters", n)
		}
		for part := range strings.SplitSeq(got, "&") {
			if part != got[:len(part)] && !strings.HasPrefix(part, "amp;") && !strings.HasPrefix(part, "lt;") && !strings.HasPrefix(part, "gt;") {
				t.Errorf("a bare & in %q", got)
			}
		}
		if strings.ContainsAny(line(s), "\r\n\t") {
			t.Errorf("%q is more than one line", line(s))
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"5", "-1", "99999999999999999999", "Thu, 01 Jan 2099 00:00:00 GMT", "soon", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := retryAfter(http.Header{"Retry-After": {s}}, time.Unix(0, 0)); got < 0 || got > time.Hour {
			t.Errorf("%q: %s", s, got)
		}
	})
}

func TestLink(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/incidents/INC-7":        "https://post.example/base/incidents/INC-7",
		"/a?b=c&d=e#f":            "https://post.example/base/a?b=c&d=e#f",
		"//evil.example/x":        "",
		"https://evil.example/x":  "",
		"incidents":               "",
		"":                        "",
		"/x?<!channel>|evil> now": "https://post.example/base/x?%3C!channel%3E%7Cevil%3E%20now",
	} {
		n := New(nil, Options{PublicURL: "https://post.example/base/"})
		if got := n.link(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	if got := New(nil, Options{}).link("/x"); got != "" {
		t.Errorf("without a public address: %q", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory()
	for i := range maxTraces + 10 {
		m.keep(strings.Repeat("k", i+1), trace{unseen: true}, false)
	}
	if len(m.traces) != maxTraces || len(m.order) != maxTraces {
		t.Errorf("%d traces, %d keys", len(m.traces), len(m.order))
	}
	if known, _ := m.past("k"); known {
		t.Error("the oldest is still known")
	}
}
