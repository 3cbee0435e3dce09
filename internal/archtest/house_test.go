package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
)

// file is one Go source file.
type file struct {
	path      string // slashes, relative to the module
	test      bool
	generated bool
	lines     int
	syntax    *ast.File
}

// pack is one package directory, its tests included.
type pack struct {
	path  string
	files []*file
}

// house is the parsed module.
type house struct {
	module string
	fset   *token.FileSet
	packs  []*pack // in the order of their paths
	rooms  map[string]bool
	fsys   fs.FS
}

// breach is one place where a law does not hold. Subject is stable: it names
// no line, so that it can be written down as an exception.
type breach struct {
	law, subject, text string
}

func (b breach) key() string    { return b.law + " " + b.subject }
func (b breach) String() string { return b.law + " " + b.subject + ": " + b.text }

// load parses every Go file of the module, whatever its build constraints, and
// leaves out other modules, testdata and what is built.
func load(fsys fs.FS, module string) (*house, error) {
	h := &house{module: module, fset: token.NewFileSet(), fsys: fsys, rooms: map[string]bool{}}
	byPath := map[string]*pack{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return h.enter(p)
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := h.parse(p)
		if err != nil {
			return err
		}
		dir := path.Dir(p)
		if byPath[dir] == nil {
			byPath[dir] = &pack{path: dir}
		}
		byPath[dir].files = append(byPath[dir].files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	for _, p := range byPath {
		h.packs = append(h.packs, p)
		h.rooms[p.path] = true
	}
	sort.Slice(h.packs, func(i, j int) bool { return h.packs[i].path < h.packs[j].path })
	return h, nil
}

// enter says whether a directory belongs to the module.
func (h *house) enter(p string) error {
	if p == "." {
		return nil
	}
	name := path.Base(p)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || p == "bin" || p == "dist" || p == "data" || p == "demo" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(h.fsys, p+"/go.mod"); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (h *house) parse(p string) (*file, error) {
	text, err := fs.ReadFile(h.fsys, p)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(h.fset, p, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{
		path: p, syntax: syntax,
		test:      strings.HasSuffix(p, "_test.go"),
		generated: ast.IsGenerated(syntax),
		lines:     strings.Count(string(text), "\n"),
	}, nil
}

// source returns the files that are built into the program.
func (p *pack) source() []*file {
	var out []*file
	for _, f := range p.files {
		if !f.test {
			out = append(out, f)
		}
	}
	return out
}

// imports returns the import paths of the given files, sorted; those of our own
// module without its name.
func (h *house) imports(files []*file) []string {
	seen := map[string]bool{}
	for _, f := range files {
		for _, spec := range f.syntax.Imports {
			seen[h.importPath(spec)] = true
		}
	}
	var out []string
	for p := range seen {
		out = append(out, p)
	}
	sort.Strings(out)
	return out
}

func (h *house) importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return strings.TrimPrefix(p, h.module+"/")
}

// standard says whether an import path, as imports returns it, is the standard
// library's.
func (h *house) standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !h.rooms[p] && !strings.Contains(first, ".")
}

// at is file and line of a node.
func (h *house) at(n ast.Node) string {
	p := h.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// calls visits every use of a name of an imported package: time.Now, os.Exit.
func (h *house) calls(f *file, importPath string, visit func(name string, n ast.Node)) {
	local := ""
	for _, spec := range f.syntax.Imports {
		if h.importPath(spec) == importPath {
			local = path.Base(importPath)
			if spec.Name != nil {
				local = spec.Name.Name
			}
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local {
				visit(sel.Sel.Name, n)
			}
		}
		return true
	})
}
