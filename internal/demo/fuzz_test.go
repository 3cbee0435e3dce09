package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzHost(f *testing.F) {
	for _, host := range []string{"127.0.0.1:80", "v1.localhost", "v0.x", "[::1]:80", "../v1", "v1..x", "", "v1.", "v999999999999.x"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, ok := slot(host)
		if name != "" && (!ok || !releaseName.MatchString(name)) {
			t.Errorf("%q names release %q", host, name)
		}
	})
}

func FuzzOrder(f *testing.F) {
	for _, body := range []string{"", "{", `{"name":"a","children":1,"slot":"x"}`, `{"name":"\ud800","children":1}`, `[]`, `null`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		o, err := readOrder(httptest.NewRecorder(), r)
		if err == nil && (o.Name == "" || len(o.Name) > 4*maxName || o.Children < 1 || o.Children > maxChildren) {
			t.Errorf("took %+v", o)
		}
	})
}
