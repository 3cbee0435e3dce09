package npm

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// lock is what a lockfile resolves, as a graph of packages from outside.
type lock struct {
	path  string
	pkgs  []pkg
	byKey map[string]int // how the lockfile calls a package: its place in pkgs
	// direct finds what a declared dependency of the package in a folder is.
	direct func(dir, name, spec string) target
	// has tells whether the package in a folder is installed by this lockfile;
	// dirs are all that are.
	has  func(dir string) bool
	dirs []string
	// settings are what changes every install, by name.
	settings map[string]string
	// patches are files that are applied to packages of a name.
	patches []patch
	// start and next are the edges to packages, in one piece for speed: those of i
	// are next[start[i]:start[i+1]]. links are the packages with edges to folders.
	start, next []int32
	links       map[int]bool
	// tower is, for each package, the hash of it and all below it.
	tower []string
}

// pkg is one resolved package.
type pkg struct {
	name  string
	key   string // name and version, with peers where they matter
	ident string // integrity and all else that says what it is, edges excluded
	edges []edge
	print string // ident and edges, hashed
}

// edge is what one package resolves a name to.
type edge struct {
	name string
	to   target
}

// target is a package of the lockfile, a folder of the tree, or neither.
type target struct {
	pkg  int // place in pkgs, -1 for none
	dir  string
	unit bool // dir is meant
}

// patch is a file that changes what is installed of a package.
type patch struct {
	file string // from the root of the tree
	name string // of the package
}

func noTarget() target          { return target{pkg: -1} }
func toPkg(i int) target        { return target{pkg: i} }
func toUnit(dir string) target  { return target{pkg: -1, dir: dir, unit: true} }
func (t target) none() bool     { return t.pkg < 0 && !t.unit }
func newLock(path string) *lock { return &lock{path: path, byKey: map[string]int{}} }

// add puts a package in; the first of a key stays.
func (l *lock) add(lockKey string, p pkg) int {
	if i, ok := l.byKey[lockKey]; ok {
		return i
	}
	l.pkgs = append(l.pkgs, p)
	l.byKey[lockKey] = len(l.pkgs) - 1
	return len(l.pkgs) - 1
}

// seal hashes every package, when all edges are known.
func (l *lock) seal() {
	var b []byte
	for i := range l.pkgs {
		p := &l.pkgs[i]
		slices.SortFunc(p.edges, func(a, b edge) int { return strings.Compare(a.name, b.name) })
		b = append(b[:0], p.ident...)
		for _, e := range p.edges {
			b = append(append(append(b, 0), e.name...), 0)
			switch {
			case e.to.unit:
				b = append(append(b, "unit:"...), e.to.dir...)
			case e.to.pkg >= 0:
				b = append(b, l.pkgs[e.to.pkg].key...)
			}
		}
		p.print = hash(b)
	}
	l.links = map[int]bool{}
	for i := range l.pkgs {
		l.start = append(l.start, int32(len(l.next)))
		for _, e := range l.pkgs[i].edges {
			if e.to.pkg >= 0 {
				l.next = append(l.next, int32(e.to.pkg))
			} else if e.to.unit {
				l.links[i] = true
			}
		}
	}
	l.start = append(l.start, int32(len(l.next)))
	l.tower = l.towers()
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

func hashStrings(parts ...string) string { return hash([]byte(strings.Join(parts, "\x00"))) }

// walk returns what is reached from some packages and seen does not have yet,
// and calls unit for every folder of the tree that is met.
func (l *lock) walk(from []int, seen []bool, unit func(dir, via string)) []int {
	var order []int
	for _, i := range from {
		if !seen[i] {
			seen[i] = true
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		i := order[at]
		for _, to := range l.next[l.start[i]:l.start[i+1]] {
			if !seen[to] {
				seen[to] = true
				order = append(order, int(to))
			}
		}
		if len(l.links) > 0 && l.links[i] {
			for _, e := range l.pkgs[i].edges {
				if e.to.unit {
					unit(e.to.dir, l.pkgs[i].name)
				}
			}
		}
	}
	return order
}

// join joins folders of the tree; the root is "".
func join(dir, rel string) string { return clean(path.Join(dir, rel)) }
