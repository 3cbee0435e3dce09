package gomod

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"
)

// vendor is a vendor folder: the sources of other modules, so that what stands
// behind a package is known exactly.
type vendor struct {
	dir      string
	modules  map[string]string // package to module@version, with its replacement
	packages map[string]*vendored
}

// vendored is one package in it.
type vendored struct {
	hash    string
	imports []string
	missing bool
}

// readVendor reads vendor/modules.txt.
func (w *reading) readVendor(dir, list string) *vendor {
	data, err := w.tree.Read(list)
	if err != nil {
		w.problem(list, firstLine(err))
		return nil
	}
	v := &vendor{dir: inDir(dir, "vendor"), modules: map[string]string{}, packages: map[string]*vendored{}}
	module := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "##"):
		case strings.HasPrefix(line, "# "):
			f := strings.Fields(line[2:])
			module = strings.Join(f[:min(len(f), 2)], "@")
			if i := slices.Index(f, "=>"); i > 0 {
				module = strings.Join(f[:min(i, 2)], "@") + " => " + strings.Join(f[i+1:], "@")
			}
		default:
			v.modules[line] = module
		}
	}
	return v
}

// vendored walks the vendored packages that imports lead to.
func (w *reading) vendored(m *module, direct map[string][]string) map[string]string {
	v := m.vendor
	out := maps.Clone(m.settings)
	reached := map[string]bool{}
	var queue []string
	push := func(p string) {
		if !reached[p] {
			reached[p] = true
			queue = append(queue, p)
		}
	}
	for mod, imported := range direct {
		for _, p := range imported {
			if _, ok := v.modules[p]; !ok {
				m.pick(out, mod) // go.mod and vendor disagree
			}
			push(p)
		}
	}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		for _, next := range w.vendoredPackage(v, p).imports {
			push(next)
		}
	}
	sums := map[string][]string{}
	for _, p := range slices.Sorted(maps.Keys(reached)) {
		if mod := v.modules[p]; mod != "" {
			sums[mod] = append(sums[mod], p, v.packages[p].hash)
		}
	}
	for mod, parts := range sums {
		out[mod] = digest(parts)
	}
	return out
}

func digest(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// vendoredPackage reads one package of the vendor folder, once.
func (w *reading) vendoredPackage(v *vendor, p string) *vendored {
	if k := v.packages[p]; k != nil {
		return k
	}
	k := &vendored{}
	v.packages[p] = k
	dir := path.Join(v.dir, p)
	f := w.dirs[dir]
	if f == nil {
		k.missing = true
		return k
	}
	deep := false
	for _, file := range f.golang {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		s, _ := w.source(file)
		deep = deep || s.cgo || len(s.embeds) > 0
		for _, imported := range s.imports {
			if _, ok := v.modules[imported]; ok && !slices.Contains(k.imports, imported) {
				k.imports = append(k.imports, imported)
			}
		}
	}
	var parts []string
	prefix := dir + "/"
	i, _ := slices.BinarySearch(w.files, prefix)
	for ; i < len(w.files) && strings.HasPrefix(w.files[i], prefix); i++ {
		rest := w.files[i][len(prefix):]
		if strings.HasSuffix(rest, "_test.go") || !deep && strings.Contains(rest, "/") || !deep && !compiled(rest) {
			continue
		}
		parts = append(parts, rest, w.tree.Hash(w.files[i]))
	}
	k.hash = digest(parts)
	return k
}

// compiled says whether go build reads a file by its name.
func compiled(base string) bool {
	ext := strings.TrimPrefix(path.Ext(base), ".")
	return ext == "go" || slices.Contains(strings.Split(nativeExts, ","), ext)
}
