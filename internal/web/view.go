package web

import (
	"context"
	"io"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/action"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/journal"
	"github.com/postflight/postflight/internal/pipeline"
	"github.com/postflight/postflight/internal/postmortem"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
	"github.com/postflight/postflight/internal/signal"
	"github.com/postflight/postflight/internal/verdict"
	"github.com/postflight/postflight/internal/watch"
)

// ReleaseReader answers the product and release pages, each from one
// consistent read. A missing row is a fault of kind NotFound.
type ReleaseReader interface {
	// Standings returns where every product stands, in any order; a product
	// without a row may be left out.
	Standings(ctx context.Context) ([]Standing, error)
	ProductView(ctx context.Context, id product.ID) (ProductView, error)
	ReleaseView(ctx context.Context, id release.ID) (ReleaseView, error)
}

// IncidentReader answers the incident pages.
type IncidentReader interface {
	// Incidents returns the newest first; open leaves out the closed ones.
	Incidents(ctx context.Context, open bool, limit int) ([]incident.Incident, error)
	IncidentView(ctx context.Context, id incident.ID) (IncidentView, error)
	// Postmortem reports false while nothing was drafted.
	Postmortem(ctx context.Context, id incident.ID) (postmortem.Postmortem, bool, error)
}

// DrillReader answers the drills pages. Drills returns the newest first.
type DrillReader interface {
	Drills(ctx context.Context, limit int) ([]drill.Drill, error)
	Drill(ctx context.Context, id drill.ID) (drill.Drill, error)
}

// JournalReader reads one event.
type JournalReader interface {
	Event(ctx context.Context, seq int64) (journal.Event, error)
}

// Desk takes what people ask for. Every call records who asked; a refusal is
// a fault with a hint. Calls return once the wish is recorded, not once it is
// fulfilled.
type Desk interface {
	Command(ctx context.Context, id incident.ID, c incident.Command) error
	Rollback(ctx context.Context, id release.ID, by string) error
	StartDrill(ctx context.Context, scenario, by string) (drill.ID, error)
	EditPostmortem(ctx context.Context, id incident.ID, s postmortem.Section, text, by string) error
	Unpin(ctx context.Context, id product.ID, by string) error
}

// Doorkeeper opens and closes browser sessions. A secret that is unknown,
// used, expired or revoked is a fault of kind Denied.
type Doorkeeper interface {
	// SignIn uses up a one-time link.
	SignIn(ctx context.Context, link string) (session string, who access.Who, err error)
	Session(ctx context.Context, secret string) (access.Who, error)
	SignOut(ctx context.Context, secret string) error
}

// Keys hands out and takes back grants. A secret is returned once and never
// again.
type Keys interface {
	Grants(ctx context.Context) ([]access.Grant, error)
	CreateToken(ctx context.Context, name string, role access.Role, by string) (secret string, err error)
	// CreateLink returns the secret of a one-time sign-in link.
	CreateLink(ctx context.Context, name string, role access.Role, by string) (secret string, err error)
	// RevokeToken ends a grant of any kind.
	RevokeToken(ctx context.Context, id string) error
}

// Live tells that something changed. The channel carries topics such as
// "product/shop", "release/r1", "incident/INC-1" and "drill/d1", one send a
// change; it closes when ctx ends. Sends to a slow reader may be merged or
// dropped as long as a later one still arrives.
type Live interface {
	Subscribe(ctx context.Context) <-chan []string
}

// Blobs opens an artifact; an unknown key is a fault of kind NotFound.
type Blobs interface {
	Open(ctx context.Context, key string) (io.ReadCloser, error)
}

// Standing is where one product stands.
type Standing struct {
	State    release.State
	Live     *release.Release
	LastGood *release.Release
	// Watch is the open release or verify watch, if there is one.
	Watch *watch.Watch
	// Verdict is the last one reached for the live release.
	Verdict   *verdict.Verdict
	Incidents []incident.Incident // open ones
	Probes    []signal.Signal     // the latest of each integration
}

// ProductView is one product with its ledger, newest release first.
type ProductView struct {
	Standing
	Releases []Row
}

// Row is one line of the ledger.
type Row struct {
	Release  release.Release
	Verdict  *verdict.Verdict
	Incident incident.ID
	// Pipeline is what its CI is worth; "" when nothing was told of it.
	Pipeline pipeline.Trust
}

// ReleaseView is everything about one release.
type ReleaseView struct {
	Release  release.Release
	Previous *release.Release
	State    release.State     // of its product
	Watch    *watch.Watch      // nil before the watch was opened
	Verdicts []verdict.Verdict // newest first
	Signals  []signal.Signal   // of its watch, oldest first
	// Before holds the asset crawls of the previous release's own watch, so
	// that a broken asset can be dated.
	Before    []signal.Signal
	Events    []journal.Event // about it, oldest first
	Incidents []incident.Incident
	Rollbacks []action.Action // rollback.perform
	Pipeline  PipelineView
	Scope     ScopeView
}

// IncidentView is everything about one incident.
type IncidentView struct {
	Incident   incident.Incident
	Release    *release.Release
	Timeline   []incident.Entry
	Deliveries []action.Action // page.send, oldest first
	Rollbacks  []action.Action // rollback.perform
	Drafted    bool            // there is a postmortem
}
