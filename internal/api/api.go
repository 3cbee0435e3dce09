// Package api is the HTTP API of Postflight, under /api/v1.
//
// It translates: a request with a bearer token becomes a question to a reader
// or a wish at the desk, and what comes back becomes the wire types of the
// client package. Every operation names the role it needs; bodies are bounded
// and strict; errors are RFC 9457 problems with a kind and a hint. The OpenAPI
// document is made from the same code and served at /api/openapi.json. It
// stores nothing, decides nothing and knows no cookies, so no browser can be
// tricked into using it. The app is its only caller.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
)

// ReleaseReader answers for products and releases, each question from one
// consistent read. A missing row is a fault of kind NotFound.
type ReleaseReader interface {
	// Products returns where every configured product stands, in their order.
	Products(ctx context.Context) ([]Standing, error)
	Product(ctx context.Context, id product.ID) (Standing, error)
	// Ledger returns a product's newest releases first.
	Ledger(ctx context.Context, id product.ID, limit int) ([]Outcome, error)
	Outcome(ctx context.Context, id release.ID) (Outcome, error)
	// Seen returns the newest observations of a release's watch, in time order.
	Seen(ctx context.Context, id release.ID, limit int) ([]signal.Signal, error)
}

// IncidentReader answers for incidents.
type IncidentReader interface {
	// Incidents returns the newest first; open leaves out the closed ones.
	Incidents(ctx context.Context, open bool, limit int) ([]incident.Incident, error)
	Incident(ctx context.Context, id incident.ID) (incident.Incident, []incident.Entry, error)
	// Postmortem reports false while nothing was drafted.
	Postmortem(ctx context.Context, id incident.ID) (postmortem.Postmortem, bool, error)
}

// DrillReader answers for drills. Drills returns the newest first.
type DrillReader interface {
	Drills(ctx context.Context, limit int) ([]drill.Drill, error)
	Drill(ctx context.Context, id drill.ID) (drill.Drill, error)
}

// Desk takes what people and pipelines ask for. Calls return once the wish is
// recorded; a refusal is a fault with a hint. Announce may be repeated.
type Desk interface {
	Announce(ctx context.Context, a release.Announcement) (r release.Release, fresh bool, err error)
	Command(ctx context.Context, id incident.ID, c incident.Command) error
	Rollback(ctx context.Context, id release.ID, by string) error
	Unpin(ctx context.Context, id product.ID, by string) error
	StartDrill(ctx context.Context, scenario, by string) (drill.ID, error)
}

// Doorkeeper turns the secret of an API token into a program. A secret that
// is unknown, revoked or of another sort is a fault of kind Denied.
type Doorkeeper interface {
	Token(ctx context.Context, secret string) (access.Who, error)
}

// Keys hands out and takes back grants. A secret is returned once.
type Keys interface {
	Grants(ctx context.Context) ([]access.Grant, error)
	CreateToken(ctx context.Context, name string, role access.Role, by string) (secret string, err error)
	CreateLink(ctx context.Context, name string, role access.Role, by string) (secret string, err error)
	RevokeToken(ctx context.Context, id string) error
}

// Live tells that something changed; see the topics of the web room. The
// channel closes when ctx ends.
type Live interface {
	Subscribe(ctx context.Context) <-chan []string
}

// Options are what the API needs. Every field but Scenarios, Version and
// Waits is required.
type Options struct {
	Releases   ReleaseReader
	Incidents  IncidentReader
	Drills     DrillReader
	Desk       Desk
	Pipelines  Pipelines
	Scopes     Scopes
	Doorkeeper Doorkeeper
	Keys       Keys
	Live       Live
	// Health says whether the server can do its work.
	Health    func(ctx context.Context) error
	Scenarios []drill.Scenario
	// PublicURL is how people reach this server: links begin with it.
	PublicURL string
	Version   string
	Logger    *slog.Logger
	// Waits bounds the requests that wait for a verdict at the same time;
	// zero means 128. One token may hold a quarter of them.
	Waits int
}

// Bounds of the API.
const (
	maxBody      = 64 << 10
	maxSignals   = 300
	defaultWaits = 128
	root         = "/api/v1"
)

// server is the API with its parts.
type server struct {
	Options
	huma  huma.API
	waits *waits
}

// New returns the API as one handler, to be mounted at /api/ and /healthz.
func New(o Options) http.Handler {
	s, mux := build(o)
	document := s.document()
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document)
	})
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.nothing(mux, w, r) })
	return s.shield(mux)
}

// build registers every operation.
func build(o Options) (*server, *http.ServeMux) {
	if o.Waits <= 0 {
		o.Waits = defaultWaits
	}
	s := &server{Options: o, waits: newWaits(o.Waits)}
	mux := http.NewServeMux()
	s.huma = humago.NewWithPrefix(mux, root, settings(o.Version))
	s.huma.UseMiddleware(s.admit)
	s.products()
	s.releases()
	s.pipelines()
	s.changes()
	s.incidents()
	s.drills()
	s.grants()
	return s, mux
}

// settings are huma's: JSON only, no documentation page (it would load
// scripts from elsewhere), no schema links, unknown query parameters refused.
func settings(version string) huma.Config {
	c := huma.DefaultConfig("Postflight", version)
	c.Info.Description = "Watches a release from the second it is live. Every operation needs a token, sent as Authorization: Bearer."
	c.CreateHooks = nil
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{restate}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		scheme: {Type: "http", Scheme: "bearer", Description: "An API token, made with: postflight token create"},
	}
	return c
}

// document renders the OpenAPI document.
func (s *server) document() []byte {
	doc := s.huma.OpenAPI()
	// huma always describes its own errors; ours are restated.
	known := doc.Components.Schemas.Map()
	delete(known, "ErrorModel")
	delete(known, "ErrorDetail")
	// What we answer may gain fields; what we are sent may not.
	strict := requests(doc)
	for name, schema := range known {
		if !strict["#/components/schemas/"+name] && schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil
		}
	}
	raw, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic("api: encode the OpenAPI document: " + err.Error())
	}
	return append(raw, '\n')
}

// requests returns the references of the schemas of request bodies.
func requests(doc *huma.OpenAPI) map[string]bool {
	out := map[string]bool{}
	for _, p := range doc.Paths {
		for _, op := range []*huma.Operation{p.Get, p.Post, p.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, m := range op.RequestBody.Content {
				out[m.Schema.Ref] = true
			}
		}
	}
	return out
}

// shield wraps everything: headers, and a net under a panicking operation.
func (s *server) shield(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.Logger.Error("operation panicked", "method", r.Method, "path", r.URL.Path, "panic", p)
			panic(http.ErrAbortHandler) // nobody knows how much was written
		}()
		next.ServeHTTP(w, r)
	})
}

// nothing answers for paths that do not exist, and tells which methods one
// that does exist has.
func (s *server) nothing(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := mux.Handler(other); pattern != "/" && m != r.Method {
			allow = append(allow, m)
		}
	}
	if len(allow) > 0 {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		p := problemFor(http.StatusMethodNotAllowed, "there is no "+r.Method+" here")
		p.Hint = "allowed: " + strings.Join(allow, ", ")
		p.write(w)
		return
	}
	p := problemFor(http.StatusNotFound, "there is no such operation")
	p.Hint = "they are listed in /api/openapi.json"
	p.write(w)
}

// health answers monitors: no token, no detail.
func (s *server) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := s.Health(r.Context()); err != nil {
		s.Logger.Warn("unhealthy", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"unavailable"}` + "\n"))
		return
	}
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
}
