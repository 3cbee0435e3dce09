package npm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// yarnEntry is one entry of a yarn.lock of version 1.
type yarnEntry struct {
	patterns                     []string
	version, resolved, integrity string
	deps                         []yarnDep
}

// yarnDep is a dependency as an entry writes it.
type yarnDep struct{ name, spec string }

// byDescriptor finds packages by "name@range", in Yarn of any version.
type byDescriptor struct {
	lock *lock
	// named are all packages of a name, in the order of the file.
	named map[string][]int
	// pins are the resolutions of the root manifest: name to range.
	pins map[string]string
	// units are workspace packages by name.
	units map[string]string
}

// find resolves a range: as it is written, as the root pins it, to a workspace,
// and in doubt to the first package of that name.
func (b *byDescriptor) find(name, spec string) target {
	for _, s := range [...]string{spec, b.pins[name]} {
		if s == "" && spec != "" {
			continue
		}
		for _, prefix := range [...]string{"", "npm:"} {
			if i, ok := b.lock.byKey[name+"@"+prefix+s]; ok {
				return toPkg(i)
			}
		}
	}
	if dir, ok := b.units[name]; ok {
		return toUnit(dir)
	}
	if all := b.named[name]; len(all) > 0 {
		return toPkg(all[0])
	}
	return noTarget()
}

// yarnLock reads yarn.lock of version 1. pins are the root's resolutions, units
// the workspace packages by name.
func yarnLock(file string, data []byte, pins, units map[string]string) (*lock, error) {
	entries, err := yarnEntries(string(data))
	if err != nil {
		return nil, err
	}
	l := newLock(file)
	d := &byDescriptor{lock: l, named: map[string][]int{}, pins: pins, units: units}
	for _, e := range entries {
		name := nameOf(e.patterns[0])
		l.pkgs = append(l.pkgs, pkg{
			name: name, key: name + "@" + e.version,
			ident: e.version + "\x00" + e.resolved + "\x00" + e.integrity,
		})
		i := len(l.pkgs) - 1
		for _, p := range e.patterns {
			l.byKey[p] = i
		}
		d.named[name] = append(d.named[name], i)
	}
	for i, e := range entries {
		for _, dep := range e.deps {
			if t := d.find(dep.name, dep.spec); !t.none() {
				l.pkgs[i].edges = append(l.pkgs[i].edges, edge{dep.name, t})
			}
		}
	}
	l.seal()
	l.direct = func(_, name, spec string) target { return d.find(name, spec) }
	l.has = func(string) bool { return true } // workspaces have no entries
	return l, nil
}

// yarnEntries reads the form of yarn.lock: patterns and a colon, two blanks of
// indent for fields, four for dependencies.
func yarnEntries(src string) ([]yarnEntry, error) {
	var out []yarnEntry
	inDeps := false
	n := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(src, "\ufeff"), "\n") {
		n++
		line = strings.TrimRight(line, " \r")
		body := strings.TrimLeft(line, " ")
		if body == "" || body[0] == '#' {
			continue
		}
		indent := len(line) - len(body)
		if indent > 0 && len(out) == 0 {
			return nil, fmt.Errorf("line %d: belongs to nothing", n)
		}
		switch {
		case indent == 0:
			patterns, err := yarnPatterns(body)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			out = append(out, yarnEntry{patterns: patterns})
			inDeps = false
		case indent == 2 && strings.HasSuffix(body, ":"):
			inDeps = body == "dependencies:" || body == "optionalDependencies:"
		case indent == 2:
			inDeps = false
			out[len(out)-1].field(body)
		case inDeps:
			name, spec, ok := yarnPair(body)
			if !ok {
				return nil, fmt.Errorf("line %d: %.60q is no dependency", n, body)
			}
			e := &out[len(out)-1]
			e.deps = append(e.deps, yarnDep{name, spec})
		}
	}
	return out, nil
}

func (e *yarnEntry) field(body string) {
	key, val, _ := yarnPair(body)
	switch key {
	case "version":
		e.version = val
	case "resolved":
		e.resolved = val
	case "integrity":
		e.integrity = val
	}
}

// yarnPatterns reads `"a@^1", b@2:`.
func yarnPatterns(body string) ([]string, error) {
	list, ok := strings.CutSuffix(body, ":")
	if !ok || list == "" {
		return nil, fmt.Errorf("%.60q is no entry", body)
	}
	var out []string
	for list != "" {
		var item string
		if list[0] == '"' {
			val, size, err := quoted(list)
			if err != nil {
				return nil, err
			}
			item, list = val, list[size:]
		} else {
			i := strings.IndexByte(list, ',')
			if i < 0 {
				i = len(list)
			}
			item, list = list[:i], list[i:]
		}
		list = strings.TrimLeft(strings.TrimPrefix(list, ","), " ")
		if !strings.Contains(item, "@") {
			return nil, errors.New("an entry names no version")
		}
		out = append(out, item)
	}
	return out, nil
}

// yarnPair reads `key value`, either quoted.
func yarnPair(body string) (key, val string, ok bool) {
	if body[0] == '"' {
		k, size, err := quoted(body)
		if err != nil {
			return "", "", false
		}
		key, val = k, body[size:]
	} else {
		key, val, _ = strings.Cut(body, " ")
	}
	val = strings.TrimLeft(val, " ")
	if strings.HasPrefix(val, `"`) {
		v, _, err := quoted(val)
		if err != nil {
			return "", "", false
		}
		val = v
	}
	return key, val, val != ""
}

// berryLock reads the yarn.lock of Yarn 2 and later: __metadata 4 to 8 and what
// came after in the same form. dir is where it stands.
func berryLock(file, dir string, data []byte, pins map[string]string) (*lock, error) {
	docs, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 || docs[0].get("__metadata") == nil {
		return nil, errors.New("has no __metadata")
	}
	l := newLock(file)
	b := &berryReader{
		lock: l, dir: dir, units: map[string]string{},
		find: &byDescriptor{lock: l, named: map[string][]int{}, pins: pins},
	}
	b.read(docs[0])
	return l, nil
}

// berryReader fills a lock.
type berryReader struct {
	lock  *lock
	dir   string
	units map[string]string // descriptor to folder
	find  *byDescriptor
}

func (b *berryReader) read(doc *node) {
	entries := make([]*node, 0, len(doc.keys))
	doc.pairs(func(keys string, e *node) {
		if keys != "__metadata" && b.add(keys, e) {
			entries = append(entries, e)
		}
	})
	for i, e := range entries {
		for _, field := range []string{"dependencies", "optionalDependencies"} {
			e.get(field).pairs(func(name string, v *node) {
				if t := b.resolve(name, v.text()); !t.none() {
					b.lock.pkgs[i].edges = append(b.lock.pkgs[i].edges, edge{name, t})
				}
			})
		}
		b.patch(i, e)
	}
	b.lock.seal()
	b.lock.direct = func(_, name, spec string) target { return b.resolve(name, spec) }
	slices.Sort(b.lock.dirs)
	b.lock.has = func(dir string) bool { _, ok := slices.BinarySearch(b.lock.dirs, dir); return ok }
}

// add takes one entry in; false for a workspace, which is no package.
func (b *berryReader) add(keys string, e *node) bool {
	res := e.at("resolution")
	if _, at, ok := strings.Cut(res, "@workspace:"); ok {
		dir := join(b.dir, at)
		b.lock.dirs = append(b.lock.dirs, dir)
		for key := range strings.SplitSeq(keys, ", ") {
			b.units[key] = dir
		}
		b.units[nameOf(res)] = dir
		return false
	}
	_, checksum, cut := strings.Cut(e.at("checksum"), "/") // the cache's version comes first
	if !cut {
		checksum = e.at("checksum")
	}
	name := nameOf(res)
	b.lock.pkgs = append(b.lock.pkgs, pkg{
		name: name, key: strings.Replace(res, "@npm:", "@", 1),
		ident: strings.Join([]string{res, e.at("version"), checksum, e.at("conditions")}, "\x00"),
	})
	i := len(b.lock.pkgs) - 1
	for key := range strings.SplitSeq(keys, ", ") {
		b.lock.byKey[key] = i
		if n := nameOf(key); n != name {
			b.find.named[n] = append(b.find.named[n], i)
		}
	}
	b.find.named[name] = append(b.find.named[name], i)
	return true
}

// patch remembers the file of a patched package. What it patches is part of the
// resolution, and the result of its checksum.
func (b *berryReader) patch(i int, e *node) {
	_, at, ok := strings.Cut(e.at("resolution"), "@patch:")
	if !ok {
		return
	}
	_, file, _ := strings.Cut(at, "#")
	file, _, _ = strings.Cut(file, "::")
	if rel, ok := strings.CutPrefix(strings.TrimPrefix(file, "optional!"), "~/"); ok {
		b.lock.patches = append(b.lock.patches, patch{join(b.dir, rel), b.lock.pkgs[i].name})
	}
}

// resolve finds what a range of a name stands for.
func (b *berryReader) resolve(name, spec string) target {
	if dir, ok := b.units[name+"@"+spec]; ok {
		return toUnit(dir)
	}
	t := b.find.find(name, spec)
	if t.none() || strings.HasPrefix(spec, "workspace:") {
		if dir, ok := b.units[name]; ok {
			return toUnit(dir)
		}
	}
	return t
}
