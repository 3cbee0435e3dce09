package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

func TestTook(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 s", 300 * time.Microsecond: "<1 ms", 42 * time.Millisecond: "42 ms", 4620 * time.Millisecond: "4.62 s", 42100 * time.Millisecond: "42.1 s",
		30 * time.Second: "30 s", 15 * time.Minute: "15 min", 252 * time.Second: "4 min 12 s", 185 * time.Minute: "3 h 05 min", 50 * time.Hour: "2 d 2 h", -2 * time.Second: "−2.00 s",
	} {
		if got := took(d); got != want {
			t.Errorf("took(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestClockLaysOutWhatHappened(t *testing.T) {
	t.Parallel()
	c := newClock([]tick{{Label: "Paged", At: at(3)}, {Label: "Impact", At: at(0)}, {Label: "Acked"}, {Label: "Verdict", At: at(2)}}, at(1000), false)
	var got []string
	for _, m := range c.Marks {
		got = append(got, m.Label+" "+m.X+" "+m.W+" "+took(m.After))
	}
	want := []string{"Impact   0 s", "Verdict 0.0 664.0 2.00 s", "Paged 664.0 336.0 3.00 s", "Acked   0 s"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("clock differs (-got +want)\n%s", diff)
	}
	open := newClock([]tick{{At: at(0)}, {At: at(2)}}, at(3600), true)
	if open.Total != 3*time.Second {
		t.Errorf("an hour of waiting squeezes the story: total %v", open.Total)
	}
	if empty := newClock([]tick{{Label: "Fault"}}, at(0), true); len(empty.Marks) != 1 || empty.Total != 0 {
		t.Errorf("a clock of nothing: %+v", empty)
	}
}

func TestStripsCountOnlyWhatMetTheirRelease(t *testing.T) {
	t.Parallel()
	s := strip{Side: signal.New}
	met := func(o signal.Outcome, served string) {
		s.add(signal.Signal{ID: signal.ID(served + string(o)), Outcome: o, Expected: "2", Served: served})
	}
	met(signal.Pass, "1")
	if s.mark().Tone == "good" {
		t.Error("a pass on the old build is green for the new one")
	}
	met(signal.Fail, "2")
	met(signal.Broken, "2")
	met(signal.Pass, "2")
	if s.Passed != 1 || s.Failed != 1 || s.Other != 2 || s.Shown.ID != "2fail" {
		t.Errorf("strip %d passed, %d failed, %d other, shows %s", s.Passed, s.Failed, s.Other, s.Shown.ID)
	}
}

func TestEveryEventIsTold(t *testing.T) {
	t.Parallel()
	for _, e := range ordered(fullWorld().events) {
		if got := tell(e); got.Text == "" || got.Word == "" {
			t.Errorf("%s is told as %+v", e.Kind, got)
		}
	}
	for _, e := range []journal.Event{{Kind: "new.kind"}, {Kind: release.EventDeployed, Data: []byte(`{"at":`)}, {Kind: ""}} {
		if got := tell(e); got.Text == "" {
			t.Errorf("%q is not told", e.Kind)
		}
	}
}

func FuzzBlobKey(f *testing.F) {
	for _, s := range []string{"2026/11/21/a.png", "../etc", "a//b", "/a", "a/./b", ".x", "a\\b", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		key, ok := blobKey(raw)
		if ok && (key == "" || key[0] == '/' || key[0] == '.' || len(key) > 300) {
			t.Errorf("blobKey(%q) = %q", raw, key)
		}
	})
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "http://x", "/a?b=c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got := localPath(raw)
		if got == "" || got[0] != '/' || len(got) > 1 && (got[1] == '/' || got[1] == '\\') {
			t.Errorf("localPath(%q) = %q", raw, got)
		}
	})
}
