// Package apitest is a house in memory behind the HTTP API, for tests.
//
// It keeps the rules of the real one where they are pure (the ledger, the
// incident commands, the steadiness a drill needs) and forgets everything at
// the end. What the stages would conclude is told to it by the test. It is
// safe for concurrent use and is never part of the product.
package apitest

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/api"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/scope"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// House is everything that the API asks.
type House struct {
	mu          sync.Mutex
	products    []product.Product
	scenarios   []drill.Scenario
	states      map[product.ID]release.State
	releases    []release.Release // oldest first
	verdicts    map[release.ID]verdict.Verdict
	watches     map[release.ID]watch.Watch
	seen        map[release.ID][]signal.Signal
	incidents   []incident.Incident // oldest first
	timeline    map[incident.ID][]incident.Entry
	postmortems map[incident.ID]postmortem.Postmortem
	drills      []drill.Drill // oldest first
	grants      []access.Grant
	changed     chan struct{}
	down        error
	rollbacks   []string
	steps       []pipeline.Entry
	closings    []pipeline.Closed
	signatures  map[string][]byte
	scopes      map[string]scope.Report
	builds      map[string]map[product.ID]scope.Manifest // by commit
	found       map[string]scope.Finding                 // by product and commit
	// Play is called with each started drill, outside the lock; it ends the
	// drill by EndDrill whenever it likes.
	Play func(d drill.Drill)
}

// New returns a house that watches these products.
func New(products ...product.Product) *House {
	return &House{
		products: products, states: map[product.ID]release.State{}, verdicts: map[release.ID]verdict.Verdict{},
		watches: map[release.ID]watch.Watch{}, seen: map[release.ID][]signal.Signal{},
		timeline: map[incident.ID][]incident.Entry{}, postmortems: map[incident.ID]postmortem.Postmortem{},
		changed: make(chan struct{}), signatures: map[string][]byte{},
		scopes: map[string]scope.Report{}, builds: map[string]map[product.ID]scope.Manifest{}, found: map[string]scope.Finding{},
	}
}

// Handler returns the API over this house.
func (h *House) Handler(log *slog.Logger) http.Handler {
	return api.New(api.Options{
		Releases: h, Incidents: h, Drills: h, Desk: h, Pipelines: h, Scopes: h, Doorkeeper: h, Keys: h, Live: h,
		Health:    func(context.Context) error { h.mu.Lock(); defer h.mu.Unlock(); return h.down },
		Scenarios: h.scenarios, PublicURL: "https://postflight.example", Version: "v0.0.0-test", Logger: log, Waits: 8,
	})
}

// tell wakes those who wait; the lock is held.
func (h *House) tell() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// change runs f under the lock and tells.
func (h *House) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	h.tell()
}

// Fail makes every read and health question fail with err; nil ends it.
func (h *House) Fail(err error) { h.change(func() { h.down = err }) }

// Offer adds scenarios. Call it before Handler.
func (h *House) Offer(s ...drill.Scenario) { h.scenarios = append(h.scenarios, s...) }

// Judge sets the verdict on a release.
func (h *House) Judge(id release.ID, v verdict.Verdict) {
	h.change(func() {
		v.Release = id
		h.verdicts[id] = v
		if j, ok := v.Judgement(); ok {
			h.judge(id, j)
		}
	})
}

// judge enters a judgement in the ledger.
func (h *House) judge(id release.ID, j release.Judgement) {
	for i, r := range h.releases {
		if r.ID == id {
			e := release.Remember(h.states[r.Product], r, j)
			h.releases[i], h.states[r.Product] = e.Release, e.State
		}
	}
}

// Watch sets the watch on a release.
func (h *House) Watch(w watch.Watch) { h.change(func() { h.watches[w.Release] = w }) }

// See adds an observation.
func (h *House) See(s signal.Signal) {
	h.change(func() { h.seen[s.Release] = append(h.seen[s.Release], s) })
}

// Open opens an incident, or replaces it.
func (h *House) Open(in incident.Incident, lines ...incident.Entry) {
	h.change(func() {
		h.incidents = slices.DeleteFunc(h.incidents, func(o incident.Incident) bool { return o.ID == in.ID })
		h.incidents = append(h.incidents, in)
		h.timeline[in.ID] = append(h.timeline[in.ID], lines...)
	})
}

// Draft keeps a postmortem.
func (h *House) Draft(pm postmortem.Postmortem) {
	h.change(func() { h.postmortems[pm.Incident] = pm })
}

// EndDrill replaces a drill.
func (h *House) EndDrill(d drill.Drill) {
	h.change(func() {
		for i := range h.drills {
			if h.drills[i].ID == d.ID {
				h.drills[i] = d
			}
		}
	})
}

// Pin sets a product's pin.
func (h *House) Pin(id product.ID, p release.Pin) {
	h.change(func() {
		st := h.states[id]
		st.Pin = &p
		h.states[id] = st
	})
}

// Rollbacks lists what was asked for, as "release by name".
func (h *House) Rollbacks() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.rollbacks)
}

// Grant makes a token of this role and returns its secret.
func (h *House) Grant(name string, role access.Role) string {
	secret, _ := h.issue(access.Token, name, role)
	return secret
}

func (h *House) issue(kind access.Kind, name string, role access.Role) (string, access.Grant) {
	secret, hash := access.Secret()
	g := access.Grant{ID: hash[:12], Kind: kind, Name: name, Role: role, Hash: hash, Created: time.Now()}
	h.change(func() { h.grants = append([]access.Grant{g}, h.grants...) })
	return secret, g
}

// missing is the fault for what is not there.
func missing(what string, id any) error {
	return fault.Newf(fault.NotFound, "there is no %s %v", what, id)
}
