package app_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/app"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
)

// openDemo runs the whole demo on free ports until the test ends.
func openDemo(t *testing.T, dir string) *app.Demo {
	t.Helper()
	level := slog.LevelWarn
	if os.Getenv("POSTFLIGHT_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	ctx, cancel := context.WithCancel(context.Background())
	d, err := app.OpenDemo(ctx, app.DemoOptions{
		Dir: dir, Listen: "127.0.0.1:0", Version: "test", Env: []string{},
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return d
}

// play starts a scenario when the ground is steady, and waits for its end.
func play(t *testing.T, d *app.Demo, name string) drill.Drill {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	var id drill.ID
	for {
		changed := d.App.Changed()
		var err error
		if id, err = d.App.Desk().StartDrill(ctx, name, "test"); err == nil {
			break
		}
		if !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("the ground never became steady: %v", err)
		}
	}
	for {
		changed := d.App.Changed()
		got, err := d.App.Drill(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if got.State != drill.Playing {
			return got
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s did not end: %+v", name, got)
		}
	}
}

func TestDemoScenarios(t *testing.T) {
	t.Parallel()
	d := openDemo(t, t.TempDir())
	for _, s := range d.App.Desk().Scenarios() {
		got := play(t, d, s.Name)
		since := func(at time.Time) string {
			if at.IsZero() {
				return "-"
			}
			return at.Sub(got.Fault).Round(10 * time.Millisecond).String()
		}
		t.Logf("%-18s %-7s evidence %s detected %s paged %s rolled back %s verified %s | %s", s.Name, got.State,
			since(got.Evidence), since(got.Detected), since(got.Paged), since(got.RolledBack), since(got.Verified), got.First)
		if got.State != drill.Passed {
			t.Errorf("%s: %s", s.Name, strings.Join(got.Findings, "; "))
		}
	}
	if bad := d.Chat.Unexpected(); len(bad) > 0 {
		t.Errorf("the chat would have refused: %v", bad)
	}
}
