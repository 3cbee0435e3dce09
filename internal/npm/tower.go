package npm

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// towers returns for every package a hash of it and all that is below it: equal
// exactly when both are. Packages that need each other in a circle share one.
// It is Tarjan's algorithm, without recursion: a lockfile may be deep.
func (l *lock) towers() []string {
	t := &tarjan{l: l, index: make([]int, len(l.pkgs)), low: make([]int, len(l.pkgs)), on: make([]bool, len(l.pkgs)), out: make([]string, len(l.pkgs))}
	for i := range l.pkgs {
		if t.index[i] == 0 {
			t.from(i)
		}
	}
	return t.out
}

// tarjan is the state of the algorithm; index counts from 1, 0 is not visited.
type tarjan struct {
	l          *lock
	index, low []int
	on         []bool
	stack      []int
	next       int
	out        []string
	calls      []call
	buf        []byte
	parts      []string
}

// call is a visit of a package that goes on at an edge.
type call struct{ pkg, edge int }

func (t *tarjan) enter(i int) {
	t.next++
	t.index[i], t.low[i], t.on[i] = t.next, t.next, true
	t.stack = append(t.stack, i)
	t.calls = append(t.calls, call{pkg: i})
}

func (t *tarjan) from(start int) {
	t.enter(start)
	for len(t.calls) > 0 {
		c := &t.calls[len(t.calls)-1]
		edges := t.l.pkgs[c.pkg].edges
		if c.edge < len(edges) {
			to := edges[c.edge].to.pkg
			c.edge++
			switch {
			case to < 0:
			case t.index[to] == 0:
				t.enter(to)
			case t.on[to]:
				t.low[c.pkg] = min(t.low[c.pkg], t.index[to])
			}
			continue
		}
		i := c.pkg
		t.calls = t.calls[:len(t.calls)-1]
		if len(t.calls) > 0 {
			up := t.calls[len(t.calls)-1].pkg
			t.low[up] = min(t.low[up], t.low[i])
		}
		if t.low[i] == t.index[i] {
			t.close(i)
		}
	}
}

// close hashes the circle that ends in i: its members, and what is below them.
func (t *tarjan) close(i int) {
	at := len(t.stack) - 1
	for t.stack[at] != i {
		at--
	}
	circle := t.stack[at:]
	t.parts = t.parts[:0]
	for _, m := range circle {
		t.parts = append(t.parts, t.l.pkgs[m].print)
		for _, e := range t.l.pkgs[m].edges {
			if e.to.pkg >= 0 && t.out[e.to.pkg] != "" {
				t.parts = append(t.parts, t.out[e.to.pkg])
			}
		}
	}
	slices.Sort(t.parts)
	t.buf = t.buf[:0]
	last := ""
	for _, p := range t.parts {
		if p != last {
			t.buf = append(t.buf, p...)
			last = p
		}
	}
	sum := sha256.Sum256(t.buf)
	print := hex.EncodeToString(sum[:12])
	for _, m := range circle {
		t.on[m] = false
		t.out[m] = print
	}
	t.stack = t.stack[:at]
}
