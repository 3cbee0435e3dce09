package tally

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func updateBuild() bool {
	f := flag.Lookup("update-build")
	return f != nil && f.Value.String() == "true"
}

var _ = flag.Bool("update-build", false, "write testdata/build/*.want anew")

// told is what a log's tools said, a line for each run and mark.
func told(log []byte) string {
	r := NewReader()
	_, _ = r.Write(log)
	res := r.Close()
	var b strings.Builder
	for _, run := range res.Runs {
		fmt.Fprintf(&b, "%s %s %s", run.Tool, run.Kind, run.State)
		for _, f := range []struct {
			name string
			n    int
		}{
			{"passed", run.Passed},
			{"failed", run.Failed},
			{"skipped", run.Skipped},
			{"flaky", run.Flaky},
			{"warnings", run.Warnings},
			{"expected", run.Expected},
		} {
			if f.n != 0 {
				fmt.Fprintf(&b, " %s=%d", f.name, f.n)
			}
		}
		for word, is := range map[string]bool{" uncounted": run.Uncounted} {
			if is {
				b.WriteString(word)
			}
		}
		if run.Ignored {
			b.WriteString(" ignored")
		}
		if run.Name != "" {
			fmt.Fprintf(&b, " name=%s", run.Name)
		}
		fmt.Fprintf(&b, " lines %d-%d\n", run.First, run.Last)
		for _, f := range run.Failures {
			fmt.Fprintf(&b, "  %d: %s\n", f.Line, f.Name)
		}
	}
	for _, m := range res.Marks {
		fmt.Fprintf(&b, "mark %s %s line %d: %s\n", m.Rule, m.Tool, m.Line, m.Text)
	}
	return b.String()
}

// TestBuildLogs reads what real tools printed: see testdata/build/README.md.
func TestBuildLogs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/build/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := told(log)
			wanted := strings.TrimSuffix(file, ".txt") + ".want"
			if updateBuild() {
				if err := os.WriteFile(wanted, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wanted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("what %s tells (-want +got):\n%s", file, diff)
			}
		})
	}
}

// shape is what told says without the numbers of lines.
func shape(log []byte) string {
	r := NewReader()
	_, _ = r.Write(log)
	res := r.Close()
	var b strings.Builder
	for _, run := range res.Runs {
		fmt.Fprintf(&b, "%s %s %s %q %d %d %d %d\n", run.Tool, run.Kind, run.State, run.Name, run.Passed, run.Failed, run.Skipped, len(run.Failures))
	}
	for _, m := range res.Marks {
		fmt.Fprintf(&b, "mark %s %s %s\n", m.Rule, m.Tool, m.Text)
	}
	return b.String()
}

// TestBuildLogsDressed: a CI system's time stamps, other line ends and lines
// before it change nothing of what a log tells.
func TestBuildLogsDressed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/build/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := shape(log)
			lines := strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")
			for name, dressed := range map[string]string{
				"far down":   strings.Repeat("nothing of interest\n", 50) + string(log),
				"line ends":  strings.Repeat("nothing\r\n", 50) + strings.Join(lines, "\r\n") + "\r\n",
				"GitHub":     "2026-07-29T04:36:28.4540735Z " + strings.Join(append(slices.Repeat([]string{"nothing"}, 50), lines...), "\n2026-07-29T04:36:28.4540735Z ") + "\n",
				"gh run log": "build\tRun tests\t2026-07-29T04:36:28.4540735Z " + strings.Join(append(slices.Repeat([]string{"nothing"}, 50), lines...), "\nbuild\tRun tests\t2026-07-29T04:36:28.4540735Z ") + "\n",
				"GitLab":     "2024-05-22T12:43:46.962646Z 00O " + strings.Join(append(slices.Repeat([]string{"nothing"}, 50), lines...), "\n2024-05-22T12:43:46.962646Z 00O ") + "\n",
				"Jenkins":    "[2024-05-22T12:43:46.962Z] " + strings.Join(append(slices.Repeat([]string{"nothing"}, 50), lines...), "\n[2024-05-22T12:43:46.962Z] ") + "\n",
			} {
				if diff := cmp.Diff(want, shape([]byte(dressed))); diff != "" {
					t.Errorf("%s (-plain +dressed):\n%s", name, diff)
				}
			}
		})
	}
}
