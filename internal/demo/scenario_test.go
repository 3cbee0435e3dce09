package demo

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestScenariosNameWhatCanBeDeployed(t *testing.T) {
	t.Parallel()
	for _, sc := range Scenarios() {
		_, err := os.Stat(filepath.Join("releases", sc.Name, "release.json"))
		if (err == nil) != sc.Releases {
			t.Errorf("%s: releases %v, but %v", sc.Name, sc.Releases, err)
		}
		if sc.Title == "" || sc.Summary == "" || sc.Does == "" || sc.Expect == "" || sc.Evidence == "" {
			t.Errorf("%s is not told whole: %+v", sc.Name, sc)
		}
	}
}

func TestRecordingsAreRecordings(t *testing.T) {
	t.Parallel()
	for _, name := range Journeys() {
		data, err := Journey(name)
		if err != nil {
			t.Fatal(err)
		}
		var flow struct {
			Title   string
			Timeout int
			Steps   []struct {
				Type    string
				URL     string
				Timeout int
			}
		}
		if err := json.Unmarshal(data, &flow); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if flow.Title == "" || flow.Timeout < 1 || flow.Timeout > 4000 || len(flow.Steps) < 3 {
			t.Errorf("%s: %+v", name, flow)
		}
		for _, step := range flow.Steps {
			if step.Type == "navigate" && !strings.HasPrefix(step.URL, "http://127.0.0.1:8080/") {
				t.Errorf("%s navigates to %s", name, step.URL)
			}
		}
	}
	if _, err := Journey("../scenario"); err == nil {
		t.Error("a recording outside the journeys was read")
	}
}

func TestIncompatiblePage(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := s.deploy("incompatible-page")
	if a := s.get("/api/slots"); a.status != 200 || !strings.HasPrefix(a.body, `{"data":{"slots":[{"id":`) || !strings.Contains(a.body, `"starts_at"`) {
		t.Errorf("new answer: %d %.80s", a.status, a.body)
	}
	if a := s.getHost("/api/slots", "v1.localhost"); !strings.HasPrefix(a.body, `{"slots":[{"id":`) {
		t.Errorf("old answer in the side slot: %.80s", a.body)
	}
	if a := s.post("/api/bookings", s.order("Ada")); a.status != 201 || !strings.HasPrefix(a.body, `{"data":{"booking":{"number":"FC-`) {
		t.Errorf("booking by the new API: %d %s", a.status, a.body)
	}
	seen := visit(t, s.url+"/book")
	if !strings.Contains(seen.dom, "Asking the elves") || strings.Contains(seen.dom, "data-booted") || strings.Contains(seen.dom, `data-testid="slot"`) {
		t.Error("the page is not stuck while loading")
	}
	if !strings.Contains(seen.console, "Uncaught TypeError: Cannot read properties of undefined (reading 'map')") {
		t.Errorf("console: %s", seen.console)
	}
	if d.Version != "v2" || d.Previous != "v1" || len(d.ConfigChange) != 0 || len(d.Changes) == 0 {
		t.Errorf("deployed: %+v", d)
	}
}

func TestStartupCrash(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.deploy("startup-crash")
	page := s.get("/book").body
	var script string
	for _, link := range assets(page) {
		if strings.HasSuffix(link, ".js") {
			script = link
		}
	}
	code := s.get(script).body
	if strings.Contains(code, "_locale") || !strings.Contains(page, `"_locale"`) {
		t.Error("the bundle and the page agree on the name")
	}
	if !strings.Contains(code, "sourceMappingURL="+filepath.Base(script)+".map") {
		t.Error("the bundle names no source map")
	}
	var sourceMap struct {
		Version        int
		Sources        []string
		SourcesContent []string
		Mappings       string
	}
	if err := json.Unmarshal([]byte(s.get(script+".map").body), &sourceMap); err != nil {
		t.Fatal(err)
	}
	if sourceMap.Version != 3 || sourceMap.Mappings == "" || !strings.Contains(strings.Join(sourceMap.Sources, " "), "settings.ts") {
		t.Errorf("source map: %v", sourceMap.Sources)
	}
	seen := visit(t, s.url+"/book")
	if !strings.Contains(seen.dom, `<div id="app"></div>`) || strings.Contains(seen.dom, "data-booted") {
		t.Error("the page is not blank")
	}
	if !strings.Contains(seen.console, "Uncaught TypeError: Cannot read properties of undefined (reading 'replace')") ||
		!strings.Contains(seen.console, script) {
		t.Errorf("console: %s", seen.console)
	}
}

func TestIntegrationLoop(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := s.deploy("integration-loop")
	want := "config.json payments_url: " + s.payURL + " → " + s.payURL + "/api"
	if len(d.ConfigChange) != 1 || d.ConfigChange[0] != want {
		t.Errorf("configuration change: %q", d.ConfigChange)
	}
	if a := s.get("/api/payment-methods"); a.status != 502 || !strings.Contains(a.body, "payments_unavailable") {
		t.Errorf("payment methods: %d %s", a.status, a.body)
	}
	if a := s.post("/api/bookings", s.order("Ada")); a.status != 502 {
		t.Errorf("booking: %d", a.status)
	}
	probe, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.payURL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.do(probe); a.status != 200 {
		t.Errorf("the provider's own probe: %d", a.status)
	}
	if a := s.getHost("/api/payment-methods", "v1.localhost"); a.status != 200 {
		t.Errorf("payment methods of the old release: %d", a.status)
	}
	before := s.count("/api/payment-methods")
	seen := visit(t, s.url+"/book")
	if !strings.Contains(seen.dom, "We cannot take bookings just now") {
		t.Error("the page does not say that booking is impossible")
	}
	if got := s.count("/api/payment-methods") - before; got != 8 {
		t.Errorf("the page asked %d times, want 8", got)
	}
}

func TestStatic500(t *testing.T) {
	t.Parallel()
	s := open(t)
	before := assets(s.get("/").body)
	s.deploy("static-500")
	page := s.get("/")
	if page.status != 200 || page.header.Get("Server-Timing") == "" {
		t.Errorf("page: %d, timing %q", page.status, page.header.Get("Server-Timing"))
	}
	for _, link := range append(assets(page.body), before...) {
		a := s.get(link)
		if a.status != 500 || a.header.Get("X-Release") != "v2" || strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: got %d of %s, cached as %q", link, a.status, a.header.Get("X-Release"), a.header.Get("Cache-Control"))
		}
		if old := s.getHost(link, "v1.localhost"); old.status != 200 {
			t.Errorf("%s in the side slot: got %d", link, old.status)
		}
	}
	if a := s.get("/api/slots"); a.status != 200 {
		t.Errorf("slots: %d", a.status)
	}
	if a := s.get("/healthz"); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	s := open(t)
	old := assets(s.get("/book").body)
	d := s.deploy("healthy")
	if len(d.ConfigChange) != 0 || len(d.Commit) != 40 {
		t.Errorf("deployed: %+v", d)
	}
	page := s.get("/book").body
	fresh := false
	for _, link := range assets(page) {
		if a := s.get(link); a.status != 200 {
			t.Errorf("%s: %d", link, a.status)
		}
		fresh = fresh || !strings.Contains(strings.Join(old, " "), link)
	}
	if !fresh {
		t.Error("the new release has no asset of its own")
	}
	for _, link := range old {
		if a := s.get(link); a.status != 200 {
			t.Errorf("asset of the previous release %s: %d", link, a.status)
		}
	}
	seen := visit(t, s.url+"/book")
	if strings.Count(seen.dom, `data-testid="slot"`) != 9 || !strings.Contains(seen.dom, "sleigh shuttle") || strings.Contains(seen.console, "Uncaught") ||
		!strings.Contains(seen.dom, `data-booted="yes"`) {
		t.Errorf("booking page of a good release; console: %s", seen.console)
	}
}

func TestProviderDown(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := Deploy(t.Context(), s.dir, "provider-down"); err == nil {
		t.Error("provider-down deployed something")
	}
	s.payments.Down()
	for _, path := range []string{"/healthz", "/v1/methods", "/none"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.payURL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := s.do(req); a.status != 503 {
			t.Errorf("provider's %s: %d", path, a.status)
		}
	}
	if a := s.get("/api/payment-methods"); a.status != 502 {
		t.Errorf("payment methods: %d", a.status)
	}
	if a := s.get("/healthz"); a.status != 200 || a.header.Get("X-Release") != "v1" {
		t.Errorf("the shop itself: %d", a.status)
	}
	s.payments.Hang()
	if a := s.get("/api/payment-methods"); a.status != 502 {
		t.Errorf("payment methods of a provider that hangs: %d", a.status)
	}
	s.payments.Up()
	if a := s.get("/api/payment-methods"); a.status != 200 {
		t.Errorf("payment methods afterwards: %d %s", a.status, a.body)
	}
}

func TestVisitorBooksInABrowser(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"", "healthy"} {
		s := openGuarded(t, `
			document.querySelector('#slots > :nth-child(1 of .slot:not([disabled]))').click();
			document.querySelector('#name').value = 'Ada <i>Winter</i>';
			document.querySelector('#book').click();`)
		if scenario != "" {
			s.deploy(scenario)
		}
		seen := visit(t, s.url+"/book")
		if !strings.Contains(seen.dom, "See you there, Ada &lt;i&gt;Winter&lt;/i&gt;") || !strings.Contains(seen.dom, ">FC-1025<") {
			t.Errorf("release %q: no confirmation; console: %s", scenario, seen.console)
		}
		if f := s.shop.Figures(); f.Bookings != 1 || f.Children != 2 {
			t.Errorf("release %q: figures %+v", scenario, f)
		}
	}
}

func TestLandingPageReportsItsBoot(t *testing.T) {
	t.Parallel()
	s := open(t)
	if seen := visit(t, s.url+"/"); !strings.Contains(seen.dom, `data-booted="yes"`) {
		t.Errorf("no boot; console: %s", seen.console)
	}
	s.deploy("startup-crash")
	if seen := visit(t, s.url+"/"); strings.Contains(seen.dom, "data-booted") {
		t.Error("a bundle that died reported its boot")
	}
}

// visited is what a browser was left with.
type visited struct{ dom, console string }

// visit opens a page in a real browser, lets it settle, and reads it.
func visit(t *testing.T, url string) visited {
	t.Helper()
	var browser string
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			browser = found
			break
		}
	}
	if browser == "" {
		t.Fatal("no Chromium found: install chromium-headless-shell or chromium")
	}
	var dom, console strings.Builder
	cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom", url)
	cmd.Stdout, cmd.Stderr = &dom, &console
	if err := cmd.Run(); err != nil {
		t.Fatalf("visit %s: %v\n%s", url, err, console.String())
	}
	return visited{dom.String(), console.String()}
}
