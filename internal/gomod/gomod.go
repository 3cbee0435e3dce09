// Package gomod reads Go modules and go.work files into a workspace: one unit
// for each package folder, main packages being products.
//
// Edges are the imports of the files themselves, whatever their build
// constraints, files that can never be built (//go:build ignore, tools) aside.
// Each package carries the modules that its own imports name and those that may
// stand behind them; what its local imports need comes through Needs. Without
// the sources of other modules, every indirect requirement may stand behind any
// module, and a direct one when go.sum or its family speak for it; with a vendor
// folder the answer is exact. It runs nothing, and neither asks a proxy nor
// looks into the module cache. affected's caller calls it for both commits.
package gomod

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/postflight/postflight/internal/workspace"
)

// Ecosystem is the name of the space, and the beginning of its ids.
const Ecosystem = "go"

// Reader reads trees, and parses what several have in common once. It is safe
// for concurrent use.
type Reader struct {
	mu      sync.Mutex
	sources map[string]*source // by hash
}

// New returns a reader that has seen nothing.
func New() *Reader { return &Reader{sources: map[string]*source{}} }

// Read reads one tree.
func Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	return New().Read(ctx, t)
}

// Read reads one tree. An error means that ctx ended; what cannot be read is a
// problem of the space.
func (r *Reader) Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	w := &reading{
		ctx: ctx, tree: t, reader: r,
		files: t.Files(), dirs: map[string]*folder{},
		modules: map[string]*module{}, works: map[string]*work{},
		packages: map[string]*pack{}, closures: map[string]map[string]string{},
		out: workspace.Space{Ecosystem: Ecosystem},
	}
	w.list()
	if len(w.modules) == 0 {
		return w.out, nil
	}
	w.readModules()
	if err := w.readPackages(); err != nil {
		return workspace.Space{}, err
	}
	w.units()
	return w.out, nil
}

// reading is one tree being read.
type reading struct {
	ctx    context.Context
	tree   workspace.Tree
	reader *Reader
	files  []string // sorted
	dirs   map[string]*folder
	// modules and works are by folder.
	modules  map[string]*module
	works    map[string]*work
	packages map[string]*pack
	order    []string // folders of packages, as they were found
	closures map[string]map[string]string
	out      workspace.Space
}

// folder is what lies directly in one folder with Go files.
type folder struct{ golang []string }

// nativeExts are files beside Go files that go build compiles or reads.
const nativeExts = "c,h,cc,cpp,cxx,hh,hpp,hxx,m,s,S,sx,f,F,for,f90,swig,swigcxx,syso"

// list sorts the files of the tree into folders.
func (w *reading) list() {
	for _, p := range w.files {
		dir, base := split(p)
		switch {
		case strings.HasSuffix(base, ".go"):
			if !strings.HasPrefix(base, "_") && !strings.HasPrefix(base, ".") {
				f := w.dirs[dir]
				if f == nil {
					f = &folder{}
					w.dirs[dir] = f
				}
				f.golang = append(f.golang, p)
			}
		case base == "go.mod":
			if !foreign(dir) {
				w.modules[dir] = &module{dir: dir}
			}
		case base == "go.work":
			if !foreign(dir) {
				w.works[dir] = &work{dir: dir}
			}
		}
	}
}

// foreign folders hold what is not this repository's to build.
func foreign(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		if part == "testdata" || part == "vendor" || part == "node_modules" {
			return true
		}
	}
	return false
}

// ignored says whether "./..." leaves a folder of a module out.
func ignored(rel string) bool {
	for part := range strings.SplitSeq(rel, "/") {
		if part == "testdata" || part == "vendor" || part == "node_modules" || part != "" && (part[0] == '_' || part[0] == '.') {
			return true
		}
	}
	return false
}

// split is path.Split with "" for the root.
func split(p string) (dir, base string) {
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		return p[:i], p[i+1:]
	}
	return "", p
}

// join joins folders; "" is the root, ok is false for what leads out of it.
func join(dir, rel string) (string, bool) {
	p := path.Join(dir, rel)
	if p == "." || p == "" {
		return "", !path.IsAbs(rel)
	}
	return p, p != ".." && !strings.HasPrefix(p, "../") && !path.IsAbs(rel)
}

// under says whether there is a file below a path, or at it.
func (w *reading) under(p string) bool {
	if w.has(p) {
		return true
	}
	prefix := p + "/"
	i, _ := slices.BinarySearch(w.files, prefix)
	return i < len(w.files) && strings.HasPrefix(w.files[i], prefix)
}

// has says whether a path is a file.
func (w *reading) has(p string) bool {
	_, ok := slices.BinarySearch(w.files, p)
	return ok
}

// within returns a folder's path inside of another.
func within(dir, root string) (string, bool) {
	if root == "" || dir == root {
		return strings.TrimPrefix(strings.TrimPrefix(dir, root), "/"), true
	}
	return strings.CutPrefix(dir, root+"/")
}

// id is a unit's.
func id(dir string) string { return Ecosystem + ":" + dir }

func (w *reading) problem(p, reason string, units ...string) {
	w.out.Problems = append(w.out.Problems, workspace.Problem{Path: p, Reason: reason, Units: units})
}
