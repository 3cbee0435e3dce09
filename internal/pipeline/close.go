package pipeline

import (
	"fmt"
	"slices"

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
	byName := map[string]Step{}
	for _, s := range c.Steps {
		byName[s.Name] = s
	}
	for _, w := range wanted {
		s, ok := byName[w.Name]
		if !ok {
			c.missing(w)
			continue
		}
		if n := executed(s); s.State.Green() && n < w.MinTests {
			c.fail(rule.NoTests, s, fmt.Sprintf("%s ran %d tests; at least %d were to run", w.Name, n, w.MinTests))
		}
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

// Latest returns the last attempt of each step of a run, in the order in which
// they began.
func Latest(run string, ledger []Step) []Step {
	byName := map[string]Step{}
	for _, s := range ledger {
		if s.Run != run {
			continue
		}
		if was, ok := byName[s.Name]; !ok || !s.Started.Before(was.Started) {
			byName[s.Name] = s
		}
	}
	out := make([]Step, 0, len(byName))
	for _, s := range byName {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Step) int {
		if d := a.Started.Compare(b.Started); d != 0 {
			return d
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
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
