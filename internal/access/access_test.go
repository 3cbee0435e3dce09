package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

func TestRolesIncludeThoseBelow(t *testing.T) {
	t.Parallel()
	order := []access.Role{access.Viewer, access.Responder, access.Admin}
	for i, have := range order {
		for j, need := range order {
			if got, want := have.Allows(need), i >= j; got != want {
				t.Errorf("%s allows %s = %v, want %v", have, need, got, want)
			}
		}
		if access.Role("root").Allows(have) || have.Allows("") || have.Allows("root") {
			t.Errorf("an unknown role must allow and be allowed nothing (%s)", have)
		}
	}
}

func TestGrantCheck(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		g  access.Grant
		ok bool
	}{
		"token for ever":      {access.Grant{Kind: access.Token}, true},
		"token used before":   {access.Grant{Kind: access.Token, Used: now}, true},
		"expired":             {access.Grant{Kind: access.Session, Expires: now.Add(-time.Second)}, false},
		"revoked":             {access.Grant{Kind: access.Token, Revoked: now}, false},
		"link used before":    {access.Grant{Kind: access.Link, Used: now}, false},
		"link not used":       {access.Grant{Kind: access.Link, Expires: now.Add(time.Second)}, true},
		"revoked and expired": {access.Grant{Kind: access.Link, Revoked: now, Expires: now}, false},
	} {
		if err := c.g.Check(now); (err == nil) != c.ok || (err != nil && !fault.Is(err, fault.Denied)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsDiffer(t *testing.T) {
	t.Parallel()
	a, hash := access.Secret()
	b, _ := access.Secret()
	if a == b || !strings.HasPrefix(a, access.Prefix) || access.Hash(a) != hash || strings.Contains(hash, a[3:]) {
		t.Errorf("secrets %q %q, hash %q", a, b, hash)
	}
}
