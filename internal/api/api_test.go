package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/apitest"
	"github.com/postflight/postflight/internal/product"
)

var update = flag.Bool("update", false, "rewrite the OpenAPI document")

// serve returns a house with the product "shop" and its API on a real socket.
func serve(t *testing.T, opts ...func(*apitest.House)) (*apitest.House, *httptest.Server) {
	t.Helper()
	h := apitest.New(product.Product{ID: "shop", Name: "Shop", URL: "https://shop.example"})
	for _, o := range opts {
		o(h)
	}
	srv := httptest.NewServer(h.Handler(slog.New(slog.DiscardHandler)))
	t.Cleanup(srv.Close)
	return h, srv
}

// dial returns a client with a token of this role.
func dial(t *testing.T, h *apitest.House, srv *httptest.Server, role access.Role) *client.Client {
	t.Helper()
	c, err := client.New(srv.URL, h.Grant("ci", role))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// send makes one raw request and returns the answer with its problem.
func send(t *testing.T, srv *httptest.Server, method, path, token, body string) (*http.Response, client.Problem) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p client.Problem
	if resp.StatusCode >= 400 {
		if got, want := resp.Header.Get("Content-Type"), "application/problem+json"; got != want {
			t.Errorf("%s %s: content type is %q, want %q: %s", method, path, got, want, raw)
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Errorf("%s %s: %v: %s", method, path, err, raw)
		}
		if p.Status != resp.StatusCode || p.Detail == "" || p.Kind == "" {
			t.Errorf("%s %s: the problem is incomplete: %s", method, path, raw)
		}
	}
	return resp, p
}

// document fetches the OpenAPI document.
func document(t *testing.T, srv *httptest.Server) []byte {
	t.Helper()
	resp, err := srv.Client().Get(srv.URL + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	return raw
}

func TestDocumentIsUpToDate(t *testing.T) {
	t.Parallel()
	_, srv := serve(t)
	got := bytes.Replace(document(t, srv), []byte(`"version": "v0.0.0-test"`), []byte(`"version": "v1"`), 1)
	file := filepath.Join("..", "..", "docs", "openapi.json")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("docs/openapi.json is out of date; run go test ./internal/api -run Document -update (-generated +committed):\n%s", diff)
	}
}

// operations lists every operation of the document with its role.
func operations(t *testing.T, srv *httptest.Server) []described {
	t.Helper()
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			Role      access.Role `json:"x-postflight-role"`
			Security  []map[string][]string
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(document(t, srv), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Servers) != 1 {
		t.Fatalf("openapi %q with %d servers", doc.OpenAPI, len(doc.Servers))
	}
	var out []described
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if len(op.Security) == 0 {
				t.Errorf("%s %s tells no security", method, path)
			}
			for _, name := range []string{"{product}", "{release}", "{incident}", "{drill}", "{token}"} {
				path = strings.ReplaceAll(path, name, "x")
			}
			out = append(out, described{strings.ToUpper(method), doc.Servers[0].URL + path, op.Role})
		}
	}
	return out
}

type described struct {
	method, path string
	need         access.Role
}

// Every operation refuses a request without a token, with a forged one, and
// with one whose role is too low, before it reads the body.
func TestEveryOperationIsGuarded(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	all := operations(t, srv)
	if len(all) < 24 {
		t.Fatalf("only %d operations are described", len(all))
	}
	below := map[access.Role]string{
		access.Responder: h.Grant("v", access.Viewer), access.Admin: h.Grant("r", access.Responder),
	}
	revoked := h.Grant("gone", access.Admin)
	grants, _ := h.Grants(t.Context())
	_ = h.RevokeToken(t.Context(), grants[0].ID)
	link, _ := h.CreateLink(t.Context(), "link", access.Admin, "")
	forged := []string{"", "pf_forged", "pf_" + strings.Repeat("A", 52), "x", strings.Repeat("pf_", 500), revoked, link}
	for _, op := range all {
		var first client.Problem
		for i, token := range forged {
			resp, p := send(t, srv, op.method, op.path, token, "{not json")
			if resp.StatusCode != http.StatusUnauthorized || p.Kind != "denied" || resp.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s with forged token %d: got %d %s", op.method, op.path, i, resp.StatusCode, p.Kind)
			}
			if i == 0 {
				first = p
			} else if diff := cmp.Diff(p, first); diff != "" {
				t.Errorf("%s %s: the answer to a wrong token depends on the token:\n%s", op.method, op.path, diff)
			}
		}
		if token, ok := below[op.need]; ok {
			resp, p := send(t, srv, op.method, op.path, token, "{not json")
			if resp.StatusCode != http.StatusForbidden || p.Kind != "denied" || !strings.Contains(p.Detail, string(op.need)) {
				t.Errorf("%s %s with too low a role: got %d %q", op.method, op.path, resp.StatusCode, p.Detail)
			}
		} else if op.need != access.Viewer {
			t.Errorf("%s %s needs role %q", op.method, op.path, op.need)
		}
	}
}

// What changes something needs more than reading does.
func TestRoles(t *testing.T) {
	t.Parallel()
	_, srv := serve(t)
	for _, op := range operations(t, srv) {
		admin := strings.Contains(op.path, "/tokens") || strings.HasSuffix(op.path, "/links") ||
			strings.HasSuffix(op.path, "/unpin") || (op.method == http.MethodPost && strings.HasSuffix(op.path, "/drills"))
		want := access.Viewer
		switch {
		case admin:
			want = access.Admin
		case op.method != http.MethodGet:
			want = access.Responder
		}
		if op.need != want {
			t.Errorf("%s %s needs %s, want %s", op.method, op.path, op.need, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	token := h.Grant("ci", access.Admin)
	tests := []struct {
		name, method, path, body string
		status                   int
		kind, says               string
	}{
		{"unknown field", "POST", "/api/v1/products/shop/releases", `{"version":"2","comit":"a"}`, 422, "invalid", `unknown field "comit"`},
		{"unknown query", "GET", "/api/v1/products?opne=1", ``, 422, "invalid", `"opne"`},
		{"missing field", "POST", "/api/v1/products/shop/releases", `{}`, 422, "invalid", "version"},
		{"wrong type", "POST", "/api/v1/products/shop/releases", `{"version":2}`, 422, "invalid", "version"},
		{"malformed", "POST", "/api/v1/products/shop/releases", `{"version":`, 400, "invalid", ""},
		{"trailing", "POST", "/api/v1/products/shop/releases", `{"version":"2"}{}`, 400, "invalid", ""},
		{"no body", "POST", "/api/v1/products/shop/releases", ``, 400, "invalid", ""},
		{"oversize", "POST", "/api/v1/products/shop/releases", `{"version":"` + strings.Repeat("1", 70_000) + `"}`, 413, "invalid", ""},
		{"bad version", "POST", "/api/v1/products/shop/releases", `{"version":"a/b"}`, 422, "invalid", "path separator"},
		{"unknown product", "POST", "/api/v1/products/shoop/releases", `{"version":"2"}`, 404, "not_found", "shoop"},
		{"unknown release", "GET", "/api/v1/releases/shop-99", ``, 404, "not_found", "shop-99"},
		{"nothing live", "POST", "/api/v1/products/shop/rollback", ``, 409, "conflict", "no live release"},
		{"not pinned", "POST", "/api/v1/products/shop/unpin", ``, 409, "conflict", "not pinned"},
		{"unknown incident", "POST", "/api/v1/incidents/INC-9/acknowledge", ``, 404, "not_found", "INC-9"},
		{"severity", "POST", "/api/v1/incidents/INC-9/severity", `{"severity":9}`, 422, "invalid", "severity"},
		{"unknown scenario", "POST", "/api/v1/drills", `{"scenario":"nope"}`, 404, "not_found", "nope"},
		{"unknown role", "POST", "/api/v1/tokens", `{"name":"ci","role":"root"}`, 422, "invalid", "role"},
		{"control in a name", "POST", "/api/v1/tokens", `{"name":"c\u001bi","role":"viewer"}`, 422, "invalid", "one line"},
		{"unknown token", "DELETE", "/api/v1/tokens/nope", ``, 404, "not_found", "nope"},
		{"limit", "GET", "/api/v1/drills?limit=100000", ``, 422, "invalid", "limit"},
		{"timeout", "GET", "/api/v1/releases/shop-1/wait?timeout=100000", ``, 422, "invalid", "timeout"},
		{"unknown path", "GET", "/api/v1/nope", ``, 404, "not_found", "no such operation"},
		{"wrong method", "DELETE", "/api/v1/products", ``, 405, "invalid", "no DELETE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp, p := send(t, srv, tt.method, tt.path, token, tt.body)
			if resp.StatusCode != tt.status || p.Kind != tt.kind || !strings.Contains(p.Detail, tt.says) {
				t.Errorf("got %d %s %q, want %d %s %q", resp.StatusCode, p.Kind, p.Detail, tt.status, tt.kind, tt.says)
			}
			if len(p.Detail) > 1000 {
				t.Errorf("the problem echoes %d bytes", len(p.Detail))
			}
		})
	}
}

// What was sent may be a secret: a refusal never repeats values.
func TestRefusalsDoNotEcho(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	_, p := send(t, srv, "POST", "/api/v1/products/shop/releases", h.Grant("ci", access.Admin), `{"version":"2","x":"hunter2"}`)
	if strings.Contains(p.Detail+p.Hint, "hunter2") {
		t.Errorf("the problem repeats what was sent: %+v", p)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
		resp, err := srv.Client().Get(srv.URL + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || strings.Contains(string(raw), "secret") {
			t.Errorf("got %d %s, want %d", resp.StatusCode, raw, want)
		}
		h.Fail(os.ErrDeadlineExceeded)
	}
}

// An error of ours shows a number, not its text.
func TestInternalErrorsAreNotTold(t *testing.T) {
	t.Parallel()
	h, srv := serve(t)
	token := h.Grant("ci", access.Viewer)
	h.Fail(os.ErrPermission)
	resp, p := send(t, srv, "GET", "/api/v1/products", token, "")
	if resp.StatusCode != 500 || p.Kind != "internal" || p.Number == "" || p.Detail != "internal error" {
		t.Errorf("got %d %+v", resp.StatusCode, p)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	_, srv := serve(t)
	resp, _ := send(t, srv, "GET", "/api/v1/products", "", "")
	if resp.Header.Get("X-Content-Type-Options") != "nosniff" || !slices.Contains(resp.Header["Cache-Control"], "no-store") {
		t.Errorf("headers are %v", resp.Header)
	}
}
