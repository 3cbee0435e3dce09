package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/report"
	"github.com/postflight/postflight/internal/tally"
)

// guardJudge is `postflight guard judge`.
func (t *tool) guardJudge() *cobra.Command {
	var f guard.Finished
	var green string
	var allow []string
	cmd := &cobra.Command{
		Use: "judge LOG", Short: "Judge a log that was written without the guard",
		Long: `Judge a log that was written before (- for standard input), by the rules of
"guard run" as far as a log can tell, and say what explains a failure.

Exit codes: 0 green, 1 the step failed (--exit-code), 87 it exited with 0 and the
evidence says otherwise, 2 wrong usage.`,
		Example: `  postflight guard judge build.log
  postflight guard judge --exit-code 1 --green last-green.log build.log
  gh run view 123 --log | postflight guard judge -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if f.Allow, err = allowances(allow); err != nil {
				return &usage{err: err, path: cmd.CommandPath()}
			}
			return t.judgeLog(f, args[0], green)
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&f.Code, "exit-code", 0, "exit code that the command left")
	fl.StringVar(&f.Name, "name", "", "name of the step (default: the file's)")
	fl.StringVar(&green, "green", "", "log of the same step when it was green, to compare with")
	fl.IntVar(&f.MinTests, "min-tests", -1, "how many tests must have run (default: one, as soon as a test runner shows itself)")
	fl.StringArrayVar(&f.Reports, "report", nil, "a report file of the step, with * and ** (repeatable)")
	fl.StringArrayVar(&f.Expect, "expect", nil, "a text that a complete log holds (repeatable)")
	fl.StringArrayVar(&allow, "allow", nil, `live with a rule, as RULE="reason" (repeatable)`)
	return cmd
}

// judgeLog opens the files and says what came of it.
func (t *tool) judgeLog(f guard.Finished, path, green string) error {
	log, err := t.openLog(path)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	f.Log, f.Environ = log, os.Environ()
	if green != "" {
		g, err := t.openLog(green)
		if err != nil {
			return err
		}
		defer func() { _ = g.Close() }()
		f.Green = g
	}
	if slices.Contains(f.Expect, "") || slices.Contains(f.Reports, "") {
		return fault.New(fault.Invalid, "--expect and --report need something to look for", "")
	}
	f.Name = first(f.Name, strings.TrimSuffix(filepath.Base(strings.TrimSuffix(path, ".gz")), filepath.Ext(strings.TrimSuffix(path, ".gz"))))
	s, err := guard.JudgeLog(f)
	if err != nil {
		return err
	}
	if t.json {
		if err := t.printJSON(s); err != nil {
			return err
		}
	} else {
		guard.Text(t.Stdout, guard.Outcome{Step: s}, t.out.guardStyle(), true)
	}
	switch {
	case s.State.Green():
		return nil
	case s.Code != 0:
		return exit(exitFailed)
	}
	return exit(guard.ExitSilent)
}

// openLog opens a log; "-" is standard input.
func (t *tool) openLog(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(t.Stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Newf(fault.NotFound, "%w", err).WithHint("name a log file, or - for standard input")
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		_ = f.Close()
		return nil, fault.New(fault.Invalid, path+" is a folder", "name a log file, or - for standard input")
	}
	return f, nil
}

// guardExcerpt is `postflight guard excerpt`.
func (t *tool) guardExcerpt() *cobra.Command {
	var green string
	cmd := &cobra.Command{
		Use: "excerpt LOG", Short: "Show the few lines of a log that explain its failure",
		Long: `Show the few lines of a log (- for standard input) that explain why a step failed,
the likeliest first. With --green the lines are preferred that no green run of the
same step ever printed. Secrets are masked.

Exit codes: 0 found, 3 nothing in the log explains a failure, 2 wrong usage.`,
		Example: "  postflight guard excerpt build.log\n  postflight guard excerpt --green last-green.log --json build.log",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			log, err := t.openLog(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = log.Close() }()
			var before io.Reader
			if green != "" {
				g, err := t.openLog(green)
				if err != nil {
					return err
				}
				defer func() { _ = g.Close() }()
				before = g
			}
			list, err := guard.Explain(log, before, os.Environ())
			if err != nil {
				return err
			}
			if t.json {
				if err := t.printJSON(list); err != nil {
					return err
				}
			} else {
				guard.Passages(t.Stdout, list, t.out.guardStyle())
			}
			if len(list) == 0 {
				return fault.New(fault.NotFound, "nothing in the log explains a failure", "")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&green, "green", "", "log of the same step when it was green, to compare with")
	return cmd
}

// reported is a report file for -json.
type reported struct {
	Path    string      `json:"path"`
	Format  string      `json:"format,omitempty"`
	Problem string      `json:"problem,omitempty"`
	Runs    []tally.Run `json:"runs"`
}

// guardReport is `postflight guard report`.
func (t *tool) guardReport() *cobra.Command {
	return &cobra.Command{
		Use: "report FILE...", Short: "Read test reports and say what they count",
		Long: `Read test reports (JUnit XML in its dialects, TRX, NUnit, xUnit.net, Jest, Vitest,
Mocha, Playwright, RSpec, Dart, go test -json, TAP, CTest, CTRF, SARIF, Checkstyle
and more; the format is told by the content) and say what they count.

Exit codes: 0 every report is green, 1 one tells of failures, 87 one tells of no
tests, is broken or is no report, 2 wrong usage.`,
		Example: "  postflight guard report results/*.xml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			worst, all := 0, []reported{}
			files, err := reportFiles(args)
			if err != nil {
				return err
			}
			for _, path := range files {
				r, code, err := t.readReport(path)
				if err != nil {
					return err
				}
				if all = append(all, r); code == exitFailed || worst == 0 {
					worst = code
				}
			}
			if t.json {
				if err := t.printJSON(all); err != nil {
					return err
				}
			}
			if worst != 0 {
				return exit(worst)
			}
			return nil
		},
	}
}

// reportFiles finds the files of patterns that no shell has read.
func reportFiles(args []string) ([]string, error) {
	var out []string
	for _, a := range args {
		if _, err := os.Lstat(a); err == nil || a == "-" || !strings.ContainsAny(a, "*?[") {
			out = append(out, a)
			continue
		}
		files, err := guard.Match(".", a)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "%s: %w", a, err)
		}
		if len(files) == 0 {
			return nil, fault.New(fault.NotFound, a+": no such file", "* stands for a part of a name, ** for any number of folders")
		}
		out = append(out, files...)
	}
	return out, nil
}

// readReport reads one file and prints its line.
func (t *tool) readReport(path string) (reported, int, error) {
	f, err := t.openLog(path)
	if err != nil {
		return reported{}, 0, err
	}
	defer func() { _ = f.Close() }()
	in, err := guard.Plaintext(f)
	if err != nil {
		return reported{}, 0, err
	}
	res, err := report.Read(strings.TrimSuffix(path, ".gz"), in)
	if err != nil {
		return reported{}, 0, err
	}
	out := reported{Path: path, Format: res.Format, Problem: res.Problem, Runs: res.Runs}
	passed, failed, skipped, code, tests := 0, 0, 0, 0, len(res.Runs) == 0
	for _, r := range res.Runs {
		tests = tests || r.Kind == tally.Test // a linter's report counts problems
		passed, failed, skipped = passed+r.Passed, failed+r.Failed, skipped+r.Skipped
		if r.State == tally.Failed {
			code = exitFailed
		}
	}
	word := t.out.green("passed")
	switch {
	case code != 0:
		word = t.out.red("failed")
	case res.Problem != "":
		code, word = guard.ExitSilent, t.out.red("no evidence: "+res.Problem)
	case tests && passed == 0:
		code, word = guard.ExitSilent, t.out.red("no test ran")
	}
	if !t.json {
		t.out.line(path, ": ", word, fmt.Sprintf("; %d passed, %d failed, %d skipped (%s)", passed, failed, skipped, first(res.Format, "unknown format")))
	}
	return out, code, nil
}
