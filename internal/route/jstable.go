package route

import (
	"path"
	"strings"
)

// table reads the nested lists of Angular, React Router and Vue Router:
// [{ path: 'shop', component: Shop, children: [ … ] }].
type table struct {
	code
	closing []int
	rooted  bool // top entries must begin with a slash to be believed
	why     string
	out     []Route
	read    map[int]bool
	asked   map[string]bool
}

func tableRoutes(p string, c code) []Route {
	t := &table{code: c, closing: c.closing(), read: map[int]bool{}, asked: map[string]bool{}}
	switch {
	case c.has("@angular/router"):
		t.why = "Angular routes"
		t.angular(p)
	case c.has("vue-router"):
		t.why = "Vue Router"
		t.vue()
	case c.has("react-router", "react-router-dom"):
		t.why = "React Router"
		t.react()
	}
	return t.out
}

// angular: a table is the app's when the file starts the router, or is named as
// the app's; others are loaded below an address that is not known here.
func (t *table) angular(p string) {
	base := path.Base(p)
	if !t.has("forRoot", "provideRouter") && base != "app.routes.ts" && base != "app-routing.module.ts" {
		return
	}
	for i := range t.code {
		// const routes: Routes = [
		if t.seq(i, ":", "Routes", "=", "[") || t.seq(i, ":", "Route", "[") {
			for at := i + 3; at <= i+5; at++ {
				if t.is(at, "[") && t.is(at-1, "=") {
					t.list(at, "", 0)
				}
			}
		}
		if (t.seq(i, "forRoot", "(", "[") || t.seq(i, "provideRouter", "(", "[")) && t.closing[i+2] > 0 {
			t.list(i+2, "", 0)
		}
	}
}

func (t *table) vue() {
	base := "/"
	for i := range t.code {
		if (t.is(i, "createWebHistory") || t.is(i, "createWebHashHistory")) && t.is(i+1, "(") {
			if text, ok := t.str(i + 2); ok && t.is(i, "createWebHistory") {
				base = text
			}
		}
	}
	for i := range t.code {
		switch {
		case t.seq(i, "createRouter", "(", "{"), t.seq(i, "VueRouter", "(", "{"), t.seq(i, "Router", "(", "{") && t.is(i-1, "new"):
			if v := t.prop(i+2, "routes", t.closing); v > 0 {
				t.listAt(v, base)
			} else if t.has("routes") {
				t.variable("routes", base)
			}
		case t.seq(i, ":", "RouteRecordRaw", "[", "]", "=", "["), t.seq(i, ":", "RouteConfig", "[", "]", "=", "["):
			t.rooted = true
			t.list(i+5, base, 0)
			t.rooted = false
		case t.seq(i, ":", "Array", "<") && (t.is(i+3, "RouteRecordRaw") || t.is(i+3, "RouteConfig")) && t.seq(i+4, ">", "=", "["):
			t.rooted = true
			t.list(i+6, base, 0)
			t.rooted = false
		}
	}
}

func (t *table) react() {
	for i := range t.code {
		switch {
		case t.is(i-1, "import") || t.is(i-1, ","):
			continue
		case (t.is(i, "createBrowserRouter") || t.is(i, "createHashRouter") || t.is(i, "createMemoryRouter") || t.is(i, "useRoutes")) && t.is(i+1, "("):
			base := "/"
			if args := t.args(i+1, t.closing); len(args) > 2 && t.is(args[1], "{") {
				if v := t.prop(args[1], "basename", t.closing); v > 0 {
					base, _ = t.str(v)
				}
			}
			t.listAt(i+2, base)
		case t.seq(i, ":", "RouteObject", "[", "]", "=", "["):
			t.rooted = true
			t.list(i+5, "", 0)
			t.rooted = false
		}
	}
}

// listAt reads a list, or the variable of this file that holds one.
func (t *table) listAt(at int, base string) {
	if t.is(at, "[") {
		t.list(at, base, 0)
	} else if t.at(at).sort == word && (t.is(at+1, ")") || t.is(at+1, ",") || t.is(at+1, "}")) {
		t.variable(t.at(at).text, base)
	}
}

// variable reads "const routes = [" and "const routes: T[] = [".
func (t *table) variable(name, base string) {
	if t.asked[name] || len(t.asked) > 100 {
		return
	}
	t.asked[name] = true
	for i := range t.code {
		if !t.is(i, name) || !t.is(i-1, "const") && !t.is(i-1, "let") && !t.is(i-1, "var") {
			continue
		}
		for at := i + 1; at < min(len(t.code), i+10) && !t.is(at, ";"); at++ {
			if t.is(at, "[") && t.is(at-1, "=") {
				t.list(at, base, 0)
				return
			}
		}
	}
}

// list reads the entries of the list that opens at i, once.
func (t *table) list(i int, prefix string, depth int) {
	if t.read[i] || depth > maxDepth {
		return
	}
	t.read[i] = true
	args := t.args(i, t.closing)
	for n := 0; n+1 < len(args); n++ {
		if t.is(args[n], "{") {
			t.entry(args[n], prefix, depth)
		}
	}
}

func (t *table) entry(i int, prefix string, depth int) {
	own := prefix
	if v := t.prop(i, "path", t.closing); v > 0 {
		text, ok := t.str(v)
		if !ok || t.rooted && depth == 0 && !strings.HasPrefix(text, "/") {
			return
		}
		got, ok := colon(text)
		switch {
		case !ok:
			return
		case strings.HasPrefix(got, "/{") && strings.HasSuffix(got, "...?}") && strings.Count(got, "/") == 1:
			return // what answers when nothing else does
		case strings.HasPrefix(text, "/") && depth > 0 && t.why == "Vue Router", strings.HasPrefix(text, "/") && strings.HasPrefix(got, prefix+"/"):
			own = got // an absolute address within
		default:
			own = join(prefix, got)
		}
	} else if t.rooted && depth == 0 {
		return
	}
	kids := t.prop(i, "children", t.closing)
	lazy := t.prop(i, "loadChildren", t.closing) > 0
	redirect := t.prop(i, "redirectTo", t.closing) > 0 || t.prop(i, "redirect", t.closing) > 0
	if t.prop(i, "path", t.closing) > 0 || t.prop(i, "index", t.closing) > 0 {
		switch {
		case lazy || kids > 0 && t.is(kids, "["):
			t.out = append(t.out, named(Layout, own, nil, t.why)...)
		case !redirect:
			t.out = append(t.out, named(Page, own, nil, t.why)...)
		}
	}
	if kids > 0 && t.is(kids, "[") {
		t.list(kids, own, depth+1)
	}
}
