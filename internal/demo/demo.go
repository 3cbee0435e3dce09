// Package demo is the product that Postflight ships to watch itself work: a
// small, real web shop that books visits to the Father Christmas Workshop, and
// the payments provider it depends on.
//
// The shop is served from release directories behind a "current" link, so a
// release is a directory and a rollback is a rename. The bad releases are bad
// for the reasons real ones are (an answer changed shape, a minifier renamed a
// key, a URL got a wrong prefix, a middleware lost an interface): no release
// carries a switch that says "fail".
//
// It never watches, judges or rolls back anything, and imports nothing else of
// ours; the app serves it and the drill deploys to it. The releases in
// releases/ are generated from source/ and committed; to regenerate them run
//
//	cd tools && go run ./demo-build
package demo

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
)

// embedded holds the generated releases and the recordings.
//
//go:embed releases journeys
var embedded embed.FS

// Files is the embedded material: "releases/<scenario>/…" and "journeys/<file>",
// which a watcher plays against the shop. The URLs of recordings use the origin
// http://127.0.0.1:8080; whoever plays them re-bases that origin onto the shop's
// own.
func Files() fs.FS { return embedded }

// Journeys names the recordings in Files, in the order to show them.
func Journeys() []string { return []string{"book-a-visit", "browse"} }

// Written is the file among the journeys that is written by hand.
const Written = "find-out.yaml"

// Journey returns one recording, as exported by the Chrome DevTools Recorder.
func Journey(name string) ([]byte, error) {
	for _, known := range Journeys() {
		if name == known {
			return embedded.ReadFile("journeys/" + name + ".json")
		}
	}
	return nil, fmt.Errorf("read journey %q: %w", name, fs.ErrNotExist)
}

var (
	// ErrUnknownScenario says that no scenario has the name that was asked for.
	ErrUnknownScenario = errors.New("unknown scenario")
	// ErrNoRelease says that a scenario releases nothing, so there is nothing to deploy.
	ErrNoRelease = errors.New("scenario releases nothing")
	// ErrNotInstalled says that the directory holds no shop yet.
	ErrNotInstalled = errors.New("no shop is installed here")
)

// releaseName is what a release directory and a side slot's host label look like.
var releaseName = regexp.MustCompile(`^v[1-9][0-9]{0,8}$`)
