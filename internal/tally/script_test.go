package tally

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/rule"
)

// read gives a log to a reader with all grammars.
func readLog(log []byte) Result {
	r := NewReader()
	_, _ = r.Write(log)
	return r.Close()
}

// brief is a run in a line.
func brief(r Run) string {
	s := fmt.Sprintf("%s %s %d/%d/%d", r.Tool, r.State, r.Passed, r.Failed, r.Skipped)
	if r.Expected > 0 {
		s += fmt.Sprintf(" of %d", r.Expected)
	}
	if r.Flaky > 0 {
		s += fmt.Sprintf(" flaky %d", r.Flaky)
	}
	if r.Focused {
		s += " focused"
	}
	if r.Uncounted {
		s += " uncounted"
	}
	for _, f := range r.Failures {
		s += fmt.Sprintf("; %s: %s @%d", f.Name, f.Message, f.Line)
	}
	return s
}

// TestScriptCaptures reads what the real tools printed, and holds it against
// the .want file beside each.
func TestScriptCaptures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			res := readLog(log)
			var b strings.Builder
			for _, run := range res.Runs {
				b.WriteString(brief(run) + "\n")
			}
			for _, m := range res.Marks {
				text := fmt.Sprintf("mark %s %s @%d\n", m.Rule, m.Tool, m.Line)
				if m.Rule == rule.CrashedWorker && !strings.Contains(b.String(), text) { // others are not these grammars'
					b.WriteString(text)
				}
			}
			wantFile := strings.TrimSuffix(file, ".txt") + ".want"
			want, err := os.ReadFile(wantFile)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(wantFile, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.String(), string(want)); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
		})
	}
}
