package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/verdict"
)

// Nothing that could command a terminal passes, in text or in JSON, and JSON
// keeps its value.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "\u009b31m", "a\u202eb", "a\r\nb\tc", "\xff\xfe", "\x7f", `{"a":"\u009b"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := clean(s); strings.ContainsFunc(got, hostile) {
			t.Errorf("clean(%q) = %q", s, got)
		}
		if got := oneLine(s); strings.ContainsAny(got, "\n\t\r") || strings.ContainsFunc(got, hostile) {
			t.Errorf("oneLine(%q) = %q", s, got)
		}
		var b strings.Builder
		if err := (&printer{w: &b}).json(s); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(b.String(), hostile) {
			t.Errorf("json(%q) = %q", s, b.String())
		}
		var back string
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && strings.Count(back, "\ufffd") == 0 {
			t.Errorf("json(%q) reads back as %q, %v", s, back, err)
		}
	})
}

func TestColoursAreOursOnly(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	p := &printer{w: &b, colour: true}
	p.line("a\x1b[31m", p.red("b\x1b[0m\nc"))
	if got, want := b.String(), "a\ufffd[31m\x1b[31;1mb\ufffd[0m c\x1b[0m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Colours need a terminal that wants them.
func TestColours(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  map[string]string
		tty  bool
		want bool
	}{
		{nil, true, true},
		{nil, false, false},
		{map[string]string{"NO_COLOR": "1"}, true, false},
		{map[string]string{"TERM": "dumb"}, true, false},
	} {
		tl := &tool{Options: Options{Getenv: func(k string) string { return tt.env[k] }}}
		if tt.tty {
			tl.Terminal = func(io.Writer) bool { return true }
		}
		if got := tl.printer(&strings.Builder{}).colour; got != tt.want {
			t.Errorf("%v tty %v: got %v", tt.env, tt.tty, got)
		}
	}
}

func TestOneDash(t *testing.T) {
	t.Parallel()
	got := oneDash([]string{"a", "-json", "-n", "2", "--", "-json"})
	if diff := cmp.Diff(got, []string{"a", "--json", "-n", "2", "--", "-json"}); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// Every kind and every verdict has a code of its own, and none is green by
// accident.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	seen := map[int]string{exitInterrupted: "interrupted", exitTimeout: "timeout"}
	for _, k := range []fault.Kind{fault.NotFound, fault.Invalid, fault.Conflict, fault.Denied, fault.Unavailable, fault.Internal} {
		got := tell(fault.New(k, "m", "h"))
		if got.code == 0 || seen[got.code] != "" || got.hint != "h" {
			t.Errorf("%s gives %+v, as %s", k, got, seen[got.code])
		}
		seen[got.code] = string(k)
		if wire := tell(&client.Error{Kind: string(k), Message: "m"}); wire.code != got.code {
			t.Errorf("%s gives %d on the wire, %d here", k, wire.code, got.code)
		}
	}
	for _, s := range []verdict.State{verdict.Healthy, verdict.BrokenRelease, verdict.BrokenEnvironment, verdict.NotDeployed, verdict.Inconclusive} {
		code, ok := verdictExits()[string(s)]
		if !ok || seen[code] != "" || (code == 0) != (s == verdict.Healthy) {
			t.Errorf("%s gives %d, as %s", s, code, seen[code])
		}
		seen[code] = string(s)
	}
	if got := tell(errors.New("x")).code; got != exitError {
		t.Errorf("an error gives %d", got)
	}
	if got := tell(&client.Error{Kind: "later"}).code; got != exitError {
		t.Errorf("a kind not known yet gives %d", got)
	}
}

// The schema that is printed is the one in the repository.
func TestSchemaIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(filepath.Join("..", "..", "schema", "postflight.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(configSchema, string(want)); diff != "" {
		t.Errorf("copy schema/postflight.schema.json to internal/cli/schema.json (-here +there):\n%s", diff)
	}
}

func TestScoreCard(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	run := func(name, state string, detected, verified float64) client.Drill {
		d := client.Drill{ID: name + "-1", Scenario: client.Scenario{Name: name}, State: state, Fault: start}
		at := func(s float64) time.Time {
			if s == 0 {
				return time.Time{}
			}
			return start.Add(time.Duration(s * float64(time.Second)))
		}
		d.Detected, d.Verified = at(detected), at(verified)
		return d
	}
	c := scoreCard([]client.Drill{
		run("bad", client.DrillPassed, 1, 5), run("quiet", client.DrillPassed, 0, 0),
		run("bad", client.DrillPassed, 2, 9), run("quiet", client.DrillPassed, 0, 0),
		run("bad", client.DrillAborted, 4, 0), run("quiet", client.DrillMissed, 0, 0),
	}, 3)
	c.Drills[4].Findings = []string{"no result"}
	var b strings.Builder
	c.print(&printer{w: &b})
	want := `SCENARIO      RESULT   FIRST EVIDENCE  DETECTED  PAGED  ROLLED BACK  VERIFIED
bad           passed   -                   1.00      -            -      5.00
quiet         passed   -                      -      -            -         -
bad           passed   -                   2.00      -            -      9.00
quiet         passed   -                      -      -            -         -
bad           aborted  -                   4.00      -            -         -
quiet         missed   -                      -      -            -         -
median bad    2/3      -                   2.00      -            -      7.00
median quiet  2/3      -                      -      -            -         -
times are seconds after the fault; - means that it did not happen
! bad-1: no result
6 drills: 4 passed, 2 missed
`
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// A drill that is still playing, or in a state not known yet, did not pass.
func TestOnlyPassedIsPassed(t *testing.T) {
	t.Parallel()
	for _, state := range []string{client.DrillPlaying, client.DrillMissed, client.DrillAborted, "", "later"} {
		if c := scoreCard([]client.Drill{{State: state}}, 1); c.Passed != 0 || c.Missed != 1 {
			t.Errorf("%q counts as %d passed", state, c.Passed)
		}
	}
}
