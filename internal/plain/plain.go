// Package plain reads what has no ecosystem of its own: products that are
// declared by the files they are made of, and Dockerfiles with what they copy.
//
// A Dockerfile's sources are read from COPY, ADD and bind mounts, in the context
// that compose, bake or workflow files build it in, less what .dockerignore
// leaves out; where no file says the context, it is the folder that its sources
// are found from. What is computed is taken as wide as it may be. It builds
// nothing and reads nothing outside of the tree.
//
// Its units own no folder (their Dir is no folder of the tree): all that they
// are made of is Inputs. Folders gives these to whoever links them with units of
// other ecosystems.
package plain

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/postflight/postflight/internal/workspace"
)

// Product is something that a person declared.
type Product struct {
	Name      string
	Paths     []string // patterns of the files it is made of
	DependsOn []string // names of products whose change is a change of this one
	Verify    []string // patterns of files that only check it
}

// Why an image takes a file in: it is copied into the image itself, or only into
// a stage that builds something for it.
const (
	Copied = "Dockerfile COPY"
	Built  = "Dockerfile COPY, build stage"
)

// NamePrefix begins the Need of an image on a package that its commands build by
// name ("turbo prune @acme/web"): what follows is the name that the package's
// ecosystem calls it, for the caller to find. Where all that is taken in whole is
// taken by a build stage, such a package is what it is taken in for.
const NamePrefix = "name:"

// ID is the unit of a declared product.
func ID(product string) string { return "plain:" + product }

// Read reads declared products and the Dockerfiles of a tree.
func Read(ctx context.Context, t workspace.Tree, products []Product) (workspace.Space, error) {
	space := workspace.Space{Ecosystem: "plain"}
	for _, p := range products {
		space.Units = append(space.Units, declared(p))
	}
	x := &tree{Tree: t, files: t.Files(), kept: map[string][]workspace.Input{}, targets: map[string]string{}, steps: 60_000_000}
	for _, f := range x.files {
		if isDockerfile(f) {
			x.dockerfiles = append(x.dockerfiles, f)
		}
	}
	if len(x.dockerfiles) == 0 {
		return space, nil
	}
	builds, problems := x.builds()
	space.Problems = problems
	for _, f := range x.dockerfiles {
		if err := ctx.Err(); err != nil {
			return space, fmt.Errorf("read Dockerfiles: %w", err)
		}
		u, problem := x.unit(f, builds[f])
		space.Units = append(space.Units, u)
		if problem != "" {
			space.Problems = append(space.Problems, workspace.Problem{Path: f, Reason: problem, Units: []string{u.ID}})
		}
	}
	return space, nil
}

func declared(p Product) workspace.Unit {
	u := workspace.Unit{ID: ID(p.Name), Name: p.Name, Dir: "postflight.yaml#" + p.Name, Product: true}
	for _, pattern := range p.Paths {
		u.Inputs = append(u.Inputs, workspace.Input{Pattern: pattern, Scope: workspace.Ship, Why: "paths"})
	}
	for _, pattern := range p.Verify {
		u.Inputs = append(u.Inputs, workspace.Input{Pattern: pattern, Scope: workspace.Verify, Why: "verify"})
	}
	for _, name := range p.DependsOn {
		u.Needs = append(u.Needs, workspace.Need{Unit: ID(name), Scope: workspace.Ship, Via: "depends_on"})
	}
	return u
}

// Folders are the folders and files that a unit ships, without patterns: for
// "apps/web/**" it is "apps/web". "" is the root.
func Folders(u workspace.Unit) []string {
	var out []string
	for _, in := range u.Inputs {
		if in.Scope != workspace.Ship || in.None {
			continue
		}
		dir := in.Pattern
		if i := strings.IndexAny(dir, "*?[{"); i >= 0 {
			dir = dir[:max(strings.LastIndexByte(dir[:i], '/'), 0)]
		}
		if !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}

// tree is the files, and the Dockerfiles among them.
type tree struct {
	workspace.Tree
	files       []string
	dockerfiles []string
	kept        map[string][]workspace.Input // by context, ignore file and source
	steps       int                          // left for matching
	targets     map[string]string            // file#service to its Dockerfile
}

// isDockerfile goes by the name, as editors do.
func isDockerfile(file string) bool {
	low := strings.ToLower(path.Base(file))
	if strings.HasSuffix(low, ".dockerignore") || strings.Contains("/"+file, "/node_modules/") || strings.Contains("/"+file, "/testdata/") || strings.Contains("/"+file, "/vendor/") {
		return false
	}
	switch path.Ext(low) {
	case ".md", ".go", ".js", ".ts", ".py", ".rb", ".j2", ".tmpl", ".tpl", ".erb", ".json", ".yml", ".yaml":
		return false
	}
	return low == "dockerfile" || low == "containerfile" || strings.HasPrefix(low, "dockerfile.") || strings.HasPrefix(low, "containerfile.") || strings.HasSuffix(low, ".dockerfile") || strings.HasPrefix(low, "dockerfile-")
}

// ships is false for images that only developers and checks use.
func ships(file string) bool {
	low := "/" + strings.ToLower(file)
	if strings.Contains(low, "/.devcontainer/") || strings.Contains(low, "/e2e/") || strings.Contains(low, "/test/") || strings.Contains(low, "/tests/") || strings.Contains(low, "/examples/") {
		return false
	}
	for part := range strings.FieldsFuncSeq(path.Base(low), func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		if slices.Contains([]string{"dev", "test", "tests", "ci", "local", "development", "e2e", "debug"}, part) {
			return false
		}
	}
	return true
}

// parent is the folder of a path; "" is the root.
func parent(file string) string {
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		return file[:i]
	}
	return ""
}

// below are the files in a folder and those under it.
func (x *tree) below(dir string) []string {
	if dir == "" {
		return x.files
	}
	i, _ := slices.BinarySearch(x.files, dir+"/")
	// "0" is what sorts after "/".
	j, _ := slices.BinarySearch(x.files, dir+"0")
	return x.files[i:j]
}

func (x *tree) folder(dir string) bool { return len(x.below(dir)) > 0 }

// within resolves a path against a folder; ok is false outside of the tree.
func within(dir, name string) (file string, ok bool) {
	var parts []string
	if dir != "" {
		parts = strings.Split(dir, "/")
	}
	for part := range strings.SplitSeq(strings.TrimSpace(name), "/") {
		switch part {
		case "", ".":
		case "..":
			if len(parts) == 0 {
				return "", false
			}
			parts = parts[:len(parts)-1]
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/"), true
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
