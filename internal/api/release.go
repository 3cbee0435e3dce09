package api

import (
	"context"
	"net/http"
	"time"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// nothing is the input of operations that take none.
type nothing struct{}

// answer is an output with nothing but a body.
type answer[T any] struct{ Body T }

// say answers with a body.
func say[T any](v T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{Body: v}, nil
}

// ProductPath, ReleasePath, IncidentPath and Page are parts of inputs; huma
// fills in embedded structs only when they are exported.
type ProductPath struct {
	Product string `path:"product" maxLength:"128" doc:"Id of the product."`
}

// ReleasePath names a release.
type ReleasePath struct {
	Release string `path:"release" maxLength:"200" doc:"Id of the release, such as shop-12."`
}

// Page bounds a list.
type Page struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many rows at most."`
}

type ledgerInput struct {
	ProductPath
	Page
}

type announceInput struct {
	ProductPath
	Body client.Announcement
}

type waitInput struct {
	ReleasePath
	Timeout int `query:"timeout" minimum:"1" maximum:"60" default:"30" doc:"Seconds to wait at most."`
}

// products registers what is about products.
func (s *server) products() {
	add(s, operation{id: "get-version", method: http.MethodGet, path: "/version", summary: "What answers", need: access.Viewer},
		func(context.Context, *nothing) (*answer[client.Version], error) {
			return say(client.Version{Version: s.Version}, nil)
		})
	add(s, operation{id: "list-products", method: http.MethodGet, path: "/products", summary: "Where every product stands", need: access.Viewer},
		func(ctx context.Context, _ *nothing) (*answer[client.Products], error) {
			all, err := s.Releases.Products(ctx)
			return say(client.Products{Products: each(all, wireStanding)}, err)
		})
	add(s, operation{id: "get-product", method: http.MethodGet, path: "/products/{product}", summary: "Where one product stands", need: access.Viewer},
		func(ctx context.Context, in *ProductPath) (*answer[client.Product], error) {
			p, err := s.Releases.Product(ctx, product.ID(in.Product))
			return say(wireStanding(p), err)
		})
	add(s, operation{id: "unpin-product", method: http.MethodPost, path: "/products/{product}/unpin", summary: "Let a version that was rolled back be released again", need: access.Admin, status: http.StatusAccepted},
		func(ctx context.Context, in *ProductPath) (*answer[client.Accepted], error) {
			return say(client.Accepted{Subject: in.Product}, s.Desk.Unpin(ctx, product.ID(in.Product), who(ctx).Name))
		})
	add(s, operation{id: "roll-back-product", method: http.MethodPost, path: "/products/{product}/rollback", summary: "Undo the live release", need: access.Responder, status: http.StatusAccepted},
		s.rollBackProduct)
	add(s, operation{id: "list-releases", method: http.MethodGet, path: "/products/{product}/releases", summary: "The ledger, newest first", need: access.Viewer},
		func(ctx context.Context, in *ledgerInput) (*answer[client.Releases], error) {
			rows, err := s.Releases.Ledger(ctx, product.ID(in.Product), in.Limit)
			return say(client.Releases{Releases: each(rows, wireOutcome)}, err)
		})
	add(s, operation{id: "announce-release", method: http.MethodPost, path: "/products/{product}/releases", summary: "Tell that a version was made live; may be repeated", need: access.Responder},
		s.announce)
}

// releases registers what is about one release.
func (s *server) releases() {
	add(s, operation{id: "get-release", method: http.MethodGet, path: "/releases/{release}", summary: "A release, its verdict and what was seen", need: access.Viewer},
		s.release)
	add(s, operation{id: "wait-release", method: http.MethodGet, path: "/releases/{release}/wait", summary: "Wait until the verdict is final or broken", need: access.Viewer, endless: true},
		func(ctx context.Context, in *waitInput) (*answer[client.Outcome], error) {
			o, err := s.wait(ctx, release.ID(in.Release), time.Duration(in.Timeout)*time.Second)
			return say(wireOutcome(o), err)
		})
	add(s, operation{id: "roll-back-release", method: http.MethodPost, path: "/releases/{release}/rollback", summary: "Undo a release that is live", need: access.Responder, status: http.StatusAccepted},
		func(ctx context.Context, in *ReleasePath) (*answer[client.Accepted], error) {
			return say(client.Accepted{Subject: in.Release}, s.Desk.Rollback(ctx, release.ID(in.Release), who(ctx).Name))
		})
}

func (s *server) announce(ctx context.Context, in *announceInput) (*answer[client.Announced], error) {
	r, fresh, err := s.Desk.Announce(ctx, release.Announcement{
		Product: product.ID(in.Product), Version: in.Body.Version, Commit: in.Body.Commit, URL: in.Body.URL,
		By: who(ctx).Name, Config: in.Body.ConfigChanges, Force: in.Body.Force,
	})
	return say(client.Announced{Release: wireRelease(r), New: fresh}, err)
}

func (s *server) rollBackProduct(ctx context.Context, in *ProductPath) (*answer[client.Accepted], error) {
	p, err := s.Releases.Product(ctx, product.ID(in.Product))
	if err != nil {
		return nil, err
	}
	if p.Live == nil {
		return nil, fault.New(fault.Conflict, in.Product+" has no live release", "nothing was released yet")
	}
	return say(client.Accepted{Subject: string(p.Live.ID)}, s.Desk.Rollback(ctx, p.Live.ID, who(ctx).Name))
}

func (s *server) release(ctx context.Context, in *ReleasePath) (*answer[client.ReleaseDetail], error) {
	o, err := s.Releases.Outcome(ctx, release.ID(in.Release))
	if err != nil {
		return nil, err
	}
	seen, err := s.Releases.Seen(ctx, o.Release.ID, maxSignals+1)
	more := len(seen) > maxSignals
	if more {
		seen = seen[1:]
	}
	return say(client.ReleaseDetail{Outcome: wireOutcome(o), Signals: each(seen, wireSignal), More: more}, err)
}
