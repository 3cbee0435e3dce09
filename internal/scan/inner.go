package scan

import (
	"fmt"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/postflight/postflight/internal/rule"
)

// texts judges shell that is handed to another shell: `sh -c 'a; b'`,
// `pnpm -r exec sh -c 'a; b'`, `ssh host 'a; b'`.
func (w *walker) texts(cmd *syntax.CallExpr, args []string, c *around) {
	if w.where == inInner || w.where == inNPM && servesOnly(w.name) {
		return
	}
	if path.Base(args[0]) == "ssh" || len(unwrap(args)) > 0 && unwrap(args)[0] == "ssh" {
		w.remote(cmd, args, c)
		return
	}
	for i, a := range args {
		name := path.Base(a)
		if name != "sh" && name != "bash" && name != "dash" && name != "ash" || i+2 >= len(args) {
			continue
		}
		errexit, at := false, i+1
		for at < len(args) && strings.HasPrefix(args[at], "-") {
			flag := args[at]
			errexit = errexit || !strings.HasPrefix(flag, "--") && strings.Contains(flag, "e")
			at++
			if strings.HasSuffix(flag, "c") && !strings.HasPrefix(flag, "--") {
				break
			}
			if strings.HasSuffix(flag, "o") && at < len(args) {
				errexit = errexit || args[at] == "errexit"
				at++
			}
		}
		if at >= len(args) || at == i+1 || !strings.HasSuffix(args[at-1], "c") || strings.HasPrefix(args[at-1], "--") {
			return
		}
		id := rule.SequenceStatus
		if i > 0 && i >= len(args)-len(unwrap(args))+1 {
			id = rule.RecursiveSequence
		}
		if before := strings.Join(args[:i], " "); strings.Contains(before, " exec") || strings.Contains(before, "xargs") || strings.Contains(before, "docker") {
			id = rule.RecursiveSequence
		}
		w.inner(cmd.Args[at], id, errexit, name+" -c")
		return
	}
}

// inner reports the first command in a text whose failure the text passes over.
func (w *walker) inner(word *syntax.Word, id rule.ID, errexit bool, shell string) {
	text, off, ok := verbatim(word)
	if !ok || errexit {
		return
	}
	if message, at := w.passesOver(text, shell); message != "" {
		_ = at
		w.finding(id, off, message)
	}
}

// passesOver looks through a text for a sequence that ignores a failure.
func (w *walker) passesOver(text, shell string) (string, int) {
	stmts, ok := parse(text)
	if !ok || len(stmts) < 2 {
		return "", 0
	}
	src := open("", text, "")
	f := fragment{src: src, text: text, where: inInner, shell: "`" + shell + "`", out: &outcome{}}
	probe := &walker{fragment: f, text: text, functions: map[string]*syntax.FuncDecl{}}
	probe.sequence(stmts, &around{})
	for _, found := range src.out {
		if found.Rule == rule.SequenceStatus || found.Rule == rule.SwallowedStatus || found.Rule == rule.UncheckedCd {
			return found.Message, 0
		}
	}
	return "", 0
}

// verbatim is the text of a quoted word, and where it begins.
func verbatim(word *syntax.Word) (string, int, bool) {
	if len(word.Parts) != 1 {
		return "", 0, false
	}
	switch p := word.Parts[0].(type) {
	case *syntax.SglQuoted:
		return p.Value, int(p.Pos().Offset()), true
	case *syntax.DblQuoted:
		text, _ := literal(word)
		return text, int(p.Pos().Offset()), true
	}
	return "", 0, false
}

// remote judges `ssh host 'a; b'`.
func (w *walker) remote(cmd *syntax.CallExpr, args []string, _ *around) {
	if len(args) < 3 {
		return
	}
	word := cmd.Args[len(cmd.Args)-1]
	text, off, ok := verbatim(word)
	if !ok || strings.Contains(text, "set -e") {
		return
	}
	if message, _ := w.passesOver(text, "the remote shell"); message != "" {
		w.finding(rule.RemoteStatus, off, message)
	}
}

// heredoc judges `ssh host <<EOF` without `set -e`.
func (w *walker) heredoc(s *syntax.Stmt, r *syntax.Redirect, c *around) {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	w.words(c, r.Hdoc)
	args := unwrap(argv(call))
	if len(args) == 0 || path.Base(args[0]) != "ssh" {
		return
	}
	text, _ := literal(r.Hdoc)
	if checks := checksIn(text); len(checks) > 0 && len(w.out.checks) < 1000 {
		w.out.checks = append(w.out.checks, checks...)
	}
	for _, a := range args {
		if strings.Contains(a, "-e") && (strings.Contains(strings.Join(args, " "), "bash -") || strings.Contains(strings.Join(args, " "), "sh -")) {
			return
		}
	}
	if strings.Contains(text, "set -e") || strings.Contains(text, "set -o errexit") {
		return
	}
	if message, _ := w.passesOver(text, "the remote shell"); message != "" {
		w.finding(rule.RemoteStatus, offset(call), fmt.Sprintf("within the text for `%s`: %s", w.show(call.Args[0]), message))
	}
}
