package verdict_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/flake"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

const ciWhy = "CI was green against its own evidence: unit: Jest says 2 of 14 tests failed, and the command exited with 0 (contradiction)"

// rounds returns so many rounds of looks; the looks at the journey that fail are
// told by f.
func rounds(n int, f func(i int) bool) []signal.Signal {
	var out []signal.Signal
	add := func(i int, k signal.Kind, name string, side signal.Side, fails bool) {
		s := signal.Signal{
			ID: signal.ID(name + string(rune('a'+i%26)) + time.Duration(i).String()), At: start.Add(time.Duration(i)*time.Second + time.Duration(len(out))*time.Millisecond),
			Kind: k, Name: name, Side: side, Round: i + 1, Expected: "v2", Served: "v2", Outcome: signal.Pass,
		}
		if side == signal.None {
			s.Served = ""
		}
		if fails {
			s.Outcome, s.Failure = signal.Fail, &signal.Failure{Class: "step_timeout", Message: "not found"}
		}
		out = append(out, s)
	}
	for i := range n {
		add(i, signal.Version, "version", signal.New, false)
		add(i, signal.Assets, "assets", signal.New, false)
		add(i, signal.Probe, "payments", signal.None, false)
		add(i, signal.Journey, "book", signal.New, f(i))
	}
	return out
}

func doubt(in verdict.Input) verdict.Input {
	in.Watch.Sensitivity = &watch.Sensitivity{Level: watch.High, Reason: ciWhy, Since: start}
	return in
}

// ci returns the reason that CI gives, and its place.
func ci(v verdict.Verdict) (verdict.Reason, int) {
	i := slices.IndexFunc(v.Reasons, func(r verdict.Reason) bool { return r.Rule == verdict.RuleCI })
	if i < 0 {
		return verdict.Reason{}, i
	}
	return v.Reasons[i], i
}

func TestSuspicionIsNoEvidence(t *testing.T) {
	t.Parallel()
	never := func(int) bool { return false }
	always := func(int) bool { return true }
	known := map[string]flake.Record{"book": flake.Record{}.Saw(2000, 20, "", start)}
	for _, c := range []struct {
		name  string
		fails func(int) bool
		state verdict.State
		forIt bool
		says  string
	}{
		{"nothing fails", never, verdict.Healthy, false, "watched at high sensitivity: CI was green"},
		{"everything fails", always, verdict.BrokenRelease, true, "fails"},
		{"it comes and goes more often than it ever did", func(i int) bool { return i%6 == 2 && i < 30 }, verdict.Inconclusive, true, "CI was green against its own evidence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := setting(t, "", rounds(40, c.fails))
			in.Watch.State, in.Watch.Flakes, in.Watch.Round, in.Now = watch.Ended, known, 40, start.Add(time.Minute)
			plain, v := verdict.Judge(in), verdict.Judge(doubt(in))
			if v.State != c.state || !strings.Contains(v.Summary, c.says) {
				t.Errorf("%s: %s", v.State, v.Summary)
			}
			if v.State.Broken() != plain.State.Broken() || v.Rollback != plain.Rollback || !v.Since.Equal(plain.Since) {
				t.Errorf("suspicion changed what is broken: %s since %s, without it %s since %s", v.State, v.Since, plain.State, plain.Since)
			}
			r, at := ci(v)
			if r.Text != ciWhy || r.For != c.forIt {
				t.Errorf("reason %+v", r)
			}
			if r.For && at == 0 && len(v.Reasons) > 1 && v.Reasons[1].For {
				t.Error("suspicion comes before what was seen")
			}
			if _, at := ci(plain); at >= 0 {
				t.Error("a pipeline nobody doubts is named")
			}
			// Judged again, it is said once.
			in.Prior, in.PriorWas = v.State, v
			again := verdict.Judge(doubt(in))
			n := 0
			for _, r := range again.Reasons {
				if r.Rule == verdict.RuleCI {
					n++
				}
			}
			if n != 1 {
				t.Errorf("said %d times", n)
			}
		})
	}
}
