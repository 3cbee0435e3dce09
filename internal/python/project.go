package python

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/pelletier/go-toml/v2"

	"github.com/postflight/postflight/internal/workspace"
)

// table is a TOML table.
type table = map[string]any

// project is one folder that is built or installed by itself.
type project struct {
	dir, name string // the name is normalised
	manifest  string
	toml      table
	marks     *marks
	scripts   bool
	reqs      []req
	settings  map[string]string
	lines     map[string]string // of requirements files
	lock      *lock
	lockPath  string
}

// req is one requirement.
type req struct {
	name, spec string
	extras     []string
	scope      workspace.Scope
	via        string
	dir        string // of a path
	local      bool
}

// readProjects reads every project, those that only a path names included.
func (w *reading) readProjects() {
	var queue []string
	all := slices.Sorted(maps.Keys(w.found))
	for _, dir := range all {
		if !aside(dir) {
			queue = append(queue, dir)
		}
	}
	seen := map[string]bool{}
	for i := 0; i < len(queue); i++ {
		dir := queue[i]
		m := w.found[dir]
		if seen[dir] || m == nil {
			continue
		}
		seen[dir] = true
		p := w.project(dir, m)
		if section(p.toml, "tool", "uv", "workspace") != nil {
			w.roots[dir] = p
			for _, other := range all {
				if member := (&project{dir: other}); !seen[other] && aside(other) && inside(dir, other) && member.memberOf(p) {
					queue = append(queue, other)
				}
			}
		}
		if p.manifest == "" {
			continue
		}
		w.projects[dir] = p
		for _, r := range p.reqs {
			if r.local {
				queue = append(queue, r.dir)
			}
		}
	}
}

// inside says whether a folder lies in another.
func inside(dir, inner string) bool { return dir == "" || strings.HasPrefix(inner, dir+"/") }

// project reads one folder; without a manifest nothing is built there.
func (w *reading) project(dir string, m *marks) *project {
	p := &project{dir: dir, marks: m, settings: map[string]string{}, lines: map[string]string{}}
	broken := ""
	if m.pyproject {
		file := path.Join(dir, "pyproject.toml")
		data, err := w.tree.Read(file)
		if err == nil {
			err = toml.Unmarshal(data, &p.toml)
		}
		if err != nil {
			broken, p.toml = firstLine(err), nil
		}
		if broken != "" || p.packaged() {
			p.manifest = file
			w.claimed[file] = true
			p.pyproject()
		}
	}
	if m.setupCfg {
		w.setupCfg(p)
	}
	if m.setupPy {
		w.setupPy(p)
	}
	if len(m.requirements) > 0 && (p.manifest != "" || m.deployed || w.code(dir)) {
		w.requirements(p)
	}
	if file := path.Join(dir, "pyproject.toml"); m.pyproject && p.manifest != "" && !w.claimed[file] {
		// It only configures tools: those that ship count.
		w.claimed[file] = true
		p.configure()
	}
	if broken != "" {
		w.problem(p.manifest, broken, id(dir))
	}
	return p
}

// packaged says whether a pyproject.toml declares a project, and not only how
// its neighbours are checked.
func (p *project) packaged() bool {
	_, project := p.toml["project"].(table)
	_, build := p.toml["build-system"].(table)
	poetry := p.tool("poetry")
	return project || build || len(section(poetry, "dependencies")) > 0 || poetry["name"] != nil
}

// code says whether there is Python right in a folder, or in a package of it.
func (w *reading) code(dir string) bool {
	depth := strings.Count(dir, "/") + 1
	if dir == "" {
		depth = 0
	}
	for _, f := range w.below(dir) {
		if strings.HasSuffix(f, ".py") && strings.Count(f, "/") <= depth+1 {
			return true
		}
	}
	return false
}

func section(t table, names ...string) table {
	for _, name := range names {
		t, _ = t[name].(table)
	}
	return t
}

func (p *project) tool(name string) table { return section(p.toml, "tool", name) }

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// pyproject reads the tables of every tool.
func (p *project) pyproject() {
	std, poetry := section(p.toml, "project"), p.tool("poetry")
	p.name, _ = std["name"].(string)
	if p.name == "" {
		p.name, _ = poetry["name"].(string)
	}
	p.name = normal(p.name)
	p.scripts = len(section(std, "scripts"))+len(section(std, "gui-scripts"))+len(section(poetry, "scripts")) > 0
	p.add(texts(std["dependencies"]), workspace.Ship, "project.dependencies")
	p.tables(section(std, "optional-dependencies"), "project.optional-dependencies")
	p.tables(section(p.toml, "dependency-groups"), "dependency-groups")
	p.tables(section(p.tool("pdm"), "dev-dependencies"), "tool.pdm.dev-dependencies")
	p.add(texts(p.tool("uv")["dev-dependencies"]), workspace.Verify, "tool.uv.dev-dependencies")
	p.poetry(section(poetry, "dependencies"), workspace.Ship, "tool.poetry.dependencies")
	p.poetry(section(poetry, "dev-dependencies"), workspace.Verify, "tool.poetry.dev-dependencies")
	groups := section(poetry, "group")
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		p.poetry(section(groups, name, "dependencies"), scopeOf(name), "tool.poetry.group."+name)
	}
	p.sources()
	p.configure()
}

// tables reads lists of requirements by group or extra.
func (p *project) tables(t table, via string) {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		p.add(texts(t[name]), scopeOf(name), via+"."+name)
	}
}

// scopeOf tells by its name what a group or an extra is for.
func scopeOf(name string) workspace.Scope {
	for part := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		switch part {
		case "dev", "develop", "development", "test", "tests", "testing", "lint", "linting", "linters", "docs", "doc", "typing", "types", "type", "mypy",
			"ci", "check", "checks", "quality", "format", "formatting", "bench", "benchmark", "benchmarks", "debug", "notebook", "notebooks", "e2e", "qa":
			return workspace.Verify
		}
	}
	return workspace.Ship
}

func (p *project) add(lines []string, scope workspace.Scope, via string) {
	for _, line := range lines {
		if r, ok := parseReq(p.dir, line); ok {
			r.scope, r.via = scope, via
			p.reqs = append(p.reqs, r)
		}
	}
}

// poetry reads a table of Poetry's form.
func (p *project) poetry(t table, scope workspace.Scope, via string) {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if name == "python" {
			continue
		}
		several, ok := t[name].([]any)
		if !ok {
			several = []any{t[name]}
		}
		for _, v := range several {
			r := req{name: normal(name), spec: value(v), scope: scope, via: via}
			if v, ok := v.(table); ok {
				r.extras = texts(v["extras"])
				if rel, ok := v["path"].(string); ok {
					r.dir, r.local = join(p.dir, rel)
				}
			}
			p.reqs = append(p.reqs, r)
		}
	}
}

// sources applies uv's: where a name comes from.
func (p *project) sources() {
	sources := section(p.tool("uv"), "sources")
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		several, ok := sources[name].([]any)
		if !ok {
			several = []any{sources[name]}
		}
		for _, v := range several {
			rel, ok := section(table{"": v}, "")["path"].(string)
			if !ok {
				continue
			}
			for i := range p.reqs {
				if r := &p.reqs[i]; r.name == normal(name) {
					r.dir, r.local = join(p.dir, rel)
				}
			}
		}
	}
}

// configure notes the tables that a build or an installation reads.
func (p *project) configure() {
	for name, v := range p.toml {
		switch name {
		case "tool", "dependency-groups":
		case "project":
			for field, v := range section(p.toml, "project") {
				switch field {
				case "dependencies", "optional-dependencies", "readme", "classifiers", "keywords", "urls", "license", "license-files", "authors", "maintainers":
				default:
					p.settings["pyproject.toml project."+field] = value(v)
				}
			}
		default:
			p.settings["pyproject.toml "+name] = value(v)
		}
	}
	for name, v := range section(p.toml, "tool") {
		t, ok := v.(table)
		if checks(name) || !ok {
			continue
		}
		for field, v := range t {
			switch name + "." + field {
			case "poetry.dependencies", "poetry.dev-dependencies", "poetry.group", "poetry.readme", "poetry.authors", "poetry.classifiers", "poetry.keywords",
				"pdm.dev-dependencies", "pdm.scripts", "uv.dev-dependencies", "uv.workspace", "uv.default-groups", "hatch.envs",
				"uv.sources", "uv.index", "uv.constraint-dependencies", "uv.override-dependencies":
				// The lock says what they resolve to.
				if strings.HasPrefix(name, "uv") && field != "dev-dependencies" && field != "workspace" && field != "default-groups" {
					p.settings["unlocked tool.uv."+field] = value(v)
				}
			default:
				p.settings["pyproject.toml tool."+name+"."+field] = value(v)
			}
		}
	}
}

// checks says whether a tool only checks, formats or publishes.
func checks(tool string) bool {
	switch tool {
	case "ruff", "black", "isort", "mypy", "pytest", "coverage", "pyright", "basedpyright", "pylint", "flake8", "bandit", "tox", "nox", "commitizen", "towncrier",
		"semantic_release", "codespell", "interrogate", "vulture", "deptry", "bumpversion", "bumpver", "tbump", "autopep8", "yapf", "autoflake", "pydocstyle",
		"djlint", "creosote", "ty", "pyrefly", "pytype", "mutmut", "hypothesis", "taskipy", "poe", "importlinter", "pre-commit", "numpydoc_validation",
		"check-manifest", "cibuildwheel", "refurb", "sphinx", "mkdocs", "jupytext", "nbqa", "licensecheck", "pyupgrade", "doc8", "docformatter", "typos", "spin":
		return true
	}
	return false
}

// memberOf says whether a uv workspace lists a folder.
func (p *project) memberOf(root *project) bool {
	ws := section(root.tool("uv"), "workspace")
	rel := strings.TrimPrefix(strings.TrimPrefix(p.dir, root.dir), "/")
	any := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, err := doublestar.Match(path.Clean(pattern), rel)
			return err == nil && ok
		})
	}
	return any(texts(ws["members"])) && !any(texts(ws["exclude"]))
}
