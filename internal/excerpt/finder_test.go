package excerpt

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// key is the text of the first passage's line that says it.
func key(ps []Passage) string {
	if len(ps) == 0 {
		return ""
	}
	return strings.TrimSpace(ps[0].Lines[ps[0].Key-ps[0].From])
}

func TestFirstPassage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, log, want string }{
		{"empty", "", ""},
		{"one line", "nothing to say", "nothing to say"},
		{"cause above the generic last words", "+ make\nmake: *** No rule to make target 'x'.  Stop.\n##[error]Process completed with exit code 2.\n", "make: *** No rule to make target 'x'.  Stop."},
		{"first of a cascade", "a.c:1:2: error: one\na.c:9:2: error: two\na.c:10:2: error: three\nmake: *** [a.o] Error 1\n", "a.c:1:2: error: one"},
		{"last line of a traceback", "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    import x\nfoo.Bar: no y\nmake: *** [t] Error 1\n", "foo.Bar: no y"},
		{"environment is no cause", "##[group]Run x\nenv:\n  ERROR: fatal error\n##[endgroup]\nrefused: a is more than the maximum\n##[error]Process completed with exit code 1.\n", "refused: a is more than the maximum"},
		{"clean-up is no cause", "E: Unable to locate package foo\n##[error]Process completed with exit code 100.\nPost job cleanup.\nfatal: not a git repository\n", "E: Unable to locate package foo"},
		{"retries: the last", "fatal: unable to access 'https://x/': Could not resolve host: x\nWaiting 10 seconds before trying again\nfatal: unable to access 'https://x/': Could not resolve host: x\n", "fatal: unable to access 'https://x/': Could not resolve host: x"},
		{"passing tests named error", "test_error ... ok\ntest_fails ... ok\n0 errors\nValueError: bad\n", "ValueError: bad"},
		{"warning is not the error", "warning: error handling is deprecated\nnpm warn old\nerror: cannot find thing\n", "error: cannot find thing"},
		{"last words without any marker", "step 1\nstep 2\n\nYour change has no owner; please add one\n##[error]Process completed with exit code 1.\n", "Your change has no owner; please add one"},
		{"what a passing Go test logs", "=== RUN   TestA\n    a_test.go:3: error: all is well\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n    b_test.go:9: got 1\n--- FAIL: TestB (0.00s)\nFAIL\n", "b_test.go:9: got 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := key(find([]byte(tt.log), Options{})); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPassagesAreTheLogsOwnLines(t *testing.T) {
	t.Parallel()
	for _, l := range load(t, "pytorch") {
		raw := strings.Split(string(l.log), "\n")
		for _, p := range find(l.log, Options{}) {
			if p.Key < p.From || p.Key >= p.From+len(p.Lines) || len(p.Lines) > 14 || p.Why == "" {
				t.Errorf("%s: key %d is not within %d..%d, or there are too many lines", l.name, p.Key, p.From, p.From+len(p.Lines)-1)
			}
			for i, line := range p.Lines {
				f := New(Options{})
				if want := f.shown([]byte(raw[p.From+i-1])); line != want {
					t.Errorf("%s: line %d is shown as %q, want %q", l.name, p.From+i, line, want)
				}
			}
		}
	}
}

func TestDoesNotDependOnBlocks(t *testing.T) {
	t.Parallel()
	for _, l := range append(load(t, "pytorch"), load(t, "seen")...) {
		want := find(l.log, Options{})
		f := New(Options{})
		r := rand.New(rand.NewPCG(1, 2))
		for rest := l.log; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(40))
			_, _ = f.Write(rest[:n])
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, f.Passages()); diff != "" {
			t.Errorf("%s: in other blocks (-want +got):\n%s", l.name, diff)
		}
	}
}

func TestGreenSignature(t *testing.T) {
	t.Parallel()
	greenLog := "2026-01-01 10:00:00 ERROR cache miss for 12, connection refused\nfatal: no tag found\nok\n"
	red := "2026-02-02 11:22:33 ERROR cache miss for 99, connection refused\nfatal: no tag found\nproblem: error: budget of 5 MB passed\n"
	sig := NewSignature()
	_, _ = sig.Write([]byte(greenLog))
	data, err := sig.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	again := NewSignature()
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !again.Has([]byte("2027-01-01 00:00:00 ERROR cache miss for 5, connection refused")) || again.Has([]byte("error: something else")) {
		t.Error("the signature does not know its lines, or knows others")
	}
	if got, want := key(find([]byte(red), Options{Green: again})), "problem: error: budget of 5 MB passed"; got != want {
		t.Errorf("with a green log: got %q, want %q", got, want)
	}
	if got := key(find([]byte(red), Options{})); got == "problem: error: budget of 5 MB passed" {
		t.Error("the green log makes no difference in this test")
	}
	for n := range data {
		if n > 3 {
			_ = NewSignature().UnmarshalBinary(data[:n])
		}
	}
	if err := NewSignature().UnmarshalBinary([]byte{9}); err == nil {
		t.Error("an unknown format was read")
	}
}

func TestSignatureIsBounded(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("200,000 lines")
	}
	sig := NewSignature()
	for i := range maxSigned + 1000 {
		n := i
		word := []byte("error: ")
		for range 5 {
			word = append(word, byte('g'+n%20))
			n /= 20
		}
		sig.Add(word)
	}
	if got := sig.Len(); got != maxSigned {
		t.Errorf("the signature knows %d lines, want %d", got, maxSigned)
	}
	data, err := sig.MarshalBinary()
	if err != nil || len(data) > 9*maxSigned {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestRulesCompile(t *testing.T) {
	t.Parallel()
	s := newRuleset()
	for i, r := range s.rules {
		s.fits(i, nil)
		if i < len(s.rules)-5 && r.words == "" {
			t.Errorf("rule %q has no words", r.name)
		}
	}
	for i, w := range s.words {
		if w == "" || w != strings.ToLower(w) {
			t.Errorf("rule %q: the word %q can never be found", s.rules[s.owner[i]].name, w)
		}
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	log := "alpha\nbeta said no\ngamma\nerror: late\n"
	f := New(Options{Failures: []Hint{{Line: 4}}})
	_, _ = f.Write([]byte(log))
	f.Hint(Hint{Line: 2, Text: "beta said no"})
	ps := f.Passages()
	if len(ps) == 0 || ps[0].Key != 2 && ps[0].Key != 4 {
		t.Errorf("the hints were not heard: %+v", ps)
	}
}

// block is a few megabytes of a log that has everything bad in it: errors that
// all differ, colours, binary.
func block() []byte {
	r := rand.New(rand.NewPCG(3, 4))
	letter := func() byte { return 'a' + byte(r.IntN(26)) }
	var b bytes.Buffer
	for i := range 80_000 {
		switch i % 8 {
		case 0, 1, 2, 3, 4, 5, 6:
			fmt.Fprintf(&b, "error: thing %c%c%c%c%c went wrong\n", letter(), letter(), letter(), letter(), letter())
		default:
			b.Write(bytes.Repeat([]byte("\x1b[31m\x00\xff"), 5))
			b.WriteString(green(r, i))
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("writes 200 MB")
	}
	f := New(Options{})
	bad := block()
	_, _ = f.Write(bad[:1<<20])
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	rest, _ := pad(nil, 20_000, 8)
	_, _ = f.Write(bad)
	for written := 0; written < 200<<20; written += len(rest) {
		_, _ = f.Write(rest)
	}
	_, _ = f.Write(bytes.Repeat([]byte("endless error: "), 2<<20)) // one line of 30 MB
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 24<<20 {
		t.Errorf("the finder grew by %d MB", grown>>20)
	}
	if ps := f.Passages(); len(ps) == 0 {
		t.Error("nothing was found")
	}
}

func FuzzFinder(f *testing.F) {
	f.Add([]byte("Traceback (most recent call last):\n  File \"x\"\nE: x\n##[error]y\n"), uint8(3))
	f.Add([]byte("##[group]Run x\n##[endgroup]\n::error a::b\n#1 2.3 error: x\n{\"Action\":\"output\",\"Output\":\"a_test.go:1: \\u003c\\n\"}\r"), uint8(1))
	f.Add([]byte("[task 2026-01-01T00:00:00Z] 00:00:00 ERROR - x\n12:00:00 x\n│ Error: y\na | b\n\x1b[3"), uint8(200))
	f.Fuzz(func(t *testing.T, log []byte, cut uint8) {
		fd := New(Options{})
		n := min(len(log), int(cut))
		_, _ = fd.Write(log[:n])
		_, _ = fd.Write(log[n:])
		lines := bytes.Count(log, []byte{'\n'}) + 1
		for _, p := range fd.Passages() {
			if p.From < 1 || p.Key < p.From || p.Key >= p.From+len(p.Lines) || p.From+len(p.Lines)-1 > lines {
				t.Fatalf("a passage of lines %d to %d, key %d, in a log of %d", p.From, p.From+len(p.Lines)-1, p.Key, lines)
			}
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = NewSignature().UnmarshalBinary(data)
		s := NewSignature()
		_, _ = s.Write(data)
		stored, err := s.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := NewSignature().UnmarshalBinary(stored); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	log, _ := pad([]byte("error: x\n"), 100_000, 7)
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		find(log, Options{})
	}
}

// BenchmarkStorm is a log in which every line is another error.
func BenchmarkStorm(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var log bytes.Buffer
	for range 100_000 {
		fmt.Fprintf(&log, "error: could not %x the thing %c%c%c%c%c of the other side\n", r.Uint32(), 'g'+r.IntN(19), 'g'+r.IntN(19), 'g'+r.IntN(19), 'g'+r.IntN(19), 'g'+r.IntN(19))
	}
	b.SetBytes(int64(log.Len()))
	for b.Loop() {
		find(log.Bytes(), Options{})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(Options{})
	}
}
