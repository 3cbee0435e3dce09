package npm

import (
	"path"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// The bounds of what is read of source text for imports.
const (
	maxSource  = 2 << 20
	maxSources = 200_000
)

// nxImports reads the imports of projects without a package.json, for nothing
// else says what they need: names that the root tsconfig's paths lead somewhere,
// names of other projects, and relative paths out of the folder.
func (s *session) nxImports(h *home) {
	bare := map[string]bool{}
	for _, dir := range h.members {
		if dir != h.dir && len(s.units[dir].manifest.wants()) == 0 {
			bare[dir] = true
		}
	}
	if len(bare) == 0 {
		return
	}
	alias := s.rootPaths(h)
	for name, targets := range alias {
		for _, to := range targets {
			if u := s.units[s.owner(to)]; u != nil && u.Dir != h.dir {
				u.External["tsconfig path "+name] = strings.TrimPrefix(to, u.Dir+"/")
			}
		}
	}
	count := 0
	for _, f := range s.tree.Files() {
		if !within(h.dir, f) || !source(f) || outside(f) {
			continue
		}
		dir := s.owner(path.Dir(f))
		u := s.units[dir]
		if u == nil || !bare[dir] {
			continue
		}
		if count++; count > maxSources || s.ctx.Err() != nil {
			s.homeProblem(h, "nx.json", "has too many sources to read the imports of")
			return
		}
		scope := workspace.Ship
		if testFile(f[len(dir)+1:]) {
			scope = workspace.Verify
		}
		if u.imports == nil {
			u.imports = map[string]bool{}
		}
		for _, name := range s.reader.importsOf(s, f) {
			s.follow(u, f, name, alias, scope)
			if scope == workspace.Ship && !strings.HasPrefix(name, ".") {
				u.imports[nameOf(name)] = true
			}
		}
	}
}

// source tells files that import.
func source(f string) bool {
	switch path.Ext(f) {
	case ".ts", ".tsx", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".vue", ".svelte", ".astro", ".scss", ".sass", ".css", ".less":
		return !strings.HasSuffix(f, ".d.ts") && !strings.HasSuffix(f, ".min.js")
	}
	return false
}

// testFile tells files whose imports ship nothing.
func testFile(rel string) bool {
	base := path.Base(rel)
	for _, mark := range []string{".test.", ".spec.", ".stories.", ".cy.", "jest.config.", "vitest.config.", "eslint.config.", "playwright.config.", "cypress.config."} {
		if strings.Contains(base, mark) || strings.HasPrefix(base, mark) {
			return true
		}
	}
	return strings.Contains("/"+rel, "/__tests__/")
}

// rootPaths are the names that the root's tsconfig leads to folders.
func (s *session) rootPaths(h *home) map[string][]string {
	out := map[string][]string{}
	for _, name := range []string{"tsconfig.base.json", "tsconfig.json"} {
		data, err := s.tree.Read(path.Join(h.dir, name))
		if err != nil || len(data) > maxConfig {
			continue
		}
		var f tsFile
		if readJSONC(data, &f) != nil {
			continue
		}
		for alias, targets := range f.Compiler.Paths {
			for _, t := range targets {
				out[alias] = append(out[alias], join(join(h.dir, f.Compiler.BaseURL), t))
			}
		}
	}
	return out
}

// follow makes an import a need.
func (s *session) follow(u *unit, file, name string, alias map[string][]string, scope workspace.Scope) {
	if strings.HasPrefix(name, ".") {
		if to := join(clean(path.Dir(file)), name); !within(u.Dir, to) && !strings.HasPrefix(to, "..") {
			if owner := s.owner(to); owner != "" {
				u.need(owner, scope, "import")
			} else {
				u.input(literal(to)+"{,.*,/**}", scope, "import")
			}
		}
		return
	}
	for prefix := name; prefix != "" && prefix != "."; prefix = clean(path.Dir(prefix)) {
		for _, key := range []string{prefix, prefix + "/*"} {
			for _, to := range alias[key] {
				if key == prefix+"/*" && prefix == name {
					continue
				}
				if i := strings.IndexByte(to, '*'); i >= 0 {
					to = strings.Replace(to, "*", strings.TrimPrefix(name, prefix+"/"), 1)
				}
				if owner := s.owner(clean(to)); owner != "" && owner != u.Dir {
					u.need(owner, scope, "import "+name)
				}
			}
		}
		if dir, ok := u.home.names[prefix]; ok && dir != u.Dir {
			u.need(dir, scope, "import "+name)
		}
	}
}

// importsOf returns the quoted names that a source imports, remembered by the
// file's content.
func (r *Reader) importsOf(s *session, file string) []string {
	sum := s.tree.Hash(file)
	r.mu.Lock()
	names, ok := r.imports[sum]
	r.mu.Unlock()
	if ok {
		return names
	}
	data, err := s.tree.Read(file)
	if err != nil || len(data) > maxSource {
		return nil
	}
	names = scanImports(string(data))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.imports[sum] = names
	return names
}

// scanImports finds what stands in quotes behind from, import, require, @import
// and @use. It reads comments too: one need too many is no harm, one too few is.
func scanImports(src string) []string {
	var out []string
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c != '"' && c != '\'' && c != '`' {
			continue
		}
		end := strings.IndexAny(src[i+1:min(len(src), i+1+512)], string(c)+"\n")
		if end < 0 || src[i+1+end] != c {
			continue
		}
		if imported(src[max(0, i-24):i]) && end > 0 {
			out = append(out, src[i+1:i+1+end])
			i += end + 1
		}
	}
	return out
}

// imported tells whether the text before a quote is that of an import.
func imported(before string) bool {
	before = strings.TrimRight(before, " \t\n(")
	for _, word := range []string{"from", "import", "require", "require.resolve", "@use", "@forward", "loadChildren:", "mock", "importOriginal", "url"} {
		if strings.HasSuffix(before, word) {
			return true
		}
	}
	return false
}
