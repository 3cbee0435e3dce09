package jvm

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/markup"
	"github.com/postflight/postflight/internal/workspace"
)

// checks are plugins that only verify, document or publish.
var checks = []string{
	"surefire", "failsafe", "checkstyle", "spotbugs", "findbugs", "maven-pmd", "jacoco", "spotless", "javadoc", "source-plugin",
	"site-plugin", "maven-release", "gpg", "nexus-staging", "central-publishing", "sonar", "license-maven", "apache-rat", "versions-maven",
	"enforcer", "fmt-maven", "formatter-maven", "impsort", "sortpom", "deploy-plugin", "install-plugin", "cobertura", "pitest",
	"project-info-reports", "dependency-check", "animal-sniffer", "japicmp", "revapi", "gatling", "coveralls",
}

// ships are plugins that make something to be deployed.
var ships = []string{
	"spring-boot-maven-plugin", "jib-maven-plugin", "quarkus-maven-plugin", "micronaut-maven-plugin", "native-maven-plugin", "appassembler-maven-plugin",
	"docker-maven-plugin", "dockerfile-maven-plugin", "maven-assembly-plugin", "maven-shade-plugin", "liberty-maven-plugin", "wildfly-maven-plugin",
	"wildfly-jar-maven-plugin", "payara-micro-maven-plugin", "helidon-maven-plugin", "jpackage-maven-plugin", "javafx-maven-plugin", "launch4j-maven-plugin", "appengine-maven-plugin", "azure-functions-maven-plugin",
}

// lifecycle are plugins that run without being named.
var lifecycle = []string{"maven-compiler-plugin", "maven-resources-plugin", "maven-jar-plugin", "maven-war-plugin", "maven-ear-plugin", "maven-ejb-plugin", "maven-rar-plugin"}

func mavenID(p *pom) string {
	if path.Base(p.file) != "pom.xml" {
		return "jvm:maven:" + p.file
	}
	return "jvm:maven:" + p.dir
}

// readMaven adds the modules that poms declare.
func readMaven(ctx context.Context, x *tree, space *workspace.Space) error {
	if len(x.poms) == 0 {
		return nil
	}
	m, err := loadPoms(ctx, x)
	if err != nil {
		return err
	}
	use := m.uses()
	for _, f := range m.order {
		p := m.poms[f]
		u := m.unit(p, use)
		space.Units = append(space.Units, u)
		if p.packaging == "pom" && p.err == nil {
			space.Claimed = append(space.Claimed, f)
		}
	}
	for f, p := range m.poms {
		if p.err == nil {
			continue
		}
		var units []string
		for _, g := range m.order {
			if slices.Contains(m.poms[g].chain, p) {
				units = append(units, mavenID(m.poms[g]))
			}
		}
		if p.packaging != "pom" || len(units) <= 1 {
			units = nil // its modules are not known either
		}
		space.Problems = append(space.Problems, broken(f, p.err, units...))
	}
	slices.SortFunc(space.Problems, func(a, b workspace.Problem) int { return strings.Compare(a.Path, b.Path) })
	if m.steps < 0 {
		space.Problems = append(space.Problems, workspace.Problem{Path: m.order[0], Reason: "the poms manage more than can be merged"})
	}
	return nil
}

// unit is a module.
func (m *maven) unit(p *pom, use usage) workspace.Unit {
	u := workspace.Unit{ID: mavenID(p), Name: p.art, Dir: p.dir, Manifest: p.file, External: map[string]string{}}
	if u.Name == "" {
		u.Name = path.Base("/" + p.dir)
	}
	u.Own = own(
		workspace.Input{Pattern: "target/**", None: true, Why: "built"},
		workspace.Input{Pattern: "{mvnw,mvnw.cmd}", Scope: workspace.Verify, Why: "starts Maven"},
	)
	if p.packaging == "pom" {
		// Nothing in its folder is built but what an assembly takes from src.
		u.Own = append([]workspace.Input{{Pattern: "**", None: true, Why: "no sources"}, {Pattern: "src/**", Scope: workspace.Ship}}, u.Own...)
	}
	u.External["version"] = m.expand(p, p.version)
	for _, q := range p.chain {
		if q.parent == nil && q.from != "" {
			u.External["parent "+q.from] = m.expand(p, q.fromV)
		}
	}
	for ga, v := range p.boms {
		u.External["bom "+ga] = v
	}
	for name := range p.props {
		if !use.versions[name] || use.elsewhere[name] {
			u.External["property "+name] = m.expand(p, p.props[name])
		}
	}
	for _, q := range p.chain {
		for _, s := range q.sections {
			if s.profile != "" && q != p && !m.fileThere(p.dir, exists(s.node)) {
				continue
			}
			m.dependencies(&u, p, s)
			m.build(&u, p, q, s, use)
		}
	}
	for key, d := range p.managed {
		if !use.direct[d.ga()] && d.scope != "test" {
			u.External["managed "+strings.TrimSuffix(key, ":jar:")] = d.version + d.more
		}
	}
	u.Inputs = append(u.Inputs, m.around(p.dir)...)
	u.Product = m.product(p)
	return u
}

func exists(profile *markup.Node) string {
	if name := profile.At("activation", "file").Of("exists"); name != "" {
		return name
	}
	return "."
}

// around are the files that start Maven, from the nearest .mvn folder.
func (m *maven) around(dir string) []workspace.Input {
	for {
		if m.x.folder(path.Join(dir, ".mvn")) {
			base := literal(path.Join(dir, ".mvn"))
			return []workspace.Input{
				{Pattern: base + "/{maven.config,jvm.config,extensions.xml,settings.xml}", Scope: workspace.Ship, Why: "settings of Maven"},
				{Pattern: base + "/wrapper/maven-wrapper.properties", Scope: workspace.Ship, Why: "version of Maven"},
			}
		}
		if dir == "" {
			return nil
		}
		dir = parent(dir)
	}
}

// dependencies adds what a section of a pom or of its parents depends on.
func (m *maven) dependencies(u *workspace.Unit, p *pom, s part) {
	for _, n := range s.node.List("dependencies", "dependency") {
		m.steps--
		d := m.dependency(p, n)
		if managed, ok := p.managed[d.key()]; ok {
			if d.version == "" {
				d.version = managed.version
			}
			if d.scope == "" {
				d.scope = managed.scope
			}
			d.more += managed.more
		}
		scope := workspace.Ship
		if d.scope == "test" {
			scope = workspace.Verify
		}
		local := m.local(d)
		for _, q := range local {
			need(u, workspace.Need{Unit: mavenID(q), Scope: scope, Via: "dependency"})
		}
		if len(local) == 0 && scope == workspace.Ship {
			key := strings.TrimSuffix(d.key(), ":jar:")
			u.External[key] = short(u.External[key] + d.version + " " + d.scope + d.more + s.profile + ";")
		}
		if path := n.Of("systemPath"); path != "" {
			if in, ok := m.x.outside(p.dir, m.basedir(p, path), scope, "systemPath"); ok {
				take(u, in)
			}
		}
	}
}

// basedir makes paths of a pom relative to its module.
func (m *maven) basedir(p *pom, text string) string {
	for _, name := range []string{"${project.basedir}/", "${basedir}/", "${pom.basedir}/"} {
		text = strings.ReplaceAll(text, name, "")
	}
	for _, name := range []string{"${maven.multiModuleProjectDirectory}", "${session.executionRootDirectory}", "${project.rootDirectory}", "${session.rootDirectory}"} {
		text = strings.ReplaceAll(text, name, "/"+m.top(p))
	}
	return m.expand(p, text)
}

// top is the folder of the outermost pom around a module.
func (m *maven) top(p *pom) string {
	top, dir := p.dir, p.dir
	for dir != "" {
		dir = parent(dir)
		if m.x.has(path.Join(dir, "pom.xml")) || m.x.folder(path.Join(dir, ".mvn")) {
			top = dir
		}
	}
	return top
}

// build adds what a section says of the building: q is the pom it stands in.
func (m *maven) build(u *workspace.Unit, p, q *pom, s part, use usage) {
	build := s.node.Kid("build")
	if build == nil {
		return
	}
	for _, n := range build.List("plugins", "plugin") {
		if q == p || n.Of("inherited") != "false" {
			m.plugin(u, p, n, s.profile)
		}
	}
	for _, n := range build.Kid("pluginManagement").List("plugins", "plugin") {
		if art := n.Of("artifactId"); !use.plugins[art] || slices.Contains(lifecycle, art) || m.runs(p, art) {
			m.plugin(u, p, n, s.profile)
		}
	}
	for _, n := range build.List("extensions", "extension") {
		d := m.dependency(p, n)
		u.External["extension "+d.ga()] = d.version
		for _, l := range m.local(d) {
			need(u, workspace.Need{Unit: mavenID(l), Scope: workspace.Ship, Via: "extension"})
		}
	}
	rest := build.Print(func(n *markup.Node) bool {
		return n.Name == "plugins" || n.Name == "pluginManagement" || n.Name == "extensions" || n.Name == "testResources"
	})
	if q != p {
		u.External["build of "+q.file] += digest(m.expand(p, rest))
	}
	for _, k := range build.Kids {
		scope := workspace.Ship
		if strings.HasPrefix(k.Name, "test") {
			scope = workspace.Verify
		}
		if k.Name != "plugins" && k.Name != "pluginManagement" {
			m.mentions(u, p, k, scope)
		}
	}
}

// runs tells whether a module or a parent of it runs a plugin.
func (m *maven) runs(p *pom, art string) bool {
	for _, q := range p.chain {
		if q.runs == nil {
			q.runs = map[string]bool{}
			for _, s := range q.sections {
				for _, n := range s.node.Kid("build").List("plugins", "plugin") {
					q.runs[n.Of("artifactId")] = true
				}
			}
		}
		if q.runs[art] {
			return true
		}
	}
	return false
}

// plugin adds one: its version and configuration, the modules it names, and the
// files.
func (m *maven) plugin(u *workspace.Unit, p *pom, n *markup.Node, profile string) {
	m.steps -= 10
	art := n.Of("artifactId")
	group := n.Of("groupId")
	if group == "" {
		group = "org.apache.maven.plugins"
	}
	scope := workspace.Ship
	if slices.ContainsFunc(checks, func(c string) bool { return strings.Contains(art, c) }) {
		scope = workspace.Verify
	}
	d := dep{group: group, art: art, version: m.expand(p, n.Of("version"))}
	for _, l := range m.local(d) {
		need(u, workspace.Need{Unit: mavenID(l), Scope: scope, Via: "plugin"})
	}
	if scope == workspace.Ship {
		key := "plugin " + d.ga()
		u.External[key] = digest(u.External[key] + profile + m.expandAll(p, n.Print(nil)))
	}
	m.mentions(u, p, n, scope)
}

// expandAll is expand for long texts.
func (m *maven) expandAll(p *pom, text string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(text, "<") {
		b.WriteString("<" + m.expand(p, part))
	}
	return b.String()
}

// mentions looks through a configuration for modules (anything with a group and
// an artifact) and for files elsewhere.
func (m *maven) mentions(u *workspace.Unit, p *pom, n *markup.Node, scope workspace.Scope) {
	m.steps--
	if n.Name != "plugin" && n.Kid("artifactId") != nil {
		d := m.dependency(p, n)
		if managed, ok := p.managed[d.key()]; ok && d.version == "" {
			d.version = managed.version
		}
		for _, l := range m.local(d) {
			need(u, workspace.Need{Unit: mavenID(l), Scope: scope, Via: n.Name})
		}
	}
	if strings.Contains(n.Text, "/") || strings.Contains(n.Text, "${") {
		if in, ok := m.x.outside(p.dir, m.basedir(p, n.Text), scope, n.Name); ok {
			take(u, in)
		}
	}
	for _, k := range n.Kids {
		m.mentions(u, p, k, scope)
	}
}

// product tells whether a module is deployed by itself.
func (m *maven) product(p *pom) bool {
	if slices.Contains([]string{"war", "ear", "rar", "nbm", "jlink", "jpackage", "docker", "apk", "aab", "hpi", "bundle-app", "quarkus"}, p.packaging) {
		return true
	}
	for i, q := range p.chain {
		for _, s := range q.sections {
			if s.profile != "" && i > 0 && !m.fileThere(p.dir, exists(s.node)) {
				continue
			}
			for _, n := range s.node.Kid("build").List("plugins", "plugin") {
				if slices.Contains(ships, n.Of("artifactId")) && (i == 0 && (p.packaging != "pom" || assembles(n)) || i > 0 && p.packaging != "pom" && m.starts(p)) {
					return true
				}
			}
		}
	}
	properties := p.root.Kid("properties")
	for _, name := range []string{"start-class", "mainClass", "main.class", "exec.mainClass", "exec.main.class", "jib.container.mainClass"} {
		if properties.Of(name) != "" {
			return true
		}
	}
	return false
}

// assembles tells whether a pom without code makes a distribution.
func assembles(n *markup.Node) bool {
	return n.Of("artifactId") == "maven-assembly-plugin" && n.Kid("executions") != nil
}

// starts tells whether a module has a class that looks like the start of one.
func (m *maven) starts(p *pom) bool {
	for _, f := range m.x.below(path.Join(p.dir, "src/main")) {
		name := strings.TrimSuffix(path.Base(f), path.Ext(f))
		switch path.Ext(f) {
		case ".java", ".kt", ".groovy", ".scala":
			if strings.HasSuffix(name, "Application") || strings.HasSuffix(name, "Main") || strings.HasSuffix(name, "App") || strings.HasSuffix(name, "ApplicationKt") || strings.HasSuffix(name, "Launcher") || strings.HasSuffix(name, "Server") {
				return true
			}
		}
	}
	return false
}

// usage says where the properties and the managed names of all poms are used.
type usage struct {
	versions  map[string]bool // properties that versions are written with
	elsewhere map[string]bool // properties that something else reads
	direct    map[string]bool // group:artifact that some module depends on itself
	plugins   map[string]bool // artifacts of plugins that some pom runs
}

func (m *maven) uses() usage {
	use := usage{versions: map[string]bool{}, elsewhere: map[string]bool{}, direct: map[string]bool{}, plugins: map[string]bool{}}
	type property struct{ name, text string }
	var properties []property
	var walk func(n *markup.Node, in string)
	walk = func(n *markup.Node, in string) {
		for _, k := range n.Kids {
			switch {
			case n.Name == "properties" && (in == "project" || in == "profile"):
				properties = append(properties, property{k.Name, k.Text})
				continue
			case k.Name == "version" && (n.Name == "dependency" || n.Name == "plugin" || n.Name == "extension"):
				reads(k.Text, use.versions)
			default:
				reads(k.Text, use.elsewhere)
			}
			walk(k, n.Name)
		}
	}
	for _, f := range m.order {
		p := m.poms[f]
		walk(p.root, "")
		for _, s := range p.sections {
			for _, n := range s.node.List("dependencies", "dependency") {
				use.direct[m.dependency(p, n).ga()] = true
			}
			for _, n := range s.node.Kid("build").List("plugins", "plugin") {
				use.plugins[n.Of("artifactId")] = true
			}
		}
	}
	// A property within another counts where that one counts.
	for range 5 {
		for _, p := range properties {
			if use.versions[p.name] && !use.elsewhere[p.name] {
				reads(p.text, use.versions)
			} else {
				reads(p.text, use.elsewhere)
			}
		}
	}
	return use
}

// reads collects the properties of a text.
func reads(text string, into map[string]bool) {
	for {
		_, rest, ok := strings.Cut(text, "${")
		if !ok {
			return
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return
		}
		into[name], text = true, after
	}
}
