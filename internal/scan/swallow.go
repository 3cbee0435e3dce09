package scan

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/postflight/postflight/internal/rule"
)

// swallowed judges `a || b`, where b always succeeds.
func (w *walker) swallowed(cmd *syntax.BinaryCmd, c *around) {
	if c.examined || c.captured {
		return
	}
	tail := w.succeeds(cmd.Y)
	if tail == "" {
		return
	}
	call := w.check(cmd.X)
	if call == nil || w.kept(cmd.X, int(cmd.End().Offset())) {
		return
	}
	w.finding(rule.SwallowedStatus, offset(call), fmt.Sprintf("a failure of `%s` is swallowed by `|| %s`", w.show(call), tail))
}

// asked judges `if ! check; then echo …; fi`: whatever the check says, the answer
// is words.
func (w *walker) asked(cmd *syntax.IfClause, c *around) {
	if c.examined || c.captured || len(cmd.Cond) != 1 || cmd.ThenPos.IsValid() && len(cmd.Then) == 0 {
		return
	}
	call, ok := cmd.Cond[0].Cmd.(*syntax.CallExpr)
	if !ok || classOf(argv(call)) != checking || w.kept(cmd.Cond[0], int(cmd.End().Offset())) {
		return
	}
	if name := unwrap(argv(call)); strings.Contains(name[0], "/") && w.where == inScript {
		return // a question to another script, perhaps
	}
	for at := cmd; at != nil; at = at.Else {
		if len(at.Cond) > 0 && at != cmd || !w.onlySays(at.Then) {
			return
		}
	}
	w.finding(rule.SwallowedStatus, offset(call), fmt.Sprintf("`if` asks how `%s` ended and only says so: a failure is green", w.show(call)))
}

func (w *walker) onlySays(stmts []*syntax.Stmt) bool {
	for _, s := range stmts {
		if !isEcho(s) || w.succeeds(s) == "" {
			return false
		}
	}
	return len(stmts) > 0
}

// check finds the first build, test or deployment in a statement.
func (w *walker) check(s *syntax.Stmt) *syntax.CallExpr {
	for _, call := range calls(s) {
		if classOf(argv(call)) == checking {
			return call
		}
	}
	return nil
}

// succeeds says what a statement is that always ends with 0 and keeps nothing of
// the failure; "" when it does something about it.
func (w *walker) succeeds(s *syntax.Stmt) string {
	if len(s.Redirs) > 0 {
		for _, r := range s.Redirs {
			if text, _ := literal(r.Word); text != "2" && text != "/dev/stderr" && text != "1" && text != "/dev/null" {
				return "" // written down somewhere
			}
		}
	}
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		args := argv(cmd)
		if len(args) == 0 || len(cmd.Assigns) > 0 {
			return ""
		}
		switch args[0] {
		case "true", ":", "/bin/true", "/usr/bin/true", "continue":
			return args[0]
		case "exit", "return":
			if len(args) == 2 && args[1] == "0" {
				return args[0] + " 0"
			}
		case "echo", "printf":
			if strings.Contains(w.show(cmd), "::error") && w.where != inStep {
				return ""
			}
			return w.show(cmd)
		}
	case *syntax.Block:
		return w.allSucceed(cmd.Stmts)
	case *syntax.Subshell:
		return w.allSucceed(cmd.Stmts)
	case *syntax.BinaryCmd:
		if cmd.Op == syntax.AndStmt && w.succeeds(cmd.X) != "" {
			return w.succeeds(cmd.Y)
		}
	}
	return ""
}

func (w *walker) allSucceed(stmts []*syntax.Stmt) string {
	said := ""
	for _, s := range stmts {
		if said = w.succeeds(s); said == "" {
			return ""
		}
	}
	return said
}

// kept says whether the output of a statement goes to a file that is spoken of
// again: somebody then looks at the result in another way.
func (w *walker) kept(s *syntax.Stmt, end int) bool {
	rest := w.text[min(end, len(w.text)):]
	if w.where == inStep {
		if at := w.at(max(0, end-1)); at < len(w.src.text) {
			rest = w.src.text[at:]
			rest = rest[:min(len(rest), 64<<10)]
		}
	}
	found := false
	syntax.Walk(s, func(n syntax.Node) bool {
		r, ok := n.(*syntax.Redirect)
		if !ok || r.Op != syntax.RdrOut && r.Op != syntax.AppOut && r.Op != syntax.RdrAll && r.Op != syntax.RdrClob {
			return true
		}
		if text, _ := literal(r.Word); len(text) > 2 && text != "/dev/null" {
			found = found || strings.Contains(rest, strings.Trim(text, "$_/"))
		}
		return true
	})
	if found {
		return true
	}
	for _, call := range calls(s) {
		args := argv(call)
		for i, a := range args {
			_, value, ok := strings.Cut(a, "=")
			if !ok || !strings.HasPrefix(a, "-") {
				if i == 0 || !outputFlag(args[i-1]) {
					continue
				}
				value = a
			} else if !outputFlag(a[:strings.IndexByte(a, '=')]) {
				continue
			}
			if len(value) > 2 && strings.Contains(rest, strings.Trim(value, "$_/")) {
				return true
			}
		}
	}
	return false
}

// outputFlag are flags that name a file for the result.
func outputFlag(flag string) bool {
	flag = strings.ToLower(flag)
	switch flag {
	case "-o", "--output", "--output-file", "--outputfile", "--out", "--junitxml", "--junit-xml", "--junitfile", "--jsonfile", "--report-file", "--report", "--log-file", "--result", "--results", "--outfile", "--sarif", "--json-report-file", "--out-file":
		return true
	}
	return false
}

// errexitOff judges `set +e` at the head of a list.
func (w *walker) errexitOff(stmts []*syntax.Stmt, c *around) {
	if !c.errexit || len(stmts) < 2 || c.examined {
		return
	}
	call, ok := stmts[0].Cmd.(*syntax.CallExpr)
	if !ok {
		return
	}
	args := argv(call)
	off := len(args) == 2 && args[0] == "set" && strings.HasPrefix(args[1], "+") && strings.Contains(args[1], "e") ||
		len(args) == 3 && args[0] == "set" && args[1] == "+o" && args[2] == "errexit"
	if !off {
		return
	}
	for i, s := range stmts[1:] {
		if one, ok := s.Cmd.(*syntax.CallExpr); ok {
			if args := argv(one); len(args) > 1 && args[0] == "set" && strings.HasPrefix(args[1], "-") {
				return
			}
		}
		check := w.check(s)
		if check == nil || looksAtStatus(s) {
			continue
		}
		rest := w.text[min(len(w.text), int(s.End().Offset())):]
		if strings.Contains(rest, "$?") || strings.Contains(rest, "PIPESTATUS") || i == len(stmts)-2 {
			return
		}
		if w.kept(s, int(s.End().Offset())) {
			return
		}
		w.finding(rule.SwallowedStatus, offset(call), fmt.Sprintf("after `set +e` a failure of `%s` is passed over", w.show(check)))
		return
	}
}

// looksAtStatus says whether a statement does something about its own failure.
func looksAtStatus(s *syntax.Stmt) bool {
	switch cmd := s.Cmd.(type) {
	case *syntax.BinaryCmd:
		return cmd.Op == syntax.OrStmt
	case *syntax.IfClause, *syntax.WhileClause:
		return true
	}
	return false
}

// disabled judges a function called where the shell looks at its status: -e is
// off in all of it.
func (w *walker) disabled(s *syntax.Stmt, c *around) {
	if !c.errexit || c.unknown || s == nil {
		return
	}
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	name, _ := literal(call.Args[0])
	f := w.functions[name]
	if f == nil {
		return
	}
	block, ok := f.Body.Cmd.(*syntax.Block)
	if !ok || len(block.Stmts) < 2 {
		return
	}
	for _, one := range block.Stmts[:len(block.Stmts)-1] {
		if _, plain := one.Cmd.(*syntax.CallExpr); !plain || one.Negated {
			if b, and := one.Cmd.(*syntax.BinaryCmd); !and || b.Op == syntax.OrStmt {
				continue
			}
		}
		check := w.check(one)
		if check == nil || strings.Contains(w.text[one.End().Offset():block.End().Offset()], "$?") {
			continue
		}
		w.finding(rule.ErrexitDisabled, offset(call), fmt.Sprintf("`%s` is called in a condition, where -e is off: a failure of `%s` within it is passed over", name, w.show(check)))
		return
	}
}

// waits judges a bare `wait` after commands in the background.
func (w *walker) waits(stmts []*syntax.Stmt, c *around) {
	if c.examined {
		return
	}
	var started *syntax.CallExpr
	var find func(s *syntax.Stmt)
	find = func(s *syntax.Stmt) {
		if s.Background {
			if call := w.worker(s); call != nil && started == nil {
				started = call
			}
			return
		}
		switch cmd := s.Cmd.(type) {
		case *syntax.ForClause:
			for _, one := range cmd.Do {
				find(one)
			}
		case *syntax.WhileClause:
			for _, one := range cmd.Do {
				find(one)
			}
		}
	}
	for _, s := range stmts {
		find(s)
		call, ok := s.Cmd.(*syntax.CallExpr)
		if !ok || started == nil {
			continue
		}
		if args := argv(call); len(args) == 1 && args[0] == "wait" {
			if w.remembered(started) {
				return
			}
			w.finding(rule.BareWait, offset(call), fmt.Sprintf("`wait` without a process id is 0 although `%s` failed", w.show(started)))
			started = nil
		}
	}
}

// remembered says whether the background jobs leave their status in another way.
func (w *walker) remembered(*syntax.CallExpr) bool {
	return strings.Contains(w.text, "wait -n") || strings.Contains(w.text, "jobs -p") || strings.Contains(w.text, "wait \"$") || strings.Contains(w.text, "wait $")
}

// worker finds in a background job what does work and ends, not a server.
func (w *walker) worker(s *syntax.Stmt) *syntax.CallExpr {
	if looksAtStatus(s) {
		return nil
	}
	for _, call := range calls(s) {
		args := argv(call)
		switch classOf(args) {
		case checking:
		case fallible:
			if notWorker(strings.Join(args, " ")) {
				continue
			}
		default:
			if len(args) == 0 || w.functions[args[0]] == nil || w.check(w.functions[args[0]].Body) == nil {
				continue
			}
		}
		return call
	}
	return nil
}

func notWorker(text string) bool {
	for _, word := range []string{"serve", "start", "watch", "dev", "proxy", "listen", "daemon", "http", "port-forward", "monitor", "preview", "emulator", "run"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
