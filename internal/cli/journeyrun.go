package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// The exit codes of a run that is not green.
const (
	exitFailed = 1
	exitBroken = 15
)

// playing is the flags of `postflight journey run`.
type playing struct {
	o        PlayOptions
	spec     product.Journey
	vars     []string
	secrets  []string
	out      string
	keep     bool
	junit    string
	markdown string
	repeat   int
	watch    bool
}

func (t *tool) journeyRun() *cobra.Command {
	var p playing
	cmd := &cobra.Command{
		Use: "run FILE...", Short: "Play journeys on this machine, without a server",
		Long: `Play recordings of the Chrome DevTools Recorder (JSON) and hand-written journeys
(YAML) in a real Chromium, each in a browser process of its own, and say what
came of it. Nothing is sent to a Postflight server.

A run that fails leaves its evidence (pictures, HAR, console, page source) as
one zip in --out.

   0  every journey passed
   1  a journey failed: the page is at fault
   2  wrong usage, or a journey that cannot be played
  15  broken: no browser, an overloaded machine, a script error. That is our
      fault or the journey's, and says nothing about the page`,
		Example: `  postflight journey run checkout.json --base https://preview-42.example.com
  postflight journey run journeys/*.yaml --junit journeys.xml --markdown journeys.md
  postflight journey run checkout.yaml --headed --slow 500ms --watch`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return t.playJourneys(cmd, p, args) },
	}
	f := cmd.Flags()
	f.StringVar(&p.o.Base, "base", "", "address to play at (default: where the journey was recorded)")
	f.StringSliceVar(&p.o.Origins, "first-party", nil, "further origins that belong to the product")
	f.StringVar(&p.o.Browser, "browser", "", "shell, full, or the path of a Chromium (default: shell, else full)")
	f.BoolVar(&p.o.Headed, "headed", false, "show the browser (needs a display and the full Chromium)")
	f.DurationVar(&p.o.Slow, "slow", 0, "pause between two steps, such as 500ms")
	f.BoolVar(&p.watch, "watch", false, "play again whenever a file changes")
	f.BoolVar(&p.o.Trace, "trace", false, "keep a performance trace and every body")
	f.DurationVar(&p.spec.Timeout, "timeout", time.Minute, "longest time one run may take")
	f.StringArrayVar(&p.vars, "var", nil, "a variable, as name=value (repeatable)")
	f.StringArrayVar(&p.secrets, "secret", nil, "a secret, as name=ENVIRONMENT_VARIABLE (repeatable)")
	f.StringSliceVar(&p.spec.Hosts, "host", nil, "fence: the only further hosts a run may touch")
	f.StringArrayVar(&p.spec.Writes, "write", nil, `fence: the only writing requests a run may make, as "POST /api/test-*"`)
	f.StringArrayVar(&p.spec.Allow, "allow", nil, "a failure that does not fail a run: an address with *, or a part of an exception's text")
	f.StringVar(&p.spec.Errors, "errors", "fail", "what uncaught exceptions and failed first-party requests do: fail or warn")
	f.StringVar(&p.out, "out", "postflight-results", "where evidence is written")
	f.BoolVar(&p.keep, "keep", false, "write the evidence of runs that pass as well")
	f.StringVar(&p.junit, "junit", "", "write a JUnit report to this file")
	f.StringVar(&p.markdown, "markdown", "", "write a Markdown report to this file (- for standard output)")
	f.IntVar(&p.repeat, "repeat", 1, "play each journey so many times")
	return cmd
}

// check refuses flags that make no sense.
func (p *playing) check(t *tool, cmd *cobra.Command, files []string) error {
	wrong := func(format string, a ...any) error {
		return &usage{err: fmt.Errorf(format, a...), path: cmd.CommandPath()}
	}
	switch {
	case p.repeat < 1 || p.repeat > 10_000:
		return wrong("--repeat must be from 1 to 10000")
	case p.spec.Errors != "fail" && p.spec.Errors != "warn":
		return wrong("--errors must be fail or warn, not %q", p.spec.Errors)
	case p.spec.Timeout < time.Second:
		return wrong("--timeout must be at least 1s")
	case p.o.Slow < 0 || p.o.Slow > time.Minute:
		return wrong("--slow must be from 0 to 1m")
	case p.watch && (p.junit != "" || p.repeat > 1):
		return wrong("--watch goes with neither --junit nor --repeat")
	}
	var err error
	if p.spec.Vars, err = pairs("--var", p.vars); err != nil {
		return wrong("%w", err)
	}
	names, err := pairs("--secret", p.secrets)
	if err != nil {
		return wrong("%w", err)
	}
	p.spec.Secrets = map[string]string{}
	for name, variable := range names {
		value := t.Getenv(variable)
		if value == "" {
			return wrong("--secret %s: the environment variable %s is empty", name, variable)
		}
		p.spec.Secrets[name] = value
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return fault.Newf(fault.NotFound, "%s: %v", file, errors.Unwrap(err))
		}
	}
	return nil
}

func pairs(flag string, list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, one := range list {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%s %q: want name=value", flag, oneLine(name))
		}
		out[name] = value
	}
	return out, nil
}

// playJourneys plays every file, reports, and ends with the exit code.
func (t *tool) playJourneys(cmd *cobra.Command, p playing, files []string) error {
	if err := p.check(t, cmd, files); err != nil {
		return err
	}
	p.o.Spec, p.o.Version = p.spec, t.Version
	for {
		runs, err := t.playAll(cmd.Context(), p, files)
		if err != nil && !p.watch {
			return err
		}
		if err != nil {
			what := tell(err)
			t.err.problem("error", t.err.red, what.message)
		}
		if err := t.reports(p, runs); err != nil {
			return err
		}
		if !p.watch {
			return outcome(runs)
		}
		t.err.line(t.err.dim("waiting for a file to change; interrupt to end"))
		if !changed(cmd.Context(), files) {
			return cmd.Context().Err()
		}
	}
}

// run is one run of one file.
type run struct {
	File     string        `json:"file"`
	Title    string        `json:"title"`
	Evidence string        `json:"evidence,omitempty"` // path of the zip
	Signal   signal.Signal `json:"run"`
}

func (t *tool) playAll(ctx context.Context, p playing, files []string) ([]run, error) {
	var runs []run
	for _, file := range files {
		for n := range p.repeat {
			one, err := t.playOne(ctx, p, file, n)
			if err != nil {
				return runs, err
			}
			runs = append(runs, one)
			if !t.json {
				t.showRun(one)
			}
		}
	}
	if t.json {
		return runs, t.out.json(runs)
	}
	if len(runs) > 1 {
		t.showCount(runs)
	}
	return runs, nil
}

func (t *tool) playOne(ctx context.Context, p playing, file string, n int) (run, error) {
	o := p.o
	o.File = file
	one := run{File: file}
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if p.repeat > 1 {
		name = fmt.Sprintf("%s-%03d", name, n+1)
	}
	o.Result = func(s signal.Signal) (io.WriteCloser, error) {
		if s.Outcome == signal.Pass && !p.keep && !o.Trace {
			return nil, nil
		}
		if err := os.MkdirAll(p.out, 0o755); err != nil {
			return nil, err
		}
		one.Evidence = filepath.Join(p.out, name+".zip")
		return os.Create(one.Evidence)
	}
	progress := t.progress()
	progress.say("playing " + file)
	played, err := t.Runner.PlayJourney(ctx, o)
	progress.stop()
	if err != nil {
		return one, err
	}
	if ctx.Err() != nil {
		return one, ctx.Err()
	}
	one.Signal, one.Title = played.Signal, played.Title
	return one, nil
}

// showRun prints one run for people.
func (t *tool) showRun(r run) {
	s := r.Signal
	p := t.out
	mark, word := p.green("✓"), p.green("passed")
	switch s.Outcome {
	case signal.Fail:
		mark, word = p.red("✗"), p.red("failed")
	case signal.Broken:
		mark, word = p.yellow("!"), p.yellow("broken")
	case signal.Pass:
	}
	p.line(mark, " ", p.bold(first(r.Title, r.File)), " ", word, p.dim(fmt.Sprintf(" in %.1f s", s.Took.Seconds())), p.dim("  "+r.File))
	for _, step := range s.Steps {
		t.showStep(step)
	}
	if s.Outcome != signal.Pass {
		p.line("  ", p.bold(s.Summary))
	}
	for _, q := range s.Blocked {
		p.line("  ", p.red("fence"), " ", q.Method, " ", q.URL)
	}
	if s.Left != nil && *s.Left > 0 {
		p.line("  ", p.yellow(fmt.Sprintf("%d synthetic records were left behind", *s.Left)))
	}
	if r.Evidence != "" {
		p.line("  ", p.dim("evidence: "+r.Evidence))
	}
}

func (t *tool) showStep(step signal.Step) {
	p := t.out
	mark := p.dim("·")
	switch step.Outcome {
	case signal.Pass:
		mark = p.green("✓")
	case signal.Fail:
		mark = p.red("✗")
	case signal.Broken:
		mark = p.yellow("!")
	default:
		p.line("  ", mark, " ", p.dim(step.Title))
		return
	}
	took := p.dim(fmt.Sprintf("  %d ms", step.Took.Milliseconds()))
	if step.Over {
		took = p.yellow(fmt.Sprintf("  %d ms, budget %d ms", step.Took.Milliseconds(), step.Budget.Milliseconds()))
	}
	p.line("  ", mark, " ", step.Title, took)
	if step.Message != "" {
		p.line("      ", p.red(step.Message))
	}
	if step.Outcome == signal.Pass {
		return
	}
	for _, x := range step.Exceptions {
		p.line("      ", p.dim("exception "), x.Text, p.dim(fmt.Sprintf(" %s:%d:%d", x.URL, x.Line, x.Column)))
	}
	for _, q := range step.Requests {
		p.line("      ", p.dim("request "), q.Method, " ", q.URL, " ", p.dim(first(q.Error, fmt.Sprint(q.Status))))
	}
}

func (t *tool) showCount(runs []run) {
	count := map[signal.Outcome]int{}
	for _, r := range runs {
		count[r.Signal.Outcome]++
	}
	text := fmt.Sprintf("%d of %d passed", count[signal.Pass], len(runs))
	if n := count[signal.Fail]; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	if n := count[signal.Broken]; n > 0 {
		text += fmt.Sprintf(", %d broken", n)
	}
	t.out.line(t.out.bold(text))
}

// outcome is the exit code of all runs: a failure counts more than a broken run.
func outcome(runs []run) error {
	code := exitOK
	for _, r := range runs {
		switch r.Signal.Outcome {
		case signal.Pass:
		case signal.Fail:
			code = exitFailed
		case signal.Broken:
			if code == exitOK {
				code = exitBroken
			}
		}
	}
	if len(runs) == 0 {
		code = exitBroken
	}
	if code != exitOK {
		return exit(code)
	}
	return nil
}

// changed waits until one of the files is written; false when ctx ends first.
func changed(ctx context.Context, files []string) bool {
	stamp := func() string {
		var b strings.Builder
		for _, file := range files {
			dir, err := os.ReadDir(filepath.Dir(file)) // what a journey includes stands beside it
			if err != nil {
				continue
			}
			for _, e := range dir {
				switch filepath.Ext(e.Name()) {
				case ".json", ".yaml", ".yml", ".csv":
				default:
					continue
				}
				if info, err := e.Info(); err == nil {
					fmt.Fprintln(&b, e.Name(), info.Size(), info.ModTime().UnixNano())
				}
			}
		}
		return b.String()
	}
	for before := stamp(); ; {
		if !pause(ctx, 300*time.Millisecond) {
			return false
		}
		if stamp() != before {
			return true
		}
	}
}
