package npm

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// look passes over the files once and keeps those that mean something.
func (s *session) look() {
	s.byDir = map[string][]string{}
	for _, f := range s.tree.Files() {
		base := f[strings.LastIndexByte(f, '/')+1:]
		if !telling(base) || outside(f) {
			continue
		}
		dir := strings.TrimSuffix(f[:len(f)-len(base)], "/")
		s.byDir[dir] = append(s.byDir[dir], base)
		if base == "package.json" || base == "project.json" && !slices.Contains(s.dirs, dir) {
			if n := len(s.dirs); n == 0 || s.dirs[n-1] != dir {
				s.dirs = append(s.dirs, dir)
			}
		}
	}
	slices.SortStableFunc(s.dirs, func(a, b string) int {
		if d := depth(a) - depth(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	s.dirs = slices.Compact(s.dirs)
}

func depth(dir string) int {
	if dir == "" {
		return 0
	}
	return strings.Count(dir, "/") + 1
}

// telling are the names of files that say what a folder is.
func telling(base string) bool {
	switch base {
	case "package.json", "project.json", "pnpm-workspace.yaml", "lerna.json", "rush.json", "nx.json", "workspace.json",
		"angular.json", "turbo.json", "turbo.jsonc", "pnpm-lock.yaml", "yarn.lock", "package-lock.json",
		"npm-shrinkwrap.json", "bun.lock", "bun.lockb", "Dockerfile", "vercel.json", "netlify.toml", "fly.toml",
		"wrangler.toml", "wrangler.json", "wrangler.jsonc", "app.json", "eas.json", "serverless.yml", "serverless.yaml",
		"Procfile", "render.yaml", "railway.json", "firebase.json", "index.html", ".babelrc", ".swcrc", ".postcssrc", "capacitor.config.ts":
		return true
	}
	return strings.HasPrefix(base, "tsconfig") && strings.HasSuffix(base, ".json") || strings.Contains(base, ".config.")
}

// outside tells files that were installed, not written.
func outside(f string) bool {
	return strings.HasPrefix(f, "node_modules/") || strings.Contains(f, "/node_modules/") ||
		strings.HasPrefix(f, "bower_components/") || strings.Contains(f, "/bower_components/") ||
		strings.HasPrefix(f, ".yarn/")
}

func (s *session) exists(dir, base string) bool { return s.tree.Hash(path.Join(dir, base)) != "" }

// lockNames are the lockfiles, those that say most about a mixed folder first.
func lockNames() []string {
	return []string{"pnpm-lock.yaml", "yarn.lock", "bun.lock", "package-lock.json", "npm-shrinkwrap.json", "bun.lockb"}
}

// findHomes finds the roots of workspaces and their members: shallow ones first,
// and a folder belongs to the first that claims it.
func (s *session) findHomes() {
	var homes []string
	homes = append(homes, s.dirs...)
	for dir := range s.byDir {
		// Some roots have no manifest of their own.
		if s.exists(dir, "pnpm-workspace.yaml") || s.exists(dir, "rush.json") || s.exists(dir, "nx.json") {
			homes = append(homes, dir)
		}
	}
	slices.SortFunc(homes, func(a, b string) int {
		if d := depth(a) - depth(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, dir := range slices.Compact(homes) {
		if s.units[dir] != nil || len(s.units) > maxUnits {
			continue
		}
		s.findHome(dir)
	}
	if len(s.units) > maxUnits {
		s.problem("", fmt.Sprintf("holds more than %d packages", maxUnits))
	}
}

// findHome makes a folder the root of a workspace if it is one.
func (s *session) findHome(dir string) {
	h := &home{dir: dir, names: map[string]string{}, settings: map[string]string{}, built: map[string]string{}, catalogs: map[string]string{}}
	m, broken := s.manifestOf(dir)
	h.manifest = m
	member, ok := s.membership(h)
	if !ok && !slices.ContainsFunc(lockNames(), func(n string) bool { return s.exists(dir, n) }) && s.covered(dir) {
		return // a fixture or a template: files of the unit around it
	}
	s.homes = append(s.homes, h)
	if s.exists(dir, "package.json") || ok {
		s.addUnit(h, dir, m, broken)
	}
	if member != nil {
		s.addMembers(h, member)
	}
}

// addMembers takes in the folders that a workspace names, and those that its
// members name as workspaces of their own.
func (s *session) addMembers(h *home, member func(string) bool) {
	members := []func(string) bool{member}
	for i := 0; i < len(members) && i < 100; i++ {
		for _, dir := range s.dirs {
			if s.units[dir] != nil || len(s.units) > maxUnits || !members[i](dir) {
				continue
			}
			m, broken := s.manifestOf(dir)
			s.addUnit(h, dir, m, broken)
			if m != nil && len(m.workspaces) > 0 {
				members = append(members, newGlobs(dir, m.workspaces).match)
			}
		}
	}
}

// covered tells whether a folder lies in one of a known home.
func (s *session) covered(dir string) bool {
	return slices.ContainsFunc(s.homes, func(h *home) bool { return within(h.dir, dir) })
}

// within tells whether dir is root or below it.
func within(root, dir string) bool {
	return root == "" || dir == root || strings.HasPrefix(dir, root) && dir[len(root)] == '/'
}

// manifestOf reads the package.json of a folder; a broken one is a problem once
// the folder is known to be a unit.
func (s *session) manifestOf(dir string) (*manifest, error) {
	data, err := s.tree.Read(path.Join(dir, "package.json"))
	if err != nil {
		if !s.exists(dir, "package.json") {
			return nil, nil
		}
		return nil, err
	}
	return readManifest(data)
}

// addUnit makes a folder a unit.
func (s *session) addUnit(h *home, dir string, m *manifest, broken error) {
	u := &unit{home: h, manifest: m, needed: map[string]int{}, inputs: map[string]int{}}
	u.Unit = workspace.Unit{ID: id(dir), Dir: dir, External: map[string]string{}}
	file := path.Join(dir, "package.json")
	if s.exists(dir, "package.json") {
		u.Manifest = file
		s.claimed[file] = true
	}
	if broken != nil {
		s.problem(file, "does not parse: "+broken.Error(), dir)
	}
	if m == nil {
		u.manifest = &manifest{}
	}
	u.Name = u.manifest.name
	if other, taken := h.names[u.Name]; taken && u.Name != "" && other != dir {
		s.problem(file, fmt.Sprintf("has the name %q of %s", u.Name, other), dir, other)
	} else if u.Name != "" {
		h.names[u.Name] = dir
	}
	h.members = append(h.members, dir)
	s.units[dir] = u
}

// membership reads which folders a root names; ok is false when it is no root of
// a workspace.
func (s *session) membership(h *home) (member func(string) bool, ok bool) {
	var any []func(string) bool
	if data, err := s.read(path.Join(h.dir, "pnpm-workspace.yaml")); err != nil {
		s.problem(path.Join(h.dir, "pnpm-workspace.yaml"), err.Error())
		return nil, true
	} else if data != nil {
		ok = true
		if f := s.pnpmMembers(h, data); f != nil {
			any = append(any, f)
		}
	}
	if h.manifest != nil && len(h.manifest.workspaces) > 0 {
		any = append(any, newGlobs(h.dir, h.manifest.workspaces).match)
	}
	any = append(any, s.lernaMembers(h)...)
	any = append(any, s.rushMembers(h)...)
	any = append(any, s.nxMembers(h)...)
	if s.exists(h.dir, "turbo.json") || s.exists(h.dir, "turbo.jsonc") {
		ok = ok || h.dir == ""
	}
	if len(any) == 0 {
		return nil, ok
	}
	return func(dir string) bool {
		return within(h.dir, dir) && slices.ContainsFunc(any, func(f func(string) bool) bool { return f(dir) })
	}, true
}

// pnpmMembers reads pnpm-workspace.yaml: the folders, and the settings in it.
func (s *session) pnpmMembers(h *home, data []byte) func(string) bool {
	file := path.Join(h.dir, "pnpm-workspace.yaml")
	docs, err := parseYAML(data)
	if err != nil {
		s.problem(file, "does not parse: "+err.Error())
		return nil
	}
	if len(docs) == 0 {
		return nil
	}
	h.pnpmSettings(docs[0])
	list := docs[0].get("packages").strings()
	if len(list) == 0 {
		return nil
	}
	return newGlobs(h.dir, list).match
}

// lernaMembers reads lerna.json.
func (s *session) lernaMembers(h *home) []func(string) bool {
	file := path.Join(h.dir, "lerna.json")
	data, err := s.read(file)
	if data == nil {
		if err != nil {
			s.problem(file, err.Error())
		}
		return nil
	}
	var f struct {
		Packages []string `json:"packages"`
	}
	if err := readJSONC(data, &f); err != nil {
		s.problem(file, "does not parse: "+err.Error())
	}
	if len(f.Packages) == 0 {
		return nil
	}
	return []func(string) bool{newGlobs(h.dir, f.Packages).match}
}

// rushMembers reads rush.json, a plain list.
func (s *session) rushMembers(h *home) []func(string) bool {
	file := path.Join(h.dir, "rush.json")
	data, err := s.read(file)
	if data == nil {
		if err != nil {
			s.problem(file, err.Error())
		}
		return nil
	}
	var f struct {
		Projects []struct {
			Folder string `json:"projectFolder"`
		} `json:"projects"`
	}
	if err := readJSONC(data, &f); err != nil {
		s.problem(file, "does not parse: "+err.Error())
	}
	folders := map[string]bool{}
	for _, p := range f.Projects {
		folders[join(h.dir, p.Folder)] = true
	}
	return []func(string) bool{func(dir string) bool { return folders[dir] }}
}

// folder tells whether there are files below a path.
func (s *session) folder(dir string) bool {
	all := s.tree.Files()
	i, _ := slices.BinarySearch(all, dir+"/")
	return i < len(all) && strings.HasPrefix(all[i], dir+"/")
}
