package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
)

var eslintTriggers = []string{"✖ ", "✖   found ", "Oops! Something went wrong! :("}

// eslint reads ESLint, and Stylelint and commitlint that print like it.
//
//	✖ 7 problems (6 errors, 1 warning)
func eslint(t string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	if n, ok := like(t, "✖ {n} problem{s} ({n} error{s}, {n} warning{s}){*}"); ok {
		o.add(problems(of("ESLint", Lint, l), n[1], n[2]))
	} else if n, ok := like(t, "✖   found {n} problem{s}, {n} warning{s}"); ok {
		o.add(problems(of("commitlint", Lint, l), n[0], n[1]))
	} else if t == "Oops! Something went wrong! :(" {
		o.add(bad("ESLint", Lint, 1, l))
	}
}

// found reads linters that end with "Found 3 errors": Biome, Ruff, mypy, oxlint,
// deno lint.
type found struct {
	biome Run // "Checked 4 files in 8ms.", until what was found is told
}

func (g *found) triggers() []string {
	return []string{"Found ", "Checked ", "Success: no issues found in ", "All checks passed!", "error: Found "}
}

func (g *found) line(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		return
	}
	switch {
	case strings.HasPrefix(t, "Checked "):
		if like1(t, "Checked {n} file{s} in {*}. {*}") {
			g.flush(o)
			g.biome = of("Biome", Lint, l)
		}
	case like1(t, "Success: no issues found in {n} source file{s}"):
		o.add(of("mypy", Lint, l))
	case t == "All checks passed!":
		o.add(of("Ruff", Lint, l))
	default:
		g.count(t, l, o)
	}
}

func (g *found) count(t string, l logline.Line, o *out) {
	if n, ok := like(t, "Found {n} error{s} in {n} file{s} (checked {n} source file{s})"); ok {
		o.add(problems(of("mypy", Lint, l), n[0], 0))
	} else if n, ok := like(t, "Found {n} error{s} in {n} file{s} (errors prevented further checking)"); ok {
		o.add(problems(of("mypy", Lint, l), n[0], 0))
	} else if n, ok := like(t, "Found {n} error{s} ({n} fixed, {n} remaining)."); ok {
		o.add(problems(of("Ruff", Lint, l), n[2], 0))
	} else if n, ok := like(t, "Found {n} warning{s} and {n} error{s}."); ok {
		o.add(problems(of("oxlint", Lint, l), n[1], n[0]))
	} else if n, ok := like(t, "Found {n} problem{s}"); ok {
		o.add(problems(of("deno lint", Lint, l), n[0], 0))
	} else if n, ok := like(t, "error: Found {n} not formatted file{s} in {n} file{s}"); ok {
		o.add(problems(of("deno fmt", Lint, l), n[0], 0))
	} else if n, ok := like(t, "Found {n} of {n} files that can be fixed in {*}"); ok {
		o.add(problems(of("PHP CS Fixer", Lint, l), n[0], 0))
	} else if n, ok := like(t, "Found {n} warning{s}."); ok && g.biome.First > 0 {
		g.biome.Warnings = n[0]
	} else if n, ok := like(t, "Found {n} error{s}."); ok {
		if g.biome.First > 0 {
			g.biome.Failed, g.biome.State, g.biome.Last, g.biome.Text = n[0], Failed, l.Number, t
			return
		}
		o.add(problems(of("Ruff", Lint, l), n[0], 0))
	}
}

func (g *found) flush(o *out) {
	if g.biome.First > 0 {
		o.add(g.biome)
	}
	g.biome = Run{}
}

func (g *found) end(o *out) { g.flush(o) }

// sentence is a summary in one line and what its numbers are: -1 where there is
// none.
type sentence struct {
	tool     string
	pattern  string
	failed   int
	warnings int
	fixed    int // to be taken off failed
}

var lintTriggers = []string{
	"[warn] Code style issues found in ", "[error] No files matching the pattern were found: ",
	"[warn] Error occurred when checking code style", "[error] Error occurred when checking code style",
	number + "files inspected, ", number + "file inspected, ", number + "issue(s) found:",
	"[ERROR] Found ", "[OK] No errors", number + "errors found", number + "error found", number + "errors, ", number + "error, ",
	"A TOTAL OF ", "svelte-check found ", "Checkstyle ends with ", "Summary: ", "CSpell: Files checked: ", "Failed: ", "Passed: ",
}

var sentences = []sentence{
	{"RuboCop", "{n} file{s} inspected, no offenses detected", -1, -1, -1},
	{"RuboCop", "{n} file{s} inspected, {n} offense{s} detected, {n} offense{s} corrected{*}", 1, -1, 2},
	{"RuboCop", "{n} file{s} inspected, {n} offense{s} detected{*}", 1, -1, -1},
	{"HAML-Lint", "{n} file{s} inspected, {n} lint{s} detected", 1, -1, -1},
	{"TFLint", "{n} issue(s) found:", 0, -1, -1},
	{"PHPStan", "[ERROR] Found {n} error{s}", 0, -1, -1},
	{"PHPStan", "[OK] No errors", -1, -1, -1},
	{"Psalm", "{n} error{s} found", 0, -1, -1},
	{"Pyright", "{n} error{s}, {n} warning{s}, {n} information{s}{*}", 0, 1, -1},
	{"PHP_CodeSniffer", "A TOTAL OF {n} ERROR{*} AND {n} WARNING{*}", 0, 1, -1},
	{"svelte-check", "svelte-check found {n} error{s} and {n} warning{s}{*}", 0, 1, -1},
	{"Checkstyle", "Checkstyle ends with {n} error{s}.", 0, -1, -1},
	{"markdownlint", "Summary: {n} error(s)", 0, -1, -1},
	{"CSpell", "CSpell: Files checked: {n}{*}, Issues found: {n} in {n} file{s}.{*}", 1, -1, -1},
	{"ansible-lint", "Failed: {n} failure(s), {n} warning(s) {*}", 0, 1, -1},
	{"ansible-lint", "Passed: {n} failure(s), {n} warning(s) {*}", 0, 1, -1},
}

// lint reads linters whose summary is one line that no other tool prints.
func lint(t string, l logline.Line, o *out) {
	if strings.HasPrefix(t, "[") && l.Indent <= 1 && prettier(t, l, o) {
		return
	}
	for _, s := range sentences {
		n, ok := like(t, s.pattern)
		if !ok {
			continue
		}
		if (s.tool == "PHPStan") != (l.Indent == 1) || l.Indent > 1 {
			return
		}
		failed, warnings := 0, 0
		if s.failed >= 0 {
			failed = n[s.failed]
		}
		if s.fixed >= 0 {
			failed = max(0, failed-n[s.fixed])
		}
		if s.warnings >= 0 {
			warnings = n[s.warnings]
		}
		o.add(problems(of(s.tool, Lint, l), failed, warnings))
		return
	}
}

func prettier(t string, l logline.Line, o *out) bool {
	switch {
	case strings.HasPrefix(t, "[warn] Code style issues found in "):
		n, _ := numberAfter(t, " found in ")
		o.add(bad("Prettier", Lint, n, l))
	case strings.HasPrefix(t, "[error] No files matching the pattern were found: "),
		strings.Contains(t, "] Error occurred when checking code style"):
		o.add(bad("Prettier", Lint, 1, l))
	default:
		return false
	}
	return true
}

// listed reads linters that list what they find: isort, pre-commit's hooks, and
// golangci-lint, whose sum is followed by its linters.
type listed struct {
	isort  Run
	issues Run // "3 issues:", until the linters are listed
	hooks  Run
	hook   string
	hookAt int
	ohNo   int // the line in which Black says that it fails: with --diff it only shows
}

func (g *listed) triggers() []string {
	return []string{
		"Oh no! ", number + "files would be reformatted", number + "file would be reformatted", number + "file would fail", number + "files would fail",
		number + "issues:", number + "issues.", "* ", "ERROR: ", "- hook id: ", "- exit code: ", "- files were modified by this hook",
	}
}

func (g *listed) line(l logline.Line, o *out) {
	t := o.text(l)
	if l.Indent > 0 {
		return
	}
	switch {
	case digit(t[0]):
		if n, ok := like(t, "{n} issues:"); ok && n[0] > 0 {
			g.issues = problems(of("golangci-lint", Lint, l), n[0], 0)
		} else if t == "0 issues." {
			o.add(of("golangci-lint", Lint, l))
		}
		g.formatted(t, l, o)
	case strings.HasPrefix(t, "Oh no! "):
		g.ohNo = l.Number
	case strings.HasPrefix(t, "* "):
		if g.issues.First == l.Number-1 && like1(t, "* {*}: {n}") {
			o.add(g.issues)
			g.issues = Run{}
		}
	case strings.HasSuffix(t, " Imports are incorrectly sorted and/or formatted."):
		path := strings.TrimSuffix(strings.TrimPrefix(t, "ERROR: "), " Imports are incorrectly sorted and/or formatted.")
		more(&g.isort, bad("isort", Lint, 1, l), Failure{Name: cut(path), Line: l.Number})
	case strings.HasPrefix(t, "- hook id: "):
		g.hook, g.hookAt = strings.TrimPrefix(t, "- hook id: "), l.Number
	case g.hook == "" || l.Number > g.hookAt+3:
	case like1(t, "- exit code: {n}") && t != "- exit code: 0", t == "- files were modified by this hook":
		more(&g.hooks, bad("pre-commit", Lint, 1, l), Failure{Name: cut(g.hook), Message: t, Line: l.Number})
		g.hook = ""
	}
}

// formatted reads Black, whose sentence ends with a full stop, and ruff format.
func (g *listed) formatted(t string, l logline.Line, o *out) {
	n, ok := like(t, "{n} file{s} would be reformatted{*}")
	if !ok {
		n, ok = like(t, "{n} file{s} would fail to reformat{*}")
	}
	switch {
	case !ok:
	case !strings.HasSuffix(t, "."):
		o.add(problems(of("Ruff", Lint, l), n[0], 0))
	case g.ohNo > 0 && l.Number-g.ohNo <= 2:
		o.add(problems(of("Black", Lint, l), n[0], 0))
	}
}

// more adds a problem to a run that is told line by line.
func more(r *Run, one Run, f Failure) {
	if r.First == 0 {
		*r = one
		r.Failed = 0
	}
	r.Failed++
	r.Last = one.Last
	if len(r.Failures) < maxFailures {
		r.Failures = append(r.Failures, f)
	}
}

func (g *listed) end(o *out) {
	for _, r := range []Run{g.isort, g.hooks} {
		if r.First > 0 {
			o.add(r)
		}
	}
}
