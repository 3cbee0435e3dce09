package jvm

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// deployed are plugins that make something to be deployed.
var deployed = []string{
	"application", "com.android.application", "com.android.dynamic-feature", "com.android.instantapp", "org.springframework.boot", "war", "ear", "distribution",
	"io.quarkus", "io.micronaut.application", "io.micronaut.minimal.application", "com.google.cloud.tools.jib", "com.github.johnrengelman.shadow",
	"com.gradleup.shadow", "io.github.goooler.shadow", "io.ktor.plugin", "org.graalvm.buildtools.native", "com.bmuschko.docker-java-application",
	"com.bmuschko.docker-spring-boot-application", "com.palantir.docker", "org.beryx.jlink", "org.beryx.runtime", "com.google.cloud.tools.appengine", "org.wildfly.swarm",
}

// unit is a project of a build.
func (g *gradle) unit(p *project, all common) workspace.Unit {
	u := workspace.Unit{ID: gradleID(p), Dir: p.dir, External: map[string]string{}}
	u.Name = p.path
	if p.path == ":" {
		u.Name = path.Base("/" + p.dir)
		if p.dir == "" {
			u.Name = ":"
		}
	}
	u.Manifest = path.Join(p.dir, "build.gradle")
	if p.script != nil {
		u.Manifest = p.script.file
	} else if p.b.settings != nil {
		u.Manifest = p.b.settings.file
	}
	u.Own = own(
		workspace.Input{Pattern: "{build,.gradle,.kotlin}/**", None: true, Why: "built"},
		workspace.Input{Pattern: "{gradlew,gradlew.bat}", Scope: workspace.Verify, Why: "starts Gradle"},
	)
	u.Inputs = slices.Clone(all.inputs)
	if all.settings != "" {
		u.External["settings"] = all.settings
	}
	f := &followed{seen: map[string]bool{}, ids: map[string]string{}}
	g.follow(&u, p.b, p.script, f)
	g.above(&u, p, f)
	for _, s := range all.plugins {
		g.applies(&u, p.b, s, f)
	}
	if src := g.byRoot[path.Join(p.b.root, "buildSrc")]; src != nil && src != p.b && src.logic != nil {
		g.joins(&u, src.logic, f)
	}
	for _, s := range f.scripts {
		g.versions(&u, p.b, s)
		g.needs(&u, p, s)
		g.files(&u, p, s)
	}
	g.pluginVersions(&u, p, f)
	g.locks(&u, p)
	u.Product = g.product(p, f)
	return u
}

// above adds the scripts of the projects above that configure those below.
func (g *gradle) above(u *workspace.Unit, p *project, f *followed) {
	name := p.path
	for name != ":" && name != "" {
		name = name[:strings.LastIndexByte(name, ':')]
		if name == "" {
			name = ":"
		}
		up := p.b.projects[name]
		if up == nil || up == p || up.script == nil || !inherited.MatchString(up.script.code) {
			if name == ":" {
				return
			}
			continue
		}
		take(u, workspace.Input{Pattern: literal(up.script.file), Scope: workspace.Ship, Why: "configures the projects below"})
		g.follow(u, p.b, up.script, f)
	}
}

// versions adds what a script names of the version catalogs.
func (g *gradle) versions(u *workspace.Unit, b *build, s *script) {
	names := map[string]bool{"libs": true}
	for _, up := range g.builds {
		if under(up.root, b.root) {
			for name := range up.catalogs {
				names[name] = true
			}
		}
	}
	for name := range names {
		c := g.catalog(b, name)
		if c == nil || !strings.Contains(s.code, name) {
			continue
		}
		g.steps -= len(s.code) / 50
		for _, access := range s.accesses(name) {
			if key, value, ok := c.find(access); ok {
				u.External[name+"."+key] = value
			} else if !strings.HasPrefix(access, "find") && !strings.HasPrefix(access, "versions.toml") {
				u.External["catalog "+c.file] = c.all
			}
		}
		for _, m := range s.finds {
			found := false
			for _, section := range []string{"libraries", "versions", "plugins", "bundles"} {
				if value, ok := c.entries[section+"."+dotted(m[1])]; ok && m[1] != "" {
					u.External[name+"."+section+"."+dotted(m[1])], found = value, true
				}
			}
			if !found {
				u.External["catalog "+c.file] = c.all
			}
		}
	}
}

// accesses are the accessors of a catalog in a script: libs.a.b is "a.b".
func accesses(code, name string) []string {
	var out []string
	for rest := code; ; {
		i := strings.Index(rest, name+".")
		if i < 0 {
			return out
		}
		begins := i == 0 || !isWord(rest[i-1]) && rest[i-1] != '.' && rest[i-1] != '/' && rest[i-1] != '"'
		rest = rest[i+len(name)+1:]
		end := 0
		for end < len(rest) && (isWord(rest[end]) || rest[end] == '.') {
			end++
		}
		if begins && end > 0 {
			out = append(out, strings.TrimSuffix(rest[:end], ".get"))
		}
		rest = rest[end:]
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// needs adds the projects that a script names.
func (g *gradle) needs(u *workspace.Unit, p *project, s *script) {
	for _, t := range s.lits {
		head := s.before(t)
		if strings.HasPrefix(t.value, ":") && !t.dynamic {
			if to := p.b.longest(t.value); to != nil {
				need(u, workspace.Need{Unit: gradleID(to), Scope: scopeOf(head, t.blocks), Via: "project(" + to.path + ")"})
				continue
			}
			if projectAt(head) {
				g.everything(u, p, "project("+t.value+") is not known")
			}
		} else if t.dynamic && projectAt(head) {
			g.everything(u, p, "project(…) by a computed name")
		}
		g.composite(u, p, t, head)
	}
	s.look()
	// In a class, what is computed is handed in by scripts, which are read too.
	if s.calls && strings.Contains(path.Base(s.file), ".gradle") {
		g.everything(u, p, "project(…) by a computed name")
	}
	for _, m := range s.accs {
		if m[0] > 0 && (s.code[m[0]-1] == '.' || s.code[m[0]-1] == '"') {
			continue
		}
		if to := p.b.accessed(s.code[m[2]:m[3]]); to != nil {
			t := text{at: m[0]}
			need(u, workspace.Need{Unit: gradleID(to), Scope: scopeOf(s.before(t), blocksAt(s, m[0])), Via: "projects." + s.code[m[2]:m[3]]})
		} else {
			g.everything(u, p, "an accessor that is not known: projects."+s.code[m[2]:m[3]])
		}
	}
	if s.loops {
		g.everything(u, p, "projects in a loop")
	}
}

// blocksAt are the blocks around a place, as the nearest string before it has
// them; nil when there is none on its line.
func blocksAt(s *script, at int) []string {
	for i := len(s.lits) - 1; i >= 0; i-- {
		if t := s.lits[i]; t.at < at {
			if strings.ContainsAny(s.code[t.end:at], "{}") {
				return nil
			}
			return t.blocks
		}
	}
	return nil
}

func projectAt(head string) bool {
	head = strings.TrimRight(head, " \t")
	head = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(head, " =:"), "path"), " \t")
	return strings.HasSuffix(head, "project(")
}

// scopeOf is what a dependency is for, by the words before it and the blocks
// around it.
func scopeOf(head string, blocks []string) workspace.Scope {
	for _, t := range append([]string{head}, blocks...) {
		if testWord.MatchString(strings.ReplaceAll(t, "testFixtures(", "(")) {
			return workspace.Verify
		}
	}
	return workspace.Ship
}

// everything is a need of whatever the build holds.
func (g *gradle) everything(u *workspace.Unit, p *project, why string) {
	pattern := "**"
	if p.b.root != "" {
		pattern = literal(p.b.root) + "/**"
	}
	for _, in := range u.Inputs {
		if in.Pattern == pattern {
			return
		}
	}
	take(u, workspace.Input{Pattern: pattern, Scope: workspace.Ship, Why: why})
	for _, c := range p.b.catalogs {
		u.External["catalog "+c.file] = c.all
	}
}

// longest is the project that a path names, or the path of one of its tasks.
func (b *build) longest(name string) *project {
	for name != "" {
		if p := b.projects[name]; p != nil {
			return p
		}
		name = name[:max(strings.LastIndexByte(name, ':'), 0)]
	}
	return nil
}

// accessed is the project that a type-safe accessor names.
func (b *build) accessed(access string) *project {
	if b.names == nil {
		b.names = map[string]*project{}
		for _, name := range b.order {
			var parts []string
			for part := range strings.SplitSeq(strings.Trim(name, ":"), ":") {
				parts = append(parts, flat(part))
			}
			b.names[strings.Join(parts, ".")] = b.projects[name]
		}
	}
	for _, try := range []string{access, access[strings.IndexByte(access, '.')+1:]} {
		parts := strings.Split(try, ".")
		for i := range parts {
			parts[i] = flat(parts[i])
		}
		for n := len(parts); n > 0; n-- {
			if p := b.names[strings.Join(parts[:n], ".")]; p != nil {
				return p
			}
		}
	}
	return nil
}

// flat is a name as accessors are compared: aB, a-b and a_b are one.
func flat(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(s))
}

// composite adds the project of an included build that a module's coordinates
// stand for: the build replaces modules of its projects' names.
func (g *gradle) composite(u *workspace.Unit, p *project, t text, head string) {
	if strings.Count(t.value, ":") < 1 || strings.HasPrefix(t.value, ":") || len(p.b.included) == 0 {
		return
	}
	f := strings.Split(t.value, ":")
	for _, dir := range p.b.included {
		other := g.byRoot[dir]
		if other == nil {
			continue
		}
		for _, name := range other.order {
			q := other.projects[name]
			if f[1] == path.Base(q.dir) || f[1] == name[strings.LastIndexByte(name, ':')+1:] {
				need(u, workspace.Need{Unit: gradleID(q), Scope: scopeOf(head, t.blocks), Via: "included build"})
			}
		}
	}
}

var pathLike = regexp.MustCompile(`^[\w.@$\-{}/ ]+$`)

// files adds the files elsewhere that a script names.
func (g *gradle) files(u *workspace.Unit, p *project, s *script) {
	for _, t := range s.lits {
		name := t.value
		if !strings.Contains(name, "/") || !pathLike.MatchString(name) || len(name) > 300 {
			continue
		}
		head := s.before(t)
		bases := []string{p.dir}
		if strings.Contains(head, "rootProject") || strings.Contains(head, "rootDir") || strings.HasPrefix(name, "$root") || strings.HasPrefix(name, "${root") || strings.HasPrefix(name, "${project.root") {
			bases = []string{p.b.root}
		}
		if i := strings.IndexByte(name, '/'); strings.HasPrefix(name, "$") && i > 0 {
			name = name[i+1:]
		}
		scope := workspace.Ship
		if low := strings.ToLower(strings.Join(t.blocks, " ") + head + name); strings.Contains(low, "checkstyle") || strings.Contains(low, "detekt") || strings.Contains(low, "lint") || strings.Contains(low, "pmd") || strings.Contains(low, "spotbugs") || strings.Contains(low, "license") {
			scope = workspace.Verify
		}
		for _, dir := range bases {
			file, ok := within(dir, name)
			if !ok || strings.HasSuffix(file, ".gradle") || strings.HasSuffix(file, ".gradle.kts") || strings.HasSuffix(file, ".versions.toml") {
				continue
			}
			if in, ok := g.x.outside(p.dir, "/"+file, scope, "named in "+path.Base(s.file)); ok {
				take(u, in)
			}
		}
	}
}

// pluginVersions adds the versions of the plugins that a project applies, where
// the scripts above or the catalogs say them.
func (g *gradle) pluginVersions(u *workspace.Unit, p *project, f *followed) {
	said := map[string]string{}
	for _, s := range []*script{p.b.settings, p.b.projects[":"].script} {
		if s == nil {
			continue
		}
		s.look()
		for _, q := range s.plugs {
			if q.version != "" && q.id != "" {
				said[q.id] = q.version
			}
		}
	}
	for id, version := range f.ids {
		if version == "" {
			version = said[id]
		}
		for dir := p.b.root; ; dir = parent(dir) {
			if up := g.byRoot[dir]; up != nil {
				for _, c := range up.catalogs {
					version += c.ids[id]
				}
			}
			if dir == "" {
				break
			}
		}
		if version != "" {
			u.External["plugin "+id] = version
		}
	}
}

// locks adds what lock files resolved, for configurations that are no tests.
func (g *gradle) locks(u *workspace.Unit, p *project) {
	files := []string{"gradle.lockfile", "buildscript-gradle.lockfile"}
	for _, name := range files {
		file := path.Join(p.dir, name)
		if !g.x.has(file) {
			continue
		}
		g.space.Claimed = append(g.space.Claimed, file)
		data, err := g.x.Read(file)
		if err != nil {
			g.space.Problems = append(g.space.Problems, broken(file, err, u.ID))
			continue
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			// group:name:version=configuration,configuration; empty=… for none
			module, list, ok := strings.Cut(line, "=")
			if !ok || strings.Count(module, ":") != 2 && module != "empty" {
				g.space.Problems = append(g.space.Problems, workspace.Problem{Path: file, Reason: "a line that is no module: " + quoteShort(line), Units: []string{u.ID}})
				break
			}
			var stay []string
			for c := range strings.SplitSeq(list, ",") {
				if low := strings.ToLower(c); !strings.Contains(low, "test") && !strings.Contains(low, "lint") && !strings.Contains(low, "detekt") && !strings.Contains(low, "jacoco") && !strings.Contains(low, "checkstyle") {
					stay = append(stay, c)
				}
			}
			if module != "empty" && len(stay) > 0 {
				u.External["locked "+module] = strings.Join(stay, ",")
			}
		}
	}
}

// product tells whether a project is deployed by itself.
func (g *gradle) product(p *project, f *followed) bool {
	if p.script == nil {
		return false
	}
	for _, id := range deployed {
		if _, ok := f.ids[id]; ok {
			if (id == "org.springframework.boot") && bootOff.MatchString(p.script.code) {
				continue
			}
			// A root that configures the others is no service itself.
			if p.path == ":" && len(p.b.order) > 1 && !g.x.folder(path.Join(p.dir, "src/main")) {
				continue
			}
			return true
		}
	}
	return executables.MatchString(p.script.code)
}
