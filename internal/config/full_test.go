package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/product"
)

// fullEnv is what testdata/full.yaml refers to.
var fullEnv = []string{
	"DATABASE_URL=postgres://u:p@db/state", "DEPLOY_SECRET=deploy-secret", "SLACK_TOKEN=xoxb-1",
	"HOOK_URL=https://hooks.test/t0k", "SMTP_PASSWORD=smtp-password",
	"JOURNEY_PIN=pin-4711", "CI_FLAG=ci-flag",
}

// unpackFull writes the full configuration and what it names, and returns
// its path and text.
func unpackFull(t testing.TB) (path, text string) {
	t.Helper()
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"postflight.yaml": string(data), "journeys/book.json": "{}", "secrets/hook": "hook-secret\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "shop", "releases"), 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "postflight.yaml"), string(data)
}

func loadFull(t testing.TB) (*Config, string) {
	t.Helper()
	path, _ := unpackFull(t)
	cfg, warnings, err := Load(path, Options{JourneyLint: lint, Environ: fullEnv})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings of the full configuration: %v", warnings)
	}
	return cfg, filepath.Dir(path)
}

func TestProducts(t *testing.T) {
	t.Parallel()
	cfg, dir := loadFull(t)
	window := product.Window{For: 10 * time.Minute, Every: 15 * time.Second, Settle: 2 * time.Minute}
	want := []product.Product{
		{
			ID: "shop", Name: "Workshop", URL: "https://shop.test/visit", PreviousURL: "https://{version}.shop.test/visit",
			Version:    product.VersionSource{Kind: product.VersionHeader, Path: "/health", Name: "X-Version", Every: 2 * time.Second},
			FirstParty: []string{"https://static.test:8443"},
			Journeys: []product.Journey{{
				ID: "book-a-visit", Title: "Book a visit", File: filepath.Join(dir, "journeys/book.json"),
				Every: 5 * time.Minute, Timeout: 45 * time.Second, Full: true,
				Hosts: []string{"fonts.test", "*.cdn.test"}, Writes: []string{"POST /api/test-*"},
				Vars: map[string]string{"day": "2026-12-01", "note": ""}, Secrets: map[string]string{"pin": "pin-4711"},
				Allow: []string{"*/api/me"}, Errors: "warn",
				Compare: product.Compare{On: true, Fail: true, Limit: 0.01, Ignore: []string{".clock"}},
				Budgets: product.Budgets{
					LCP: 2500 * time.Millisecond, FCP: 1800 * time.Millisecond, TTFB: 800 * time.Millisecond,
					INP: 200 * time.Millisecond, CLS: 0.1,
				},
				Quarantine: &product.Quarantine{
					Until: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC), Owner: "ann@shop.test", Reason: "the calendar flickers",
				},
			}, {
				ID: "suite", Title: "The team's own tests", Timeout: 5 * time.Minute, Errors: "fail",
				Suite: &product.Suite{
					Dir: filepath.Join(dir, "shop"), Files: []string{"tests/checkout.spec.ts"}, Project: "chromium", Grep: "@smoke",
					Env: map[string]string{"CI": "ci-flag"},
				},
			}},
			Pages: []string{"/", "/about"},
			Integrations: []product.Integration{{
				ID: "payments", Name: "Payments", Hosts: []string{"pay.test", "pay.test:8443"}, Owner: "payments-team@shop.test",
				Probe: product.Probe{
					URL: "https://pay.test/health", Method: "POST", Status: 204, Contains: "ok: yes",
					Every: 20 * time.Second, Timeout: 3 * time.Second,
				},
			}},
			Boot: product.Boot{Expected: true},
			Rollback: product.Rollback{
				Method: product.RollbackDirectory, Automatic: true, Timeout: 30 * time.Second,
				Current: filepath.Join(dir, "shop/current"), Releases: filepath.Join(dir, "shop/releases"),
			},
			Notify: []string{"team", "hook", "mail"}, QA: []string{"team"},
			Watch: product.Window{For: 20 * time.Minute, Every: 10 * time.Second, Settle: time.Minute},
		},
		{
			ID: "admin", Name: "admin", URL: "https://admin.test", Pages: []string{"/"}, Notify: []string{"team"}, Watch: window,
			Version: product.VersionSource{Kind: product.VersionMeta, Path: "/", Name: "version", Every: 5 * time.Second},
			Rollback: product.Rollback{
				Method: product.RollbackCommand, Timeout: time.Minute,
				Command: []string{filepath.Join(dir, "deploy"), "--to", "{version}", "--from", "{bad_version}"},
			},
		},
		{
			ID: "api", Name: "api", URL: "https://api.test", Pages: []string{"/"}, Notify: []string{"team"}, Watch: window,
			Version: product.VersionSource{Kind: product.VersionJSON, Path: "/version.json", Name: "build.version", Every: 5 * time.Second},
			Rollback: product.Rollback{
				Method: product.RollbackWebhook, Timeout: time.Minute,
				Webhook: "https://deploy.test/rollback", Secret: "deploy-secret",
			},
		},
	}
	if diff := cmp.Diff(cfg.Products(), want); diff != "" {
		t.Errorf("products (-got +want):\n%s", diff)
	}
}

func TestServerAndChannels(t *testing.T) {
	t.Parallel()
	cfg, dir := loadFull(t)
	secret := func(value, reference string) Secret { return Secret{value: &value, reference: reference} }
	wantServer := Server{
		Listen: "127.0.0.1:7461", PublicURL: "https://postflight.test", Data: filepath.Join(dir, "state"),
		Store: secret("postgres://u:p@db/state", "${DATABASE_URL}"), Browser: "chromium", Concurrency: 3,
		Retention:    Retention{Events: 60 * 24 * time.Hour, Evidence: 7 * 24 * time.Hour},
		IncidentHold: 5 * time.Minute,
	}
	if diff := cmp.Diff(cfg.Server, wantServer); diff != "" {
		t.Errorf("server (-got +want):\n%s", diff)
	}
	if address, ok := cfg.Server.Postgres(); !ok || address.Reveal() != "postgres://u:p@db/state" {
		t.Errorf("Postgres() = %v, %v", address, ok)
	}
	wantChannels := []Channel{
		{Name: "team", Slack: &Slack{Token: secret("xoxb-1", "${SLACK_TOKEN}"), Channel: "C0123456789", APIURL: "https://slack.test/api/"}},
		{Name: "hook", Webhook: &Webhook{URL: secret("https://hooks.test/t0k", "${HOOK_URL}"), Secret: secret("hook-secret", "file:secrets/hook")}},
		{Name: "mail", Email: &Email{
			SMTP: "mail.test:465", From: "Postflight <postflight@shop.test>", To: []string{"oncall@shop.test", "boss@shop.test"},
			Username: "postflight", Password: secret("smtp-password", "${SMTP_PASSWORD}"), TLS: "tls",
		}},
	}
	if diff := cmp.Diff(cfg.Channels, wantChannels); diff != "" {
		t.Errorf("channels (-got +want):\n%s", diff)
	}
}

func TestEffectiveLoadsAgainAsTheSame(t *testing.T) {
	t.Parallel()
	cfg, dir := loadFull(t)
	text := cfg.Effective()
	for _, leak := range []string{"u:p@", "deploy-secret", "xoxb-1", "t0k", "smtp-password", "hook-secret", "pin-4711", "ci-flag"} {
		if strings.Contains(text, leak) {
			t.Errorf("the effective configuration shows %q", leak)
		}
	}
	again, warnings, err := parse(filepath.Join(dir, "effective.yaml"), []byte(text), Options{JourneyLint: lint, Environ: fullEnv})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("effective configuration does not load: %v %v\n%s", err, warnings, text)
	}
	if diff := cmp.Diff(again.Products(), cfg.Products()); diff != "" {
		t.Errorf("products (-again +first):\n%s", diff)
	}
	if diff := cmp.Diff(again.Server, cfg.Server); diff != "" {
		t.Errorf("server (-again +first):\n%s", diff)
	}
	if diff := cmp.Diff(again.Channels, cfg.Channels); diff != "" {
		t.Errorf("channels (-again +first):\n%s", diff)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	t.Parallel()
	path, _ := unpackFull(t)
	cfg, warnings, err := Load(path, Options{Environ: append(slices.Clone(fullEnv),
		"POSTFLIGHT_LISTEN=127.0.0.1:0", "POSTFLIGHT_DATA=/var/lib/postflight", "POSTFLIGHT_STORE=sqlite",
		"POSTFLIGHT_PUBLIC_URL=", "POSTFLIGHT_BROWSER=other-browser")})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("load: %v %v", err, warnings)
	}
	got := []string{cfg.Server.Listen, cfg.Server.Data, cfg.Server.Store.Reveal(), cfg.Server.PublicURL, cfg.Server.Browser}
	want := []string{"127.0.0.1:0", "/var/lib/postflight", "sqlite", "https://postflight.test", "other-browser"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("server (-got +want):\n%s", diff)
	}
	for _, line := range []string{
		`listen: "127.0.0.1:0" # env POSTFLIGHT_LISTEN`, "public_url: https://postflight.test # line 4", "store: sqlite # env POSTFLIGHT_STORE",
	} {
		if !strings.Contains(cfg.Effective(), line+"\n") {
			t.Errorf("effective configuration lacks %q:\n%s", line, cfg.Effective())
		}
	}
}

// index of list entries, and names of sections by name.
var listIndex = regexp.MustCompile(`\[\d+\]`)

// general turns a full key into the key of the reference: names become "*",
// indices "[]".
func general(key string) string {
	parts := strings.Split(listIndex.ReplaceAllString(key, "[]"), ".")
	for i := 1; i < len(parts); i++ {
		switch parts[i-1] {
		case "products", "channels", "integrations", "vars", "secrets", "env":
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}

func TestEveryDocumentedKeyIsAcceptedAndEverySlipRefused(t *testing.T) {
	t.Parallel()
	cfg, dir := loadFull(t)
	_, text := unpackFull(t)
	documented := schemaKeys(t)
	seen := map[string]bool{}
	for key := range cfg.src.keys {
		if last := key[strings.LastIndexByte(key, '.')+1:]; strings.HasSuffix(last, "]") {
			continue
		}
		if g := general(key); !strings.HasSuffix(g, "*") {
			seen[g] = true
		}
	}
	for key := range documented {
		if !seen[key] {
			t.Errorf("testdata/full.yaml does not use documented key %s", key)
		}
	}
	for key := range seen {
		if !documented[key] {
			t.Errorf("accepted key %s is not in the schema", key)
		}
	}
	lines := strings.Split(text, "\n")
	slips := 0
	for key, where := range cfg.src.keys {
		if !documented[general(key)] || strings.HasSuffix(key, "]") {
			continue
		}
		delete(documented, general(key)) // once is enough
		name := key[strings.LastIndexByte(key, '.')+1:]
		for _, slip := range misspellings(name) {
			slips++
			changed := slices.Clone(lines)
			line := changed[where.line-1]
			changed[where.line-1] = line[:where.col-1] + slip + line[where.col-1+len(name):]
			_, _, err := parse(filepath.Join(dir, "postflight.yaml"), []byte(strings.Join(changed, "\n")), Options{Environ: fullEnv})
			if err := slipTold(err, where.line, slip, name); err != nil {
				t.Errorf("%s for %s: %v", slip, key, err)
			}
		}
	}
	if slips < 800 {
		t.Errorf("only %d slips tried", slips)
	}
}

// slipTold checks that a slip is told where it stands, with the right remedy.
func slipTold(err error, line int, slip, name string) error {
	problems, ok := err.(Errors)
	if !ok {
		return fmt.Errorf("accepted (%v)", err)
	}
	for _, p := range problems {
		if p.Line == line && strings.Contains(p.Message, fmt.Sprintf("unknown key %q", slip)) {
			// Of two that are as near, such as lcp and fcp, either will do.
			if p.Nearest != name && distance(slip, p.Nearest) != distance(slip, name) {
				return fmt.Errorf("suggests %q, want %q", p.Nearest, name)
			}
			return nil
		}
	}
	return fmt.Errorf("not told: %v", problems)
}

// misspellings are the one-letter slips of a key: a letter left out, doubled,
// replaced or swapped with its neighbour.
func misspellings(name string) []string {
	var out []string
	for i := range name {
		out = append(out, name[:i]+name[i:i+1]+name[i:], name[:i]+"z"+name[i+1:])
		if len(name) > 2 {
			out = append(out, name[:i]+name[i+1:])
		}
		if i+1 < len(name) && name[i] != name[i+1] {
			out = append(out, name[:i]+name[i+1:i+2]+name[i:i+1]+name[i+2:])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
