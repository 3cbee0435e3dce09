package route

import (
	"strings"
)

// laravel reads Laravel's routes/web.php and routes/api.php.
type laravel struct {
	code
	closing []int
	kind    Kind
	out     []Route
}

func laravelRoutes(p string, src []byte) []Route {
	l := &laravel{code: lex(src, php)}
	l.closing = l.code.closing()
	switch {
	case strings.HasSuffix("/"+p, "/routes/web.php"):
		l.kind = Page
		l.block(0, len(l.code), "/", 0)
	case strings.HasSuffix("/"+p, "/routes/api.php"):
		l.kind = API
		l.block(0, len(l.code), "/api", 0)
	}
	return l.out
}

// block reads what is between two places.
func (l *laravel) block(from, to int, prefix string, depth int) {
	for i := from; i < to; i++ {
		if l.is(i, "Route") && l.is(i+1, "::") && depth < maxDepth {
			i = l.chain(i+2, to, prefix, depth)
		} else if l.is(i, "if") || l.is(i, "foreach") || l.is(i, "function") || l.is(i, "fn") {
			// What is there only sometimes, or somewhere else, is passed over.
			for i < to && !l.is(i, "{") && !l.is(i, ";") {
				i++
			}
			if i < to && l.closing[i] > 0 {
				i = l.closing[i]
			}
		}
	}
}

// chain reads Route::prefix('x')->middleware('y')->group(…), and returns where it
// ends.
func (l *laravel) chain(i, to int, prefix string, depth int) int {
	inner, sure := prefix, true
	emitted := len(l.out)
	for i < to && l.at(i).sort == word && l.is(i+1, "(") && l.closing[i+1] > 0 {
		end := l.closing[i+1]
		text, whole := l.str(i + 2)
		switch method := l.at(i).text; method {
		case "prefix":
			if len(l.out) > emitted { // Route::get('x')->prefix('y')
				l.out, sure = l.out[:emitted], false
			}
			got, ok := brace(text)
			inner, sure = join(inner, got), sure && whole && ok
		case "domain":
			sure = sure && whole
		case "group":
			if l.is(i+2, "[") {
				if v := l.prop(i+2, "prefix", l.closing); v > 0 {
					text, whole := l.str(v)
					got, ok := brace(text)
					inner, sure = join(inner, got), sure && whole && ok
				}
			}
			for at := i + 2; at < end && sure; at++ {
				if l.is(at, "{") && l.closing[at] > 0 {
					l.block(at+1, l.closing[at], inner, depth+1)
					break
				}
			}
		case "get", "post", "put", "patch", "delete", "any", "view", "options", "livewire", "inertia":
			if got, ok := brace(text); ok && whole && sure && l.is(i+3, ",") {
				l.emit(join(inner, got))
			}
		case "match":
			if args := l.args(i+1, l.closing); len(args) > 2 {
				if text, whole := l.str(args[1]); whole {
					if got, ok := brace(text); ok && sure {
						l.emit(join(inner, got))
					}
				}
			}
		case "resource", "apiResource":
			if whole && sure {
				l.resource(i, text, inner, method == "resource", end)
			}
		}
		if !l.is(end+1, "->") {
			return end
		}
		i = end + 2
	}
	return i
}

func (l *laravel) emit(pattern string) {
	l.out = append(l.out, Route{Pattern: pattern, Kind: l.kind, Why: "Laravel routes"})
}

// resource emits the addresses of Route::resource('photos.comments', …), less
// what ->only and ->except say.
func (l *laravel) resource(i int, name, prefix string, forms bool, end int) {
	only, except := "", ""
	for at := end; l.is(at+1, "->") && l.is(at+3, "(") && l.closing[at+3] > 0; at = l.closing[at+3] {
		var list []string
		for n := at + 4; n < l.closing[at+3]; n++ {
			if text, ok := l.str(n); ok {
				list = append(list, text)
			}
		}
		switch l.at(at + 2).text {
		case "only":
			only = " " + strings.Join(list, " ") + " "
		case "except":
			except = " " + strings.Join(list, " ") + " "
		case "parameters", "scoped", "shallow":
			if l.at(at+2).text == "shallow" {
				return
			}
		}
	}
	wants := func(actions ...string) bool {
		for _, a := range actions {
			if (only == "" || strings.Contains(only, " "+a+" ")) && !strings.Contains(except, " "+a+" ") {
				return true
			}
		}
		return false
	}
	all := prefix
	parts := strings.Split(name, ".")
	for n, part := range parts {
		if got, ok := brace(part); !ok || strings.Contains(got, "{") {
			return
		}
		all = join(all, part)
		if n < len(parts)-1 {
			all = join(all, "{"+parameter(part)+"}")
		}
	}
	one := join(all, "{"+parameter(parts[len(parts)-1])+"}")
	if wants("index", "store") {
		l.emit(all)
	}
	if wants("show", "update", "destroy") {
		l.emit(one)
	}
	if forms && wants("create") {
		l.emit(join(all, "create"))
	}
	if forms && wants("edit") {
		l.emit(join(one, "edit"))
	}
}

// parameter is the name of a resource's parameter; it is compared with nothing.
func parameter(name string) string {
	name = name[strings.LastIndex(name, "/")+1:]
	return strings.ReplaceAll(singular(name), "-", "_")
}
