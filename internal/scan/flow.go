package scan

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// walker goes through a fragment in the order in which the shell would.
type walker struct {
	fragment
	text      string
	functions map[string]*syntax.FuncDecl
	depth     int
}

// around is what the shell does with the status of a statement.
type around struct {
	state
	examined bool // it is a condition, or the status is looked at
	captured bool // within $( ): the output is what counts
	piped    bool // a part of a pipe
	inLoop   bool
	turned   bool // within a loop whose turns were judged
	function bool
}

// maxDepth bounds the walk.
const maxDepth = 400

func (w *walker) run(file *syntax.File) {
	c := &around{state: w.state}
	syntax.Walk(file, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok && f.Name != nil && w.functions[f.Name.Value] == nil {
			w.functions[f.Name.Value] = f
		}
		return true
	})
	w.list(file.Stmts, c)
	w.out.state = c.state
	if w.where == inScript || w.where == inStep {
		for _, f := range w.functions {
			inner := &around{state: c.state, function: true}
			inner.errexit = inner.errexit || w.fragment.state.errexit
			w.stmt(f.Body, inner)
		}
	}
}

// list walks statements one after the other.
func (w *walker) list(stmts []*syntax.Stmt, c *around) {
	if w.depth++; w.depth > maxDepth {
		w.depth--
		return
	}
	defer func() { w.depth-- }()
	w.sequence(stmts, c)
	w.waits(stmts, c)
	for i, s := range stmts {
		w.errexitOff(stmts[i:], c)
		w.stmt(s, c)
	}
}

// stmt walks one statement.
func (w *walker) stmt(s *syntax.Stmt, c *around) {
	if s == nil {
		return
	}
	if w.depth++; w.depth > maxDepth {
		w.depth--
		return
	}
	defer func() { w.depth-- }()
	inner := c
	if s.Negated {
		w.disabled(s, c)
	}
	if s.Negated || s.Background {
		copied := *c
		copied.examined = true
		inner = &copied
	}
	w.redirects(s, inner)
	switch cmd := s.Cmd.(type) {
	case *syntax.CallExpr:
		w.call(s, cmd, inner)
	case *syntax.BinaryCmd:
		w.binary(cmd, inner)
	case *syntax.Subshell:
		copied := *inner
		w.list(cmd.Stmts, &copied)
	case *syntax.Block:
		w.list(cmd.Stmts, inner)
	case *syntax.IfClause:
		w.branch(cmd, inner)
	case *syntax.WhileClause:
		w.list(cmd.Cond, examined(inner))
		w.loop(cmd.Do, inner)
	case *syntax.ForClause:
		w.forClause(cmd, inner)
	case *syntax.CaseClause:
		for _, item := range cmd.Items {
			w.alternative(item.Stmts, inner)
		}
	case *syntax.TimeClause:
		w.stmt(cmd.Stmt, inner)
	case *syntax.DeclClause:
		w.declare(cmd, inner)
	}
}

func examined(c *around) *around {
	copied := *c
	copied.examined = true
	return &copied
}

// alternative walks one of several ways: what it switches on counts afterwards,
// what it switches off does not, so that a doubt never makes a finding.
func (w *walker) alternative(stmts []*syntax.Stmt, c *around) {
	copied := *c
	w.list(stmts, &copied)
	c.errexit = c.errexit || copied.errexit
	c.pipefail = c.pipefail || copied.pipefail
	c.unknown = c.unknown || copied.unknown
}

func (w *walker) branch(cmd *syntax.IfClause, c *around) {
	for at := cmd; at != nil; at = at.Else {
		for _, s := range at.Cond {
			w.disabled(s, c)
		}
		if at == cmd {
			w.asked(cmd, c)
		}
		w.list(at.Cond, examined(c))
		w.alternative(at.Then, c)
	}
}

func (w *walker) loop(stmts []*syntax.Stmt, c *around) {
	was := c.inLoop
	c.inLoop = true
	w.alternative(stmts, c)
	c.inLoop = was
}

// binary walks `a && b`, `a || b` and pipes.
func (w *walker) binary(cmd *syntax.BinaryCmd, c *around) {
	switch cmd.Op {
	case syntax.AndStmt:
		w.conditional(cmd.X, c)
		w.stmt(cmd.Y, c)
	case syntax.OrStmt:
		w.swallowed(cmd, c)
		w.conditional(cmd.X, c)
		w.stmt(cmd.Y, c)
	default:
		w.pipe(cmd, c)
	}
}

// conditional walks what stands left of && or ||: the shell looks at its status,
// and a function called there runs without -e.
func (w *walker) conditional(s *syntax.Stmt, c *around) {
	inner := *c
	inner.examined = true
	w.disabled(s, c)
	w.stmt(s, &inner)
	c.state = inner.state
}

// words walks what is substituted within words.
func (w *walker) words(c *around, words ...*syntax.Word) {
	for _, word := range words {
		if word == nil {
			continue
		}
		syntax.Walk(word, func(n syntax.Node) bool {
			if sub, ok := n.(*syntax.CmdSubst); ok {
				w.list(sub.Stmts, &around{state: c.state, captured: true, examined: c.examined})
				return false
			}
			return true
		})
	}
}

// set follows `set`, `source` and `.`.
func (w *walker) set(args []string, c *around) {
	if len(args) == 0 {
		return
	}
	switch args[0] {
	case "source", ".":
		c.unknown = true
	case "set", "shopt":
		for i := 1; i < len(args); i++ {
			a := args[i]
			if len(a) < 2 || a[0] != '-' && a[0] != '+' || a == "--" {
				break
			}
			on := a[0] == '-'
			if args[0] == "set" && strings.Contains(a[1:], "e") {
				c.errexit = on
			}
			if strings.Contains(a[1:], "o") && i+1 < len(args) {
				i++
				if args[0] == "shopt" {
					on = strings.Contains(a, "s")
				}
				switch args[i] {
				case "pipefail":
					c.pipefail = on
				case "errexit":
					c.errexit = on
				}
			}
		}
	}
}

// literal is the text of a word when nothing in it is substituted.
func literal(word *syntax.Word) (string, bool) {
	if word == nil {
		return "", false
	}
	var b strings.Builder
	whole := true
	var parts func([]syntax.WordPart)
	parts = func(list []syntax.WordPart) {
		for _, p := range list {
			switch p := p.(type) {
			case *syntax.Lit:
				b.WriteString(strings.ReplaceAll(p.Value, "\\", ""))
			case *syntax.SglQuoted:
				b.WriteString(p.Value)
			case *syntax.DblQuoted:
				parts(p.Parts)
			default:
				whole = false
				b.WriteString("$_")
			}
		}
	}
	parts(word.Parts)
	return b.String(), whole
}

// argv are the words of a call; what is substituted stands as "$_".
func argv(call *syntax.CallExpr) []string {
	out := make([]string, 0, len(call.Args))
	for _, a := range call.Args {
		text, _ := literal(a)
		out = append(out, text)
	}
	return out
}

// calls returns the simple commands of a statement that the statement's own
// status speaks of: not those in conditions, functions and substitutions.
func calls(s *syntax.Stmt) []*syntax.CallExpr {
	var out []*syntax.CallExpr
	var walk func(s *syntax.Stmt, depth int)
	walk = func(s *syntax.Stmt, depth int) {
		if s == nil || depth > maxDepth {
			return
		}
		list := func(stmts []*syntax.Stmt) {
			for _, one := range stmts {
				walk(one, depth+1)
			}
		}
		switch cmd := s.Cmd.(type) {
		case *syntax.CallExpr:
			out = append(out, cmd)
		case *syntax.BinaryCmd:
			walk(cmd.X, depth+1)
			walk(cmd.Y, depth+1)
		case *syntax.Subshell:
			list(cmd.Stmts)
		case *syntax.Block:
			list(cmd.Stmts)
		case *syntax.TimeClause:
			walk(cmd.Stmt, depth+1)
		case *syntax.IfClause:
			for at := cmd; at != nil; at = at.Else {
				list(at.Then)
			}
		case *syntax.WhileClause:
			list(cmd.Do)
		case *syntax.ForClause:
			list(cmd.Do)
		case *syntax.CaseClause:
			for _, item := range cmd.Items {
				list(item.Stmts)
			}
		}
	}
	walk(s, 0)
	return out
}

// show is a node's text, short.
func (w *walker) show(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	written := w.fragment.text
	if len(w.raw) == len(written) {
		written = w.raw
	}
	if from < 0 || to > len(written) || from >= to {
		return ""
	}
	text := clip(strings.ReplaceAll(written[from:to], "\\\n", " "))
	if r := []rune(text); len(r) > 80 {
		text = string(r[:79]) + "…"
	}
	return strings.TrimRight(text, "; ")
}

func offset(n syntax.Node) int { return int(n.Pos().Offset()) }
