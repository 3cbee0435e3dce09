package affected

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/postflight/postflight/internal/workspace"
)

// graph is the units of both commits, and what was found about them.
type graph struct {
	units map[string]*node
	ids   []string // sorted
	out   Result
}

// node is one unit in either commit.
type node struct {
	id          string
	base, head  *workspace.Unit
	users       []edge // who is made with it, in either commit
	ship, touch *hit
}

type edge struct {
	to    *node
	scope workspace.Scope
	via   string
}

// hit is why a unit is affected: the links before it, and the unit it came from.
type hit struct {
	steps []Step
	from  *node
	via   string
	of    workspace.Scope // which of from's hits led here
}

// now is the unit as it is, or as it was before it was removed.
func (n *node) now() *workspace.Unit {
	if n.head != nil {
		return n.head
	}
	return n.base
}

// name is what people call the unit; a manifest that cannot be read now gave it a
// name before.
func (n *node) name() string {
	for _, u := range []*workspace.Unit{n.head, n.base} {
		if u != nil && u.Name != "" {
			return u.Name
		}
	}
	return n.id
}

// Compute tells what a change affects.
func Compute(in Input) Result {
	g := build(in)
	g.problems(in)
	if in.All != "" {
		g.all(Step{Kind: "reason", Name: in.All}, "")
		g.out.All = in.All
	}
	for _, c := range in.Changes {
		g.file(in, c)
	}
	for _, id := range g.ids {
		g.compare(g.units[id], len(in.Changes) > 0)
	}
	g.spread()
	g.answer(in)
	return g.out
}

// build makes one graph of both commits.
func build(in Input) *graph {
	g := &graph{units: map[string]*node{}}
	at := func(id string) *node {
		n := g.units[id]
		if n == nil {
			n = &node{id: id}
			g.units[id] = n
		}
		return n
	}
	each := func(spaces []workspace.Space, keep func(n *node, u *workspace.Unit)) {
		for i := range spaces {
			for k := range spaces[i].Units {
				keep(at(spaces[i].Units[k].ID), &spaces[i].Units[k])
			}
		}
	}
	each(in.Base, func(n *node, u *workspace.Unit) { n.base = u })
	each(in.Head, func(n *node, u *workspace.Unit) { n.head = u })
	g.ids = slices.Sorted(maps.Keys(g.units))
	for _, id := range g.ids {
		n := g.units[id]
		for _, u := range []*workspace.Unit{n.base, n.head} {
			if u == nil {
				continue
			}
			for _, need := range u.Needs {
				if to := g.units[need.Unit]; to != nil && to != n {
					to.users = append(to.users, edge{n, need.Scope, need.Via})
				}
			}
		}
	}
	return g
}

// mark notes that a unit is affected; the first reason stays, and shipping
// weighs more than verifying.
func (g *graph) mark(n *node, scope workspace.Scope, h hit) {
	switch {
	case scope == workspace.Verify && n.touch == nil:
		n.touch = &h
	case scope != workspace.Verify && n.ship == nil:
		n.ship = &h
	}
}

// all marks every unit of an ecosystem ("" for all of them).
func (g *graph) all(because Step, ecosystem string) {
	for _, id := range g.ids {
		if ecosystem == "" || strings.HasPrefix(id, ecosystem+":") {
			g.mark(g.units[id], workspace.Ship, hit{steps: []Step{because}})
		}
	}
}

// problems makes affected what could not be read. Where nothing changed there is
// nothing to be missed.
func (g *graph) problems(in Input) {
	seen := map[string]bool{}
	for _, s := range slices.Concat(in.Head, in.Base) {
		for _, p := range s.Problems {
			text := p.Reason
			if p.Path != "" {
				text = p.Path + ": " + p.Reason
			}
			if !seen[text] {
				seen[text] = true
				g.out.Problems = append(g.out.Problems, text)
			}
			if len(in.Changes) == 0 {
				continue
			}
			because := Step{Kind: "reason", Name: text, Why: "cannot be read"}
			if len(p.Units) == 0 {
				g.all(because, s.Ecosystem)
			}
			for _, id := range p.Units {
				if n := g.units[id]; n != nil {
					g.mark(n, workspace.Ship, hit{steps: []Step{because}})
				}
			}
		}
	}
}

// file finds what one changed file belongs to.
func (g *graph) file(in Input, c Change) {
	owned := false
	look := func(spaces []workspace.Space) {
		for i := range spaces {
			owned = g.inSpace(&spaces[i], c) || owned
		}
	}
	if !c.Added {
		look(in.Base)
	}
	if !c.Removed {
		look(in.Head)
	}
	for _, p := range in.Products {
		owned = owned || anyMatch(p.Paths, c.Path) || anyMatch(p.Verify, c.Path)
	}
	if !owned {
		g.out.Unowned = append(g.out.Unowned, c.Path)
	}
}

// inSpace looks a file up in one ecosystem of one commit.
func (g *graph) inSpace(s *workspace.Space, c Change) bool {
	step := Step{Kind: "file", Name: c.Path, Why: how(c)}
	owned := false
	for _, input := range s.Global {
		if match(input.Pattern, c.Path) {
			owned = true
			if !input.None {
				step := step
				step.Why = input.Why
				for k := range s.Units {
					g.mark(g.units[s.Units[k].ID], input.Scope, hit{steps: []Step{step}})
				}
			}
		}
	}
	for k := range s.Units {
		u := &s.Units[k]
		for i := range u.Inputs {
			if input := &u.Inputs[i]; match(input.Pattern, c.Path) {
				owned = true
				if !input.None {
					step := step
					step.Why = input.Why
					g.mark(g.units[u.ID], input.Scope, hit{steps: []Step{step}})
				}
			}
		}
	}
	if slices.Contains(s.Claimed, c.Path) {
		return true
	}
	for _, u := range owners(s, c.Path) {
		owned = true
		if scope, ok := ownScope(u, c.Path); ok {
			g.mark(g.units[u.ID], scope, hit{steps: []Step{step}})
		}
	}
	return owned
}

func how(c Change) string {
	switch {
	case c.Added:
		return "added"
	case c.Removed:
		return "removed"
	}
	return "changed"
}

// owners are the units with the deepest folder around a path: several may share
// one folder.
func owners(s *workspace.Space, path string) []*workspace.Unit {
	var best []*workspace.Unit
	depth := -1
	for k := range s.Units {
		u := &s.Units[k]
		if u.Dir != "" && !strings.HasPrefix(path, u.Dir+"/") {
			continue
		}
		switch d := len(u.Dir); {
		case d > depth:
			depth, best = d, append(best[:0], u)
		case d == depth:
			best = append(best, u)
		}
	}
	return best
}

// ownScope is what a file in a unit's folder is for; ok is false for one that is
// no input.
func ownScope(u *workspace.Unit, path string) (workspace.Scope, bool) {
	rel := path
	if u.Dir != "" {
		rel = strings.TrimPrefix(path, u.Dir+"/")
	}
	for i := len(u.Own) - 1; i >= 0; i-- {
		if match(u.Own[i].Pattern, rel) {
			return u.Own[i].Scope, !u.Own[i].None
		}
	}
	return workspace.Ship, true
}

// compare looks for what changed about a unit besides its files.
func (g *graph) compare(n *node, changed bool) {
	if !changed {
		return
	}
	switch {
	case n.base == nil:
		g.mark(n, workspace.Ship, hit{steps: []Step{{Kind: "unit", Name: n.head.Manifest, Why: "new"}}})
		return
	case n.head == nil:
		g.mark(n, workspace.Ship, hit{steps: []Step{{Kind: "unit", Name: n.base.Manifest, Why: "removed"}}})
		return
	}
	ship, verify := closure(n.base.External, n.head.External)
	if ship != "" {
		g.mark(n, workspace.Ship, hit{steps: []Step{{Kind: "lockfile", Name: ship, Why: "resolved otherwise"}}})
	}
	if verify != "" {
		g.mark(n, workspace.Verify, hit{steps: []Step{{Kind: "lockfile", Name: verify, Why: "resolved otherwise"}}})
	}
	was, is := needs(n.base), needs(n.head)
	for _, id := range slices.Sorted(maps.Keys(is)) {
		if was[id] != is[id] {
			g.mark(n, is[id], hit{steps: []Step{{Kind: "unit", Name: g.name(id), Why: "newly needed"}}})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		if _, ok := is[id]; !ok {
			g.mark(n, was[id], hit{steps: []Step{{Kind: "unit", Name: g.name(id), Why: "no longer needed"}}})
		}
	}
}

// name is what people call a unit.
func (g *graph) name(id string) string {
	if n := g.units[id]; n != nil {
		return n.name()
	}
	return id
}

func needs(u *workspace.Unit) map[string]workspace.Scope {
	out := map[string]workspace.Scope{}
	for _, n := range u.Needs {
		if was, ok := out[n.Unit]; !ok || was == workspace.Verify {
			out[n.Unit] = n.Scope
		}
	}
	return out
}

// closure says in a few words how two closures differ, in what ships and in what
// verifies; "" where they do not.
func closure(was, is map[string]string) (ship, verify string) {
	var ships, verifies []string
	note := func(sign, key string) {
		if bare, ok := strings.CutPrefix(key, workspace.VerifyPrefix); ok {
			verifies = append(verifies, sign+bare)
		} else {
			ships = append(ships, sign+key)
		}
	}
	for k, now := range is {
		switch before, ok := was[k]; {
		case !ok && strings.HasPrefix(k, workspace.BehindPrefix):
		case !ok:
			note("+", k)
		case before != now:
			note("", k)
		}
	}
	for k := range was {
		if _, ok := is[k]; !ok && !strings.HasPrefix(k, workspace.BehindPrefix) {
			note("-", k)
		}
	}
	return few(ships), few(verifies)
}

// few names three of many, what is removed last.
func few(list []string) string {
	slices.SortFunc(list, func(a, b string) int {
		if was, is := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-"); was != is {
			return map[bool]int{true: 1, false: -1}[was]
		}
		return cmp.Compare(strings.TrimPrefix(a, "+"), strings.TrimPrefix(b, "+"))
	})
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

// spread carries on what was found, nearest first: shipping to whatever is made
// with what is shipped, and verifying to whatever is checked or made with what is
// verified. A test of a library ships none of its users; their checks may still
// see it, as the task runners have it too.
func (g *graph) spread() {
	var queue []*node
	for _, id := range g.ids {
		if g.units[id].ship != nil {
			queue = append(queue, g.units[id])
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range n.users {
			if e.scope != workspace.Verify && e.to.ship == nil {
				e.to.ship = &hit{from: n, via: e.via, of: workspace.Ship}
				queue = append(queue, e.to)
			}
		}
	}
	for _, id := range g.ids {
		n := g.units[id]
		if n.ship != nil {
			for _, e := range n.users {
				if e.to.touch == nil {
					e.to.touch = &hit{from: n, via: e.via, of: workspace.Ship}
				}
			}
		}
	}
	for _, id := range g.ids {
		if n := g.units[id]; n.touch != nil {
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range n.users {
			if e.to.touch == nil {
				e.to.touch = &hit{from: n, via: e.via, of: workspace.Verify}
				queue = append(queue, e.to)
			}
		}
	}
}

// chain is how a unit came to be affected, itself the last link.
func (n *node) chain(scope workspace.Scope) []Step {
	h := n.ship
	if scope == workspace.Verify {
		h = n.touch
	}
	self := Step{Kind: "unit", Name: n.name()}
	if h.from == nil {
		return append(slices.Clone(h.steps), self)
	}
	before := h.from.chain(h.of)
	before[len(before)-1].Why = h.via
	return append(before, self)
}

func match(pattern, path string) bool {
	ok, err := doublestar.Match(pattern, path)
	return err == nil && ok
}

func anyMatch(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, path) })
}
