// Package scan reads the files that make a pipeline (workflows, npm scripts,
// Makefiles, shell, Dockerfiles, Jenkinsfiles) and finds what can make it green
// although something failed.
//
// A finding of a scan is evidence of one kind: the text could swallow a failure;
// that it did is for the run to show. So a scan warns and never fails; whoever
// calls it may be stricter. What could not be read is said, never passed over.
//
// The package runs nothing, changes nothing and follows no link. Called by the
// command line.
package scan

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/postflight/postflight/internal/rule"
)

// Options bound a scan; the zero value is the usual.
type Options struct {
	// MaxFiles bounds how many names are looked at; 0 is 1,000,000.
	MaxFiles int
	// MaxBytes bounds a file that is read; 0 is 2 MiB. A larger one is skipped,
	// and said to be.
	MaxBytes int64
}

// Skip is something that was not read, or only in part, and why.
type Skip struct {
	Path   string `json:"path"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
}

// Result is what a scan found.
type Result struct {
	Findings []rule.Finding `json:"findings"`
	// Files is how many files were read.
	Files int `json:"files"`
	// Pipelines are the files that tell a CI system what to do. None means that
	// nothing vouches for this tree: no finding is then no good news.
	Pipelines []string `json:"pipelines"`
	Skipped   []Skip   `json:"skipped,omitempty"`
	// Left counts folders that were left out on purpose, by name.
	Left map[string]int `json:"left,omitempty"`
	// Truncated says that there were more names than MaxFiles.
	Truncated bool `json:"truncated,omitempty"`
}

// Scan looks through a tree. The error is that of the context, or of a root that
// cannot be read.
func Scan(ctx context.Context, fsys fs.FS, o Options) (Result, error) {
	if o.MaxFiles <= 0 {
		o.MaxFiles = 1_000_000
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 2 << 20
	}
	s := &scanner{fsys: fsys, options: o, seen: map[string]bool{}, called: map[string]bool{}, bases: map[string][]string{}, phony: map[string]bool{}, loose: map[string]bool{}}
	s.result.Left = map[string]int{}
	if err := s.walk(ctx); err != nil {
		return Result{}, fmt.Errorf("scan: %w", err)
	}
	s.pipelines(ctx)
	s.scripts(ctx)
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("scan: %w", err)
	}
	order(&s.result)
	return s.result, nil
}

// order makes the same tree give the same answer.
func order(r *Result) {
	slices.SortStableFunc(r.Findings, func(a, b rule.Finding) int {
		return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column), cmp.Compare(a.Rule, b.Rule))
	})
	r.Findings = slices.CompactFunc(r.Findings, func(a, b rule.Finding) bool {
		return a.Rule == b.Rule && a.Place == b.Place
	})
	slices.Sort(r.Pipelines)
	slices.SortStableFunc(r.Skipped, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
}
