package cargo

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// unit writes a crate down.
func (w *reading) unit(c *crate) workspace.Unit {
	u := workspace.Unit{
		ID: id(c.dir), Name: c.name, Dir: c.dir, Manifest: path.Join(c.dir, "Cargo.toml"),
		Product: w.product(c), External: c.settings(),
	}
	if u.Name == "" {
		u.Name = c.dir
	}
	needs := map[string]workspace.Need{}
	need := func(dir string, scope workspace.Scope, via string) {
		if was, ok := needs[dir]; dir != c.dir && (!ok || was.Scope == workspace.Verify && scope == workspace.Ship) {
			needs[dir] = workspace.Need{Unit: id(dir), Scope: scope, Via: via}
		}
	}
	for _, d := range c.deps {
		switch {
		case !d.local:
		case w.crates[d.dir] != nil:
			need(d.dir, d.scope, d.via)
		case d.dir != "":
			// A submodule: what is in it is not in the tree.
			u.Inputs = append(u.Inputs,
				workspace.Input{Pattern: escape(d.dir), Scope: d.scope, Why: d.via},
				workspace.Input{Pattern: escape(d.dir) + "/**", Scope: d.scope, Why: d.via})
		}
	}
	w.closure(c, u.External, need)
	for _, dir := range slices.Sorted(maps.Keys(needs)) {
		u.Needs = append(u.Needs, needs[dir])
	}
	w.sourcesOf(c, &u)
	return u
}

// closure adds what Cargo.lock resolves for a crate.
func (w *reading) closure(c *crate, out map[string]string, need func(dir string, scope workspace.Scope, via string)) {
	l, p := c.root.lock, path.Join(c.root.dir, "Cargo.lock")
	switch {
	case l == nil:
		return
	case l.broken != "":
		w.problem(p, l.broken, id(c.dir))
		return
	}
	start := l.local(c)
	if start < 0 {
		listed := c.root.dir == c.dir || member(c.root.dir, section(c.root.toml, "workspace"), c.dir)
		if listed && c.manifest.broken == "" {
			w.problem(p, c.name+" is not in it", id(c.dir))
		}
		return
	}
	seen := map[int]bool{start: true}
	queue := l.shipped(start, c)
	for _, i := range l.packages[start].deps {
		if to := w.named(c, l.packages[i]); to != nil && l.packages[i].source == "" && !slices.Contains(queue, i) {
			need(to.dir, workspace.Verify, "Cargo.lock") // a neighbour that only tests take
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		if seen[i] {
			continue
		}
		seen[i] = true
		e := l.packages[i]
		if e.source != "" {
			out[e.key] = e.sum
			queue = append(queue, e.deps...)
			continue
		}
		to := w.named(c, e)
		if to == nil {
			out[e.key] = e.sum
			queue = append(queue, e.deps...)
			continue
		}
		need(to.dir, workspace.Ship, "Cargo.lock")
		if to.root != c.root {
			queue = append(queue, l.shipped(i, to)...)
		}
	}
}

// named is the crate of this tree that an entry without a source is.
func (w *reading) named(c *crate, e locked) *crate {
	var best *crate
	for _, to := range w.byName[e.name] {
		if best == nil || to.root == c.root && best.root != c.root || to.version == e.version && best.version != e.version {
			best = to
		}
	}
	return best
}

// shipped are the dependencies of a local crate that are not its tests' alone:
// the lock does not tell them apart.
func (l *lock) shipped(i int, c *crate) []int {
	scope := map[string]workspace.Scope{}
	for _, d := range c.deps {
		if scope[d.name] != workspace.Ship {
			scope[d.name] = d.scope
		}
	}
	var out []int
	for _, d := range l.packages[i].deps {
		if scope[l.packages[d].name] != workspace.Verify {
			out = append(out, d)
		}
	}
	return out
}

func section(t table, name string) table {
	s, _ := t[name].(table)
	return s
}

// settings are the tables of the manifests that a build reads, each by itself.
func (c *crate) settings() map[string]string {
	out := map[string]string{}
	for name, v := range c.manifest.toml {
		switch name {
		case "workspace", "dependencies", "build-dependencies", "build_dependencies", "dev-dependencies", "dev_dependencies",
			"target", "profile", "patch", "replace", "test", "bench", "example", "badges", "lints":
		case "package":
			for field, v := range section(c.manifest.toml, name) {
				if v = inherited(v, c.root, field); !silent(field) {
					out["Cargo.toml package."+field] = value(v)
				}
			}
		default:
			out["Cargo.toml "+name] = value(v)
		}
	}
	for _, d := range c.deps {
		if d.scope == workspace.Verify {
			continue
		}
		t := maps.Clone(d.table)
		if c.root.lock != nil {
			delete(t, "version") // Cargo.lock says which
		}
		if len(t) > 0 || c.root.lock == nil {
			out["Cargo.toml "+d.via+"."+d.key] = value(t)
		}
	}
	c.shared(out)
	return out
}

// shared are the tables of the workspace's manifest that concern every crate.
func (c *crate) shared(out map[string]string) {
	profiles := section(c.root.toml, "profile")
	dev := false
	for _, p := range profiles {
		t, _ := p.(table)
		dev = dev || t["inherits"] == "dev"
	}
	for name, v := range profiles {
		if name != "test" && name != "bench" && (name != "dev" || dev) {
			out["workspace profile."+name] = value(v)
		}
	}
	ws := section(c.root.toml, "workspace")
	if v, ok := ws["resolver"]; ok {
		out["workspace resolver"] = value(v)
	}
	if c.root.lock == nil {
		for _, name := range []string{"patch", "replace"} {
			if v, ok := c.root.toml[name]; ok {
				out["workspace "+name] = value(v)
			}
		}
	}
}

// silent fields of [package] are for registries and their readers.
func silent(field string) bool {
	switch field {
	case "keywords", "categories", "readme", "documentation", "publish", "include", "exclude", "autotests", "autobenches", "autoexamples", "workspace", "license-file":
		return true
	}
	return false
}

// value is a TOML value as text; maps print in the order of their keys.
func value(v any) string { return fmt.Sprintf("%#v", v) }

// product says whether a crate is shipped by itself: a program, or a library for
// another language.
func (w *reading) product(c *crate) bool {
	if segment(c.dir, "examples", "example", "xtask", "benches") || aside(c.dir) {
		return false
	}
	for _, kind := range stringsOf(firstOf(section(c.manifest.toml, "lib"), "crate-type", "crate_type")) {
		if kind == "cdylib" || kind == "staticlib" {
			return true
		}
	}
	if bins, ok := c.manifest.toml["bin"].([]any); ok && len(bins) > 0 {
		return true
	}
	if section(c.manifest.toml, "package")["autobins"] == false {
		return false
	}
	if w.has(path.Join(c.dir, "src/main.rs")) {
		return true
	}
	bin := path.Join(c.dir, "src/bin")
	for _, p := range w.below(bin) {
		rest := p[len(bin)+1:]
		if strings.HasSuffix(rest, ".rs") && (!strings.Contains(rest, "/") || strings.Count(rest, "/") == 1 && strings.HasSuffix(rest, "/main.rs")) {
			return true
		}
	}
	return false
}

func firstOf(t table, names ...string) any {
	for _, name := range names {
		if v, ok := t[name]; ok {
			return v
		}
	}
	return nil
}
