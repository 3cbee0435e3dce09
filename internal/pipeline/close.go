package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/postflight/postflight/internal/rule"
)

// Wanted is one step that a complete pipeline run has in its ledger.
type Wanted struct {
	Name     string `json:"name"`
	MinTests int    `json:"min_tests,omitempty"`
	// Optional is the reason why the step may be missing ("docs only"); it must be
	// green all the same when it ran.
	Optional string `json:"optional,omitempty"`
}

// Closing is the judgement on a whole pipeline run.
type Closing struct {
	Run      string         `json:"run"`
	Green    bool           `json:"green"`
	Wanted   []Wanted       `json:"wanted"`
	Steps    []Step         `json:"steps"` // the last attempt of each
	Findings []rule.Finding `json:"findings,omitempty"`
}

// Close holds the ledger of a run against the steps that were to be there. A
// step that is missing, still running, failed or without evidence keeps it from
// being green; so does a ledger in which nothing is expected and nothing ran.
func Close(run string, wanted []Wanted, ledger []Step) Closing {
	c := Closing{Run: run, Wanted: wanted, Steps: Latest(run, ledger)}
	for _, w := range wanted {
		c.want(w)
	}
	for _, s := range c.Steps {
		c.step(s)
	}
	if len(c.Steps) == 0 && len(wanted) == 0 {
		c.Findings = append(c.Findings, rule.Finding{
			Rule: rule.StepMissing, Level: rule.Fail,
			Message: "no guarded step ran, and none is expected: there is nothing to call green",
			Proofs:  []rule.Proof{{Kind: "ledger", Text: "empty"}},
		})
	}
	c.Findings = sorted(c.Findings)
	c.Green = !slices.ContainsFunc(c.Findings, rule.Finding.Fails)
	return c
}

// want holds one expected step against what ran: in one job, or in several of a
// matrix, whose tests count together.
func (c *Closing) want(w Wanted) {
	var last Step
	tests, green := 0, true
	for _, s := range c.Steps {
		if s.Name == w.Name {
			last, tests, green = s, tests+executed(s), green && s.State.Green()
		}
	}
	switch {
	case last.Name == "":
		c.missing(w)
	case green && tests < w.MinTests:
		c.fail(rule.NoTests, last, fmt.Sprintf("%s ran %d tests; at least %d were to run", w.Name, tests, w.MinTests))
	}
}

// Latest returns the last attempt of each step of a run, in the order in which
// they began. The same step in another job (a matrix) is another. Where CI runs
// failed jobs again, as another attempt of the run, what was green before
// stands; what was not has to be there again, as often as it was not green.
func Latest(run string, ledger []Step) []Step {
	base, attempt := attemptOf(run)
	byName := map[string]map[int]map[string]Step{} // attempts, then jobs
	for _, s := range ledger {
		from, n := attemptOf(s.Run)
		if s.Run != run && (attempt == 0 || from != base || n == 0 || n > attempt) {
			continue
		}
		if byName[s.Name] == nil {
			byName[s.Name] = map[int]map[string]Step{}
		}
		if byName[s.Name][n] == nil {
			byName[s.Name][n] = map[string]Step{}
		}
		if was, ok := byName[s.Name][n][s.Job]; !ok || !s.Started.Before(was.Started) {
			byName[s.Name][n][s.Job] = s
		}
	}
	var out []Step
	for _, attempts := range byName {
		out = append(out, lastJobs(attempts)...)
	}
	slices.SortFunc(out, func(a, b Step) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Job, b.Job))
	})
	return out
}

// attemptOf splits the name of a run from the number of its attempt, "123.2";
// 0 when it has none.
func attemptOf(run string) (base string, attempt int) {
	i := strings.LastIndexByte(run, '.')
	n, err := strconv.Atoi(run[i+1:])
	if i <= 0 || err != nil || n < 1 {
		return run, 0
	}
	return run[:i], n
}

// lastJobs returns the jobs of a step that count: those of the last attempt, and
// of an earlier one as many as were not repeated. A repetition is of the same
// job first, then of one that was not green.
func lastJobs(attempts map[int]map[string]Step) []Step {
	var out []Step
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(attempts))) {
		before := slices.Collect(maps.Values(attempts[n]))
		rank := func(s Step) int {
			switch {
			case slices.ContainsFunc(out, func(o Step) bool { return o.Job == s.Job }):
				return 0
			case !s.State.Green():
				return 1
			}
			return 2
		}
		slices.SortFunc(before, func(a, b Step) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Job, b.Job)) })
		out = append(out, before[min(len(out), len(before)):]...)
	}
	return out
}

func executed(s Step) int {
	if s.Tests == nil {
		return 0
	}
	return s.Tests.Executed()
}

func (c *Closing) missing(w Wanted) {
	f := rule.Finding{
		Rule: rule.StepMissing, Level: rule.Fail, Allowed: w.Optional,
		Message: fmt.Sprintf("%s never ran: its job was skipped, or it does not use the guard", w.Name),
		Proofs:  []rule.Proof{{Kind: "ledger", Text: "no entry of this run for " + w.Name}},
	}
	c.Findings = append(c.Findings, f)
}

// step adds what a step of the ledger has against the run being green.
func (c *Closing) step(s Step) {
	switch s.State {
	case Passed:
		for _, f := range s.Findings {
			if f.Level == rule.Warn && f.Allowed == "" {
				f.Message = s.Name + ": " + f.Message
				c.Findings = append(c.Findings, f)
			}
		}
	case Running:
		c.fail(rule.StepMissing, s, s.Name+" began and its end was never written: it was killed, or it runs still")
	case Failed:
		c.fail(rule.ContinueOnError, s, fmt.Sprintf("%s failed with code %d, and the pipeline went on", s.Name, s.Code))
	case Hung:
		c.fail(rule.ContinueOnError, s, s.Name+" hung and was ended, and the pipeline went on")
	case Silent, Blind:
		before := len(c.Findings)
		for _, f := range s.Findings {
			if f.Fails() {
				f.Message = s.Name + ": " + f.Message
				c.Findings = append(c.Findings, f)
			}
		}
		if len(c.Findings) == before {
			c.fail(rule.StepMissing, s, fmt.Sprintf("%s is %s", s.Name, s.State))
		}
	default:
		c.fail(rule.StepMissing, s, fmt.Sprintf("%s has the unknown state %q", s.Name, s.State))
	}
}

func (c *Closing) fail(id rule.ID, s Step, message string) {
	c.Findings = append(c.Findings, rule.Finding{
		Rule: id, Level: rule.Fail, Message: message,
		Proofs: []rule.Proof{{Kind: "ledger", Text: fmt.Sprintf("%s: %s, code %d, began %s", s.Name, s.State, s.Code, s.Started.UTC().Format("15:04:05"))}},
	})
}
