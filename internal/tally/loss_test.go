package tally

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dresses are what terminals and CI systems make of the same lines.
var dresses = map[string]func(line []byte) []byte{
	"plain":    func(line []byte) []byte { return line },
	"CRLF":     func(line []byte) []byte { return append(line, '\r') },
	"stamped":  func(line []byte) []byte { return append([]byte("2026-07-29T04:36:28.4540735Z "), line...) },
	"Jenkins":  func(line []byte) []byte { return append([]byte("[2026-07-29T04:36:28.454Z] "), line...) },
	"coloured": func(line []byte) []byte { return append(append([]byte("\x1b[0m\x1b[32m"), line...), "\x1b[39m"...) },
	"spotted":  spotted,
	"redrawn":  func(line []byte) []byte { return append([]byte("\x1b[2Kworking 12%\r\x1b[K"), line...) },
	"cleared":  func(line []byte) []byte { return append(line, "\r\x1b[K\r"...) },
}

// spotted puts colours within the words.
func spotted(line []byte) []byte {
	var b []byte
	for i, c := range line {
		if i%2 == 1 && c < 0x80 {
			b = append(b, "\x1b[1m"...)
		}
		b = append(b, c)
	}
	return b
}

// TestSieveLosesNothing compares what a Reader says of real logs with what it
// says when every line of them is read.
func TestSieveLosesNothing(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d logs: %v", len(files), err)
	}
	for name, dress := range dresses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				log, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var dressed []byte
				for line := range bytes.SplitSeq(bytes.TrimSuffix(log, []byte("\n")), []byte("\n")) {
					dressed = append(append(dressed, dress(bytes.Clone(line))...), '\n')
				}
				// A few lines at the beginning of every log are read in any case.
				dressed = append(bytes.Repeat(append(dress([]byte("nothing")), '\n'), 40), dressed...)
				if some, every := sieved(dressed), all(dressed); !reflect.DeepEqual(some, every) {
					t.Errorf("%s (-sieved +all):\n%s", file, cmp.Diff(some, every))
				}
			}
		})
	}
}

// sieved reads a log as it is read.
func sieved(log []byte) Result {
	r := NewReader()
	_, _ = r.Write(log)
	return r.Close()
}

// all reads a log with every line of it given to who wants it.
func all(log []byte) Result {
	r := NewReader()
	for line := range bytes.SplitSeq(bytes.TrimSuffix(log, []byte("\n")), []byte("\n")) {
		r.raw(line)
	}
	return r.Close()
}
