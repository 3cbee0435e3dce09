package npm

import (
	"errors"
	"path"
	"slices"
	"strings"
)

// pnpmLock reads pnpm-lock.yaml, versions 5.0 to 9 and what came after in the
// same form. dir is the folder that importers are relative to.
func pnpmLock(file, dir string, data []byte) (*lock, error) {
	docs, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	l := newLock(file)
	l.settings = map[string]string{}
	var main *node
	for _, d := range docs {
		// A document before the last holds what pnpm itself is set up with.
		if d.get("importers") != nil || d.get("packages") != nil || d.get("lockfileVersion") != nil {
			if main != nil {
				pnpmSetup(l, main)
			}
			main = d
		}
	}
	if main.at("lockfileVersion") == "" {
		return nil, errors.New("has no lockfileVersion")
	}
	p := &pnpmReader{lock: l, dir: dir, importers: map[string]*node{}}
	p.read(main)
	return l, nil
}

// pnpmSetup takes the configuration dependencies of an environment document in:
// their hooks may change every install.
func pnpmSetup(l *lock, doc *node) {
	doc.get("importers").pairs(func(_ string, imp *node) {
		imp.get("configDependencies").pairs(func(name string, dep *node) {
			v := dep.at("version")
			key := name + "@" + v
			integrity := canonical(doc.get("packages").get(key).get("resolution"))
			l.settings["config dependency "+name] = hashStrings(v, integrity)
		})
	})
}

// pnpmReader fills a lock.
type pnpmReader struct {
	lock      *lock
	dir       string
	importers map[string]*node
	packages  *node
	info      map[string]*node
}

func (p *pnpmReader) read(doc *node) {
	if imps := doc.get("importers"); imps != nil {
		imps.pairs(func(key string, imp *node) { p.importers[join(p.dir, key)] = imp })
	} else {
		p.importers[p.dir] = doc
	}
	for dir := range p.importers {
		p.lock.dirs = append(p.lock.dirs, dir)
	}
	slices.Sort(p.lock.dirs)
	p.global(doc)
	p.packages = doc.get("packages")
	snapshots := doc.get("snapshots")
	if snapshots == nil {
		p.packages.pairs(func(key string, n *node) { p.add(key, n, n) })
	} else {
		p.info = make(map[string]*node, 1024)
		p.packages.pairs(func(key string, n *node) { p.info[key] = n })
		snapshots.pairs(func(key string, n *node) { p.add(key, p.info[withoutPeers(key)], n) })
	}
	p.connect(snapshots)
	p.lock.seal()
	p.lock.direct = p.direct
	p.lock.has = func(dir string) bool { _, ok := p.importers[dir]; return ok }
}

// global reads the fields that concern every importer. Overrides, extensions and
// catalogs do not: the resolved graph has their effect.
func (p *pnpmReader) global(doc *node) {
	doc.get("settings").pairs(func(k string, v *node) { p.lock.settings["lockfile "+k] = v.text() })
	doc.get("patchedDependencies").pairs(func(key string, v *node) {
		if file := v.at("path"); file != "" {
			p.lock.patches = append(p.lock.patches, patch{path.Join(p.dir, file), nameOf(key)})
		}
	})
}

// withoutPeers cuts "(react@18.0.0)(patch_hash=…)" off.
func withoutPeers(key string) string {
	if i := strings.IndexByte(key, '('); i > 0 {
		return key[:i]
	}
	return key
}

// nameOf is the name in "name@version", "/name/version" or "name".
func nameOf(key string) string {
	key = strings.TrimPrefix(key, "/")
	start := 0
	if strings.HasPrefix(key, "@") {
		start = strings.IndexByte(key, '/') + 1
	}
	if i := strings.IndexAny(key[start:], "@/"); i >= 0 && start+i > 0 {
		return key[:start+i]
	}
	return key
}

// add puts one package in, without its edges.
func (p *pnpmReader) add(key string, info, snap *node) {
	var b strings.Builder
	for _, n := range []*node{info, snap} {
		if n == nil {
			continue
		}
		n.pairs(func(field string, v *node) {
			switch field {
			case "resolution", "patched", "id", "version", "name", "os", "cpu", "libc", "bundledDependencies":
				b.WriteString(field)
				b.WriteByte(':')
				writeCanonical(&b, v, 0)
			}
		})
		if info == snap {
			break
		}
	}
	name := info.at("name")
	if name == "" {
		name = nameOf(key)
	}
	p.lock.add(key, pkg{name: name, key: strings.TrimPrefix(key, "/"), ident: b.String()})
}

// connect reads the edges of every package.
func (p *pnpmReader) connect(snapshots *node) {
	from := snapshots
	if from == nil {
		from = p.packages
	}
	from.pairs(func(key string, n *node) {
		i := p.lock.byKey[key]
		if p.lock.pkgs[i].edges != nil {
			return
		}
		for _, field := range []string{"dependencies", "optionalDependencies"} {
			n.get(field).pairs(func(name string, v *node) {
				t := p.resolve("", name, v.text())
				p.lock.pkgs[i].edges = append(p.lock.pkgs[i].edges, edge{name, t})
			})
		}
		// An injected workspace package is made of that package's files.
		res := n.get("resolution")
		if res == nil {
			res = p.info[withoutPeers(key)].get("resolution")
		}
		if res.at("type") == "directory" {
			dir := join(p.dir, res.at("directory"))
			p.lock.pkgs[i].edges = append(p.lock.pkgs[i].edges, edge{"(directory)", toUnit(dir)})
		}
	})
}

// resolve finds what a locked version of a name stands for; dir is the importer.
func (p *pnpmReader) resolve(dir, name, version string) target {
	if version == "" {
		return noTarget()
	}
	if to, ok := strings.CutPrefix(version, "link:"); ok {
		return toUnit(join(dir, to))
	}
	for _, key := range [...]string{name + "@" + version, version, "/" + name + "/" + version, "/" + name + "@" + version, name + "/" + version} {
		if i, ok := p.lock.byKey[key]; ok {
			return toPkg(i)
		}
	}
	return noTarget()
}

// direct finds a dependency of an importer.
func (p *pnpmReader) direct(dir, name, _ string) target {
	imp := p.importers[dir]
	for _, field := range []string{"dependencies", "devDependencies", "optionalDependencies"} {
		v := imp.get(field).get(name)
		if v == nil {
			continue
		}
		version := v.text()
		if v.kind == mapping {
			version = v.at("version")
		}
		if t := p.resolve(dir, name, version); !t.none() {
			return t
		}
	}
	return noTarget()
}

// clean makes "." the root "", and leads absolute paths out of the tree.
func clean(p string) string {
	p = path.Clean(p)
	switch {
	case p == ".":
		return ""
	case strings.HasPrefix(p, "/"):
		return ".." + strings.TrimSuffix(p, "/")
	}
	return p
}

// canonical writes a node so that equal values are equal strings.
func canonical(n *node) string {
	var b strings.Builder
	writeCanonical(&b, n, 0)
	return b.String()
}

// maxCanonical bounds what one value is written as: aliases share nodes, and
// written out they could grow without end.
const maxCanonical = 1 << 20

func writeCanonical(b *strings.Builder, n *node, depth int) {
	if n == nil || depth > maxDepth || b.Len() > maxCanonical {
		return
	}
	switch n.kind {
	case scalar:
		b.WriteString(n.val)
		b.WriteByte(0)
	case sequence:
		b.WriteByte('[')
		for _, k := range n.kids {
			writeCanonical(b, k, depth+1)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case mapping:
		order := make([]int, len(n.keys))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(x, y int) int { return strings.Compare(n.keys[x], n.keys[y]) })
		b.WriteByte('{')
		for _, i := range order {
			b.WriteString(n.keys[i])
			b.WriteByte(0)
			writeCanonical(b, n.kids[i], depth+1)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	}
}
