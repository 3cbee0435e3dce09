package scan

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postflight/postflight/internal/rule"
)

// workflow is a GitHub workflow or a composite action under review.
type workflow struct {
	scan *scanner
	src  *source
	root *yaml.Node
}

// github reads a workflow or an action.
func (s *scanner) github(src *source) {
	for _, root := range documents(src) {
		w := workflow{s, src, root}
		if steps := get(root, "runs", "steps"); steps != nil {
			w.steps(steps, job{action: true})
			continue
		}
		if get(root, "jobs") == nil && get(root, "runs") == nil {
			if strings.Contains(src.path, "workflows/") {
				src.skip(0, "this is no workflow")
			}
			continue
		}
		shell := text(get(root, "defaults", "run", "shell"))
		for _, p := range pairs(get(root, "jobs")) {
			w.job(p.key, p.value, shell)
		}
	}
}

// job is what the steps need to know of their job.
type job struct {
	action  bool
	shell   string // the default that was set
	windows bool
	images  bool // runs in a container, where the default is sh
	shallow bool // checked out without history
}

func (w workflow) job(key, n *yaml.Node, shell string) {
	if own := text(get(n, "defaults", "run", "shell")); own != "" {
		shell = own
	}
	j := job{shell: shell, windows: strings.Contains(strings.ToLower(text(get(n, "runs-on"))), "windows"), images: get(n, "container") != nil}
	w.condition(n)
	checks := w.steps(get(n, "steps"), j)
	if k := keyOf(n, "continue-on-error"); k != nil && on(get(n, "continue-on-error")) && len(checks) > 0 {
		w.report(rule.ContinueOnError, k, fmt.Sprintf("the job %q is green although `%s` fails", key.Value, checks[0]))
	}
	w.gate(key, n)
}

func (w workflow) report(id rule.ID, n *yaml.Node, message string) {
	w.src.report(id, rule.Warn, w.src.node(n), message)
}

// steps reads the steps of a job and returns the checks that they run.
func (w workflow) steps(list *yaml.Node, j job) []string {
	var all []string
	for _, step := range items(list) {
		step = deref(step)
		w.condition(step)
		w.checkout(step, &j)
		checks := w.uses(step)
		if run := get(step, "run"); run != nil && run.Kind == yaml.ScalarNode {
			out := w.run(step, run, j)
			checks = append(checks, out.checks...)
			w.scan.note(out)
			w.history(step, run, &j)
		}
		w.goesOn(step, checks)
		all = append(all, checks...)
	}
	return all
}

var switchedOn = regexp.MustCompile(`^(?:\$\{\{\s*)?true(?:\s*\}\})?$`)

// on says whether a value is true, and not an expression that may be.
func on(n *yaml.Node) bool { return switchedOn.MatchString(strings.TrimSpace(text(n))) }

// goesOn judges continue-on-error of a step.
func (w workflow) goesOn(step *yaml.Node, checks []string) {
	k := keyOf(step, "continue-on-error")
	if k == nil || !on(get(step, "continue-on-error")) || len(checks) == 0 {
		return
	}
	if id := text(get(step, "id")); id != "" && (strings.Contains(w.src.text, "steps."+id+".outcome") || strings.Contains(w.src.text, "steps."+id+".conclusion") || strings.Contains(w.src.text, "steps['"+id+"']")) {
		return // somebody looks at it
	}
	if run := keyOf(step, "run"); run != nil {
		w.src.report(rule.ContinueOnError, rule.Warn, w.src.node(k), fmt.Sprintf("the step is green although `%s` fails", checks[0]), run.Line)
		return
	}
	w.report(rule.ContinueOnError, k, fmt.Sprintf("the step is green although `%s` fails", checks[0]))
}

// run reads the shell of a step.
func (w workflow) run(step, run *yaml.Node, j job) *outcome {
	out := &outcome{}
	shell := text(get(step, "shell"))
	st, name, posix, ok := j.effective(shell)
	if !ok || shell == "" && j.shell == "" && (onWindows.MatchString(text(get(step, "if"))) || powerShell.MatchString(run.Value)) {
		return out // PowerShell
	}
	lines := []int{run.Line}
	if k := keyOf(step, "run"); k != nil {
		lines = append(lines, k.Line)
	}
	label := text(get(step, "name"))
	fragment{src: w.src, text: run.Value, start: w.src.body(run), posix: posix, state: st, where: inStep, shell: name, name: label, allow: lines, out: out}.analyse()
	return out
}

var (
	onWindows  = regexp.MustCompile(`(?i)(os|platform|runner)\b[^|&]*(==|contains|startsWith)[^|&]*win|(contains|startsWith)\([^)]*win`)
	powerShell = regexp.MustCompile(`(?i)\$env:|-ErrorAction|\bWrite-(?:Host|Output)\b|\bNew-Item\b|\bInvoke-WebRequest\b|\bSet-(?:Content|Location)\b|\$LASTEXITCODE|\bRemove-Item\b|\bGet-\w+\b.*\||\bExpand-Archive\b|(?m:^\s*& )|\bForEach-Object\b|\bTest-Path\b|\bJoin-Path\b|\bTry \{`)
)

// effective is the shell that a step really gets.
func (j job) effective(shell string) (st state, name string, posix, ok bool) {
	if shell == "" {
		shell = j.shell
	}
	if shell == "" && j.windows {
		return state{}, "", false, false // PowerShell
	}
	switch {
	case shell == "" && j.images:
		return state{errexit: true}, "`sh -e`, GitHub's default in a container,", true, true
	case shell == "":
		return state{errexit: true}, "`bash -e`, GitHub's default shell,", false, true
	case shell == "bash":
		return state{errexit: true, pipefail: true}, "`bash -eo pipefail`", false, true
	case shell == "sh":
		return state{errexit: true}, "`sh -e`", true, true
	}
	fields := strings.Fields(shell)
	if len(fields) == 0 || strings.Contains(shell, "${{") {
		return state{}, "", false, false
	}
	switch path.Base(fields[0]) {
	case "bash", "sh", "zsh":
	default:
		return state{}, "", false, false
	}
	return flagged(fields[1:]), "`" + clip(strings.TrimSpace(strings.ReplaceAll(shell, "{0}", ""))) + "`", fields[0] == "sh", true
}

// flagged reads the flags that a shell is started with.
func flagged(args []string) state {
	var st state
	for i, a := range args {
		if strings.HasPrefix(a, "--") || !strings.HasPrefix(a, "-") {
			continue
		}
		st.errexit = st.errexit || strings.Contains(a, "e")
		if strings.HasSuffix(a, "o") && i+1 < len(args) {
			st.pipefail = st.pipefail || args[i+1] == "pipefail"
			st.errexit = st.errexit || args[i+1] == "errexit"
		}
	}
	return st
}

// testActions are actions that run tests or checks.
const testActions = `cypress-io/github-action golangci/golangci-lint-action super-linter/super-linter github/super-linter
	docker/build-push-action goreleaser/goreleaser-action gradle/gradle-build-action ludeeus/action-shellcheck
	amondnet/vercel-action cloudflare/wrangler-action nwtgck/actions-netlify firebaseextended/action-hosting-deploy actions/deploy-pages
	actions-rs/cargo biomejs/setup-biome-none psf/black astral-sh/ruff-action pre-commit/action`

// uses returns what an action runs that matters.
func (w workflow) uses(step *yaml.Node) []string {
	name, _, _ := strings.Cut(text(get(step, "uses")), "@")
	if in(testActions, strings.ToLower(name)) {
		return []string{"uses: " + name}
	}
	var out []string
	if strings.HasPrefix(strings.ToLower(name), "appleboy/ssh-action") {
		w.remote(step)
	}
	if strings.HasSuffix(strings.ToLower(name), "/retry") || strings.HasSuffix(strings.ToLower(name), "/wretry.action") {
		command := get(step, "with", "command")
		if command == nil || command.Kind != yaml.ScalarNode {
			return nil
		}
		if checks := checksIn(command.Value); len(checks) > 0 {
			w.src.report(rule.FlakyRetries, rule.Note, w.src.node(command), fmt.Sprintf("`%s` is tried again when it fails: read what was retried", checks[0]))
			out = checks
		}
	}
	return out
}

// remote judges the text that an action runs on another machine.
func (w workflow) remote(step *yaml.Node) {
	script := get(step, "with", "script")
	if script == nil || script.Kind != yaml.ScalarNode || on(get(step, "with", "script_stop")) || strings.Contains(script.Value, "set -e") {
		return
	}
	probe := &walker{fragment: fragment{src: w.src}}
	masked := expression.ReplaceAllStringFunc(script.Value, func(e string) string { return strings.Repeat("X", len(e)) })
	if message, _ := probe.passesOver(masked, "the remote shell"); message != "" {
		w.src.report(rule.RemoteStatus, rule.Warn, w.src.node(script), message)
	}
}

// checksIn are the builds, tests and deployments in a text of shell.
func checksIn(text string) []string {
	stmts, ok := parse(expression.ReplaceAllString(text, "XXXXX"))
	if !ok {
		return nil
	}
	var out []string
	for _, s := range stmts {
		for _, call := range calls(s) {
			if args := argv(call); classOf(args) == checking {
				out = append(out, clip(strings.Join(args, " ")))
			}
		}
	}
	return out
}

// checkout notes how much history the job has.
func (w workflow) checkout(step *yaml.Node, j *job) {
	uses := text(get(step, "uses"))
	if strings.HasPrefix(uses, "actions/checkout@") {
		depth := get(step, "with", "fetch-depth")
		j.shallow = depth == nil || text(depth) == "1"
	}
}

// history judges commands that compare with a base that is not there.
func (w workflow) history(step, run *yaml.Node, j *job) {
	if strings.Contains(run.Value, "git fetch") || strings.Contains(run.Value, "git pull") {
		j.shallow = false
	}
	if !j.shallow {
		return
	}
	stmts, ok := parse(expression.ReplaceAllStringFunc(run.Value, func(e string) string { return strings.Repeat("X", len(e)) }))
	if !ok {
		return
	}
	f := fragment{src: w.src, text: run.Value, start: w.src.body(run)}
	if k := keyOf(step, "run"); k != nil {
		f.allow = []int{k.Line}
	}
	for _, s := range stmts {
		for _, call := range calls(s) {
			if args := unwrap(argv(call)); comparesHistory(args) {
				f.finding(rule.ShallowClone, offset(call), fmt.Sprintf("`%s` needs history, and actions/checkout fetched one commit: set fetch-depth: 0", clip(strings.Join(args, " "))))
				return
			}
		}
	}
}

// comparesHistory says whether a command compares with an earlier commit.
func comparesHistory(args []string) bool {
	if len(args) < 2 {
		return false
	}
	all := strings.Join(args, " ")
	switch path.Base(args[0]) {
	case "nx":
		return args[1] == "affected" || strings.HasPrefix(args[1], "affected:")
	case "lerna":
		return strings.Contains(all, "--since")
	case "turbo":
		return strings.Contains(all, "--affected") || strings.Contains(all, "--filter=[") || strings.Contains(all, "--filter=...[")
	case "pnpm":
		return strings.Contains(all, "...[") || strings.Contains(all, "[origin/")
	case "jest", "vitest":
		return strings.Contains(all, "--changedSince") || strings.Contains(all, "--changed ")
	case "git":
		return args[1] == "merge-base"
	}
	return false
}
