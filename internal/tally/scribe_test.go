package tally

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/logline"
)

func TestScribeKeepsWhatItMade(t *testing.T) {
	t.Parallel()
	var s scribe
	var got, want []string
	line := make([]byte, 0, 400) // the same memory for every line
	for n := range 300 {
		line = append(line[:0], strings.Repeat(string(rune('a'+n%26)), n)...)
		s.forget()
		first := s.of(line)
		if again := s.of(line); again != first {
			t.Fatalf("asked again for %q: got %q", line, again)
		}
		got, want = append(got, first), append(want, string(line))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("string %d became %q, want %q", i, got[i], want[i])
		}
	}
}

func TestRepeatedLinesAreCounted(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "y", "y\r", "nothing of interest", strings.Repeat("long ", 2000)} {
		r := NewReader()
		log := bytes.Repeat([]byte(line+"\n"), 1000)
		log = append(log, "nothing of importance\n--- FAIL: TestA (0.00s)\nFAIL\nFAIL\texample.com/a\t0.1s\nFAIL\n"...)
		log = append(log, bytes.Repeat([]byte(line+"\n"), 1000)...)
		_, _ = r.Write(log)
		result := r.Close()
		if result.Lines != 2005 {
			t.Errorf("%d lines of %.20q, want 2005", result.Lines, line)
		}
		if len(result.Runs) != 1 || result.Runs[0].State != Failed || result.Runs[0].Last > 1005 || result.Runs[0].First < 1000 {
			t.Errorf("between lines of %.20q: got %+v", line, result.Runs)
		}
	}
}

// TestFloodsMakeNoGarbage holds that lines that nobody wants cost no memory, and
// those that are wanted hardly any.
func TestFloodsMakeNoGarbage(t *testing.T) {
	for name, line := range map[string]string{
		"plain": "some ordinary output %d\n", "coloured": "\x1b[32m✔\x1b[39m done %d\n", "CRLF": "some output %d\r\n",
		"progress": "\r10%%\r%d%%\n", "go test": "=== RUN   TestA/%[1]d\n--- PASS: TestA/%[1]d (0.00s)\n", "TAP": "ok %d - a test\n",
	} {
		r := NewReader()
		var block []byte
		lines := 0
		for n := range 2000 {
			block = fmt.Appendf(block, line, n)
			lines++
		}
		_, _ = r.Write(block)
		if per := testing.AllocsPerRun(5, func() { _, _ = r.Write(block) }) / float64(lines); per > 0.5 {
			t.Errorf("%s: %.2f allocations a line", name, per)
		}
	}
}

// FuzzQuickEvent holds that the quick way reads what the long way reads.
func FuzzQuickEvent(f *testing.F) {
	for _, line := range []string{
		`{"Time":"2026-07-29T04:36:28.4540735Z","Action":"run","Package":"example.com/a","Test":"TestA/b"}`,
		`{"Action":"pass","Package":"a","Test":"TestA","Elapsed":0.01}`,
		`{"Action":"fail","Package":"a","Elapsed":-1e5}`,
		`{"ImportPath":"a","Action":"build-output","Output":"x"}`,
		`{"Action":"pass","Package":"a",}`, `{"Action":"pass"`, `{}`, `{"":""}`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, c := range line {
			if c < ' ' || c == '\uFFFD' {
				return // cleaned lines hold none that the two would differ about
			}
		}
		o := &out{r: &Reader{}}
		quick, ok := quickEvent(logline.Line{Text: []byte(line)}, o)
		var long goEvent
		if err := json.Unmarshal([]byte(line), &long); ok && err == nil && quick != long {
			t.Errorf("%s: quick %+v, long %+v", line, quick, long)
		}
	})
}
