package affected

import (
	"cmp"
	"slices"

	"github.com/postflight/postflight/internal/workspace"
)

// answer turns what was marked into products and units.
func (g *graph) answer(in Input) {
	for _, id := range g.ids {
		n := g.units[id]
		if h, ok := n.asHit(); ok {
			g.out.Units = append(g.out.Units, h)
		}
	}
	products := in.Products
	if len(products) == 0 {
		products = g.natural()
	}
	g.out.Total = len(products)
	hits := map[string]Hit{}
	for _, p := range products {
		if h, ok := g.product(p, in.Changes); ok {
			hits[p.Name] = h
		}
	}
	if in.All != "" {
		for _, p := range products {
			if hits[p.Name].Scope != workspace.Ship {
				hits[p.Name] = Hit{Name: p.Name, Scope: workspace.Ship, Chain: []Step{{Kind: "reason", Name: in.All}, {Kind: "product", Name: p.Name}}}
			}
		}
	}
	follow(products, hits)
	for _, p := range products {
		if h, ok := hits[p.Name]; ok {
			g.out.Products = append(g.out.Products, h)
		}
	}
	slices.SortStableFunc(g.out.Products, func(a, b Hit) int {
		return cmp.Or(-cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
	})
}

func rank(h Hit) int {
	if h.Scope == workspace.Ship {
		return 1
	}
	return 0
}

// asHit is the unit as an answer.
func (n *node) asHit() (Hit, bool) {
	scope := workspace.Ship
	switch {
	case n.ship != nil:
	case n.touch != nil:
		scope = workspace.Verify
	default:
		return Hit{}, false
	}
	u := n.now()
	return Hit{Name: n.name(), ID: n.id, Dir: u.Dir, Scope: scope, Chain: n.chain(scope)}, true
}

// natural are the products that the ecosystems know themselves. A unit that was
// removed ships nothing more.
func (g *graph) natural() []Product {
	var some, every []Product
	for _, id := range g.ids {
		n := g.units[id]
		if n.head == nil {
			continue
		}
		p := Product{Name: n.name(), Units: []string{id}}
		every = append(every, p)
		if n.head.Product {
			some = append(some, p)
		}
	}
	if len(some) > 0 {
		return some
	}
	return every
}

// product finds the best reason for one product: shipping before verifying, the
// shortest chain before longer ones.
func (g *graph) product(p Product, changes []Change) (Hit, bool) {
	var best *Hit
	offer := func(scope workspace.Scope, chain []Step) {
		h := Hit{Name: p.Name, Scope: scope, Chain: chain}
		if best == nil || rank(h) > rank(*best) || rank(h) == rank(*best) && len(chain) < len(best.Chain) {
			best = &h
		}
	}
	end := Step{Kind: "product", Name: p.Name}
	for _, id := range p.Units {
		if n := g.units[id]; n != nil {
			if h, ok := n.asHit(); ok {
				chain := h.Chain
				if last := &chain[len(chain)-1]; last.Name != p.Name {
					chain = append(chain, end)
				} else {
					last.Kind = "product"
				}
				offer(h.Scope, chain)
			}
		}
	}
	for _, c := range changes {
		step := Step{Kind: "file", Name: c.Path, Why: how(c)}
		switch {
		case anyMatch(p.Verify, c.Path):
			offer(workspace.Verify, []Step{step, end})
		case anyMatch(p.Paths, c.Path):
			offer(workspace.Ship, []Step{step, end})
		}
	}
	if best == nil {
		return Hit{}, false
	}
	return *best, true
}

// follow ships products that are released with others.
func follow(products []Product, hits map[string]Hit) {
	for again := true; again; {
		again = false
		for _, p := range products {
			if hits[p.Name].Scope == workspace.Ship {
				continue
			}
			for _, name := range p.DependsOn {
				on, ok := hits[name]
				if !ok || on.Scope != workspace.Ship {
					continue
				}
				chain := slices.Clone(on.Chain)
				chain[len(chain)-1].Why = "depends_on"
				hits[p.Name] = Hit{Name: p.Name, Scope: workspace.Ship, Chain: append(chain, Step{Kind: "product", Name: p.Name})}
				again = true
				break
			}
		}
	}
}
