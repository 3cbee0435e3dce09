package npm

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// maxConfig bounds the settings of one unit that are read for paths.
const maxConfig = 1 << 20

// settingsFiles follows the settings of a unit out of its folder: what its
// tsconfig files extend and refer to, and what its build's settings import.
func (s *session) settingsFiles(u *unit) {
	for _, base := range s.byDir[u.Dir] {
		file := path.Join(u.Dir, base)
		switch {
		case strings.HasPrefix(base, "tsconfig"):
			scope := workspace.Ship
			if checksFile(base) {
				scope = workspace.Verify
			}
			s.tsconfig(u, file, scope, map[string]bool{})
		case strings.Contains(base, ".config.") || base == ".babelrc" || base == ".swcrc":
			if u.Dir != "" {
				s.imports(u, file)
			}
		}
	}
}

// checksFile tells settings that are for tests and lint rules.
func checksFile(base string) bool {
	for _, w := range []string{"eslint", "prettier", "jest", "vitest", "playwright", "cypress", "spec", "test", "e2e", "stylelint", "lint", "knip", "karma"} {
		if strings.Contains(base, w) {
			return true
		}
	}
	return false
}

// tsFile is what we read of a tsconfig.
type tsFile struct {
	Extends    json.RawMessage `json:"extends"`
	References []struct {
		Path string `json:"path"`
	} `json:"references"`
	Files    []string `json:"files"`
	Include  []string `json:"include"`
	Compiler struct {
		BaseURL string              `json:"baseUrl"`
		Paths   map[string][]string `json:"paths"`
	} `json:"compilerOptions"`
}

// tsconfig follows one tsconfig and what it extends.
func (s *session) tsconfig(u *unit, file string, scope workspace.Scope, seen map[string]bool) {
	if seen[file] || len(seen) > 32 {
		return
	}
	seen[file] = true
	data, err := s.tree.Read(file)
	if err != nil || len(data) > maxConfig {
		return
	}
	var f tsFile
	if err := readJSONC(data, &f); err != nil {
		return // its own text is an input all the same
	}
	dir := clean(path.Dir(file))
	for _, ref := range f.References {
		to := join(dir, ref.Path)
		if strings.HasSuffix(to, ".json") {
			to = clean(path.Dir(to))
		}
		if owner := s.owner(to); owner != u.Dir && owner != "" {
			u.need(owner, scope, "tsconfig references")
		}
	}
	inherited := len(seen) > 1
	if !inherited {
		for _, targets := range f.Compiler.Paths {
			for _, t := range targets {
				s.tsPath(u, join(join(dir, f.Compiler.BaseURL), t), scope, "tsconfig paths")
			}
		}
		for _, p := range append(f.Files, f.Include...) {
			s.tsPath(u, join(dir, p), scope, "tsconfig include")
		}
	}
	var extends []string
	if json.Unmarshal(f.Extends, &extends) != nil {
		var one string
		field(f.Extends, &one)
		extends = []string{one}
	}
	for _, e := range extends {
		s.extend(u, dir, e, scope, seen)
	}
}

// tsPath makes what a tsconfig names outside of the unit part of it.
func (s *session) tsPath(u *unit, p string, scope workspace.Scope, via string) {
	if i := strings.IndexAny(p, "*{"); i >= 0 {
		p = clean(path.Dir(p[:i] + "x"))
	}
	if p == "" || strings.HasPrefix(p, "..") || within(u.Dir, p) || within(p, u.Dir) || strings.Contains(p, "node_modules") {
		return
	}
	if owner := s.owner(p); owner != "" && owner != u.Dir {
		u.need(owner, scope, via)
		return
	}
	if s.tree.Hash(p) != "" {
		u.input(literal(p), scope, via)
		return
	}
	u.input(literal(p)+"/**", scope, via)
}

// extend follows "extends" to a file or a package.
func (s *session) extend(u *unit, dir, to string, scope workspace.Scope, seen map[string]bool) {
	if to == "" {
		return
	}
	if !strings.HasPrefix(to, ".") {
		name := nameOf(to)
		if owner, ok := u.home.names[name]; ok {
			u.need(owner, scope, "tsconfig extends")
		}
		return
	}
	for _, ending := range []string{"", ".json", "/tsconfig.json"} {
		file := join(dir, to+ending)
		if s.tree.Hash(file) == "" {
			continue
		}
		switch owner := s.owner(file); {
		case within(u.Dir, file) && (owner == u.Dir || u.Dir == ""):
		case owner != "":
			u.need(owner, scope, "tsconfig extends")
		default:
			s.baseConfig(u, file, scope)
		}
		s.tsconfig(u, file, scope, seen)
		return
	}
}

// baseConfig takes a shared tsconfig in by content: which names lead where
// concerns the units that they lead to and, through them, their users.
func (s *session) baseConfig(u *unit, file string, scope workspace.Scope) {
	data, err := s.tree.Read(file)
	if err != nil {
		return
	}
	var all map[string]json.RawMessage
	var options map[string]json.RawMessage
	if readJSONC(data, &all) != nil {
		u.input(literal(file), scope, "tsconfig extends")
		return
	}
	field(all["compilerOptions"], &options)
	prefix := ""
	if scope == workspace.Verify {
		prefix = workspace.VerifyPrefix
	}
	var paths map[string][]string
	field(options["paths"], &paths)
	delete(options, "paths")
	delete(all, "compilerOptions")
	rest, _ := json.Marshal([]any{all, options}) // both were just decoded
	u.External[prefix+file] = hash(rest)
	s.claimed[file] = true
	for _, name := range sortedKeys(paths) {
		for _, t := range paths[name] {
			if to := join(clean(path.Dir(file)), t); u.Dir != "" && within(u.Dir, to) {
				u.External[prefix+"tsconfig path "+name] = strings.TrimPrefix(to, u.Dir+"/")
			}
		}
	}
}

// imports finds the files out of its folder that a unit's settings name in
// quotes by a relative path.
func (s *session) imports(u *unit, file string) {
	scope := workspace.Ship
	if checksFile(path.Base(file)) {
		scope = workspace.Verify
	}
	data, err := s.tree.Read(file)
	if err != nil || len(data) > maxConfig || !strings.Contains(string(data), "../") {
		return
	}
	for i, part := range strings.FieldsFunc(string(data), func(r rune) bool { return r == '"' || r == '\'' || r == '`' || r == '\n' }) {
		if i > 4096 {
			return
		}
		if strings.HasPrefix(part, "../") {
			s.outer(u, part, scope, path.Base(file))
		}
	}
}

// scriptPaths finds the paths out of its folder that a unit's scripts name.
func (s *session) scriptPaths(u *unit) {
	if u.Dir == "" || u.Manifest == "" {
		return
	}
	for _, name := range sortedKeys(u.manifest.scripts) {
		scope := workspace.Ship
		if !shipScript(name) {
			scope = workspace.Verify
		}
		for _, word := range strings.FieldsFunc(u.manifest.scripts[name], func(r rune) bool { return strings.ContainsRune(" \t\n&|;()'\"=,", r) }) {
			if strings.HasPrefix(word, "../") || strings.HasPrefix(word, "./../") {
				s.outer(u, word, scope, "script "+name)
			}
		}
	}
}

// outer makes a path out of a unit's folder part of it, if there is such a file,
// folder or unit in the tree.
func (s *session) outer(u *unit, rel string, scope workspace.Scope, why string) {
	rel, _, _ = strings.Cut(rel, "*")
	to := join(u.Dir, rel)
	if to == "" || strings.HasPrefix(to, "..") || within(u.Dir, to) || within(to, u.Dir) || strings.Contains(to, "node_modules") {
		return
	}
	for _, ending := range []string{"", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".json", ".tsx", "/index.ts", "/index.js"} {
		if s.tree.Hash(to+ending) == "" {
			continue
		}
		if owner := s.owner(to); owner != "" {
			u.need(owner, scope, why)
		} else {
			u.input(literal(to+ending), scope, why)
		}
		return
	}
	if owner := s.owner(to); owner != "" {
		u.need(owner, scope, why)
		return
	}
	if s.folder(to) {
		u.input(literal(to)+"/**", scope, why)
	}
}
