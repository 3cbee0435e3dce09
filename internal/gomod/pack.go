package gomod

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// pack is one package folder.
type pack struct {
	dir    string
	module *module
	main   bool
	cgo    bool
	never  []string // base names of files that no build takes
	needs  map[string]workspace.Scope
	// external are import paths of other modules by the module that has them,
	// for what is built; tests ship nothing.
	external map[string][]string
	inputs   []workspace.Input
	node     []string // folders with a package.json that build what is embedded
	broken   []workspace.Problem
}

// readPackages reads every package folder, and those that only an import finds.
func (w *reading) readPackages() error {
	for _, dir := range slices.Sorted(maps.Keys(w.dirs)) {
		m := w.moduleOf(dir)
		if m == nil {
			continue
		}
		if rel, _ := within(dir, m.dir); !ignored(rel) {
			w.found(dir, m)
		}
	}
	for i := 0; i < len(w.order); i++ {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		w.readPack(w.packages[w.order[i]])
	}
	return nil
}

// found puts a folder in line.
func (w *reading) found(dir string, m *module) {
	if w.packages[dir] == nil {
		w.packages[dir] = &pack{dir: dir, module: m, needs: map[string]workspace.Scope{}, external: map[string][]string{}}
		w.order = append(w.order, dir)
	}
}

func (w *reading) readPack(p *pack) {
	names, tagged := map[string]bool{}, map[string]bool{}
	for _, file := range w.dirs[p.dir].golang {
		s, via := w.source(file)
		_, base := split(file)
		if s.never {
			p.never = append(p.never, base)
			continue
		}
		scope := workspace.Ship
		if strings.HasSuffix(base, "_test.go") {
			scope = workspace.Verify
		}
		if via != file {
			p.input(escape(via), scope, "symbolic link "+base)
		}
		if s.broken != "" && scope == workspace.Ship {
			p.broken = append(p.broken, workspace.Problem{Path: file, Reason: s.broken, Units: []string{id(p.dir)}})
		}
		if scope == workspace.Ship && s.name != "" {
			if s.tagged {
				tagged[s.name] = true
			} else {
				names[s.name] = true
			}
			p.cgo = p.cgo || s.cgo
		}
		w.imports(p, file, s, scope)
		w.embeds(p, s, scope)
		w.refs(p, s, scope)
	}
	delete(names, "documentation")
	if len(names) == 0 {
		names = tagged
	}
	p.main = names["main"] && len(names) == 1
}

func (p *pack) input(pattern string, scope workspace.Scope, why string) {
	in := workspace.Input{Pattern: pattern, Scope: scope, Why: why}
	if !slices.Contains(p.inputs, in) {
		p.inputs = append(p.inputs, in)
	}
}

// imports follows the imports of one file.
func (w *reading) imports(p *pack, file string, s *source, scope workspace.Scope) {
	for _, imported := range s.imports {
		t := w.resolve(p.module, imported)
		if t.external != "" {
			p.module.used[t.external] = true
		}
		switch {
		case t.missing && scope == workspace.Ship:
			w.generated(p, t.dir)
		case t.missing:
		case t.local:
			w.found(t.dir, w.moduleOf(t.dir))
			if t.dir != p.dir && p.needs[t.dir] != workspace.Ship {
				p.needs[t.dir] = scope
			}
		case scope != workspace.Ship:
		case t.external != "":
			if !slices.Contains(p.external[t.external], imported) {
				p.external[t.external] = append(p.external[t.external], imported)
			}
		case t.unknown && !s.tagged && p.module.broken == "":
			p.broken = append(p.broken, workspace.Problem{
				Path: file, Units: []string{id(p.dir)},
				Reason: "imports " + imported + ", which no requirement in go.mod provides",
			})
		}
	}
}

// sourcesOf are files that packages are generated from.
const sourcesOf = "proto,graphql,graphqls,gql,thrift,fbs,avsc,sql,templ,capnp,smithy"

// generated: a package of a local module that is not there is written by the
// build, from files that say so by their names.
func (w *reading) generated(p *pack, dir string) {
	why := "generates " + dir + ", which is not committed"
	p.input(path.Join(escape(dir), "**"), workspace.Ship, why)
	p.input(path.Join(escape(p.module.dir), "**/*.{"+sourcesOf+"}"), workspace.Ship, why)
}

// embeds notes what //go:embed takes in.
func (w *reading) embeds(p *pack, s *source, scope workspace.Scope) {
	for _, pattern := range s.embeds {
		pattern = strings.TrimPrefix(pattern, "all:")
		if _, err := path.Match(pattern, "x"); err != nil {
			continue
		}
		full, ok := join("", pattern)
		if !ok {
			continue
		}
		glob := strings.NewReplacer("{", `\{`, "}", `\}`, "**", "*").Replace(full)
		at := path.Join(escape(p.dir), glob)
		p.input(at, scope, "go:embed "+pattern)
		p.input(at+"/**", scope, "go:embed "+pattern)
		if scope == workspace.Ship {
			w.built(p, pattern, full)
		}
	}
}

// built: what is embedded and not there is built before, by what stands around
// it.
func (w *reading) built(p *pack, pattern, full string) {
	if i := strings.IndexAny(full, "*?[\\"); i >= 0 {
		full = parent(full[:i] + "x")
	}
	full = path.Join(p.dir, full)
	if full == "" || full == "." || w.under(full) {
		return
	}
	around := parent(full)
	for !w.under(around) && around != "" {
		around = parent(around)
	}
	if around != "" {
		p.input(escape(around)+"/**", workspace.Ship, "go:embed "+pattern+", which is built")
	}
	for dir := around; ; dir = parent(dir) {
		if w.has(inDir(dir, "package.json")) {
			p.node = append(p.node, dir)
			return
		}
		if dir == "" || dir == p.module.dir {
			return
		}
	}
}

// refs notes what cgo reads from other folders.
func (w *reading) refs(p *pack, s *source, scope workspace.Scope) {
	for _, ref := range s.refs {
		full, ok := join(p.dir, ref)
		if !ok || full == "" || full == p.dir || !w.under(full) {
			continue
		}
		p.input(escape(full), scope, "cgo")
		if w.has(full) {
			// A header includes its neighbours.
			if d := parent(full); d != p.dir && d != "" {
				p.input(escape(d)+"/**/*.{"+nativeExts+"}", scope, "cgo")
			}
		} else {
			p.input(escape(full)+"/**", scope, "cgo")
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
