package web

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/verdict"
)

var shotsDir = flag.String("shots", "", "take screenshots of the fixture's pages into this directory")

var shotsOnly = flag.String("shots-only", "", "take only the pages whose name contains this")

// burning is the full world before anything was done about it.
func burning() *world {
	w := fullWorld()
	in := &w.incidents[0].Incident
	in.State, in.Acted, in.Mitigated = incident.Triggered, time.Time{}, time.Time{}
	w.incidents[0].Rollbacks = nil
	v := w.releases["r42"]
	v.State.Live, v.State.LastGood = "r42", "r41"
	v.State.Pin = nil
	v.Rollbacks, v.Incidents = nil, []incident.Incident{*in}
	w.releases["r42"] = v
	w.standings[0].State = v.State
	bad := v.Release
	w.standings[0].Live = &bad
	w.standings[0].Verdict = &v.Verdicts[0]
	w.standings[0].Watch = nil
	w.releases["r50"] = ReleaseView{
		Release: release.Release{ID: "r50", Product: "workshop", Version: "2026.11.22-1", Source: release.Noticed, At: at(90)},
		State:   release.State{Product: "workshop", Live: "r50", LastGood: "r41"}, Verdicts: []verdict.Verdict{{State: verdict.Observing, At: at(90.5), Summary: "Waiting for the first looks."}},
	}
	return w
}

// TestScreenshots is for people: go test -run TestScreenshots -shots DIR.
func TestScreenshots(t *testing.T) {
	if *shotsDir == "" {
		t.Skip("no -shots directory was given")
	}
	bin, err := exec.LookPath("chromium-headless-shell")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(*shotsDir, 0o755); err != nil {
		t.Fatal(err)
	}
	worlds := map[string]*world{"full": fullWorld(), "burning": burning(), "empty": emptyWorld()}
	pages := []struct {
		world, name, path, who string
		wide, narrow           int
	}{
		{"full", "products", "/", "admin", 1700, 3200},
		{"burning", "release", "/releases/r42", "responder", 3600, 5200},
		{"full", "release-after", "/releases/r42", "viewer", 1200, 1400},
		{"burning", "release-fresh", "/releases/r50", "viewer", 1800, 2000},
		{"full", "product", "/products/workshop", "admin", 1200, 2400},
		{"full", "incidents", "/incidents", "viewer", 700, 800},
		{"burning", "incident", "/incidents/INC-12", "responder", 1500, 2900},
		{"full", "postmortem", "/incidents/INC-12/postmortem", "responder", 1900, 2400},
		{"full", "drills", "/drills", "admin", 1400, 2600},
		{"full", "drill", "/drills/d3", "viewer", 900, 1400},
		{"full", "journeys", "/journeys", "viewer", 1100, 2600},
		{"full", "run", "/signals/s1", "responder", 3700, 6200},
		{"full", "run-pass", "/signals/s9", "viewer", 2200, 3000},
		{"full", "running", "/running/run-1", "viewer", 1000, 800},
		{"full", "trend", "/journeys/workshop/book", "viewer", 2300, 3600},
		{"empty", "empty-journeys", "/journeys", "viewer", 600, 800},
		{"empty", "empty-trend", "/journeys/workshop/book", "viewer", 1000, 1200},
		{"full", "settings", "/settings", "admin", 1300, 2000},
		{"full", "event", "/events/105", "viewer", 1200, 1400},
		{"empty", "empty-products", "/", "viewer", 1000, 1900},
		{"empty", "error", "/releases/none", "viewer", 600, 800},
		{"empty", "sign-in", "/sign-in", "", 700, 844},
		{"empty", "sign-in-link", "/sign-in?link=pf_GOODLINK", "", 700, 844},
	}
	for _, p := range pages {
		if !strings.Contains(p.name, *shotsOnly) {
			continue
		}
		h := New(worlds[p.world].options(t))
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p.who != "" {
				r.AddCookie(&http.Cookie{Name: "postflight", Value: p.who})
			}
			h.ServeHTTP(w, r)
		}))
		for _, scheme := range []string{"light", "dark"} {
			for _, size := range []struct{ w, h int }{{1280, p.wide}, {390, p.narrow}} {
				file := filepath.Join(*shotsDir, p.name+"-"+strconv.Itoa(size.w)+"-"+scheme+".png")
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				setting := "preferredColorScheme=1"
				if scheme == "dark" {
					setting = "preferredColorScheme=0"
				}
				out, err := exec.CommandContext(ctx, bin, "--no-sandbox", "--hide-scrollbars", "--blink-settings="+setting,
					"--window-size="+strconv.Itoa(size.w)+","+strconv.Itoa(size.h), "--timeout=4000", "--screenshot="+file, srv.URL+p.path).CombinedOutput()
				cancel()
				if err != nil {
					t.Errorf("%s: %v\n%s", file, err, out)
				}
			}
		}
		srv.CloseClientConnections()
		srv.Close()
	}
}
