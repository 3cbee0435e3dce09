package check

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/app/ok", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Release", " v7 ")
		_, _ = io.WriteString(w, `<html><meta name="RELEASE" content="v7"><meta name=release content=v8>`)
	})
	mux.HandleFunc("/app/j", serve("application/json", `{"build":{"list":["a","v7"]}}`))
	mux.HandleFunc("/app/500", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Release", "v7"); w.WriteHeader(500) })
	mux.HandleFunc("/app/evil", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Release", strings.Repeat("v", 101)) })
	mux.HandleFunc("/app/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://other.invalid/", http.StatusFound)
	})
	mux.HandleFunc("/app/near", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/app/ok", http.StatusFound) })
	mux.HandleFunc("/app/big", serve("application/json", `{"a":"`+strings.Repeat("x", 2<<20)+`"}`))
	mux.HandleFunc("/app/hang", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	down := httptest.NewServer(mux)
	down.Close()
	const h, m, j = product.VersionHeader, product.VersionMeta, product.VersionJSON
	tests := []struct {
		base, path, name, want string
		kind                   product.VersionKind
		lack                   Lack
		status                 int
	}{
		{s.URL + "/app", "/ok", "x-release", "v7", h, "", 0},
		{s.URL + "/app/", "ok", "release", "v7", m, "", 0},
		{s.URL + "/app", "/near", "release", "v7", m, "", 0},
		{s.URL + "/app", "j", "build.list[1]", "v7", j, "", 0},
		{s.URL + "/app", "/j", "build.none", "", j, Unversioned, 200},
		{s.URL + "/app", "/ok", "none", "", h, Unversioned, 200},
		{s.URL + "/app", "/none", "release", "", m, Unversioned, 404},
		{s.URL + "/app", "/evil", "X-Release", "", h, Unversioned, 200},
		{s.URL + "/app", "/big", "a", "", j, Unversioned, 200},
		{s.URL + "/app", "/away", "release", "", m, Unversioned, 0},
		{s.URL + "/app", "/500", "X-Release", "v7", h, Unhealthy, 500},
		{s.URL + "/app", "/hang", "release", "", m, Silent, 200},
		{down.URL, "/ok", "X-Release", "", h, Silent, 0},
		{"ftp://x", "/ok", "X-Release", "", h, OurFault, 0},
	}
	l := New(Options{Limits: Limits{Request: 5 * time.Second}})
	for _, tt := range tests {
		got, err := l.Version(t.Context(), product.VersionSource{Kind: tt.kind, Path: tt.path, Name: tt.name}, tt.base)
		var status int
		if v, ok := err.(*VersionError); ok {
			status = v.Status
		}
		if got != tt.want || LackOf(err) != tt.lack || status != tt.status {
			t.Errorf("%s%s: got %q, %v (%s, %d); want %q, %q, %d", tt.base, tt.path, got, err, LackOf(err), status, tt.want, tt.lack, tt.status)
		}
	}
}

func TestLookVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		answers []string // one a request; "!" is a 503, the last one repeats
		outcome signal.Outcome
		class   string
		served  string
		asked   int32
	}{
		{"expected twice", []string{"v4"}, signal.Pass, "", "v4", 2},
		{"other twice", []string{"v3"}, signal.Fail, "version", "v3", 2},
		{"disagree", []string{"v3", "v4"}, signal.Fail, "version", "", 2},
		{"down", []string{"!"}, signal.Fail, "health", "", 2},
		{"one bad answer", []string{"!", "v4"}, signal.Pass, "", "v4", 3},
		{"two of three bad", []string{"v4", "!", "!"}, signal.Fail, "health", "", 3},
		{"no version", []string{""}, signal.Fail, "version", "", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			var mu sync.Mutex
			connections := map[string]bool{}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				connections[r.RemoteAddr] = true
				mu.Unlock()
				i := int(n.Add(1)) - 1
				if a := tt.answers[min(i, len(tt.answers)-1)]; a == "!" {
					w.WriteHeader(503)
				} else {
					w.Header().Set("V", a)
				}
			}))
			defer s.Close()
			p := product.Product{ID: "shop", URL: s.URL, Version: product.VersionSource{Kind: product.VersionHeader, Name: "V"}}
			look := watch.Look{Kind: signal.Version, Name: "version", Version: "v4", Base: s.URL, Round: 2, Confirm: true}
			got := New(Options{}).Look(t.Context(), look, p)
			class := ""
			if got.Failure != nil {
				class = got.Failure.Class
			}
			if got.Outcome != tt.outcome || class != tt.class || got.Served != tt.served || n.Load() != tt.asked {
				t.Errorf("got %s %q served %q after %d reads: %s", got.Outcome, class, got.Served, n.Load(), got.Summary)
			}
			if len(connections) != int(n.Load()) {
				t.Errorf("%d reads shared %d connections", n.Load(), len(connections))
			}
			if got.Round != 2 || !got.Confirm || got.Expected != "v4" || got.At.IsZero() {
				t.Errorf("the look's own data is lost: %+v", got)
			}
		})
	}
}

func TestLookHealth(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	p := product.Product{ID: "shop", URL: s.URL, Version: product.VersionSource{Kind: product.VersionHeader, Name: "V"}}
	look := watch.Look{Kind: signal.Health, Name: "version", Base: s.URL}
	if got := New(Options{}).Look(t.Context(), look, p); got.Outcome != signal.Pass || got.Summary != "answers" {
		t.Errorf("got %s %q", got.Outcome, got.Summary)
	}
	s.Close()
	got := New(Options{}).Look(t.Context(), look, p)
	if got.Outcome != signal.Fail || got.Failure.Class != "health" || got.Failure.Host == "" {
		t.Errorf("got %s %+v", got.Outcome, got.Failure)
	}
}

// TestNamesBelowLocalhost: side slots of a demo are such names, and a machine
// without DNS must reach them as its browser does.
func TestNamesBelowLocalhost(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("V", r.Host) }))
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	got, err := New(Options{}).Version(t.Context(), product.VersionSource{Kind: product.VersionHeader, Name: "V"}, "http://v1.localhost:"+port)
	if err != nil || got != "v1.localhost:"+port {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestLookStoppedIsBroken(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := shop(s.URL)
	p.Integrations = []product.Integration{{ID: "pay", Name: "Pay", Probe: product.Probe{URL: s.URL}}}
	for _, kind := range []signal.Kind{signal.Version, signal.Assets, signal.Probe, signal.Journey} {
		got := New(Options{}).Look(ctx, watch.Look{Kind: kind, Name: "pay", Base: s.URL}, p)
		if got.Outcome != signal.Broken || got.Failure != nil || got.Summary == "" {
			t.Errorf("%s: got %s %+v", kind, got.Outcome, got.Failure)
		}
	}
}

func TestLookProbe(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.UserAgent(), "synthetic") || r.Header.Get("Postflight-Synthetic") != "" {
			t.Error("the marker went to a provider")
		}
		_, _ = io.WriteString(w, `{"status":"up"}`)
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) })
	mux.HandleFunc("/502", func(w http.ResponseWriter, _ *http.Request) { n.Add(1); w.WriteHeader(502) })
	s := httptest.NewServer(mux)
	defer s.Close()
	mark := func(string) http.Header { return http.Header{"Postflight-Synthetic": {"x"}} }
	l := New(Options{Marker: mark})
	tests := []struct {
		probe   product.Probe
		outcome signal.Outcome
		message string
	}{
		{product.Probe{URL: s.URL + "/ok", Contains: `"up"`}, signal.Pass, ""},
		{product.Probe{URL: s.URL + "/moved", Status: 302}, signal.Pass, ""},
		{product.Probe{URL: s.URL + "/moved"}, signal.Pass, ""},
		{product.Probe{URL: s.URL + "/post", Method: "POST", Status: 201}, signal.Pass, ""},
		{product.Probe{URL: s.URL + "/ok", Contains: "down"}, signal.Fail, `the first 64 KiB of the answer do not contain "down"`},
		{product.Probe{URL: s.URL + "/502"}, signal.Fail, "answers 502, not 200"},
		{product.Probe{URL: "http://user:pw@127.0.0.1:1/x?key=1"}, signal.Fail, "connection refused"},
		{product.Probe{URL: "http://\x00"}, signal.Broken, ""},
	}
	for _, tt := range tests {
		p := product.Product{Integrations: []product.Integration{{ID: "pay", Name: "Payments", Probe: tt.probe}}}
		got := l.Look(t.Context(), watch.Look{Kind: signal.Probe, Name: "pay"}, p)
		message := ""
		if got.Failure != nil {
			message = got.Failure.Message
		}
		if got.Outcome != tt.outcome || message != tt.message {
			t.Errorf("%q: got %s %q (%s)", tt.probe.URL, got.Outcome, message, got.Summary)
		}
		if strings.Contains(got.Summary+got.Probe.URL, "pw") || strings.Contains(got.Probe.URL, "key") {
			t.Errorf("a secret is kept: %s %s", got.Summary, got.Probe.URL)
		}
	}
	if n.Load() != tries {
		t.Errorf("asked %d times, want %d before it is called down", n.Load(), tries)
	}
	got := l.Look(t.Context(), watch.Look{Kind: signal.Probe, Name: "none"}, product.Product{})
	if got.Outcome != signal.Broken {
		t.Errorf("an unknown integration: got %s", got.Outcome)
	}
}
