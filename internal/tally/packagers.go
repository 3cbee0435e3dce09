package tally

import (
	"strings"

	"github.com/postflight/postflight/internal/logline"
	"github.com/postflight/postflight/internal/rule"
)

var packagerTriggers = []string{
	"npm error code ELIFECYCLE", "npm ERR! code ELIFECYCLE", "npm error Lifecycle script `", "npm ERR! Lifecycle script `",
	"npm error Missing script:", "npm ERR! Missing script:", "npm ERR! missing script:", "npm ERR! Test failed.", "npm error Test failed.",
	"error Command failed with exit code ", "error Command \"", "Usage Error: Couldn't find a script named ",
	"No projects matched the filters", "None of the selected packages has a \"", "ELIFECYCLE", "ERR_PNPM_", "\u2009ELIFECYCLE", "\u2009ERR_PNPM_",
	"Script ", "rake aborted!", "** (Mix) ", "error: Recipe `", "task: Failed to run task ", "lerna ERR! ", "lerna success run No packages found",
	"No workspaces matched",
}

// packager reads what package managers say of the scripts they run: npm, pnpm,
// yarn, Lerna, Composer, rake, Mix, just and Task. Failures to install are not
// read: trying npm ci before npm install is usual.
func packager(t string, l logline.Line, o *out) {
	t = strings.Trim(t, "\u2009 ")
	if l.Indent > 1 {
		return
	}
	fails := func(tool string) { o.add(bad(tool, Task, 1, l)) }
	nothing := func(tool string) { o.mark(rule.NothingSelected, tool, l) }
	switch {
	case anyPrefix(t, "npm "):
		fails("npm")
		if strings.Contains(t, "issing script:") {
			nothing("npm")
		}
	case anyPrefix(t, "error Command failed with exit code "):
		fails("yarn")
	case strings.HasPrefix(t, "error Command \""):
		if strings.Contains(t, "\" not found.") {
			fails("yarn")
			nothing("yarn")
		}
	case strings.HasPrefix(t, "Usage Error: Couldn't find a script named "):
		fails("yarn")
		nothing("yarn")
	case anyPrefix(t, "No projects matched the filters in ", "None of the selected packages has a \"") || t == "No projects matched the filters":
		nothing("pnpm")
		r := of("pnpm", Task, l)
		r.State = Empty
		o.add(r)
	case anyPrefix(t, "No workspaces matched"):
		nothing("yarn")
	case anyPrefix(t, "ELIFECYCLE  ", "ELIFECYCLE\u2009 "):
		fails("pnpm")
	case strings.HasPrefix(t, "ERR_PNPM_"):
		if anyPrefix(t, "ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL", "ERR_PNPM_RECURSIVE_FAIL", "ERR_PNPM_RECURSIVE_EXEC_FIRST_FAIL") {
			fails("pnpm")
		} else if anyPrefix(t, "ERR_PNPM_NO_SCRIPT", "ERR_PNPM_RECURSIVE_RUN_NO_SCRIPT") {
			fails("pnpm")
			nothing("pnpm")
		}
	default:
		others(t, l, o)
	}
}

// others reads runners of tasks beside JavaScript's.
func others(t string, l logline.Line, o *out) {
	if l.Indent > 0 {
		return
	}
	fails := func(tool string) { o.add(bad(tool, Task, 1, l)) }
	switch {
	case strings.HasPrefix(t, "Script "):
		if n, ok := like(t, "Script {*} handling the {*} event returned with error code {n}"); ok && n[0] != 0 {
			fails("Composer")
		}
	case t == "rake aborted!":
		fails("rake")
	case strings.HasPrefix(t, "** (Mix) "):
		fails("Mix")
	case strings.HasPrefix(t, "error: Recipe `"):
		if strings.Contains(t, "` failed ") || strings.Contains(t, "` was terminated ") {
			fails("just")
		}
	case strings.HasPrefix(t, "task: Failed to run task "):
		fails("Task")
	case strings.HasPrefix(t, "lerna ERR! EFILTER"):
		fails("Lerna")
		o.mark(rule.NothingSelected, "Lerna", l)
	case strings.HasPrefix(t, "lerna ERR! "):
		if like1(t, "lerna ERR! {*} exited {n} in {*}") {
			fails("Lerna")
		}
	case strings.HasPrefix(t, "lerna success run No packages found"):
		o.mark(rule.NothingSelected, "Lerna", l)
		r := of("Lerna", Task, l)
		r.State = Empty
		o.add(r)
	}
}
