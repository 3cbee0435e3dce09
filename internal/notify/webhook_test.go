package notify_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/page"
)

const secret = "0123456789abcdef-secret"

// hook is a receiver; answer says what it does with the nth request.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
}

func receiver(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) (*hook, *notify.Notifier) {
	t.Helper()
	h := &hook{}
	stop := make(chan struct{})
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.bodies, h.heads = append(h.bodies, body), append(h.heads, r.Header)
		n := len(h.bodies)
		h.mu.Unlock()
		if answer != nil {
			answer(n, w, r)
		}
	}))
	t.Cleanup(func() { close(stop); h.Close() })
	return h, notify.New([]notify.Channel{
		{Name: "hook", Webhook: &notify.Webhook{URL: h.URL + "/in?key=path-secret", Secret: secret, Timeout: time.Minute}},
		{Name: "hasty", Webhook: &notify.Webhook{URL: h.URL, Secret: secret, Timeout: 50 * time.Millisecond}},
		{Name: "unsigned", Webhook: &notify.Webhook{URL: h.URL}},
	}, notify.Options{PublicURL: "https://post.example/base", Blobs: blobs{"shot": png()}})
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	h, n := receiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	m := message("hook", page.Post, "page/INC-7/1\r\nX: y")
	if o := n.Send(t.Context(), m, notify.Delivery{Attempt: 1}); o.Err == nil || o.Permanent {
		t.Fatalf("502: %+v", o)
	}
	send(t, n, m, notify.Delivery{Attempt: 2})
	send(t, n, message("hook", page.Reply, "k2"), notify.Delivery{Attempt: 1})
	send(t, n, message("hook", page.Upload, "k3"), notify.Delivery{Attempt: 1})
	if got := send(t, n, message("hook", page.Edit, "k4"), notify.Delivery{Attempt: 1}); got.Note == "" {
		t.Errorf("edit: %+v", got)
	}
	if len(h.bodies) != 4 {
		t.Fatalf("%d requests, want 4", len(h.bodies))
	}
	var first, second notify.Event
	for i, e := range []*notify.Event{&first, &second} {
		if err := json.Unmarshal(h.bodies[i], e); err != nil {
			t.Fatal(err)
		}
		if err := notify.VerifySignature(secret, h.heads[i], h.bodies[i], time.Now()); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if err := notify.VerifySignature("another-secret-value", h.heads[0], h.bodies[0], time.Now()); err == nil {
		t.Error("another secret verifies")
	}
	if err := notify.VerifySignature(secret, h.heads[0], append(h.bodies[0], ' '), time.Now()); err == nil {
		t.Error("another body verifies")
	}
	if a, b := h.heads[0].Get("Postflight-Id"), h.heads[1].Get("Postflight-Id"); a != b || a == "" || h.heads[0].Get("X") != "" {
		t.Errorf("ids %q and %q", a, b)
	}
	want := notify.Event{
		Version: 1, ID: m.Key, Event: "opened", Op: page.Post, At: m.At, Product: "workshop", Title: m.Title, Text: m.Text,
		Facts: m.Facts, File: &notify.EventFile{Name: "booking.png", Type: "image/png", Title: "Booking on v2"},
		Incident: notify.EventIncident{ID: "INC-7", State: "triggered", Severity: 1, URL: "https://post.example/base/incidents/INC-7"},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !second.PossibleRepeat {
		t.Error("the second attempt does not say that it may be a repeat")
	}
}

func TestWebhookFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		channel   string
		answer    func(w http.ResponseWriter, r *http.Request)
		permanent bool
		after     time.Duration
		kind      fault.Kind
	}{
		{name: "throttled", answer: status(429, "9"), after: 9 * time.Second, kind: fault.Unavailable},
		{name: "throttled till a date", answer: status(429, "Thu, 01 Jan 2099 00:00:00 GMT"), after: time.Hour, kind: fault.Unavailable},
		{name: "throttled till yesterday", answer: status(429, "Thu, 01 Jan 1998 00:00:00 GMT"), kind: fault.Unavailable},
		{name: "nonsense", answer: status(429, "soon"), kind: fault.Unavailable},
		{name: "negative", answer: status(503, "-5"), kind: fault.Unavailable},
		{name: "server error", answer: status(500, ""), kind: fault.Unavailable},
		{name: "not found", answer: status(404, ""), permanent: true, kind: fault.Invalid},
		{name: "forbidden", answer: status(403, ""), permanent: true, kind: fault.Denied},
		{name: "redirect", answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, permanent: true, kind: fault.Invalid},
		{name: "hang", channel: "hasty", answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, kind: fault.Unavailable},
		{name: "cut", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, kind: fault.Unavailable},
		{name: "echo", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "got "+secret+"\x1b[31m\n"+strings.Repeat("x", 1<<20))
		}, permanent: true, kind: fault.Invalid},
		{name: "no secret", channel: "unsigned", permanent: true, kind: fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, n := receiver(t, func(_ int, w http.ResponseWriter, r *http.Request) { tt.answer(w, r) })
			channel := tt.channel
			if channel == "" {
				channel = "hook"
			}
			o := n.Send(t.Context(), message(channel, page.Post, "k"), notify.Delivery{Attempt: 1})
			got := []any{o.Err != nil, o.Permanent, o.After, fault.KindOf(o.Err)}
			if diff := cmp.Diff([]any{true, tt.permanent, tt.after, tt.kind}, got); diff != "" {
				t.Fatalf("%v: (-want +got)\n%s", o.Err, diff)
			}
			if tt.permanent && fault.HintOf(o.Err) == "" {
				t.Errorf("no hint: %v", o.Err)
			}
			for _, bad := range []string{secret, "path-secret", "\x1b", "\n"} {
				if strings.Contains(o.Err.Error(), bad) {
					t.Errorf("%q in %q", bad, o.Err)
				}
			}
			if len(o.Err.Error()) > 500 {
				t.Errorf("an error of %d characters", len(o.Err.Error()))
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			if want := 1; channel != "unsigned" && len(h.bodies) != want || channel == "unsigned" && len(h.bodies) != 0 {
				t.Errorf("%d requests", len(h.bodies))
			}
		})
	}
}

func status(code int, after string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(code)
	}
}
