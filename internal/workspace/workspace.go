// Package workspace is what a tree of files builds: its units (packages,
// modules, crates, projects), what each needs of the others, and what from
// outside each is made with.
//
// It holds the model only. A room for each ecosystem reads a Tree into a Space,
// from manifests and lockfiles alone: no installs, no builds, no network. affected
// compares the spaces of two commits. What cannot be read is a Problem, and a
// problem makes everything it touches affected: never silence.
package workspace

// Tree is the files of one commit, or of the working tree. Paths have slashes
// and no leading one. Implementations are safe for concurrent use.
type Tree interface {
	// Files are all paths, sorted; symbolic links count as files, submodules too.
	Files() []string
	// Read returns a file, at most 64 MiB of it; fs.ErrNotExist when there is none.
	Read(path string) ([]byte, error)
	// Hash identifies the content of a file; "" when there is none. Cheap.
	Hash(path string) string
}

// Scope says what an input is for.
type Scope string

// The scopes.
const (
	Ship   Scope = "ship"   // is part of what is built
	Verify Scope = "verify" // only checks it: tests, stories, lint rules, docs
)

// VerifyPrefix begins the names in External whose differences are of scope
// Verify: tools that only check, and fields that no build reads.
const VerifyPrefix = "verify:"

// BehindPrefix begins a key of External that stands for what may be behind the
// rest of the closure, by name: it counts when its value changes. That it comes
// or goes changes nothing by itself: what could bring it in has keys of its own.
const BehindPrefix = "behind "

// Unit is something that is built by itself.
type Unit struct {
	// ID is unique in a tree and the same at every commit: ecosystem and folder,
	// "node:apps/web"; the root's is "node:".
	ID   string
	Name string // as its ecosystem calls it: "@acme/web"
	Dir  string // "" is the root
	// Manifest is the file that declares it.
	Manifest string
	// Product: by the ecosystem's own signs it is shipped by itself (an app with
	// a start or deploy script, a main package, an executable), not only used.
	Product bool
	Needs   []Need
	// External is the resolved closure of packages from outside, edges included:
	// name and version to a fingerprint of what was resolved (integrity, patches,
	// the versions of its own dependencies). Two closures differ exactly when
	// something that is installed for the unit differs. Names that begin with
	// VerifyPrefix are of what only checks the unit.
	External map[string]string
	// Inputs are files outside of Dir that it is made of.
	Inputs []Input
	// Own decides for files in Dir (and no deeper unit's): the first match from
	// the end wins; a file that nothing matches is shipped.
	Own []Input
}

// Need is another unit that a unit is made with.
type Need struct {
	Unit  string // ID
	Scope Scope  // development dependencies that a build does not take in verify
	Via   string // where it is declared: "dependencies", "import", "ProjectReference"
}

// Input is files by pattern. Patterns are those of gitignore's matcher without
// negation: "**" any folders, "*" within one; relative to the root of the tree
// for Inputs, to Dir for Own.
type Input struct {
	Pattern string
	Scope   Scope
	// None: such files are no input at all (declared ignores).
	None bool
	Why  string // "tsconfig extends", "Dockerfile COPY", "turbo.json inputs"
}

// Space is the units of one ecosystem in one tree.
type Space struct {
	Ecosystem string // "node", "go", "dotnet", "cargo", "python", "jvm", "bazel", "plain"
	Units     []Unit
	// Global are files that concern every unit of the space.
	Global []Input
	// Claimed are files whose meaning is read by content and not by being
	// changed: lockfiles and manifests that External and Needs stand for.
	Claimed  []string
	Problems []Problem
}

// Problem is something that could not be read.
type Problem struct {
	Path   string
	Reason string
	// Units it touches; empty: all of the space.
	Units []string
}
