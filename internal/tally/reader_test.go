package tally

import (
	"bytes"
	"testing"

	"github.com/postflight/postflight/internal/logline"
)

// echo keeps what it is given.
type echo struct {
	wants []string
	got   []string
	ask   int
}

func (e *echo) triggers() []string { return e.wants }
func (e *echo) line(l logline.Line, o *out) {
	e.got = append(e.got, string(l.Text))
	if e.ask > 0 {
		o.next(e.ask)
		e.ask = 0
	}
}
func (e *echo) end(*out) {}

// with returns a reader with one grammar, past the lines that are always read.
func with(g grammar) *Reader {
	r := &Reader{lanes: map[string]*lane{}, deep: deepBytes}
	r.main = &lane{grammars: []grammar{g}, outs: []out{{r: r}}}
	r.lanes[""] = r.main
	r.sieve = newSieve(r.main.grammars)
	return r
}

func TestReaderPassesWhatIsWanted(t *testing.T) {
	t.Parallel()
	g := &echo{wants: []string{"Tests:", number + "passing", "OK", inner, "# tests"}}
	r := with(g)
	log := bytes.Repeat([]byte("nothing of interest here\n"), 40)
	log = append(log, "  \x1b[1mTests:\x1b[22m 3\n2026-07-29T04:36:28.4540735Z 12 passing\r\n1 passed\nOK\n# tests 5\na.ts(1,2): error TS2304: x\n10%\r20%\rOK done\nTest"...)
	for len(log) > 0 { // odd blocks: lines go on in the next
		n := min(7, len(log))
		_, _ = r.Write(log[:n])
		log = log[n:]
	}
	_, _ = r.Write([]byte("s: end"))
	r.Close()
	want := []string{"Tests: 3", "12 passing", "OK", "# tests 5", "a.ts(1,2): error TS2304: x", "OK done", "Tests: end"}
	if len(g.got) != len(want) {
		t.Fatalf("got %q, want %q", g.got, want)
	}
	for i := range want {
		if g.got[i] != want[i] {
			t.Errorf("line %d: got %q, want %q", i, g.got[i], want[i])
		}
	}
}

func TestReaderGivesTheLinesAskedFor(t *testing.T) {
	t.Parallel()
	g := &echo{wants: []string{"FAIL"}, ask: 2}
	r := with(g)
	_, _ = r.Write(append(bytes.Repeat([]byte("x\n"), 40), "FAIL\na\nb\nc\n"...))
	if got := r.Close(); len(g.got) != 3 || got.Lines != 44 {
		t.Errorf("got %q of %d lines, want FAIL, a, b of 44", g.got, got.Lines)
	}
}

func TestEndlessLineIsBounded(t *testing.T) {
	t.Parallel()
	g := &echo{wants: []string{"Tests:"}}
	r := with(g)
	for range 100 {
		_, _ = r.Write(bytes.Repeat([]byte("x"), 1<<16))
	}
	if cap(r.carry) > 1<<18 {
		t.Errorf("an endless line holds %d bytes", cap(r.carry))
	}
	_, _ = r.Write([]byte("\nTests: 1\n"))
	if r.Close(); len(g.got) != 1 {
		t.Errorf("the line after the endless one was lost: %q", g.got)
	}
}

func BenchmarkReader(b *testing.B) {
	r := NewReader()
	block := bytes.Repeat([]byte("src/app/components/Header.tsx:12:34 some ordinary build output line of no interest 0123\n"), 700)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		_, _ = r.Write(block)
	}
}
