package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPayments(t *testing.T) {
	t.Parallel()
	p := NewPayments()
	call := func(verb, path, body string) (int, string) {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), verb, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	good := `{"amount":100,"currency":"EUR","method":"card","idempotency_key":"k"}`
	for _, c := range []struct {
		verb, path, body string
		want             int
	}{
		{http.MethodGet, "/healthz", "", 200},
		{http.MethodGet, "/v1/methods", "", 200},
		{http.MethodGet, "/api/v1/methods", "", 404},
		{http.MethodPost, "/v1/charges", good, 201},
		{http.MethodPost, "/v1/charges", good, 201},
		{http.MethodPost, "/v1/charges", `{"amount":-1,"currency":"EUR","idempotency_key":"k"}`, 422},
		{http.MethodPost, "/v1/charges", `{"amount":1,"currency":"EUR"}`, 422},
		{http.MethodPost, "/v1/charges", `nonsense`, 400},
		{http.MethodPost, "/v1/charges", strings.Repeat("x", maxCharge+1), 413},
	} {
		if got, body := call(c.verb, c.path, c.body); got != c.want {
			t.Errorf("%s %s %.40s: got %d %s, want %d", c.verb, c.path, c.body, got, body, c.want)
		}
	}
	if live, test := p.Charges(); live != 1 || test != 0 {
		t.Errorf("the same key was charged more than once: %d live, %d test", live, test)
	}
	if _, body := call(http.MethodPost, "/v1/charges", strings.Replace(good, `"k"`, `"t","test":true`, 1)); !strings.Contains(body, `"livemode":false`) {
		t.Errorf("test charge: %s", body)
	}
	p.Down()
	if got, _ := call(http.MethodGet, "/healthz", ""); got != 503 || p.IsUp() {
		t.Errorf("down: %d", got)
	}
	p.Up()
	if got, _ := call(http.MethodGet, "/healthz", ""); got != 200 || !p.IsUp() {
		t.Errorf("up again: %d", got)
	}
}
