// Package bazel asks Bazel what it builds, where a MODULE.bazel or WORKSPACE
// stands: every rule is a unit.
//
// Bazel knows its graph exactly and nobody else does, so it is asked, once, with
// a bound on time and output and without fetching anything. It can only be asked
// about the files on disk; files of another commit that are gone from there
// concern every rule of the package they were in, and a BUILD file concerns
// every rule of its own. Where it is not installed or does not answer, the
// packages are units, and a Problem says why all of them are affected.
package bazel

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/postflight/postflight/internal/workspace"
)

// Reader asks one checkout. It is safe for concurrent use.
type Reader struct {
	mu    sync.Mutex
	dir   string
	look  func(name string) (string, error)
	kept  map[string]*answer // by workspace folder: both commits are read
	bound bounds
}

// New makes a reader of the checkout at dir; look finds programs (exec.LookPath).
func New(dir string, look func(name string) (string, error)) *Reader {
	return &Reader{dir: dir, look: look, kept: map[string]*answer{}, bound: defaults()}
}

// Read reads the rules of the workspaces in a tree.
func (r *Reader) Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	space := workspace.Space{Ecosystem: "bazel"}
	x := index(t)
	for _, root := range x.roots {
		if err := ctx.Err(); err != nil {
			return space, fmt.Errorf("read Bazel workspaces: %w", err)
		}
		why := ""
		a, err := r.ask(ctx, root)
		if err != nil {
			why = err.Error()
		} else if a.partial != "" {
			why = "bazel could not load everything: " + a.partial
		}
		if a != nil {
			x.rules(&space, root, a, r.dir)
		}
		if why == "" {
			continue
		}
		p := workspace.Problem{Path: x.marks[root], Reason: why}
		units := x.packages(&space, root)
		if len(x.roots) > 1 {
			p.Units = units
		}
		space.Problems = append(space.Problems, p)
	}
	return space, nil
}

// tree is the files that Bazel reads.
type tree struct {
	workspace.Tree
	files  []string
	roots  []string          // folders of workspaces
	marks  map[string]string // the file that makes a folder one
	builds map[string]string // folder of a package to its BUILD file
	loads  map[string][]string
}

func index(t workspace.Tree) *tree {
	x := &tree{Tree: t, files: t.Files(), marks: map[string]string{}, builds: map[string]string{}, loads: map[string][]string{}}
	for _, f := range x.files {
		dir := parent(f)
		switch path.Base(f) {
		case "MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel":
			if x.marks[dir] == "" {
				x.marks[dir] = f
			}
		case "BUILD.bazel":
			x.builds[dir] = f
		case "BUILD":
			if x.builds[dir] == "" {
				x.builds[dir] = f
			}
		}
	}
	for dir := range x.marks {
		x.roots = append(x.roots, dir)
	}
	slices.Sort(x.roots)
	// A workspace within another is data of its tests, or built by itself: the
	// outermost are what the repository builds.
	x.roots = slices.DeleteFunc(x.roots, func(dir string) bool {
		for dir != "" {
			dir = parent(dir)
			if x.marks[dir] != "" {
				return true
			}
		}
		return false
	})
	return x
}

func parent(file string) string {
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		return file[:i]
	}
	return ""
}

// packageOf is the folder of the package that a file is in; ok is false when
// there is none.
func (x *tree) packageOf(file string) (string, bool) {
	for dir := parent(file); ; dir = parent(dir) {
		if x.builds[dir] != "" {
			return dir, true
		}
		if dir == "" {
			return "", false
		}
	}
}

// label is a rule or file of the main workspace: its package's folder and name.
// ok is false for one of another repository.
func label(root, s string) (dir, name string, ok bool) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "@@"), "@")
	rest, found := strings.CutPrefix(s, "//")
	if !found {
		return "", "", false
	}
	pkg, name, found := strings.Cut(rest, ":")
	if !found {
		name = path.Base(pkg)
	}
	return strings.Trim(path.Join(root, pkg), "/"), name, true
}

// id is the unit of a rule.
func id(dir, name string) string { return "bazel://" + dir + ":" + name }

// kinds of rules that make something to be deployed.
var (
	deployed = regexp.MustCompile(`(?:_binary|_image|_push|_deploy|_application|_web_app|_push_all|_bundle|_zip|_release|helm_chart|k8s_object)$|^(?:pkg_(?:tar|zip|deb|rpm)|oci_image|container_image|docker_.*|.*_lambda|nodejs_image|android_binary|ios_application)$`)
	inBuild  = regexp.MustCompile(`(?m)^\s*\w*(?:_binary|_image|_push|_application|_deploy|pkg_tar)\s*\(`)
	loadCall = regexp.MustCompile(`(?m)\bload\s*\(\s*["']([^"']+)["']`)
)

// rules adds a unit for every rule that Bazel told of.
func (x *tree) rules(space *workspace.Space, root string, a *answer, checkout string) {
	gone := map[string][]workspace.Input{}
	for _, f := range x.files {
		if root != "" && !strings.HasPrefix(f, root+"/") {
			continue
		}
		if _, err := os.Lstat(filepath.Join(checkout, filepath.FromSlash(f))); err == nil {
			continue
		}
		if dir, ok := x.packageOf(f); ok {
			gone[dir] = append(gone[dir], workspace.Input{Pattern: literal(f), Scope: workspace.Ship, Why: "was in the package"})
		}
	}
	for _, rule := range a.rules {
		dir, name, ok := label(root, rule.name)
		if !ok {
			continue
		}
		u := workspace.Unit{ID: id(dir, name), Name: rule.name, Dir: "bazel:" + rule.name, Manifest: x.builds[dir], External: map[string]string{}}
		u.Product = deployed.MatchString(rule.class) && !rule.testonly
		for _, f := range x.loaded(root, dir) {
			u.Inputs = append(u.Inputs, workspace.Input{Pattern: literal(f), Scope: workspace.Ship, Why: "BUILD file"})
		}
		u.Inputs = append(u.Inputs, gone[dir]...)
		for _, in := range rule.inputs {
			at, what, ok := label(root, in)
			switch {
			case !ok:
				u.External[in] = "declared"
			case a.names[in]:
				if id(at, what) != u.ID {
					u.Needs = append(u.Needs, workspace.Need{Unit: id(at, what), Scope: workspace.Ship, Via: "rule"})
				}
			case a.outputs[in] != "":
				if at, what, ok := label(root, a.outputs[in]); ok && id(at, what) != u.ID {
					u.Needs = append(u.Needs, workspace.Need{Unit: id(at, what), Scope: workspace.Ship, Via: "generated file"})
				}
			default:
				u.Inputs = append(u.Inputs, workspace.Input{Pattern: literal(path.Join(at, what)), Scope: workspace.Ship, Why: "source"})
			}
		}
		space.Units = append(space.Units, u)
	}
	for _, name := range []string{"MODULE.bazel", "MODULE.bazel.lock", "WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod", ".bazelrc", ".bazelversion", "*_install.json", "maven_install.json"} {
		space.Global = append(space.Global, workspace.Input{Pattern: strings.TrimPrefix(literal(root)+"/"+name, "/"), Scope: workspace.Ship, Why: "what Bazel builds with"})
	}
}

// loaded are the BUILD file of a package and the extensions of the workspace
// that it loads, and they load.
func (x *tree) loaded(root, dir string) []string {
	if list, ok := x.loads[dir]; ok {
		return list
	}
	seen := map[string]bool{}
	queue := []string{x.builds[dir]}
	var out []string
	for len(queue) > 0 && len(out) < 2000 {
		f := queue[0]
		queue = queue[1:]
		if f == "" || seen[f] || x.Hash(f) == "" {
			continue
		}
		seen[f] = true
		out = append(out, f)
		data, err := x.Read(f)
		if err != nil || len(data) > 4<<20 {
			continue
		}
		for _, m := range loadCall.FindAllSubmatch(data, -1) {
			name := string(m[1])
			if strings.HasPrefix(name, ":") {
				at, _ := x.packageOf(f)
				queue = append(queue, path.Join(at, name[1:]))
			} else if at, what, ok := label(root, name); ok {
				queue = append(queue, path.Join(at, what))
			}
		}
	}
	x.loads[dir] = out
	return out
}

// packages adds the packages as units, where the rules are not known.
func (x *tree) packages(space *workspace.Space, root string) []string {
	have := map[string]bool{}
	for i := range space.Units {
		have[space.Units[i].ID] = true
	}
	var out []string
	for _, f := range x.files {
		dir := parent(f)
		if x.builds[dir] != f || root != "" && dir != root && !strings.HasPrefix(dir, root+"/") {
			continue
		}
		u := workspace.Unit{ID: "bazel://" + dir, Name: "//" + strings.Trim(strings.TrimPrefix(dir, root), "/"), Dir: dir, Manifest: f}
		if data, err := x.Read(f); err == nil {
			u.Product = inBuild.Match(data)
		}
		if !have[u.ID] {
			space.Units = append(space.Units, u)
		}
		out = append(out, u.ID)
	}
	for i := range space.Units {
		if !slices.Contains(out, space.Units[i].ID) && len(out) < 100_000 {
			out = append(out, space.Units[i].ID)
		}
	}
	return out
}

// literal is a pattern that matches one path and no other.
func literal(file string) string {
	if !strings.ContainsAny(file, `*?[]{}\`) {
		return file
	}
	var b strings.Builder
	for _, r := range file {
		if strings.ContainsRune(`*?[]{}\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
