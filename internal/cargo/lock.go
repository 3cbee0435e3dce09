package cargo

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// lock is one Cargo.lock, of any version of its format.
type lock struct {
	broken   string
	packages []locked
	byName   map[string][]int
}

// locked is one package in it.
type locked struct {
	name, version, source string
	key, sum              string
	deps                  []int
}

// lockFile is its form in TOML.
type lockFile struct {
	Root     *lockPackage      `toml:"root"`
	Package  []lockPackage     `toml:"package"`
	Metadata map[string]string `toml:"metadata"`
}

type lockPackage struct {
	Name         string   `toml:"name"`
	Version      string   `toml:"version"`
	Source       string   `toml:"source"`
	Checksum     string   `toml:"checksum"`
	Replace      string   `toml:"replace"`
	Dependencies []string `toml:"dependencies"`
}

// readLock reads a lock file, once for all commits that have it.
func (w *reading) readLock(p string) *lock {
	hash := w.tree.Hash(p)
	w.reader.mu.Lock()
	l := w.reader.locks[hash]
	w.reader.mu.Unlock()
	if l != nil && hash != "" {
		return l
	}
	data, err := w.tree.Read(p)
	if err != nil {
		return &lock{broken: firstLine(err)}
	}
	l = parseLock(data)
	if hash != "" {
		w.reader.mu.Lock()
		w.reader.locks[hash] = l
		w.reader.mu.Unlock()
	}
	return l
}

func parseLock(data []byte) *lock {
	l := &lock{byName: map[string][]int{}}
	var file lockFile
	if err := toml.Unmarshal(data, &file); err != nil {
		l.broken = firstLine(err)
		return l
	}
	if file.Root != nil {
		file.Package = append(file.Package, *file.Root)
	}
	for i, p := range file.Package {
		l.packages = append(l.packages, locked{name: p.Name, version: p.Version, source: p.Source, key: keyOf(p)})
		l.byName[p.Name] = append(l.byName[p.Name], i)
	}
	for i, p := range file.Package {
		checksum := p.Checksum
		if checksum == "" {
			checksum = file.Metadata["checksum "+p.Name+" "+p.Version+" ("+p.Source+")"]
		}
		// Edges by what they mean: how a package is written down depends on
		// whether another of its name is there.
		var edges []string
		for _, d := range append(slices.Clone(p.Dependencies), p.Replace) {
			if d == "" {
				continue
			}
			at := l.find(d)
			if at < 0 {
				l.broken = p.Name + " depends on " + d + ", which is not in it"
				continue
			}
			l.packages[i].deps = append(l.packages[i].deps, at)
			edges = append(edges, l.packages[at].key)
		}
		slices.Sort(edges)
		sum := sha256.Sum256([]byte(p.Source + "\x00" + checksum + "\x00" + strings.Join(edges, "\x00")))
		l.packages[i].sum = hex.EncodeToString(sum[:16])
	}
	return l
}

// keyOf names a package; those of crates.io by name and version alone.
func keyOf(p lockPackage) string {
	key := p.Name + "@" + p.Version
	if p.Source != "" && !strings.HasPrefix(p.Source, "registry+https://github.com/rust-lang/crates.io-index") && p.Source != "sparse+https://index.crates.io/" {
		source, _, _ := strings.Cut(p.Source, "#")
		key += " (" + source + ")"
	}
	return key
}

// find resolves "name", "name version" or "name version (source)".
func (l *lock) find(text string) int {
	f := strings.SplitN(text, " ", 3)
	source, exact := "", len(f) == 3
	if exact {
		source = strings.Trim(f[2], "()")
	}
	best := -1
	for _, i := range l.byName[f[0]] {
		p := l.packages[i]
		if len(f) > 1 && p.version != f[1] {
			continue
		}
		// A git source is written without the commit where it is not ambiguous.
		if exact && p.source != source && !strings.HasPrefix(p.source, source+"#") {
			continue
		}
		if best < 0 {
			best = i
		}
	}
	return best
}

// local finds the entry of a crate of this tree.
func (l *lock) local(c *crate) int {
	best := -1
	for _, i := range l.byName[c.name] {
		switch p := l.packages[i]; {
		case p.source != "":
		case p.version == c.version:
			return i
		case best < 0:
			best = i
		}
	}
	return best
}
