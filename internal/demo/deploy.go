package demo

import (
	"context"
	"crypto/sha1" //nolint:gosec // a commit id, as git has them; nothing is secured by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// keepReleases is how many release directories stay on disk, besides the live
// one and those it came from.
const keepReleases = 8

// Deployed is what a deployment tells the pipeline that asked for it.
type Deployed struct {
	// Version and Commit name the release that is live now.
	Version string
	Commit  string
	// Previous is the release that was live before.
	Previous string
	// ConfigChange are the settings that differ from those of Previous, as
	// "config.json payments_url: old → new".
	ConfigChange []string
	// Changes are the subjects of the commits in the release.
	Changes []string
}

// Deploy releases a scenario's material as the next version, never one that was
// used before, and makes it live in one rename. The new directory is complete on
// disk before anything points to it. It fails with ErrUnknownScenario,
// ErrNoRelease or ErrNotInstalled, and then nothing has changed.
func Deploy(ctx context.Context, dir, scenario string) (Deployed, error) {
	s, err := FindScenario(scenario)
	if err != nil {
		return Deployed{}, fmt.Errorf("deploy %q: %w", scenario, err)
	}
	if !s.Releases {
		return Deployed{}, fmt.Errorf("deploy %s: %w", scenario, ErrNoRelease)
	}
	if _, err := os.Stat(filepath.Join(dir, "site.json")); err != nil {
		return Deployed{}, fmt.Errorf("deploy %s: %w", scenario, ErrNotInstalled)
	}
	unlock, err := lock(ctx, dir)
	if err != nil {
		return Deployed{}, fmt.Errorf("deploy %s: %w", scenario, err)
	}
	defer unlock()
	d, err := deploy(dir, scenario)
	if err != nil {
		return Deployed{}, fmt.Errorf("deploy %s: %w", scenario, err)
	}
	return d, nil
}

func deploy(dir, scenario string) (Deployed, error) {
	where, err := readSite(dir)
	if err != nil {
		return Deployed{}, err
	}
	previous, err := Live(dir)
	if err != nil {
		return Deployed{}, err
	}
	last := where.LastVersion
	for _, name := range Releases(dir) {
		last = max(last, number(name))
	}
	where.LastVersion = last + 1
	// The number is spent before it is used: a crash wastes it, never reuses it.
	if err := writeJSON(filepath.Join(dir, "site.json"), where); err != nil {
		return Deployed{}, err
	}
	version := fmt.Sprintf("v%d", where.LastVersion)
	m, err := create(dir, draft{
		material: scenario, version: version, previous: previous, paymentsURL: where.PaymentsURL,
	})
	if err != nil {
		return Deployed{}, err
	}
	changed, err := configChange(dir, previous, version)
	if err != nil {
		return Deployed{}, err
	}
	if err := flip(dir, version); err != nil {
		return Deployed{}, err
	}
	prune(dir, previous)
	return Deployed{
		Version: version, Commit: m.Commit, Previous: previous, ConfigChange: changed, Changes: m.Changes,
	}, nil
}

// draft is a release about to be written.
type draft struct {
	material    string
	version     string
	previous    string
	paymentsURL string
}

// create writes a release directory under another name and renames it into place.
func create(dir string, d draft) (manifest, error) {
	var m manifest
	files, err := fs.Sub(embedded, path.Join("releases", d.material))
	if err != nil {
		return m, err
	}
	temp, err := os.MkdirTemp(filepath.Join(dir, "releases"), ".new-")
	if err != nil {
		return m, fmt.Errorf("write release: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	sum := sha1.New() //nolint:gosec // as above
	fmt.Fprintf(sum, "%s %s\n", d.version, d.previous)
	err = fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(temp, filepath.FromSlash(name)), 0o755)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		switch name {
		case "release.json":
			return json.Unmarshal(data, &m) // written last, when its commit is known
		case "config.json":
			data = []byte(strings.ReplaceAll(string(data), "{payments}", d.paymentsURL))
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		return writeFile(filepath.Join(temp, filepath.FromSlash(name)), data)
	})
	if err != nil {
		return m, fmt.Errorf("write release: %w", err)
	}
	m.Version, m.Previous, m.Created = d.version, d.previous, time.Now().UTC().Truncate(time.Second)
	m.Commit = hex.EncodeToString(sum.Sum(nil))
	if err := writeJSON(filepath.Join(temp, "release.json"), m); err != nil {
		return m, err
	}
	if err := os.Chmod(temp, 0o755); err != nil {
		return m, err
	}
	if err := os.Rename(temp, filepath.Join(dir, "releases", d.version)); err != nil {
		return m, fmt.Errorf("write release: %w", err)
	}
	return m, syncDir(filepath.Join(dir, "releases"))
}

// configChange compares the settings of two releases, key by key.
func configChange(dir, before, after string) ([]string, error) {
	var was, is map[string]any
	if err := readJSON(filepath.Join(dir, "releases", before, "config.json"), &was); err != nil {
		return nil, fmt.Errorf("compare configuration: %w", err)
	}
	if err := readJSON(filepath.Join(dir, "releases", after, "config.json"), &is); err != nil {
		return nil, fmt.Errorf("compare configuration: %w", err)
	}
	keys := map[string]bool{}
	for k := range was {
		keys[k] = true
	}
	for k := range is {
		keys[k] = true
	}
	var changes []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if a, b := fmt.Sprint(was[k]), fmt.Sprint(is[k]); a != b {
			changes = append(changes, fmt.Sprintf("config.json %s: %s → %s", k, a, b))
		}
	}
	return changes, nil
}

// prune removes the oldest release directories. It never removes the live one,
// the one before it, or v1; what it cannot remove, the next deployment will try.
func prune(dir, previous string) {
	keep := map[string]bool{"v1": true, previous: true}
	// Whoever is live is asked again: a rollback may have happened meanwhile.
	live, err := Live(dir)
	if err != nil {
		return
	}
	keep[live] = true
	var m manifest
	if err := readJSON(filepath.Join(dir, "releases", previous, "release.json"), &m); err == nil {
		keep[m.Previous] = true
	}
	for i, name := range Releases(dir) {
		if i >= keepReleases && !keep[name] {
			_ = os.RemoveAll(filepath.Join(dir, "releases", name))
		}
	}
}
