package route

import (
	"path"
	"slices"
	"strings"
)

// nuxt reads Nuxt 2 to 4: pages/, server/, layouts/ and the app itself.
func nuxt(s *scan, f found) []Route {
	config := s.config(f.app, "nuxt.config")
	if f.folder == "src/pages" && strings.Trim(setting(config, "srcDir"), "./") != "src" {
		return nil
	}
	base := setting(config, "app", "baseURL")
	stem, ext := cutExt(f.rel)
	switch {
	case path.Base(f.folder) == "pages":
		deps := s.packages(f.app)
		return nuxtPage(stem, ext, base, strings.HasPrefix(strings.TrimLeft(deps["nuxt"], "^~>=v "), "2"))
	case f.folder == "server":
		return nitro(f.rel, base)
	case path.Base(f.folder) == "layouts" && stem == "default" && ext == "vue",
		(f.folder == "" || f.folder == "app") && (f.rel == "app.vue" || f.rel == "error.vue"):
		return named(Layout, base, nil, stem)
	}
	return nil
}

func nuxtPage(stem, ext, base string, two bool) []Route {
	if !slices.Contains([]string{"vue", "ts", "tsx", "js", "jsx"}, ext) {
		return nil
	}
	stem = strings.TrimSuffix(strings.TrimSuffix(stem, ".client"), ".server")
	segs := split(stem)
	if two {
		for i, seg := range segs {
			if name, ok := strings.CutPrefix(seg, "_"); ok && name == "" {
				segs[i] = "[...rest]"
			} else if ok {
				segs[i] = "[" + name + "]"
			}
		}
	}
	// A folder's index may have lost its word before groups go: "(shop)/index".
	out, ok := folders(trimIndex(segs), true)
	if !ok {
		return nil
	}
	return named(Page, base, out, "pages")
}

// nitro reads Nuxt's server folder: "api/users/[id].get.ts".
func nitro(rel, base string) []Route {
	stem, ext := cutExt(rel)
	if ext != "ts" && ext != "js" && ext != "mjs" {
		return nil
	}
	top, rest, _ := strings.Cut(stem, "/")
	switch top {
	case "middleware":
		return named(Layout, base, nil, "server middleware")
	case "api":
		rest = "api/" + rest
	case "routes":
	default:
		return nil
	}
	if bare, method := cutExt(rest); slices.Contains([]string{"get", "post", "put", "patch", "delete", "head", "options", "dev", "prod"}, method) {
		rest = bare
	}
	out, ok := folders(trimIndex(split(rest)), true)
	if !ok {
		return nil
	}
	return named(API, base, out, "server route")
}

// svelte reads SvelteKit's src/routes.
func svelte(s *scan, f found) []Route {
	name := path.Base(f.rel)
	if !strings.HasPrefix(name, "+") {
		return nil
	}
	segs, ok := folders(split(path.Dir(f.rel)), true)
	if !ok {
		return nil
	}
	base := setting(s.config(f.app, "svelte.config"), "paths", "base")
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "+"), ".")
	name, _, _ = strings.Cut(name, "@")
	switch name {
	case "page":
		return named(Page, base, segs, "+page")
	case "server":
		return named(API, base, segs, "+server")
	case "layout", "error":
		return named(Layout, base, segs, "+"+name)
	}
	return nil
}

// astro reads Astro's src/pages: pages and endpoints.
func astro(s *scan, f found) []Route {
	stem, ext := cutExt(f.rel)
	kind, why := Page, "pages"
	switch ext {
	case "astro", "md", "mdx", "html", "markdown":
	case "ts", "js":
		kind, why = API, "endpoint"
	default:
		return nil
	}
	if strings.HasPrefix(stem, "_") || strings.Contains(stem, "/_") || stem == "404" || stem == "500" {
		return nil
	}
	segs := trimIndex(split(stem))
	out := []string{}
	for _, seg := range segs {
		got, ok := square(seg, true)
		if !ok {
			return nil
		}
		out = append(out, got)
	}
	return named(kind, setting(s.config(f.app, "astro.config"), "base"), out, why)
}

// gatsby reads Gatsby's src/pages and src/api.
func gatsby(_ *scan, f found) []Route {
	stem, ext := cutExt(f.rel)
	if !slices.Contains([]string{"js", "jsx", "ts", "tsx", "md", "mdx"}, ext) || stem == "404" || stem == "500" {
		return nil
	}
	out := []string{}
	for _, seg := range trimIndex(split(stem)) {
		// "{Product.fields__slug}" is a page for each product.
		if in, ok := strings.CutPrefix(seg, "{"); ok {
			_, field, dotted := strings.Cut(strings.TrimSuffix(in, "}"), ".")
			field = field[strings.LastIndex(field, "_")+1:]
			if !strings.HasSuffix(in, "}") || !dotted || !paramName.MatchString(field) {
				return nil
			}
			out = append(out, "{"+field+"}")
			continue
		}
		got, ok := square(seg, true)
		if !ok {
			return nil
		}
		out = append(out, got)
	}
	if f.folder == "src/api" {
		return named(API, "/api", out, "function")
	}
	return named(Page, "", out, "pages")
}

// expo reads Expo Router's app/, as it is on the web.
func expo(s *scan, f found) []Route {
	stem, ext := cutExt(f.rel)
	if !slices.Contains([]string{"js", "jsx", "ts", "tsx"}, ext) {
		return nil
	}
	for _, native := range []string{".ios", ".android", ".native"} {
		if strings.HasSuffix(stem, native) {
			return nil
		}
	}
	stem = strings.TrimSuffix(stem, ".web")
	base := setting(s.text(path.Join(f.app, "app.json")), "experiments", "baseUrl")
	dir, name := path.Split(stem)
	kind, why, segs := Page, "page", split(strings.TrimSuffix(stem, "/"))
	switch bare, api := strings.CutSuffix(name, "+api"); {
	case name == "_layout":
		kind, why, segs = Layout, "layout", split(strings.TrimSuffix(dir, "/"))
	case name == "+html":
		kind, why, segs = Layout, "+html", nil
	case api:
		kind, why, segs = API, "API route", split(dir+bare)
	case strings.HasPrefix(name, "+"):
		return nil
	}
	out, ok := folders(trimIndex(segs), false)
	if !ok {
		return nil
	}
	return named(kind, base, out, why)
}
