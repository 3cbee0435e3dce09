// Package scope keeps what CI says a change ships: these products, because of
// these files; what it leaves alone; and what each build produced.
//
// A report is told per commit, before anything is deployed. Held against the
// releases of that commit it says what a release was expected to ship, which
// other products go along although nobody announced them, and, by the hashes
// of what was built, where we said "unaffected" and the bytes changed. What a
// report does not name is not known: never taken for left alone. The watch
// looks at what goes along, page tells QA, the desk of the app takes the
// reports.
package scope

import (
	"slices"
	"time"

	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/workspace"
)

// Step is one link of a chain of reasons.
type Step struct {
	Kind string `json:"kind"` // file, lockfile, unit, product or reason
	Name string `json:"name"`
	Why  string `json:"why,omitempty"` // how it leads to the next: "imports"
}

// Hit is one product that a change touches.
type Hit struct {
	Name  string          `json:"name"` // as the server calls the product
	Scope workspace.Scope `json:"scope"`
	Chain []Step          `json:"chain"` // from the change to the product
}

// Report is what CI says of one change. Stored as JSON; fields may be added.
type Report struct {
	Commit  string `json:"commit"`
	Version string `json:"version,omitempty"` // that will be released
	Base    string `json:"base,omitempty"`    // commit that it is compared with
	Branch  string `json:"branch,omitempty"`
	Title   string `json:"title,omitempty"`   // of the change
	Address string `json:"address,omitempty"` // page of the change or of its run
	// All is why nothing could be told apart: then every product ships.
	All      string `json:"all,omitempty"`
	Products []Hit  `json:"products"`
	// Unaffected are the products that the change leaves alone, by name.
	Unaffected []string `json:"unaffected,omitempty"`
	Unowned    []string `json:"unowned,omitempty"`  // changed files that belong to nothing that is built
	Problems   []string `json:"problems,omitempty"` // what could not be read
	// Routes are the changed routes that no journey visits; RoutesKnown is false
	// when nobody worked them out.
	Routes      []string  `json:"routes,omitempty"`
	RoutesKnown bool      `json:"routes_known,omitempty"`
	By          string    `json:"by,omitempty"`
	At          time.Time `json:"at"` // when the server was told
}

// Claim is what a report says of one product.
type Claim string

// The claims. Unknown is no claim: the report does not name the product.
const (
	Ships      Claim = "ships"
	Verifies   Claim = "verifies" // only what checks it changed
	Unaffected Claim = "unaffected"
	Unknown    Claim = "unknown"
)

// Of returns what the report says of a product, with the chain of reasons.
func (r Report) Of(p product.ID) (Claim, []Step) {
	at := slices.IndexFunc(r.Products, func(h Hit) bool { return h.Name == string(p) })
	switch {
	case at >= 0 && r.Products[at].Scope == workspace.Ship:
		return Ships, r.Products[at].Chain
	case r.All != "":
		return Ships, []Step{{Kind: "reason", Name: r.All}, {Kind: "product", Name: string(p)}}
	case at >= 0:
		return Verifies, r.Products[at].Chain
	case slices.Contains(r.Unaffected, string(p)):
		return Unaffected, nil
	}
	return Unknown, nil
}

// Shipped returns the products that ship; with All, those that were named.
func (r Report) Shipped() []Hit { return r.scoped(workspace.Ship) }

// Verified returns the products of which only what checks them changed.
func (r Report) Verified() []Hit { return r.scoped(workspace.Verify) }

func (r Report) scoped(s workspace.Scope) []Hit {
	var out []Hit
	for _, h := range r.Products {
		if h.Scope == s {
			out = append(out, h)
		}
	}
	return out
}

// Binding holds one release against the report of its commit. Stored as JSON;
// fields may be added.
type Binding struct {
	Release release.ID `json:"release"`
	Product product.ID `json:"product"`
	Version string     `json:"version"`
	Commit  string     `json:"commit"` // of the report
	Claim   Claim      `json:"claim"`
	Text    string     `json:"text"`
	// Asked are the other products that were looked at because of this release.
	Asked []product.ID `json:"asked,omitempty"`
	At    time.Time    `json:"at"`
}

// Unexpected reports whether the product was said not to ship.
func (b Binding) Unexpected() bool { return b.Claim == Unaffected || b.Claim == Verifies }

// Shipment says that a release ships another product too, although nobody
// announced that one.
type Shipment struct {
	Product product.ID `json:"product"` // that goes along
	Release release.ID `json:"release"` // of the product that was announced
	From    product.ID `json:"from"`
	Version string     `json:"version"`
	Commit  string     `json:"commit"`
	Chain   string     `json:"chain"` // "file → package → product"
	Text    string     `json:"text"`
	At      time.Time  `json:"at"`
}

// The events of this room.
const (
	// EventReported says that CI told a new result; data is a Line.
	EventReported journal.Kind = "scope.reported"
	// EventBound says what a release was expected to ship; data is a Binding.
	EventBound journal.Kind = "scope.bound"
	// EventShipped asks for looks at a product that goes along; data is a Shipment.
	EventShipped journal.Kind = "scope.shipped"
	// EventContradicted says that bytes changed of what was said to be left
	// alone; data is a Finding.
	EventContradicted journal.Kind = "scope.contradicted"
)

// Line names the change that was told of.
type Line struct {
	Commit string `json:"commit"`
	Text   string `json:"text"`
}

// Change is a report with what the server knows of its products.
type Change struct {
	Report
	Ships    []Shipping // what ships, first; then what is only verified
	Findings []Finding
	// Channels are who is told of it.
	Channels []string
}

// Shipping is one product of a change. Of a change that ships everything, the
// configured products that CI did not name stand here too.
type Shipping struct {
	Hit
	Configured bool
	Title      string   // of the product, as configured
	Journeys   []string // titles of the journeys that cover it
	// Release is the product's newest release of this commit, if there is one.
	Release *release.Release
}
