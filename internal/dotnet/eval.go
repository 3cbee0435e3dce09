package dotnet

import (
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/markup"
	"github.com/postflight/postflight/internal/workspace"
)

// maxInputs is how many files from elsewhere one project may take in.
const maxInputs = 20_000

// evaluation is one project being evaluated as MSBuild would, but with every
// condition both true and false.
type evaluation struct {
	x         *tree
	project   string // its file
	dir       string
	sdk       []string // lower case
	file      string   // that is evaluated now
	central   bool     // within Directory.Packages.props
	props     map[string]values
	seen      map[string]bool
	solutions values
	steps     *int // left for the whole tree

	refs     []string // projects it refers to
	inputs   []workspace.Input
	given    map[workspace.Input]bool
	nested   []string // folders of projects below this one
	packages map[string]*wanted
	versions map[string]values // of Directory.Packages.props
	centrals []string          // the files these are from
	removed  []string          // patterns of items it takes out
	lost     []string          // references that cannot be followed
	// lockBroken is why its lock file cannot be read.
	lockBroken string
}

// wanted is a package that a project asks for.
type wanted struct {
	name     string
	versions values
	override bool
	included bool
}

// condition is what decides whether something counts: "" when nothing does.
type condition string

func (c condition) and(n *markup.Node) condition {
	if text := strings.TrimSpace(n.Attr("Condition")); text != "" {
		return c + condition(" if "+text)
	}
	return c
}

// evaluate goes through a project and what it imports, in MSBuild's order.
func evaluate(x *tree, project string, solutions values, steps *int) *evaluation {
	e := &evaluation{
		x: x, project: project, dir: parent(project), solutions: solutions, steps: steps,
		props: map[string]values{}, seen: map[string]bool{}, given: map[workspace.Input]bool{}, nested: x.below(project),
		packages: map[string]*wanted{}, versions: map[string]values{},
	}
	if root := x.load(project); root != nil {
		e.sdks(root)
	}
	e.imported(x.nearest(e.dir, "Directory.Build.props"), "", "Directory.Build.props")
	e.central = true
	e.imported(x.nearest(e.dir, "Directory.Packages.props"), "", "Directory.Packages.props")
	e.central = false
	e.run(project, "")
	e.imported(x.nearest(e.dir, "Directory.Build.targets"), "", "Directory.Build.targets")
	e.files()
	return e
}

// files adds the files of folders above that tools read without being told.
func (e *evaluation) files() {
	for _, f := range []struct {
		name  string
		every bool
		scope workspace.Scope
	}{
		{"global.json", false, workspace.Ship},
		{"NuGet.config", true, workspace.Ship},
		{"Directory.Build.rsp", false, workspace.Ship},
		{"MSBuild.rsp", false, workspace.Ship},
		{"Directory.Solution.props", false, workspace.Ship},
		{"Directory.Solution.targets", false, workspace.Ship},
		{".globalconfig", true, workspace.Verify},
		{".editorconfig", true, workspace.Verify},
		{".config/dotnet-tools.json", false, workspace.Verify},
		{"dotnet-tools.json", false, workspace.Verify},
	} {
		found := e.x.all(e.dir, f.name)
		if !f.every && len(found) > 1 {
			found = found[:1]
		}
		for _, file := range found {
			e.input(literal(file), f.scope, path.Base(f.name))
		}
	}
}

// sdks notes the SDKs that a project is built with.
func (e *evaluation) sdks(root *markup.Node) {
	add := func(list string) {
		for s := range strings.SplitSeq(strings.ToLower(list), ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(s), "/")
			if name != "" {
				e.sdk = append(e.sdk, name)
			}
		}
	}
	add(root.Attr("Sdk"))
	for _, k := range root.Kids {
		switch strings.ToLower(k.Name) {
		case "sdk":
			add(k.Attr("Name"))
		case "import":
			add(k.Attr("Sdk"))
		}
	}
}

// imported runs another file, which is an input unless its meaning is read.
func (e *evaluation) imported(file string, c condition, why string) {
	if file == "" || e.seen[file] {
		return
	}
	if e.central {
		e.centrals = append(e.centrals, file)
	} else {
		e.input(literal(file), workspace.Ship, why)
	}
	e.run(file, c)
}

// run evaluates one file, once: MSBuild leaves out a second import too.
func (e *evaluation) run(file string, c condition) {
	if e.seen[file] {
		return
	}
	e.seen[file] = true
	root := e.x.load(file)
	if root == nil {
		return
	}
	before := e.file
	e.file = file
	e.body(root, c)
	e.file = before
}

// body evaluates the children of a project, a choice or an import group.
func (e *evaluation) body(n *markup.Node, c condition) {
	for _, k := range n.Kids {
		if *e.steps--; *e.steps < 0 {
			return
		}
		switch within := c.and(k); strings.ToLower(k.Name) {
		case "propertygroup":
			for _, p := range k.Kids {
				e.set(p, within.and(p))
			}
		case "itemgroup":
			for _, i := range k.Kids {
				e.item(i, within.and(i))
			}
		case "import":
			e.imports(k, within)
		case "importgroup":
			e.body(k, within)
		case "choose":
			e.body(k, within+" choose")
		case "when", "otherwise":
			e.body(k, within+" choose")
		case "target":
			e.target(k, within+" target")
		}
	}
}

// set gives a property its value.
func (e *evaluation) set(n *markup.Node, c condition) {
	*e.steps--
	name := strings.ToLower(n.Name)
	may := e.expand(n.Text, 0)
	if c == "" {
		e.props[name] = may
	} else {
		e.props[name] = slices.Clone(e.props[name]).add(may...)
	}
	if !strings.ContainsAny(n.Text, `/\`) {
		return
	}
	scope := workspace.Ship
	if name == "coderulesetfile" || name == "codeanalysisruleset" || name == "runsettingsfilepath" {
		scope = workspace.Verify
	}
	for _, v := range may {
		file, ok := within(e.dir, v)
		if !ok || file == "" || under(e.dir, file) {
			continue
		}
		switch {
		case e.x.Hash(file) != "":
			e.input(literal(file), scope, n.Name)
		case name == "sparoot" && e.x.folder(file):
			e.input(literal(file)+"/**", workspace.Ship, n.Name)
		}
	}
}

// imports follows an Import.
func (e *evaluation) imports(n *markup.Node, c condition) {
	if n.Has("Sdk") {
		return
	}
	for _, v := range e.expand(n.Attr("Project"), 0) {
		for _, file := range e.paths(parent(e.file), v, false) {
			e.imported(file, c, "Import")
		}
	}
}

// paths are the files of the tree that a path of a project file may mean: its
// unknown parts may be anything, its globs are matched among what MSBuild
// evaluates.
func (e *evaluation) paths(dir, name string, projects bool) []string {
	name = strings.ReplaceAll(name, `\`, "/")
	if i := strings.LastIndex(name, unknown); i >= 0 {
		tail := strings.Trim(strings.TrimLeft(name[i+1:], "/"), "/")
		for strings.HasPrefix(tail, "../") {
			tail = tail[3:]
		}
		if tail == "" || !projects && isOfSdk(tail) {
			return nil
		}
		return e.x.ending(tail)
	}
	file, ok := within(dir, name)
	if !ok {
		return nil
	}
	if !strings.ContainsAny(file, "*?") {
		if found := e.x.find(file); found != "" {
			return []string{found}
		}
		e.module(file)
		return nil
	}
	var out []string
	for _, candidate := range e.x.folded {
		if *e.steps -= 10; *e.steps < 0 {
			return nil
		}
		if matches(file, candidate) {
			out = append(out, candidate)
		}
	}
	slices.Sort(out)
	return out
}

// isOfSdk tells names that come with MSBuild, of which there may be others of
// the same name in the tree only by accident.
func isOfSdk(tail string) bool {
	low := strings.ToLower(path.Base(tail))
	return strings.HasPrefix(low, "microsoft.") && (strings.HasSuffix(low, ".targets") || strings.HasSuffix(low, ".props"))
}

// ending are the files that MSBuild evaluates whose path ends so.
func (x *tree) ending(tail string) []string {
	low := strings.ToLower(tail)
	if out, ok := x.ends[low]; ok {
		return out
	}
	var out []string
	for folded, file := range x.folded {
		if folded == low || strings.HasSuffix(folded, "/"+low) || strings.ContainsAny(low, "*?") && matches("**/"+low, folded) {
			out = append(out, file)
		}
	}
	slices.Sort(out)
	if len(x.ends) < 10_000 {
		x.ends[low] = out
	}
	return out
}

// module makes the submodule that a missing file is in an input.
func (e *evaluation) module(file string) {
	for dir := parent(file); dir != ""; dir = parent(dir) {
		if e.x.Hash(dir) != "" {
			e.input(literal(dir), workspace.Ship, "submodule")
			return
		}
	}
}

// input adds a file outside of the project's folder; one within is its own.
func (e *evaluation) input(pattern string, scope workspace.Scope, why string) {
	in := workspace.Input{Pattern: pattern, Scope: scope, Why: why}
	switch {
	case e.given[in]:
	case len(e.inputs) == maxInputs:
		e.lost = append(e.lost, "more files than are followed")
	default:
		e.given[in] = true
		e.inputs = append(e.inputs, in)
	}
}
