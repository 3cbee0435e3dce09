// Package python reads Python projects: those of uv, Poetry, PDM, hatch and
// setuptools, and folders that pip installs requirements for.
//
// Projects need each other by workspace and path sources, by editable
// requirements, and by name when no lock says that the name comes from an index.
// What a project takes from outside is its closure in uv.lock, poetry.lock or
// pdm.lock, extras and markers as a union, or the lines of its requirements.
// Groups and extras that are named for checks (dev, test, lint, docs) verify.
// Manifests count table by table; setup.py by its literals alone. It runs
// nothing. affected's caller calls it for both commits.
package python

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/postflight/postflight/internal/workspace"
)

// Ecosystem is the name of the space, and the beginning of its ids.
const Ecosystem = "python"

// Reader reads trees, and the locks that several have in common once. It is safe
// for concurrent use.
type Reader struct {
	mu    sync.Mutex
	locks map[string]*lock // by hash and folder
}

// New returns a reader that has seen nothing.
func New() *Reader { return &Reader{locks: map[string]*lock{}} }

// Read reads one tree.
func Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	return New().Read(ctx, t)
}

// Read reads one tree. An error means that ctx ended; what cannot be read is a
// problem of the space.
func (r *Reader) Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	w := &reading{
		tree: t, reader: r, files: t.Files(), found: map[string]*marks{}, projects: map[string]*project{}, roots: map[string]*project{},
		byName: map[string][]*project{}, claimed: map[string]bool{}, out: workspace.Space{Ecosystem: Ecosystem},
	}
	w.list()
	w.readProjects()
	dirs := slices.Sorted(maps.Keys(w.projects))
	for _, dir := range dirs {
		if p := w.projects[dir]; p.name != "" {
			w.byName[p.name] = append(w.byName[p.name], p)
		}
	}
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return workspace.Space{}, err
		}
		w.out.Units = append(w.out.Units, w.unit(w.projects[dir]))
	}
	w.products()
	if len(dirs) > 0 && w.has(".python-version") {
		w.out.Global = append(w.out.Global, workspace.Input{Pattern: ".python-version", Scope: workspace.Ship, Why: "which Python runs it"})
	}
	w.out.Claimed = slices.Sorted(maps.Keys(w.claimed))
	return w.out, nil
}

// reading is one tree being read.
type reading struct {
	tree     workspace.Tree
	reader   *Reader
	files    []string // sorted
	found    map[string]*marks
	projects map[string]*project // by folder
	roots    map[string]*project // of uv workspaces
	byName   map[string][]*project
	claimed  map[string]bool
	out      workspace.Space
}

// marks are the signs of a project in one folder.
type marks struct {
	pyproject, setupPy, setupCfg, deployed bool
	requirements                           []string // paths
}

// list looks for the signs of projects.
func (w *reading) list() {
	for _, p := range w.files {
		dir, base := split(p)
		switch {
		case base == "pyproject.toml":
			w.mark(dir).pyproject = true
		case base == "setup.py":
			w.mark(dir).setupPy = true
		case base == "setup.cfg":
			w.mark(dir).setupCfg = true
		case strings.HasSuffix(base, ".txt") && path.Base(dir) == "requirements":
			w.mark(parent(dir)).requirements = append(w.mark(parent(dir)).requirements, p)
		case requirements(base):
			w.mark(dir).requirements = append(w.mark(dir).requirements, p)
		case deployed(base):
			w.mark(dir).deployed = true
		}
	}
}

func (w *reading) mark(dir string) *marks {
	m := w.found[dir]
	if m == nil {
		m = &marks{}
		w.found[dir] = m
	}
	return m
}

// requirements says whether pip reads a file, by its name.
func requirements(base string) bool {
	name, ok := strings.CutSuffix(base, ".txt")
	return ok && (strings.HasPrefix(name, "requirements") || strings.HasSuffix(name, "requirements"))
}

// deployed says whether a file is a sign of what is shipped from its folder.
func deployed(base string) bool {
	switch base {
	case "Procfile", "Containerfile", "app.yaml", "fly.toml", "serverless.yml", "serverless.yaml", "manage.py", "render.yaml", "railway.json":
		return true
	}
	return base == "Dockerfile" || strings.HasPrefix(base, "Dockerfile.") || strings.HasSuffix(base, ".Dockerfile")
}

// aside says whether a folder holds what only stands for others' code, or what
// is installed.
func aside(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		switch part {
		case "tests", "test", "testdata", "fixtures", "node_modules", "site-packages", ".venv", "venv", "vendor", "_vendor", "templates", "third_party":
			return true
		}
		if strings.Contains(part, "{{") {
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

// owner is the project that a file belongs to.
func (w *reading) owner(p string) *project {
	for dir := parent(p); ; dir = parent(dir) {
		if o := w.projects[dir]; o != nil || dir == "" {
			return o
		}
	}
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
