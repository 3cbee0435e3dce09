package scan

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/postflight/postflight/internal/rule"
)

// sequence judges `a; b` where -e is off: the failure of a is ignored.
func (w *walker) sequence(stmts []*syntax.Stmt, c *around) {
	if c.errexit || c.unknown || c.captured || len(stmts) < 2 {
		return
	}
	st := c.state
	for i, s := range stmts[:len(stmts)-1] {
		if call, ok := s.Cmd.(*syntax.CallExpr); ok {
			inner := around{state: st}
			w.set(argv(call), &inner)
			st = inner.state
		}
		if st.errexit || st.unknown {
			return
		}
		w.changed(s, stmts[i+1:])
		if w.where == inScript && (!w.runs || c.function) || c.examined || c.turned {
			continue
		}
		if s.Background {
			w.background(s, stmts[i+1:])
			continue
		}
		if w.ignored(s, stmts[i+1:]) {
			return
		}
	}
}

// ignored reports a statement whose failure the next ones pass over.
func (w *walker) ignored(s *syntax.Stmt, rest []*syntax.Stmt) bool {
	if looksAtStatus(s) || w.where == inNPM && servesOnly(w.name) {
		return false
	}
	if _, loop := s.Cmd.(*syntax.ForClause); loop {
		return false // judged as a loop
	}
	var call *syntax.CallExpr
	for _, one := range calls(s) {
		args := argv(one)
		k := classOf(args)
		if k == checking || w.where == inNPM && k >= unknown && names.MatchString(w.name) && !strings.HasPrefix(strings.Join(unwrap(args), " "), "$_") {
			call = one
			break
		}
		if w.where == inInner && (k == fallible || fetches(args)) {
			call = one
			break
		}
	}
	if call == nil || w.kept(s, int(s.End().Offset())) || strings.Contains(w.text[min(len(w.text), int(s.End().Offset())):], "$?") {
		return false
	}
	next := rest[0]
	if w.succeeds(rest[len(rest)-1]) != "" && len(rest) == 1 && !isEcho(rest[0]) {
		w.finding(rule.SwallowedStatus, offset(call), fmt.Sprintf("a failure of `%s` is swallowed by `; %s`", w.show(call), w.show(next)))
		return true
	}
	w.finding(rule.SequenceStatus, offset(call), fmt.Sprintf("a failure of `%s` is ignored: `%s` runs next, and %s has no -e", w.show(call), w.show(firstLine(next)), w.shell))
	return true
}

func isEcho(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok {
		return false
	}
	args := argv(call)
	return len(args) > 0 && (args[0] == "echo" || args[0] == "printf")
}

// fetches are commands of a deployment by hand.
func fetches(args []string) bool {
	args = unwrap(args)
	if len(args) < 2 {
		return false
	}
	switch args[0] {
	case "git":
		return args[1] == "pull" || args[1] == "fetch" || args[1] == "checkout"
	case "docker", "podman":
		return args[1] == "pull" || args[1] == "run" || args[1] == "compose" && len(args) > 2 && (args[2] == "pull" || args[2] == "up")
	case "docker-compose":
		return args[1] == "pull" || args[1] == "up"
	case "systemctl":
		return args[1] == "restart" || args[1] == "reload"
	}
	return false
}

// servesOnly are npm scripts for the desk, where two commands at once are meant.
func servesOnly(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"dev", "start", "watch", "serve", "storybook", "clean", "preview", "debug"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// background judges `a & b` in npm scripts and their like.
func (w *walker) background(s *syntax.Stmt, rest []*syntax.Stmt) {
	if w.where != inNPM || servesOnly(w.name) {
		return
	}
	call := w.check(s)
	if call == nil || notWorker(strings.Join(argv(call), " ")) && !strings.Contains(strings.Join(argv(call), " "), "run ") {
		return
	}
	if text := strings.Join(argv(call), " "); strings.Contains(text, "--watch") || strings.HasSuffix(text, " -w") || strings.Contains(text, "start") || strings.Contains(text, "serve") {
		return
	}
	for _, one := range rest {
		for _, c := range calls(one) {
			if args := argv(c); len(args) > 0 && args[0] == "wait" {
				return
			}
		}
	}
	w.finding(rule.BackgroundScript, offset(call), fmt.Sprintf("`%s &` runs in the background and its failure is never read; `&&` was meant?", w.show(call)))
}

// changed judges a `cd` whose failure nobody notices.
func (w *walker) changed(s *syntax.Stmt, rest []*syntax.Stmt) {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || s.Negated {
		return
	}
	args := argv(call)
	if len(args) != 2 || args[0] != "cd" && args[0] != "pushd" {
		return
	}
	switch dir := args[1]; {
	case dir == "-" || dir == "/" || dir == "~" || strings.Trim(dir, "./") == "" || dir == "/tmp":
		return
	case w.where == inScript && strings.Contains(dir, "$_"):
		return // its own folder, mostly
	}
	for _, one := range rest {
		if strings.Contains(w.show(one), "$?") {
			return
		}
		if check := w.check(one); check != nil {
			w.finding(rule.UncheckedCd, offset(call), fmt.Sprintf("when `%s` fails, `%s` runs in the wrong directory", w.show(call), w.show(check)))
			return
		}
	}
}

// forClause judges loops over `$(cmd)`, and loops that forget all turns but the
// last.
func (w *walker) forClause(cmd *syntax.ForClause, c *around) {
	if iter, ok := cmd.Loop.(*syntax.WordIter); ok && !c.examined {
		w.items(iter)
		w.words(c, iter.Items...)
	}
	if !c.errexit && !c.unknown && !c.examined && !c.captured && (w.where != inStep || !c.function) {
		w.turns(cmd.Do)
		was := c.turned
		c.turned = true
		defer func() { c.turned = was }()
	}
	w.loop(cmd.Do, c)
}

func (w *walker) items(iter *syntax.WordIter) {
	for _, item := range iter.Items {
		for _, part := range item.Parts {
			if q, ok := part.(*syntax.DblQuoted); ok && len(q.Parts) == 1 {
				part = q.Parts[0]
			}
			sub, ok := part.(*syntax.CmdSubst)
			if !ok || len(sub.Stmts) == 0 {
				continue
			}
			if call := w.listing(sub.Stmts[0]); call != nil {
				w.finding(rule.EmptyLoop, offset(call), fmt.Sprintf("when `%s` fails, the loop has no turns and is green", w.show(call)))
				return
			}
		}
	}
}

func (w *walker) turns(stmts []*syntax.Stmt) {
	for i, s := range stmts {
		if call, ok := s.Cmd.(*syntax.CallExpr); ok {
			if args := argv(call); len(args) > 1 && args[0] == "set" {
				return
			}
		}
		if looksAtStatus(s) || s.Background || s.Negated {
			continue
		}
		check := w.check(s)
		if check == nil || strings.Contains(w.text[min(len(w.text), int(s.End().Offset())):], "$?") || inspects(stmts[i:]) || w.kept(s, int(s.End().Offset())) {
			continue
		}
		w.finding(rule.EmptyLoop, offset(check), fmt.Sprintf("when `%s` fails in one turn, the loop goes on: only the last turn counts, and %s has no -e", w.show(check), w.shell))
		return
	}
}

// inspects says whether one of the statements ends the loop or the shell.
func inspects(stmts []*syntax.Stmt) bool {
	found := false
	for _, s := range stmts {
		if b, ok := s.Cmd.(*syntax.BinaryCmd); ok && b.Op == syntax.OrStmt {
			found = true
		}
		syntax.Walk(s, func(n syntax.Node) bool {
			if b, ok := n.(*syntax.BinaryCmd); ok && b.Op == syntax.OrStmt {
				found = true
			}
			return !found
		})
	}
	return found
}

// declare judges `local x=$(cmd)`.
func (w *walker) declare(cmd *syntax.DeclClause, c *around) {
	for _, a := range cmd.Args {
		if a.Value == nil {
			continue
		}
		w.words(c, a.Value)
		if !c.errexit || c.unknown || c.examined {
			continue
		}
		for _, sub := range substitutions(a.Value) {
			if len(sub.Stmts) == 0 {
				continue
			}
			if call := w.listing(sub.Stmts[len(sub.Stmts)-1]); call != nil && !quiet(argv(call)) {
				w.finding(rule.DeclareMasks, offset(cmd), fmt.Sprintf("`%s %s=$( )` is 0 although `%s` failed", cmd.Variant.Value, nameOf(a), w.show(call)))
				return
			}
		}
	}
}

func nameOf(a *syntax.Assign) string {
	if a.Name == nil {
		return "x"
	}
	return a.Name.Value
}

// quiet are questions that cannot well fail.
func quiet(args []string) bool {
	args = unwrap(args)
	return len(args) > 1 && (args[0] == "go" && (args[1] == "env" || args[1] == "tool") || args[1] == "--version" || args[1] == "-v" || args[0] == "docker" && (args[1] == "ps" || args[1] == "volume" || args[1] == "network" || args[1] == "images" || args[1] == "container" || args[1] == "image") || args[0] == "npm" && (args[1] == "bin" || args[1] == "root" || args[1] == "prefix" || args[1] == "config") || args[0] == "yarn" && (args[1] == "cache" || args[1] == "config" || args[1] == "bin"))
}

// substitutions are the commands substituted directly in a word.
func substitutions(word *syntax.Word) []*syntax.CmdSubst {
	var out []*syntax.CmdSubst
	for _, part := range word.Parts {
		switch p := part.(type) {
		case *syntax.CmdSubst:
			out = append(out, p)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				if sub, ok := inner.(*syntax.CmdSubst); ok {
					out = append(out, sub)
				}
			}
		}
	}
	return out
}
