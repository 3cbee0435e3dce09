package jvm

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/markup"
)

// pom is one pom.xml and what it inherits.
type pom struct {
	file, dir  string
	root       *markup.Node
	err        error
	parent     *pom            // in the tree
	from       string          // a parent outside of it: group:artifact
	fromV      string          // its version
	chain      []*pom          // itself, its parent, and so on
	runs       map[string]bool // artifacts of the plugins it runs itself
	sections   []part          // of itself: the project and its profiles
	modules    []string        // poms of modules
	group, art string
	version    string
	packaging  string
	props      map[string]string // effective
	managed    map[string]dep    // effective, by group:artifact:type:classifier
	boms       map[string]string // imported from outside, with versions
	state      int               // of the effective model: 0 none, 1 in work, 2 made
}

// part is the project itself or one of its profiles.
type part struct {
	node    *markup.Node
	profile string
}

// dep is a dependency as it is declared.
type dep struct {
	group, art, version, scope, kind, classifier string
	more                                         string // what else is said: exclusions, optional
}

func (d dep) ga() string { return d.group + ":" + d.art }

func (d dep) key() string { return d.ga() + ":" + d.kind + ":" + d.classifier }

// maven is all poms of a tree.
type maven struct {
	x     *tree
	poms  map[string]*pom
	order []string
	byGA  map[string][]*pom
	steps int
}

// loadPoms parses all poms, and those that modules and parents name otherwise.
func loadPoms(ctx context.Context, x *tree) (*maven, error) {
	m := &maven{x: x, poms: map[string]*pom{}, byGA: map[string][]*pom{}, steps: 40_000_000}
	queue := slices.Clone(x.poms)
	for len(queue) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read poms: %w", err)
		}
		file := queue[0]
		queue = queue[1:]
		if m.poms[file] != nil {
			continue
		}
		p := m.parse(file)
		m.poms[file] = p
		m.order = append(m.order, file)
		queue = append(queue, p.modules...)
	}
	slices.Sort(m.order)
	for _, f := range m.order {
		identify(m.poms[f])
	}
	for _, f := range m.order {
		if p := m.poms[f]; p.art != "" {
			m.byGA[p.group+":"+p.art] = append(m.byGA[p.group+":"+p.art], p)
		}
	}
	for _, f := range m.order {
		m.adopt(m.poms[f])
	}
	for _, f := range m.order {
		m.inherit(m.poms[f])
	}
	for _, f := range m.order {
		m.effective(m.poms[f])
	}
	return m, nil
}

func (m *maven) parse(file string) *pom {
	p := &pom{file: file, dir: parent(file), packaging: "jar"}
	data, err := m.x.Read(file)
	if err == nil {
		p.root, err = markup.Parse(data)
	}
	if err == nil && p.root.Name != "project" {
		err = fmt.Errorf("the root element is %.40q, no project", p.root.Name)
	}
	if err != nil {
		p.root, p.err = &markup.Node{Name: "project"}, err
	}
	if v := p.root.Of("packaging"); v != "" {
		p.packaging = v
	}
	p.sections = []part{{p.root, ""}}
	for _, profile := range p.root.List("profiles", "profile") {
		if m.applies(p, profile) {
			p.sections = append(p.sections, part{profile, profile.Of("id")})
		}
	}
	for _, s := range p.sections {
		for _, name := range append(s.node.List("modules", "module"), s.node.List("subprojects", "subproject")...) {
			if f, ok := m.pomAt(p.dir, name.Text); ok {
				p.modules = append(p.modules, f)
			}
		}
	}
	return p
}

// applies is false for a profile that needs a file which this pom's own folder
// can be seen not to have; a parent's profile is asked again for each child.
func (m *maven) applies(p *pom, profile *markup.Node) bool {
	exists := profile.At("activation", "file").Of("exists")
	return p.packaging == "pom" || exists == "" || m.fileThere(p.dir, exists)
}

// fileThere tells whether a profile's file may be there.
func (m *maven) fileThere(dir, name string) bool {
	for _, base := range []string{"${basedir}/", "${project.basedir}/"} {
		name = strings.TrimPrefix(name, base)
	}
	file, ok := within(dir, name)
	return !ok || m.x.has(file) || m.x.folder(file)
}

// pomAt is the pom that a module or a relative path names: a folder or a file.
func (m *maven) pomAt(dir, name string) (string, bool) {
	file, ok := within(dir, name)
	if !ok {
		return "", false
	}
	if strings.HasSuffix(file, ".xml") && m.x.has(file) {
		return file, true
	}
	file = path.Join(file, "pom.xml")
	return file, m.x.has(file)
}

// identify finds out what a pom is called, by its parent where it does not say.
func identify(p *pom) {
	p.art, p.group = p.root.Of("artifactId"), p.root.Of("groupId")
	if p.group == "" {
		p.group = p.root.Kid("parent").Of("groupId")
	}
	p.version = p.root.Of("version")
	if p.version == "" {
		p.version = p.root.Kid("parent").Of("version")
	}
}

// adopt finds the parent: where relativePath says, when it is the one that is
// meant, else by name among all poms of the tree.
func (m *maven) adopt(p *pom) {
	n := p.root.Kid("parent")
	if n == nil {
		return
	}
	want := n.Of("groupId") + ":" + n.Of("artifactId")
	p.from, p.fromV = want, n.Of("version")
	relative := "../pom.xml"
	if r := n.Kid("relativePath"); r != nil {
		relative = r.Text
	}
	if relative != "" {
		if f, ok := m.pomAt(p.dir, relative); ok && m.poms[f] == nil {
			q := m.parse(f)
			m.poms[f] = q
			identify(q)
			m.adopt(q)
		}
		if f, ok := m.pomAt(p.dir, relative); ok && f != p.file {
			if q := m.poms[f]; q.err != nil || q.group+":"+q.art == want {
				p.parent = q
				return
			}
		}
	}
	for _, q := range m.byGA[want] {
		if q != p && (p.fromV == q.version || strings.Contains(p.fromV+q.version, "${")) {
			p.parent = q
			return
		}
	}
}

// inherit makes the chain of parents; one that leads back ends there.
func (m *maven) inherit(p *pom) {
	seen := map[*pom]bool{}
	for q := p; q != nil && !seen[q] && len(p.chain) < 50; q = q.parent {
		seen[q] = true
		p.chain = append(p.chain, q)
	}
}

// effective merges properties and managed versions of a chain. Imported BOMs of
// the tree are made first; one that imports itself stays without.
func (m *maven) effective(p *pom) {
	if p.state != 0 || m.steps < 0 {
		return
	}
	p.state = 1
	p.props, p.managed, p.boms = map[string]string{}, map[string]dep{}, map[string]string{}
	for _, q := range slices.Backward(p.chain) {
		for _, s := range q.sections {
			if properties := s.node.Kid("properties"); properties != nil {
				for _, k := range properties.Kids {
					m.steps--
					if before, ok := p.props[k.Name]; ok && s.profile != "" {
						p.props[k.Name] = short(before + "|" + s.profile + "=" + k.Text)
					} else {
						p.props[k.Name] = k.Text
					}
				}
			}
		}
	}
	for _, q := range slices.Backward(p.chain) {
		for _, s := range q.sections {
			m.manage(p, s)
		}
	}
	p.state = 2
}

// short keeps a text from growing with every profile.
func short(text string) string {
	if len(text) > 2000 {
		return digest(text)
	}
	return text
}

// manage merges one section's dependencyManagement.
func (m *maven) manage(p *pom, s part) {
	for _, n := range s.node.Kid("dependencyManagement").List("dependencies", "dependency") {
		m.steps--
		d := m.dependency(p, n)
		if d.scope != "import" {
			if before, ok := p.managed[d.key()]; ok && s.profile != "" {
				d.version = short(before.version + "|" + s.profile + "=" + d.version)
			}
			p.managed[d.key()] = d
			continue
		}
		local := m.local(d)
		for _, bom := range local {
			m.effective(bom)
			for k, v := range bom.managed {
				m.steps--
				if _, ok := p.managed[k]; !ok {
					p.managed[k] = v
				}
			}
			for k, v := range bom.boms {
				p.boms[k] = v
			}
		}
		if len(local) == 0 {
			p.boms[d.ga()] = short(d.version)
		}
	}
}

// dependency reads one, with the properties of the pom it is for.
func (m *maven) dependency(p *pom, n *markup.Node) dep {
	d := dep{
		group: m.expand(p, n.Of("groupId")), art: m.expand(p, n.Of("artifactId")), version: m.expand(p, n.Of("version")),
		scope: m.expand(p, n.Of("scope")), kind: m.expand(p, n.Of("type")), classifier: m.expand(p, n.Of("classifier")),
	}
	if d.kind == "" {
		d.kind = "jar"
	}
	for _, name := range []string{"exclusions", "optional", "systemPath"} {
		if k := n.Kid(name); k != nil {
			d.more += k.Print(nil)
		}
	}
	return d
}

// local are the poms of the tree that a dependency is resolved to: of its name,
// unless both versions are known and another is asked for.
func (m *maven) local(d dep) []*pom {
	var out []*pom
	for _, q := range m.byGA[d.ga()] {
		if d.version != "" && q.version != "" && !strings.ContainsAny(d.version+q.version, "$[](),|") && d.version != q.version {
			continue
		}
		out = append(out, q)
	}
	return out
}

// expand replaces ${properties}, bounded; what is not known stays.
func (m *maven) expand(p *pom, text string) string {
	for range 10 {
		i := strings.Index(text, "${")
		if i < 0 {
			return text
		}
		var b strings.Builder
		changed := false
		for rest := text; ; {
			i := strings.Index(rest, "${")
			end := -1
			if i >= 0 {
				end = strings.IndexByte(rest[i:], '}')
			}
			if end < 0 || b.Len() > 4000 {
				b.WriteString(rest)
				break
			}
			m.steps--
			value, ok := m.value(p, rest[i+2:i+end])
			b.WriteString(rest[:i])
			if !ok {
				value = rest[i : i+end+1]
			}
			changed = changed || ok
			b.WriteString(value)
			rest = rest[i+end+1:]
		}
		if text = b.String(); !changed {
			break
		}
		if len(text) > 4000 {
			return digest(text)
		}
	}
	return text
}

// value is what a property is for a pom.
func (m *maven) value(p *pom, name string) (string, bool) {
	switch strings.TrimPrefix(strings.TrimPrefix(name, "project."), "pom.") {
	case "groupId":
		return p.group, true
	case "artifactId":
		return p.art, true
	case "version":
		if !strings.Contains(p.version, "${"+name+"}") {
			return p.version, true
		}
	case "parent.version":
		return p.fromV, true
	case "parent.groupId":
		group, _, _ := strings.Cut(p.from, ":")
		return group, true
	}
	v, ok := p.props[name]
	return v, ok
}
