package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const somewhere = "http://127.0.0.1:9"

func installed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := Install(t.Context(), dir, InstallOptions{PaymentsURL: somewhere}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func live(t *testing.T, dir string) string {
	t.Helper()
	name, err := Live(dir)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDeployRefuses(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	for scenario, want := range map[string]error{
		"provider-down": ErrNoRelease, "../v1": ErrUnknownScenario, "": ErrUnknownScenario, "v1": ErrUnknownScenario,
	} {
		if _, err := Deploy(t.Context(), dir, scenario); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", scenario, err, want)
		}
	}
	empty := t.TempDir()
	if _, err := Deploy(t.Context(), empty, "healthy"); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("empty directory: got %v", err)
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 0 {
		t.Errorf("a refused deployment left %v, %v", entries, err)
	}
	if _, err := New(Options{Dir: empty}); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("shop of an empty directory: %v", err)
	}
	if got := Releases(dir); !slices.Equal(got, []string{"v1"}) {
		t.Errorf("releases: %v", got)
	}
	for _, bad := range []string{"", "ftp://x", "127.0.0.1:80", "http://"} {
		if err := Install(t.Context(), empty, InstallOptions{PaymentsURL: bad}); err == nil {
			t.Errorf("payments URL %q was taken", bad)
		}
	}
}

func TestVersionsAreNeverReused(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	seen := map[string]bool{"v1": true}
	commits := map[string]bool{}
	for i := range 4 {
		d, err := Deploy(t.Context(), dir, "healthy")
		if err != nil {
			t.Fatal(err)
		}
		if seen[d.Version] || commits[d.Commit] {
			t.Errorf("deployment %d: %+v was there before", i, d)
		}
		seen[d.Version], commits[d.Commit] = true, true
		if err := flip(dir, "v1"); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "releases", d.Version)); err != nil {
			t.Fatal(err)
		}
	}
	if !seen["v5"] {
		t.Errorf("versions: %v", seen)
	}
}

func TestConcurrentDeploymentsQueue(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	versions := make([]string, 4)
	var wg sync.WaitGroup
	for i := range versions {
		wg.Go(func() {
			d, err := Deploy(t.Context(), dir, "healthy")
			if err != nil {
				t.Error(err)
			}
			versions[i] = d.Version
		})
	}
	wg.Wait()
	slices.Sort(versions)
	if diff := cmp.Diff(versions, []string{"v2", "v3", "v4", "v5"}); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	unlock, err := lock(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	cancel()
	if _, err := Deploy(ctx, dir, "healthy"); !errors.Is(err, context.Canceled) {
		t.Errorf("deployment beside another: %v", err)
	}
}

func TestOldReleasesGoTheLiveAndItsOriginStay(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	for range 4 {
		if _, err := Deploy(t.Context(), dir, "healthy"); err != nil {
			t.Fatal(err)
		}
	}
	for range keepReleases + 3 { // each is rolled back to v5
		d, err := Deploy(t.Context(), dir, "static-500")
		if err != nil {
			t.Fatal(err)
		}
		if d.Previous != "v5" || live(t, dir) != d.Version {
			t.Fatalf("deployed %+v, live %s", d, live(t, dir))
		}
		if err := flip(dir, "v5"); err != nil {
			t.Fatal(err)
		}
	}
	got := Releases(dir)
	for _, want := range []string{"v1", "v4", "v5", "v16", "v15", "v9"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is gone: %v", want, got)
		}
	}
	if len(got) != keepReleases+3 || slices.Contains(got, "v8") || slices.Contains(got, "v2") {
		t.Errorf("releases kept: %v", got)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "releases"))
	if err != nil || len(entries) != len(got) {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

func TestInstallFollowsTheProviderAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	dir := installed(t)
	if _, err := Deploy(t.Context(), dir, "integration-loop"); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "releases", "v1", "config.json")
	var c map[string]any
	if err := readJSON(own, &c); err != nil {
		t.Fatal(err)
	}
	c["payments_url"] = "https://pay.example"
	if err := writeJSON(own, c); err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), dir, InstallOptions{PaymentsURL: "http://127.0.0.1:10/"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"v1", "v2"} {
		var s settings
		if err := readJSON(filepath.Join(dir, "releases", name, "config.json"), &s); err != nil {
			t.Fatal(err)
		}
		got[name] = s.PaymentsURL
	}
	if diff := cmp.Diff(got, map[string]string{"v1": "https://pay.example", "v2": "http://127.0.0.1:10/api"}); diff != "" {
		t.Error(diff)
	}
	if live(t, dir) != "v2" {
		t.Error("installing again changed the live release")
	}
	if err := Install(t.Context(), dir, InstallOptions{PaymentsURL: somewhere, Reset: true}); err != nil {
		t.Fatal(err)
	}
	var s settings
	if err := readJSON(own, &s); err != nil || s.PaymentsURL != somewhere || live(t, dir) != "v1" {
		t.Errorf("after a reset: %q, live %s, %v", s.PaymentsURL, live(t, dir), err)
	}
}

func TestLinkThatPointsElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/etc", "releases", "../v1", "releases/v1/../../..", "releases/latest"} {
		dir := installed(t)
		link := filepath.Join(dir, "current")
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
		if name, err := Live(dir); err == nil {
			t.Errorf("%s: taken as %s", target, name)
		}
	}
}

// A flip while visitors come: every answer is whole and of one release.
func TestFlipIsNeverSeenHalfDone(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.deploy("healthy")
	script := map[string]string{}
	for _, v := range []string{"v1", "v2"} {
		page := s.getHost("/book", v+".localhost").body
		for _, link := range assets(page) {
			if strings.HasSuffix(link, ".js") {
				script[v] = link
			}
		}
	}
	if script["v1"] == "" || script["v1"] == script["v2"] {
		t.Fatalf("scripts: %v", script)
	}
	var wg sync.WaitGroup
	var stop atomic.Bool
	var seen sync.Map
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				if v, err := readOnce(t.Context(), s.url, script); err != nil {
					t.Error(err)
					return
				} else {
					seen.Store(v, true)
				}
			}
		})
	}
	deadline := time.Now().Add(time.Minute)
	for i := 0; ; i++ {
		if err := flip(s.dir, []string{"v1", "v2"}[i%2]); err != nil {
			t.Fatal(err)
		}
		_, one := seen.Load("v1")
		_, two := seen.Load("v2")
		if i >= 300 && one && two || t.Failed() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("visitors did not see both releases")
		}
	}
	stop.Store(true)
	wg.Wait()
}

// readOnce reads a page and its script, and returns the release it met.
func readOnce(ctx context.Context, url string, script map[string]string) (string, error) {
	fetch := func(path string) (*http.Response, string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		if err != nil {
			return nil, "", err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	page, body, err := fetch("/book")
	if err != nil {
		return "", err
	}
	v := page.Header.Get("X-Release")
	if page.StatusCode != 200 || !strings.Contains(body, `content="`+v+`"`) || !strings.Contains(body, script[v]) {
		return v, fmt.Errorf("a mixed page: %d of %q", page.StatusCode, v)
	}
	js, code, err := fetch(script[v])
	if err != nil {
		return v, err
	}
	if js.StatusCode != 200 || !strings.Contains(code, "sourceMappingURL") {
		return v, fmt.Errorf("script of %s: %d", v, js.StatusCode)
	}
	return v, nil
}
