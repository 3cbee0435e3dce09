package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/blob"
	"github.com/postflight/postflight/internal/browser"
	"github.com/postflight/postflight/internal/bundle"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/player"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/recorder"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/watch"
)

// PlayOptions say which journey to play on this machine, and how.
type PlayOptions struct {
	File    string
	Base    string // empty: where the journey was recorded
	Origins []string
	Browser string // shell, full, a path, or empty
	Headed  bool
	Slow    time.Duration
	Trace   bool
	Spec    product.Journey
	Version string
	Logger  *slog.Logger
	// Result returns where the zip of the evidence goes; nil for nowhere.
	Result func(s signal.Signal) (io.WriteCloser, error)
}

// Lint says why a journey's file cannot be played, or can never fail, and what
// in it is doubtful.
func Lint(file string) (warnings []string, err error) {
	j, err := readJourney(file, journey.LoadOptions{})
	if err != nil {
		return nil, err
	}
	for _, p := range j.Warnings {
		warnings = append(warnings, p.Error())
	}
	return warnings, j.Lint()
}

// PlayFile plays a journey once, without a server, and returns what was seen
// and the journey's title. Its evidence is gone afterwards, but for the bundle.
func PlayFile(ctx context.Context, o PlayOptions) (signal.Signal, string, error) {
	known := journey.LoadOptions{Vars: o.Spec.Vars, SecretNames: slices.Sorted(maps.Keys(o.Spec.Secrets))}
	if known.Vars == nil {
		known.Vars = map[string]string{}
	}
	if known.SecretNames == nil {
		known.SecretNames = []string{} // known: there are none
	}
	j, err := readJourney(o.File, known)
	if err != nil {
		return signal.Signal{}, "", err
	}
	if o.Base == "" {
		o.Base = j.Origin()
	}
	if o.Base == "" {
		f := fault.Newf(fault.Invalid, "%s: it does not say where to play", o.File)
		return signal.Signal{}, "", f.WithHint("name an address with --base")
	}
	bin, err := chooseBrowser(ctx, o.Browser, o.Headed)
	if err != nil {
		return signal.Signal{}, "", err
	}
	dir, err := os.MkdirTemp("", "postflight-evidence-")
	if err != nil {
		return signal.Signal{}, "", fmt.Errorf("make a place for evidence: %w", err)
	}
	defer os.RemoveAll(dir)
	blobs, err := blob.Open(dir)
	if err != nil {
		return signal.Signal{}, "", err
	}
	defer blobs.Close()
	if o.Spec.Hosts != nil || o.Spec.Writes != nil {
		o.Origins = append(o.Origins, o.Base)
	}
	runner := player.New(player.Options{Binary: bin, Blobs: blobs, Version: o.Version, Worker: "cli", Logger: o.Logger})
	s := runner.Run(ctx, player.Request{
		Look:    watch.Look{Kind: signal.Journey, Name: j.Name, Base: o.Base},
		Journey: j, Origins: o.Origins, Timeout: o.Spec.Timeout, Spec: o.Spec,
		Vars: o.Spec.Vars, Secrets: o.Spec.Secrets, Trace: o.Trace, Slow: o.Slow, Headed: o.Headed,
	})
	if o.Result == nil || ctx.Err() != nil {
		return s, j.Title, nil
	}
	return s, j.Title, export(ctx, blobs, s, o.Result)
}

// export writes the bundle where it is wanted.
func export(ctx context.Context, blobs *blob.Dir, s signal.Signal, to func(signal.Signal) (io.WriteCloser, error)) error {
	w, err := to(s)
	if err != nil || w == nil {
		return err
	}
	err = bundle.Bundle(ctx, w, s, func(key string) (io.ReadCloser, error) {
		r, _, err := blobs.Get(ctx, key)
		return r, err
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

// chooseBrowser finds the Chromium that was asked for. A window needs the full
// one, and a display.
func chooseBrowser(ctx context.Context, name string, headed bool) (browser.Binary, error) {
	if headed {
		if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return browser.Binary{}, fault.New(fault.Unavailable, "there is no display to show a browser on",
				"run it on a machine with a screen (over ssh: ssh -X), under xvfb-run, or leave --headed out")
		}
		if name == "" {
			name = "full"
		}
		if name == "shell" {
			return browser.Binary{}, fault.New(fault.Invalid, "the headless shell has no window", "leave --browser out, or name a full Chromium")
		}
	}
	switch name {
	case "", "shell":
		return browser.Find(ctx, "")
	case "full":
		var first error
		for _, candidate := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
			bin, err := browser.Find(ctx, candidate)
			if err == nil {
				return bin, nil
			}
			if first == nil {
				first = err
			}
		}
		return browser.Binary{}, first
	}
	return browser.Find(ctx, name)
}

// RecordOptions say what to record.
type RecordOptions struct {
	URL, Title, Browser, Attribute string
	Step                           func(title string)
	Save                           func(recording []byte) error
	Version                        string
}

// Record opens a window and records what a person does in it.
func Record(ctx context.Context, o RecordOptions) error {
	bin, err := chooseBrowser(ctx, o.Browser, true)
	if err != nil {
		return err
	}
	return recorder.Record(ctx, recorder.Options{
		Binary: bin, Headed: true, URL: o.URL, Title: o.Title, Attribute: o.Attribute, Step: o.Step, Save: o.Save,
	})
}
