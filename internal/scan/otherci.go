package scan

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/postflight/postflight/internal/rule"
)

// everywhere calls f for every mapping of a document, not through aliases.
func everywhere(n *yaml.Node, depth int, f func(*yaml.Node)) {
	if n == nil || depth > 100 || n.Kind == yaml.AliasNode {
		return
	}
	if n.Kind == yaml.MappingNode {
		f(n)
	}
	for _, c := range n.Content {
		everywhere(c, depth+1, f)
	}
}

// circle reads a CircleCI configuration, whose default is `bash -eo pipefail`.
func (s *scanner) circle(src *source) {
	for _, root := range documents(src) {
		everywhere(root, 0, func(n *yaml.Node) {
			run := get(n, "run")
			if run == nil || keyOf(n, "run") == nil {
				return
			}
			st, name := state{errexit: true, pipefail: true}, "`bash -eo pipefail`"
			command := run
			if run.Kind == yaml.MappingNode {
				command = get(run, "command")
				if shell := strings.Fields(text(get(run, "shell"))); len(shell) > 0 && !strings.Contains(shell[0], "<<") {
					if !strings.HasSuffix(shell[0], "sh") || strings.Contains(shell[0], "pwsh") || strings.Contains(shell[0], "powershell") {
						return
					}
					st, name = flagged(shell[1:]), "`"+strings.Join(shell, " ")+"`"
				}
			}
			if command == nil || command.Kind != yaml.ScalarNode {
				return
			}
			lines := []int{command.Line, keyOf(n, "run").Line}
			out := &outcome{}
			fragment{src: src, text: parameters(command.Value), raw: command.Value, start: src.body(command), state: st, where: inStep, shell: name, allow: lines, out: out}.analyse()
			s.note(out)
		})
	}
}

var parameter = regexp.MustCompile(`<<[^\n<>]{0,200}>>`)

// parameters replaces CircleCI's << parameters.x >>, which is no here-document.
func parameters(text string) string {
	return parameter.ReplaceAllStringFunc(text, func(v string) string { return strings.Repeat("X", len(v)) })
}

// azure reads an Azure pipeline, whose scripts run without -e.
func (s *scanner) azure(src *source) {
	for _, root := range documents(src) {
		s.azureNode(src, root, false, 0)
	}
}

// azureNode reads the steps of a node; on Windows `script` is no shell.
func (s *scanner) azureNode(src *source, n *yaml.Node, windows bool, depth int) {
	if n == nil || depth > 100 || n.Kind == yaml.AliasNode {
		return
	}
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			s.azureNode(src, c, windows, depth+1)
		}
		return
	}
	if image := text(get(n, "pool", "vmImage")) + text(get(n, "vmImage")); image != "" {
		windows = strings.Contains(strings.ToLower(image), "windows")
	}
	if task := text(get(n, "task")); task != "" && !strings.HasPrefix(strings.ToLower(task), "bash@") {
		return
	}
	for _, key := range []string{"script", "bash"} {
		v, k := get(n, key), keyOf(n, key)
		if v != nil && k != nil && v.Kind == yaml.ScalarNode && (!windows || key == "bash") && !powerShell.MatchString(v.Value) {
			s.azureStep(src, n, k, v)
		}
	}
	for _, c := range n.Content {
		s.azureNode(src, c, windows, depth+1)
	}
}

func (s *scanner) azureStep(src *source, n, k, v *yaml.Node) {
	out := &outcome{}
	fragment{src: src, text: azureText(v.Value), raw: v.Value, start: src.body(v), where: inStep, shell: "Azure's `bash`", allow: []int{k.Line}, out: out}.analyse()
	s.note(out)
	if c := keyOf(n, "continueOnError"); c != nil && strings.EqualFold(text(get(n, "continueOnError")), "true") && len(out.checks) > 0 {
		src.report(rule.ContinueOnError, rule.Warn, src.node(c), fmt.Sprintf("the step is green although `%s` fails", out.checks[0]))
	}
}

// azureText replaces $(Build.Name), which is a variable and no command.
func azureText(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] != '$' || b[i+1] != '(' {
			continue
		}
		end := i + 2
		for end < len(b) && (b[end] == '.' || b[end] == '_' || b[end] == '-' || b[end] >= '0' && b[end] <= '9' || b[end]|0x20 >= 'a' && b[end]|0x20 <= 'z') {
			end++
		}
		if end < len(b) && b[end] == ')' && end > i+2 {
			for j := i; j <= end; j++ {
				b[j] = 'X'
			}
		}
	}
	return string(b)
}

// bitbucket reads a bitbucket-pipelines.yml: `bash -e`, no pipefail.
func (s *scanner) bitbucket(src *source) {
	for _, root := range documents(src) {
		everywhere(root, 0, func(n *yaml.Node) {
			if list := get(n, "script"); list != nil && keyOf(n, "script") != nil {
				s.lines(fragment{src: src, state: state{errexit: true}, where: inStep, shell: "Bitbucket's shell"}, list, 0)
			}
		})
	}
}

// drone reads a Drone or Woodpecker pipeline: `sh -e`.
func (s *scanner) drone(src *source) {
	for _, root := range documents(src) {
		everywhere(root, 0, func(n *yaml.Node) {
			list := get(n, "commands")
			if list == nil || keyOf(n, "commands") == nil {
				return
			}
			checks := s.lines(fragment{src: src, posix: true, state: state{errexit: true}, where: inStep, shell: "`sh -e`"}, list, 0)
			if k := keyOf(n, "failure"); k != nil && text(get(n, "failure")) == "ignore" && len(checks) > 0 {
				src.report(rule.ContinueOnError, rule.Warn, src.node(k), fmt.Sprintf("the step is green although `%s` fails", checks[0]))
			}
		})
	}
}

// taskfile reads a Taskfile: each command in a shell of its own, without -e.
func (s *scanner) taskfile(src *source) {
	for _, root := range documents(src) {
		for _, task := range pairs(get(root, "tasks")) {
			for _, item := range append([]*yaml.Node{get(task.value, "cmd")}, items(get(task.value, "cmds"))...) {
				command := deref(item)
				ignores := keyOf(command, "ignore_error")
				on := text(get(command, "ignore_error")) == "true"
				if command != nil && command.Kind == yaml.MappingNode {
					command = get(command, "cmd")
				}
				if command == nil || command.Kind != yaml.ScalarNode {
					continue
				}
				out := &outcome{}
				fragment{src: src, text: template(command.Value), raw: command.Value, start: src.body(command), where: inMake, shell: "task's shell", name: task.key.Value, out: out}.analyse()
				if ignores != nil && on && len(out.checks) > 0 {
					src.report(rule.ContinueOnError, rule.Warn, src.node(ignores), fmt.Sprintf("the task is green although `%s` fails", out.checks[0]))
				}
			}
		}
	}
}

var braces = regexp.MustCompile(`\{\{[^\n]*?\}\}`)

// template replaces {{ }} by letters.
func template(text string) string {
	return braces.ReplaceAllStringFunc(text, func(v string) string { return strings.Repeat("X", len(v)) })
}
