package suite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// versions are the Playwrights that are tested: the oldest that is supported,
// and the newest that this node can run.
var versions = []string{"1.40.1", "latest"}

// bench gives what the tests share.
type bench struct {
	once map[string]*sync.Once
	dirs map[string]string
	errs map[string]error
	turn chan struct{} // bounds the browsers at once
}

var shared = func() *bench {
	b := &bench{once: map[string]*sync.Once{}, dirs: map[string]string{}, errs: map[string]error{}, turn: make(chan struct{}, 2)}
	for _, v := range versions {
		b.once[v] = new(sync.Once)
		b.dirs[v], b.errs[v] = "", nil
	}
	return b
}()

// require skips loudly, or fails where the machine is said to have everything.
func require(t *testing.T, ok bool, format string, args ...any) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("POSTFLIGHT_REQUIRE_PLAYWRIGHT") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf("PLAYWRIGHT NOT TESTED: "+format, args...)
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("POSTFLIGHT_BROWSER"), "chromium-headless-shell", "chrome-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require(t, false, "no Chromium on this machine")
	return ""
}

var mutex sync.Mutex

// modules returns a node_modules folder with one version of @playwright/test,
// installed once and kept in the user's cache.
func modules(t *testing.T, version string) string {
	t.Helper()
	for _, name := range []string{"node", "npm"} {
		_, err := exec.LookPath(name)
		require(t, err == nil, "%s is not installed", name)
	}
	shared.once[version].Do(func() {
		dir, err := install(version)
		mutex.Lock()
		defer mutex.Unlock()
		shared.dirs[version], shared.errs[version] = dir, err
	})
	mutex.Lock()
	defer mutex.Unlock()
	require(t, shared.errs[version] == nil, "@playwright/test %s cannot be had: %v", version, shared.errs[version])
	return shared.dirs[version]
}

func install(version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "postflight-test", "playwright-"+version)
	done := filepath.Join(home, "node_modules")
	if _, err := os.Stat(filepath.Join(done, ".bin", "playwright")); err == nil {
		return done, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(home), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := os.WriteFile(filepath.Join(fresh, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "@playwright/test@"+version)
	cmd.Dir = fresh
	cmd.Env = append(os.Environ(), "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install: %w: %.500s", err, out)
	}
	if err := os.Rename(fresh, home); err != nil {
		if _, there := os.Stat(filepath.Join(done, ".bin", "playwright")); there != nil {
			return "", err
		}
	}
	return done, nil
}

// config is a configuration that a user would write.
const config = `
module.exports = {
  testDir: './tests', retries: Number(process.env.RETRIES || 0), workers: 1, timeout: 15000,
  reporter: [['list'], ['json', { outputFile: 'theirs.json' }], ['html', { open: 'never' }]],
  use: {
    screenshot: 'only-on-failure', trace: process.env.TRACE || 'off',
    launchOptions: { executablePath: process.env.POSTFLIGHT_CHROMIUM },
    extraHTTPHeaders: process.env.POSTFLIGHT_SYNTHETIC ? { 'Postflight-Synthetic': process.env.POSTFLIGHT_SYNTHETIC } : {},
  },
};`

// project writes a user's project around one version of Playwright.
func project(t *testing.T, version string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if version != "" {
		if err := os.Symlink(modules(t, version), filepath.Join(dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "playwright.config.js", config)
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// spec is a file of tests.
func spec(body string) map[string]string {
	return map[string]string{"tests/shop.spec.js": "const { test, expect } = require('@playwright/test');\n" + body}
}

// blobs keeps evidence in memory.
type blobs struct {
	mu   sync.Mutex
	kept map[string][]byte
	err  error
}

func (b *blobs) Put(_ context.Context, _ string, r io.Reader, limit int64) (string, int64, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		err = b.err
	}
	if err != nil {
		return "", 0, err
	}
	sum := sha256.Sum256(data)
	key := hex.EncodeToString(sum[:])
	if b.kept == nil {
		b.kept = map[string][]byte{}
	}
	b.kept[key] = data
	return key, int64(len(data)), nil
}

// shop is the product: a page, and what it was asked for.
type shop struct {
	*httptest.Server
	mu     sync.Mutex
	marker []string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.marker = append(s.marker, r.Header.Get("Postflight-Synthetic"))
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><title>Shop</title><h1>Flight 7</h1><button>Book</button>`)
	}))
	t.Cleanup(s.Close)
	return s
}

// play runs a suite with all that the tests need.
func playSuite(t *testing.T, q Request, kept *blobs) signal.Signal {
	t.Helper()
	binary := chromium(t)
	shared.turn <- struct{}{}
	defer func() { <-shared.turn }()
	if q.Timeout == 0 {
		q.Timeout = 2 * time.Minute
	}
	q.Look.Kind, q.Look.Name = signal.Journey, "checkout"
	dir := t.TempDir()
	s := New(Options{Blobs: kept, Binary: binary, Worker: "here", Dir: dir}).Run(t.Context(), q)
	left, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	t.Logf("%s: %s", s.Outcome, s.Summary)
	return s
}

func request(dir, base string, files ...string) Request {
	return Request{Look: watch.Look{Base: base}, Suite: product.Suite{Dir: dir, Files: files, Env: map[string]string{}}}
}
