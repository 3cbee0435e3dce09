package deploy_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/deploy"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/sign"
)

const secret = "0123456789abcdef-secret"

func TestWebhook(t *testing.T) {
	t.Parallel()
	var ids []string
	var got deploy.Request
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := sign.VerifyBody(secret, r.Header.Get(sign.HeaderTimestamp), r.Header.Get(sign.HeaderSignature), body, time.Now()); err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		ids = append(ids, r.Header.Get(sign.HeaderID))
		if len(ids) == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "flipped with token=abcdef123456 and "+secret)
	}))
	defer h.Close()
	r := product.Rollback{Method: product.RollbackWebhook, Webhook: h.URL, Secret: secret}
	must(t, deploy.Check(t.Context(), r, "v1"))
	d := deploy.New(deploy.Options{Commit: commits})
	if o := d.Perform(t.Context(), r, order("v1")); o.Err == nil || o.Permanent || o.After != 7*time.Second {
		t.Fatalf("503: %+v", o)
	}
	o := d.Perform(t.Context(), r, order("v1"))
	if p := performed(t, o); o.Err != nil || p.Detail != "answered 200\nflipped with token=[redacted] and [redacted]" || p.Flipped.IsZero() {
		t.Errorf("%v %+v", o.Err, p)
	}
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] == "" {
		t.Errorf("ids %q", ids)
	}
	want := deploy.Request{
		Schema: 1, ID: got.ID, Event: "rollback", Product: "workshop", From: deploy.RequestSide{Release: "r2", Version: "v2"},
		To: deploy.RequestSide{Release: "r1", Version: "v1", Commit: "c0ffee"}, Incident: "INC-7", By: "postflight",
		Automatic: true, Reason: "booking is broken", Requested: order("").RequestedAt,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWebhookFailures(t *testing.T) {
	t.Parallel()
	answer := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	tests := []struct {
		name      string
		handler   http.HandlerFunc
		change    func(*product.Rollback)
		permanent bool
		kind      fault.Kind
	}{
		{"throttled", answer(429), nil, false, fault.Unavailable},
		{"error", answer(500), nil, false, fault.Unavailable},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil, false, fault.Unavailable},
		{
			"hang", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
			func(r *product.Rollback) { r.Timeout = 50 * time.Millisecond }, false, fault.Unavailable,
		},
		{"forbidden", answer(403), nil, true, fault.Denied},
		{"missing", answer(404), nil, true, fault.Invalid},
		{"redirect", http.RedirectHandler("/x", http.StatusFound).ServeHTTP, nil, true, fault.Invalid},
		{"no secret", answer(200), func(r *product.Rollback) { r.Secret = "" }, true, fault.Invalid},
		{"no address", answer(200), func(r *product.Rollback) { r.Webhook = "flip.example" }, true, fault.Invalid},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
					return
				}
			}
		}, nil, true, fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := httptest.NewServer(tt.handler)
			defer h.Close()
			r := product.Rollback{Method: product.RollbackWebhook, Webhook: h.URL + "/hooks/path-secret", Secret: secret, Timeout: time.Minute}
			if tt.change != nil {
				tt.change(&r)
			}
			o := deploy.New(deploy.Options{}).Perform(t.Context(), r, order("v1"))
			if o.Err == nil || o.Permanent != tt.permanent || fault.KindOf(o.Err) != tt.kind || fault.HintOf(o.Err) == "" {
				t.Fatalf("%v, permanent %t, kind %s, hint %q", o.Err, o.Permanent, fault.KindOf(o.Err), fault.HintOf(o.Err))
			}
			for _, bad := range []string{secret, "path-secret"} {
				if strings.Contains(o.Err.Error(), bad) {
					t.Errorf("%q in %v", bad, o.Err)
				}
			}
		})
	}
}
