package route

import (
	"regexp"
	"strings"
)

// springRoutes reads @GetMapping and its kin, of Java and of Kotlin.
func (s *scan) springRoutes(p string) []Route {
	c := lex(s.text(p), java)
	if !c.has("RestController", "Controller") || c.has("FeignClient") {
		return nil
	}
	kind := Page
	if c.has("RestController") {
		kind = API
	}
	base, ok := s.contextPath(p)
	if !ok {
		return nil
	}
	return mappings(c, base, kind)
}

// mappings walks a file: what stands before a class is before all in it.
func mappings(c code, base string, kind Kind) []Route {
	closing := c.closing()
	var out []Route
	class := []string{""}
	var pending []string // of @RequestMapping, until it is known what it is on
	waiting := false
	for i := 0; i < len(c); i++ {
		if c.is(i, "class") || c.is(i, "interface") || c.is(i, "record") && c.at(i+1).sort == word {
			class = []string{""}
			if waiting {
				class = pending
			}
			pending, waiting = nil, false
			continue
		}
		verb, ok := strings.CutSuffix(c.at(i).text, "Mapping")
		if !ok || !c.is(i-1, "@") || verb != "Request" && !isMethod(strings.ToLower(verb)) {
			if waiting && (c.is(i, "{") || c.is(i, "=")) && !c.is(i-1, "(") {
				out = append(out, crossed(base, class, pending, kind)...)
				pending, waiting = nil, false
			}
			if c.is(i, "(") && closing[i] > 0 {
				i = closing[i] // arguments of others
			}
			continue
		}
		paths := []string{""}
		if c.is(i+1, "(") && closing[i+1] > 0 {
			paths = annotated(c, i+1, closing)
			i = closing[i+1]
		}
		if verb == "Request" {
			pending, waiting = paths, true
			continue
		}
		out = append(out, crossed(base, class, paths, kind)...)
	}
	return out
}

// crossed joins every address of a class with every one of a method.
func crossed(base string, class, own []string, kind Kind) []Route {
	var out []Route
	if len(class)*len(own) > 400 {
		return nil
	}
	for _, a := range class {
		for _, b := range own {
			if got, ok := brace(join(a, b)); ok {
				out = append(out, Route{Pattern: join(base, got), Kind: kind, Why: "Spring mapping"})
			}
		}
	}
	return out
}

// annotated returns the addresses of an annotation; none when one is computed.
func annotated(c code, i int, closing []int) []string {
	out, named := []string{}, true
	args := c.args(i, closing)
	for n := 0; n+1 < len(args); n++ {
		at := args[n]
		if c.at(at).sort == word && c.is(at+1, "=") {
			if !c.is(at, "value") && !c.is(at, "path") {
				continue
			}
			at += 2
		}
		if at >= closing[i] {
			continue
		}
		named = false
		starts := []int{at}
		if c.is(at, "{") || c.is(at, "[") {
			starts = c.args(at, closing)
			starts = starts[:max(0, len(starts)-1)]
		}
		for _, from := range starts {
			text, ok := c.str(from)
			if !ok {
				return nil
			}
			out = append(out, text)
		}
	}
	if named {
		return []string{""}
	}
	return out
}

var (
	contextLine = regexp.MustCompile(`(?m)^[ \t]*server\.servlet\.context-path[ \t]*[=:][ \t]*(\S*)[ \t]*$`)
	contextYAML = regexp.MustCompile(`(?m)^[ \t]+context-path:[ \t]*["']?([^"'\s]*)["']?[ \t]*$`)
)

// contextPath returns what the app's settings put before every address; it is
// not ok when that is computed.
func (s *scan) contextPath(p string) (string, bool) {
	module, _, ok := strings.Cut(p, "src/main/")
	if !ok {
		return "/", true
	}
	for _, name := range []string{"application.properties", "application.yml", "application.yaml"} {
		text := s.text(module + "src/main/resources/" + name)
		m := contextLine.FindSubmatch(text)
		if m == nil && !strings.HasSuffix(name, "properties") {
			m = contextYAML.FindSubmatch(text)
		}
		if m != nil {
			return string(m[1]), !strings.Contains(string(m[1]), "$")
		}
	}
	return "/", true
}
