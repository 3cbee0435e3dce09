package api

import (
	"context"
	"net/http"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/workspace"
)

// Scopes takes what CI says a change ships and what builds produced, and answers
// for it. Both reports may be repeated; fresh is false when nothing was written.
// A malformed report is a fault of kind Invalid, an unknown product or change
// NotFound.
type Scopes interface {
	ReportScope(ctx context.Context, r scope.Report) (c scope.Change, fresh bool, err error)
	Scope(ctx context.Context, commit string) (scope.Change, error)
	// ReportArtifacts returns the commit of the build that the files were held
	// against, "" when there is none, and what speaks against the report.
	ReportArtifacts(ctx context.Context, m scope.Manifest) (fresh bool, against string, found *scope.Finding, err error)
}

// Bounds of reports.
const (
	maxScope     = 8 << 20
	maxArtifacts = 16 << 20
)

// ChangePath names a change by its commit.
type ChangePath struct {
	Commit string `path:"commit" minLength:"7" maxLength:"200" doc:"The whole hash, or its beginning."`
}

type scopeInput struct {
	ChangePath
	Body client.ScopeReport
}

type artifactsInput struct {
	ProductPath
	Body client.Artifacts
}

// changes registers what is about changes before they are released.
func (s *server) changes() {
	add(s, operation{id: "report-scope", method: http.MethodPost, path: "/changes/{commit}/scope", summary: "Tell what a change ships; may be repeated", need: access.Responder, body: maxScope},
		func(ctx context.Context, in *scopeInput) (*answer[client.Scope], error) {
			r := readScope(in.Commit, in.Body)
			r.By = who(ctx).Name
			c, fresh, err := s.Scopes.ReportScope(ctx, r)
			out := wireScope(c)
			out.New = fresh
			return say(out, err)
		})
	add(s, operation{id: "get-scope", method: http.MethodGet, path: "/changes/{commit}/scope", summary: "What a change ships", need: access.Viewer},
		func(ctx context.Context, in *ChangePath) (*answer[client.Scope], error) {
			c, err := s.Scopes.Scope(ctx, in.Commit)
			return say(wireScope(c), err)
		})
	add(s, operation{id: "report-artifacts", method: http.MethodPost, path: "/products/{product}/artifacts", summary: "Tell what a build of a product produced; may be repeated", need: access.Responder, body: maxArtifacts},
		s.artifacts)
}

func (s *server) artifacts(ctx context.Context, in *artifactsInput) (*answer[client.ArtifactsTold], error) {
	m := scope.Manifest{Product: product.ID(in.Product), Commit: in.Body.Commit, Version: in.Body.Version, Files: map[string]scope.File{}}
	for _, f := range in.Body.Files {
		if _, twice := m.Files[f.Path]; twice {
			return nil, fault.Newf(fault.Invalid, "the file %q is named twice", f.Path)
		}
		m.Files[f.Path] = scope.File{Hash: f.SHA256, Size: f.Size}
	}
	fresh, against, found, err := s.Scopes.ReportArtifacts(ctx, m)
	return say(client.ArtifactsTold{New: fresh, Compared: against, Finding: some(found, wireFound)}, err)
}

func readScope(commit string, r client.ScopeReport) scope.Report {
	return scope.Report{
		Commit: commit, Version: r.Version, Base: r.Base, Branch: r.Branch, Title: r.Title, Address: r.Address, All: r.All,
		Products: each(r.Products, func(p client.ScopeProduct) scope.Hit {
			return scope.Hit{
				Name: p.Name, Scope: workspace.Scope(p.Scope),
				Chain: each(p.Chain, func(x client.ScopeStep) scope.Step { return scope.Step(x) }),
			}
		}),
		Unaffected: r.Unaffected, Unowned: r.Unowned, Problems: r.Problems, Routes: r.Routes, RoutesKnown: r.RoutesKnown,
	}
}

func wireScope(c scope.Change) client.Scope {
	return client.Scope{
		Commit: c.Commit, Version: c.Version, Base: c.Base, Branch: c.Branch, Title: c.Title, Address: c.Address, At: c.At,
		Text: c.Say(), All: c.All, Products: each(c.Ships, wireShipped), Unaffected: c.Unaffected, Unowned: c.Unowned,
		Problems: c.Problems, Routes: c.Routes, RoutesKnown: c.RoutesKnown, Told: c.Channels, Findings: each(c.Findings, wireFound),
	}
}

func wireShipped(s scope.Shipping) client.ScopeShipped {
	out := client.ScopeShipped{Configured: s.Configured, Journeys: s.Journeys}
	out.Name, out.Scope = s.Name, string(s.Scope)
	out.Chain = each(s.Chain, func(x scope.Step) client.ScopeStep { return client.ScopeStep(x) })
	if s.Release != nil {
		out.Release = string(s.Release.ID)
	}
	return out
}

func wireFound(f scope.Finding) client.ArtifactFinding {
	return client.ArtifactFinding{
		Product: string(f.Product), Claim: string(f.Claim), Against: f.Against, Exact: f.Exact, Text: f.Text, Total: f.Total,
		Files: each(f.Files, func(d scope.Difference) client.ArtifactDifference { return client.ArtifactDifference(d) }),
	}
}
