// Package affected says which products a change ships, and which it only
// touches for verification, each with the chain of reasons that leads there.
//
// It compares the workspaces of two commits: a file belongs to the deepest unit
// around it, a lockfile means what it resolves to for each unit, and what is
// affected goes on to whatever is made with it. Both graphs count, so that what
// was deleted or renamed is not missed. What could not be read makes everything
// that it may concern affected, and says so. It reads nothing itself.
package affected

import (
	"github.com/postflight/postflight/internal/workspace"
)

// Change is one file that differs between the two trees.
type Change struct {
	Path    string
	Removed bool // it is in the base only; else in the head, or in both
	Added   bool // it is in the head only
}

// Input is all that is compared.
type Input struct {
	Changes []Change
	// Base and Head are the spaces of each ecosystem at either commit.
	Base, Head []workspace.Space
	// Products are what is shipped; none means every unit that its ecosystem calls
	// a product, or every unit when it calls none so.
	Products []Product
	// All is a reason why nothing can be told apart (the base is not known): then
	// every product is affected.
	All string
}

// Product is something that is released by itself.
type Product struct {
	Name string
	// Units are ids of the units it is made of.
	Units []string
	// Paths are patterns of further files that it is made of.
	Paths []string
	// Verify are patterns of files that only check it.
	Verify []string
	// DependsOn names other products whose release is a release of this one too.
	DependsOn []string
}

// Step is one link of a chain of reasons.
type Step struct {
	// Kind: file, lockfile, unit, product, or reason.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Why says how this link leads to the next: "imports", "dependencies".
	Why string `json:"why,omitempty"`
}

// Hit is one affected thing.
type Hit struct {
	Name  string          `json:"name"`
	ID    string          `json:"id,omitempty"` // of a unit
	Dir   string          `json:"dir,omitempty"`
	Scope workspace.Scope `json:"scope"` // ship, or verify only
	// Chain leads from the change to it, the shortest there is.
	Chain []Step `json:"chain"`
}

// Result is the answer.
type Result struct {
	// All is why everything is affected; "" when things could be told apart.
	All      string `json:"all,omitempty"`
	Products []Hit  `json:"products"`
	Units    []Hit  `json:"units"`
	// Unowned are changed files that belong to nothing that is built.
	Unowned []string `json:"unowned,omitempty"`
	// Problems are what could not be read, in words.
	Problems []string `json:"problems,omitempty"`
	// Total counts the products there are.
	Total int `json:"total"`
}
