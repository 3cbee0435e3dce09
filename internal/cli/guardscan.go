package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/guard"
	"github.com/postflight/postflight/internal/rule"
	"github.com/postflight/postflight/internal/scan"
)

// scanning is the flags of `postflight guard scan`.
type scanning struct {
	strict bool
	allow  []string
}

// guardScan is `postflight guard scan`.
func (t *tool) guardScan() *cobra.Command {
	var s scanning
	cmd := &cobra.Command{
		Use: "scan [PATH]...", Short: "Find swallowed failures in workflows, scripts and Makefiles",
		Long: `Read workflow files (GitHub Actions, GitLab CI, Jenkins, Azure, CircleCI,
Bitbucket and others), npm scripts, Makefiles, shell scripts, Dockerfiles and tests
and find what can make a pipeline green although something failed. Nothing is run.

A finding is evidence of one kind only: it warns. --strict makes findings fail.
Where a pattern is right, say so beside it, with the reason:

    ./optional.sh || true   # guard:ok G02 advisory until the migration ends

Exit codes: 0 no finding, or warnings only; 1 findings and --strict; 2 wrong usage.`,
		Example: "  postflight guard scan\n  postflight guard scan --strict .github/workflows package.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			allowed, err := allowances(s.allow)
			if err != nil {
				return &usage{err: err, path: cmd.CommandPath()}
			}
			if len(args) == 0 {
				args = []string{"."}
			}
			var all scan.Result
			for _, path := range args {
				r, err := scanPath(cmd, path)
				if err != nil {
					return err
				}
				all.Findings = append(all.Findings, r.Findings...)
				all.Skipped = append(all.Skipped, r.Skipped...)
				all.Pipelines = append(all.Pipelines, r.Pipelines...)
				all.Files, all.Truncated = all.Files+r.Files, all.Truncated || r.Truncated
			}
			return t.tellScan(all, allowed, s.strict)
		},
	}
	cmd.Flags().BoolVar(&s.strict, "strict", false, "findings fail")
	cmd.Flags().StringArrayVar(&s.allow, "allow", nil, `live with a rule everywhere, as RULE="reason" (repeatable)`)
	return cmd
}

// scanPath scans a folder, or one file within its folder.
func scanPath(cmd *cobra.Command, path string) (scan.Result, error) {
	info, err := os.Stat(path)
	if err != nil {
		return scan.Result{}, fault.Newf(fault.NotFound, "%w", err).WithHint("name a folder or a file")
	}
	root, only := path, ""
	if !info.IsDir() {
		root, only = filepath.Split(path)
		if root == "" {
			root = "."
		}
	} else if up, sub, ok := above(path); ok {
		root, only = up, sub
	}
	r, err := scan.Scan(cmd.Context(), os.DirFS(root), scan.Options{})
	if err != nil {
		return r, err
	}
	if only != "" {
		mine := func(file string) bool { return file == only || strings.HasPrefix(file, only+"/") }
		r.Findings = slices.DeleteFunc(r.Findings, func(f rule.Finding) bool { return !mine(f.Place.File) })
		r.Skipped = slices.DeleteFunc(r.Skipped, func(s scan.Skip) bool { return !mine(s.Path) })
		r.Pipelines = slices.DeleteFunc(r.Pipelines, func(p string) bool { return !mine(p) })
	}
	if root != "." {
		for i := range r.Findings {
			r.Findings[i].Place.File = filepath.ToSlash(filepath.Join(root, r.Findings[i].Place.File))
		}
		for i := range r.Skipped {
			r.Skipped[i].Path = filepath.ToSlash(filepath.Join(root, r.Skipped[i].Path))
		}
	}
	return r, nil
}

// above takes a folder of workflows for what it is: its files are told by their
// place in the repository.
func above(path string) (root, sub string, ok bool) {
	clean := filepath.ToSlash(filepath.Clean(path))
	for _, known := range []string{".github/workflows", ".github", ".circleci", ".woodpecker", ".buildkite"} {
		if clean == known || strings.HasSuffix(clean, "/"+known) {
			return filepath.FromSlash(first(strings.TrimSuffix(strings.TrimSuffix(clean, known), "/"), ".")), known, true
		}
	}
	return "", "", false
}

// tellScan shows what was found.
func (t *tool) tellScan(r scan.Result, allowed map[rule.ID]string, strict bool) error {
	open := 0
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Allowed == "" {
			f.Allowed = allowed[f.Rule]
		}
		if f.Allowed != "" || f.Level == rule.Note {
			continue
		}
		if open++; strict {
			f.Level = rule.Fail
		}
	}
	switch {
	case t.json:
		if err := t.printJSON(r); err != nil {
			return err
		}
	default:
		scanText(t.Stdout, r, t.out.guardStyle())
		if t.Getenv("GITHUB_ACTIONS") == "true" {
			guard.AnnotateAll(t.Stderr, r.Findings)
		}
	}
	if r.Files == 0 {
		return fault.New(fault.NotFound, "nothing to scan was found: no workflow, script, Makefile or package.json", "name the folder of the repository")
	}
	if strict && (open > 0 || len(r.Skipped) > 0) {
		return exit(exitError)
	}
	if r.Truncated && strict {
		return errors.New("there were too many files: the scan is not whole")
	}
	if !t.json {
		t.err.line(fmt.Sprintf("%d files read, %d pipelines, %d findings", r.Files, len(r.Pipelines), open))
	}
	return nil
}
