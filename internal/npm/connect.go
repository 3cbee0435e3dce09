package npm

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// connect finds what every unit needs: units, packages from outside, and what
// its manifest says by itself.
func (s *session) connect() {
	for _, h := range s.homes {
		for _, dir := range h.members {
			if s.ctx.Err() != nil {
				return
			}
			s.connectUnit(s.units[dir])
		}
	}
}

// roots are the packages that a unit asks for by itself.
type roots struct {
	ship, verify []int
}

func (s *session) connectUnit(u *unit) {
	m, l := u.manifest, u.lock
	wants := m.wants()
	if l != nil && !l.has(u.Dir) && len(wants) > 0 {
		s.problem(u.Manifest, "is not in "+l.path+": what is installed for it is unknown", u.Dir)
	}
	var r roots
	u.named = map[string]bool{}
	for _, w := range wants {
		u.named[w.name] = true
		s.want(u, w, &r)
	}
	s.borrow(u, &r)
	s.install(u, r)
	if u.Manifest != "" {
		u.External["package.json"] = m.print()
		u.External[workspace.VerifyPrefix+"package.json"] = s.tree.Hash(u.Manifest)
	}
	for k, v := range u.home.settings {
		u.External["setting "+k] = v
	}
}

// want follows one declared dependency.
func (s *session) want(u *unit, w spec, r *roots) {
	scope := workspace.Ship
	if w.field == "devDependencies" && checks(w.name) {
		scope = workspace.Verify
	}
	if s.wantPath(u, w, scope) {
		return
	}
	t := noTarget()
	if u.lock != nil {
		t = u.lock.direct(u.Dir, w.name, w.want)
	}
	if t.none() && s.wantName(u, w, scope) {
		return
	}
	switch {
	case t.unit:
		s.wantDir(u, t.dir, scope, w.field)
	case t.pkg >= 0 && scope == workspace.Ship:
		r.ship = append(r.ship, t.pkg)
	case t.pkg >= 0:
		r.verify = append(r.verify, t.pkg)
	case w.field == "peerDependencies" && u.lock != nil:
		// Whoever uses the unit brings it.
	default:
		s.unlocked(u, w, scope)
	}
}

// unlocked notes a dependency that no lockfile resolves by what is asked for.
func (s *session) unlocked(u *unit, w spec, scope workspace.Scope) {
	want := w.want
	if name, ok := strings.CutPrefix(want, "catalog:"); ok {
		if name == "" {
			name = "default"
		}
		want = u.home.catalogs[name+" "+w.name]
	}
	key := w.name + " (not locked)"
	if scope == workspace.Verify {
		key = workspace.VerifyPrefix + key
	}
	u.External[key] = want
}

// wantPath follows file:, link:, portal: and paths in workspace:.
func (s *session) wantPath(u *unit, w spec, scope workspace.Scope) bool {
	rel := w.want
	for _, p := range []string{"workspace:", "file:", "link:", "portal:"} {
		rel = strings.TrimPrefix(rel, p)
	}
	if !strings.HasPrefix(rel, ".") || strings.ContainsAny(rel, "*^~") {
		return false
	}
	return s.wantDir(u, join(u.Dir, rel), scope, w.field)
}

// wantDir makes a folder or file of the tree part of a unit: the unit that it is
// or lies in, else its files.
func (s *session) wantDir(u *unit, dir string, scope workspace.Scope, via string) bool {
	if s.units[dir] != nil {
		u.need(dir, scope, via)
		return true
	}
	if strings.HasPrefix(dir, "../") || dir == ".." || within(u.Dir, dir) && u.Dir != "" {
		return true // out of the tree, or its own
	}
	if s.tree.Hash(dir) != "" {
		u.input(literal(dir), scope, via)
		return true
	}
	if owner := s.owner(dir); owner != "" && owner != u.Dir {
		u.need(owner, scope, via)
		return true
	}
	u.input(literal(dir)+"/**", scope, via)
	return true
}

// owner is the deepest unit around a path, "" for the root.
func (s *session) owner(p string) string {
	for p != "" && p != "." && p != "/" {
		if s.units[p] != nil {
			return p
		}
		p = path.Dir(p)
	}
	return ""
}

// wantName follows a dependency to the workspace package of its name: by the
// workspace protocol, or because no lockfile says otherwise.
func (s *session) wantName(u *unit, w spec, scope workspace.Scope) bool {
	name := w.name
	if alias, ok := strings.CutPrefix(w.want, "workspace:"); ok {
		if i := strings.LastIndexByte(alias, '@'); i > 0 {
			name = alias[:i]
		}
	}
	dir, ok := u.home.names[name]
	if !ok || strings.Contains(w.want, "://") || strings.HasPrefix(w.want, "npm:") {
		return false
	}
	u.need(dir, scope, w.field)
	return true
}

// borrow adds the packages of the root that a unit uses without declaring them,
// for they are found from its folder: tools that its scripts call, what its
// sources import where nothing else says so, and all of them when it has no
// manifest of its own and nothing of it was read.
func (s *session) borrow(u *unit, r *roots) {
	root := u.home.manifest
	if root == nil || u.Dir == u.home.dir || u.home.lock == nil {
		return
	}
	words := scriptWords(u.manifest)
	all := u.imports == nil && !s.exists(u.Dir, "package.json")
	for _, w := range root.wants() {
		used := all || words[path.Base(w.name)] || words[tool(w.name)] || u.imports[w.name] ||
			u.imports != nil && (builds(w.name) || u.project != nil && strings.Contains(u.project.text, `"`+w.name+`:`))
		if u.named[w.name] || !used {
			continue
		}
		t := u.home.lock.direct(u.home.dir, w.name, w.want)
		switch {
		case t.pkg < 0:
		case checks(w.name):
			r.verify = append(r.verify, t.pkg)
		default:
			r.ship = append(r.ship, t.pkg)
		}
	}
}

// scriptWords are the words of the scripts that ship, without folders.
func scriptWords(m *manifest) map[string]bool {
	words := map[string]bool{}
	for name, script := range m.scripts {
		if !shipScript(name) {
			continue
		}
		for word := range strings.FieldsFuncSeq(script, func(r rune) bool { return strings.ContainsRune(" \t\n&|;()'\"=", r) }) {
			words[path.Base(word)] = true
		}
	}
	return words
}

// builds tells packages that have a hand in every build of a repository that has
// them in its root.
func builds(name string) bool {
	switch name {
	case "typescript", "tslib", "vite", "webpack", "esbuild", "rollup", "rolldown", "tsup", "@swc/core", "@swc/helpers", "@babel/core",
		"postcss", "tailwindcss", "autoprefixer", "sass", "less", "metro", "@angular/compiler-cli", "@angular/build", "zone.js":
		return true
	}
	return false
}

// tool is the command of a package that is called otherwise.
func tool(name string) string {
	switch name {
	case "typescript":
		return "tsc"
	case "@angular/cli":
		return "ng"
	case "@nestjs/cli":
		return "nest"
	case "@sveltejs/package":
		return "svelte-package"
	case "@swc/cli":
		return "swc"
	case "@babel/cli":
		return "babel"
	case "@microsoft/api-extractor":
		return "api-extractor"
	case "@vercel/ncc":
		return "ncc"
	case "@vue/cli-service":
		return "vue-cli-service"
	case "@remix-run/dev":
		return "remix"
	case "@react-router/dev":
		return "react-router"
	case "@expo/cli":
		return "expo"
	case "@tailwindcss/cli":
		return "tailwindcss"
	case "@preconstruct/cli":
		return "preconstruct"
	}
	return name
}

// maxListed is how large a closure is listed package by package. Larger ones
// are told by what the unit asks for itself, each with all below it: two closures
// differ just the same, for one that grows past the limit is another anyway.
const maxListed = 256

// install fills the closure of a unit.
func (s *session) install(u *unit, r roots) {
	l := u.lock
	if l == nil {
		return
	}
	seen := make([]bool, len(l.pkgs))
	ship := l.walk(r.ship, seen, func(dir, via string) { s.wantDir(u, dir, workspace.Ship, via) })
	verify := l.walk(r.verify, seen, func(dir, via string) { s.wantDir(u, dir, workspace.Verify, via) })
	before := u.External
	u.External = make(map[string]string, len(before)+len(l.settings)+len(u.home.settings)+min(len(ship), maxListed)+min(len(verify), maxListed)+4)
	maps.Copy(u.External, before)
	for k, v := range l.settings {
		u.External["setting "+k] = v
	}
	u.list("", r.ship, ship)
	u.list(workspace.VerifyPrefix, r.verify, verify)
	u.marks("", workspace.Ship, ship)
	u.marks(workspace.VerifyPrefix, workspace.Verify, verify)
}

// list puts a closure into External.
func (u *unit) list(prefix string, direct, all []int) {
	put := func(key, print string) {
		key = prefix + key
		if other, ok := u.External[key]; ok && other != print {
			print = other + " " + print
		}
		u.External[key] = print
	}
	if len(all) <= maxListed {
		for _, i := range all {
			put(u.lock.pkgs[i].key, u.lock.pkgs[i].print)
		}
		return
	}
	for _, i := range direct {
		put(u.lock.pkgs[i].key+" and below", u.lock.tower[i])
	}
}

// marks notes what else is done to the packages of a closure: patches, and
// whether their install scripts run.
func (u *unit) marks(prefix string, scope workspace.Scope, all []int) {
	patches := slices.Concat(u.lock.patches, u.home.patches)
	if len(patches) == 0 && len(u.home.built) == 0 {
		return
	}
	names := make(map[string]bool, len(all))
	for _, i := range all {
		names[u.lock.pkgs[i].name] = true
	}
	for _, p := range patches {
		if names[p.name] {
			u.input(literal(p.file), scope, "patch of "+p.name)
		}
	}
	for name, how := range u.home.built {
		if names[name] {
			u.External[prefix+"scripts of "+name] = how
		}
	}
}

// checks tells packages that by their name only check or format.
func checks(name string) bool {
	scope, bare, ok := strings.Cut(name, "/")
	if !ok {
		bare, scope = name, ""
	}
	switch scope {
	case "@typescript-eslint", "@vitest", "@jest", "@testing-library", "@commitlint", "@storybook", "@playwright", "@cypress",
		"@changesets", "@chromatic-com", "@stylistic", "@eslint", "@biomejs", "@manypkg", "@arethetypeswrong", "@axe-core", "@percy":
		return true
	}
	for word := range strings.FieldsFuncSeq(bare, func(r rune) bool { return r == '-' || r == '.' || r == '_' }) {
		switch word {
		case "eslint", "tslint", "prettier", "stylelint", "oxlint", "jest", "vitest", "mocha", "chai", "cypress", "playwright",
			"commitlint", "husky", "storybook", "jasmine", "karma", "sinon", "supertest", "nyc", "c8", "knip", "depcheck", "e2e",
			"lint", "linter", "lintstaged", "publint", "biome", "testcafe", "puppeteer", "nock", "syncpack", "chromatic":
			return true
		}
	}
	return bare == "lint-staged" || strings.HasSuffix(bare, "test-utils") || strings.HasSuffix(bare, "testing-utils")
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
