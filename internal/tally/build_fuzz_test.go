package tally

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// FuzzBuildLogs feeds the reader odd logs in odd blocks: it keeps its bounds, and
// what it says does not depend on the blocks.
func FuzzBuildLogs(f *testing.F) {
	files, err := filepath.Glob("testdata/build/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no logs: %v", err)
	}
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(log[:min(len(log), 3000)], uint8(7))
	}
	f.Add([]byte("\xff\xfe[0] [1] [\x1b[31m[ERROR]\x1b[0m Tests run: 99999999999999999999, Failures: -1\r\n\x00"), uint8(1))
	f.Fuzz(func(t *testing.T, log []byte, size uint8) {
		whole := NewReader()
		_, _ = whole.Write(log)
		a := whole.Close()
		parts := NewReader()
		for rest := log; len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			_, _ = parts.Write(rest[:n])
			rest = rest[n:]
		}
		b := parts.Close()
		if len(a.Runs) != len(b.Runs) || len(a.Marks) != len(b.Marks) || a.Lines != b.Lines {
			t.Errorf("at once %d runs, %d marks, %d lines; in blocks of %d: %d, %d, %d",
				len(a.Runs), len(a.Marks), a.Lines, int(size)+1, len(b.Runs), len(b.Marks), b.Lines)
		}
		for _, r := range a.Runs {
			if r.Passed < 0 || r.Failed < 0 || r.Skipped < 0 || r.First > r.Last || r.Last > a.Lines {
				t.Errorf("a run that cannot be: %+v", r)
			}
			if len(r.Text) > maxText+4 || len(r.Failures) > maxFailures || !utf8.ValidString(r.Text) {
				t.Errorf("a run beyond the bounds: %q", r.Text)
			}
		}
		for _, m := range a.Marks {
			if m.Rule == "" || m.Line < 1 || m.Line > a.Lines || len(m.Text) > maxText+4 {
				t.Errorf("a mark that cannot be: %+v", m)
			}
		}
	})
}
