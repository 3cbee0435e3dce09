package route

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
)

// router is a framework that reads addresses off file names.
type router struct {
	name     string
	packages []string // a manifest that asks for one of them is such an app's
	configs  []string // so is a folder with one of these; without extension
	folders  []string
	routes   func(s *scan, f found) []Route
}

// found is a file in the folder of a router.
type found struct {
	app    string // folder of the app
	folder string // of the router, within the app
	rel    string // the file, within that
}

func routers() []router {
	return []router{
		{"Next.js", []string{"next"}, []string{"next.config"}, []string{"app", "pages", "src/app", "src/pages", "", "src"}, next},
		{"Nuxt", []string{"nuxt", "nuxt3", "nuxt-edge"}, []string{"nuxt.config"}, []string{"pages", "app/pages", "src/pages", "server", "layouts", "app/layouts", "", "app"}, nuxt},
		{"SvelteKit", []string{"@sveltejs/kit"}, nil, []string{"src/routes"}, svelte},
		{"Astro", []string{"astro"}, []string{"astro.config"}, []string{"src/pages"}, astro},
		{"Gatsby", []string{"gatsby"}, []string{"gatsby-config"}, []string{"src/pages", "src/api"}, gatsby},
		{"Expo Router", []string{"expo-router"}, nil, []string{"app", "src/app"}, expo},
		{"Remix", remixPackages, []string{"remix.config"}, []string{"app/routes", "app"}, remix},
		{"React Router", reactRouterPackages, []string{"react-router.config"}, []string{"app/routes", "app"}, remix},
	}
}

// files asks the routers that read file names.
func (s *scan) files(p string) []Route {
	_, ext := cutExt(p)
	if !slices.Contains([]string{"ts", "tsx", "js", "jsx", "mjs", "cjs", "vue", "svelte", "astro", "md", "mdx", "html", "markdown"}, ext) {
		return nil
	}
	for _, dir := range above(path.Dir(p)) {
		rel := strings.TrimPrefix(strings.TrimPrefix(p, dir), "/")
		if forTests(dir) {
			continue
		}
		for _, r := range routers() {
			for _, folder := range r.folders {
				in, ok := rel, folder == "" && !strings.Contains(rel, "/")
				if folder != "" {
					in, ok = strings.CutPrefix(rel, folder+"/")
				}
				if !ok || !s.marked(dir, r) {
					continue
				}
				if out := r.routes(s, found{dir, folder, in}); len(out) > 0 {
					for i := range out {
						out[i].App = dir
						out[i].Why = r.name + " " + out[i].Why
					}
					return out
				}
			}
		}
	}
	return nil
}

// marked says whether a folder is an app of the router.
func (s *scan) marked(dir string, r router) bool {
	deps := s.packages(dir)
	if slices.ContainsFunc(r.packages, func(name string) bool { return deps[name] != "" }) {
		return true
	}
	return slices.ContainsFunc(r.configs, func(name string) bool { return s.config(dir, name) != nil })
}

// packages returns what the manifest in a folder asks for, with its ranges.
func (s *scan) packages(dir string) map[string]string {
	var manifest struct {
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if json.Unmarshal(s.text(path.Join(dir, "package.json")), &manifest) != nil {
		return nil
	}
	out := map[string]string{}
	for name, version := range manifest.DevDependencies {
		out[name] = version + " "
	}
	for name, version := range manifest.Dependencies {
		out[name] = version + " "
	}
	return out
}

// config returns the configuration of a framework, whatever its extension.
func (s *scan) config(dir, name string) []byte {
	for _, ext := range []string{".ts", ".js", ".mjs", ".cjs", ".mts"} {
		if b := s.text(path.Join(dir, name+ext)); b != nil {
			return b
		}
	}
	return nil
}

// setting returns a string that is spelled out in a configuration, by the keys
// that lead to it; "" when there is none, or it is computed.
func setting(src []byte, keys ...string) string {
	c := lex(src, javascript)
	closing := c.closing()
	for i := range c {
		if !c.is(i, "{") {
			continue
		}
		at := i
		for n, key := range keys {
			v := c.prop(at, key, closing)
			if v == 0 {
				break
			}
			if n == len(keys)-1 {
				text, ok := c.str(v)
				if ok {
					return text
				}
				break
			}
			if !c.is(v, "{") {
				break
			}
			at = v
		}
	}
	return ""
}

// named makes a route of segments.
func named(kind Kind, base string, segs []string, why string) []Route {
	pattern := join(base, strings.Join(segs, "/"))
	if kind == Layout {
		pattern = below(pattern)
	}
	return []Route{{Pattern: pattern, Kind: kind, Why: why}}
}

// trimIndex drops a last "index".
func trimIndex(segs []string) []string {
	if n := len(segs); n > 0 && segs[n-1] == "index" {
		return segs[:n-1]
	}
	return segs
}
