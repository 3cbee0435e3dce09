package route

import (
	"path"
	"slices"
	"strings"
)

// pythonRoutes reads Django's urls, and the decorators of Flask and FastAPI.
func (s *scan) pythonRoutes(p string) []Route {
	c := s.python(p)
	switch {
	case path.Base(p) == "urls.py" && c.has("django"):
		return s.djangoRoutes(p, c)
	case c.has("fastapi", "flask", "Flask", "FastAPI", "quart", "sanic"):
		return s.decorated(p, c)
	}
	return nil
}

// python returns a file as tokens, cut once.
func (s *scan) python(p string) code {
	c, ok := s.lexed[p]
	if !ok {
		c = lex(s.text(p), python)
		s.lexed[p] = c
	}
	return c
}

// app is a variable of a Flask or FastAPI file.
type app struct {
	root   bool
	prefix string
	sure   bool
	why    string
}

// apps finds "app = FastAPI()", "router = APIRouter(prefix=…)" and their kin.
func apps(c code, closing []int) map[string]app {
	out := map[string]app{}
	for i := range c {
		if !c.is(i, "=") || c.at(i-1).sort != word || c.is(i-2, ".") {
			continue
		}
		at := i + 1
		if c.is(at+1, ".") {
			at += 2
		}
		if !c.is(at+1, "(") {
			continue
		}
		a, key := app{sure: true}, ""
		switch c.at(at).text {
		case "FastAPI":
			a.root, a.why = true, "FastAPI"
		case "Flask", "Quart":
			a.root, a.why = true, "Flask"
		case "APIRouter":
			a.why, key = "FastAPI", "prefix"
		case "Blueprint":
			a.why, key = "Flask", "url_prefix"
		default:
			continue
		}
		if key != "" {
			a.prefix, a.sure = keyword(c, at+1, closing, key)
		}
		if _, again := out[c.at(i-1).text]; again {
			a.sure = false
		}
		out[c.at(i-1).text] = a
	}
	return out
}

// keyword returns a keyword argument that is spelled out; "" and sure when it is
// not given.
func keyword(c code, i int, closing []int, key string) (string, bool) {
	args := c.args(i, closing)
	for n := 0; n+1 < len(args); n++ {
		at := args[n]
		for c.at(at).sort == newline {
			at++
		}
		if c.is(at, key) && c.is(at+1, "=") {
			return c.str(at + 2)
		}
		if c.is(at, "*") {
			return "", false
		}
	}
	return "", len(args) > 0
}

// decorated reads "@app.get('/x')" and "@bp.route('/x')".
func (s *scan) decorated(p string, c code) []Route {
	closing := c.closing()
	vars := apps(c, closing)
	bases := map[string]string{}
	if len(vars) > 50 {
		return nil
	}
	for name := range vars {
		s.left = 20
		if base, ok := s.pythonBase(p, name, 0); ok {
			bases[name] = base
		}
	}
	var out []Route
	for i := range c {
		base, ok := bases[c.at(i+1).text]
		if !ok || !c.is(i, "@") || !c.is(i+2, ".") || !c.is(i+4, "(") {
			continue
		}
		method, at := c.at(i+3).text, i+5
		if method != "route" && method != "api_route" && method != "websocket" && !isMethod(method) {
			continue
		}
		for c.at(at).sort == newline {
			at++
		}
		text, ok := c.str(at)
		a := vars[c.at(i+1).text]
		got, sure := brace(text)
		kind := API
		if a.why == "Flask" {
			got, sure = angle(text)
			kind = guess(join(base, got))
		}
		if ok && sure && (text == "" || text[0] == '/') {
			out = append(out, Route{Pattern: join(base, got), Kind: kind, Why: a.why})
		}
	}
	return out
}

// pythonBase returns what stands before the addresses of a variable of a file:
// nothing for an app; for a router where it is mounted, in the file itself or in
// one that applications are put together in, in a folder above. Mounted nowhere,
// or more than once, is not known.
func (s *scan) pythonBase(p, name string, depth int) (string, bool) {
	c := s.python(p)
	vars := apps(c, c.closing())
	a, ok := vars[name]
	if !ok || !a.sure || depth > 4 || s.left <= 0 {
		return "", false
	}
	s.left--
	if a.root {
		return "/", true
	}
	var bases []string
	for _, file := range assemblies(p) {
		for _, m := range s.mountsIn(file, p, name) {
			base, ok := s.pythonBase(file, m.parent, depth+1)
			if !ok || !m.sure || len(bases) > 0 {
				return "", false
			}
			own := join(m.prefix, a.prefix)
			if a.why == "Flask" && m.prefix != "" {
				own = m.prefix // register_blueprint overrides
			}
			bases = append(bases, join(base, own))
		}
	}
	if len(bases) != 1 {
		return "", false
	}
	return bases[0], true
}

// assemblies are the files that may mount a router of p.
func assemblies(p string) []string {
	out := []string{p}
	for n, dir := range above(path.Dir(p)) {
		if n > 3 {
			break
		}
		for _, name := range []string{"__init__.py", "main.py", "app.py", "api.py", "router.py", "routes.py", "server.py", "asgi.py", "wsgi.py", "application.py"} {
			if f := path.Join(dir, name); f != p {
				out = append(out, f)
			}
		}
	}
	return out
}

// mounted is one include_router or register_blueprint.
type mounted struct {
	parent, prefix string
	sure           bool
}

// mountsIn finds in a file where a variable of another is mounted.
func (s *scan) mountsIn(file, p, name string) []mounted {
	text := s.text(file)
	if !strings.Contains(string(text), "include_router") && !strings.Contains(string(text), "register_blueprint") {
		return nil
	}
	c := s.python(file)
	closing := c.closing()
	module := strings.TrimSuffix(path.Base(p), ".py")
	if module == "__init__" {
		module = path.Base(path.Dir(p))
	}
	names := imported(c, module, name, file == p)
	var out []mounted
	for i := range c {
		key := ""
		switch {
		case c.is(i, "include_router"):
			key = "prefix"
		case c.is(i, "register_blueprint"):
			key = "url_prefix"
		}
		if key == "" || !c.is(i-1, ".") || !c.is(i+1, "(") || closing[i+1] < 0 {
			continue
		}
		at := i + 2
		for c.at(at).sort == newline {
			at++
		}
		said := c.at(at).text
		if c.is(at+1, ".") {
			said += "." + c.at(at+2).text
		}
		if slices.Contains(names, said) {
			prefix, ok := keyword(c, i+1, closing, key)
			out = append(out, mounted{c.at(i - 2).text, prefix, ok && !c.is(i-3, ".")})
		}
	}
	return out
}

// imported returns how a file calls a variable of a module.
func imported(c code, module, name string, itself bool) []string {
	if itself {
		return []string{name}
	}
	out := []string{}
	for i := range c {
		if !c.is(i, "import") {
			continue
		}
		from := c.at(i - 1).text
		for at := i + 1; at < len(c) && (c.at(at).sort != newline || c.is(i+1, "(")) && !c.is(at, ")"); at++ {
			if c.at(at).sort != word || c.at(at).text == "as" || c.is(at-1, "as") {
				continue
			}
			local := c.at(at).text
			if c.is(at+1, "as") {
				local = c.at(at + 2).text
			}
			switch c.at(at).text {
			case name:
				if from == module {
					out = append(out, local)
				}
			case module:
				out = append(out, local+"."+name)
			}
		}
	}
	return out
}
