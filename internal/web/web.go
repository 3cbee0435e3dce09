// Package web is the server-rendered user interface of Postflight.
//
// It shows what the stages decided: products, releases with their verdict and
// evidence, incidents, postmortems and drills; and it hands what a person
// asks for (acknowledge, roll back, play a drill) to the app's desk. Every
// page works without script; with it, open pages refresh in place when the
// server says that something changed. It stores nothing, judges nothing and
// never trusts what it shows: all text is escaped, and artifacts are served
// so that they cannot run. The app is its only caller.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
)

// Options are what the pages need. Every field but Journeys, Screens, Bundle,
// Scenarios, Version, Secure, Heartbeat and Streams is required.
type Options struct {
	Releases   ReleaseReader
	Incidents  IncidentReader
	Drills     DrillReader
	Journal    JournalReader
	Desk       Desk
	Doorkeeper Doorkeeper
	Keys       Keys
	Live       Live
	Blobs      Blobs
	// Journeys answers the pages of journeys; nil leaves them out.
	Journeys JourneyReader
	// Screens shows runs in progress; nil: they are listed only.
	Screens Screens
	// Bundle writes a run's archive; nil: only one that is kept is offered.
	Bundle Bundler
	// Markdown renders a postmortem for download.
	Markdown func(postmortem.Postmortem) []byte
	Products []product.Product
	// Scenarios are the drills that can be played; none hides the drills.
	Scenarios []drill.Scenario
	Version   string
	// Secure is true when people reach this server by https, so that the
	// session cookie is kept off plain connections.
	Secure bool
	Logger *slog.Logger
	Now    func() time.Time
	// Heartbeat is the pause between two signs of life on a live stream; zero
	// means 15 s.
	Heartbeat time.Duration
	// Streams bounds the live streams open at once; zero means 256.
	Streams int
}

// site is the handler's state: its options and what is derived from them.
type site struct {
	Options
	assets   *assets
	products map[product.ID]product.Product
	streams  chan struct{}
}

// New returns the whole user interface as one handler, to be mounted at "/".
func New(o Options) http.Handler {
	if o.Heartbeat <= 0 {
		o.Heartbeat = 15 * time.Second
	}
	if o.Streams <= 0 {
		o.Streams = 256
	}
	s := &site{
		Options:  o,
		assets:   loadAssets(),
		products: make(map[product.ID]product.Product, len(o.Products)),
		streams:  make(chan struct{}, o.Streams),
	}
	for _, p := range o.Products {
		s.products[p.ID] = p
	}
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.page(r))
	}
	mux.HandleFunc("GET /static/{file...}", s.assets.serve)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.assets.url("favicon.svg"), http.StatusFound)
	})
	return s.shield(mux)
}

// productName returns the configured name of a product, or its id.
func (s *site) productName(id product.ID) string {
	if p, ok := s.products[id]; ok && p.Name != "" {
		return p.Name
	}
	return string(id)
}

// bounded gives a page's reads a deadline.
func bounded(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), 10*time.Second)
}
