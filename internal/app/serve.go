package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/postflight/postflight/internal/config"
	"github.com/postflight/postflight/internal/journey"
	"github.com/postflight/postflight/internal/product"
)

// maxRecording bounds a recording's file, in bytes.
const maxRecording = 1 << 20

// LintJourney says why a journey's file cannot be played, or can never fail.
// What it leaves to the configuration, variables and secrets, may be missing.
func LintJourney(file string) error {
	j, err := readJourney(file, journey.LoadOptions{})
	if err != nil {
		return err
	}
	return j.Lint()
}

// CheckJourney says why a configured journey cannot be played as it is, or can
// never fail. The configuration calls it for every one that has a file.
func CheckJourney(j product.Journey) error {
	parsed, err := loadJourney(j)
	if err != nil {
		return err
	}
	return parsed.Lint()
}

// readJourney reads and parses a journey's file.
func readJourney(file string, o journey.LoadOptions) (*journey.Journey, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if info.Size() > maxRecording {
		return nil, fmt.Errorf("read recording: %s is larger than %d bytes", file, maxRecording)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	return journey.Load(file, raw, o)
}

// Load reads a configuration as the server does.
func Load(path string) (*config.Config, []config.Warning, error) {
	return config.Load(path, config.Options{JourneyLint: CheckJourney, KnownEnv: KnownEnv()})
}

// KnownEnv lists the environment variables that the command line reads.
func KnownEnv() []string {
	return []string{"POSTFLIGHT_TOKEN", "POSTFLIGHT_SERVER"}
}

// ServeOptions say what Serve runs.
type ServeOptions struct {
	Config  string // path
	Version string
	Logger  *slog.Logger
	// Ready is called once everything is open and the address is taken.
	Ready func(a *App)
}

// Serve runs a server on a configuration until ctx ends.
func Serve(ctx context.Context, o ServeOptions) error {
	cfg, warnings, err := Load(o.Config)
	for _, w := range warnings {
		o.Logger.Warn("configuration", "warning", w.Warn())
	}
	if err != nil {
		return err
	}
	a, err := Open(ctx, Options{Config: cfg, Version: o.Version, Logger: o.Logger})
	if err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready(a)
	}
	return a.Run(ctx)
}
