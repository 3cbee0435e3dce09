package npm

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// turboFile is turbo.json: version 1 has a pipeline, version 2 tasks.
type turboFile struct {
	Extends            []string                   `json:"extends"`
	Pipeline           map[string]json.RawMessage `json:"pipeline"`
	Tasks              map[string]json.RawMessage `json:"tasks"`
	GlobalDependencies []string                   `json:"globalDependencies"`
	GlobalDotEnv       []string                   `json:"globalDotEnv"`
	GlobalEnv          json.RawMessage            `json:"globalEnv"`
	GlobalPass         json.RawMessage            `json:"globalPassThroughEnv"`
	path               string
}

// turboTask is what a task says of what it reads.
type turboTask struct {
	DependsOn []string  `json:"dependsOn"`
	Inputs    *[]string `json:"inputs"`
	DotEnv    []string  `json:"dotEnv"`
}

// task is the text of a task, by both versions.
func (f *turboFile) task(name string) json.RawMessage {
	if f == nil {
		return nil
	}
	if raw, ok := f.Tasks[name]; ok {
		return raw
	}
	return f.Pipeline[name]
}

// shipTasks are the names of the tasks that make what is shipped, by custom.
func shipTasks() []string {
	return []string{"build", "compile", "bundle", "dist", "export", "package", "deploy", "release", "publish", "start", "generate", "codegen", "prebuild", "postbuild", "prepare", "prepack"}
}

// readTurbo reads the turbo.json of a folder; nil when there is none.
func (s *session) readTurbo(dir string) (*turboFile, string, error) {
	for _, name := range []string{"turbo.json", "turbo.jsonc"} {
		file := path.Join(dir, name)
		data, err := s.read(file)
		if data == nil && err == nil {
			continue
		}
		f := &turboFile{path: file}
		if err == nil {
			err = readJSONC(data, f)
		}
		return f, file, err
	}
	return nil, "", nil
}

// readTasks reads what the task runners are told, for homes.
func (s *session) readTasks() {
	for _, h := range s.homes {
		s.nxNeeds(h)
		f, file, err := s.readTurbo(h.dir)
		if err != nil {
			s.homeProblem(h, file, "does not parse: "+err.Error())
			continue
		}
		h.turbo = f
		if f == nil {
			continue
		}
		for _, p := range append(f.GlobalDependencies, f.GlobalDotEnv...) {
			p, not := strings.CutPrefix(p, "!")
			s.space.Global = append(s.space.Global, workspace.Input{
				Pattern: literal(h.dir) + slash(h.dir) + strings.TrimPrefix(p, "./"), Scope: workspace.Ship, None: not, Why: "turbo.json globalDependencies",
			})
		}
	}
}

func slash(dir string) string {
	if dir == "" {
		return ""
	}
	return "/"
}

// turboInputs honours what turbo.json declares of a unit's build, and takes its
// text in: tasks that ship as such, the rest as what checks.
func (s *session) turboInputs(u *unit) {
	f := u.home.turbo
	var own *turboFile
	if u.Dir != u.home.dir {
		var file string
		var err error
		if own, file, err = s.readTurbo(u.Dir); err != nil {
			s.problem(file, "does not parse: "+err.Error(), u.Dir)
			return
		}
	}
	t := &turboReader{session: s, unit: u, root: f, own: own, seen: map[string]bool{}}
	t.print = append(t.print, string(f.GlobalEnv), string(f.GlobalPass))
	for _, name := range shipTasks() {
		t.task(name)
	}
	u.External["turbo.json"] = hashStrings(t.print...)
	u.External[workspace.VerifyPrefix+"turbo.json"] = s.tree.Hash(f.path)
	if own != nil {
		u.External[workspace.VerifyPrefix+"turbo.json of the package"] = s.tree.Hash(own.path)
	}
	t.apply()
}

// turboReader gathers the tasks of one unit that ship.
type turboReader struct {
	session   *session
	unit      *unit
	root, own *turboFile
	seen      map[string]bool
	print     []string
	whole     bool // some task reads every file
	declared  [][]string
}

// task takes one task in, and those of the same unit that it depends on.
func (t *turboReader) task(name string) {
	if t.seen[name] || len(t.seen) > 256 {
		return
	}
	t.seen[name] = true
	script := t.unit.manifest.scripts[name] != ""
	var task turboTask
	found := false
	for _, raw := range []json.RawMessage{t.root.task(name), t.root.task(t.unit.Name + "#" + name), t.own.task(name)} {
		if raw == nil {
			continue
		}
		found = true
		if script {
			t.print = append(t.print, name, significant(raw))
		}
		var over turboTask
		field(raw, &over)
		task = task.override(over)
	}
	if !found {
		return
	}
	for _, dep := range task.DependsOn {
		t.depend(dep)
	}
	if !script {
		return
	}
	if task.Inputs == nil {
		t.whole = true
		return
	}
	t.declared = append(t.declared, append(slices.Clone(*task.Inputs), task.DotEnv...))
}

// override is a package's word over the root's.
func (t turboTask) override(over turboTask) turboTask {
	extend := func(was, is []string) []string {
		if i := slices.Index(is, "$TURBO_EXTENDS$"); i >= 0 {
			return append(slices.Clone(was), slices.Delete(slices.Clone(is), i, i+1)...)
		}
		return is
	}
	if over.DependsOn != nil {
		t.DependsOn = extend(t.DependsOn, over.DependsOn)
	}
	if over.Inputs != nil {
		var was []string
		if t.Inputs != nil {
			was = *t.Inputs
		}
		list := extend(was, *over.Inputs)
		t.Inputs = &list
	}
	if over.DotEnv != nil {
		t.DotEnv = over.DotEnv
	}
	return t
}

// significant is a task without what changes how it runs and not what comes out.
func significant(raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	field(raw, &fields)
	for _, k := range []string{"cache", "persistent", "interactive", "interruptible", "outputLogs", "outputMode", "description", "with", "$comment"} {
		delete(fields, k)
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return string(raw)
	}
	return string(out)
}

// depend follows dependsOn: the unit's own tasks, another package's, the root's.
func (t *turboReader) depend(dep string) {
	if strings.HasPrefix(dep, "^") || strings.HasPrefix(dep, "$") {
		return // what the unit needs, by the graph of packages
	}
	pkg, name, ok := strings.Cut(dep, "#")
	if !ok {
		t.task(dep)
		return
	}
	if pkg == "//" {
		var task turboTask
		field(t.root.task(dep), &task)
		t.rootTask(name, task)
		return
	}
	if dir, ok := t.unit.home.names[pkg]; ok {
		t.unit.need(dir, workspace.Ship, "turbo.json dependsOn")
	}
}

// rootTask makes what a task of the root reads part of the unit.
func (t *turboReader) rootTask(name string, task turboTask) {
	home := t.unit.home
	if task.Inputs == nil || slices.Contains(*task.Inputs, "$TURBO_DEFAULT$") {
		if t.session.units[home.dir] != nil {
			t.unit.need(home.dir, workspace.Ship, "turbo.json dependsOn //#"+name)
		}
		return
	}
	for _, p := range *task.Inputs {
		if !strings.HasPrefix(p, "!") {
			t.unit.input(literal(home.dir)+slash(home.dir)+strings.TrimPrefix(p, "./"), workspace.Ship, "turbo.json //#"+name)
		}
	}
}

// apply turns the declared inputs into rules: what none of the tasks reads only
// verifies.
func (t *turboReader) apply() {
	if t.whole || len(t.declared) == 0 {
		return
	}
	d := declared{why: "turbo.json inputs"}
	for _, inputs := range t.declared {
		d.all = d.all || slices.Contains(inputs, "$TURBO_DEFAULT$") ||
			!slices.ContainsFunc(inputs, func(p string) bool { return !strings.HasPrefix(p, "!") })
		for _, p := range inputs {
			t.pattern(&d, p)
		}
	}
	d.apply(t.unit)
}

// pattern sorts one declared pattern; a file that one task leaves out another may
// read, so that only what all leave out counts.
func (t *turboReader) pattern(d *declared, p string) {
	u := t.unit
	p, not := strings.CutPrefix(p, "!")
	if rest, ok := strings.CutPrefix(p, "$TURBO_ROOT$/"); ok {
		p = strings.Repeat("../", depth(u.Dir)-depth(u.home.dir)) + rest
	}
	p = strings.TrimPrefix(p, "./")
	switch {
	case p == "$TURBO_DEFAULT$" || p == "":
	case strings.HasPrefix(p, "../"):
		if to := join(u.Dir, p); !not && !strings.HasPrefix(to, "..") {
			u.input(to, workspace.Ship, d.why)
		}
	case !not:
		d.in = append(d.in, p)
	case t.allLeaveOut(p):
		d.out = append(d.out, p)
	}
}

func (t *turboReader) allLeaveOut(p string) bool {
	for _, inputs := range t.declared {
		if !slices.ContainsFunc(inputs, func(in string) bool { return in == "!"+p || in == "!./"+p }) {
			return false
		}
	}
	return true
}

// declared is what a task runner is told that a build reads of its own folder.
type declared struct {
	all     bool // every file, but for out
	in, out []string
	why     string
}

// apply writes the rules of a unit. Patterns with wildcards mean tests only by
// accident, so that ours stand behind them; a file that is named is meant.
func (d declared) apply(u *unit) {
	ours := u.Own
	u.Own = nil
	add := func(p string, scope workspace.Scope) {
		u.Own = append(u.Own, workspace.Input{Pattern: p, Scope: scope, Why: d.why})
	}
	if !d.all {
		add("**", workspace.Verify)
	}
	for _, p := range d.in {
		add(p, workspace.Ship)
	}
	u.Own = append(u.Own, ours...)
	for _, p := range d.in {
		if !strings.ContainsAny(p, "*?{[") {
			add(p, workspace.Ship)
			add(p+"/**", workspace.Ship)
		}
	}
	for _, p := range d.out {
		add(p, workspace.Verify)
	}
}
