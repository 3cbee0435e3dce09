package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	list := Catalogue()
	var want []string
	for i := range 42 {
		want = append(want, fmt.Sprintf("G%02d", i+1))
	}
	for i := range 8 {
		want = append(want, fmt.Sprintf("H%02d", i+1))
	}
	var got []string
	ids := map[ID]bool{}
	for _, r := range list {
		got = append(got, r.Number)
		if ids[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		ids[r.ID] = true
		for what, text := range map[string]string{"id": string(r.ID), "title": r.Title, "why": r.Why, "fix": r.Fix, "bad": r.Bad, "good": r.Good} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s has no %s", r.Number, what)
			}
		}
		if !strings.HasSuffix(r.Title, ".") || strings.Contains(r.Title, "\n") || r.Bad == r.Good || len(r.Layers) == 0 {
			t.Errorf("%s: want a sentence, two examples that differ, and a layer", r.Number)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLevels holds the list of what may fail a step.
func TestLevels(t *testing.T) {
	t.Parallel()
	want := "G01 G17 G19 G20 G22 G24 G26 G27 G29 G31 G32 G33 G41 H01 H02 H03 H04 H05 H06 H07 H08"
	var got []string
	for _, r := range Catalogue() {
		if r.Level == Fail {
			got = append(got, r.Number)
		}
	}
	if got := strings.Join(got, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]ID{
		"G01": PipeStatus, "g1": PipeStatus, " pipe-status ": PipeStatus, "Pipe-Status": PipeStatus, "G42": ConstantCondition,
		"h3": HangFinished, "G43": "", "": "", "G": "", "G0": "", "G001": PipeStatus, "H09": "",
	} {
		r, ok := Find(name)
		if r.ID != want || ok != (want != "") {
			t.Errorf("Find(%q): got %q, %v, want %q", name, r.ID, ok, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]ID{"pipestatus": PipeStatus, "swalowed-status": SwallowedStatus, "curl": CurlWithoutFail, "G43": "G", "zzzzzz": ""} {
		got := Nearest(name)
		switch {
		case want == "" && len(got) != 0, want != "" && len(got) == 0:
			t.Errorf("Nearest(%q): got %v, want %q", name, got, want)
		case want != "" && want != "G" && got[0] != want:
			t.Errorf("Nearest(%q): got %v, want %q first", name, got, want)
		}
	}
	if got := Nearest(strings.Repeat("x", 1<<20)); got != nil {
		t.Errorf("got %v for an endless name", got)
	}
}

func TestParseAllow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		comment string
		ids     []ID
		reason  string
		ok      bool
	}{
		{"# guard:ok G02 the cache may be missing", []ID{SwallowedStatus}, "the cache may be missing", true},
		{"guard:ok swallowed-status,G1 both are meant", []ID{SwallowedStatus, PipeStatus}, "both are meant", true},
		{"# guard:ok G02, G01: both", []ID{SwallowedStatus, PipeStatus}, "both", true},
		{"# guard:ok G02, G01 - both", []ID{SwallowedStatus, PipeStatus}, "both", true},
		{"// guard:ok G19", []ID{NeverSettled}, "", true},
		{"# guard:ok", nil, "", true},
		{"# guard:ok nonsense because", []ID{"nonsense"}, "because", true},
		{"/* guard:ok G23 for now */", []ID{FocusedTest}, "for now", true},
		{"# guard:okay G02 x", nil, "", false},
		{"# not-guard:ok G02 x", nil, "", false},
		{"# nothing", nil, "", false},
		{"", nil, "", false},
	} {
		ids, reason, ok := ParseAllow(c.comment)
		if diff := cmp.Diff(c.ids, ids); diff != "" || reason != c.reason || ok != c.ok {
			t.Errorf("%q: got %v %q %v, want %v %q %v", c.comment, ids, reason, ok, c.ids, c.reason, c.ok)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	if err := Known(PipeStatus, "G02"); err != nil {
		t.Error(err)
	}
	var unknown *UnknownError
	if err := Known("swallowed-statu"); !errors.As(err, &unknown) || len(unknown.Nearest) == 0 || unknown.Nearest[0] != SwallowedStatus {
		t.Errorf("got %v", err)
	}
}

func FuzzParseAllow(f *testing.F) {
	f.Add("# guard:ok G02 reason")
	f.Add("guard:ok ,,, ,")
	f.Fuzz(func(t *testing.T, s string) {
		ids, reason, ok := ParseAllow(s)
		if !ok && (ids != nil || reason != "") {
			t.Errorf("got %v %q of no allowance", ids, reason)
		}
		if len(reason) > maxReason {
			t.Errorf("reason of %d bytes", len(reason))
		}
	})
}
