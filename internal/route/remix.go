package route

import (
	"path"
	"slices"
	"strings"
)

var (
	remixPackages       = []string{"@remix-run/react", "@remix-run/dev", "@remix-run/node", "@remix-run/cloudflare"}
	reactRouterPackages = []string{"@react-router/dev", "@react-router/fs-routes"}
)

// remix reads Remix and React Router 7: app/routes.ts when it spells the routes
// out, flat file names, and the folders of Remix 1.
func remix(s *scan, f found) []Route {
	base := setting(s.config(f.app, "react-router.config"), "basename")
	stem, ext := cutExt(f.rel)
	if !slices.Contains([]string{"ts", "tsx", "js", "jsx", "md", "mdx"}, ext) {
		return nil
	}
	file := path.Join(f.app, f.folder, f.rel)
	if f.folder == "app" && stem == "root" {
		return named(Layout, base, nil, "root")
	}
	table := s.config(path.Join(f.app, "app"), "routes")
	if table != nil && !strings.Contains(string(table), "flatRoutes(") {
		inApp := strings.TrimPrefix(file, strings.TrimPrefix(path.Join(f.app, "app")+"/", "/"))
		return routeConfig(table, base, inApp)
	}
	if f.folder != "app/routes" {
		return nil
	}
	kind := Page
	if c := lex(s.text(file), javascript); ext != "md" && ext != "mdx" && len(c) > 0 && !c.has("default") {
		kind = API // a resource route has no component
	}
	if range1 := s.packages(f.app)["@remix-run/react"]; strings.HasPrefix(strings.TrimLeft(range1, "^~>=v "), "1") {
		return nestedRoute(stem, base, kind)
	}
	dir, name := path.Split(stem)
	if dir != "" {
		if strings.Count(dir, "/") > 1 || name != "route" && name != "index" {
			return nil
		}
		stem = strings.TrimSuffix(dir, "/")
	}
	return flatRoute(stem, base, kind)
}

// flatRoute reads a flat file name: "shop.$id_.edit", "_auth.login", "_index".
func flatRoute(stem, base string, kind Kind) []Route {
	parts, ok := flatParts(stem)
	if !ok || len(parts) == 0 {
		return nil
	}
	outs := [][]string{{}}
	add := func(seg string) {
		for i := range outs {
			outs[i] = append(slices.Clip(outs[i]), seg)
		}
	}
	for i, part := range parts {
		raw, last := part.text, i == len(parts)-1
		switch inner, optional := strings.CutPrefix(raw, "("); {
		case part.escaped:
			add(raw)
		case raw == "_index":
			if !last {
				return nil
			}
		case strings.HasPrefix(raw, "_"):
			if last {
				kind = Layout
			}
		case raw == "$":
			add("{rest...?}")
		case optional && strings.HasSuffix(inner, ")"):
			inner = strings.TrimSuffix(inner, ")")
			if name, ok := strings.CutPrefix(inner, "$"); ok {
				add("{" + name + "?}")
				break
			}
			without := slices.Clone(outs)
			add(inner)
			outs = append(outs, without...)
			if len(outs) > 16 {
				return nil
			}
		default:
			raw = strings.TrimSuffix(raw, "_")
			if name, ok := strings.CutPrefix(raw, "$"); ok && paramName.MatchString(name) {
				raw = "{" + name + "}"
			}
			if strings.ContainsAny(raw, "$()") {
				return nil
			}
			add(raw)
		}
	}
	var all []Route
	for _, segs := range outs {
		all = append(all, named(kind, base, segs, "file routes")...)
	}
	return all
}

// flatPart is a piece between dots; an escaped one is taken as it stands.
type flatPart struct {
	text    string
	escaped bool
}

// flatParts cuts at dots outside of square brackets, which escape.
func flatParts(stem string) ([]flatPart, bool) {
	var out []flatPart
	var cur flatPart
	in := false
	for _, r := range stem {
		switch {
		case r == '[' && !in:
			in, cur.escaped = true, true
		case r == ']' && in:
			in = false
		case r == '.' && !in:
			out = append(out, cur)
			cur = flatPart{}
		default:
			cur.text += string(r)
		}
	}
	return append(out, cur), !in
}

// nestedRoute reads the folders of Remix 1: "__auth/shop/$id", "sitemap[.]xml".
func nestedRoute(stem, base string, kind Kind) []Route {
	var out []string
	parts, ok := flatParts(strings.ReplaceAll(stem, "/", "."))
	if !ok {
		return nil
	}
	for i, part := range parts {
		raw, last := part.text, i == len(parts)-1
		switch {
		case part.escaped:
			out = append(out, raw)
		case raw == "index" && last:
		case strings.HasPrefix(raw, "__"):
			if last {
				kind = Layout
			}
		case raw == "$":
			out = append(out, "{rest...?}")
		default:
			if name, ok := strings.CutPrefix(raw, "$"); ok {
				raw = "{" + name + "}"
			}
			out = append(out, raw)
		}
	}
	return named(kind, base, out, "file routes")
}

// routeTable reads app/routes.ts of React Router 7.
type routeTable struct {
	code
	closing []int
	file    string // of the route asked for, "" for all
	out     []Route
}

// routeConfig returns the routes whose module is file, or all when file is the
// table itself.
func routeConfig(src []byte, base, file string) []Route {
	c := lex(src, javascript)
	t := &routeTable{code: c, closing: c.closing(), file: file}
	if stem, _ := cutExt(file); stem == "routes" {
		t.file = ""
	}
	for i := range c {
		// The table is what is exported: helpers before it are not followed.
		if c.seq(i, "export", "default") {
			for j := i + 2; j < min(len(c), i+8); j++ {
				if c.is(j, "[") && c.at(j-1).text != "]" && t.closing[j] > j+1 {
					t.list(j, base, 0)
					return t.out
				}
			}
		}
	}
	return nil
}

func (t *routeTable) emit(kind Kind, prefix, module string) {
	if t.file == "" || path.Clean(module) == t.file {
		t.out = append(t.out, named(kind, prefix, nil, "app/routes.ts")...)
	}
}

// list reads the entries of the list that opens at i.
func (t *routeTable) list(i int, prefix string, depth int) {
	args := t.args(i, t.closing)
	if depth > maxDepth || len(args) == 0 {
		return
	}
	for _, at := range args[:len(args)-1] {
		if t.is(at, "...") {
			at++
		}
		if t.at(at).sort == word && t.is(at+1, "(") && t.closing[at+1] > 0 {
			t.entry(at, prefix, depth)
		}
	}
}

// entry reads route(…), index(…), layout(…) or prefix(…).
func (t *routeTable) entry(at int, prefix string, depth int) {
	args := t.args(at+1, t.closing)
	first, ok := t.str(args[0])
	if !ok {
		return
	}
	children := func(prefix string) {
		for _, a := range args[1 : len(args)-1] {
			if t.is(a, "[") {
				t.list(a, prefix, depth+1)
			}
		}
	}
	switch t.at(at).text {
	case "index":
		t.emit(Page, prefix, first)
	case "layout":
		t.emit(Layout, prefix, first)
		children(prefix)
	case "prefix":
		if p, ok := colon(first); ok {
			children(join(prefix, p))
		}
	case "route":
		p, ok := colon(first)
		if !ok {
			return
		}
		module, ok := t.str(args[1])
		if ok && p != "/{rest...?}" {
			t.emit(Page, join(prefix, p), module)
		}
		children(join(prefix, p))
	}
}
