package app_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/app"
	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/player"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// visitor plays recordings on Postflight's own pages with Postflight's own
// runner: a page that throws, or whose request fails, fails the run.
type visitor struct {
	demo   *app.Demo
	runner *player.Runner
	kept   *blob.Dir
}

func newVisitor(t *testing.T, d *app.Demo) visitor {
	t.Helper()
	bin, err := browser.Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return visitor{demo: d, kept: dir, runner: player.New(player.Options{Binary: bin, Blobs: dir, Version: "test", Dir: t.TempDir()})}
}

// visit plays one recording for a person who just got a sign-in link.
func (v visitor) visit(t *testing.T, recording, name string, role access.Role) signal.Signal {
	t.Helper()
	link, err := v.demo.App.Doorkeeper().CreateLink(t.Context(), name, role, "test")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "ui", recording+".json")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journey.Parse(file, []byte(strings.ReplaceAll(string(raw), "link=LINK", "link="+link)))
	if err != nil {
		t.Fatal(err)
	}
	return v.runner.Run(t.Context(), player.Request{
		Look:    watch.Look{Base: v.demo.App.URL(), Kind: signal.Journey, Name: recording, Round: 1},
		Journey: j, Timeout: 3 * time.Minute,
	})
}

// heading returns what the page was headed when a run failed.
func (v visitor) heading(t *testing.T, s signal.Signal) string {
	t.Helper()
	for _, e := range s.Evidence {
		if e.Kind == "screenshot" {
			continue
		}
		r, _, err := v.kept.Get(t.Context(), e.Blob)
		if err != nil {
			return err.Error()
		}
		html, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err.Error()
		}
		_, text, _ := strings.Cut(string(html), "<h1")
		text, _, _ = strings.Cut(text, "</h1>")
		return text
	}
	return "unknown: no page was kept"
}

// pass is visit for a recording that must pass.
func (v visitor) pass(t *testing.T, recording, name string, role access.Role) {
	t.Helper()
	s := v.visit(t, recording, name, role)
	if s.Outcome == signal.Pass {
		t.Logf("%s: %s", recording, s.Summary)
		return
	}
	t.Errorf("%s: %s: %s", recording, s.Outcome, s.Summary)
	for _, step := range s.Steps {
		for _, x := range step.Exceptions {
			t.Errorf("step %d: %s", step.Index, x.Text)
		}
	}
	t.Logf("the page was headed %s", v.heading(t, s))
}

// Postflight watches its own pages: what a person does on them, at night and on
// a phone, is recorded like any other product's journeys and played in the real
// browser. What the pages name is found by role and name, as a screen reader
// would.
func TestOwnPages(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a drill and six journeys in a real browser")
	}
	t.Parallel()
	d := openDemo(t, t.TempDir())
	v := newVisitor(t, d)
	v.pass(t, "play", "Ada", access.Admin)
	if t.Failed() {
		return // the other journeys tell what the drill left behind
	}
	t.Run("read and write", func(t *testing.T) {
		t.Run("operator", func(t *testing.T) {
			t.Parallel()
			v.pass(t, "operator", "Ada", access.Admin)
		})
		t.Run("others", func(t *testing.T) {
			t.Parallel()
			v.pass(t, "viewer", "Vera", access.Viewer)
			v.pass(t, "phone", "Ada", access.Admin)
			s := v.visit(t, "forbidden", "Vera", access.Viewer)
			if s.Outcome != signal.Fail || s.Failure == nil || s.Failure.Status != 403 {
				t.Errorf("a viewer opened the settings: %s, %+v", s.Summary, s.Failure)
			}
		})
	})

	d.Payments.Down()
	defer d.Payments.Up()
	v.pass(t, "pager", "Bo", access.Responder)
}
