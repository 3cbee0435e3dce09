package python

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// maxSameName is how many projects of one name a requirement may mean.
const maxSameName = 50

// unit writes a project down.
func (w *reading) unit(p *project) workspace.Unit {
	w.lockOf(p)
	u := workspace.Unit{
		ID: id(p.dir), Name: p.name, Dir: p.dir, Manifest: p.manifest,
		Product: p.scripts || p.marks.deployed, External: map[string]string{}, Own: w.own(p),
	}
	if u.Name == "" {
		u.Name = path.Base(path.Join("/", p.dir))
	}
	for key, v := range p.settings {
		// Where a name comes from counts where no lock says so.
		if p.lock == nil || !strings.HasPrefix(key, "unlocked ") {
			u.External[key] = v
		}
	}
	maps.Copy(u.External, p.lines)
	needs := map[string]workspace.Need{}
	need := func(dir string, scope workspace.Scope, via string) {
		if was, ok := needs[dir]; dir != p.dir && w.projects[dir] != nil && (!ok || was.Scope == workspace.Verify && scope == workspace.Ship) {
			needs[dir] = workspace.Need{Unit: id(dir), Scope: scope, Via: via}
		}
	}
	for _, r := range p.reqs {
		switch {
		case r.local && w.projects[r.dir] != nil:
			need(r.dir, r.scope, r.via)
		case r.local && r.dir != "" && r.dir != p.dir:
			u.Inputs = append(u.Inputs,
				workspace.Input{Pattern: escape(r.dir), Scope: r.scope, Why: r.via},
				workspace.Input{Pattern: escape(r.dir) + "/**", Scope: r.scope, Why: r.via})
		case !r.local && (p.lock == nil || p.lock.broken != "" || len(p.lock.byName[r.name]) == 0):
			if len(w.byName[r.name]) > maxSameName {
				w.problem(p.manifest, "needs "+r.name+", which too many projects are called", id(p.dir))
				continue
			}
			for _, to := range w.byName[r.name] {
				need(to.dir, r.scope, r.via)
			}
		}
		if p.lock == nil && r.scope == workspace.Ship && !r.local && !strings.HasSuffix(r.via, ".txt") {
			u.External[r.name+" "+r.spec] = strings.Join(r.extras, ",")
		}
	}
	if p.lock != nil {
		w.closure(p, u.External, need)
	}
	for _, dir := range slices.Sorted(maps.Keys(needs)) {
		u.Needs = append(u.Needs, needs[dir])
	}
	return u
}

// visit is a package with one of the reasons to ask for its dependencies.
type visit struct {
	at    int
	asked string
}

// closure adds what a lock resolves for a project.
func (w *reading) closure(p *project, out map[string]string, need func(dir string, scope workspace.Scope, via string)) {
	l := p.lock
	if l.broken != "" {
		w.problem(p.lockPath, l.broken, id(p.dir))
		return
	}
	start, missing := w.start(p, need)
	if missing != "" {
		w.problem(p.lockPath, missing+" is not in it", id(p.dir))
	}
	seen := map[visit]bool{}
	var queue []visit
	push := func(e edge) {
		for _, i := range l.find(e) {
			queue = append(queue, visit{i, ""})
			for _, extra := range e.extras {
				queue = append(queue, visit{i, extra})
			}
		}
	}
	for _, e := range start {
		push(e)
		if e.marker != "" {
			out["when "+e.name] += e.marker + ";"
		}
	}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		if seen[v] {
			continue
		}
		seen[v] = true
		k := l.packages[v.at]
		if !k.local {
			out[k.key] = k.sum
			if len(k.deps[v.asked]) > 0 && v.asked != "" {
				out[k.key+" ["+v.asked+"]"] = k.sum
			}
		} else if v.asked == "" {
			need(k.dir, workspace.Ship, path.Base(p.lockPath))
		}
		for _, e := range k.deps[v.asked] {
			push(e)
		}
	}
}

// start are the edges that a project begins with.
func (w *reading) start(p *project, need func(dir string, scope workspace.Scope, via string)) (out []edge, missing string) {
	l := p.lock
	if l.kind == "uv.lock" {
		i, ok := l.byDir[p.dir]
		if !ok {
			if _, declared := p.toml["project"].(table); declared {
				missing = p.name
			}
			return nil, missing
		}
		for _, asked := range slices.Sorted(maps.Keys(l.packages[i].deps)) {
			deps := l.packages[i].deps[asked]
			if scopeOf(strings.TrimPrefix(asked, "group:")) == workspace.Ship {
				out = append(out, deps...)
				continue
			}
			for _, e := range deps {
				for _, to := range l.find(e) {
					if l.packages[to].local {
						need(l.packages[to].dir, workspace.Verify, strings.TrimPrefix(asked, "group:"))
					}
				}
			}
		}
		return out, ""
	}
	for _, r := range p.reqs {
		if r.scope != workspace.Ship || r.name == "" || strings.HasSuffix(r.via, ".txt") {
			continue
		}
		// Groups and extras may be left out when a lock is made.
		always := r.via == "project.dependencies" || r.via == "tool.poetry.dependencies"
		if len(l.byName[r.name]) == 0 && always && !r.local && missing == "" && r.name != p.name {
			missing = r.name
		}
		out = append(out, edge{name: r.name, extras: r.extras})
	}
	return out, missing
}

// products calls a product what nothing is made with, when it has code.
func (w *reading) products() {
	used := map[string]bool{}
	for _, u := range w.out.Units {
		for _, n := range u.Needs {
			used[n.Unit] = used[n.Unit] || n.Scope == workspace.Ship
		}
	}
	for i := range w.out.Units {
		u := &w.out.Units[i]
		u.Product = !example(u.Dir) && (u.Product || !used[u.ID] && w.ships(u.Dir))
	}
}

func example(dir string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		switch part {
		case "example", "examples", "docs", "doc", "benchmarks":
			return true
		}
	}
	return aside(dir)
}

// ships says whether a project has code of its own besides tests.
func (w *reading) ships(dir string) bool {
	for _, f := range w.below(dir) {
		rel := strings.TrimPrefix(strings.TrimPrefix(f, dir), "/")
		base := path.Base(f)
		if strings.HasSuffix(base, ".py") && w.owner(f) == w.projects[dir] && !example(parent(rel)) &&
			base != "setup.py" && base != "noxfile.py" && base != "conftest.py" && !strings.HasPrefix(base, "test_") {
			return true
		}
	}
	return false
}

// own says what the files in a project's folder are for.
func (w *reading) own(p *project) []workspace.Input {
	var out []workspace.Input
	add := func(scope workspace.Scope, why string, patterns ...string) {
		for _, pattern := range patterns {
			out = append(out, workspace.Input{Pattern: pattern, Scope: scope, Why: why})
		}
	}
	if p.dir == "" {
		// The root of the repository holds much that is no project's.
		out = append(out, workspace.Input{Pattern: "**", None: true, Why: "no part of the project"})
		add(workspace.Ship, "source", "*.py", "setup.cfg", "MANIFEST.in", "Procfile", "Dockerfile*", "runtime.txt", "*.ini",
			"src/**", "templates/**", "static/**", "assets/**", "migrations/**", "locale/**", "config/**")
		seen := map[string]bool{}
		for _, f := range w.files {
			if first, rest, ok := strings.Cut(f, "/"); ok && !seen[first] && first[0] != '.' && strings.HasSuffix(rest, ".py") && w.owner(f) == p {
				seen[first] = true
				add(workspace.Ship, "source", escape(first)+"/**")
			}
		}
	}
	add(workspace.Verify, "documentation", "*.md", "*.rst", "docs/**", "doc/**", "**/README*", "**/CHANGELOG*", "LICENSE*", "mkdocs.yml")
	add(workspace.Verify, "tests", "tests/**", "test/**", "**/tests/**", "**/test_*.py", "**/*_test.py", "**/conftest.py", "examples/**", "benchmarks/**")
	add(workspace.Verify, "checks", "tox.ini", "noxfile.py", "pytest.ini", "mypy.ini", "{.,}ruff.toml", ".flake8", ".coveragerc", ".pylintrc", ".pre-commit-config.yaml", ".gitignore")
	for _, f := range p.marks.requirements {
		if rel := strings.TrimPrefix(strings.TrimPrefix(f, p.dir), "/"); !w.claimed[f] {
			add(workspace.Verify, "requirements of checks", escape(rel))
		}
		if source := strings.TrimSuffix(f, ".txt") + ".in"; w.has(source) {
			rel := strings.TrimPrefix(strings.TrimPrefix(source, p.dir), "/")
			add(workspace.Verify, "what "+path.Base(f)+" is compiled from", escape(rel))
		}
	}
	return out
}
