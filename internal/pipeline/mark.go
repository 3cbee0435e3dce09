package pipeline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/tally"
)

// marks weighs the lines that mean something by themselves.
func (j *judge) marks(t *Tests) {
	count := map[rule.ID]int{}
	for _, m := range j.f.Log.Marks {
		if m.Rule == rule.FlakyRetries {
			continue // weighed with the runs
		}
		if count[m.Rule]++; count[m.Rule] > 3 {
			continue // three are enough to understand
		}
		if j.enclosed(tally.Run{First: m.Line, Last: m.Line, Tool: m.Tool}) {
			continue
		}
		j.add(rule.Finding{
			Rule: m.Rule, Level: j.weigh(m, t), Place: rule.Place{Line: m.Line},
			Message: sentence(m), Proofs: []rule.Proof{{Kind: "log", Text: m.Text, Line: m.Line}},
		})
	}
	if j.f.Kills > 0 && count[rule.KilledChild] == 0 {
		j.add(rule.Finding{
			Rule: rule.KilledChild, Level: rule.Warn,
			Message: "the kernel ended a process of this container for want of memory, and the command exited with 0",
			Proofs:  []rule.Proof{{Kind: "process", Text: "the control group's oom_kill counter rose"}},
		})
	}
}

// weigh decides whether a mark fails the step: only with evidence of a second
// kind, and never for what has an innocent reading.
func (j *judge) weigh(m tally.Mark, t *Tests) rule.Level {
	switch m.Rule {
	case rule.NothingSelected:
		if changes(j.f.Argv) || changes([]string{m.Text}) || t != nil && t.Executed() > 0 || j.built() {
			return rule.Warn
		}
		return rule.Fail
	case rule.CrashedWorker:
		if j.complete(m) {
			return rule.Warn
		}
		return rule.Fail
	case rule.KilledChild:
		if j.f.Kills > 0 || violent(m.Text) {
			return rule.Fail
		}
	case rule.Contradiction:
		if exitCode().MatchString(m.Text) {
			return rule.Fail
		}
	case rule.ChildFailed:
		// A Go program that panics ends with 2, always. Of others only the last word
		// of the log counts: whatever ran last died, and nothing made that good.
		if m.Tool == "Go" || m.Line >= j.f.Log.Lines-1 {
			return rule.Fail
		}
	case rule.CacheReplay:
		return rule.Note
	}
	return rule.Warn
}

// built reports whether some tool says it did its work.
func (j *judge) built() bool {
	return slices.ContainsFunc(j.runs, func(r tally.Run) bool { return r.State == tally.Passed })
}

// complete reports whether the crashed tool told of everything it had announced
// after the crash: it repeated what the crash had interrupted.
func (j *judge) complete(m tally.Mark) bool {
	return slices.ContainsFunc(j.runs, func(r tally.Run) bool {
		return r.Tool == m.Tool && r.State == tally.Passed && r.Last > m.Line && r.Expected > 0 && r.Executed()+r.Skipped >= r.Expected
	})
}

// changes reports whether a command chooses its work by what changed: nothing
// to do is then an answer.
func changes(argv []string) bool {
	line := strings.ToLower(strings.Join(argv, " "))
	return slices.ContainsFunc([]string{"affected", "--since", "--changed", "onlychanged", "...[", "[origin", "[head", "--last-commit", "merge-base", "git diff"},
		func(word string) bool { return strings.Contains(line, word) })
}

// violent are ends that no clean-up script causes.
func violent(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"segmentation fault", "core dumped", "out of memory", "heap out of memory", "137", "abort", "bus error", "oomkilled"},
		func(word string) bool { return strings.Contains(text, word) })
}

func exitCode() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(process completed with exit code|exit code:?|exit status) [1-9]`)
}

// sentence says in words what a mark means.
func sentence(m tally.Mark) string {
	says := m.Tool + ": “" + m.Text + "”"
	switch m.Rule {
	case rule.NothingSelected:
		return "nothing was run: " + says
	case rule.CrashedWorker:
		return "a worker crashed: " + says
	case rule.KilledChild:
		return "a process was killed: " + says
	case rule.ChildFailed:
		return "a program died of an error: " + says
	case rule.Contradiction:
		return "the log tells of a failure: " + says
	case rule.MakeIgnores:
		return "a failure was ignored: " + says
	case rule.MakeShadowed:
		return "a target ran nothing: " + says
	case rule.CacheReplay:
		return "results come from a cache: " + says
	}
	return says
}
