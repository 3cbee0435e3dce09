package gomod

import (
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// module is one go.mod.
type module struct {
	dir, path string
	broken    string // why go.mod cannot be read
	old       bool   // before go 1.17: indirect requirements are not listed
	requires  map[string]require
	local     map[string]string // module path to a folder: itself, go.work, replace
	other     map[string]string // module path, or path@version, to what replaces it
	sums      map[string]string // path@version to its hash
	known     map[string][]string
	settings  map[string]string // lines that concern every package
	work      *work
	vendor    *vendor
	used      map[string]bool // modules that its packages import, tests too
}

type require struct {
	version  string
	indirect bool
}

// work is one go.work.
type work struct {
	dir    string
	file   *modfile.WorkFile
	uses   []string
	most   map[string]string // module path to the highest version that is required
	sums   map[string]string
	vendor *vendor
}

// readModules reads every go.mod, and then what binds them.
func (w *reading) readModules() {
	for _, dir := range slices.Sorted(maps.Keys(w.modules)) {
		w.readModule(w.modules[dir])
	}
	for _, dir := range slices.Sorted(maps.Keys(w.works)) {
		w.readWork(w.works[dir])
	}
	for _, dir := range slices.Sorted(maps.Keys(w.modules)) {
		w.bind(w.modules[dir])
	}
	slices.Sort(w.out.Claimed)
}

func inDir(dir, base string) string { return path.Join(dir, base) }

// claim takes over the meaning of a file that stands beside a manifest.
func (w *reading) claim(p string) bool {
	if !w.has(p) {
		return false
	}
	w.out.Claimed = append(w.out.Claimed, p)
	return true
}

func (w *reading) readModule(m *module) {
	m.requires, m.local, m.other = map[string]require{}, map[string]string{}, map[string]string{}
	m.sums, m.known, m.settings, m.used = map[string]string{}, map[string][]string{}, map[string]string{}, map[string]bool{}
	p := inDir(m.dir, "go.mod")
	w.claim(p)
	data, err := w.tree.Read(p)
	if err != nil {
		m.broken = err.Error()
		return
	}
	file, err := modfile.Parse(p, data, nil)
	if err != nil {
		m.broken = firstLine(err)
		// What can be understood still is: its users must find it.
		if file, err = modfile.ParseLax(p, data, nil); err != nil {
			m.path = modfile.ModulePath(data)
			return
		}
	}
	if file.Module != nil {
		m.path = file.Module.Mod.Path
	} else {
		m.broken = "it names no module"
	}
	m.old = true
	if file.Go != nil {
		m.settings["go.mod go"] = file.Go.Version
		m.old = semver.Compare("v"+strings.TrimLeft(file.Go.Version, "v"), "v1.17") < 0
	}
	if file.Toolchain != nil {
		m.settings["go.mod toolchain"] = file.Toolchain.Name
	}
	for _, g := range file.Godebug {
		m.settings["go.mod godebug "+g.Key] = g.Value
	}
	for _, r := range file.Require {
		m.requires[r.Mod.Path] = require{r.Mod.Version, r.Indirect}
	}
	for _, r := range file.Replace {
		w.replace(m, m.dir, r)
	}
	if sum := inDir(m.dir, "go.sum"); w.claim(sum) {
		w.readSums(m, sum)
	}
	if list := inDir(m.dir, "vendor/modules.txt"); w.claim(list) {
		m.vendor = w.readVendor(m.dir, list)
	}
}

func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if len(text) > 300 {
		text = text[:300]
	}
	return text
}

// replace notes where a module is taken from instead.
func (w *reading) replace(m *module, from string, r *modfile.Replace) {
	key := r.Old.Path
	if r.Old.Version != "" {
		key += "@" + r.Old.Version
	}
	if r.New.Version != "" {
		m.other[key] = r.New.Path + "@" + r.New.Version
		return
	}
	if dir, ok := join(from, r.New.Path); ok && w.modules[dir] != nil {
		m.local[r.Old.Path] = dir
		return
	}
	m.other[key] = r.New.Path
}

// readSums reads a go.sum: what each version hashes to, and which versions
// anything asked for.
func (w *reading) readSums(m *module, p string) {
	data, err := w.tree.Read(p)
	if err != nil {
		m.broken = firstLine(err)
		return
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			if len(f) > 0 && m.broken == "" {
				m.broken = "go.sum has a line that is no checksum"
			}
			continue
		}
		version, isMod := strings.CutSuffix(f[1], "/go.mod")
		if !isMod {
			m.sums[f[0]+"@"+version] = f[2]
		}
		if !slices.Contains(m.known[f[0]], version) {
			m.known[f[0]] = append(m.known[f[0]], version)
		}
	}
}

func (w *reading) readWork(k *work) {
	p := inDir(k.dir, "go.work")
	w.claim(p)
	k.most, k.sums = map[string]string{}, map[string]string{}
	data, err := w.tree.Read(p)
	if err == nil {
		k.file, err = modfile.ParseWork(p, data, nil)
	}
	if err != nil {
		w.problem(p, firstLine(err))
		return
	}
	for _, use := range k.file.Use {
		dir, ok := join(k.dir, use.Path)
		m := w.modules[dir]
		if !ok || m == nil {
			continue // outside of the tree, or not checked out
		}
		k.uses = append(k.uses, dir)
		for mod, r := range m.requires {
			if semver.Compare(r.version, k.most[mod]) > 0 {
				k.most[mod] = r.version
			}
		}
	}
	if sum := inDir(k.dir, "go.work.sum"); w.claim(sum) {
		scratch := &module{sums: k.sums, known: map[string][]string{}}
		w.readSums(scratch, sum)
		if scratch.broken != "" {
			w.problem(sum, scratch.broken)
		}
	}
	if list := inDir(k.dir, "vendor/modules.txt"); w.claim(list) {
		k.vendor = w.readVendor(k.dir, list)
	}
}

// bind connects a module with the workspace around it.
func (w *reading) bind(m *module) {
	for dir := m.dir; ; dir = parent(dir) {
		if k := w.works[dir]; k != nil && slices.Contains(k.uses, m.dir) {
			m.work = k
			break
		}
		if dir == "" {
			break
		}
	}
	if m.work != nil {
		w.join(m, m.work)
	}
	if m.path != "" {
		m.local[m.path] = m.dir
	}
}

// join lets go.work speak for a module: its replacements weigh more, and what it
// uses is local.
func (w *reading) join(m *module, k *work) {
	for _, r := range k.file.Replace {
		delete(m.local, r.Old.Path)
		w.replace(m, k.dir, r)
	}
	for _, use := range k.uses {
		if p := w.modules[use].path; p != "" {
			m.local[p] = use
		}
	}
	if k.file.Go != nil {
		m.settings["go.work go"] = k.file.Go.Version
	}
	if k.file.Toolchain != nil {
		m.settings["go.work toolchain"] = k.file.Toolchain.Name
	}
	for _, g := range k.file.Godebug {
		m.settings["go.work godebug "+g.Key] = g.Value
	}
	if m.vendor == nil {
		m.vendor = k.vendor
	}
}

func parent(dir string) string {
	d, _ := split(dir)
	return d
}

// moduleOf is the module around a folder.
func (w *reading) moduleOf(dir string) *module {
	for {
		if m := w.modules[dir]; m != nil {
			return m
		}
		if dir == "" {
			return nil
		}
		dir = parent(dir)
	}
}

// target is what an import path means.
type target struct {
	dir      string // of a local package
	local    bool
	missing  bool   // local, but there is nothing in its folder
	external string // the module it comes from
	unknown  bool   // no requirement provides it
}

// resolve finds an import path: the longest module path that has it.
func (w *reading) resolve(m *module, p string) target {
	missing := target{}
	for prefix := p; ; {
		if root, ok := m.local[prefix]; ok {
			dir, _ := join(root, strings.TrimPrefix(strings.TrimPrefix(p, prefix), "/"))
			if w.dirs[dir] != nil && w.moduleOf(dir) == w.modules[root] {
				return target{dir: dir, local: true}
			}
			if !missing.missing {
				missing = target{dir: dir, local: true, missing: true}
			}
		} else if _, ok := m.requires[prefix]; ok {
			return target{external: prefix}
		}
		i := strings.LastIndexByte(prefix, '/')
		if i < 0 {
			break
		}
		prefix = prefix[:i]
	}
	if missing.missing {
		return missing
	}
	if host, _, _ := strings.Cut(p, "/"); !strings.Contains(host, ".") {
		return target{} // the standard library
	}
	for prefix := p; strings.Contains(prefix, "/"); prefix = path.Dir(prefix) {
		if len(m.known[prefix]) > 0 {
			return target{external: prefix}
		}
	}
	return target{unknown: true}
}
