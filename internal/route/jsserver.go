package route

import (
	"path"
	"slices"
	"strings"
)

// server is what a variable of an Express, Fastify, Hono or Koa file holds.
type server struct {
	base  string
	sure  bool // whether base is the whole way to it
	mount string
}

// serverRoutes reads "app.get('/x', …)". Only what hangs off the app itself, or
// off a router that this file mounts, has an address that is known.
func serverRoutes(p string, c code) []Route {
	why := framework(c)
	if why == "" {
		return nil
	}
	closing := c.closing()
	vars := instances(p, c, closing, why)
	mounts(c, closing, vars)
	var out []Route
	for i := range c {
		v, ok := vars[c.at(i).text]
		if !ok || !v.sure || c.at(i).sort != word || c.is(i-1, ".") || !c.is(i+1, ".") || !c.is(i+3, "(") || closing[i+3] < 0 {
			continue
		}
		method := c.at(i + 2).text
		text, whole := c.str(i + 4)
		if method != "all" && method != "route" && method != "del" && !isMethod(method) || !whole || !strings.HasPrefix(text, "/") {
			continue
		}
		// app.get('/setting') with nothing else reads a setting.
		if method != "route" && !c.is(i+5, ",") {
			continue
		}
		if got, ok := colon(text); ok && got != "/{rest...?}" {
			out = append(out, Route{Pattern: join(v.base, got), Kind: API, Why: why})
		}
	}
	return out
}

// framework returns which server a file imports.
func framework(c code) string {
	for _, f := range [][2]string{
		{"express", "Express"},
		{"fastify", "Fastify"},
		{"hono", "Hono"},
		{"@hono/zod-openapi", "Hono"},
		{"koa", "Koa"},
		{"@koa/router", "Koa"},
		{"koa-router", "Koa"},
	} {
		for i := range c {
			if c.at(i) == (token{literal, f[0]}) && (c.is(i-1, "from") || c.is(i-1, "(") && c.is(i-2, "require")) {
				return f[1]
			}
		}
	}
	return ""
}

// instances finds "const app = express()" and routers.
func instances(p string, c code, closing []int, why string) map[string]*server {
	stem, _ := cutExt(path.Base(p))
	entry := slices.Contains([]string{"index", "app", "server", "main", "worker"}, stem) && path.Base(path.Dir(p)) != "routes"
	out := map[string]*server{}
	for i := range c {
		if !c.is(i, "=") || c.at(i-1).sort != word {
			continue
		}
		name, at, made := c.at(i-1).text, i+1, false
		if made = c.is(at, "new"); made {
			at++
		}
		if c.seq(at, "express", ".", "Router") {
			at += 2
		}
		call := c.at(at).text
		if c.seq(at, "require", "(") && c.is(at+3, ")") && c.is(at+4, "(") {
			call = c.at(at + 2).text // require('fastify')()
			at += 3
		}
		if !slices.Contains([]string{"express", "fastify", "Fastify", "Hono", "OpenAPIHono", "Koa", "Router", "KoaRouter"}, call) {
			continue
		}
		at++
		if c.is(at, "<") { // type arguments
			for at < len(c) && !c.is(at, "(") && !c.is(at, ";") {
				at++
			}
		}
		if !c.is(at, "(") || closing[at] < 0 {
			continue
		}
		if _, again := out[name]; again {
			out[name] = &server{}
			continue
		}
		v := &server{base: "/"}
		switch why {
		case "Express", "Fastify":
			v.sure = strings.EqualFold(call, why)
		case "Hono":
			v.sure = made && entry
			if end := closing[at]; c.seq(end+1, ".", "basePath", "(") {
				text, ok := c.str(end + 4)
				v.base, v.sure = text, v.sure && ok
			}
		case "Koa":
			v.mount = "/"
			if at+1 < len(c) && c.is(at+1, "{") {
				if k := c.prop(at+1, "prefix", closing); k > 0 {
					text, ok := c.str(k)
					v.mount = text
					if !ok {
						v.mount = ""
					}
				}
			}
		}
		out[name] = v
	}
	return out
}

// mounts follows "app.use('/x', router)" and its kin, from what is known to what
// is not, until nothing new is.
func mounts(c code, closing []int, vars map[string]*server) {
	for range 5 {
		for i := range c {
			parent := vars[c.at(i).text]
			if c.at(i).sort != word || !c.is(i+1, ".") || !c.is(i+3, "(") || closing[i+3] < 0 {
				continue
			}
			args := c.args(i+3, closing)
			switch c.at(i + 2).text {
			case "use", "route":
				if parent == nil {
					continue
				}
				koa(c, args, parent, vars)
				if !parent.sure {
					continue
				}
				base, from := "/", 0
				if text, ok := c.str(args[0]); ok {
					base, ok = colon(text)
					from = 1
					if !ok {
						continue
					}
				} else if c.at(args[0]).sort != word {
					continue
				}
				for _, at := range args[from : len(args)-1] {
					if v := vars[c.at(at).text]; v != nil && !v.sure && v.mount == "" && (c.is(at+1, ",") || c.is(at+1, ")")) && c.at(at).sort == word {
						v.base, v.sure = join(parent.base, base), true
					}
				}
			}
		}
	}
}

// koa follows "app.use(router.routes())".
func koa(c code, args []int, parent *server, vars map[string]*server) {
	for _, at := range args[:len(args)-1] {
		if v := vars[c.at(at).text]; v != nil && v.mount != "" && parent.mount == "/" && c.seq(at+1, ".", "routes", "(") {
			v.base, v.sure = v.mount, true
		}
	}
}

// tanstackRoutes reads "createFileRoute('/posts/$postId')".
func tanstackRoutes(c code) []Route {
	var out []Route
	for i := range c {
		if c.seq(i, "createRootRoute", "(") && !c.is(i-1, ".") {
			out = append(out, named(Layout, "", nil, "TanStack Router, root")...)
		}
		if !c.is(i, "createFileRoute") && !c.is(i, "createLazyFileRoute") || !c.is(i+1, "(") {
			continue
		}
		text, ok := c.str(i + 2)
		if !ok {
			continue
		}
		kind := Page
		var segs []string
		parts := split(strings.Trim(text, "/"))
		for n, seg := range parts {
			switch {
			case strings.HasPrefix(seg, "("):
				continue
			case strings.HasPrefix(seg, "_"):
				if n == len(parts)-1 {
					kind = Layout
				}
				continue
			case seg == "$":
				segs = append(segs, "{rest...?}")
				continue
			}
			got, sure := mixed(strings.TrimSuffix(seg, "_"), dollarParam)
			if ok = ok && sure; ok {
				segs = append(segs, got)
			}
		}
		if ok {
			out = append(out, named(kind, "", segs, "TanStack Router")...)
		}
	}
	return out
}
