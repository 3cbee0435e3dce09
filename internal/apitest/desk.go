package apitest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/drill"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/incident"
	"github.com/postflight/postflight/internal/product"
	"github.com/postflight/postflight/internal/release"
)

// Announce enters a release.
func (h *House) Announce(ctx context.Context, a release.Announcement) (release.Release, bool, error) {
	s, err := h.Product(ctx, a.Product)
	if err != nil {
		return release.Release{}, false, err
	}
	s.State.Product = a.Product
	e, err := release.Announce(s.State, s.Live, a, time.Now())
	if err != nil {
		return release.Release{}, false, err
	}
	h.change(func() {
		h.states[a.Product] = e.State
		h.releases = slices.DeleteFunc(h.releases, func(r release.Release) bool { return r.ID == e.Release.ID })
		h.releases = append(h.releases, e.Release)
	})
	return e.Release, e.New, nil
}

// Command obeys a person at once.
func (h *House) Command(ctx context.Context, id incident.ID, c incident.Command) error {
	in, lines, err := h.Incident(ctx, id)
	if err != nil {
		return err
	}
	next, ev, err := in.Obey(c, time.Now())
	if err != nil {
		return err
	}
	var up incident.Update
	if err := ev.Decode(&up); err != nil {
		return err
	}
	h.Open(next, incident.Entry{
		Incident: id, Seq: int64(len(lines) + 1), At: time.Now(), Kind: string(ev.Kind), Text: up.Text, By: c.By,
	})
	return nil
}

// Rollback remembers that a release was to be undone.
func (h *House) Rollback(ctx context.Context, id release.ID, by string) error {
	o, err := h.Outcome(ctx, id)
	if err != nil {
		return err
	}
	s, err := h.Product(ctx, o.Release.Product)
	if err != nil {
		return err
	}
	if s.Live == nil || s.Live.ID != id {
		return fault.New(fault.Conflict, fmt.Sprintf("not rolled back: %s is not live", id), "only what is live can be undone")
	}
	h.change(func() { h.rollbacks = append(h.rollbacks, string(id)+" by "+by) })
	return nil
}

// Unpin lifts a pin.
func (h *House) Unpin(ctx context.Context, id product.ID, _ string) error {
	s, err := h.Product(ctx, id)
	if err != nil {
		return err
	}
	if s.State.Pin == nil {
		return fault.New(fault.Conflict, fmt.Sprintf("%s is not pinned", id), "")
	}
	h.change(func() {
		s.State.Pin = nil
		h.states[id] = s.State
	})
	return nil
}

// StartDrill starts a scenario on the first product.
func (h *House) StartDrill(ctx context.Context, scenario, by string) (drill.ID, error) {
	i := slices.IndexFunc(h.scenarios, func(s drill.Scenario) bool { return s.Name == scenario })
	if i < 0 {
		return "", fault.New(fault.NotFound, fmt.Sprintf("no scenario is called %q", scenario), "list them with: postflight drill list")
	}
	s, err := h.Product(ctx, h.products[0].ID)
	if err != nil {
		return "", err
	}
	g := drill.Ground{Allowed: true, Open: s.Incidents}
	if s.Live != nil {
		g.Live = *s.Live
	}
	h.mu.Lock()
	n := len(h.drills) + 1
	g.Playing = slices.ContainsFunc(h.drills, func(d drill.Drill) bool { return d.State == drill.Playing })
	h.mu.Unlock()
	d, err := drill.Start(drill.Drill{
		ID: drill.ID(fmt.Sprintf("%s-%d", scenario, n)), Scenario: h.scenarios[i], Product: s.Product.ID, By: by,
	}, g, time.Now())
	if err != nil {
		return "", err
	}
	h.change(func() { h.drills = append(h.drills, d) })
	if h.Play != nil {
		h.Play(d)
	}
	return d.ID, nil
}

// Token returns who a token is.
func (h *House) Token(_ context.Context, secret string) (access.Who, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hash := access.Hash(secret)
	for _, g := range h.grants {
		if g.Hash == hash && g.Kind == access.Token {
			return access.Who{Grant: g.ID, Name: g.Name, Role: g.Role}, g.Check(time.Now())
		}
	}
	return access.Who{}, fault.New(fault.Denied, "not signed in", "")
}

// Grants lists every grant, newest first.
func (h *House) Grants(context.Context) ([]access.Grant, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.grants), nil
}

// CreateToken makes a token.
func (h *House) CreateToken(_ context.Context, name string, role access.Role, _ string) (string, error) {
	secret, _ := h.issue(access.Token, name, role)
	return secret, nil
}

// CreateLink makes a sign-in link.
func (h *House) CreateLink(_ context.Context, name string, role access.Role, _ string) (string, error) {
	secret, _ := h.issue(access.Link, name, role)
	return secret, nil
}

// RevokeToken ends a grant.
func (h *House) RevokeToken(_ context.Context, id string) error {
	h.change(func() {
		for i := range h.grants {
			if h.grants[i].ID == id {
				h.grants[i].Revoked = time.Now()
			}
		}
	})
	return nil
}
