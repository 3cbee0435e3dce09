package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/check"
	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/store"
	"github.com/postflight/postflight/internal/watch"
)

const signIn = `title: Sign in
steps:
  - open: /
  - fill: {label: Password, with: "{{secret.password}}"}
  - click: {role: button, name: Sign in}
  - see: welcome {{who}}
`

const signInPage = `<!doctype html><title>Shop</title><label>Password <input id=p></label>
<button onclick="document.body.append(document.getElementById('p').value === 'correct horse' ? 'welcome ann' : 'wrong')">Sign in</button>`

// kitchen is the hands of an app with real browsers and one product.
func kitchen(t *testing.T, p product.Product) *hands {
	t.Helper()
	blobs, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	s, err := store.Open(t.Context(), store.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "state.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	a := &App{products: []product.Product{p}, blobs: blobs, store: s, log: slog.New(slog.DiscardHandler), now: time.Now, runs: newRuns(time.Now)}
	a.o.Config, a.o.Version = &config.Config{}, "test"
	return &hands{
		store: s, products: map[product.ID]product.Product{p.ID: p}, play: a.newPlayers(t.Context()), runs: a.runs,
		album:  album{store: s, blobs: blobs},
		looker: check.New(check.Options{Worker: "check", Now: time.Now}), key: make([]byte, 32), log: a.log, now: time.Now,
	}
}

// TestConfiguredJourneyIsPlayed plays a hand-written journey as the
// configuration wants it, in both browsers: values, fence, quarantine.
func TestConfiguredJourneyIsPlayed(t *testing.T) {
	t.Parallel()
	if _, err := browser.Find(t.Context(), ""); err != nil {
		t.Skipf("no browser: %v", err)
	}
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the fence let %s through", r.URL)
	}))
	defer stranger.Close()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Version", "v2")
		_, _ = fmt.Fprint(w, signInPage)
		if strings.HasPrefix(r.URL.Path, "/outside") {
			_, _ = fmt.Fprintf(w, `<img src="%s/pixel.png">`, strings.Replace(stranger.URL, "127.0.0.1", "localhost", 1))
		}
	}))
	defer shop.Close()
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	j := product.Journey{
		ID: "sign-in", File: file("sign-in.yaml", signIn), Timeout: time.Minute, Hosts: []string{}, Errors: "fail",
		Vars: map[string]string{"who": "ann"}, Secrets: map[string]string{"password": "correct horse"},
	}
	if err := CheckJourney(j); err != nil {
		t.Fatalf("check: %v", err)
	}
	poor := j
	poor.Secrets = nil
	if err := CheckJourney(poor); err == nil || !strings.Contains(err.Error(), "secret.password") {
		t.Errorf("a journey whose secret is not configured: %v", err)
	}
	p := product.Product{
		ID: "shop", Name: "Shop", URL: shop.URL, Version: product.VersionSource{Kind: product.VersionHeader, Name: "X-Version"},
	}
	outside := j
	outside.ID, outside.File = "outside", file("outside.yaml", strings.Replace(signIn, "open: /", "open: /outside", 1))
	outside.Quarantine = &product.Quarantine{Until: time.Now().Add(time.Hour), Owner: "ann", Reason: "tracker"}
	whole := j
	whole.ID, whole.Full = "whole", true
	gone := j
	gone.ID, gone.File = "gone", "/nowhere.yaml"
	p.Journeys = []product.Journey{j, outside, whole, gone}
	h := kitchen(t, p)
	play := func(id string) signal.Signal {
		l := watch.Look{Watch: "w", Product: "shop", Kind: signal.Journey, Name: id, Side: signal.New, Version: "v2", Base: shop.URL, Round: 1}
		return h.journey(t.Context(), p, l, action.Action{Key: "look/" + id, Lane: action.LaneConfirm, Attempt: 1})
	}
	s := play("sign-in")
	if s.Outcome != signal.Pass || s.Worker != "confirm" || s.Quarantined || s.Served != "v2" {
		t.Errorf("sign-in: %s on %q by %q: %s", s.Outcome, s.Served, s.Worker, s.Summary)
	}
	if s = play("outside"); s.Outcome != signal.Fail || !s.Quarantined || len(s.Blocked) == 0 {
		t.Errorf("outside the fence: %s, quarantined %v, blocked %+v: %s", s.Outcome, s.Quarantined, s.Blocked, s.Summary)
	}
	if s = play("gone"); s.Outcome != signal.Broken || !strings.Contains(s.Summary, "could not look") {
		t.Errorf("a journey whose file is gone: %s: %s", s.Outcome, s.Summary)
	}
	if h.play.full != nil {
		if s = play("whole"); s.Outcome == signal.Pass && strings.Contains(s.Browser, "headless-shell") {
			t.Errorf("played in %s", s.Browser)
		} else if s.Outcome == signal.Fail {
			t.Errorf("in the whole browser: %s", s.Summary)
		}
	}
	if got := h.runs.list(); len(got) != 0 {
		t.Errorf("runs that are over are shown: %+v", got)
	}
}

func TestFenceKeepsBootReportsInside(t *testing.T) {
	t.Parallel()
	p := product.Product{Integrations: []product.Integration{{ID: "pay", Hosts: []string{"pay.test"}}}}
	for _, c := range []struct {
		name, own                    string
		hosts, writes                []string
		wantHosts, wantWrites        []string
		mayReport, mayWriteElsewhere bool
	}{
		{"no fence", "http://pf.test:7780", nil, nil, nil, nil, true, true},
		{"hosts", "http://pf.test:7780", []string{"a.test"}, nil, []string{"a.test", "pay.test", "pf.test:7780"}, nil, true, false},
		{"writes", "http://pf.test:7780", nil, []string{}, nil, []string{"POST pf.test:7780/*"}, true, false},
		{"both", "http://[::1]:7780", []string{}, []string{"POST /test-*"}, []string{"pay.test", "[::1]:7780"}, []string{"POST /test-*", "POST [::1]:7780/*"}, true, false},
		{"no address of ours", "", []string{}, []string{}, []string{"pay.test"}, []string{}, false, false},
	} {
		j := product.Journey{Hosts: c.hosts, Writes: c.writes}
		got := fenced(j, p, c.own)
		if d := cmp.Diff(c.wantHosts, got.Hosts) + cmp.Diff(c.wantWrites, got.Writes); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		f := browser.Fence{Hosts: got.Hosts, Writes: got.Writes}
		if err := f.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.own != "" && (f.Refuses("POST", c.own+"/boot") == "") != c.mayReport {
			t.Errorf("%s: a boot report is %q", c.name, f.Refuses("POST", c.own+"/boot"))
		}
		if (f.Refuses("POST", "http://shop.test/order") == "") != c.mayWriteElsewhere {
			t.Errorf("%s: a write elsewhere is %q", c.name, f.Refuses("POST", "http://shop.test/order"))
		}
		if len(j.Hosts) != len(c.hosts) || len(j.Writes) != len(c.writes) {
			t.Errorf("%s: the configuration was changed", c.name)
		}
	}
}

// TestFirstBaseline gives a product pictures to compare with before its first
// release that is watched, and only those of a release known to be good.
func TestFirstBaseline(t *testing.T) {
	t.Parallel()
	key := signal.PictureKey{Product: "shop", Journey: "book", Step: "home", Browser: "shell 156", Viewport: "1280x720@1"}
	run := func(blob, served string) signal.Signal {
		return signal.Signal{
			ID: signal.ID("s-" + blob), At: time.Unix(100, 0), Product: "shop", Kind: signal.Journey, Name: "book", Outcome: signal.Pass,
			Side: signal.New, Served: served, Watch: "standing-shop",
			Steps: []signal.Step{{Index: 1, Compared: &signal.Comparison{Key: key, Picture: blob, State: "new"}}},
		}
	}
	h := kitchen(t, product.Product{ID: "shop"})
	see := func(s signal.Signal, st release.State) (blob string) {
		t.Helper()
		err := h.store.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.PutState(t.Context(), st); err != nil {
				return err
			}
			return firstPictures(t.Context(), tx, s, time.Unix(200, 0))
		})
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := h.album.Baseline(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return b.Blob
	}
	err := h.store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.PutRelease(t.Context(), release.Release{ID: "shop-1", Product: "shop", Version: "v1", At: time.Unix(1, 0)})
	})
	if err != nil {
		t.Fatal(err)
	}
	good := release.State{Product: "shop", Live: "shop-1", LastGood: "shop-1"}
	failed := run("failed", "v1")
	failed.Outcome = signal.Fail
	for _, c := range []struct {
		name string
		s    signal.Signal
		st   release.State
		want string
	}{
		{"nothing is live", run("a", "v1"), release.State{Product: "shop"}, ""},
		{"the live release is not known to be good", run("b", "v1"), release.State{Product: "shop", Live: "shop-1"}, ""},
		{"another version was met", run("c", "v2"), good, ""},
		{"no version was met", run("d", ""), good, ""},
		{"the run failed", failed, good, ""},
		{"the last good release", run("e", "v1"), good, "e"},
		{"there is a baseline", run("f", "v1"), good, "e"},
	} {
		if got := see(c.s, c.st); got != c.want {
			t.Errorf("%s: the baseline is %q, want %q", c.name, got, c.want)
		}
	}
}

func TestJourneyIsCalledWhatItsFileSays(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sign-in.yaml")
	if err := os.WriteFile(file, []byte(signIn), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets, vars := map[string]string{"password": "p"}, map[string]string{"who": "ann"}
	all := []product.Journey{
		{ID: "a", File: file, Vars: vars, Secrets: secrets},
		{ID: "b", File: file, Vars: vars, Secrets: secrets, Title: "Mine"},
		{ID: "c", File: "/nowhere.yaml"},
		{ID: "d", Suite: &product.Suite{}},
	}
	titled(all)
	got := []string{all[0].Title, all[1].Title, all[2].Title, all[3].Title}
	if d := cmp.Diff([]string{"Sign in", "Mine", "", ""}, got); d != "" {
		t.Error(d)
	}
}
