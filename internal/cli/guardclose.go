package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/rule"
)

// closing is the flags of `postflight guard close`.
type closing struct {
	expect   []string
	dirs     []string
	run      string
	markdown string
	product  string
	version  string
}

// guardClose is `postflight guard close`.
func (t *tool) guardClose() *cobra.Command {
	var c closing
	cmd := &cobra.Command{
		Use: "close --expect STEP,...", Short: "As last step: did every expected step run, with evidence?",
		Long: `Hold the ledger of this pipeline run against the steps that should be in it. A
step that never ran (a skipped job satisfies a required check), that was killed,
that failed under continue-on-error or that had no evidence makes it red.

Run it as the last step of the last job, whatever happened before (GitHub:
"if: always()"; GitLab: "when: always"; Jenkins: "post { always { … } }"). Jobs on
other machines hand their ledger on as an artifact; name each folder with
--ledger.

--expect names steps, or files that list them:

    steps:
      - unit                        # a name
      - name: e2e
        min_tests: 40
      - name: docs
        optional: only when docs change

Exit codes: 0 every expected step is green, 87 not, 2 wrong usage.`,
		Example: `  postflight guard close --expect unit,lint,e2e
  postflight guard close --expect .ci/steps.yaml --ledger artifacts/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.closeRun(cmd, c) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&c.expect, "expect", nil, "steps that must have run, or files that list them")
	f.StringArrayVar(&c.dirs, "ledger", nil, "folders with ledgers (default: $POSTFLIGHT_GUARD_DIR, or .postflight/guard in the workspace)")
	f.StringVar(&c.run, "run", "", "pipeline run to close (default: this one)")
	f.StringVar(&c.markdown, "markdown", "", "also write Markdown to this file (- for standard output)")
	f.StringVar(&c.product, "product", "", "product that was built; with a server, the closing goes there (default: $POSTFLIGHT_PRODUCT)")
	f.StringVar(&c.version, "version", "", "version that was built (default: $POSTFLIGHT_VERSION, or the commit)")
	return cmd
}

// closeRun judges the whole run.
func (t *tool) closeRun(cmd *cobra.Command, c closing) error {
	wanted, err := wantedSteps(c.expect)
	if err != nil {
		return &usage{err: err, path: cmd.CommandPath()}
	}
	if len(wanted) == 0 {
		return &usage{
			err: errors.New("--expect is missing: without it a step that never ran is not missed"), path: cmd.CommandPath(),
			hint: "postflight guard close --expect unit,lint",
		}
	}
	dir, around, err := t.ledgerOf("")
	if err != nil {
		return err
	}
	dirs := c.dirs
	if len(dirs) == 0 {
		dirs = []string{dir}
	}
	run := first(c.run, around.Run)
	steps, bad, err := guard.Steps(dirs...)
	if fault.Is(err, fault.NotFound) && len(c.dirs) == 0 {
		steps, err = nil, nil // no step ran at all: every one of them is missing
	}
	if err != nil {
		return err
	}
	if run == guard.LocalRun { // what another commit's steps did is no proof for this one
		steps = slices.DeleteFunc(steps, func(s pipeline.Step) bool { return s.Commit != around.Commit })
	}
	out := pipeline.Close(run, wanted, steps)
	for _, b := range bad {
		out.Green = false
		out.Findings = append(out.Findings, rule.Finding{Rule: rule.StepMissing, Level: rule.Fail, Message: "an entry of the ledger cannot be read: " + b})
	}
	t.sendClosing(cmd.Context(), c, around, out)
	if err := t.tellClosing(c, out); err != nil {
		return err
	}
	if !out.Green {
		return exit(guard.ExitSilent)
	}
	return nil
}

// tellClosing shows the result.
func (t *tool) tellClosing(c closing, out pipeline.Closing) error {
	if c.markdown != "" {
		var b bytes.Buffer
		guard.ClosingMarkdown(&b, out)
		if err := t.write(c.markdown, b.Bytes()); err != nil {
			return err
		}
	}
	if path := t.Getenv("GITHUB_STEP_SUMMARY"); path != "" {
		if f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644); err == nil {
			guard.ClosingMarkdown(f, out)
			_ = f.Close()
		}
	}
	if t.json {
		return t.printJSON(out)
	}
	if c.markdown != "-" {
		guard.ClosingText(t.Stdout, out, t.out.guardStyle())
	}
	return nil
}

// write writes a file; "-" is standard output.
func (t *tool) write(path string, data []byte) error {
	if path == "-" {
		_, err := t.Stdout.Write(data)
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// expectation is a file of --expect.
type expectation struct {
	Steps []wantedStep `yaml:"steps"`
}

// wantedStep is a name, or a name with demands.
type wantedStep struct{ pipeline.Wanted }

// UnmarshalYAML takes both forms and refuses what it does not know.
func (w *wantedStep) UnmarshalYAML(decode func(any) error) error {
	var name string
	if decode(&name) == nil {
		w.Name = name
		return nil
	}
	var full struct {
		Name     string `yaml:"name"`
		MinTests int    `yaml:"min_tests"`
		Optional string `yaml:"optional"`
	}
	if err := decode(&full); err != nil {
		return err
	}
	w.Wanted = pipeline.Wanted{Name: full.Name, MinTests: full.MinTests, Optional: full.Optional}
	return nil
}

// wantedSteps reads --expect: names, "name:MINTESTS", and files.
func wantedSteps(list []string) ([]pipeline.Wanted, error) {
	var out []pipeline.Wanted
	seen := map[string]bool{}
	add := func(w pipeline.Wanted, from string) error {
		switch {
		case strings.TrimSpace(w.Name) == "":
			return fmt.Errorf("%s: a step without a name", from)
		case w.MinTests < 0:
			return fmt.Errorf("%s: %s: min_tests is a number of tests, not %d", from, w.Name, w.MinTests)
		case w.Optional == "true" || w.Optional == "yes":
			return fmt.Errorf("%s: %s: optional is the reason why the step may be missing, not %s", from, w.Name, w.Optional)
		case seen[w.Name]:
			return fmt.Errorf("%s: %s is expected twice", from, w.Name)
		}
		seen[w.Name] = true
		out = append(out, w)
		return nil
	}
	for _, e := range list {
		ext := strings.ToLower(filepath.Ext(e))
		named := ext == ".yaml" || ext == ".yml" || ext == ".json"
		// "unit" is a step, even where a file is called so.
		if info, err := os.Stat(e); err == nil && info.Mode().IsRegular() && (named || ext != "" || strings.ContainsRune(e, '/')) {
			if info.Size() > 1<<20 {
				return nil, fmt.Errorf("%s: %d bytes are no list of steps", e, info.Size())
			}
			data, err := os.ReadFile(e)
			if err != nil {
				return nil, err
			}
			var x expectation
			if err := yaml.UnmarshalWithOptions(data, &x, yaml.Strict()); err != nil {
				return nil, fmt.Errorf("%s: %w", e, err)
			}
			if len(x.Steps) == 0 {
				return nil, fmt.Errorf("%s: no steps in it", e)
			}
			for _, s := range x.Steps {
				if err := add(s.Wanted, e); err != nil {
					return nil, err
				}
			}
			continue
		}
		if named {
			return nil, fmt.Errorf("--expect %s: no such file", e)
		}
		w := pipeline.Wanted{Name: e}
		if i := strings.LastIndexByte(e, ':'); i > 0 { // "test:unit" is a name, "test:unit:100" a demand
			if n, err := strconv.Atoi(e[i+1:]); err == nil {
				w = pipeline.Wanted{Name: e[:i], MinTests: n}
			}
		}
		if err := add(w, "--expect"); err != nil {
			return nil, err
		}
	}
	return out, nil
}
