package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// nodeAt is what a visit gets: a place in the source.
type nodeAt = ast.Node

// The bounds of files and functions.
const (
	maxFile       = 500 // lines
	maxFunc       = 80  // lines
	maxParams     = 5
	maxMethods    = 5 // of an interface, embedded ones aside
	maxMain       = 20
	maxReadme     = 150
	minComment    = 3 // lines of a package comment
	maxComment    = 15
	maxShareOfAll = 15 // percent of the code in one room
)

// sizes: files, functions, parameters, interfaces, main.
func sizes(h *house, _ map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		for _, f := range p.files {
			if f.generated {
				continue
			}
			if f.lines > maxFile {
				out = append(out, breach{"size", f.path, fmt.Sprintf("%d lines, at most %d", f.lines, maxFile)})
			}
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					out = append(out, h.sizeOfFunc(f, n)...)
				case *ast.TypeSpec:
					if i, ok := n.Type.(*ast.InterfaceType); ok && !f.test {
						if m := methods(i); m > maxMethods {
							out = append(out, breach{"size", f.path + " " + n.Name.Name, fmt.Sprintf("an interface of %d methods, at most %d", m, maxMethods)})
						}
					}
				}
				return true
			})
		}
	}
	return out
}

func (h *house) sizeOfFunc(f *file, n *ast.FuncDecl) []breach {
	var out []breach
	subject := f.path + " " + n.Name.Name
	lines := h.fset.Position(n.End()).Line - h.fset.Position(n.Pos()).Line + 1
	limit := maxFunc
	if f.syntax.Name.Name == "main" && n.Name.Name == "main" {
		limit = maxMain
	}
	if lines > limit {
		out = append(out, breach{"size", subject, fmt.Sprintf("%d lines, at most %d", lines, limit)})
	}
	if params := parameters(n.Type); params > maxParams && !f.test {
		out = append(out, breach{"size", subject, fmt.Sprintf("%d parameters, at most %d, then an options struct", params, maxParams)})
	}
	return out
}

// parameters counts what a caller has to decide: the context is always first
// and decides nothing.
func parameters(t *ast.FuncType) int {
	n := t.Params.NumFields()
	if n > 0 {
		if sel, ok := t.Params.List[0].Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
			n--
		}
	}
	return n
}

// methods counts what an interface itself asks for. An embedded interface is a
// composition of others, each of which is counted where it is declared.
func methods(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		n += len(m.Names)
	}
	return n
}

// share: no room holds more of the code than its share. Tests and generated
// files do not count.
func share(h *house, _ map[string]room) []breach {
	lines, all := map[string]int{}, 0
	for _, p := range h.packs {
		for _, f := range p.source() {
			if !f.generated {
				lines[p.path] += f.lines
				all += f.lines
			}
		}
	}
	var out []breach
	for _, p := range h.packs {
		if len(h.packs) >= 100/maxShareOfAll && 100*lines[p.path] > maxShareOfAll*all {
			out = append(out, breach{"share", p.path, fmt.Sprintf("%d of %d lines, at most %d %%", lines[p.path], all, maxShareOfAll)})
		}
	}
	return out
}

// state: nothing at package level can be changed, and nothing runs by being
// imported. See constant for what a package-level var may be.
func state(h *house, _ map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		written := writtenIn(p)
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil && d.Name.Name == "init" {
						out = append(out, breach{"state", f.path + " init", h.at(d) + ": no init: New makes, Run runs"})
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR && !f.generated && !f.test {
						out = append(out, h.variables(f, d, written)...)
					}
				}
			}
		}
	}
	return out
}

func (h *house) variables(f *file, d *ast.GenDecl, written map[string]bool) []breach {
	var out []breach
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok || embeds(d.Doc) || embeds(v.Doc) {
			continue
		}
		for i, name := range v.Names {
			var value ast.Expr
			if i < len(v.Values) {
				value = v.Values[i]
			}
			if !constant(f, name.Name, value, written) {
				out = append(out, breach{"state", f.path + " " + name.Name, h.at(name) + ": package-level state; pass it, or return it from a function"})
			}
		}
	}
	return out
}

// constant is the rule for package-level vars. Allowed are: an assertion (_),
// the version that the linker writes into main, and, when nothing in the
// package assigns to it, takes its address or deletes from it: an error
// sentinel, a compiled pattern, a reflect.Type, and an unexported table.
func constant(f *file, name string, value ast.Expr, written map[string]bool) bool {
	if name == "_" || f.syntax.Name.Name == "main" && name == "version" {
		return true
	}
	if value == nil || written[name] {
		return false
	}
	switch v := value.(type) {
	case *ast.CompositeLit:
		return !ast.IsExported(name)
	case *ast.CallExpr:
		fun := v.Fun
		if index, ok := fun.(*ast.IndexExpr); ok {
			fun = index.X
		}
		sel, ok := fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		id, ok := sel.X.(*ast.Ident)
		return ok && slices.Contains([]string{
			"errors.New", "fmt.Errorf", "regexp.MustCompile", "reflect.TypeFor", "reflect.TypeOf",
		}, id.Name+"."+sel.Sel.Name)
	}
	return false
}

func embeds(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// writtenIn returns every name that some statement of the package changes. A
// local variable of the same name counts too: choose another name.
func writtenIn(p *pack) map[string]bool {
	out := map[string]bool{}
	mark := func(e ast.Expr) {
		if name := root(e); name != "" {
			out[name] = true
		}
	}
	for _, f := range p.files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						mark(e)
					}
				}
			case *ast.IncDecStmt:
				mark(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					mark(n.X)
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && slices.Contains([]string{"delete", "clear", "copy"}, id.Name) {
					mark(n.Args[0])
				}
			}
			return true
		})
	}
	return out
}

// root is the variable at the left end of a.b[c].d.
func root(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return ""
		}
	}
}

// words: names say what a product person would say, each package says what it
// is, and the README stays short enough to be read.
func words(h *house, _ map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		if slices.Contains([]string{"util", "utils", "common", "types", "models", "model", "helpers", "manager", "pkg", "misc", "base"}, path.Base(p.path)) {
			out = append(out, breach{"words", p.path, "a name that says nothing"})
		}
		var comments []string
		for _, f := range p.source() {
			if f.syntax.Doc != nil && !f.generated {
				comments = append(comments, f.syntax.Doc.Text())
			}
		}
		if len(comments) != 1 {
			out = append(out, breach{"words", p.path, fmt.Sprintf("%d package comments, want one", len(comments))})
			continue
		}
		if n := strings.Count(comments[0], "\n"); n < minComment || n > maxComment {
			out = append(out, breach{"words", p.path, fmt.Sprintf("a package comment of %d lines, want %d to %d", n, minComment, maxComment)})
		}
	}
	text, err := fs.ReadFile(h.fsys, "README.md")
	if n := strings.Count(string(text), "\n"); err != nil || n == 0 || n > maxReadme {
		out = append(out, breach{"words", "README.md", fmt.Sprintf("%d lines (%v), want 1 to %d", n, err, maxReadme)})
	}
	return out
}
