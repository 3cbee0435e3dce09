package tally

import (
	"fmt"
	"strings"
	"testing"
)

// TestGuessedPrefixes puts before the lines of a failed run of Mocha what nobody
// announced, in the middle of a long log.
func TestGuessedPrefixes(t *testing.T) {
	t.Parallel()
	lines := []string{"", "  m", "    ✔ ok", "    1) bad", "", "", "  1 passing (9ms)", "  1 failing", "", "  1) m", "       bad:", "     AssertionError: 1 == 2", "", ""}
	for name, prefix := range map[string]string{
		"compose": "test-1  | ", "names": "[unit] ", "pods": "[pod/a-7d9f/app] ", "foreman": "10:00:%02d test.1  | ",
		"clock": "10:00:%02d ", "bracketed clock": "[10:00:%02d] ", "Jenkins": "10:00:%02d  ", "date": "2026-05-01 10:00:%02d,123 ",
		"ts": "May 01 10:00:%02d ", "TeamCity": "[10:00:%02d][Step 2/3] ", "TeamCity, loud": "[10:00:%02d]W:\t [Step 2/3] ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			dressed := func(line string, i int) {
				head := prefix
				if strings.Contains(prefix, "%") {
					head = fmt.Sprintf(prefix, i%60)
				}
				log.WriteString(head + line + "\n")
			}
			for i := range 500 {
				dressed(strings.Repeat("  ", i%3)+"setting up", i)
			}
			for i, line := range lines {
				dressed(line, i)
			}
			res, _ := read([]byte(log.String()))
			if len(res.Runs) != 1 || res.Runs[0].State != Failed || res.Runs[0].Failed != 1 {
				t.Errorf("read as %+v", res.Runs)
			}
		})
	}
}

// TestLoggersAreNoPrefixes holds that what loggers put before their words is left.
func TestLoggersAreNoPrefixes(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"2026-05-01 10:00:00,123 FAILED (failures=1)", "[ERROR] Error: x", "10:00:00.1 [main] WARN  c.a.App - retry",
		"| a | b |", "[ 50%] Building CXX object", "[==========] Running 3 tests",
	} {
		r := NewReader()
		for range 40 {
			_, _ = r.Write([]byte(line + "\n"))
		}
		if r.split != nil {
			t.Errorf("%q was taken for lines with a prefix", line)
		}
		if res := r.Close(); len(res.Runs)+len(res.Marks) > 0 {
			t.Errorf("%q was read as %+v", line, res)
		}
	}
}
