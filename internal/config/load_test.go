package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
)

var update = flag.Bool("update", false, "rewrite golden files, docs/configuration.md and the schema")

// lint stands for the journey room: a recording that says so asserts nothing.
func lint(j product.Journey) error {
	data, err := os.ReadFile(j.File)
	if err != nil {
		return err
	}
	if strings.Contains(string(data), "{{secret.pin}}") && j.Secrets["pin"] == "" {
		return fault.New(fault.Invalid, "step 1: secret pin has no value", "add it to the journey's secrets")
	}
	if strings.Contains(string(data), "asserts nothing") {
		return fault.New(fault.Invalid, "asserts nothing, so it can never fail", "add a waitForElement step")
	}
	return nil
}

func TestLoad(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/load/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := loadArchive(t, archive)
			if *update {
				setFile(archive, "want", got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(got, fileIn(archive, "want")); diff != "" {
				t.Errorf("output (-got +want):\n%s", diff)
			}
			for _, leak := range []string{"hunter2", "xoxb-secret", "literal-token", "\x1b"} {
				if strings.Contains(got, leak) {
					t.Errorf("the output shows %q", leak)
				}
			}
		})
	}
}

// loadArchive unpacks the files, loads them and returns all that is said.
func loadArchive(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, warnings, err := Load(filepath.Join(dir, "postflight.yaml"), Options{
		JourneyLint: lint, Environ: strings.Fields("X=1 " + fileIn(archive, "env")), KnownEnv: []string{"POSTFLIGHT_TOKEN"},
		Now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	})
	var b strings.Builder
	if err != nil {
		if cfg != nil {
			t.Error("Load returned both a configuration and an error")
		}
		if got := fault.KindOf(err); got != fault.Invalid {
			t.Errorf("kind of error = %q, want %q", got, fault.Invalid)
		}
		fmt.Fprintf(&b, "%s\n", err)
	} else {
		fmt.Fprint(&b, cfg.Effective())
	}
	for _, w := range warnings {
		fmt.Fprintf(&b, "\n%s", w.Warn())
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), dir+"/", ""), dir, "DIR")
}

func fileIn(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setFile(archive *txtar.Archive, name, data string) {
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			archive.Files[i].Data = []byte(data)
			return
		}
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(data)})
}
