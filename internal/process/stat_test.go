package process

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " S 26774 26774 14526 0 -1 4194304 128 0 0 0 7 3 2 1 20 0 4 0 2379495 2990080 389"
	want := Process{
		Parent: 26774, Group: 26774, Session: 14526, State: "S", CPU: 100 * time.Millisecond, Reaped: 30 * time.Millisecond,
		Threads: 4, Born: 2379495 * tick,
	}
	for name, text := range map[string]string{"sleep": "12 (sleep)", "a) R (b": "12 (a) R (b)", "x\ny": "12 (x\ny)", "": "12 ()"} {
		want.PID, want.Name = 12, name
		got, ok := parseStat([]byte(text + rest))
		if diff := cmp.Diff(got, want); !ok || diff != "" {
			t.Errorf("%q: %v %s", name, ok, diff)
		}
	}
	for _, text := range []string{"", "12", "12 (", "12 )(", "(a)", "0 (a)" + rest, "12 (a) S 1 2", "x (a)" + rest} {
		if p, ok := parseStat([]byte(text)); ok {
			t.Errorf("%q: got %+v, want nothing", text, p)
		}
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	all := []Process{{PID: 9, Parent: 4}, {PID: 1}, {PID: 4, Parent: 2}, {PID: 2, Parent: 1}, {PID: 3, Parent: 1}, {PID: 7, Parent: 7}}
	got := below(2, all)
	if diff := cmp.Diff(got, []Process{{PID: 2, Parent: 1}, {PID: 4, Parent: 2}, {PID: 9, Parent: 4}}); diff != "" {
		t.Error(diff)
	}
	// A circle, as two reads of a changing tree may show one.
	if got := below(5, []Process{{PID: 5, Parent: 6}, {PID: 6, Parent: 5}}); len(got) != 2 {
		t.Errorf("got %v, want both once", got)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 9 9 9"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, ok := parseStat(text); ok && (p.PID <= 0 || p.State == "") {
			t.Errorf("%q: got %+v", text, p)
		}
	})
}
