package npm

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// nxFile is nx.json.
type nxFile struct {
	NamedInputs    map[string][]json.RawMessage `json:"namedInputs"`
	TargetDefaults map[string]json.RawMessage   `json:"targetDefaults"`
	Plugins        []json.RawMessage            `json:"plugins"`
	Implicit       json.RawMessage              `json:"implicitDependencies"`
	text           string
}

// nxProject is project.json, or the "nx" field of a package.json.
type nxProject struct {
	Name        string                       `json:"name"`
	Root        string                       `json:"root"`
	Type        string                       `json:"projectType"`
	Implicit    []string                     `json:"implicitDependencies"`
	Targets     map[string]json.RawMessage   `json:"targets"`
	Architect   map[string]json.RawMessage   `json:"architect"`
	NamedInputs map[string][]json.RawMessage `json:"namedInputs"`
	text        string
}

// nxTarget is what a target says of what it reads.
type nxTarget struct {
	Inputs    []json.RawMessage `json:"inputs"`
	DependsOn []json.RawMessage `json:"dependsOn"`
	Options   json.RawMessage   `json:"options"`
	Executor  string            `json:"executor"`
}

// nxMembers reads nx.json: folders with a project.json are projects, and so are
// those that workspace.json or angular.json list.
func (s *session) nxMembers(h *home) []func(string) bool {
	file := path.Join(h.dir, "nx.json")
	data, err := s.read(file)
	if data == nil && err == nil {
		return nil
	}
	h.nx = &nxFile{text: string(data)}
	if err == nil {
		err = readJSONC(data, h.nx)
	}
	if err != nil {
		s.problem(file, "does not parse: "+err.Error())
	}
	listed := map[string]bool{}
	for _, name := range []string{"workspace.json", "angular.json"} {
		data, err := s.read(path.Join(h.dir, name))
		var f struct {
			Projects map[string]json.RawMessage `json:"projects"`
		}
		if err == nil && data != nil {
			err = readJSONC(data, &f)
		}
		if err != nil {
			s.problem(path.Join(h.dir, name), "does not parse: "+err.Error())
		}
		for _, raw := range f.Projects {
			var at string
			var p nxProject
			field(raw, &at)
			field(raw, &p)
			listed[join(h.dir, at+p.Root)] = true
		}
	}
	return []func(string) bool{func(dir string) bool { return dir != h.dir && (listed[dir] || s.exists(dir, "project.json")) }}
}

// nxNeeds reads the projects of a home and what they need implicitly.
func (s *session) nxNeeds(h *home) {
	if h.nx == nil {
		return
	}
	for _, dir := range h.members {
		u := s.units[dir]
		u.project = &nxProject{}
		file := path.Join(dir, "project.json")
		data, err := s.read(file)
		if err == nil && data != nil {
			err = readJSONC(data, u.project)
			u.project.text = string(data)
			if u.Manifest == "" {
				u.Manifest = file
			}
		}
		if err != nil {
			s.problem(file, "does not parse: "+err.Error(), dir)
		}
		field(u.manifest.raw["nx"], u.project)
		if u.project.Name != "" {
			if u.Name == "" {
				u.Name = u.project.Name
			}
			h.names[u.project.Name] = dir
		}
		if len(data) > 0 {
			u.External[workspace.VerifyPrefix+"project.json"] = s.tree.Hash(file)
		}
	}
	for _, dir := range h.members {
		u := s.units[dir]
		for _, name := range u.project.Implicit {
			if strings.HasPrefix(name, "!") {
				continue
			}
			if to, ok := h.names[name]; ok {
				u.need(to, workspace.Ship, "implicitDependencies")
				continue
			}
			for _, other := range h.members {
				o := s.units[other]
				if ok, err := path.Match(name, o.Name); err == nil && ok && strings.ContainsAny(name, "*?[") {
					u.need(other, workspace.Ship, "implicitDependencies")
				}
			}
		}
	}
	s.nxGlobal(h)
	s.nxImports(h)
}

// nxGlobal reads nx.json's implicitDependencies of older versions: files to "*"
// or to names of projects.
func (s *session) nxGlobal(h *home) {
	var byFile map[string]json.RawMessage
	field(h.nx.Implicit, &byFile)
	for _, file := range sortedKeys(byFile) {
		if file == "package.json" || file == "nx.json" || file == "workspace.json" || file == "tsconfig.base.json" || strings.HasPrefix(file, ".eslintrc") {
			continue // read by content, or no part of what is built
		}
		pattern := literal(h.dir) + slash(h.dir) + file
		var names []string
		field(byFile[file], &names)
		for _, dir := range h.members {
			if names == nil || slices.Contains(names, s.units[dir].Name) {
				s.units[dir].input(pattern, workspace.Ship, "nx.json implicitDependencies")
			}
		}
	}
}

// nxInputs honours what nx.json and project.json declare of a unit's build.
func (s *session) nxInputs(u *unit) {
	r := &nxReader{unit: u, file: u.home.nx, seen: map[string]bool{}, d: declared{why: "nx inputs"}}
	r.target("build")
	u.External["nx build"] = hashStrings(r.print...)
	u.External[workspace.VerifyPrefix+"nx.json"] = hashStrings(u.home.nx.text)
	if r.whole || !r.positive {
		return
	}
	r.d.apply(u)
}

// nxReader resolves the inputs of a build.
type nxReader struct {
	unit     *unit
	file     *nxFile
	seen     map[string]bool
	print    []string
	d        declared
	whole    bool
	positive bool // something of the folder is read
	inputs   int
}

// target reads the inputs of a target: the project's, else the defaults, else
// those that Nx's plugins infer.
func (r *nxReader) target(name string) {
	raw := r.unit.project.Targets[name]
	if raw == nil {
		raw = r.unit.project.Architect[name]
	}
	var own, common nxTarget
	field(raw, &own)
	defaults := r.file.TargetDefaults[name]
	if d := r.file.TargetDefaults[own.Executor]; own.Executor != "" && d != nil {
		defaults = d
	}
	field(defaults, &common)
	r.print = append(r.print, significant(raw), significant(defaults))
	inputs := own.Inputs
	if inputs == nil {
		inputs = common.Inputs
	}
	if inputs == nil {
		name := "default"
		if _, ok := r.file.NamedInputs["production"]; ok && len(r.file.Plugins) > 0 {
			name = "production"
		}
		text, err := json.Marshal(name)
		if err == nil {
			inputs = []json.RawMessage{text}
		}
	}
	for _, in := range inputs {
		r.input(in)
	}
}

// input reads one input: a name, a pattern, or an object.
func (r *nxReader) input(raw json.RawMessage) {
	if r.inputs++; r.inputs > 10_000 {
		r.whole = true
		return
	}
	var text string
	field(raw, &text)
	if text == "" {
		var object struct {
			Fileset string          `json:"fileset"`
			Input   string          `json:"input"`
			Projs   json.RawMessage `json:"projects"`
			Deps    bool            `json:"dependencies"`
		}
		field(raw, &object)
		switch {
		case object.Fileset != "":
			text = object.Fileset
		case object.Input != "" && object.Projs == nil && !object.Deps:
			text = object.Input
		default:
			r.print = append(r.print, string(raw)) // runtime, env, externalDependencies
			return
		}
	}
	switch {
	case strings.HasPrefix(text, "^"):
	case strings.Contains(text, "{projectRoot}") || strings.Contains(text, "{workspaceRoot}"):
		r.pattern(text)
	default:
		r.named(text)
	}
}

// named follows a named input.
func (r *nxReader) named(name string) {
	if r.seen[name] {
		return
	}
	r.seen[name] = true
	list, ok := r.unit.project.NamedInputs[name]
	if !ok {
		list, ok = r.file.NamedInputs[name]
	}
	if !ok {
		if name == "default" {
			r.d.all, r.positive = true, true
		}
		return
	}
	for _, in := range list {
		r.input(in)
	}
}

// pattern sorts one pattern.
func (r *nxReader) pattern(text string) {
	p, not := strings.CutPrefix(text, "!")
	u := r.unit
	if rest, ok := strings.CutPrefix(p, "{workspaceRoot}/"); ok {
		if !not {
			u.input(literal(u.home.dir)+slash(u.home.dir)+rest, workspace.Ship, r.d.why)
		}
		return
	}
	rest, ok := strings.CutPrefix(p, "{projectRoot}/")
	switch {
	case !ok:
		r.whole = true // of a form we do not know
	case not:
		r.d.out = append(r.d.out, minimatch(rest))
	default:
		r.positive = true
		if rest == "**/*" || rest == "**" {
			r.d.all = true
			return
		}
		r.d.in = append(r.d.in, minimatch(rest))
	}
}

// minimatch writes "+(a|b)" and "@(a|b)" as {a,b}.
func minimatch(p string) string {
	for _, open := range []string{"+(", "@(", "?("} {
		for range 8 {
			i := strings.Index(p, open)
			if i < 0 {
				break
			}
			end := strings.IndexByte(p[i:], ')')
			if end < 0 {
				break
			}
			alts := strings.ReplaceAll(p[i+2:i+end], "|", ",")
			if open == "?(" {
				alts = "," + alts
			}
			p = p[:i] + "{" + alts + "}" + p[i+end+1:]
		}
	}
	return p
}
