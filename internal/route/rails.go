package route

import (
	"regexp"
	"slices"
	"strings"
)

// frame is a block of config/routes.rb.
type frame struct {
	prefix string
	hidden bool   // what is within is not known, or only sometimes there
	member string // address of one of the resources, within theirs
	all    string // and of all
}

// rails reads config/routes.rb, statement by statement.
type rails struct {
	frames []frame
	out    []Route
}

func railsRoutes(src []byte) []Route {
	r := &rails{}
	var statement code
	depth := 0
	for _, t := range append(lex(src, ruby), token{newline, "\n"}) {
		if t.sort == mark {
			switch t.text {
			case "(", "[":
				depth++
			case ")", "]":
				depth = max(0, depth-1)
			case ";":
				t = token{newline, "\n"}
			}
		}
		if t.sort != newline {
			statement = append(statement, t)
			continue
		}
		if last := statement.at(len(statement) - 1); depth > 0 && len(statement) < 4096 || last.sort == mark && slices.Contains([]string{",", "=>", ".", "\\"}, last.text) {
			continue
		}
		if len(statement) > 0 {
			r.statement(statement)
		}
		statement, depth = nil, 0
	}
	return r.out
}

func (r *rails) top() frame {
	if len(r.frames) == 0 {
		return frame{hidden: true}
	}
	return r.frames[len(r.frames)-1]
}

// statement reads one, and opens and closes blocks by it.
func (r *rails) statement(c code) {
	f := r.top()
	head := c.at(0).text
	opens := 0
	for i, t := range c {
		if t.sort != word || c.is(i+1, ":") && t.text != "do" || c.is(i-1, ".") || c.is(i-1, ":") {
			continue
		}
		switch t.text {
		case "do":
			opens++
		case "end":
			opens--
		case "if", "unless", "while", "case", "begin", "def", "class", "module", "until":
			if i == 0 {
				opens++
			} else {
				f.hidden = true // only when a condition holds
			}
		}
	}
	inner := r.read(c, head, f)
	for ; opens > 0; opens-- {
		if len(r.frames) < 1000 {
			r.frames = append(r.frames, inner)
		}
	}
	for ; opens < 0 && len(r.frames) > 0; opens++ {
		r.frames = r.frames[:len(r.frames)-1]
	}
}

// read emits what a statement serves, and returns the frame of its block.
func (r *rails) read(c code, head string, f frame) frame {
	hidden := frame{hidden: true}
	if c.seq(0, "Rails", ".", "application", ".", "routes", ".", "draw") {
		return frame{prefix: "/"}
	}
	if f.hidden {
		return hidden
	}
	names, opts := arguments(c)
	switch head {
	case "root":
		r.emit(f.prefix)
	case "get", "post", "put", "patch", "delete", "match":
		r.verbs(names, opts, f)
	case "resources", "resource":
		return r.resources(names, opts, f, head == "resources")
	case "namespace":
		if len(names) == 1 {
			name := names[0]
			if p, ok := opts["path"]; ok {
				name = p
			}
			return r.within(f, name)
		}
	case "scope":
		name := opts["path"]
		if len(names) > 0 {
			name = strings.Join(names, "/")
		}
		if _, computed := opts["!"]; !computed {
			return r.within(f, name)
		}
	case "member":
		if f.member != "" {
			return frame{prefix: f.member}
		}
	case "collection", "new":
		if f.all != "" {
			return frame{prefix: join(f.all, strings.TrimPrefix(head, "collection"))}
		}
	case "constraints", "authenticate", "authenticated", "unauthenticated", "devise_scope", "defaults", "controller":
		return f
	case "mount":
		for i := range c {
			if text, ok := c.str(i + 1); ok && c.is(i, "=>") {
				opts["at"] = text
			}
		}
		if at, ok := opts["at"]; ok && strings.Trim(at, "/") != "" {
			r.out = append(r.out, named(Layout, join(f.prefix, at), nil, "Rails routes, mount")...)
		}
	}
	return hidden
}

func (r *rails) within(f frame, name string) frame {
	p, ok := railsPattern(name)
	return frame{prefix: join(f.prefix, p), hidden: !ok || len(f.prefix) > maxPattern}
}

func (r *rails) emit(pattern string) {
	r.out = append(r.out, Route{Pattern: pattern, Kind: guess(pattern), Why: "Rails routes"})
}

var optionalPart = regexp.MustCompile(`\(/?:(\w+)\)`)

func railsPattern(p string) (string, bool) {
	p = strings.TrimSuffix(p, "(.:format)")
	p = optionalPart.ReplaceAllString(p, "/:$1?")
	if strings.ContainsAny(p, "()") {
		return "", false
	}
	return colon(p)
}

func (r *rails) verbs(names []string, opts map[string]string, f frame) {
	prefix := f.prefix
	switch opts["on"] {
	case "member":
		prefix = f.member
	case "collection":
		prefix = f.all
	case "new":
		prefix = join(f.all, "new")
	}
	if _, computed := opts["!"]; computed || prefix == "" {
		return
	}
	for _, name := range names {
		if p, ok := railsPattern(name); ok && !everything(p) {
			r.emit(join(prefix, p))
		}
	}
}

// everything says whether a pattern is what answers when nothing else does.
func everything(p string) bool {
	return strings.Count(p, "/") == 1 && strings.HasPrefix(p, "/{") && strings.Contains(p, "...")
}

// resources emits the addresses of resources and returns the frame within.
func (r *rails) resources(names []string, opts map[string]string, f frame, many bool) frame {
	inner := frame{hidden: true}
	if _, computed := opts["!"]; computed {
		return inner
	}
	for _, name := range names {
		segment, ok := name, true
		if p, given := opts["path"]; given {
			segment, ok = railsPattern(p)
		}
		if !ok {
			continue
		}
		all := join(f.prefix, segment)
		one, param := all, "id"
		if p, given := opts["param"]; given {
			param = p
		}
		if many {
			one = join(all, "{"+param+"}")
		}
		wants := func(actions ...string) bool {
			only, given := opts["only"]
			except := " " + opts["except"] + " "
			return slices.ContainsFunc(actions, func(a string) bool {
				return (!given || strings.Contains(" "+only+" ", " "+a+" ")) && !strings.Contains(except, " "+a+" ")
			})
		}
		if many && wants("index", "create") {
			r.emit(all)
		}
		if wants("new") {
			r.emit(join(all, "new"))
		}
		if wants("show", "update", "destroy") || !many && wants("create") {
			r.emit(one)
		}
		if wants("edit") {
			r.emit(join(one, "edit"))
		}
		inner = frame{prefix: one, member: one, all: all, hidden: opts["shallow"] != "" || len(all) > maxPattern}
		if many {
			inner.prefix = join(all, "{"+singular(name)+"_"+param+"}")
		}
	}
	if len(names) > 1 {
		inner.hidden = true
	}
	return inner
}

// singular is good enough for the name of a parameter, which is compared with
// nothing.
func singular(name string) string { return strings.TrimSuffix(name, "s") }

// arguments returns the names and strings that a statement begins with, and its
// options; lists are joined by blanks. The option "!" says that one that makes
// the address is computed.
func arguments(c code) (names []string, opts map[string]string) {
	opts = map[string]string{}
	i := 1
	if c.is(i, "(") {
		i++
	}
	for i < len(c) {
		switch {
		case c.is(i, ":") && c.at(i+1).sort == word && !c.is(i+2, "=>"):
			names = append(names, c.at(i+1).text)
			i += 2
		case c.at(i).sort == literal && !c.is(i+1, ":"):
			names = append(names, c.at(i).text)
			i++
			if c.is(i, "=>") { // get "x" => "c#a"
				i += 2
			}
		default:
			options(c, i, opts)
			return names, opts
		}
		if !c.is(i, ",") {
			options(c, i, opts)
			return names, opts
		}
		i++
	}
	return names, opts
}

func options(c code, i int, opts map[string]string) {
	for ; i < len(c); i++ {
		key, at := c.at(i).text, i+2
		switch {
		case c.at(i).sort == word && c.is(i+1, ":"):
		case c.is(i-1, ":") && c.at(i).sort == word && c.is(i+1, "=>"):
		default:
			continue
		}
		if !slices.Contains([]string{"path", "only", "except", "param", "on", "at", "shallow"}, key) {
			continue
		}
		value := values(c, at)
		if value == "" && key != "except" && !c.is(at, "[") && c.at(at).text != "" {
			key = "!"
		}
		opts[key] = value
	}
}

// values reads a string, a symbol, true, or a list of them.
func values(c code, at int) string {
	switch {
	case c.at(at).sort == literal, c.is(at, "true"):
		return c.at(at).text
	case c.is(at, ":"):
		return c.at(at + 1).text
	case !c.is(at, "["):
		return ""
	}
	var out []string
	for at++; at < len(c) && !c.is(at, "]"); at++ {
		if t := c.at(at); t.sort == literal || t.sort == word {
			out = append(out, t.text)
		}
	}
	return strings.Join(out, " ")
}
