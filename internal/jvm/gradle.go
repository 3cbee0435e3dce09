package jvm

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// build is one Gradle build: a settings file, or a script that stands alone.
type build struct {
	root     string
	settings *script
	projects map[string]*project // by path, ":a:b"
	order    []string
	byDir    map[string]*project
	catalogs map[string]*catalog
	names    map[string]*project // by flattened accessor
	logic    *logic              // it makes plugins for other builds
	included []string
}

// project is one of a build.
type project struct {
	b         *build
	path, dir string
	script    *script
}

// gradle is all builds of a tree.
type gradle struct {
	x       *tree
	builds  []*build
	byRoot  map[string]*build
	scripts map[string]*script
	space   *workspace.Space
	steps   int
}

func gradleID(p *project) string { return "jvm:gradle:" + p.dir }

// readGradle adds the projects of all builds.
func readGradle(ctx context.Context, x *tree, space *workspace.Space) error {
	if len(x.settings)+len(x.scripts) == 0 {
		return nil
	}
	g := &gradle{x: x, byRoot: map[string]*build{}, scripts: map[string]*script{}, space: space, steps: 50_000_000}
	g.find()
	for _, b := range g.builds {
		g.readCatalogs(b)
	}
	for _, b := range g.builds {
		g.readLogic(b)
	}
	for _, b := range g.builds {
		shared := g.shared(b)
		for _, p := range b.order {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("read Gradle projects: %w", err)
			}
			space.Units = append(space.Units, g.unit(b.projects[p], shared))
		}
	}
	if g.steps < 0 {
		space.Problems = append(space.Problems, workspace.Problem{Path: g.builds[0].root, Reason: "the Gradle scripts hold more than can be followed"})
	}
	return nil
}

// load lexes a script once; nil when there is none. One that cannot be read is a
// problem of everything that it may configure.
func (g *gradle) load(file string) *script {
	if s, ok := g.scripts[file]; ok {
		return s
	}
	var s *script
	if g.x.has(file) {
		data, err := g.x.Read(file)
		if err == nil && len(data) > maxScript {
			err = errors.New("a script larger than 2 MiB")
		}
		if err != nil {
			g.space.Problems = append(g.space.Problems, broken(file, err))
			data = nil
		}
		s = lex(file, string(data))
	}
	g.scripts[file] = s
	return s
}

// find makes the builds and their projects.
func (g *gradle) find() {
	at := func(root string) *build {
		b := g.byRoot[root]
		if b == nil {
			b = &build{root: root, projects: map[string]*project{}, byDir: map[string]*project{}, catalogs: map[string]*catalog{}}
			g.byRoot[root] = b
			g.builds = append(g.builds, b)
		}
		return b
	}
	for _, f := range g.x.settings {
		if !inSources(f) {
			at(parent(f)).settings = g.load(f)
		}
	}
	for _, f := range g.x.scripts {
		if dir := parent(f); !inSources(f) && path.Base(dir) == "buildSrc" && strings.HasPrefix(path.Base(f), "build.gradle") {
			at(dir)
		}
	}
	for _, b := range slices.Clone(g.builds) {
		g.include(b)
	}
	for _, f := range g.x.scripts {
		dir := parent(f)
		if base := path.Base(f); base != "build.gradle" && base != "build.gradle.kts" || inSources(f) || g.owner(dir, true) != nil {
			continue
		}
		b := g.owner(dir, false)
		if b == nil {
			b = at(dir)
		}
		g.add(b, ":"+strings.ReplaceAll(strings.Trim(strings.TrimPrefix(dir, b.root), "/"), "/", ":"), dir)
	}
	slices.SortFunc(g.builds, func(a, b *build) int { return strings.Compare(a.root, b.root) })
	for _, b := range g.builds {
		if b.byDir[b.root] == nil {
			g.add(b, ":", b.root)
		}
		slices.Sort(b.order)
	}
}

// inSources tells files that are data of a program, not part of the build.
func inSources(file string) bool {
	return strings.HasPrefix(file, "src/") || strings.Contains(file, "/src/")
}

// owner is the build that has a project in a folder (exact), or the innermost
// around it.
func (g *gradle) owner(dir string, exact bool) *build {
	if exact {
		for _, b := range g.builds {
			if b.byDir[dir] != nil {
				return b
			}
		}
		return nil
	}
	for {
		if b := g.byRoot[dir]; b != nil {
			return b
		}
		if dir == "" {
			return nil
		}
		dir = parent(dir)
	}
}

// add makes a project, and finds its script: build.gradle, or one that is called
// as the project.
func (g *gradle) add(b *build, name, dir string) {
	if p := b.projects[name]; p != nil {
		delete(b.byDir, p.dir)
		b.order = slices.DeleteFunc(b.order, func(s string) bool { return s == name })
	}
	if p := b.byDir[dir]; p != nil {
		return // two names of one folder
	}
	p := &project{b: b, path: name, dir: dir}
	last := name[strings.LastIndexByte(name, ':')+1:]
	for _, base := range []string{"build.gradle.kts", "build.gradle", last + ".gradle.kts", last + ".gradle", "gradle-" + last + ".gradle.kts"} {
		if p.script = g.load(path.Join(dir, base)); p.script != nil {
			break
		}
	}
	b.projects[name], b.byDir[dir] = p, p
	b.order = append(b.order, name)
}

// include reads what a settings file says is part of the build: every string
// that is the path of a project, whatever it is handed to.
func (g *gradle) include(b *build) {
	g.add(b, ":", b.root)
	if b.settings == nil {
		return
	}
	code := b.settings.code
	for _, t := range b.settings.lits {
		head := strings.TrimSpace(b.settings.before(t))
		if strings.Contains(head, "includeBuild") {
			if dir, ok := within(b.root, t.value); ok {
				b.included = append(b.included, dir)
			}
			continue
		}
		name := strings.Trim(strings.ReplaceAll(t.value, "/", ":"), ":")
		if t.dynamic || name == "" || strings.Contains(head, "projectDir") || strings.ContainsAny(name, " .\\\n") && !strings.HasPrefix(t.value, ":") || strings.HasPrefix(head, "project(") && strings.Contains(code[t.end:min(len(code), t.end+20)], "projectDir") {
			continue
		}
		dir := path.Join(b.root, strings.ReplaceAll(name, ":", "/"))
		flat := strings.Contains(head, "includeFlat")
		if flat {
			dir = path.Join(parent(b.root), name)
		}
		if flat || strings.HasPrefix(t.value, ":") || isInclude(code, t.at) || g.x.has(path.Join(dir, "build.gradle")) || g.x.has(path.Join(dir, "build.gradle.kts")) {
			g.addPath(b, ":"+name, dir)
		}
	}
	for _, m := range projectDir.FindAllStringSubmatch(code, 1000) {
		if q := quoted.FindStringSubmatch(m[2]); q != nil {
			name := q[1]
			for _, base := range []string{"$rootDir/", "${rootDir}/", "$settingsDir/", "${settingsDir}/", "$rootDir.path/"} {
				name = strings.TrimPrefix(name, base)
			}
			if dir, ok := within(b.root, name); ok {
				g.add(b, m[1], dir)
			}
		}
	}
}

// addPath adds a project and the ones above it, which Gradle makes too.
func (g *gradle) addPath(b *build, name, dir string) {
	if strings.Count(name, ":") > 30 {
		return
	}
	for i := 1; i < len(name); i++ {
		if up := name[:i]; name[i] == ':' && b.projects[up] == nil {
			g.add(b, up, path.Join(b.root, strings.ReplaceAll(up[1:], ":", "/")))
		}
	}
	if b.projects[name] == nil {
		g.add(b, name, dir)
	}
}

// isInclude tells whether the list that a string is in follows "include".
func isInclude(code string, at int) bool {
	i := at
	for i > 0 && at-i < 20_000 {
		switch c := code[i-1]; {
		case c == '"' || c == '\'':
			k := strings.LastIndexByte(code[:i-1], c)
			if k < 0 {
				return false
			}
			i = k
		case strings.IndexByte(" \t\r\n,(", c) >= 0:
			i--
		default:
			return strings.HasSuffix(code[:i], "include")
		}
	}
	return false
}

// readCatalogs finds the version catalogs of a build: the one of the standard
// place, and those that the settings name.
func (g *gradle) readCatalogs(b *build) {
	read := func(name, file string) {
		if !g.x.has(file) {
			return
		}
		data, err := g.x.Read(file)
		var c *catalog
		if err == nil {
			c, err = parseCatalog(file, data)
		}
		if err != nil {
			if !slices.ContainsFunc(g.space.Problems, func(p workspace.Problem) bool { return p.Path == file }) {
				g.space.Problems = append(g.space.Problems, broken(file, err))
			}
			return
		}
		b.catalogs[name] = c
		g.space.Claimed = append(g.space.Claimed, file)
	}
	read("libs", path.Join(b.root, "gradle/libs.versions.toml"))
	if b.settings == nil {
		return
	}
	for _, m := range catalogFrom.FindAllStringSubmatch(b.settings.code, 100) {
		if file, ok := within(b.root, m[3]); ok {
			read(m[1]+m[2], file)
		}
	}
}

// catalog is what a name means in a build; one of the plugins' own build knows
// that of the build around it.
func (g *gradle) catalog(b *build, name string) *catalog {
	for dir := b.root; ; dir = parent(dir) {
		if up := g.byRoot[dir]; up != nil && up.catalogs[name] != nil {
			return up.catalogs[name]
		}
		if dir == "" {
			return nil
		}
	}
}

// common is what concerns every project of a build: the version of Gradle, its
// properties, and the settings besides the list of projects.
type common struct {
	inputs   []workspace.Input
	settings string
	plugins  []plugin
}

// shared finds what concerns every project of a build.
func (g *gradle) shared(b *build) common {
	at := func(name string) string { return literal(path.Join(b.root, name)) }
	out := common{inputs: []workspace.Input{
		{Pattern: at("gradle.properties"), Scope: workspace.Ship, Why: "properties of the build"},
		{Pattern: at("gradle/wrapper") + "/**", Scope: workspace.Ship, Why: "version of Gradle"},
		{Pattern: at("gradle/verification-metadata.xml"), Scope: workspace.Verify, Why: "checks what is downloaded"},
		{Pattern: at("gradle/verification-keyring.keys"), Scope: workspace.Verify, Why: "checks what is downloaded"},
		{Pattern: at("gradle/gradle-daemon-jvm.properties"), Scope: workspace.Ship, Why: "JVM of the build"},
	}}
	if b.settings != nil {
		g.space.Claimed = append(g.space.Claimed, b.settings.file)
		out.settings = g.rest(b)
		out.plugins = b.settings.plugins()
	}
	return out
}

// rest fingerprints a settings file without the list of projects, which is read.
func (g *gradle) rest(b *build) string {
	var kept strings.Builder
	code, last := b.settings.code, 0
	for _, t := range b.settings.lits {
		name := ":" + strings.Trim(strings.ReplaceAll(t.value, "/", ":"), ":")
		if b.projects[name] != nil && name != ":" {
			kept.WriteString(code[last:t.at])
			last = t.end
		}
	}
	kept.WriteString(code[last:])
	var lines strings.Builder
	for line := range strings.Lines(kept.String()) {
		if !strings.Contains(line, ".projectDir") {
			lines.WriteString(line)
		}
	}
	text := strings.ReplaceAll(lines.String(), "include", "")
	return digest(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n,();", r) {
			return -1
		}
		return r
	}, text))
}
