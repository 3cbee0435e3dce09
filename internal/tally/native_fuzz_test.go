package tally

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzReader holds that no log makes the whole Reader fail, forget its bounds or
// count what it does not show: all tools' logs are the seeds.
func FuzzReader(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(log) < 4<<10 {
			f.Add(log)
		}
	}
	f.Add([]byte("     ```ruby\n    ```\n~~~\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		result, _ := read(log)
		if len(result.Runs) > maxRuns || len(result.Marks) > maxMarks {
			t.Fatalf("%d runs and %d marks", len(result.Runs), len(result.Marks))
		}
		for _, run := range result.Runs {
			if run.Passed < 0 || run.Failed < 0 || run.Skipped < 0 || run.Flaky < 0 || run.Tool == "" || run.State == "" {
				t.Errorf("a run that cannot be: %+v", run)
			}
			if run.State == Passed && run.Failed > 0 {
				t.Errorf("passed with failures: %+v", run)
			}
			if run.First > result.Lines || run.Last > result.Lines || len(run.Text) > maxText+3 || len(run.Failures) > maxFailures {
				t.Errorf("out of bounds: %+v", run)
			}
		}
	})
}
