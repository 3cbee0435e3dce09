package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/app"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/notify"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/slacktest"
	"github.com/postflight/postflight/internal/smtptest"
)

// site is a small team's product, unlike the demo: plain files behind a link,
// the version in a JSON file, no side slot for older releases.
type site struct {
	dir string
	srv *httptest.Server
}

// newSite serves whatever current points at.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.add(t, "1.0.0", `document.querySelector("h1").textContent = "Welcome"`)
	s.point(t, "1.0.0")
	s.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dir, err := filepath.EvalSymlinks(filepath.Join(s.dir, "current"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.FileServerFS(os.DirFS(dir)).ServeHTTP(w, r)
	}))
	t.Cleanup(s.srv.Close)
	return s
}

// add writes a release directory.
func (s *site) add(t *testing.T, version, script string) {
	t.Helper()
	dir := filepath.Join(s.dir, "releases", version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"index.html":   `<!doctype html><title>Site</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"><h1>…</h1><script src="/app.js"></script>`,
		"style.css":    "h1 { color: #123 }",
		"app.js":       script,
		"version.json": fmt.Sprintf(`{"build":{"version":%q}}`, version),
	}
	for name, text := range files {
		if script == "" && name == "app.js" {
			continue // the build forgot it
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// point moves the pointer, as a deployment does.
func (s *site) point(t *testing.T, version string) {
	t.Helper()
	tmp := filepath.Join(s.dir, "next")
	if err := os.Symlink(filepath.Join("releases", version), tmp); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(s.dir, "current")); err != nil {
		t.Fatal(err)
	}
}

func (s *site) live(t *testing.T) string {
	t.Helper()
	to, err := os.Readlink(filepath.Join(s.dir, "current"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(to)
}

// hook receives signed webhooks.
type hook struct {
	mu     sync.Mutex
	events []notify.Event
	forged int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	var ev notify.Event
	if notify.VerifySignature("hook-secret-of-the-test", r.Header, body, time.Now()) != nil || json.Unmarshal(body, &ev) != nil {
		h.forged++
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	h.events = append(h.events, ev)
}

func (h *hook) heard() (names []string, forged int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		names = append(names, string(e.Op)+" "+e.Event)
	}
	return names, h.forged
}

const siteRecording = `{"title": "Say hello", "timeout": 5000, "steps": [
	{"type": "navigate", "url": "https://site.example/"},
	{"type": "waitForElement", "selectors": ["text/Welcome"]}
]}`

const siteConfig = `
server: {data: data, incident_hold: 2s}
channels:
  chat: {slack: {token: "${CHAT_TOKEN}", channel: C1, api_url: %[1]s/api/}}
  hook: {webhook: {url: "%[2]s", secret: "${HOOK_SECRET}"}}
  mail: {email: {smtp: "%[3]s:%[4]d", from: pf@example.com, to: [oncall@example.com], tls: none}}
products:
  site:
    url: %[5]s
    version: {json: build.version, path: /version.json, every: 300ms}
    journeys: [{file: hello.json, timeout: 15s}]
    pages: [/]
    rollback:
      automatic: true
      command: [sh, -c, "ln -s releases/$1 $2/undo && mv -T $2/undo $2/current", sh, "{version}", "%[6]s"]
    notify: [chat, hook, mail]
    watch: {for: 15s, every: 3s, settle: 10s}
`

// team is a running server that watches a site, and everything it talks to.
type team struct {
	app  *app.App
	site *site
	chat *slacktest.Server
	hook *hook
	mail *smtptest.Server
}

func newTeam(t *testing.T) *team {
	t.Helper()
	tm := &team{site: newSite(t), hook: &hook{}}
	var err error
	if tm.chat, err = slacktest.New(slacktest.Options{Token: "xoxb-1", Channels: []slacktest.Channel{{ID: "C1", Name: "ops"}}}); err != nil {
		t.Fatal(err)
	}
	if tm.mail, err = smtptest.Start(smtptest.Options{}); err != nil {
		t.Fatal(err)
	}
	chat, hooks := httptest.NewServer(tm.chat), httptest.NewServer(tm.hook)
	t.Cleanup(func() { tm.chat.Close(); chat.Close(); hooks.Close(); tm.mail.Close() })
	dir := t.TempDir()
	text := fmt.Sprintf(siteConfig, chat.URL, hooks.URL, tm.mail.Host, tm.mail.Port, tm.site.srv.URL, tm.site.dir)
	for name, content := range map[string]string{"postflight.yaml": text, "hello.json": siteRecording} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := config.Load(filepath.Join(dir, "postflight.yaml"), config.Options{
		JourneyLint: app.CheckJourney, Environ: []string{"CHAT_TOKEN=xoxb-1", "HOOK_SECRET=hook-secret-of-the-test", "POSTFLIGHT_LISTEN=127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	tm.app, err = app.Open(ctx, app.Options{
		Config: cfg, Version: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- tm.app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return tm
}

// until waits for a condition that events of the house bring about.
func (tm *team) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for {
		changed := tm.app.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

func (tm *team) judged(t *testing.T, version string) release.Judgement {
	t.Helper()
	rows, err := tm.app.Releases(t.Context(), "site")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Version == version {
			return r.Judgement
		}
	}
	return ""
}

func (tm *team) open(t *testing.T) []incident.Incident {
	t.Helper()
	all, err := tm.app.Incidents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPlainSiteWithoutSideSlot follows a product unlike the demo: noticed, not
// announced; nothing to compare with; undone by a command; told on three kinds
// of channel.
func TestPlainSiteWithoutSideSlot(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs most of a minute")
	}
	tm := newTeam(t)
	tm.until(t, "the baseline is good", func() bool { return tm.judged(t, "1.0.0") == release.Good })

	// Two witnesses, the journey and the crawl: undone by itself.
	tm.site.add(t, "1.1.0", "")
	tm.site.point(t, "1.1.0")
	tm.until(t, "resolved", func() bool {
		all := tm.open(t)
		return len(all) == 1 && all[0].State == incident.Resolved
	})
	if got := tm.site.live(t); got != "1.0.0" {
		t.Errorf("%s is served", got)
	}
	_, _, err := tm.app.Desk().Announce(t.Context(), release.Announcement{Product: "site", Version: "1.1.0"})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("the bad version may be released again: %v", err)
	}
	story := []string{"opened", "rolled_back", "mitigated", "resolved"}
	var forged int
	tm.until(t, "everybody heard all of it", func() bool {
		var names []string
		names, forged = tm.hook.heard()
		for _, want := range story {
			if !strings.Contains(strings.Join(names, ","), want) {
				return false
			}
		}
		return len(tm.chat.Thread(tm.chat.Roots()[0].TS)) >= len(story)-1 && len(tm.mail.Messages()) >= len(story)
	})
	for _, m := range tm.mail.Messages()[1:] {
		if p, err := m.Parse(); err != nil || p.Header.Get("In-Reply-To") == "" {
			t.Errorf("a mail that answers no other: %v, %v", p, err)
		}
	}
	if forged > 0 || len(tm.chat.Roots()) != 1 || len(tm.chat.Unexpected()) > 0 {
		t.Errorf("forged %d, roots %d, unexpected %v", forged, len(tm.chat.Roots()), tm.chat.Unexpected())
	}
}

// TestOneWitnessIsToldNotUndone: a journey alone, with nothing to compare it
// with, is told to people, who decide.
func TestOneWitnessIsToldNotUndone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("needs most of a minute")
	}
	tm := newTeam(t)
	tm.until(t, "the baseline is good", func() bool { return tm.judged(t, "1.0.0") == release.Good })
	tm.site.add(t, "1.2.0", `document.querySelector("h1").textContent = "Welkom"`)
	tm.site.point(t, "1.2.0")
	tm.until(t, "paged", func() bool {
		all := tm.open(t)
		return len(all) == 1 && !all[0].Paged.IsZero()
	})
	if got := tm.site.live(t); got != "1.2.0" {
		t.Fatalf("undone on one witness: %s is served", got)
	}
	if err := tm.app.Desk().Rollback(t.Context(), tm.open(t)[0].Release, "ann"); err != nil {
		t.Fatal(err)
	}
	tm.until(t, "recovered", func() bool { return !tm.open(t)[0].Mitigated.IsZero() })
	if got := tm.site.live(t); got != "1.0.0" {
		t.Errorf("%s is served", got)
	}
}
