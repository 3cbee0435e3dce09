package app_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/app"
)

// TestScopeReachesTheChat tells a whole server over its API what a change
// ships, reads it in the chat once, releases it, and reads the release page.
func TestScopeReachesTheChat(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole server with a real browser")
	}
	t.Parallel()
	d := openDemo(t, t.TempDir())
	secret, err := d.App.Doorkeeper().CreateToken(t.Context(), "ci", access.Responder, "test")
	if err != nil {
		t.Fatal(err)
	}
	ci, err := client.New(d.App.URL(), secret)
	if err != nil {
		t.Fatal(err)
	}
	products, err := ci.Products(t.Context())
	if err != nil || len(products) == 0 {
		t.Fatalf("products %v, %v", products, err)
	}
	shop := products[0].ID
	const commit, evil = "c0ffee0123456789c0ffee0123456789c0ffee01", "<!channel> <https://evil.example|click> *x*"
	report := client.ScopeReport{
		Title: evil, Base: "ba5eba5eba5eba5e", Version: "v9",
		Products: []client.ScopeProduct{{Name: shop, Scope: "ship", Chain: []client.ScopeStep{
			{Kind: "file", Name: "packages/ui/button.tsx", Why: "changed"}, {Kind: "unit", Name: "@acme/ui"}, {Kind: "product", Name: shop},
		}}},
		Routes: []string{"/gift-wrapping"}, RoutesKnown: true,
	}
	for i, want := range []bool{true, false} {
		got, err := ci.ReportScope(t.Context(), commit, report)
		if err != nil || got.New != want || len(got.Told) != 1 || got.Told[0] != "on-call" || len(got.Products[0].Journeys) == 0 {
			t.Fatalf("report %d: %+v, %v", i, got, err)
		}
	}
	roots := func() []string {
		var out []string
		for _, m := range d.Chat.Roots() {
			if text := m.Text + string(m.Blocks); strings.Contains(text, "This change will") {
				out = append(out, text)
			}
		}
		return out
	}
	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.After(time.Minute); ; {
			changed := d.App.Changed()
			if ok() {
				return
			}
			select {
			case <-changed:
			case <-deadline:
				t.Fatalf("%s: the chat reads %q", what, roots())
			}
		}
	}
	until("told", func() bool { return len(roots()) == 1 })
	report.All = "the lockfile does not parse"
	if _, err := ci.ReportScope(t.Context(), commit, report); err != nil {
		t.Fatal(err)
	}
	until("told of the new result", func() bool { return strings.Contains(roots()[0], "the lockfile does not parse") })
	if all := roots(); len(all) != 1 || !strings.Contains(all[0], "packages/ui/button.tsx → @acme/ui") || !strings.Contains(all[0], "/gift-wrapping") ||
		strings.Contains(all[0], "<!channel>") || strings.Contains(all[0], "|click>") {
		t.Errorf("the chat reads %q", all)
	}
	if bad := d.Chat.Unexpected(); len(bad) > 0 {
		t.Errorf("the chat would have refused: %v", bad)
	}
	r, err := ci.Announce(t.Context(), shop, client.Announcement{Version: "v9", Commit: commit})
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, d, "/releases/"+r.Release.ID)
	for _, want := range []string{"What this change ships", "All products, because the lockfile does not parse", "packages/ui/button.tsx", "told on on-call", "/gift-wrapping"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// read returns a page as a viewer sees it.
func read(t *testing.T, d *app.Demo, path string) string {
	t.Helper()
	link, err := d.App.Doorkeeper().CreateLink(t.Context(), "QA", access.Viewer, "test")
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{Jar: jar, Timeout: time.Minute}
	resp, err := c.PostForm(d.App.URL()+"/sign-in", url.Values{"link": {link}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp, err = c.Get(d.App.URL() + path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
	}
	return string(body)
}
