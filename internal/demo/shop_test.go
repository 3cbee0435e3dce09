package demo

import (
	"context"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stand is a shop and its provider on real sockets.
type stand struct {
	t        *testing.T
	dir      string
	shop     *Shop
	url      string
	payments *Payments
	payURL   string
	asked    sync.Map // path → *atomic.Int32
}

// marked is how these tests tell a synthetic request.
const marked = "X-Test-Synthetic"

func open(t *testing.T) *stand {
	t.Helper()
	return openGuarded(t, "document.documentElement.dataset.booted = 'yes'")
}

// openGuarded opens a shop whose pages run the script once they have rendered.
func openGuarded(t *testing.T, script string) *stand {
	t.Helper()
	s := &stand{t: t, dir: t.TempDir(), payments: NewPayments()}
	pay := httptest.NewServer(s.payments)
	t.Cleanup(pay.Close)
	t.Cleanup(s.payments.Up)
	s.payURL = pay.URL
	if err := Install(t.Context(), s.dir, InstallOptions{PaymentsURL: pay.URL}); err != nil {
		t.Fatal(err)
	}
	shop, err := New(Options{
		Dir:       s.dir,
		Synthetic: func(r *http.Request) bool { return r.Header.Get(marked) != "" },
		BootGuard: func(v string) template.HTML {
			return template.HTML("<script>/*guard " + v + "*/ window.__postflight = () => {" + script + "}</script>")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shop.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := s.asked.LoadOrStore(r.URL.Path, new(atomic.Int32))
		n.(*atomic.Int32).Add(1)
		shop.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.shop, s.url = shop, server.URL
	return s
}

func (s *stand) deploy(scenario string) Deployed {
	s.t.Helper()
	d, err := Deploy(s.t.Context(), s.dir, scenario)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

func (s *stand) do(req *http.Request) answer {
	s.t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func (s *stand) get(path string) answer { s.t.Helper(); return s.getHost(path, "") }

func (s *stand) getHost(path, host string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Host = host
	return s.do(req)
}

func (s *stand) post(path, body string, header ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return s.do(req)
}

// count is how often a path was asked for.
func (s *stand) count(path string) int {
	n, ok := s.asked.Load(path)
	if !ok {
		return 0
	}
	return int(n.(*atomic.Int32).Load())
}

// order is the body of a booking of the first visit on offer.
func (s *stand) order(name string) string {
	s.t.Helper()
	body, err := json.Marshal(order{Name: name, Children: 3, Slot: s.shop.book.visits(time.Now())[0].ID})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

var assetLink = regexp.MustCompile(`/assets/[A-Za-z0-9._-]+`)

// assets are the addresses that a page refers to.
func assets(page string) []string { return assetLink.FindAllString(page, -1) }

func TestPagesOfAGoodRelease(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{"/", "/book", "/figures"} {
		a := s.get(path)
		if a.status != 200 || a.header.Get("X-Release") != "v1" {
			t.Errorf("%s: got %d of release %q", path, a.status, a.header.Get("X-Release"))
		}
		for _, want := range []string{
			"<head>\n<meta charset=\"utf-8\">\n<script>/*guard v1*/ ",
			`<meta name="release" content="v1">`, `"_locale":"en_GB"`,
		} {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
		links := assets(a.body)
		if len(links) < 4 {
			t.Errorf("%s refers to %d assets only", path, len(links))
		}
		for _, link := range links {
			got := s.get(link)
			if got.status != 200 || got.body == "" || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s of %s: got %d, %d bytes", link, path, got.status, len(got.body))
			}
			if kind := got.header.Get("Content-Type"); strings.Contains(kind, "html") {
				t.Errorf("%s is served as %s", link, kind)
			}
		}
	}
	if got := s.get("/healthz").body; got != `{"status":"ok","version":"v1"}`+"\n" {
		t.Errorf("healthz: %s", got)
	}
	if got := s.get("/none"); got.status != 404 || !strings.Contains(got.body, "tracks end here") {
		t.Errorf("missing page: %d", got.status)
	}
	if got := s.get("/api/none"); got.status != 404 || !strings.Contains(got.body, "not_found") {
		t.Errorf("missing call: %d %s", got.status, got.body)
	}
}

func TestBookingIsPaidCountedAndSyntheticKeptOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 2 {
		if a := s.post("/api/bookings", s.order("Ada"), marked, "1"); a.status != 201 || !strings.Contains(a.body, `"number":"TEST-`) {
			t.Fatalf("synthetic booking: %d %s", a.status, a.body)
		}
	}
	if f := s.shop.Figures(); f.Bookings != 0 || f.Cents != 0 || f.Synthetic != 2 || len(f.Recent) != 0 {
		t.Fatalf("synthetic bookings reached the figures: %+v", f)
	}
	a := s.post("/api/bookings", s.order("<b>Grace</b>"))
	if a.status != 201 || !strings.Contains(a.body, `"number":"FC-1025"`) {
		t.Fatalf("booking: %d %s", a.status, a.body)
	}
	f := s.shop.Figures()
	if f.Bookings != 1 || f.Children != 3 || f.Revenue() != "36.00" || f.Synthetic != 2 {
		t.Errorf("figures: %+v", f)
	}
	live, test := s.payments.Charges()
	if diff := cmp.Diff([]int{live, test}, []int{1, 2}); diff != "" {
		t.Errorf("charges at the provider: %s", diff)
	}
	if left := s.shop.book.visits(time.Now())[0].Left; left != capacity-1 {
		t.Errorf("places left: %d", left)
	}
	page := s.get("/figures").body
	if strings.Contains(page, "<b>Grace") || !strings.Contains(page, "&lt;b&gt;Grace&lt;/b&gt;") {
		t.Error("a name is not escaped on the figures page")
	}
	if !strings.Contains(page, `<dd id="synthetic">2</dd>`) || !strings.Contains(page, `<dd id="revenue">36.00 EUR</dd>`) {
		t.Error("the figures page does not show the figures")
	}
}

func TestFullVisitIsRefusedAndFailedPaymentGivesThePlaceBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.payments.Down()
	if a := s.post("/api/bookings", s.order("Ada")); a.status != 502 {
		t.Fatalf("booking without a provider: %d", a.status)
	}
	s.payments.Up()
	for i := range capacity {
		if a := s.post("/api/bookings", s.order("Ada")); a.status != 201 {
			t.Fatalf("booking %d: %d %s", i, a.status, a.body)
		}
	}
	if a := s.post("/api/bookings", s.order("Late")); a.status != 409 || !strings.Contains(a.body, `"full"`) {
		t.Errorf("booking of a full visit: %d %s", a.status, a.body)
	}
	if a := s.post("/api/bookings", s.order("Watcher"), marked, "1"); a.status != 201 {
		t.Errorf("synthetic booking of a full visit: %d", a.status)
	}
	if got := s.shop.Figures().Bookings; got != capacity {
		t.Errorf("bookings: %d", got)
	}
}

func TestHostileOrders(t *testing.T) {
	t.Parallel()
	s := open(t)
	slot := s.shop.book.visits(time.Now())[0].ID
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"not json":      {"name=x", 400},
		"empty":         {"", 400},
		"wrong type":    {`{"name":1}`, 400},
		"no name":       {`{"name":"  ","children":1,"slot":"` + slot + `"}`, 422},
		"long name":     {`{"name":"` + strings.Repeat("é", 81) + `","children":1,"slot":"` + slot + `"}`, 422},
		"control":       {`{"name":"a\u0000b","children":1,"slot":"` + slot + `"}`, 422},
		"no children":   {`{"name":"a","children":0,"slot":"` + slot + `"}`, 422},
		"many children": {`{"name":"a","children":9,"slot":"` + slot + `"}`, 422},
		"unknown slot":  {`{"name":"a","children":1,"slot":"../../etc/passwd"}`, 422},
		"huge":          {`{"name":"` + strings.Repeat("a", 1<<20) + `"}`, 413},
	} {
		if a := s.post("/api/bookings", c.body); a.status != c.want || !strings.Contains(a.body, `"message"`) {
			t.Errorf("%s: got %d %s, want %d", name, a.status, a.body, c.want)
		}
	}
	if a := s.post("/api/bookings", s.order("x"), "Content-Type", "text/plain"); a.status != 415 {
		t.Errorf("form from another site: %d", a.status)
	}
	if a := s.post("/api/errors", strings.Repeat("x", 1<<20)); a.status != 413 {
		t.Errorf("huge report: %d", a.status)
	}
	if a := s.post("/api/errors", `{"message":"boom","page":"/book"}`); a.status != 204 {
		t.Errorf("report: %d", a.status)
	}
	if live, test := s.payments.Charges(); live+test != 0 {
		t.Errorf("hostile orders were charged: %d", live+test)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.deploy("healthy")
	for host, want := range map[string]string{
		"127.0.0.1": "v2", "127.0.0.1:80": "v2", "[::1]:80": "v2", "shop.example": "v2", "localhost:1": "v2",
		"v1.localhost:8080": "v1", "V1.Localhost": "v1", "v2.shop.example": "v2", "v1.127.0.0.1": "v1", "v1": "v2",
	} {
		if a := s.getHost("/healthz", host); a.status != 200 || a.header.Get("X-Release") != want {
			t.Errorf("host %s: got %d of %q, want %s", host, a.status, a.header.Get("X-Release"), want)
		}
	}
	if a := s.getHost("/book", "v1.localhost"); !strings.Contains(a.body, `<meta name="release" content="v1">`) {
		t.Error("the side slot serves another page")
	}
	if a := s.getHost("/healthz", "v9.localhost"); a.status != 404 {
		t.Errorf("unknown release: %d", a.status)
	}
	for _, host := range []string{"../v1", "v1..localhost", "a b", "%2e%2e", "v1/../..", strings.Repeat("a", 300)} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.shop.ServeHTTP(w, r)
		if w.Code != 400 {
			t.Errorf("host %q: got %d", host, w.Code)
		}
	}
}

func TestAssetsStayInside(t *testing.T) {
	t.Parallel()
	s := open(t)
	secret := filepath.Join(s.dir, "secret.js")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(s.dir, "releases", "v1", "public", "assets")
	if err := os.Symlink(secret, filepath.Join(inside, "link.js")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/assets/link.js", "/assets/..%2f..%2frelease.json", "/assets/%2e%2e/%2e%2e/config.json",
		"/assets/..%2f..%2f..%2f..%2fsecret.js", "/assets/.hidden.js", "/assets/a%00.js", "/assets/", "/assets/none.js",
		"/assets/" + strings.Repeat("a", 5000) + ".js", "/assets/..%5csecret.js", "/assets/release.json",
	} {
		if a := s.get(path); a.status == 200 || strings.Contains(a.body, "secret") {
			t.Errorf("%s: got %d %.40s", path, a.status, a.body)
		}
	}
}

func TestEditedReleaseIsServedAnewAndABrokenOneIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	config := filepath.Join(s.dir, "releases", "v1", "config.json")
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(data), `"EUR"`, `"CHF"`, 1) + "\n"
	if err := os.WriteFile(config, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := s.get("/book"); !strings.Contains(a.body, `"_currency":"CHF"`) {
		t.Error("an edit of config.json is not live")
	}
	if err := Install(context.WithoutCancel(t.Context()), s.dir, InstallOptions{PaymentsURL: s.payURL}); err != nil {
		t.Fatal(err)
	}
	if a := s.get("/book"); !strings.Contains(a.body, `"_currency":"CHF"`) {
		t.Error("installing again undid a person's edit")
	}
	if err := os.WriteFile(config, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := s.get("/book"); a.status != 503 || strings.Contains(a.body, s.dir) {
		t.Errorf("broken configuration: %d %s", a.status, a.body)
	}
}
