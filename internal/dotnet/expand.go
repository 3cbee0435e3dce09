package dotnet

import (
	"path"
	"slices"
	"strings"
)

// unknown stands in a value for what is known only to a running build.
const unknown = "\x00"

// What a property may hold at most.
const (
	maxValues = 16
	maxValue  = 4096
	maxNested = 20
)

// values are what a property may be: more than one where a condition decides.
type values []string

// add joins further values, each once.
func (v values) add(more ...string) values {
	for _, m := range more {
		switch {
		case slices.Contains(v, m):
		case len(v) >= maxValues:
			return append(slices.Clone(v[:maxValues-1]), unknown)
		default:
			v = append(v, m)
		}
	}
	return v
}

// expand returns what a text may be once its $(properties) are known. Items and
// metadata (@(...), %(...)) are unknown.
func (e *evaluation) expand(text string, depth int) values {
	if !strings.ContainsAny(text, "$@%") {
		return values{text}
	}
	out := values{""}
	for text != "" {
		i := strings.IndexAny(text, "$@%")
		if i < 0 {
			return out.each(func(v string) values { return values{v + text} })
		}
		head, rest := text[:i], text[i:]
		if len(rest) < 2 || rest[1] != '(' {
			if code, ok := escaped(rest); ok {
				head, rest = head+code, rest[3:]
			} else {
				head, rest = head+rest[:1], rest[1:]
			}
			out = out.each(func(v string) values { return values{v + head} })
			text = rest
			continue
		}
		body, after, ok := parenthesis(rest[1:])
		if !ok {
			return values{unknown}
		}
		may := values{unknown}
		if rest[0] == '$' {
			may = e.call(body, depth)
		}
		out = out.each(func(v string) (vs values) {
			for _, m := range may {
				vs = vs.add(v + head + m)
			}
			return vs
		})
		text = after
	}
	return out
}

// each replaces every value by those that f makes of it.
func (v values) each(f func(string) values) values {
	var out values
	for _, s := range v {
		for _, made := range f(s) {
			if len(made) > maxValue {
				made = unknown
			}
			out = out.add(made)
		}
	}
	return out
}

// escaped reads %2A.
func escaped(s string) (string, bool) {
	if len(s) < 3 || s[0] != '%' {
		return "", false
	}
	hex := func(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }
	a, b := hex(s[1]), hex(s[2])
	if a < 0 || b < 0 {
		return "", false
	}
	return string([]byte{byte(a<<4 | b)}), true
}

// parenthesis takes "(…)" with what is nested in it from the beginning of a text.
func parenthesis(s string) (body, after string, ok bool) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[1:i], s[i+1:], true
			}
		}
	}
	return "", "", false
}

// call is one $(…): a property, or one of the functions that find files.
func (e *evaluation) call(body string, depth int) values {
	if depth > maxNested {
		return values{unknown}
	}
	body = strings.TrimSpace(body)
	if isName(body) {
		return e.property(strings.ToLower(body))
	}
	_, args, ok := strings.Cut(body, "::")
	if !ok {
		return values{unknown}
	}
	name := args[:max(strings.IndexByte(args, '('), 0)]
	inner, _, ok := parenthesis(args[len(name):])
	if !ok {
		return values{unknown}
	}
	var lists []values
	for _, arg := range arguments(inner) {
		lists = append(lists, e.expand(strings.Trim(strings.TrimSpace(arg), "'\"`"), depth+1))
	}
	var out values
	choices, whole := product(lists)
	for _, a := range choices {
		out = out.add(e.function(strings.ToLower(strings.TrimSpace(name)), a))
	}
	if !whole {
		out = out.add(unknown)
	}
	return out
}

// function runs one function on known arguments.
func (e *evaluation) function(name string, a []string) string {
	for _, s := range a {
		if strings.Contains(s, unknown) {
			return unknown
		}
	}
	rooted := func(s string) string {
		if file, ok := within(parent(e.file), s); ok {
			return "/" + file
		}
		return unknown
	}
	switch {
	case name == "getpathoffileabove" && len(a) >= 1:
		dir := parent(e.file)
		if len(a) > 1 {
			dir = strings.TrimPrefix(rooted(a[1]), "/")
		}
		if found := e.x.nearest(dir, a[0]); found != "" {
			return "/" + found
		}
		return ""
	case name == "getdirectorynameoffileabove" && len(a) == 2:
		if found := e.x.nearest(strings.TrimPrefix(rooted(a[0]), "/"), a[1]); found != "" {
			return "/" + parent(found)
		}
		return ""
	case name == "normalizepath" || name == "getfullpath" || name == "combine":
		return rooted(joined(a))
	case name == "normalizedirectory":
		return strings.TrimSuffix(rooted(joined(a)), "/") + "/"
	case name == "ensuretrailingslash" && len(a) == 1:
		return strings.TrimRight(a[0], `/\`) + "/"
	case name == "getdirectoryname" && len(a) == 1:
		return path.Dir(strings.ReplaceAll(a[0], `\`, "/"))
	case name == "valueordefault" && len(a) == 2:
		if a[0] != "" {
			return a[0]
		}
		return a[1]
	}
	return unknown
}

// joined is Path.Combine: a rooted part begins anew.
func joined(parts []string) string {
	out := ""
	for _, p := range parts {
		p = strings.ReplaceAll(p, `\`, "/")
		if strings.HasPrefix(p, "/") || out == "" {
			out = p
		} else {
			out = strings.TrimSuffix(out, "/") + "/" + p
		}
	}
	return out
}

// arguments splits at commas outside of parentheses and quotes.
func arguments(s string) []string {
	var out []string
	depth, from, quote := 0, 0, byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

// product is every choice of one value a list; whole is false when there are too
// many.
func product(lists []values) (out [][]string, whole bool) {
	out, whole = [][]string{nil}, true
	for _, l := range lists {
		var next [][]string
		for _, head := range out {
			for _, v := range l {
				if len(next) < maxValues {
					next = append(next, append(slices.Clone(head), v))
				} else {
					whole = false
				}
			}
		}
		out = next
	}
	return out, whole
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '_' && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// property is what a name may stand for here.
func (e *evaluation) property(name string) values {
	switch name {
	case "msbuildthisfiledirectory":
		return values{strings.TrimSuffix("/"+parent(e.file), "/") + "/"}
	case "msbuildthisfile":
		return values{path.Base(e.file)}
	case "msbuildthisfilename":
		return values{strings.TrimSuffix(path.Base(e.file), path.Ext(e.file))}
	case "msbuildthisfilefullpath":
		return values{"/" + e.file}
	case "msbuildprojectdirectory", "projectdir":
		dir := "/" + e.dir
		if name == "projectdir" {
			dir = strings.TrimSuffix(dir, "/") + "/"
		}
		return values{dir}
	case "msbuildprojectname":
		return values{strings.TrimSuffix(path.Base(e.project), path.Ext(e.project))}
	case "msbuildprojectfile":
		return values{path.Base(e.project)}
	case "msbuildprojectfullpath":
		return values{"/" + e.project}
	case "msbuildprojectextension":
		return values{path.Ext(e.project)}
	}
	if v, ok := e.props[name]; ok {
		return v
	}
	switch name {
	case "solutiondir":
		return e.solutions
	case "configuration":
		return values{"Debug", "Release"}
	case "platform":
		return values{"AnyCPU"}
	}
	return values{unknown}
}
