package excerpt

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFormsLoseNothing compares signatures with such as look at every line, also
// at those that differ from another in digits alone.
func TestFormsLoseNothing(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	quick, every := NewSignature(), NewSignature()
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(log) {
			quick.Add(line)
			every.Add(line)
			clear(every.forms)
		}
	}
	if quick.Len() == 0 {
		t.Fatal("the logs say nothing that sounds like an error")
	}
	if diff := cmp.Diff(quick.known, every.known); diff != "" {
		t.Errorf("signatures differ (-quick +every):\n%s", diff)
	}
}

func TestFormTakesDigitsForOne(t *testing.T) {
	t.Parallel()
	if form([]byte("error 17 of 20 in step 3")) != form([]byte("error 99 of 31 in step 0")) {
		t.Error("lines that differ in digits have different forms")
	}
	for _, other := range []string{"error 17 of 20 in step x", "error 17 of 20 in step ", "error 17 of 20 in step 33", "Error 17 of 20 in step 3"} {
		if form([]byte("error 17 of 20 in step 3")) == form([]byte(other)) {
			t.Errorf("%q has the form of another line", other)
		}
	}
}

// BenchmarkSignature reads a green log of the size of which signatures are made.
func BenchmarkSignature(b *testing.B) {
	var log []byte
	for n := 0; len(log) < 8<<20; n++ {
		log = fmt.Appendf(log, "src/app/components/Header.tsx:12:34 some ordinary build output in line %d\n2026-07-29 04:36:28 ERROR failed to connect to 10.0.0.%d, attempt %d\n", n, n%255, n)
	}
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		s := NewSignature()
		for line := range bytes.Lines(log) {
			s.Add(line)
		}
	}
}
