package player

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// deviations are the recordings that we mean to play otherwise than the
// reference runner, and why.
func deviations() map[string]string {
	return map[string]string{
		"empty":                     "a journey that asserts nothing is no witness",
		"nothing":                   "a journey that asserts nothing is no witness",
		"custom-unknown":            "it does nothing for a customStep",
		"custom-own":                "it does nothing for a customStep",
		"custom-see-fails":          "it does nothing for a customStep",
		"press":                     "it does nothing for a customStep",
		"navigate-missing":          "it does not look at answers, nor where a navigation ended",
		"follow-missing":            "it does not look at answers, nor where a navigation ended",
		"call-broken":               "it does not look at answers, nor where a navigation ended",
		"follow-dead-link":          "it does not look at answers, nor where a navigation ended",
		"navigate-elsewhere-strict": "x-strict is ours",
		"navigate-title-strict":     "x-strict is ours",
		"soft":                      "x-soft and x-cleanup are ours",
		"cleanup":                   "x-soft and x-cleanup are ours",
		"navigate-newtab":           "headless it has no new tab page",
		"navigate-too-slow":         "it passes the step's time-out to no navigation",
		"ready-covered":             "it clicks what covers a button, and fills what is read-only",
		"ready-uncovered":           "it clicks what covers a button, and fills what is read-only",
		"change-locked":             "it clicks what covers a button, and fills what is read-only",
		"ready-dialogs":             "it answers no dialogs",
		"frame-by-target":           "it finds frames by address only when they have a process of their own",
		"expression-throws-first":   "an expression that throws ends its wait",
		"selector-prefix":           "it cannot read css/ selectors, nor aria ones in shadow roots",
		"selector-mixed":            "it cannot read css/ selectors, nor aria ones in shadow roots",
		"network-slow":              "it leaves before the page has told",
		"scroll-default":            "it leaves before the page has told",
		"follow-hash":               "it leaves before the page has told",
		"scroll-element":            "it leaves before the page has told",
	}
}

// TestReference plays the conformance recordings with the reference runner, and
// holds that it comes to the same: passes where we pass, fails where we fail,
// and the pages see the same. It needs node and POSTFLIGHT_REPLAY, a folder with
// @puppeteer/replay and puppeteer-core installed.
func TestReference(t *testing.T) {
	peers := os.Getenv("POSTFLIGHT_REPLAY")
	node, err := exec.LookPath("node")
	if peers == "" || err != nil {
		t.Skip("POSTFLIGHT_REPLAY is not set, or there is no node")
	}
	t.Parallel()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range conformance() {
		t.Run(name, func(t *testing.T) {
			if why := deviations()[name]; why != "" {
				t.Skip("on purpose: " + why)
			}
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()
			raw, err := os.ReadFile(filepath.Join("testdata/recordings", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			site := newVenue(t)
			file := filepath.Join(t.TempDir(), name+".json")
			doc := strings.NewReplacer("http://site.test", site.URL, "http://other.test", site.other()).Replace(string(raw))
			if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, node, "testdata/reference.mjs", peers, bin.Path, file).Output()
			got := strings.TrimSpace(string(out))
			if err != nil || strings.HasPrefix(got, "pass") != (want.class == "") {
				t.Errorf("got %q (%v), want class %q %q", got, err, want.class, want.words)
			}
			if diff := cmp.Diff(site.seen(), want.log); diff != "" && len(site.seen())+len(want.log) > 0 {
				t.Errorf("the pages saw (-reference +ours):\n%s", diff)
			}
		})
	}
}
