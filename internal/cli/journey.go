package cli

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/signal"
)

// Player reads, plays and records journeys on this machine, without a server.
type Player interface {
	// LintJourney says why a journey cannot be played or can never fail, and
	// what in it is doubtful.
	LintJourney(file string) (warnings []string, err error)
	// PlayJourney plays a journey once. The error is about the file or the
	// browser; what the page did is in the signal.
	PlayJourney(ctx context.Context, o PlayOptions) (Played, error)
	// RecordJourney records a journey until the browser is closed or ctx ends.
	RecordJourney(ctx context.Context, o RecordOptions) error
}

// PlayOptions say what to play and how.
type PlayOptions struct {
	File    string
	Base    string   // address to play at; empty: where it was recorded
	Origins []string // further first-party origins
	Browser string   // shell, full, a path; empty: shell, else full
	Headed  bool
	Slow    time.Duration // pause between two steps
	Trace   bool
	Spec    product.Journey // timeout, fence, allowances, budgets, variables, secrets
	Version string
	// Result receives the zip of all evidence, when it is asked for.
	Result func(s signal.Signal) (io.WriteCloser, error)
}

// Played is the outcome of one run.
type Played struct {
	Signal signal.Signal
	Title  string
}

// RecordOptions say what to record.
type RecordOptions struct {
	URL     string
	Title   string
	Browser string
	// Attribute is preferred in selectors; default data-testid.
	Attribute string
	// Step is told of each step that was recorded; it may be called from any goroutine.
	Step func(title string)
	// Save is called with the recording so far after each step and at the end.
	Save    func(recording []byte) error
	Version string
}

// journey is `postflight journey`.
func (t *tool) journey() *cobra.Command {
	return group("journey", "Write, check and play journeys", t.journeyRun(), t.journeyRecord(), t.journeyLint())
}

// linted is the answer for one journey in JSON.
type linted struct {
	File     string   `json:"file"`
	OK       bool     `json:"ok"`
	Error    string   `json:"error,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

func (t *tool) journeyLint() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use: "lint FILE...", Short: "Say why journeys cannot be played, or can never fail",
		Long: `Check journeys: recordings of the Chrome DevTools Recorder (JSON) and
hand-written ones (YAML). Every step must be one that can be played, and
something must be asserted. What is doubtful is a warning; with --strict a
warning is an error.

` + exitHelp,
		Example: "  postflight journey lint journeys/*.json journeys/*.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var all []linted
			bad := 0
			for _, file := range args {
				warnings, err := t.Runner.LintJourney(file)
				one := linted{File: file, OK: err == nil && (!strict || len(warnings) == 0), Warnings: warnings}
				if err != nil {
					one.Error = err.Error()
				}
				if !one.OK {
					bad++
				}
				all = append(all, one)
				if !t.json {
					t.showLint(one, err)
				}
			}
			if t.json {
				if err := t.out.json(all); err != nil {
					return err
				}
			}
			if bad > 0 {
				return exit(kindExits()[fault.Invalid])
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	return cmd
}

func (t *tool) showLint(one linted, err error) {
	if err != nil {
		what := tell(err)
		t.err.problem("error", t.err.red, what.message)
		if what.hint != "" {
			t.err.problem("hint", t.err.dim, what.hint)
		}
	}
	for _, w := range one.Warnings {
		t.warn(w)
	}
	if one.OK {
		t.out.line(one.File, " is good")
	}
}
