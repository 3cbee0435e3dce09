package postmortem_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
)

var t0 = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// kinds are those of timeline lines, with words as they are written.
var kinds = []struct{ kind, text string }{
	{"release.deployed", "v2 went live"},
	{"release.enriched", "the pipeline told more of v2"},
	{"release.pinned", "pinned to v1; v2 is held back"},
	{"watch.opened", "watching v2"},
	{"signal.observed", "journey fail on v2: TypeError"},
	{"signal.observed", "journey pass on v1: no failures"},
	{"verdict.reached", "verdict broken_release: v2 broke Shop"},
	{"action.done", "Page to team (opened): done"},
	{"action.done", "Roll back Shop from v2 to v1: done"},
	{"action.done", "Roll back Shop from v2 to v1: failed: exit 1"},
	{"rollback.refused", "not rolled back"},
	{"incident.opened", "INC-1 opened"},
	{"incident.joined", "more"},
	{"incident.reopened", "again"},
	{"incident.acknowledged", "acknowledged by ann"},
	{"incident.mitigated", "recovered"},
	{"incident.resolved", "resolved"},
	{"incident.noted", "looked at it"},
	{"incident.severity", "severity 2 → 1"},
}

func randomStory(r *rand.Rand) (incident.Incident, []incident.Entry) {
	at := func() time.Time { return t0.Add(time.Duration(r.IntN(3600)) * time.Second) }
	in := incident.Incident{ID: "INC-1", Title: "v2 broke Shop", Severity: 2, Impact: at(), Detected: at()}
	if r.IntN(3) == 0 {
		in.Impact, in.Detected = time.Time{}, time.Time{}
	}
	if r.IntN(2) == 0 {
		in.Verdict = verdict.Verdict{
			Suspects: []verdict.Suspect{{Kind: "release", Name: "v2", For: []string{"fails"}, Against: []string{"passes"}}},
			Reasons:  []verdict.Reason{{Text: "journey passes"}},
		}
	}
	var lines []incident.Entry
	for i := range r.IntN(25) {
		k := kinds[r.IntN(len(kinds))]
		e := incident.Entry{Incident: in.ID, Seq: int64(i + 1), At: at(), Kind: k.kind, Text: k.text}
		if r.IntN(9) == 0 {
			e.Seq = 0
		}
		if r.IntN(4) == 0 {
			e.Evidence = []signal.Evidence{{Kind: "screenshot", Title: "step 2", Blob: fmt.Sprint("b", i)}}
		}
		lines = append(lines, e)
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return in, lines
}

// TestEverySentenceHasAnEventOrIsUnknown holds the promise of the package over
// random timelines: lines missing, doubled, out of order, without a number.
func TestEverySentenceHasAnEventOrIsUnknown(t *testing.T) {
	t.Parallel()
	for i := range 3000 {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		in, lines := randomStory(r)
		known := map[int64]bool{}
		for _, l := range lines {
			known[l.Seq] = true
		}
		for _, p := range postmortem.Draft(in, lines, postmortem.Postmortem{}, t0).Parts {
			if p.Section.HumanOnly() != (len(p.Facts) == 0) {
				t.Fatalf("story %d: %s has %d facts", i, p.Section, len(p.Facts))
			}
			for _, f := range p.Facts {
				switch {
				case f.Seq > 0 && known[f.Seq]:
				case f.Seq == 0 && strings.Contains(f.Text, "unknown"):
				default:
					t.Fatalf("story %d: %s: %q rests on event %d", i, p.Section, f.Text, f.Seq)
				}
			}
		}
	}
}

func part(pm postmortem.Postmortem, s postmortem.Section) string {
	var out []string
	for _, p := range pm.Parts {
		for _, f := range p.Facts {
			if p.Section == s {
				out = append(out, f.Text)
			}
		}
	}
	return strings.Join(out, " | ")
}

func lines(pairs ...string) []incident.Entry {
	var out []incident.Entry
	for i := 0; i < len(pairs); i += 2 {
		n := i/2 + 1
		out = append(out, incident.Entry{Seq: int64(n), At: t0.Add(time.Duration(n) * time.Minute), Kind: pairs[i], Text: pairs[i+1]})
	}
	return out
}

func TestLeadUpEndsWhereTheIncidentBegins(t *testing.T) {
	t.Parallel()
	pm := postmortem.Draft(incident.Incident{ID: "INC-1", Detected: t0.Add(2 * time.Minute)}, lines(
		"release.deployed", "v2 went live", "incident.opened", "INC-1 opened",
		"release.deployed", "v1 is live again", "incident.mitigated", "recovered"), postmortem.Postmortem{}, t0)
	if got := part(pm, postmortem.LeadUp); got != "v2 went live" {
		t.Errorf("lead-up %q", got)
	}
}

func TestRecoveryIsTheLastOne(t *testing.T) {
	t.Parallel()
	in := incident.Incident{ID: "INC-1", Impact: t0, Detected: t0}
	story := []string{"incident.opened", "o", "incident.mitigated", "first", "incident.reopened", "again"}
	pm := postmortem.Draft(in, lines(story...), postmortem.Postmortem{}, t0)
	if got := part(pm, postmortem.Recovery); got != "Time to recover: unknown." {
		t.Errorf("while it is open again: %q", got)
	}
	pm = postmortem.Draft(in, lines(append(story, "incident.mitigated", "second")...), postmortem.Postmortem{}, t0)
	if got := part(pm, postmortem.Recovery); got != "Time to recover: 4m0s after detection: second." {
		t.Errorf("after the second recovery: %q", got)
	}
}

func TestFirstFailureIsAFailureOfThisIncident(t *testing.T) {
	t.Parallel()
	in := incident.Incident{ID: "INC-1", Impact: t0.Add(3 * time.Minute), Detected: t0.Add(3 * time.Minute)}
	pm := postmortem.Draft(in, lines("signal.observed", "journey fail on v2: a flake", "signal.observed", "assets pass on v2: 0 failures",
		"signal.observed", "journey fail on v2: TypeError", "incident.opened", "o"), postmortem.Postmortem{}, t0)
	if got := part(pm, postmortem.Detection); !strings.Contains(got, "First evidence: journey fail on v2: TypeError") {
		t.Errorf("detection %q", got)
	}
}

func TestWhatPeopleWroteSurvives(t *testing.T) {
	t.Parallel()
	in := incident.Incident{ID: "INC-1"}
	pm := postmortem.Draft(in, nil, postmortem.Postmortem{}, t0)
	pm, err := pm.Edit(postmortem.Lessons, "test the *booking*", "ann", t0.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	before := pm
	for range 3 {
		pm = postmortem.Draft(in, lines("incident.opened", "o"), pm, t0.Add(2*time.Hour))
	}
	if diff := cmp.Diff(before.Edited, pm.Edited); diff != "" {
		t.Errorf("edited: %s", diff)
	}
	for _, p := range pm.Parts {
		if p.Section == postmortem.Lessons && (p.Human != "test the *booking*" || p.By != "ann") {
			t.Errorf("lessons %+v", p)
		}
	}
	for name, err := range map[string]error{
		"unknown section": second(pm.Edit("nothing", "x", "ann", t0)),
		"too long":        second(pm.Edit(postmortem.Lessons, strings.Repeat("x", 65<<10), "ann", t0)),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ postmortem.Postmortem, err error) error { return err }

func TestMarkdownEscapesTextFromOutside(t *testing.T) {
	t.Parallel()
	evil := "TypeError\n# Resolved\n[click](http://evil.test) <script>alert(1)</script> `x` ![p](http://evil.test/p) |a|"
	pm := postmortem.Draft(incident.Incident{ID: "INC-1", Title: evil}, lines("incident.opened", evil), postmortem.Postmortem{}, t0)
	got := pm.Markdown("http://pf.test")
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "# Resolved") {
			t.Error("a page wrote a heading")
		}
	}
	for _, no := range []string{"[click](", "<script>", "![p]", " `x` ", " |a|"} {
		if strings.Contains(got, no) {
			t.Errorf("the text says %q:\n%s", no, got)
		}
	}
	if !strings.Contains(got, "[#1](http://pf.test/events/1)") {
		t.Error("the sentence does not link to its event")
	}
}
