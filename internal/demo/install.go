package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// InstallOptions say what the shop needs to know of its surroundings.
type InstallOptions struct {
	// PaymentsURL is the address of the payments provider, without a path.
	PaymentsURL string
	// Reset writes v1 anew and makes it live, whatever was live before. Only
	// for when a person asks.
	Reset bool
}

// site is site.json: what must be remembered between runs. Old files must stay readable.
type site struct {
	PaymentsURL string `json:"payments_url"`
	// LastVersion is the highest release number ever given out.
	LastVersion int `json:"last_version"`
}

// Install makes dir a shop with v1 live. What exists is left as it is: the live
// release, and everything a person edited. When the provider has moved since the
// last Install, configurations that pointed to its old address follow it.
func Install(ctx context.Context, dir string, opt InstallOptions) error {
	u, err := url.Parse(opt.PaymentsURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("install shop %s: payments URL %q is not a web address", dir, opt.PaymentsURL)
	}
	opt.PaymentsURL = strings.TrimSuffix(opt.PaymentsURL, "/")
	if err := os.MkdirAll(filepath.Join(dir, "releases"), 0o755); err != nil {
		return fmt.Errorf("install shop: %w", err)
	}
	unlock, err := lock(ctx, dir)
	if err != nil {
		return fmt.Errorf("install shop %s: %w", dir, err)
	}
	defer unlock()
	if err := install(dir, opt); err != nil {
		return fmt.Errorf("install shop %s: %w", dir, err)
	}
	return nil
}

func install(dir string, opt InstallOptions) error {
	was, err := readSite(dir)
	if err != nil && !errors.Is(err, ErrNotInstalled) {
		return err
	}
	if was.PaymentsURL != "" && was.PaymentsURL != opt.PaymentsURL {
		if err := relocate(dir, was.PaymentsURL, opt.PaymentsURL); err != nil {
			return err
		}
	}
	now := site{PaymentsURL: opt.PaymentsURL, LastVersion: max(was.LastVersion, 1)}
	if now != was {
		if err := writeJSON(filepath.Join(dir, "site.json"), now); err != nil {
			return err
		}
	}
	first := filepath.Join(dir, "releases", "v1")
	if opt.Reset {
		if err := os.RemoveAll(first); err != nil {
			return err
		}
	}
	if _, err := os.Stat(first); errors.Is(err, fs.ErrNotExist) {
		if _, err := create(dir, draft{material: "v1", version: "v1", paymentsURL: opt.PaymentsURL}); err != nil {
			return err
		}
	}
	_, err = os.Lstat(filepath.Join(dir, "current"))
	if opt.Reset || errors.Is(err, fs.ErrNotExist) {
		return flip(dir, "v1")
	}
	return err
}

// Live returns the name of the live release.
func Live(dir string) (string, error) {
	target, err := os.Readlink(filepath.Join(dir, "current"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotInstalled
	}
	if err != nil {
		return "", fmt.Errorf("read live release: %w", err)
	}
	name := filepath.Base(target)
	if !releaseName.MatchString(name) || filepath.Base(filepath.Dir(target)) != "releases" {
		return "", fmt.Errorf("read live release: %q is no release", target)
	}
	return name, nil
}

// flip makes a release live: a new link is renamed over the old one, so there is
// no moment without a live release.
func flip(dir, version string) error {
	temp := filepath.Join(dir, fmt.Sprintf(".current-%d-%d", os.Getpid(), time.Now().UnixNano()))
	if err := os.Symlink(filepath.Join("releases", version), temp); err != nil {
		return fmt.Errorf("flip to %s: %w", version, err)
	}
	if err := os.Rename(temp, filepath.Join(dir, "current")); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("flip to %s: %w", version, err)
	}
	return syncDir(dir)
}

// relocate lets configurations follow the provider; other addresses stay.
func relocate(dir, from, to string) error {
	for _, name := range Releases(dir) {
		path := filepath.Join(dir, "releases", name, "config.json")
		var c map[string]any
		if err := readJSON(path, &c); err != nil {
			continue // a person's half-edited file is theirs to mend; the shop will say so
		}
		old, _ := c["payments_url"].(string)
		if old != from && !strings.HasPrefix(old, from+"/") {
			continue
		}
		c["payments_url"] = to + strings.TrimPrefix(old, from)
		if err := writeJSON(path, c); err != nil {
			return err
		}
	}
	return nil
}

func readSite(dir string) (site, error) {
	var s site
	err := readJSON(filepath.Join(dir, "site.json"), &s)
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNotInstalled
	}
	return s, err
}

// writeJSON replaces a file whole, or not at all.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	temp := path + ".new"
	if err := writeFile(temp, append(data, '\n')); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

// writeFile writes and syncs a new file.
func writeFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// syncDir makes renames in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
