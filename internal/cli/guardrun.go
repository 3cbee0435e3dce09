package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/command"
	"github.com/postflight/postflight/internal/guard"
)

// guarding is the flags of `postflight guard run`.
type guarding struct {
	o         guard.Options
	allow     []string
	verbose   bool
	leftovers string
}

// guardRun is `postflight guard run`.
func (t *tool) guardRun() *cobra.Command {
	var g guarding
	cmd := &cobra.Command{
		Use: "run [--name STEP] -- COMMAND...", Short: "Run a command that can neither fail silently nor hang",
		Long: `Run a command, pass its output through unchanged, and hold its exit code against
the summaries of its test runners and compilers, its report files and its log. A
command that hangs is ended, after what its processes did has been written down.
The step goes into the ledger (.postflight/guard in the workspace), for
"postflight guard close".

A green step without remarks prints nothing of its own. Everything else goes to
standard error, after the command's output; in GitHub Actions also as annotations
and on the job's summary page.

   n  the command's own exit code (128+n when a signal ended it)
  86  hung, and ended by the watchdog
  87  the command exited with 0, and the evidence says that it failed or that
      nothing ran
 126  the command cannot be executed
 127  there is no such command`,
		Example: `  postflight guard run -- npm test
  postflight guard run --name unit --min-tests 200 -- go test ./...
  postflight guard run --name e2e --report 'results/*.xml' --idle 3m -- npx playwright test
  postflight guard run --name lint --tee lint.txt -- npx eslint .`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 || len(args) == 0 {
				return &usage{err: errors.New("the command to run stands after --"), path: cmd.CommandPath(), hint: "postflight guard run --name unit -- npm test"}
			}
			g.o.Argv = args
			return t.runGuarded(cmd, &g)
		},
	}
	f := cmd.Flags()
	f.StringVar(&g.o.Name, "name", "", "name of the step in ledger and history (default: from the command)")
	f.IntVar(&g.o.MinTests, "min-tests", -1, "how many tests must run (default: one, as soon as a test runner shows itself; 0 allows none)")
	f.StringArrayVar(&g.o.Reports, "report", nil, "a report file that the command must write, with * and ** (repeatable)")
	f.StringArrayVar(&g.o.Expect, "expect", nil, "a text that a complete log holds (repeatable)")
	f.StringArrayVar(&g.allow, "allow", nil, `live with a rule, as RULE="reason" (repeatable)`)
	f.StringVar(&g.o.Tee, "tee", "", "also write the output to this file, secrets masked; instead of | tee")
	f.BoolVar(&g.o.KeepLog, "keep-log", false, "keep the log of a green step as well")
	f.DurationVar(&g.o.Limits.Total, "timeout", 0, "longest time at all (default: three times what green runs take, at least 10m; 30m without history)")
	f.DurationVar(&g.o.Limits.Idle, "idle", 0, "longest time without new output and without CPU (default 5m; negative: never)")
	f.DurationVar(&g.o.Limits.Finished, "exit-time", 0, "longest time alive after the tests are over (default 30s; negative: no limit)")
	f.DurationVar(&g.o.Limits.Orphans, "orphan-time", 0, "how long processes may outlive the command (default 5s)")
	f.StringVar(&g.leftovers, "leftovers", "detached", "what to do with processes that outlive the command: end them all; end all but services that detached themselves; or leave all (end, detached, all)")
	f.BoolVar(&g.o.Stdin, "stdin", false, "pass standard input on (default: there is none, so that a question cannot hang a build)")
	f.StringVar(&g.o.Terminal, "tty", "auto", "give the command a terminal: auto (when there is one), always, never")
	f.StringVar(&g.o.Dir, "ledger", "", "folder of the ledger (default: $POSTFLIGHT_GUARD_DIR, or .postflight/guard in the workspace)")
	f.StringVar(&g.o.Product, "product", "", "product that is built; with a server, ledger and history go there (default: $POSTFLIGHT_PRODUCT)")
	f.StringVar(&g.o.Version, "version", "", "version that is built (default: $POSTFLIGHT_VERSION, or the commit)")
	f.BoolVarP(&g.verbose, "verbose", "v", false, "say something about green steps as well")
	return cmd
}

// runGuarded runs the command and leaves with its code.
func (t *tool) runGuarded(cmd *cobra.Command, g *guarding) error {
	o := &g.o
	wrong := func(err error) error { return &usage{err: err, path: cmd.CommandPath()} }
	var err error
	if o.Allow, err = allowances(g.allow); err != nil {
		return wrong(err)
	}
	if o.Terminal != "auto" && o.Terminal != "always" && o.Terminal != "never" {
		return wrong(fmt.Errorf("--tty is auto, always or never, not %q", o.Terminal))
	}
	if o.MinTests < -1 {
		return wrong(fmt.Errorf("--min-tests is a number of tests, not %d", o.MinTests))
	}
	if slices.Contains(o.Expect, "") || slices.Contains(o.Reports, "") {
		return wrong(errors.New("--expect and --report need something to look for"))
	}
	var ok bool
	if o.Leftovers, ok = map[string]command.Leftovers{"end": command.EndAll, "detached": command.KeepDetached, "all": command.KeepAll}[g.leftovers]; !ok {
		return wrong(fmt.Errorf("--leftovers is end, detached or all, not %q", g.leftovers))
	}
	if o.Stdout, o.Stderr, err = t.files(); err != nil {
		return err
	}
	o.Getenv, o.Environ, o.Now = t.Getenv, os.Environ(), t.now
	o.Product = first(o.Product, t.Getenv("POSTFLIGHT_PRODUCT"))
	o.Version = first(o.Version, t.Getenv("POSTFLIGHT_VERSION"))
	o.Say = func(message string) { t.err.line(t.err.bold("postflight guard:"), " ", message) }
	if o.Server, err = t.pipelines(o.Product); err != nil {
		// A fork's build has no token, and is to be tested all the same.
		o.Server = nil
		t.warn("ledger and history stay on this machine: " + err.Error())
	}
	out, err := guard.Run(cmd.Context(), *o)
	if err != nil {
		if s, ok := errors.AsType[*command.StartError](err); ok {
			t.err.problem("error", t.err.red, err.Error())
			return exit(s.Code)
		}
		return err
	}
	t.tellStep(out, g.verbose)
	if out.Signal != nil {
		if s, ok := out.Signal.(syscall.Signal); ok {
			command.Raise(s)
		}
	}
	if out.Code != 0 {
		return exit(out.Code)
	}
	return nil
}

// tellStep says what came of a step, to people and to the CI system.
func (t *tool) tellStep(out guard.Outcome, verbose bool) {
	if t.json {
		if err := t.err.json(out.Step); err != nil {
			t.warn(err.Error())
		}
		return
	}
	guard.Text(t.Stderr, out, t.err.guardStyle(), verbose)
	if t.Getenv("GITHUB_ACTIONS") != "true" {
		return
	}
	guard.AnnotateAll(t.Stderr, out.Step.Findings)
	path := t.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" || out.Step.State.Green() && len(out.Step.Findings) == 0 {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return
	}
	guard.Markdown(f, out.Step)
	_ = f.Close()
}

// pipelines is the server, when one was named; nil otherwise. A server that was
// named and a product that was not is a mistake worth telling.
func (t *tool) pipelines(product string) (guard.Server, error) {
	named := t.conn.server != "" || t.Getenv("POSTFLIGHT_SERVER") != ""
	if !named {
		return nil, nil //nolint:nilnil // the guard works without a server
	}
	if product == "" {
		t.warn("a server is named and no product is: ledger and history stay on this machine (--product)")
		return nil, nil //nolint:nilnil // as above
	}
	c, err := t.dial()
	if err != nil {
		return nil, err
	}
	return pipelineServer{client: c, product: product}, nil
}

// ledgerOf is the folder of the ledger and the run that it is asked for.
func (t *tool) ledgerOf(dir string) (string, guard.Surroundings, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return "", guard.Surroundings{}, err
	}
	s := guard.Surround(t.Getenv, cwd)
	return guard.Folder(dir, t.Getenv, s), s, nil
}
