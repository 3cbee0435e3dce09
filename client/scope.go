package client

import (
	"context"
	"fmt"
	"time"
)

// ScopeReport is what CI says a change ships. What it names neither among its
// products nor as unaffected is not known.
type ScopeReport struct {
	Version     string         `json:"version,omitempty" maxLength:"200" doc:"That will be released."`
	Base        string         `json:"base,omitempty" maxLength:"200" doc:"The commit that it is compared with."`
	Branch      string         `json:"branch,omitempty" maxLength:"200"`
	Title       string         `json:"title,omitempty" maxLength:"1000" doc:"Of the change, for people."`
	Address     string         `json:"address,omitempty" maxLength:"2000" doc:"The page of the change, or of its run."`
	All         string         `json:"all,omitempty" maxLength:"1000" doc:"Why nothing could be told apart: then every product ships."`
	Products    []ScopeProduct `json:"products" maxItems:"2000" doc:"What the change touches."`
	Unaffected  []string       `json:"unaffected,omitempty" maxItems:"5000" doc:"The products that it leaves alone: a build of one of them must have the same bytes."`
	Unowned     []string       `json:"unowned,omitempty" maxItems:"500" doc:"Changed files that belong to nothing that is built."`
	Problems    []string       `json:"problems,omitempty" maxItems:"500" doc:"What could not be read."`
	Routes      []string       `json:"routes,omitempty" maxItems:"500" doc:"Changed routes that no journey visits."`
	RoutesKnown bool           `json:"routes_known,omitempty" doc:"The routes were worked out: none then means that all are visited."`
}

// ScopeProduct is one product that a change touches.
type ScopeProduct struct {
	Name  string      `json:"name" minLength:"1" maxLength:"200" doc:"Id of the product in the server's configuration."`
	Scope string      `json:"scope" enum:"ship,verify" doc:"Verify: only what checks it changed."`
	Chain []ScopeStep `json:"chain" maxItems:"24" doc:"From the change to the product."`
}

// ScopeStep is one link of a chain of reasons.
type ScopeStep struct {
	Kind string `json:"kind" maxLength:"40" doc:"file, lockfile, unit, product or reason."`
	Name string `json:"name" maxLength:"1000"`
	Why  string `json:"why,omitempty" maxLength:"1000" doc:"How it leads to the next: imports, dependencies."`
}

// Scope is what a change ships, with what the server knows of it.
type Scope struct {
	Commit      string            `json:"commit"`
	Version     string            `json:"version,omitempty"`
	Base        string            `json:"base,omitempty"`
	Branch      string            `json:"branch,omitempty"`
	Title       string            `json:"title,omitempty"`
	Address     string            `json:"address,omitempty"`
	At          time.Time         `json:"at"`
	New         bool              `json:"new,omitempty" doc:"Of a report: it says something that was not known."`
	Text        string            `json:"text" doc:"What the change ships, in a sentence."`
	All         string            `json:"all,omitempty"`
	Products    []ScopeShipped    `json:"products" doc:"What ships, first; then what is only verified. Of a change that ships everything, every configured product."`
	Unaffected  []string          `json:"unaffected,omitempty"`
	Unowned     []string          `json:"unowned,omitempty"`
	Problems    []string          `json:"problems,omitempty"`
	Routes      []string          `json:"routes,omitempty"`
	RoutesKnown bool              `json:"routes_known,omitempty"`
	Told        []string          `json:"told,omitempty" doc:"The channels that are told of it: those that the shipped products name as qa."`
	Findings    []ArtifactFinding `json:"findings,omitempty" doc:"Products that were said to be left alone, and whose bytes changed."`
}

// ScopeShipped is one product of a change, as the server knows it.
type ScopeShipped struct {
	ScopeProduct
	Configured bool     `json:"configured" doc:"False: nobody watches it, no product of the configuration has this name."`
	Journeys   []string `json:"journeys,omitempty" doc:"Titles of the journeys that cover it."`
	Release    string   `json:"release,omitempty" doc:"Its newest release of this commit."`
}

// Artifacts is what one build of a product produced.
type Artifacts struct {
	Commit  string         `json:"commit" minLength:"7" maxLength:"200"`
	Version string         `json:"version,omitempty" maxLength:"200"`
	Files   []ArtifactFile `json:"files" minItems:"1" maxItems:"20000"`
}

// ArtifactFile is one file of a build.
type ArtifactFile struct {
	Path   string `json:"path" minLength:"1" maxLength:"500" doc:"Within the build, with slashes."`
	SHA256 string `json:"sha256" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$"`
	Size   int64  `json:"size" minimum:"0"`
}

// ArtifactsTold is the answer to a build's files. Compared is the commit of the
// build that they were held against, absent when there is none or when the
// change was said to ship the product.
type ArtifactsTold struct {
	New      bool             `json:"new"`
	Compared string           `json:"compared,omitempty" doc:"Commit of the build that they were held against; absent: nothing was claimed, or there is no build to compare with."`
	Finding  *ArtifactFinding `json:"finding,omitempty"`
}

// ArtifactFinding is our own bug: a product was said to be left alone, and its
// bytes changed.
type ArtifactFinding struct {
	Product string               `json:"product"`
	Claim   string               `json:"claim" enum:"unaffected,verifies"`
	Against string               `json:"against" doc:"Commit of the build that it is compared with."`
	Exact   bool                 `json:"exact" doc:"That build is the base of the report: no other change lies between."`
	Text    string               `json:"text"`
	Files   []ArtifactDifference `json:"files" doc:"The first of them."`
	Total   int                  `json:"total"`
}

// ArtifactDifference is one file that differs; a hash is absent where the file
// is not there.
type ArtifactDifference struct {
	Path string `json:"path"`
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
}

// ReportScope tells what a commit ships, after cutting its texts to what a
// server takes; products are never left out. It is idempotent; another result
// for the same commit takes the place of the first, and QA is told of it.
func (c *Client) ReportScope(ctx context.Context, commit string, r ScopeReport) (Scope, error) {
	return post[Scope](ctx, c, r.Fit(), "changes", commit, "scope")
}

// Scope returns what was told of a commit; NotFound when nothing was.
func (c *Client) Scope(ctx context.Context, commit string) (Scope, error) {
	return get[Scope](ctx, c, nil, "changes", commit, "scope")
}

// ReportArtifacts tells what a build of a product produced, and returns what
// speaks against the change's report. It is idempotent.
func (c *Client) ReportArtifacts(ctx context.Context, product string, a Artifacts) (ArtifactsTold, error) {
	return post[ArtifactsTold](ctx, c, a, "products", product, "artifacts")
}

// Bounds of what a change may say; the API refuses more.
const (
	fitSteps = 24
	fitList  = 500
	fitLine  = 1000
	fitScope = 2 << 20 // of all texts together
)

// Fit returns the report with its texts cut to what a server takes: of a long
// chain the middle is left out, of a long list the end, and both say so. Every
// product stays.
func (r ScopeReport) Fit() ScopeReport {
	left := fitScope
	text := func(s string) string {
		s = clip(s, min(fitLine, max(left, 40)))
		left -= len(s)
		return s
	}
	list := func(all []string) []string {
		if len(all) <= fitList {
			return fit(all, fitList, text)
		}
		return append(fit(all, fitList-1, text), fmt.Sprintf("… and %d more", len(all)-fitList+1))
	}
	r.Version, r.Base, r.Branch = name(r.Version), name(r.Base), name(r.Branch)
	r.Title, r.All, r.Address = text(r.Title), text(r.All), clip(r.Address, fitText)
	products := make([]ScopeProduct, 0, len(r.Products))
	for _, p := range r.Products {
		chain := make([]ScopeStep, 0, min(len(p.Chain), fitSteps))
		for _, s := range shortened(p.Chain) {
			chain = append(chain, ScopeStep{Kind: clip(s.Kind, 40), Name: text(s.Name), Why: text(s.Why)})
		}
		p.Chain = chain
		products = append(products, p)
	}
	r.Products = products
	r.Unowned, r.Problems, r.Routes = list(r.Unowned), list(r.Problems), list(r.Routes)
	return r
}

// shortened leaves out the middle of a chain that is too long.
func shortened(chain []ScopeStep) []ScopeStep {
	if len(chain) <= fitSteps {
		return chain
	}
	out := append([]ScopeStep{}, chain[:fitSteps/2]...)
	out = append(out, ScopeStep{Kind: "reason", Name: fmt.Sprintf("… %d more steps …", len(chain)-fitSteps+1)})
	return append(out, chain[len(chain)-fitSteps/2+1:]...)
}
