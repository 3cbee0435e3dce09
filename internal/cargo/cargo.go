// Package cargo reads Cargo workspaces: one unit for each crate, those with a
// program or a library for others' languages being products.
//
// What a crate needs of its neighbours is its path dependencies, and those that
// [patch] puts in; what it takes from outside is its closure in Cargo.lock, with
// edges and checksums, but for what only its tests take. Manifests are read and
// not compared as files: each table that a build reads is part of the closure by
// itself, so that a new development dependency ships nothing. Files that sources
// include from elsewhere are inputs. It runs nothing. affected's caller calls it
// for both commits.
package cargo

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/postflight/postflight/internal/workspace"
)

// Ecosystem is the name of the space, and the beginning of its ids.
const Ecosystem = "cargo"

// Reader reads trees, and what several have in common once. It is safe for
// concurrent use.
type Reader struct {
	mu      sync.Mutex
	sources map[string]source // by hash
	locks   map[string]*lock  // by hash
}

// New returns a reader that has seen nothing.
func New() *Reader { return &Reader{sources: map[string]source{}, locks: map[string]*lock{}} }

// Read reads one tree.
func Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	return New().Read(ctx, t)
}

// Read reads one tree. An error means that ctx ended; what cannot be read is a
// problem of the space.
func (r *Reader) Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	w := &reading{
		ctx: ctx, tree: t, reader: r, files: t.Files(),
		manifests: map[string]*manifest{}, crates: map[string]*crate{}, roots: map[string]*root{},
		byName: map[string][]*crate{}, out: workspace.Space{Ecosystem: Ecosystem},
	}
	w.readManifests()
	if len(w.manifests) == 0 {
		return w.out, nil
	}
	w.readCrates()
	for _, dir := range slices.Sorted(maps.Keys(w.crates)) {
		if err := ctx.Err(); err != nil {
			return workspace.Space{}, err
		}
		w.out.Units = append(w.out.Units, w.unit(w.crates[dir]))
	}
	w.settings()
	slices.Sort(w.out.Claimed)
	return w.out, nil
}

// reading is one tree being read.
type reading struct {
	ctx       context.Context
	tree      workspace.Tree
	reader    *Reader
	files     []string // sorted
	manifests map[string]*manifest
	crates    map[string]*crate // by folder
	roots     map[string]*root
	byName    map[string][]*crate
	scanned   int
	out       workspace.Space
}

// table is a TOML table.
type table = map[string]any

// manifest is one Cargo.toml.
type manifest struct {
	dir    string
	toml   table
	broken string
}

// readManifests finds and parses every Cargo.toml that is not vendored or built.
func (w *reading) readManifests() {
	for _, p := range w.files {
		dir, base := split(p)
		if base != "Cargo.toml" || left(dir) || w.has(path.Join(dir, ".cargo-checksum.json")) {
			continue
		}
		m := &manifest{dir: dir}
		w.manifests[dir] = m
		data, err := w.tree.Read(p)
		if err == nil {
			err = toml.Unmarshal(data, &m.toml)
		}
		if err != nil {
			m.broken, m.toml = firstLine(err), nil
		}
	}
}

// left says whether a folder holds what is built or installed.
func left(dir string) bool {
	return segment(dir, "target", "node_modules")
}

// aside says whether a folder holds what only stands for others' code: its
// manifests count when something needs them.
func aside(dir string) bool {
	return segment(dir, "tests", "testdata", "fixtures", "fixture", "test_data", "test-data", "templates", "template")
}

func segment(dir string, names ...string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		if slices.Contains(names, part) {
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

func parent(dir string) string {
	d, _ := split(dir)
	return d
}

// join joins folders; ok is false for what leads out of the tree.
func join(dir, rel string) (string, bool) {
	p := path.Join(dir, rel)
	if p == "." || p == "" {
		return "", !path.IsAbs(rel)
	}
	return p, p != ".." && !strings.HasPrefix(p, "../") && !path.IsAbs(rel)
}

// has says whether a path is a file.
func (w *reading) has(p string) bool {
	_, ok := slices.BinarySearch(w.files, p)
	return ok
}

// below is the files of a folder.
func (w *reading) below(dir string) []string {
	if dir == "" {
		return w.files
	}
	// "0" comes right after "/".
	from, _ := slices.BinarySearch(w.files, dir+"/")
	to, _ := slices.BinarySearch(w.files, dir+"0")
	return w.files[from:to]
}

// contains says whether a folder lies in another, or is it.
func contains(dir, inner string) bool {
	return dir == "" || dir == inner || strings.HasPrefix(inner, dir+"/")
}

// escape makes a path a pattern that matches it alone.
func escape(p string) string {
	if !strings.ContainsAny(p, `*?[]{}\`) {
		return p
	}
	var b strings.Builder
	for i := range len(p) {
		if strings.IndexByte(`*?[]{}\`, p[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(p[i])
	}
	return b.String()
}

func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text[:min(len(text), 300)]
}

func id(dir string) string { return Ecosystem + ":" + dir }

func (w *reading) problem(p, reason string, units ...string) {
	w.out.Problems = append(w.out.Problems, workspace.Problem{Path: p, Reason: reason, Units: units})
}

// settings are files that concern every crate around or below them.
func (w *reading) settings() {
	for _, p := range w.files {
		dir, base := split(p)
		switch base {
		case "rust-toolchain", "rust-toolchain.toml":
		case "config", "config.toml":
			if !strings.HasSuffix("/"+dir, "/.cargo") {
				continue
			}
			dir = parent(dir)
		default:
			continue
		}
		in := workspace.Input{Pattern: escape(p), Scope: workspace.Ship, Why: "how cargo builds"}
		if dir == "" {
			w.out.Global = append(w.out.Global, in)
			continue
		}
		for i := range w.out.Units {
			if contains(dir, w.out.Units[i].Dir) {
				w.out.Units[i].Inputs = append(w.out.Units[i].Inputs, in)
			}
		}
	}
}
