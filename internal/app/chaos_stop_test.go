package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/demo"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/slacktest"
)

// TestStoppedServerGoesOn stops a server while a browser runs and messages
// wait for a chat that hangs: it ends by itself, leaves nothing behind, and
// the next one finishes the story.
func TestStoppedServerGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a whole release")
	}
	t.Parallel()
	needBrowser(t)
	w := newChaosWorld(t)
	w.window("20s")
	s := w.start()
	w.await("the baseline is judged", func() bool { return w.liveIs("v1", release.Good) })
	w.chat.Fail(slacktest.Fault{Method: "chat.postMessage", Hang: true, Times: 1})
	if _, err := demo.Deploy(t.Context(), w.shop(), "static-500"); err != nil {
		t.Fatal(err)
	}
	w.await("a page hangs while a browser runs", func() bool {
		hangs := slices.Contains(w.chat.Calls(), slacktest.Call{Method: "chat.postMessage", Answer: "hang"})
		return hangs && len(w.browsers()) > 0
	})
	begun := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		t.Fatal("the server does not stop")
	}
	t.Logf("stopped within %v", time.Since(begun).Round(time.Millisecond))
	if s.err != nil {
		t.Errorf("ended with %v", s.err)
	}
	if left := w.orphans(0); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if w.outstanding() == 0 {
		t.Error("nothing was waiting: this test tested nothing")
	}
	w.start()
	w.await("the next server finishes the story", func() bool {
		return w.closed() == 1 && w.outstanding() == 0 && w.liveIs("v1", release.Good)
	})
	for _, a := range w.sends() {
		if a.State != action.Done {
			t.Errorf("%s is %s: %s", a.Key, a.State, a.Error)
		}
	}
}

// browsers are the browser processes of the present life.
func (w *chaosWorld) browsers() []string {
	mark := w.current().mark
	return slices.DeleteFunc(processes(func(v string) bool { return v == chaosLife+"="+mark }), func(s string) bool {
		return !strings.Contains(s, "--remote-debugging-pipe")
	})
}

// A second server on the same data directory is refused, by both databases,
// and the first one is not disturbed.
func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]func(t *testing.T) []string{
		"sqlite":   func(*testing.T) []string { return nil },
		"postgres": func(t *testing.T) []string { t.Helper(); return []string{"POSTFLIGHT_STORE=" + postgres.DSN(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newChaosWorld(t)
			w.env = env(t)
			w.window("20s")
			first := w.start()
			cfg, err := chaosLoad(w.path("postflight.yaml"), append(w.env, chaosToken+"=xoxb-chaos"))
			if err != nil {
				t.Fatal(err)
			}
			open := func() (*App, error) {
				l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
				return Open(t.Context(), Options{Config: cfg, Version: "second", Listener: l, Logger: slog.New(slog.DiscardHandler)})
			}
			a, err := open()
			if err == nil {
				_ = a.Close()
				t.Fatal("a second server was let in")
			}
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", first.cmd.Process.Pid)) {
				t.Errorf("refused with: %v", err)
			}
			if hint := fault.HintOf(err); !strings.Contains(hint, "data directory") {
				t.Errorf("hint: %q", hint)
			}
			w.kill(first, "to make room")
			if a, err = open(); err != nil {
				t.Fatalf("refused after the first one died: %v", err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A second demo is refused before it touches the first one's shop.
func TestSecondDemoIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() (*Demo, error) {
		return OpenDemo(t.Context(), DemoOptions{
			Dir: dir, Listen: "127.0.0.1:0", Version: "test", Logger: slog.New(slog.DiscardHandler), Env: []string{},
		})
	}
	first, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(first.App.Close(), first.close()); err != nil {
			t.Error(err)
		}
	}()
	files := func() (out string) {
		for _, name := range []string{"postflight.yaml", "shop/site.json", "shop/releases/v1/config.json"} {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			out += string(raw)
		}
		return out
	}
	want := files()
	if _, err := open(); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("a second demo: %v", err)
	}
	if got := files(); got != want {
		t.Errorf("the second demo changed the first one's files:\n%s", got)
	}
}
