package scan

import (
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/rule"
)

// TestExamples holds the catalogue to its word: the scan finds what it calls
// bad, and nothing of the kind in what it calls good.
func TestExamples(t *testing.T) {
	t.Parallel()
	step := func(text string) (string, string) {
		return ".github/workflows/a.yml", "jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          " + strings.ReplaceAll(text, "\n", "\n          ") + "\n"
	}
	steps := func(text string) (string, string) {
		return ".github/workflows/a.yml", "jobs:\n  a:\n    runs-on: x\n    steps:\n      " + strings.ReplaceAll(text, "\n", "\n      ") + "\n"
	}
	scripts := func(text string) (string, string) { return "package.json", `{"scripts": {` + text + "}}" }
	line := func(text string) (string, string) {
		return "package.json", `{"scripts": {"ci": "` + strings.ReplaceAll(text, `"`, `\"`) + `"}}`
	}
	file := func(name string) func(string) (string, string) {
		return func(text string) (string, string) { return name, text }
	}
	for id, as := range map[rule.ID]func(string) (string, string){
		rule.PipeStatus: steps, rule.SwallowedStatus: step, rule.ContinueOnError: steps, rule.SequenceStatus: scripts,
		rule.BackgroundScript: scripts, rule.DeclareMasks: step, rule.Substitution: step, rule.ErrexitDisabled: step,
		rule.BareWait: step, rule.ProcessSubst: step, rule.PipeWhile: step, rule.FindExec: step, rule.EmptyLoop: step,
		rule.ExitTrap: step, rule.MakeIgnores: file("Makefile"), rule.StatusWraps: file("a.py"), rule.NeverSettled: file("scripts/a.mjs"),
		rule.PassWithNoTests: step, rule.FocusedTest: file("a.test.ts"), rule.LateFailure: scripts, rule.RecursiveSequence: step,
		rule.ShallowClone: steps, rule.CurlWithoutFail: step, rule.RemoteStatus: step, rule.UncheckedCd: line, rule.PlaceholderScript: scripts,
	} {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			r, ok := rule.Find(string(id))
			if !ok {
				t.Fatal("no such rule")
			}
			for text, want := range map[string]bool{r.Bad: true, r.Good: false} {
				name, content := as(text)
				got := false
				result := scanned(t, tree(map[string]string{name: content}))
				for _, f := range result.Findings {
					got = got || f.Rule == id
				}
				if got != want || len(result.Skipped) > 0 {
					t.Errorf("got %v, want %v, of %q: %v", got, want, text, told(result))
				}
			}
		})
	}
}
