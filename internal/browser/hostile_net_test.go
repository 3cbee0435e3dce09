package browser

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestHostileResponses(t *testing.T) {
	t.Parallel()
	srv := hostileSite(t)
	secret := httptest.NewTLSServer(site{"/": "<title>private</title>"})
	t.Cleanup(secret.Close)
	onBinaries(t, func(t *testing.T, bin string) {
		b := launchBin(t, bin, Options{})
		p := openIn(t, b, PageOptions{})
		reason := func(url string) string {
			t.Helper()
			n, err := p.Navigate(patient(t), url)
			var failed *NavigationError
			if errors.As(err, &failed) {
				return failed.Reason
			}
			if err != nil {
				t.Errorf("%s: %v", url, err)
			}
			return http.StatusText(n.Status)
		}
		for url, want := range map[string]string{
			srv.URL + "/around":   "net::ERR_TOO_MANY_REDIRECTS",
			srv.URL + "/farther?": "net::ERR_TOO_MANY_REDIRECTS",
			secret.URL + "/":      "net::ERR_CERT_AUTHORITY_INVALID",
			srv.URL + "/auth":     "Unauthorized",
			srv.URL + "/big":      "OK",
		} {
			if got := reason(url); got != want && !(strings.HasSuffix(url, "/auth") && got == "net::ERR_INVALID_AUTH_CREDENTIALS") {
				t.Errorf("%s: got %q, want %q", url, got, want)
			}
		}
		any := openIn(t, b, PageOptions{AnyCertificate: true})
		visit(t, any, secret.URL)
		if got, err := any.Title(patient(t)); got != "private" || err != nil {
			t.Errorf("any certificate: got %q %v", got, err)
		}
		quiet := openIn(t, b, PageOptions{Fence: Fence{Writes: []string{}}}) // with every request looked at
		if n, err := quiet.Navigate(patient(t), srv.URL+"/auth"); err == nil && n.Status != http.StatusUnauthorized {
			t.Errorf("auth: got %+v", n)
		}
	})
}

// A tab that eats memory is killed by name; another one goes on.
func TestMemory(t *testing.T) {
	srv := serve(t, site{
		"/":     "<title>quiet</title>",
		"/eats": `<script>const hold = []; setInterval(() => { const a = new Uint8Array(32 << 20); a.fill(1); hold.push(a) }, 5)</script>`,
	})
	onBinaries(t, func(t *testing.T, bin string) {
		b := launchBin(t, bin, Options{Memory: 700 << 20})
		other := openIn(t, b, PageOptions{})
		visit(t, other, localhost(srv))
		p := openIn(t, b, PageOptions{})
		visit(t, p, srv.URL+"/eats")
		if err := p.Await(patient(t), func() bool { return false }); !errors.Is(err, ErrCrashed) {
			t.Fatalf("got %v, want a crash", err)
		}
		got := settled(t, p, "the crash", func(g Telemetry) bool { return len(g.Crashes) > 0 })
		if !slices.ContainsFunc(got.Crashes, func(c Crash) bool { return strings.Contains(c.Reason, "more than 700 MiB") }) {
			t.Errorf("crash: got %+v, want the reason", got.Crashes)
		}
		if got, err := other.Title(patient(t)); got != "quiet" || err != nil {
			t.Errorf("other page: got %q %v", got, err)
		}
	})
}
