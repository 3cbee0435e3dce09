package scan

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postflight/postflight/internal/rule"
)

// TestStories plays testdata: the head of an archive lists what must be found,
// "rule:file:line" one a line ("allowed rule:…" and "note rule:…" for those that
// weigh less), and "skip file:line".
func TestStories(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 10 {
		t.Fatalf("got %d stories, %v", len(paths), err)
	}
	for _, p := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(p)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			for _, f := range a.Files {
				fsys[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			var want []string
			for line := range strings.Lines(string(a.Comment)) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					want = append(want, line)
				}
			}
			r := scanned(t, fsys)
			if diff := cmp.Diff(want, told(r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
				for _, f := range r.Findings {
					t.Logf("%s:%d: %s: %s", f.Place.File, f.Place.Line, f.Rule, f.Message)
				}
				for _, s := range r.Skipped {
					t.Logf("skipped %s:%d: %s", s.Path, s.Line, s.Reason)
				}
			}
		})
	}
}

func scanned(t *testing.T, fsys fs.FS) Result {
	t.Helper()
	r, err := Scan(t.Context(), fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Level == rule.Fail {
			t.Errorf("%s: a scan alone is evidence of one kind and must not fail", f.Rule)
		}
		if f.Message == "" || strings.Contains(f.Message, "\n") || f.Place.Line < 1 || f.Place.Column < 1 {
			t.Errorf("got %+v, want a message of one line and a place", f)
		}
	}
	return r
}

// told writes a result as the stories do.
func told(r Result) []string {
	var got []string
	for _, f := range r.Findings {
		head := ""
		switch {
		case f.Allowed != "":
			head = "allowed "
		case f.Level == rule.Note:
			head = "note "
		}
		got = append(got, fmt.Sprintf("%s%s:%s:%d", head, f.Rule, f.Place.File, f.Place.Line))
	}
	for _, s := range r.Skipped {
		got = append(got, fmt.Sprintf("skip %s:%d", s.Path, s.Line))
	}
	return got
}
