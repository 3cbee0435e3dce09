package route

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"regexp"
	"strconv"
	"strings"
)

// goFile reads the routes of one Go file: net/http, chi, gorilla, gin, echo,
// fiber.
type goFile struct {
	imports map[string]string // local name to framework
	fields  map[string]bool   // struct fields that hold a router
	out     []Route
}

// mux is what a variable holds: a router, and what stands before its addresses.
type mux struct {
	prefix, why string
}

// scope is the routers by name.
type scope map[string]mux

func goRoutes(src []byte) []Route {
	f, err := parser.ParseFile(gotoken.NewFileSet(), "", src, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	g := &goFile{imports: map[string]string{}, fields: map[string]bool{}}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		why := goFramework(p)
		if why == "" {
			continue
		}
		name := map[string]string{"net/http": "http", "chi": "chi", "gorilla/mux": "mux", "gin": "gin", "echo": "echo", "fiber": "fiber"}[why]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		g.imports[name] = why
	}
	if len(g.imports) == 0 {
		return nil
	}
	ast.Inspect(f, g.field)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			if known, ok := g.parameters(fn); ok {
				g.walk(fn.Body, known)
			}
		}
	}
	return g.out
}

var major = regexp.MustCompile(`/v\d+$`)

func goFramework(p string) string {
	switch major.ReplaceAllString(p, "") {
	case "net/http":
		return "net/http"
	case "github.com/go-chi/chi":
		return "chi"
	case "github.com/gorilla/mux":
		return "gorilla/mux"
	case "github.com/gin-gonic/gin":
		return "gin"
	case "github.com/labstack/echo":
		return "echo"
	case "github.com/gofiber/fiber":
		return "fiber"
	}
	return ""
}

// field notes the struct fields that get a new router: "s.mux = …", "mux: …".
func (g *goFile) field(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if id, ok := n.Key.(*ast.Ident); ok && g.made(n.Value) != "" {
			g.fields[id.Name] = true
		}
	case *ast.AssignStmt:
		for i, l := range n.Lhs {
			if sel, ok := l.(*ast.SelectorExpr); ok && i < len(n.Rhs) && g.made(n.Rhs[i]) != "" {
				g.fields[sel.Sel.Name] = true
			}
		}
	}
	return true
}

// made returns the framework whose router an expression makes.
func (g *goFile) made(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return ""
	}
	switch why := g.imports[id.Name]; why + "." + sel.Sel.Name {
	case "net/http.NewServeMux", "chi.NewRouter", "chi.NewMux", "gorilla/mux.NewRouter", "gin.Default", "gin.New", "echo.New", "fiber.New":
		return why
	}
	return ""
}

// parameters returns the routers that a function is given whole. It is not ok
// when the function makes a router for others to mount: where is not known here.
func (g *goFile) parameters(fn *ast.FuncDecl) (scope, bool) {
	known := scope{}
	for name, why := range g.imports {
		if why == "net/http" {
			known[name] = mux{"", why}
		}
	}
	for _, p := range fn.Type.Params.List {
		if why := g.whole(p.Type); why != "" {
			for _, name := range p.Names {
				known[name.Name] = mux{"", why}
			}
		}
	}
	if fn.Type.Results == nil {
		return known, true
	}
	for _, r := range fn.Type.Results.List {
		t := typeName(r.Type)
		pkg, name, _ := strings.Cut(t, ".")
		switch why := g.imports[pkg]; {
		case why == "chi", why == "gorilla/mux" && name == "Router":
			return nil, false
		case why == "net/http" && (name == "Handler" || name == "ServeMux") && !builds(fn.Name.Name):
			return nil, false
		}
	}
	return known, true
}

// builds says whether a function that returns a handler makes that of the whole
// app, by its name.
func builds(name string) bool {
	switch strings.TrimPrefix(strings.ToLower(name), "new") {
	case "router", "routes", "handler", "mux", "server", "setuproutes", "setuprouter":
		return true
	}
	return false
}

// whole returns the framework whose root router a type is.
func (g *goFile) whole(t ast.Expr) string {
	pkg, name, _ := strings.Cut(typeName(t), ".")
	switch why := g.imports[pkg]; why + "." + name {
	case "net/http.ServeMux", "gin.Engine", "echo.Echo", "fiber.App":
		return why
	}
	return ""
}

func typeName(t ast.Expr) string {
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if sel, ok := t.(*ast.SelectorExpr); ok {
		if id, ok := sel.X.(*ast.Ident); ok {
			return id.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

// walk reads a body; known is changed by what it assigns.
func (g *goFile) walk(body ast.Node, known scope) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				id, ok := l.(*ast.Ident)
				if !ok || i >= len(n.Rhs) {
					continue
				}
				if m, ok := g.router(n.Rhs[i], known, 0); ok {
					known[id.Name] = m
				} else {
					delete(known, id.Name)
				}
			}
		case *ast.CallExpr:
			return g.call(n, known)
		}
		return true
	})
}

// router resolves an expression to a router that is known.
func (g *goFile) router(e ast.Expr, known scope, depth int) (mux, bool) {
	if depth > maxDepth {
		return mux{}, false
	}
	switch e := e.(type) {
	case *ast.Ident:
		m, ok := known[e.Name]
		return m, ok
	case *ast.SelectorExpr:
		if g.fields[e.Sel.Name] {
			for _, why := range g.imports {
				if why != "net/http" || len(g.imports) == 1 {
					return mux{"", why}, true
				}
			}
		}
	case *ast.CallExpr:
		if why := g.made(e); why != "" {
			return mux{"", why}, true
		}
		sel, ok := e.Fun.(*ast.SelectorExpr)
		if !ok {
			break
		}
		m, ok := g.router(sel.X, known, depth+1)
		if !ok {
			break
		}
		switch sel.Sel.Name {
		case "With", "Subrouter", "Use":
			return m, true
		case "Group", "PathPrefix":
			if len(e.Args) == 0 {
				break
			}
			if p, ok := goPattern(m.why, e.Args[0]); ok {
				return mux{join(m.prefix, p), m.why}, true
			}
		}
	}
	return mux{}, false
}

// goPattern reads a spelled-out pattern in the way of the framework.
func goPattern(why string, e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != gotoken.STRING {
		return "", false
	}
	p, err := strconv.Unquote(lit.Value)
	if err != nil {
		return "", false
	}
	switch why {
	case "gin", "echo", "fiber":
		return colon(p)
	case "net/http":
		if i := strings.IndexByte(p, '/'); i > 0 { // "GET example.org/x"
			p = p[i:]
		}
	case "chi":
		if rest, ok := strings.CutSuffix(p, "/*"); ok {
			p = rest + "/{rest...}"
		}
	}
	if p != "" && p[0] != '/' {
		return "", false
	}
	return brace(p)
}

// call reads one call; false when what is within has been read.
func (g *goFile) call(n *ast.CallExpr, known scope) bool {
	sel, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || len(n.Args) == 0 {
		return true
	}
	m, ok := g.router(sel.X, known, 0)
	if !ok {
		return g.closure(n, known, nil)
	}
	name, args := sel.Sel.Name, n.Args
	switch name {
	case "Method", "MethodFunc", "Add": // the method is an argument
		args = args[1:]
		if len(args) == 0 {
			return true
		}
	case "Group":
		if m.why == "chi" {
			return g.closure(n, known, &m)
		}
		return true
	}
	p, ok := goPattern(m.why, args[0])
	if !ok {
		return g.closure(n, known, nil)
	}
	full := join(m.prefix, p)
	switch {
	case name == "Route" && m.why == "chi":
		m.prefix = full
		return g.closure(n, known, &m)
	case name == "Mount" && m.why == "chi":
		if p != "/" {
			g.emit(Layout, full, m.why)
		}
	case m.why == "net/http" && (name == "Handle" || name == "HandleFunc"):
		lit, _ := args[0].(*ast.BasicLit)
		kind := guess(full)
		if strings.HasSuffix(strings.Trim(lit.Value, "\"`"), "/") && p != "/" {
			kind = Layout
		}
		g.emit(kind, full, m.why)
	case m.why != "net/http" && (goMethod(name) || name == "Method" || name == "MethodFunc" || name == "Add") && len(args) > 1:
		g.emit(guess(full), full, m.why)
	}
	return true
}

func (g *goFile) emit(kind Kind, pattern, why string) {
	g.out = append(g.out, named(kind, pattern, nil, why)...)
}

// closure reads the functions among the arguments with a scope of their own; m is
// the router that they are given, or nil when that is not known.
func (g *goFile) closure(n *ast.CallExpr, known scope, m *mux) bool {
	found := false
	for _, a := range n.Args {
		fn, ok := a.(*ast.FuncLit)
		if !ok {
			continue
		}
		found = true
		inner := scope{}
		for name, v := range known {
			inner[name] = v
		}
		for _, p := range fn.Type.Params.List {
			for _, name := range p.Names {
				delete(inner, name.Name)
				if m != nil {
					inner[name.Name] = *m
				}
			}
		}
		g.walk(fn.Body, inner)
	}
	return !found
}

// goMethod says whether a name registers a route.
func goMethod(name string) bool {
	switch name {
	case "Handle", "HandleFunc", "Any", "All", "ANY":
		return true
	}
	return isMethod(strings.ToLower(name))
}
