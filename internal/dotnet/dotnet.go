// Package dotnet reads what the projects of .NET solutions build: every csproj,
// fsproj, vbproj and their kin is a unit, test projects too.
//
// It evaluates project files as MSBuild would, imports, nearest
// Directory.*.props and properties included, but with every condition both true
// and false. Central package versions are read by content: a changed version
// concerns only the projects that ask for the package, and those that may have it
// by way of others where versions are pinned and no lock file says who has it. A
// test project verifies the projects it refers to. What a reference cannot be
// followed to is a Problem of that unit. It never builds, restores or runs
// anything, and reads no file outside of the tree.
package dotnet

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// maxSteps bounds the elements that are evaluated in one tree, for all its
// projects together.
const maxSteps = 60_000_000

// Read reads the projects of a tree.
func Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	space := workspace.Space{Ecosystem: "dotnet"}
	x := index(t)
	if len(x.projects) == 0 {
		return space, nil
	}
	steps := maxSteps
	solutions := solutionFolders(x)
	evals := map[string]*evaluation{}
	for _, p := range x.projects {
		if err := ctx.Err(); err != nil {
			return space, fmt.Errorf("read .NET projects: %w", err)
		}
		evals[p] = evaluate(x, p, solutions.above(parent(p)), &steps)
	}
	if steps < 0 {
		space.Problems = append(space.Problems, workspace.Problem{Path: x.projects[0], Reason: "the project files import each other into more than can be evaluated"})
	}
	for _, e := range evals {
		for key, w := range e.packages {
			x.direct[key] = x.direct[key] || w.included
		}
	}
	rest := centralRest(x, evals)
	tests := testProjects(x, evals)
	extra := buildOrder(x, evals)
	for _, p := range x.projects {
		space.Units = append(space.Units, unit(x, evals[p], rest, tests[p]))
	}
	byFile := map[string]int{}
	for i := range space.Units {
		byFile[space.Units[i].Manifest] = i
	}
	link(&space, evals, byFile, tests, extra)
	claim(x, evals, &space)
	return space, nil
}

// id names a project's unit; several may share a folder, so it is the file.
func id(project string) string { return "dotnet:" + project }

// unit is what an evaluation says of its project.
func unit(x *tree, e *evaluation, rest map[string]string, test bool) workspace.Unit {
	u := workspace.Unit{
		ID: id(e.project), Name: strings.TrimSuffix(path.Base(e.project), path.Ext(e.project)),
		Dir: e.dir, Manifest: e.project, Product: !test && e.product(), Inputs: e.inputs,
		External: e.external(x, rest),
	}
	u.Own = []workspace.Input{
		{Pattern: "**/*.md", Scope: workspace.Verify, Why: "documentation"},
		{Pattern: "wwwroot/**", Scope: workspace.Ship, Why: "served"},
		{Pattern: "{bin,obj}/**", None: true, Why: "built"},
		{Pattern: "Properties/launchSettings.json", Scope: workspace.Verify, Why: "starts it for developers"},
		{Pattern: "**/{.editorconfig,.globalconfig,stylecop.json}", Scope: workspace.Verify, Why: "lint rules"},
		{Pattern: "*.{sln,slnx,slnf}", None: true, Why: "read by content"},
		{Pattern: "**/{.git,.github,.vscode,.idea}/**", None: true, Why: "not built"},
		{Pattern: "**/{.gitignore,.gitattributes,LICENSE,LICENSE.txt}", Scope: workspace.Verify, Why: "not built"},
	}
	u.Inputs = append(u.Inputs, e.deeper()...)
	return u
}

// deeper are the files of projects in folders below that the default items of
// this one include too.
func (e *evaluation) deeper() []workspace.Input {
	if len(e.sdk) == 0 || e.off("enabledefaultitems") && e.off("enabledefaultcompileitems") {
		return nil
	}
	kinds := map[string]string{".csproj": "cs,resx", ".vbproj": "vb,resx"}[strings.ToLower(path.Ext(e.project))]
	if kinds == "" {
		return nil
	}
	if slices.ContainsFunc(e.sdk, func(s string) bool { return strings.HasSuffix(s, ".web") || strings.HasSuffix(s, ".razor") }) {
		kinds += ",cshtml,razor,json,config"
	}
	removed := e.removed
	for _, name := range []string{"defaultitemexcludes", "defaultitemexcludesinprojectfolder"} {
		for _, v := range e.props[name] {
			for part := range strings.SplitSeq(v, ";") {
				if file, ok := within(e.dir, strings.ReplaceAll(part, unknown, "")); ok && part != "" {
					removed = append(removed, file)
				}
			}
		}
	}
	var out []workspace.Input
	for _, d := range e.nested {
		if !slices.ContainsFunc(removed, func(p string) bool { return matches(p, d+"/x.cs") || matches(p, d+"/x/x.cs") }) {
			out = append(out, workspace.Input{Pattern: literal(d) + "/**/*.{" + kinds + "}", Scope: workspace.Ship, Why: "default items"})
		}
	}
	return out
}

// off tells whether a property is surely false.
func (e *evaluation) off(name string) bool {
	v := e.props[name]
	return len(v) == 1 && strings.EqualFold(v[0], "false")
}

// may tells whether a property can have a value.
func (e *evaluation) may(name string, want ...string) bool {
	return slices.ContainsFunc(e.props[name], func(v string) bool {
		return slices.ContainsFunc(want, func(w string) bool { return strings.EqualFold(strings.TrimSpace(v), w) })
	})
}

// webGUID is the type of web applications before SDKs.
const webGUID = "{349c5851-65df-11da-9384-00065b846f21}"

// product tells whether a project is shipped by itself.
func (e *evaluation) product() bool {
	if e.may("isaspirehost", "true") || slices.Contains(e.sdk, "aspire.apphost.sdk") {
		return false // runs the others for developers
	}
	if e.may("outputtype", "Exe", "WinExe", "AppContainerExe") || len(e.props["azurefunctionsversion"]) > 0 {
		return true
	}
	if slices.ContainsFunc(e.props["projecttypeguids"], func(v string) bool { return strings.Contains(strings.ToLower(v), webGUID) }) {
		return true
	}
	if e.may("outputtype", "Library") {
		return false
	}
	return slices.ContainsFunc(e.sdk, func(s string) bool {
		return s == "microsoft.net.sdk.web" || s == "microsoft.net.sdk.worker" || s == "microsoft.net.sdk.blazorwebassembly" || s == "microsoft.net.sdk.functions"
	})
}

// testProjects are the projects that only test: by what they say or are called,
// unless something that is no test is made with them.
func testProjects(x *tree, evals map[string]*evaluation) map[string]bool {
	tests := map[string]bool{}
	for _, p := range x.projects {
		tests[p] = evals[p].tests()
	}
	for changed := true; changed; {
		changed = false
		for _, p := range x.projects {
			if tests[p] {
				continue
			}
			for _, r := range evals[p].refs {
				changed = changed || tests[r]
				tests[r] = false
			}
		}
	}
	return tests
}

func (e *evaluation) tests() bool {
	if e.may("istestproject", "true") {
		return true
	}
	if e.off("istestproject") {
		return false
	}
	for _, name := range []string{"microsoft.net.test.sdk", "xunit.v3", "tunit", "mstest", "nunit3testadapter"} {
		if w := e.packages[name]; w != nil && w.included {
			return true
		}
	}
	if slices.Contains(e.sdk, "mstest.sdk") {
		return true
	}
	name := strings.ToLower(strings.TrimSuffix(path.Base(e.project), path.Ext(e.project)))
	for _, end := range []string{".tests", ".test", ".unittests", ".integrationtests", ".functionaltests", ".specs", ".e2etests"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// link adds what the units need of each other, and the problems of what could
// not be followed.
func link(space *workspace.Space, evals map[string]*evaluation, byFile map[string]int, tests map[string]bool, extra map[string][]string) {
	for i := range space.Units {
		u := &space.Units[i]
		e := evals[u.Manifest]
		add := func(refs []string, via string) {
			for _, r := range refs {
				k, ok := byFile[r]
				if !ok || k == i {
					continue
				}
				u.Needs = append(u.Needs, workspace.Need{Unit: id(r), Scope: workspace.Ship, Via: via})
				if tests[u.Manifest] && !tests[r] {
					of := &space.Units[k]
					of.Needs = append(of.Needs, workspace.Need{Unit: u.ID, Scope: workspace.Verify, Via: "is tested by"})
				}
			}
		}
		add(e.refs, "ProjectReference")
		add(extra[u.Manifest], "solution")
		for n, lost := range e.lost {
			if n < 5 {
				space.Problems = append(space.Problems, workspace.Problem{Path: u.Manifest, Reason: "cannot follow the reference to " + lost, Units: []string{u.ID}})
			}
		}
	}
}

// claim names the files that are read by content, and what is broken.
func claim(x *tree, evals map[string]*evaluation, space *workspace.Space) {
	users := map[string][]string{}
	central := map[string]bool{}
	for _, p := range x.projects {
		e := evals[p]
		for file := range e.seen {
			users[file] = append(users[file], id(p))
		}
		for _, c := range e.centrals {
			central[c] = true
		}
	}
	for c := range central {
		space.Claimed = append(space.Claimed, c)
	}
	space.Claimed = append(space.Claimed, x.others...)
	for _, p := range x.projects {
		if lock := lockOf(x, evals[p]); lock != "" && !slices.Contains(space.Claimed, lock) {
			space.Claimed = append(space.Claimed, lock)
		}
		if why := evals[p].lockBroken; why != "" {
			space.Problems = append(space.Problems, workspace.Problem{Path: lockOf(x, evals[p]), Reason: why, Units: []string{id(p)}})
		}
	}
	slices.Sort(space.Claimed)
	for file, why := range x.broken {
		if len(users[file]) > 0 {
			space.Problems = append(space.Problems, workspace.Problem{Path: file, Reason: why, Units: users[file]})
		}
	}
	slices.SortStableFunc(space.Problems, func(a, b workspace.Problem) int { return strings.Compare(a.Path+a.Reason, b.Path+b.Reason) })
}
