package tally

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update-native", false, "write what the runners' logs were read as")

// describe tells of a log's test runs in a few lines; what compilers and task
// runners said beside them is for their own tests.
func describe(r Result) string {
	var b strings.Builder
	for _, run := range r.Runs {
		if run.Kind != Test {
			continue
		}
		fmt.Fprintf(&b, "  %s %s: %d passed, %d failed, %d skipped", run.Tool, run.State, run.Passed, run.Failed, run.Skipped)
		for _, extra := range []struct {
			n    int
			word string
		}{{run.Flaky, "flaky"}, {run.Expected, "expected"}} {
			if extra.n > 0 {
				fmt.Fprintf(&b, ", %d %s", extra.n, extra.word)
			}
		}
		for _, extra := range []struct {
			is   bool
			word string
		}{{run.Uncounted, "uncounted"}, {run.Focused, "focused"}, {run.Rerun, "rerun"}} {
			if extra.is {
				fmt.Fprintf(&b, ", %s", extra.word)
			}
		}
		if run.Name != "" {
			fmt.Fprintf(&b, " (%s)", run.Name)
		}
		fmt.Fprintf(&b, " @%d-%d\n", run.First, run.Last)
		for _, f := range run.Failures {
			fmt.Fprintf(&b, "    %d: %s | %s\n", f.Line, f.Name, f.Message)
		}
	}
	for _, m := range r.Marks {
		if m.Tool != "pytest" && m.Tool != "go" {
			continue
		}
		fmt.Fprintf(&b, "  mark %s %d: %s\n", m.Rule, m.Line, m.Text)
	}
	return b.String()
}

// read reads a log in blocks of odd sizes.
func read(log []byte) (Result, Progress) {
	r := NewReader()
	for size := 1; len(log) > 0; size = size*3%1013 + 1 {
		n := min(size, len(log))
		_, _ = r.Write(log[:n])
		log = log[n:]
	}
	return r.Close(), r.Progress()
}

// TestNative reads what real runners printed (README.md there tells which) and
// compares with runs.golden.
func TestNative(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/native/*.txt")
	if err != nil || len(files) < 100 {
		t.Fatalf("testdata/native holds %d logs: %v", len(files), err)
	}
	var got strings.Builder
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		result, _ := read(log)
		for _, run := range result.Runs {
			if run.State == Passed && run.Executed()+run.Skipped < run.Expected {
				t.Errorf("%s: %s passed and lacks tests it announced: %+v", file, run.Tool, run)
			}
		}
		fmt.Fprintf(&got, "%s\n%s", strings.TrimSuffix(filepath.Base(file), ".txt"), describe(result))
	}
	golden := "testdata/native/runs.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.String(), string(want)); diff != "" {
		t.Errorf("runs differ (-got +want):\n%s", diff)
	}
}
