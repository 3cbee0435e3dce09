package scan

import (
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postflight/postflight/internal/rule"
)

// gitlab reads a .gitlab-ci.yml and the files it includes from the same tree.
func (s *scanner) gitlab(src *source) {
	for _, root := range documents(src) {
		if root.Kind != yaml.MappingNode {
			src.skip(0, "this is no GitLab pipeline")
			continue
		}
		s.includes(get(root, "include"))
		for _, key := range []string{"before_script", "script"} {
			s.commands(src, get(root, key), gitlabShell(), "")
		}
		for _, p := range pairs(root) {
			switch p.key.Value {
			case "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script", "after_script", "script", "spec":
				continue
			}
			s.gitlabJob(src, p)
		}
	}
}

func gitlabShell() state { return state{errexit: true, pipefail: true} }

func (s *scanner) gitlabJob(src *source, p pair) {
	name := strings.ToLower(p.key.Value)
	st := gitlabShell()
	for _, tag := range items(get(p.value, "tags")) {
		if strings.Contains(strings.ToLower(text(tag)), "windows") {
			return // PowerShell
		}
	}
	s.commands(src, get(p.value, "before_script"), st, name)
	checks := s.commands(src, get(p.value, "script"), st, name)
	if k := keyOf(p.value, "allow_failure"); k != nil && text(get(p.value, "allow_failure")) == "true" && len(checks) > 0 && !manual(p.value) {
		src.report(rule.ContinueOnError, rule.Warn, src.node(k), fmt.Sprintf("the pipeline is green although `%s` in the job %q fails", checks[0], p.key.Value))
	}
	if k := keyOf(p.value, "retry"); k != nil && len(checks) > 0 {
		if n := text(get(p.value, "retry")); n == "1" || n == "2" {
			src.report(rule.FlakyRetries, rule.Note, src.node(k), fmt.Sprintf("`%s` is tried again when it fails: read what was retried", checks[0]))
		}
	}
}

// manual says whether somebody starts the job by hand: then allow_failure is
// what lets the pipeline go on without.
func manual(job *yaml.Node) bool {
	if text(get(job, "when")) == "manual" {
		return true
	}
	for _, r := range items(get(job, "rules")) {
		if text(get(r, "when")) == "manual" {
			return true
		}
	}
	return false
}

// commands reads a list of commands, one after the other in one shell, and
// returns the checks among them.
func (s *scanner) commands(src *source, list *yaml.Node, st state, name string) []string {
	return s.lines(fragment{src: src, state: st, where: inStep, shell: "GitLab's shell", name: name}, list, 0)
}

// lines reads the entries of a list as f.
func (s *scanner) lines(f fragment, list *yaml.Node, depth int) []string {
	if list == nil || depth > 5 || powerShell.MatchString(list.Value) {
		return nil
	}
	if list.Kind == yaml.ScalarNode {
		if list.Tag == "!reference" {
			return nil
		}
		out := &outcome{}
		f.text, f.start, f.allow, f.out = list.Value, f.src.body(list), []int{list.Line}, out
		f.analyse()
		s.note(out)
		return out.checks
	}
	if list.Kind != yaml.SequenceNode || list.Tag == "!reference" {
		return nil
	}
	var checks []string
	f.switchedOff(list.Content)
	for _, item := range list.Content {
		if item.Kind == yaml.AliasNode || powerShell.MatchString(item.Value) {
			continue // read where it stands, or no shell
		}
		out := &outcome{}
		one := f
		if item.Kind == yaml.ScalarNode {
			one.text, one.start, one.allow, one.out = item.Value, f.src.body(item), []int{item.Line}, out
			one.analyse()
			s.note(out)
			f.state = out.state
			checks = append(checks, out.checks...)
			continue
		}
		checks = append(checks, s.lines(f, item, depth+1)...)
	}
	return checks
}

// switchedOff judges an entry `set +e` after which a check fails unnoticed.
func (f fragment) switchedOff(list []*yaml.Node) {
	if !f.state.errexit {
		return
	}
	for i, item := range list {
		if item.Kind != yaml.ScalarNode || strings.TrimSpace(item.Value) != "set +e" {
			continue
		}
		first := ""
		for j, later := range list[i+1:] {
			if strings.Contains(later.Value, "$?") || strings.TrimSpace(later.Value) == "set -e" {
				break
			}
			if all := checksIn(later.Value); len(all) > 0 && first == "" && j < len(list)-i-2 && !strings.Contains(later.Value, "||") {
				first = all[0]
			}
		}
		rest := ""
		for _, later := range list[i+1:] {
			rest += later.Value + "\n"
			if len(rest) > 64<<10 {
				break
			}
		}
		if first != "" && !strings.Contains(rest, "$?") {
			f.src.report(rule.SwallowedStatus, rule.Warn, f.src.body(item), fmt.Sprintf("after `set +e` a failure of `%s` is passed over", first), item.Line)
		}
		return
	}
}

// includes reads files that a pipeline includes from its own tree.
func (s *scanner) includes(n *yaml.Node) {
	var paths []string
	add := func(n *yaml.Node) {
		if v := text(n); v != "" && !strings.Contains(v, "://") {
			paths = append(paths, v)
		}
		paths = append(paths, text(get(n, "local")))
	}
	add(n)
	for _, item := range items(n) {
		add(deref(item))
	}
	for _, p := range paths {
		p = strings.TrimPrefix(p, "/")
		if p == "" || strings.ContainsAny(p, "*$") || s.seen[p] || len(s.seen) > 2000 {
			continue
		}
		s.file(found{p, gitlab})
	}
}

// note remembers which scripts pipelines run.
func (s *scanner) note(out *outcome) {
	for _, p := range out.paths {
		if len(s.called) < 10_000 && !s.called[p] {
			s.called[p] = true
			s.bases[path.Base(p)] = append(s.bases[path.Base(p)], p)
		}
	}
}
