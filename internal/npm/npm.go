// Package npm reads the workspaces of npm, Yarn, pnpm and Bun: packages, what
// each needs of the others, and the closure of what is installed for each, from
// manifests and lockfiles alone. It installs, builds, runs and fetches nothing,
// and looks at nothing but the tree it is given. affected calls it.
//
// A dependency on another package of the workspace ships, development
// dependencies too, for bundlers take them in. Only a development dependency
// that by its name checks (eslint, prettier, jest, playwright, …) verifies. The
// same holds outside: what only such tools bring in is in External under names
// that begin with [workspace.VerifyPrefix], as are other differences that no build reads.
// TypeScript and Tailwind settings change what is built, and ship. Tests,
// stories, lint rules and the documents of a package verify. Where turbo.json,
// nx.json or project.json declare what a build reads, that is followed.
package npm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/postflight/postflight/internal/workspace"
)

// maxUnits bounds the packages of a tree.
const maxUnits = 20_000

// Read reads the units of a tree. The error is the context's; all that cannot be
// read is a problem of the space.
func Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	return NewReader().Read(ctx, t)
}

// Reader remembers the lockfiles and sources it read, for two commits share most
// of them. It is safe for concurrent use.
type Reader struct {
	mu      sync.Mutex
	locks   map[string]*remembered // by path and hash of all that it is made of
	imports map[string][]string    // by hash of a source
}

// remembered is a lockfile that is read once.
type remembered struct {
	once sync.Once
	lock *lock
	err  error
}

// NewReader returns a reader that has read nothing.
func NewReader() *Reader {
	return &Reader{locks: map[string]*remembered{}, imports: map[string][]string{}}
}

// maxRemembered bounds the lockfiles that are kept.
const maxRemembered = 256

// lockOnce returns what read makes of a lockfile, which is called once.
func (r *Reader) lockOnce(key string, read func() (*lock, error)) (*lock, error) {
	r.mu.Lock()
	m := r.locks[key]
	if m == nil {
		if len(r.locks) > maxRemembered {
			clear(r.locks)
		}
		m = &remembered{}
		r.locks[key] = m
	}
	r.mu.Unlock()
	m.once.Do(func() { m.lock, m.err = read() })
	return m.lock, m.err
}

// Read reads the units of a tree.
func (r *Reader) Read(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
	s := &session{ctx: ctx, tree: t, reader: r, units: map[string]*unit{}, claimed: map[string]bool{}}
	s.space.Ecosystem = "node"
	s.look()
	for _, step := range []func(){s.findHomes, s.readLocks, s.readTasks, s.connect, s.describe} {
		if err := ctx.Err(); err != nil {
			return workspace.Space{}, fmt.Errorf("read the workspaces of Node: %w", err)
		}
		step()
	}
	return s.finish(), ctx.Err()
}

// session is the reading of one tree.
type session struct {
	ctx     context.Context
	tree    workspace.Tree
	reader  *Reader
	byDir   map[string][]string // files that mean something to us, by folder
	dirs    []string            // folders with a manifest, shallow first
	homes   []*home
	units   map[string]*unit // by folder
	claimed map[string]bool
	space   workspace.Space
}

// home is the root of a workspace: what is installed together.
type home struct {
	dir      string
	manifest *manifest
	members  []string // folders of units, its own first
	names    map[string]string
	lock     *lock
	settings map[string]string // what changes every install
	built    map[string]string // packages whose install scripts run, or may not
	catalogs map[string]string // "catalog name" to range
	patches  []patch
	turbo    *turboFile
	nx       *nxFile
}

// unit is a workspace package being read.
type unit struct {
	workspace.Unit
	home     *home
	manifest *manifest
	lock     *lock
	project  *nxProject
	needed   map[string]int // place in Needs by id
	named    map[string]bool
	imports  map[string]bool // packages that its sources name, where they were read
	inputs   map[string]int
}

func id(dir string) string { return "node:" + dir }

// problem notes what could not be read, for some units or for all.
func (s *session) problem(path, reason string, dirs ...string) {
	p := workspace.Problem{Path: path, Reason: reason}
	for _, d := range dirs {
		p.Units = append(p.Units, id(d))
	}
	slices.Sort(p.Units)
	s.space.Problems = append(s.space.Problems, p)
}

// homeProblem is one of every unit of a home; of the space when it has no other.
func (s *session) homeProblem(h *home, path, reason string) {
	if len(s.homes) <= 1 {
		s.problem(path, reason)
		return
	}
	s.problem(path, reason, h.members...)
}

// read returns a file that is claimed by being read, nil when there is none.
func (s *session) read(path string) ([]byte, error) {
	if s.tree.Hash(path) == "" {
		return nil, nil
	}
	s.claimed[path] = true
	data, err := s.tree.Read(path)
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}

// need notes that a unit is made with another; ship is not taken back.
func (u *unit) need(dir string, scope workspace.Scope, via string) {
	if dir == u.Dir {
		return
	}
	key := id(dir)
	if i, ok := u.needed[key]; ok {
		if scope == workspace.Ship && u.Needs[i].Scope != workspace.Ship {
			u.Needs[i] = workspace.Need{Unit: key, Scope: scope, Via: via}
		}
		return
	}
	u.needed[key] = len(u.Needs)
	u.Needs = append(u.Needs, workspace.Need{Unit: key, Scope: scope, Via: via})
}

// input notes files outside of the unit's folder.
func (u *unit) input(pattern string, scope workspace.Scope, why string) {
	if i, ok := u.inputs[pattern]; ok {
		if scope == workspace.Ship {
			u.Inputs[i].Scope = scope
		}
		return
	}
	u.inputs[pattern] = len(u.Inputs)
	u.Inputs = append(u.Inputs, workspace.Input{Pattern: pattern, Scope: scope, Why: why})
}

// finish puts the space in order.
func (s *session) finish() workspace.Space {
	for _, u := range s.units {
		slices.SortFunc(u.Needs, func(a, b workspace.Need) int { return strings.Compare(a.Unit, b.Unit) })
		s.space.Units = append(s.space.Units, u.Unit)
	}
	slices.SortFunc(s.space.Units, func(a, b workspace.Unit) int { return strings.Compare(a.ID, b.ID) })
	for path := range s.claimed {
		s.space.Claimed = append(s.space.Claimed, path)
	}
	slices.Sort(s.space.Claimed)
	return s.space
}
