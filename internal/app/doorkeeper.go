package app

import (
	"context"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/store"
)

// Doorkeeper turns secrets into people and hands out new ones. It is safe for
// concurrent use.
type Doorkeeper struct {
	store *store.Store
	now   func() time.Time
}

// How long grants last. A token lasts until it is revoked.
const (
	linkLife    = 15 * time.Minute
	sessionLife = 14 * 24 * time.Hour
)

// denied is the one answer to a secret that is not known: it does not tell a
// wrong one from one that never was.
func denied() error {
	return fault.New(fault.Denied, "not signed in", "open a sign-in link; print one with: postflight login")
}

// issue makes a grant and returns its secret.
func (k *Doorkeeper) issue(ctx context.Context, kind access.Kind, name string, role access.Role, life time.Duration) (string, error) {
	if !role.Valid() {
		return "", fault.New(fault.Invalid, fmt.Sprintf("unknown role %q", role), "one of viewer, responder, admin")
	}
	if name == "" || len(name) > 200 {
		return "", fault.New(fault.Invalid, "a grant needs a name of at most 200 bytes", "say whom or what it is for")
	}
	secret, hash := access.Secret()
	g := access.Grant{ID: hash[:12], Kind: kind, Name: name, Role: role, Hash: hash, Created: k.now()}
	if life > 0 {
		g.Expires = k.now().Add(life)
	}
	err := k.store.Write(ctx, func(tx *store.Tx) error { return tx.PutGrant(ctx, g) })
	return secret, err
}

// CreateLink returns the secret of a sign-in link that works once.
func (k *Doorkeeper) CreateLink(ctx context.Context, name string, role access.Role, _ string) (string, error) {
	return k.issue(ctx, access.Link, name, role, linkLife)
}

// CreateToken returns the secret of an API token.
func (k *Doorkeeper) CreateToken(ctx context.Context, name string, role access.Role, _ string) (string, error) {
	return k.issue(ctx, access.Token, name, role, 0)
}

// SignIn uses up a link and opens a browser session.
func (k *Doorkeeper) SignIn(ctx context.Context, link string) (string, access.Who, error) {
	var g access.Grant
	err := k.store.Write(ctx, func(tx *store.Tx) error {
		found, err := tx.GrantByHash(ctx, access.Hash(link))
		if err != nil || found.Kind != access.Link {
			return denied()
		}
		if err := found.Check(k.now()); err != nil {
			return err
		}
		g, err = tx.UseGrant(ctx, access.Hash(link), k.now())
		return err
	})
	if err != nil {
		return "", access.Who{}, err
	}
	session, err := k.issue(ctx, access.Session, g.Name, g.Role, sessionLife)
	return session, access.Who{Grant: access.Hash(session)[:12], Name: g.Name, Role: g.Role}, err
}

// Session returns who a browser session is.
func (k *Doorkeeper) Session(ctx context.Context, secret string) (access.Who, error) {
	return k.who(ctx, secret, access.Session)
}

// Token returns who an API token is.
func (k *Doorkeeper) Token(ctx context.Context, secret string) (access.Who, error) {
	return k.who(ctx, secret, access.Token)
}

func (k *Doorkeeper) who(ctx context.Context, secret string, kind access.Kind) (access.Who, error) {
	var g access.Grant
	err := k.store.Read(ctx, func(tx *store.Tx) error {
		var err error
		g, err = tx.GrantByHash(ctx, access.Hash(secret))
		return err
	})
	switch {
	case fault.Is(err, fault.NotFound), err == nil && g.Kind != kind:
		return access.Who{}, denied()
	case err != nil:
		return access.Who{}, err
	}
	if err := g.Check(k.now()); err != nil {
		return access.Who{}, err
	}
	return access.Who{Grant: g.ID, Name: g.Name, Role: g.Role}, nil
}

// SignOut ends a browser session.
func (k *Doorkeeper) SignOut(ctx context.Context, secret string) error {
	return k.RevokeToken(ctx, access.Hash(secret)[:12])
}

// RevokeToken ends a grant of any kind, by its id.
func (k *Doorkeeper) RevokeToken(ctx context.Context, id string) error {
	return k.store.Write(ctx, func(tx *store.Tx) error { return tx.RevokeGrant(ctx, id, k.now()) })
}

// Grants lists every grant, without secrets.
func (k *Doorkeeper) Grants(ctx context.Context) (out []access.Grant, err error) {
	err = k.store.Read(ctx, func(tx *store.Tx) error {
		out, err = tx.Grants(ctx)
		return err
	})
	return out, err
}
