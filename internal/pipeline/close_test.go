package pipeline

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLatest(t *testing.T) {
	t.Parallel()
	step := func(id, run, job string, at int, state State) Step {
		return Step{ID: id, Name: "unit", Run: run, Job: job, Started: time.Unix(int64(at), 0), State: state}
	}
	for name, c := range map[string]struct {
		run    string
		ledger []Step
		want   []string
	}{
		"the last of a job":          {"7", []Step{step("a", "7", "j", 1, Failed), step("b", "7", "j", 2, Passed)}, []string{"b"}},
		"whatever the order":         {"7", []Step{step("b", "7", "j", 2, Passed), step("a", "7", "j", 1, Failed)}, []string{"b"}},
		"a matrix is two":            {"7", []Step{step("a", "7", "linux", 1, Failed), step("b", "7", "mac", 2, Passed)}, []string{"a", "b"}},
		"another run is not ours":    {"7", []Step{step("a", "6", "j", 1, Passed), step("b", "77", "j", 1, Passed), step("c", "7.1", "j", 1, Passed)}, nil},
		"failed jobs again":          {"7.2", []Step{step("a", "7.1", "r1", 1, Passed), step("b", "7.1", "r2", 2, Failed), step("c", "7.2", "r9", 3, Passed)}, []string{"a", "c"}},
		"one of two failed again":    {"7.2", []Step{step("a", "7.1", "r1", 1, Failed), step("b", "7.1", "r2", 2, Failed), step("c", "7.2", "r9", 3, Passed)}, []string{"b", "c"}},
		"everything again":           {"7.2", []Step{step("a", "7.1", "r1", 1, Passed), step("b", "7.2", "r2", 2, Failed)}, []string{"b"}},
		"not again":                  {"7.3", []Step{step("a", "7.1", "r1", 1, Passed)}, []string{"a"}},
		"what comes later is not it": {"7.1", []Step{step("a", "7.1", "r1", 1, Failed), step("b", "7.2", "r1", 2, Passed)}, []string{"a"}},
	} {
		var got []string
		for _, s := range Latest(c.run, c.ledger) {
			got = append(got, s.ID)
		}
		slices.Sort(got)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestMatrixCloses(t *testing.T) {
	t.Parallel()
	leg := func(job string, state State, tests int) Step {
		return Step{ID: job, Name: "unit", Run: "7", Job: job, State: state, Tests: &Tests{Passed: tests}}
	}
	wanted := []Wanted{{Name: "unit", MinTests: 100}}
	if c := Close("7", wanted, []Step{leg("a", Failed, 60), leg("b", Passed, 60)}); c.Green {
		t.Error("a leg that failed is hidden by another that passed")
	}
	if c := Close("7", wanted, []Step{leg("a", Passed, 60), leg("b", Passed, 60)}); !c.Green {
		t.Errorf("shards count together: %v", c.Findings)
	}
	if c := Close("7", wanted, []Step{leg("a", Passed, 60), leg("b", Passed, 30)}); c.Green {
		t.Error("90 tests are not 100")
	}
}
