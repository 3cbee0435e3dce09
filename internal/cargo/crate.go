package cargo

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/postflight/postflight/internal/workspace"
)

// crate is one package.
type crate struct {
	dir, name, version string
	manifest           *manifest
	root               *root
	deps               []dep
}

// dep is one line of a dependency table.
type dep struct {
	key, name string // as it is called here, and its package
	scope     workspace.Scope
	via       string
	dir       string // of a path dependency
	local     bool
	table     table // with what it inherits
}

// root is what shares one Cargo.lock: a workspace, or a crate by itself.
type root struct {
	dir  string
	toml table
	lock *lock // nil when there is none
}

// readCrates makes crates of manifests: those of the repository, and of others'
// code those that a crate or a workspace names.
func (w *reading) readCrates() {
	var queue []string
	all := slices.Sorted(maps.Keys(w.manifests))
	for _, dir := range all {
		if !aside(dir) {
			queue = append(queue, dir)
		}
	}
	seen := map[string]bool{}
	for i := 0; i < len(queue); i++ {
		m := w.manifests[queue[i]]
		if seen[m.dir] {
			continue
		}
		seen[m.dir] = true
		ws, isRoot := m.toml["workspace"].(table)
		if isRoot {
			for _, dir := range all {
				if !seen[dir] && member(m.dir, ws, dir) {
					queue = append(queue, dir)
				}
			}
		}
		if _, ok := m.toml["package"].(table); !ok && m.broken == "" {
			if isRoot {
				w.out.Claimed = append(w.out.Claimed, path.Join(m.dir, "Cargo.toml"))
			}
			continue
		}
		c := w.crate(m)
		for _, d := range c.deps {
			if d.local && w.manifests[d.dir] != nil {
				queue = append(queue, d.dir)
			}
		}
	}
	w.complain()
}

// complain tells of broken manifests: of a workspace's, everything below
// inherits.
func (w *reading) complain() {
	all := slices.Sorted(maps.Keys(w.crates))
	for _, dir := range all {
		c := w.crates[dir]
		if c.manifest.broken == "" {
			continue
		}
		var units []string
		for _, other := range all {
			if contains(dir, other) {
				units = append(units, id(other))
			}
		}
		w.problem(path.Join(dir, "Cargo.toml"), c.manifest.broken, units...)
	}
}

func (w *reading) crate(m *manifest) *crate {
	c := &crate{dir: m.dir, manifest: m, root: w.rootOf(m)}
	w.crates[m.dir] = c
	w.out.Claimed = append(w.out.Claimed, path.Join(m.dir, "Cargo.toml"))
	p, _ := m.toml["package"].(table)
	c.name, _ = p["name"].(string)
	c.version, _ = inherited(p["version"], c.root, "version").(string)
	if c.name != "" {
		w.byName[c.name] = append(w.byName[c.name], c)
	}
	c.deps = c.dependencies(m.toml, "")
	targets, _ := m.toml["target"].(table)
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		if t, ok := targets[name].(table); ok {
			c.deps = append(c.deps, c.dependencies(t, "target."+name+".")...)
		}
	}
	return c
}

// inherited is a field, or the workspace's when it says so.
func inherited(v any, r *root, field string) any {
	t, ok := v.(table)
	if !ok || t["workspace"] != true {
		return v
	}
	ws, _ := r.toml["workspace"].(table)
	p, _ := ws["package"].(table)
	return p[field]
}

// dependencies reads the dependency tables of a manifest or of a target.
func (c *crate) dependencies(t table, prefix string) []dep {
	var out []dep
	for _, kind := range []struct {
		names []string
		scope workspace.Scope
	}{
		{[]string{"dependencies"}, workspace.Ship},
		{[]string{"build-dependencies", "build_dependencies"}, workspace.Ship},
		{[]string{"dev-dependencies", "dev_dependencies"}, workspace.Verify},
	} {
		for _, name := range kind.names {
			deps, _ := t[name].(table)
			for _, key := range slices.Sorted(maps.Keys(deps)) {
				out = append(out, c.dependency(key, deps[key], kind.scope, prefix+name))
			}
		}
	}
	return out
}

func (c *crate) dependency(key string, v any, scope workspace.Scope, via string) dep {
	d := dep{key: key, name: key, scope: scope, via: via}
	from := c.dir
	switch v := v.(type) {
	case string:
		d.table = table{"version": v}
	case table:
		d.table = maps.Clone(v)
		if v["workspace"] == true {
			from = c.root.dir
			ws, _ := c.root.toml["workspace"].(table)
			deps, _ := ws["dependencies"].(table)
			d.table = inherit(deps[key], v)
		}
	default:
		d.table = table{"": v}
	}
	if name, ok := d.table["package"].(string); ok {
		d.name = name
	}
	if rel, ok := d.table["path"].(string); ok {
		d.dir, d.local = join(from, rel)
	}
	return d
}

// inherit merges a dependency with the workspace's: features add up.
func inherit(theirs any, own table) table {
	out := table{}
	switch t := theirs.(type) {
	case string:
		out["version"] = t
	case table:
		maps.Copy(out, t)
	}
	for k, v := range own {
		if more, ok := v.([]any); ok && k == "features" {
			some, _ := out[k].([]any)
			v = append(slices.Clone(some), more...)
		}
		if k != "workspace" {
			out[k] = v
		}
	}
	return out
}

// rootOf finds the workspace of a manifest.
func (w *reading) rootOf(m *manifest) *root {
	p, _ := m.toml["package"].(table)
	dir := m.dir
	if named, ok := p["workspace"].(string); ok {
		if at, ok := join(m.dir, named); ok && w.manifests[at] != nil {
			dir = at
		}
	} else if _, own := m.toml["workspace"].(table); !own {
		dir = w.around(m.dir)
	}
	if r := w.roots[dir]; r != nil {
		return r
	}
	r := &root{dir: dir, toml: w.manifests[dir].toml}
	w.roots[dir] = r
	if p := path.Join(dir, "Cargo.lock"); w.has(p) {
		r.lock = w.readLock(p)
		w.out.Claimed = append(w.out.Claimed, p)
	}
	return r
}

// around is the folder of the workspace around a crate, or its own.
func (w *reading) around(dir string) string {
	for at := dir; at != ""; {
		at = parent(at)
		m := w.manifests[at]
		if m == nil {
			continue
		}
		ws, ok := m.toml["workspace"].(table)
		switch {
		case m.broken != "":
			return at
		case !ok:
		case member(at, ws, dir), !excluded(at, ws, dir) && !w.has(path.Join(dir, "Cargo.lock")):
			return at
		}
	}
	return dir
}

// member says whether a workspace lists a folder.
func member(root string, ws table, dir string) bool {
	rel, ok := strings.CutPrefix(dir, root)
	rel = strings.TrimPrefix(rel, "/")
	if !ok || !contains(root, dir) || excluded(root, ws, dir) {
		return false
	}
	for _, pattern := range stringsOf(ws["members"]) {
		if ok, err := doublestar.Match(path.Clean(pattern), rel); err == nil && ok {
			return true
		}
	}
	return false
}

func excluded(root string, ws table, dir string) bool {
	rel := strings.TrimPrefix(strings.TrimPrefix(dir, root), "/")
	for _, pattern := range stringsOf(ws["exclude"]) {
		pattern = path.Clean(pattern)
		if pattern == rel || strings.HasPrefix(rel, pattern+"/") {
			return true
		}
	}
	return false
}

func stringsOf(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
