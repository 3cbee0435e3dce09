package report

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/tally"
)

// brief is a result in a line.
func brief(res Result) string {
	s := res.Format
	for _, r := range res.Runs {
		s += fmt.Sprintf(" | %s %s %d/%d/%d", r.Tool, r.State, r.Passed, r.Failed, r.Skipped)
		if r.Flaky > 0 {
			s += fmt.Sprintf(" flaky %d", r.Flaky)
		}
		if r.Expected > 0 && r.Expected != r.Passed+r.Failed+r.Skipped {
			s += fmt.Sprintf(" of %d", r.Expected)
		}
		if r.Warnings > 0 {
			s += fmt.Sprintf(" warnings %d", r.Warnings)
		}
	}
	if res.Problem != "" {
		s += " ! " + res.Problem
	}
	return s
}

// TestFixtures holds every file of testdata against wants.txt, whose counts
// were made with grep, not with this package.
func TestFixtures(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("testdata/wants.txt")
	if err != nil && os.Getenv("UPDATE") == "" {
		t.Fatal(err)
	}
	var b strings.Builder
	err = filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Count(path, "/") == 1 || strings.Contains(path, "/fuzz/") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		res, err := Read(path, f)
		if err != nil {
			t.Errorf("read %s: %v", path, err)
		}
		fmt.Fprintf(&b, "%s: %s\n", strings.TrimPrefix(path, "testdata/"), brief(res))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("testdata/wants.txt", []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), string(want)); diff != "" {
		t.Errorf("got -, want +:\n%s", diff)
	}
}

// TestCutOffIsNeverGreen cuts every fixture in many places.
func TestCutOffIsNeverGreen(t *testing.T) {
	t.Parallel()
	_ = filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Count(path, "/") == 1 || strings.Contains(path, "/fuzz/") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = []byte(strings.TrimSpace(string(text)))
		for i := 3; i < 40; i += 4 {
			part := string(text[:len(text)*i/40])
			res, err := Read(path, strings.NewReader(part))
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			for _, run := range res.Runs {
				// Formats of one value a line have no end: what is cut between packages
				// is a shorter report.
				if run.State == tally.Passed && res.Format != "go-json" && res.Format != "tap" {
					t.Errorf("%s cut at %d of 40 is green: %s", path, i, brief(res))
				}
			}
		}
		return nil
	})
}
