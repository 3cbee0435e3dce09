package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// manifest is release.json: what this release is. Old files must stay readable.
type manifest struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	// Previous is the release that was live when this one was deployed.
	Previous string    `json:"previous,omitempty"`
	Created  time.Time `json:"created"`
	// API is the revision of the API that the server speaks.
	API int `json:"api"`
	// Middleware names what wraps every request, outermost first.
	Middleware []string `json:"middleware"`
	// Changes are the subjects of the commits in this release.
	Changes []string `json:"changes"`
}

// settings is config.json: what differs from place to place.
type settings struct {
	PaymentsURL       string `json:"payments_url"`
	PaymentsTimeoutMS int    `json:"payments_timeout_ms"`
	PaymentsAttempts  int    `json:"payments_attempts"`
	PaymentsBackoffMS int    `json:"payments_backoff_ms"`
	Locale            string `json:"locale"`
	Currency          string `json:"currency"`
}

// readJSON reads a small JSON file of a release.
func readJSON(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return nil
}

// build makes an application from a release directory.
func (s *Shop) build(name, dir string) (*application, error) {
	app := &application{shop: s, dir: dir}
	if err := readJSON(filepath.Join(dir, "release.json"), &app.release); err != nil {
		return nil, err
	}
	if err := readJSON(filepath.Join(dir, "config.json"), &app.config); err != nil {
		return nil, err
	}
	if app.release.Version != name {
		return nil, fmt.Errorf("release.json says %q, the directory %q", app.release.Version, name)
	}
	if err := app.config.check(); err != nil {
		return nil, err
	}
	pages, err := template.ParseGlob(filepath.Join(dir, "templates", "*.html"))
	if err != nil {
		return nil, fmt.Errorf("read templates: %w", err)
	}
	app.pages = pages
	app.handler, err = app.wire()
	return app, err
}

// check refuses a configuration that no server could start with. A URL that is
// well formed and wrong is not refused: nobody can know that here.
func (c settings) check() error {
	u, err := url.Parse(c.PaymentsURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("config.json: payments_url %q is not a web address", c.PaymentsURL)
	}
	if c.PaymentsAttempts < 1 || c.PaymentsAttempts > 10 {
		return fmt.Errorf("config.json: payments_attempts %d is not from 1 to 10", c.PaymentsAttempts)
	}
	if c.PaymentsTimeoutMS < 1 || c.PaymentsTimeoutMS > 60_000 {
		return fmt.Errorf("config.json: payments_timeout_ms %d is not from 1 to 60000", c.PaymentsTimeoutMS)
	}
	if c.PaymentsBackoffMS < 0 || c.PaymentsBackoffMS > 10_000 {
		return fmt.Errorf("config.json: payments_backoff_ms %d is not from 0 to 10000", c.PaymentsBackoffMS)
	}
	if c.Locale == "" || c.Currency == "" {
		return errors.New("config.json: locale and currency are needed")
	}
	return nil
}
