// Package access says who may do what: roles, and the grants that carry them.
//
// A grant is a one-time sign-in link, a browser session or an API token. Only
// the SHA-256 of its secret is kept, so the store cannot leak one. There are
// no passwords, hence no default one. The package decides; the app's
// doorkeeper stores, the api and web rooms ask.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/postflight/postflight/internal/fault"
)

// Role is what a grant allows; each role includes those before it.
type Role string

// The roles.
const (
	Viewer    Role = "viewer"    // read
	Responder Role = "responder" // acknowledge, resolve, note, roll back, announce releases
	Admin     Role = "admin"     // tokens, drills, unpin
)

// rank orders the roles; an unknown role has rank 0 and allows nothing.
func (r Role) rank() int {
	switch r {
	case Viewer:
		return 1
	case Responder:
		return 2
	case Admin:
		return 3
	}
	return 0
}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return r.rank() > 0 }

// Allows reports whether r may do what needs role need.
func (r Role) Allows(need Role) bool { return need.Valid() && r.rank() >= need.rank() }

// Kind of grant.
type Kind string

// The kinds of grant.
const (
	Link    Kind = "link"    // signs in once, then is used up
	Session Kind = "session" // a browser
	Token   Kind = "token"   // a program
)

// Prefix stands before every secret, so that scanners of logs and commits
// can recognise one.
const Prefix = "pf_"

// Grant is one row; the secret itself is never stored.
type Grant struct {
	ID      string    `json:"id"`
	Kind    Kind      `json:"kind"`
	Name    string    `json:"name"` // whom or what it is for
	Role    Role      `json:"role"`
	Hash    string    `json:"-"` // hex SHA-256 of the secret
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Used    time.Time `json:"used,omitzero"` // link: when it signed in; else last use
	Revoked time.Time `json:"revoked,omitzero"`
}

// Secret returns a new random secret (256 bits) and its hash.
func Secret() (secret, hash string) {
	secret = Prefix + rand.Text() + rand.Text()
	return secret, Hash(secret)
}

// Hash returns the hex SHA-256 of a secret.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Check returns a Denied fault unless the grant is usable at now.
func (g Grant) Check(now time.Time) error {
	switch {
	case !g.Revoked.IsZero():
		return fault.New(fault.Denied, "this "+string(g.Kind)+" was revoked", "ask an admin for a new one")
	case !g.Expires.IsZero() && now.After(g.Expires):
		return fault.New(fault.Denied, "this "+string(g.Kind)+" has expired", "print a new sign-in link with: postflight login")
	case g.Kind == Link && !g.Used.IsZero():
		return fault.New(fault.Denied, "this sign-in link was used already", "print a new one with: postflight login")
	}
	return nil
}

// Who is a signed-in person or program.
type Who struct {
	Grant string
	Name  string
	Role  Role
}
