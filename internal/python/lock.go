package python

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// lock is a uv.lock, poetry.lock or pdm.lock.
type lock struct {
	kind     string // its file name
	broken   string
	packages []locked
	byName   map[string][]int
	byDir    map[string]int // of local packages
}

// locked is one package in it.
type locked struct {
	name, version, key, sum string
	dir                     string
	local                   bool
	// deps by what asks for them: "" always, an extra, or a group as "group:x".
	deps map[string][]edge
}

// edge is a dependency as a lock writes it.
type edge struct {
	name, version, marker string
	extras                []string
}

// lockFile is what the three forms have between them.
type lockFile struct {
	Package  []lockPackage `toml:"package"`
	Metadata struct {
		Files map[string][]lockedFile `toml:"files"`
	} `toml:"metadata"`
}

type lockedFile struct {
	Hash string `toml:"hash"`
	URL  string `toml:"url"`
}

type lockPackage struct {
	Name         string               `toml:"name"`
	Version      string               `toml:"version"`
	Source       any                  `toml:"source"`
	Dependencies any                  `toml:"dependencies"`
	Optional     map[string][]lockDep `toml:"optional-dependencies"`
	Groups       map[string][]lockDep `toml:"dev-dependencies"`
	Sdist        *lockedFile          `toml:"sdist"`
	Wheels       []lockedFile         `toml:"wheels"`
	Files        []lockedFile         `toml:"files"`
	Extras       any                  `toml:"extras"`
	Path         string               `toml:"path"`
	URL          string               `toml:"url"`
	Git          string               `toml:"git"`
	Revision     string               `toml:"revision"`
}

type lockDep struct {
	Name    string `toml:"name"`
	Version string `toml:"version"`
	Marker  string `toml:"marker"`
	Extra   any    `toml:"extra"`
}

// readLock reads a lock file, once for all commits that have it.
func (w *reading) readLock(p string) *lock {
	cached := w.tree.Hash(p) + " " + p
	w.reader.mu.Lock()
	l := w.reader.locks[cached]
	w.reader.mu.Unlock()
	if l != nil {
		return l
	}
	dir, base := split(p)
	data, err := w.tree.Read(p)
	if err != nil {
		return &lock{kind: base, broken: firstLine(err)}
	}
	l = parseLock(base, dir, data)
	w.reader.mu.Lock()
	w.reader.locks[cached] = l
	w.reader.mu.Unlock()
	return l
}

func parseLock(kind, dir string, data []byte) *lock {
	l := &lock{kind: kind, byName: map[string][]int{}, byDir: map[string]int{}}
	var file lockFile
	if err := toml.Unmarshal(data, &file); err != nil {
		l.broken = firstLine(err)
		return l
	}
	if len(file.Package) == 0 && len(strings.TrimSpace(string(data))) == 0 {
		l.broken = "it is empty"
	}
	seen := map[string]bool{}
	for i, p := range file.Package {
		name := normal(p.Name)
		k := locked{name: name, version: p.Version, key: name + "@" + p.Version}
		rel, ok := localPath(p)
		if ok {
			k.dir, k.local = join(dir, rel)
		}
		if k.local {
			l.byDir[k.dir] = i
		}
		switch kind {
		case "uv.lock":
			k.deps = p.uv()
		case "poetry.lock":
			k.deps = p.poetry()
		default:
			k.deps = p.pdm()
			if extras := texts(p.Extras); len(extras) > 0 {
				k.key += " [" + strings.Join(extras, ",") + "]"
			}
		}
		if seen[k.key] {
			k.key += " (" + value(p.Source) + ")" // the same version from two sources
		}
		seen[k.key] = true
		l.packages = append(l.packages, k)
		l.byName[name] = append(l.byName[name], i)
	}
	for i, p := range file.Package {
		p.Files = append(append(p.Files, file.Metadata.Files[p.Name]...), file.Metadata.Files[p.Name+" "+p.Version]...)
		l.packages[i].sum = l.sum(p, l.packages[i])
	}
	return l
}

// localPath is where a package of this repository lies.
func localPath(p lockPackage) (string, bool) {
	source, _ := p.Source.(table)
	for _, kind := range []string{"editable", "virtual", "directory", "workspace", "path"} {
		if rel, ok := source[kind].(string); ok {
			return rel, true
		}
	}
	if source["type"] == "directory" {
		rel, ok := source["url"].(string)
		return rel, ok
	}
	return p.Path, p.Path != ""
}

// uv reads the lists of uv.lock.
func (p *lockPackage) uv() map[string][]edge {
	out := map[string][]edge{}
	list, _ := p.Dependencies.([]any)
	for _, item := range list {
		t, _ := item.(table)
		name, _ := t["name"].(string)
		version, _ := t["version"].(string)
		marker, _ := t["marker"].(string)
		out[""] = append(out[""], edge{normal(name), version, marker, names(t["extra"])})
	}
	for extra, deps := range p.Optional {
		for _, d := range deps {
			out[normal(extra)] = append(out[normal(extra)], edge{normal(d.Name), d.Version, d.Marker, names(d.Extra)})
		}
	}
	for group, deps := range p.Groups {
		for _, d := range deps {
			out["group:"+group] = append(out["group:"+group], edge{normal(d.Name), d.Version, d.Marker, names(d.Extra)})
		}
	}
	return out
}

// names are normalised extras: a list, or one.
func names(v any) []string {
	list := texts(v)
	if s, ok := v.(string); ok {
		list = []string{s}
	}
	for i := range list {
		list[i] = normal(list[i])
	}
	return list
}

// poetry reads the tables of poetry.lock.
func (p *lockPackage) poetry() map[string][]edge {
	out := map[string][]edge{}
	deps, _ := p.Dependencies.(table)
	for name, v := range deps {
		several, ok := v.([]any)
		if !ok {
			several = []any{v}
		}
		for _, v := range several {
			e := edge{name: normal(name), marker: value(v)}
			t, _ := v.(table)
			e.extras = names(t["extras"])
			if t["optional"] != true {
				out[""] = append(out[""], e)
			}
		}
	}
	extras, _ := p.Extras.(table)
	for extra, v := range extras {
		for _, line := range texts(v) {
			if r, ok := parseReq("", line); ok {
				out[normal(extra)] = append(out[normal(extra)], edge{name: r.name, marker: r.spec, extras: r.extras})
			}
		}
	}
	return out
}

// pdm reads the lines of pdm.lock.
func (p *lockPackage) pdm() map[string][]edge {
	out := map[string][]edge{}
	for _, line := range texts(p.Dependencies) {
		if r, ok := parseReq("", line); ok {
			out[""] = append(out[""], edge{name: r.name, marker: r.spec, extras: r.extras})
		}
	}
	return out
}

// sum is what a package is: its source, its files, and its edges.
func (l *lock) sum(p lockPackage, k locked) string {
	parts := []string{value(p.Source), p.URL, p.Git, p.Revision, p.Path}
	var files []string
	for _, f := range append(p.Wheels, p.Files...) {
		files = append(files, f.Hash)
	}
	if p.Sdist != nil {
		files = append(files, p.Sdist.Hash)
	}
	slices.Sort(files)
	var edges []string
	for asked, deps := range k.deps {
		for _, e := range deps {
			text := asked + "\x01" + e.name + "\x01" + e.marker + "\x01" + strings.Join(e.extras, ",")
			for _, i := range l.find(e) {
				text += "\x01" + l.packages[i].key
			}
			edges = append(edges, text)
		}
	}
	slices.Sort(edges)
	all := strings.Join(append(append(parts, files...), edges...), "\x00")
	sum := sha256.Sum256([]byte(all))
	return hex.EncodeToString(sum[:16])
}

// find are the packages that an edge may mean.
func (l *lock) find(e edge) []int {
	all := l.byName[e.name]
	if e.version == "" || len(all) < 2 {
		return all
	}
	var out []int
	for _, i := range all {
		if l.packages[i].version == e.version {
			out = append(out, i)
		}
	}
	return out
}

// lockOf finds the lock that a project is installed by.
func (w *reading) lockOf(p *project) {
	for _, base := range []string{"uv.lock", "poetry.lock", "pdm.lock"} {
		if file := path.Join(p.dir, base); w.has(file) {
			p.lock, p.lockPath = w.readLock(file), file
			w.claimed[file] = true
			return
		}
	}
	for dir := p.dir; dir != ""; {
		dir = parent(dir)
		file := path.Join(dir, "uv.lock")
		if !w.has(file) {
			continue
		}
		l := w.readLock(file)
		root := w.roots[dir]
		_, ok := l.byDir[p.dir]
		if ok || l.broken != "" || root != nil && p.memberOf(root) {
			p.lock, p.lockPath = l, file
			w.claimed[file] = true
			return
		}
	}
}
