package jvm

import (
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// logic is a build that makes plugins: buildSrc, or an included one.
type logic struct {
	plugins map[string][]string // id to its files
	shared  []workspace.Input   // what every plugin is made with
	scripts []*script           // its own build scripts
	sources []*script           // what its plugins share
	b       *build
}

// readLogic finds the plugins that a build makes, if it makes any.
func (g *gradle) readLogic(b *build) {
	if b.root == "" {
		return // what it makes is its product
	}
	l := &logic{plugins: map[string][]string{}, b: b}
	var inner []string
	for _, f := range g.x.below(b.root) {
		if g.owner(parent(f), false) == b {
			inner = append(inner, f)
		}
	}
	for _, f := range inner {
		if !strings.Contains(f, "src/main/") {
			continue
		}
		base := path.Base(f)
		switch {
		case strings.HasSuffix(base, ".gradle.kts") || strings.HasSuffix(base, ".gradle"):
			id := strings.TrimSuffix(strings.TrimSuffix(base, ".kts"), ".gradle")
			for _, kind := range []string{".settings", ".init"} {
				id = strings.TrimSuffix(id, kind)
			}
			if s := g.load(f); s != nil {
				if m := packageLine.FindStringSubmatch(s.code); m != nil {
					id = m[1] + "." + id
				}
			}
			l.plugins[id] = append(l.plugins[id], f)
		case strings.HasSuffix(base, ".properties") && strings.HasSuffix(parent(f), "META-INF/gradle-plugins"):
			l.named(g, strings.TrimSuffix(base, ".properties"), f, inner)
		}
	}
	for _, p := range b.order {
		if s := b.projects[p].script; s != nil {
			l.scripts = append(l.scripts, s)
			l.declared(g, s, inner)
		}
	}
	if len(l.plugins) == 0 && path.Base(b.root) != "buildSrc" {
		return
	}
	l.share(g, inner)
	b.logic = l
}

// named adds a plugin that a properties file declares.
func (l *logic) named(g *gradle, id, file string, inner []string) {
	data, err := g.x.Read(file)
	if err != nil {
		return
	}
	_, class, ok := strings.Cut(string(data), "implementation-class=")
	if !ok {
		return
	}
	class, _, _ = strings.Cut(class, "\n")
	l.plugins[id] = append(append(l.plugins[id], file), classFiles(class, inner)...)
}

// classFiles are the sources of a class, by its name.
func classFiles(class string, inner []string) []string {
	class = strings.TrimSpace(class)
	class = class[strings.LastIndexAny(class, ".$")+1:]
	var out []string
	for _, f := range inner {
		base := path.Base(f)
		switch path.Ext(base) {
		case ".kt", ".java", ".groovy", ".scala":
			if strings.TrimSuffix(base, path.Ext(base)) == class && strings.Contains(f, "src/main/") {
				out = append(out, f)
			}
		}
	}
	return out
}

// declared adds the plugins of a gradlePlugin block: each class with the id that
// stands nearest before it in its block, or after it.
func (l *logic) declared(g *gradle, s *script, inner []string) {
	ids := idOf.FindAllStringSubmatchIndex(s.code, 5000)
	for _, class := range classOf.FindAllStringSubmatchIndex(s.code, 5000) {
		id := ""
		best := 1 << 30
		for _, m := range ids {
			distance := max(m[0]-class[0], class[0]-m[0])
			lo, hi := min(m[0], class[0]), max(m[0], class[0])
			if distance < best && !strings.ContainsAny(s.code[lo:hi], "}") {
				best = distance
				if m[2] >= 0 {
					id = s.code[m[2]:m[3]]
				} else if c := g.catalog(l.b, s.code[m[4]:m[5]]); c != nil {
					id = c.names["plugins."+strings.ToLower(strings.TrimSuffix(s.code[m[6]:m[7]], "."))]
				}
			}
		}
		if id != "" {
			l.plugins[id] = append(l.plugins[id], classFiles(s.code[class[2]:class[3]], inner)...)
		}
	}
}

// share collects what belongs to no single plugin, a folder at a time.
func (l *logic) share(g *gradle, inner []string) {
	single := map[string]bool{}
	for _, files := range l.plugins {
		for _, f := range files {
			single[f] = true
		}
	}
	mixed := map[string]bool{}
	for f := range single {
		mixed[parent(f)] = true
	}
	done := map[string]bool{}
	for _, f := range inner {
		dir := parent(f)
		if single[f] || strings.Contains(f, "src/test/") || strings.Contains(f, "/build/") || strings.HasSuffix(f, ".md") || strings.HasSuffix(f, ".versions.toml") {
			continue
		}
		if s := g.source(f); s != nil && strings.Contains(f, "src/main/") {
			l.sources = append(l.sources, s)
		}
		pattern := literal(f)
		if !mixed[dir] && dir != "" {
			if done[dir] {
				continue
			}
			done[dir] = true
			pattern = literal(dir) + "/*"
		}
		l.shared = append(l.shared, workspace.Input{Pattern: pattern, Scope: workspace.Ship, Why: "build logic"})
	}
}

// followed is everything that configures one project: its scripts, those they
// apply, and the plugins of the tree.
type followed struct {
	scripts []*script
	seen    map[string]bool
	ids     map[string]string // applied plugins to their version, if it is said
	logics  []*logic
}

// follow collects what a script applies, and what that applies.
func (g *gradle) follow(u *workspace.Unit, b *build, s *script, f *followed) {
	if s == nil || f.seen[s.file] || len(f.scripts) > 500 {
		return
	}
	f.seen[s.file] = true
	f.scripts = append(f.scripts, s)
	g.steps -= len(s.code) / 50
	s.look()
	for _, p := range s.plugs {
		if p.applied {
			g.applies(u, b, p, f)
		}
	}
	for _, t := range s.lits {
		if head := s.before(t); strings.Contains(head, "apply") && strings.Contains(head, "from") {
			g.appliesFrom(u, b, s, t, f)
		}
	}
}

// applies notes a plugin, and takes in its files when the tree makes it.
func (g *gradle) applies(u *workspace.Unit, b *build, p plugin, f *followed) {
	if p.catalog != "" {
		if c := g.catalog(b, p.catalog); c != nil {
			if key, _, ok := c.find("plugins." + p.key); ok {
				p.id = c.names[key]
			}
		}
	}
	if p.id == "" {
		return
	}
	if before, ok := f.ids[p.id]; ok && (before != "" || p.version == "") {
		return
	}
	f.ids[p.id] = p.version
	for _, other := range g.builds {
		l := other.logic
		if l == nil || l.plugins[p.id] == nil {
			continue
		}
		g.joins(u, l, f)
		for _, file := range l.plugins[p.id] {
			take(u, workspace.Input{Pattern: literal(file), Scope: workspace.Ship, Why: "plugin " + p.id})
			g.follow(u, other, g.source(file), f)
		}
	}
}

// source loads a file of a plugin: in a class, strings and calls look alike.
func (g *gradle) source(file string) *script {
	if !slices.Contains([]string{".kt", ".java", ".groovy", ".gradle", ".kts"}, path.Ext(file)) {
		return nil
	}
	return g.load(file)
}

// joins takes in what all plugins of a build are made with.
func (g *gradle) joins(u *workspace.Unit, l *logic, f *followed) {
	if slices.Contains(f.logics, l) {
		return
	}
	f.logics = append(f.logics, l)
	u.Inputs = append(u.Inputs, l.shared...)
	for _, s := range l.scripts {
		g.versions(u, l.b, s)
	}
	for _, s := range l.sources {
		g.follow(u, l.b, s, f)
	}
}

// appliesFrom follows "apply from".
func (g *gradle) appliesFrom(u *workspace.Unit, b *build, s *script, t text, f *followed) {
	name, base := t.value, parent(s.file)
	head := s.before(t)
	for _, root := range []string{"$rootDir/", "${rootDir}/", "$rootProject.projectDir/", "${rootProject.projectDir}/", "${project.rootDir}/", "$project.rootDir/", "${rootProject.rootDir}/", "${rootDir.path}/"} {
		if rest, ok := strings.CutPrefix(name, root); ok {
			name, base = rest, b.root
		}
	}
	if strings.Contains(head, "rootProject") || strings.Contains(head, "rootDir") {
		base = b.root
	}
	for _, dir := range []string{base, u.Dir, b.root} {
		if file, ok := within(dir, name); ok && g.x.has(file) {
			if !under(u.Dir, file) || parent(file) != u.Dir {
				take(u, workspace.Input{Pattern: literal(file), Scope: workspace.Ship, Why: "apply from"})
			}
			g.follow(u, b, g.load(file), f)
			return
		}
	}
	// Computed: any script whose path ends so.
	if i := strings.LastIndexAny(name, "}$"); i >= 0 && t.dynamic {
		tail := path.Base(name)
		for _, file := range g.x.scripts {
			if g.steps--; path.Base(file) == tail {
				take(u, workspace.Input{Pattern: literal(file), Scope: workspace.Ship, Why: "apply from"})
				g.follow(u, b, g.load(file), f)
			}
		}
	}
}
