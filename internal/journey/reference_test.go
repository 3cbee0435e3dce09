package journey

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
var deviations = map[string]string{}

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
			if why := deviations[name]; why != "" {
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
