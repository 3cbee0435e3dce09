package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/client"
)

// serve answers with f and returns a client of it.
func serve(t *testing.T, f http.HandlerFunc, opts ...client.Option) *client.Client {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL+"/base/", "pf_secret", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery, r.Header.Get("Authorization"), string(body))
		_, _ = io.WriteString(w, `{"release":{"id":"a b-1"},"new":true,"added_later":1}`)
	})
	out, err := c.Announce(t.Context(), "a b/c", client.Announcement{Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /base/api/v1/products/a%20b%2Fc/releases?", "Bearer pf_secret", `{"version":"v1"}`}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("request (-got +want):\n%s", diff)
	}
	if out.Release.ID != "a b-1" || !out.New {
		t.Errorf("the answer is %+v", out)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status            int
		media, body       string
		kind, says, hints string
	}{
		"problem":         {409, "application/problem+json", `{"status":409,"kind":"conflict","detail":"not now","hint":"wait"}`, client.Conflict, "not now", "wait"},
		"number":          {500, "application/problem+json; charset=utf-8", `{"kind":"internal","detail":"internal error","number":"AB12"}`, client.Internal, "internal error", "AB12"},
		"unknown kind":    {422, "application/problem+json", `{"kind":"\u001b[2J","detail":"no"}`, client.Invalid, "no", ""},
		"a proxy's page":  {502, "text/html", `<h1>secret</h1>`, client.Unavailable, "502 Bad Gateway", ""},
		"not ours":        {404, "text/html", `nope`, client.NotFound, "404", "is this the address"},
		"redirect":        {302, "", ``, client.Internal, "a redirect that is not followed", "address"},
		"not JSON":        {200, "application/json", `<html>`, client.Internal, "not what a Postflight server says", "address"},
		"too large":       {200, "application/json", strings.Repeat(" ", 17<<20), client.Internal, "too large", ""},
		"denied by proxy": {401, "", ``, client.Denied, "401", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "elsewhere") {
					t.Error("the redirect was followed")
				}
				w.Header().Set("Content-Type", tt.media)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}, client.WithTries(1))
			_, err := c.Product(t.Context(), "shop")
			e, ok := errors.AsType[*client.Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if e.Kind != tt.kind || e.Status != tt.status || !strings.Contains(e.Message, tt.says) || !strings.Contains(e.Hint, tt.hints) {
				t.Errorf("got %d %s %q (%q)", e.Status, e.Kind, e.Message, e.Hint)
			}
			if strings.Contains(e.Message, "secret") {
				t.Errorf("a stranger's page is told: %q", e.Message)
			}
		})
	}
}

// Reads are repeated when the server is busy; wishes are sent once.
func TestOnlyReadsAreRepeated(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"products":[]}`)
	})
	if _, err := c.Products(t.Context()); err != nil || calls.Load() != 3 {
		t.Errorf("after %d calls: %v", calls.Load(), err)
	}
	calls.Store(0)
	if _, err := c.StartDrill(t.Context(), "x"); !client.IsKind(err, client.Unavailable) || calls.Load() != 1 {
		t.Errorf("a wish was sent %d times: %v", calls.Load(), err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c, err := client.New(srv.URL, "", client.WithTries(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Products(t.Context())
	if !client.IsKind(err, client.Unavailable) || !strings.HasPrefix(err.Error(), "cannot reach "+srv.URL+": ") {
		t.Errorf("got %v", err)
	}
}

func TestTimeoutAndCancel(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	hang := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-block:
		}
	}
	t.Cleanup(func() { close(block) })
	c := serve(t, hang, client.WithTimeout(50*time.Millisecond), client.WithTries(1))
	if _, err := c.Products(t.Context()); !client.IsKind(err, client.Unavailable) || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("a hang: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := serve(t, hang).Products(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "shop", "ftp://x", "http://", "http://u:p@x", "http://x?a=1", "http://x#f", "http://[::1"} {
		if _, err := client.New(base, ""); !client.IsKind(err, client.Invalid) {
			t.Errorf("%q: got %v", base, err)
		}
	}
	for _, token := range []string{"a b", "a\nb", "a\x00", "é"} {
		if _, err := client.New("http://x", token); !client.IsKind(err, client.Invalid) || strings.Contains(err.Error(), token) {
			t.Errorf("%q: got %v", token, err)
		}
	}
}

// A name cannot leave its place in the address.
func TestNamesStayInTheirPlace(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.EscapedPath(), "/base/api/v1/releases/") || strings.Count(r.URL.EscapedPath(), "/") != 5 {
			t.Errorf("asked for %s", r.URL.EscapedPath())
		}
		_, _ = io.WriteString(w, `{}`)
	})
	for _, name := range []string{"../../x", "a/b", "a?b=c", "a#b", "%2e%2e", "ü"} {
		if _, err := c.Release(t.Context(), name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".", ".."} {
		if _, err := c.Release(t.Context(), name); !client.IsKind(err, client.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
