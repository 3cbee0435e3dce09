package browser

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Kind tells the two Chromium builds apart. What one measured is never compared
// with what the other did.
type Kind string

// The kinds of Chromium.
const (
	KindShell Kind = "shell" // chromium-headless-shell: a third of the CPU
	KindFull  Kind = "full"
)

// Binary is a Chromium that was started once, to prove that it starts and to
// learn its version and user agent.
type Binary struct {
	Path      string
	Version   string // "156.0.8078.79"
	Kind      Kind
	UserAgent string // without any suffix of ours
}

// probeTimeout bounds the start that Find makes of a candidate.
const probeTimeout = 60 * time.Second

const installHint = "on Debian or Ubuntu: apt install chromium-headless-shell (or chromium); " +
	"on macOS: brew install --cask chromium, or Google Chrome; " +
	"elsewhere: chrome-headless-shell from Chrome for Testing, on PATH or named in the configuration"

// Find returns the browser to use: explicit (a path or a name on PATH) when it
// is not empty, else the first that starts of chromium-headless-shell, chromium
// and Chrome. Not finding one is a fault.Unavailable that says what to install.
func Find(ctx context.Context, explicit string) (Binary, error) {
	if explicit != "" {
		path, err := exec.LookPath(explicit)
		if err != nil {
			return Binary{}, missing(fmt.Sprintf("browser %s cannot be run", explicit), err)
		}
		return probe(ctx, path)
	}
	var firstErr error
	for _, name := range candidates() {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		b, err := probe(ctx, path)
		if err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return Binary{}, err
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	if firstErr != nil {
		return Binary{}, firstErr
	}
	return Binary{}, missing("no Chromium found", nil)
}

func missing(message string, cause error) error {
	f := fault.New(fault.Unavailable, message, installHint)
	f.Cause = cause
	return f
}

func candidates() []string {
	names := []string{
		"chromium-headless-shell", "chrome-headless-shell",
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	}
	if runtime.GOOS == "darwin" {
		names = append(names,
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
	}
	return names
}

// probe starts the binary and asks it who it is.
func probe(ctx context.Context, path string) (Binary, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	bin := Binary{Path: path, Kind: kindOf(path)}
	b, err := start(ctx, Options{Binary: bin})
	if err != nil {
		return Binary{}, err
	}
	defer b.Close()
	return b.Binary, nil
}

// kindOf tells by the file name, of the link or of what it points to.
func kindOf(path string) Kind {
	names := filepath.Base(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		names += " " + filepath.Base(real)
	}
	if strings.Contains(strings.ReplaceAll(names, "_", "-"), "headless-shell") {
		return KindShell
	}
	return KindFull
}
