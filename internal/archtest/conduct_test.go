package archtest

import "go/ast"

// starts: a goroutine is started by the app, by a door for its own workers, by
// test support, and by tests; never by a stage, the configuration or a command.
func starts(h *house, plan map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		own, ok := plan[p.path]
		if !ok || own.kind == door || own.kind == support || p.path == "internal/app" {
			continue
		}
		for _, f := range p.source() {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				if g, ok := n.(*ast.GoStmt); ok {
					out = append(out, breach{"go", p.path, h.at(g) + ": goroutines live in the app and in the doors"})
				}
				return true
			})
		}
	}
	return out
}

// sleeps: a test waits for the event, or plays in a bubble whose clock costs
// nothing; it never sleeps on the real clock.
func sleeps(h *house, _ map[string]room) []breach {
	var out []breach
	for _, p := range h.packs {
		for _, f := range p.files {
			if !f.test {
				continue
			}
			bubbles := bubbles(f)
			h.calls(f, "time", func(name string, n nodeAt) {
				if name != "Sleep" {
					return
				}
				for _, b := range bubbles {
					if b.Pos() <= n.Pos() && n.End() <= b.End() {
						return
					}
				}
				out = append(out, breach{"sleep", f.path, h.at(n) + ": time.Sleep; wait for the event, or use a synctest bubble"})
			})
		}
	}
	return out
}

// bubbles returns the calls of synctest.Test, with all that is written within.
func bubbles(f *file) []ast.Node {
	var out []ast.Node
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == "synctest" && sel.Sel.Name == "Test" {
				out = append(out, call)
			}
		}
		return true
	})
	return out
}

// asserts: every stage's Store is satisfied by the store, and the store says
// so, so that a missing method is a sentence of the compiler, not of a user.
func asserts(h *house, plan map[string]room) []breach {
	said := map[string]bool{}
	for _, p := range h.packs {
		if p.path != "internal/store" {
			continue
		}
		for _, f := range p.source() {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				v, ok := n.(*ast.ValueSpec)
				if !ok || v.Type == nil || len(v.Names) != 1 || v.Names[0].Name != "_" {
					return true
				}
				if sel, ok := v.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Store" {
					if id, ok := sel.X.(*ast.Ident); ok {
						said["internal/"+id.Name] = true
					}
				}
				return true
			})
		}
	}
	var out []breach
	for _, p := range h.packs {
		if plan[p.path].kind == stage && declares(p, "Store") && !said[p.path] {
			out = append(out, breach{"store", p.path, "the store does not assert that it satisfies this stage's Store"})
		}
	}
	return out
}

func declares(p *pack, typeName string) bool {
	found := false
	for _, f := range p.source() {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if t, ok := n.(*ast.TypeSpec); ok && t.Name.Name == typeName {
				_, isInterface := t.Type.(*ast.InterfaceType)
				found = found || isInterface
			}
			return true
		})
	}
	return found
}
