package route

import (
	"path"
	"slices"
	"strings"
)

// code asks the reader of source that the extension of the file asks for.
func (s *scan) code(p string) []Route {
	if forTests(path.Dir(p)) {
		return nil
	}
	_, ext := cutExt(p)
	var out []Route
	switch ext {
	case "ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts":
		out = javascriptRoutes(p, s.text(p))
	case "py":
		out = s.pythonRoutes(p)
	case "rb":
		if strings.HasSuffix("/"+p, "/config/routes.rb") {
			out = railsRoutes(s.text(p))
		}
	case "go":
		out = goRoutes(s.text(p))
	case "cs", "cshtml", "razor":
		out = dotnetRoutes(p, ext, s.text(p))
	case "php":
		out = laravelRoutes(p, s.text(p))
	case "java", "kt":
		out = s.springRoutes(p)
	}
	for i := range out {
		out[i].App = strings.TrimSuffix(path.Dir(p), ".")
	}
	return out
}

// javascriptRoutes reads servers, and the tables of clients.
func javascriptRoutes(p string, src []byte) []Route {
	c := lex(src, javascript)
	return slices.Concat(serverRoutes(p, c), tableRoutes(p, c), jsxRoutes(c, src), tanstackRoutes(c))
}

// guess tells pages from answers for programs by the address, where the
// framework serves both alike.
func guess(pattern string) Kind {
	for _, seg := range split(strings.Trim(pattern, "/")) {
		switch seg {
		case "api", "graphql", "rest", "rpc", "webhook", "webhooks":
			return API
		}
	}
	return Page
}

// isMethod says whether a word is an HTTP method, in lower case.
func isMethod(name string) bool {
	return slices.Contains([]string{"get", "post", "put", "patch", "delete", "head", "options"}, name)
}
