package scan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/postflight/postflight/internal/rule"
)

// pipe judges `a | b`: without pipefail the status of a is lost.
func (w *walker) pipe(cmd *syntax.BinaryCmd, c *around) {
	stages := pipeline(cmd)
	last := stages[len(stages)-1]
	inner := *c
	inner.piped = true
	w.lost(stages, cmd, c)
	for _, stage := range stages[:len(stages)-1] {
		one := inner
		one.examined = true
		w.stmt(stage, &one)
	}
	w.stmt(last, &inner)
}

// pipeline takes a pipe apart.
func pipeline(cmd *syntax.BinaryCmd) []*syntax.Stmt {
	var out []*syntax.Stmt
	at := cmd
	for {
		out = append(out, at.Y)
		left, ok := at.X.Cmd.(*syntax.BinaryCmd)
		if !ok || left.Op != syntax.Pipe && left.Op != syntax.PipeAll {
			out = append(out, at.X)
			slices.Reverse(out)
			return out
		}
		at = left
	}
}

// lost reports the stage of a pipe whose status nobody gets.
func (w *walker) lost(stages []*syntax.Stmt, cmd *syntax.BinaryCmd, c *around) {
	if c.pipefail || c.unknown || c.examined && !c.captured {
		return
	}
	end := int(cmd.End().Offset())
	if end < len(w.text) && (strings.Contains(w.text[end:], "PIPESTATUS") || strings.Contains(w.text[end:], "pipestatus")) {
		return
	}
	last := stages[len(stages)-1]
	_, whiles := last.Cmd.(*syntax.WhileClause)
	sink := ""
	if call, ok := last.Cmd.(*syntax.CallExpr); ok {
		args := unwrap(argv(call))
		if len(args) > 0 {
			sink = path.Base(args[0])
		}
		if keepsStatus(sink, args) {
			return
		}
	}
	for _, stage := range stages[:len(stages)-1] {
		call, worth := w.worth(stage, sink == "tee", whiles, c.captured)
		if !worth {
			continue
		}
		if sink == "tee" && w.grepped(last, end) {
			return
		}
		id, off, what := rule.PipeStatus, offset(call), w.show(call)
		message := fmt.Sprintf("the status of `%s` is lost in the pipe to `%s`: %s has no pipefail", what, w.show(firstLine(last)), w.shell)
		if whiles {
			id = rule.PipeWhile
			message = fmt.Sprintf("the loop does not see that `%s` failed: %s has no pipefail", what, w.shell)
		} else if w.where == inMake {
			id = rule.MakeIgnores
			message = fmt.Sprintf("the status of `%s` is lost in the recipe's pipe to `%s`: make runs a line with %s, which has no pipefail", what, w.show(firstLine(last)), w.shell)
		}
		w.finding(id, off, message)
		return
	}
}

// firstLine of a loop or block is enough to name it.
func firstLine(s *syntax.Stmt) syntax.Node {
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		return cmd
	case *syntax.Block:
		if len(cmd.Stmts) > 0 {
			return cmd.Stmts[0]
		}
	}
	return s
}

// worth finds in a stage the command whose status matters.
func (w *walker) worth(stage *syntax.Stmt, tee, whiles, captured bool) (*syntax.CallExpr, bool) {
	for _, call := range calls(stage) {
		args := argv(call)
		if tee && len(args) > 2 && args[0] == "git" && args[1] == "diff" && slices.Contains(args, "--exit-code") {
			return call, true
		}
		switch classOf(args) {
		case checking:
			if captured && strings.Contains(args[0], "/") {
				continue // its output is what is wanted
			}
			return call, true
		case fallible:
			plain := unwrap(args)
			if whiles && in(lists, path.Base(plain[0])) && plain[0] != "curl" || tee && !in(lists, path.Base(plain[0])) || tee && program(plain) {
				return call, true
			}
		case unknown:
			if plain := unwrap(args); tee && len(plain) > 0 && w.where != inScript && w.functions[plain[0]] == nil && !strings.Contains(plain[0], "$_") && named(plain[0]) {
				return call, true
			}
		}
	}
	return nil, false
}

// named says whether a word is the name of a program rather than a placeholder
// or a function of whoever includes the text.
func named(word string) bool {
	return word != "" && !strings.Contains(word, "XXX") && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-_.+") == ""
}

// program says whether an interpreter is given a program, not a question.
func program(args []string) bool {
	switch path.Base(args[0]) {
	case "python", "python3", "node", "ruby", "perl", "php", "bash", "sh", "deno", "bun":
		for _, a := range args[1:] {
			if a == "-c" || a == "-e" || a == "-p" || a == "-" {
				return false
			}
			if !strings.HasPrefix(a, "-") {
				return true
			}
		}
		return len(args) > 2 && args[1] == "-m"
	case "go", "cargo", "dotnet":
		return len(args) > 1 && args[1] == "run"
	case "npm", "yarn", "pnpm":
		return len(args) > 1 && (args[1] == "run" || args[1] == "run-script")
	}
	return false
}

// keepsStatus are readers that end as what they read tells.
func keepsStatus(sink string, args []string) bool {
	switch {
	case strings.HasPrefix(sink, "tap-"), sink == "faucet", sink == "tspec", sink == "reviewdog", sink == "go-junit-report" && strings.Contains(strings.Join(args, " "), "-set-exit-code"),
		sink == "grep" && slices.Contains(args, "-q") && !slices.Contains(args, "-v"), sink == "snyk-to-html", sink == "tap", sink == "xargs" && len(args) > 0 && classOf(args) == checking:
		return true
	}
	return false
}

// grepped says whether what tee writes is looked through afterwards.
func (w *walker) grepped(tee *syntax.Stmt, end int) bool {
	call, ok := tee.Cmd.(*syntax.CallExpr)
	if !ok || end >= len(w.text) {
		return false
	}
	for _, a := range argv(call)[1:] {
		if strings.HasPrefix(a, "-") || len(a) < 3 {
			continue
		}
		for line := range strings.SplitSeq(w.text[end:], "\n") {
			if strings.Contains(line, "grep") && strings.Contains(line, strings.Trim(a, "$_/")) {
				return true
			}
		}
	}
	return false
}

// redirects judges what a statement reads from `<(cmd)`.
func (w *walker) redirects(s *syntax.Stmt, c *around) {
	for _, r := range s.Redirs {
		w.words(c, r.Word)
		if r.Hdoc != nil {
			w.heredoc(s, r, c)
		}
		if r.Word == nil {
			continue
		}
		for _, part := range r.Word.Parts {
			p, ok := part.(*syntax.ProcSubst)
			if !ok || p.Op != syntax.CmdIn || r.Op != syntax.RdrIn {
				continue
			}
			for _, one := range p.Stmts {
				if call := w.listing(one); call != nil {
					w.finding(rule.ProcessSubst, offset(call), fmt.Sprintf("the status of `%s` within `<( )` is never seen: a failure reads as no input", w.show(call)))
					break
				}
			}
		}
	}
}

// listing finds the command that makes a list, when its failure would read as
// an empty list.
func (w *walker) listing(s *syntax.Stmt) *syntax.CallExpr {
	all := calls(s)
	if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && b.Op == syntax.OrStmt {
		return nil // says what happens on failure
	}
	for _, call := range all {
		args := argv(call)
		plain := unwrap(args)
		if len(plain) == 0 || quiet(args) {
			continue
		}
		switch classOf(args) {
		case checking:
			return call
		case fallible:
			return call
		}
		switch name := path.Base(plain[0]); name {
		case "git":
			if gitCompares(plain) {
				return call
			}
		case "curl", "wget":
			return call
		}
	}
	return nil
}

// gitCompares says whether git needs a revision that may not be there.
func gitCompares(args []string) bool {
	if len(args) < 3 {
		return false
	}
	switch args[1] {
	case "describe", "merge-base", "rev-list":
		return true
	case "diff", "diff-tree", "log":
		for _, a := range args[2:] {
			if strings.Contains(a, "..") || strings.Contains(a, "origin/") || strings.Contains(a, "$_") || strings.Contains(a, "HEAD~") || strings.Contains(a, "HEAD^") || strings.Contains(a, "XXXX") {
				return true
			}
		}
	}
	return false
}
