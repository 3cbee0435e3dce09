package guard

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// row is a line of a README of captures: name, tool, command, exit code.
var row = regexp.MustCompile(`^\| ([\w.-]+) \|.*\| *(\d+)[^|]*\|\s*$`)

// TestCorpus judges what real tools printed, with the exit codes they really
// left. The golden file is to be read: a capture with exit code 0 is green only
// when its tests ran and passed.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	readmes, err := filepath.Glob("../tally/testdata/*/README.md")
	if err != nil || len(readmes) < 3 {
		t.Fatalf("captures: %v, %v", readmes, err)
	}
	for _, readme := range readmes {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			m := row.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				continue
			}
			log, err := os.Open(filepath.Join(filepath.Dir(readme), strings.TrimSuffix(m[1], ".txt")+".txt"))
			if err != nil {
				t.Errorf("%s names a capture that is not there: %v", readme, err)
				continue
			}
			code, _ := strconv.Atoi(m[2])
			s, err := JudgeLog(Finished{Name: m[1], Log: log, Code: code, MinTests: -1})
			_ = log.Close()
			if err != nil {
				t.Fatal(err)
			}
			var rules []string
			for _, f := range s.Findings {
				mark := string(f.Rule)
				if !f.Fails() {
					mark = "(" + mark + ")"
				}
				rules = append(rules, mark)
			}
			rules = slices.Compact(rules)
			_, _ = fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprintf("%s/%s exit %d: %s %s", filepath.Base(filepath.Dir(readme)), m[1], code, s.State, strings.Join(rules, " "))))
			if code != 0 && code != 124 && len(s.Excerpt) == 0 && s.Lines > 0 {
				t.Errorf("%s failed, and nothing explains it", m[1])
			}
		}
	}
	const golden = "testdata/corpus.golden"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("judged otherwise than before (-want +got); go test ./internal/guard -run Corpus -update, and read what changed:\n%s", d)
	}
}
