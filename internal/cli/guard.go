package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/rule"
)

// guard is `postflight guard`.
func (t *tool) guard() *cobra.Command {
	cmd := group("guard", "CI that can neither fail silently nor hang",
		t.guardRun(), t.guardScan(), t.guardClose(), t.guardJudge(), t.guardExcerpt(), t.guardReport(), t.guardRules())
	cmd.Long = `A build that is green against its own log is worse than a red one. The guard
runs the commands of a pipeline and holds their exit codes against what their
tools say, ends what hangs, and at the end holds the ledger of all steps against
what should have run. Everything works without a Postflight server.

  run       run a command, judge it, write it to the ledger
  scan      find swallowed failures in workflows, scripts and Makefiles
  close     as last step: did every expected step run, with evidence?
  judge     judge a log that was written without the guard
  excerpt   the few lines of a log that explain its failure
  report    read test reports
  rules     the patterns of silent failure, with their mending`
	return cmd
}

// style is the colours of a printer for texts of the guard.
func (p *printer) guardStyle() guard.Style {
	if !p.colour {
		return guard.Plain()
	}
	sgr := func(code string) func(string) string {
		return func(s string) string { return "\x1b[" + code + "m" + s + "\x1b[0m" }
	}
	return guard.Style{Bold: sgr("1"), Red: sgr("31;1"), Yellow: sgr("33"), Green: sgr("32"), Dim: sgr("2")}
}

// allowances reads --allow flags: RULE=REASON.
func allowances(list []string) (map[rule.ID]string, error) {
	out := map[rule.ID]string{}
	for _, a := range list {
		name, reason, _ := strings.Cut(a, "=")
		r, ok := rule.Find(name)
		if !ok {
			return nil, fmt.Errorf("--allow %s: no such rule%s", name, near(name))
		}
		if reason = strings.TrimSpace(reason); reason == "" {
			return nil, fmt.Errorf("--allow %s: a reason is missing: --allow %s=\"why this is right here\"", name, name)
		}
		out[r.ID] = reason
	}
	return out, nil
}

// near suggests names of rules.
func near(name string) string {
	list := rule.Nearest(name)
	if len(list) == 0 {
		return "; see: postflight guard rules"
	}
	names := make([]string, len(list))
	for i, id := range list {
		names[i] = string(id)
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}

// guardRules is `postflight guard rules`.
func (t *tool) guardRules() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use: "rules [RULE]", Short: "Show the rules, or explain one",
		Long: `Show the patterns of silent failure (G01 to G42) and of hanging (H01 to H08), or
explain one: what goes wrong, how to mend it, and how to allow it where it is
right.`,
		Example: "  postflight guard rules\n  postflight guard rules pipe-status\n  postflight guard rules G32",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return t.explainRule(cmd, args[0])
			}
			list := rule.Catalogue()
			if t.json {
				return t.printJSON(list)
			}
			if markdown {
				guard.RulesMarkdown(t.Stdout, list)
				return nil
			}
			for _, r := range list {
				var layers []string
				for _, l := range r.Layers {
					layers = append(layers, string(l))
				}
				t.out.line(fmt.Sprintf("%s  %-4s  %-22s %-18s %s", r.Number, r.Level, r.ID, strings.Join(layers, ","), r.Title))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print all of them as Markdown")
	return cmd
}

// explainRule shows one rule whole.
func (t *tool) explainRule(cmd *cobra.Command, name string) error {
	r, ok := rule.Find(name)
	if !ok {
		return &usage{err: fmt.Errorf("no rule is called %q%s", name, near(name)), path: cmd.CommandPath()}
	}
	if t.json {
		return t.printJSON(r)
	}
	t.out.line(t.out.bold(r.Number+" "+string(r.ID)), "  ", r.Title)
	t.out.line("")
	block := func(title, text string) {
		if text == "" {
			return
		}
		t.out.line(t.out.bold(title))
		for line := range strings.SplitSeq(text, "\n") {
			t.out.line("  " + line)
		}
	}
	block("why", r.Why)
	block("fix", r.Fix)
	block("bad", r.Bad)
	block("good", r.Good)
	block("weighs", map[rule.Level]string{
		rule.Fail: "fails a step when evidence of two kinds agrees; warns otherwise",
		rule.Warn: "warns", rule.Note: "is noted",
	}[r.Level])
	block("allow", "in the file:  # guard:ok "+r.Number+" the reason why it is right here\nfor a run:    postflight guard run --allow "+string(r.ID)+"=\"the reason\" -- …")
	return nil
}

// printJSON prints a value for programs.
func (t *tool) printJSON(v any) error {
	return t.out.json(v)
}

// files returns the real files behind the standard streams; a test's buffers
// have none.
func (t *tool) files() (stdout, stderr *os.File, err error) {
	stdout, ok := t.Stdout.(*os.File)
	if !ok {
		return nil, nil, errors.New("guard run needs real files for its output")
	}
	stderr, ok = t.Stderr.(*os.File)
	if !ok {
		return nil, nil, errors.New("guard run needs real files for its output")
	}
	return stdout, stderr, nil
}
