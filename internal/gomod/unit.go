package gomod

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// units writes what was found.
func (w *reading) units() {
	slices.Sort(w.order)
	broken, mains := map[*module][]string{}, map[*module][]string{}
	for _, dir := range w.order {
		p := w.packages[dir]
		if p.module.broken != "" {
			broken[p.module] = append(broken[p.module], id(dir))
		}
		if p.main {
			mains[p.module] = append(mains[p.module], dir)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(w.modules)) {
		m := w.modules[dir]
		if len(broken[m]) > 0 {
			w.problem(inDir(m.dir, "go.mod"), m.broken, broken[m]...)
		}
		if len(mains[m]) == 1 {
			// One product: what it reads when it runs is beside it.
			for _, name := range runtimeFolders() {
				w.packages[mains[m][0]].input(path.Join(escape(m.dir), name, "**"), workspace.Ship, "files of the only program of "+m.path)
			}
		}
	}
	for _, dir := range w.order {
		p := w.packages[dir]
		w.out.Units = append(w.out.Units, w.unit(p))
		w.out.Problems = append(w.out.Problems, p.broken...)
	}
}

func (w *reading) unit(p *pack) workspace.Unit {
	u := workspace.Unit{
		ID: id(p.dir), Name: w.name(p), Dir: p.dir, Manifest: w.dirs[p.dir].golang[0],
		Product: p.main && !example(p.dir), External: w.external(p),
		Inputs: p.inputs, Own: own(p),
	}
	for _, dir := range slices.Sorted(maps.Keys(p.needs)) {
		u.Needs = append(u.Needs, workspace.Need{Unit: id(dir), Scope: p.needs[dir], Via: "imports"})
	}
	for _, dir := range p.node {
		u.Needs = append(u.Needs, workspace.Need{Unit: "node:" + dir, Scope: workspace.Ship, Via: "go:embed"})
	}
	return u
}

// name is the import path.
func (w *reading) name(p *pack) string {
	rel, _ := within(p.dir, p.module.dir)
	if p.module.path == "" {
		return p.dir
	}
	return path.Join(p.module.path, rel)
}

// example says whether a folder holds programs that only show something.
func example(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		switch part {
		case "example", "examples", "_example", "_examples", "testdata":
			return true
		}
	}
	return false
}

// runtimeFolders are where programs keep what they read when they run.
func runtimeFolders() []string {
	return []string{"templates", "static", "public", "assets", "migrations", "locales", "views"}
}

// own says what the files in a package's folder are for.
func own(p *pack) []workspace.Input {
	var out []workspace.Input
	add := func(scope workspace.Scope, why string, patterns ...string) {
		for _, pattern := range patterns {
			out = append(out, workspace.Input{Pattern: pattern, Scope: scope, Why: why})
		}
	}
	if !p.main || p.dir == "" || example(p.dir) {
		out = append(out, workspace.Input{Pattern: "**", None: true, Why: "go build does not read it"})
		add(workspace.Ship, "Go source", "*.go", "*.templ", "*.qtpl")
		add(workspace.Ship, "assembly and objects", "*.{s,S,sx,h,syso}")
		if p.cgo {
			add(workspace.Ship, "cgo", "**/*.{"+nativeExts+"}")
		}
	} else {
		add(workspace.Verify, "documentation", "**/*.{md,txt,adoc,rst}", "**/LICENSE*", "**/.golangci.{yml,yaml,toml}", "**/docs/**")
		// What a program may embed or ship is no documentation.
		for _, name := range runtimeFolders() {
			add(workspace.Ship, "read at run time", name+"/**")
		}
		out = append(out, workspace.Input{Pattern: "vendor/**", None: true, Why: "read by package"},
			workspace.Input{Pattern: "**/node_modules/**", None: true, Why: "installed"})
	}
	add(workspace.Verify, "tests", "*_test.go", "**/testdata/**")
	for _, base := range p.never {
		out = append(out, workspace.Input{Pattern: escape(base), None: true, Why: "//go:build leaves it out"})
	}
	return out
}
