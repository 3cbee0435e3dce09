package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

// resolution is how exactly the last use of a session or token is kept: more
// would cost a write for each request.
const resolution = time.Minute

// PutGrant writes a new grant. A Conflict fault means that its id or secret
// is taken.
func (t *Tx) PutGrant(ctx context.Context, g access.Grant) error {
	if g.ID == "" || g.Hash == "" {
		return fmt.Errorf("write grant: %w", errEmptyID)
	}
	body, err := encode(g)
	if err != nil {
		return fmt.Errorf("write grant %s: %w", g.ID, err)
	}
	n, err := t.exec(ctx, `INSERT INTO grants (id, body, hash, created, expires, used)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		g.ID, body, g.Hash, g.Created, g.Expires, g.Used)
	if err != nil {
		return fmt.Errorf("write grant %s: %w", g.ID, err)
	}
	if n == 0 {
		return fault.Newf(fault.Conflict, "there is a grant %q already", g.ID)
	}
	return nil
}

// grants reads rows of hash and body.
func (t *Tx) grants(ctx context.Context, clause string, args ...any) ([]access.Grant, error) {
	var out []access.Grant
	err := t.each(ctx, `SELECT hash, body FROM grants `+clause, args, func(rows *sql.Rows) error {
		var hash, body string
		if err := rows.Scan(&hash, &body); err != nil {
			return err
		}
		var g access.Grant
		err := json.Unmarshal([]byte(body), &g)
		g.Hash = hash
		out = append(out, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read grants: %w", err)
	}
	return out, nil
}

// GrantByHash returns the grant whose secret has this hash, usable or not.
func (t *Tx) GrantByHash(ctx context.Context, hash string) (access.Grant, error) {
	found, err := t.grants(ctx, `WHERE hash = $1`, hash)
	if err != nil {
		return access.Grant{}, err
	}
	if len(found) == 0 {
		return access.Grant{}, fault.New(fault.NotFound, "there is no such grant", "")
	}
	return found[0], nil
}

// UseGrant checks a grant and marks it as used at now. A link can be used
// once, ever; of sessions and tokens the last use is kept to the minute. A
// Denied fault says why it cannot be used, NotFound that there is none.
func (t *Tx) UseGrant(ctx context.Context, hash string, now time.Time) (access.Grant, error) {
	g, err := t.GrantByHash(ctx, hash)
	if err != nil {
		return g, err
	}
	if err := g.Check(now); err != nil {
		return access.Grant{}, err
	}
	if g.Kind != access.Link && now.Sub(g.Used) < resolution {
		return g, nil
	}
	before := g.Used
	g.Used = now
	body, err := encode(g)
	if err != nil {
		return access.Grant{}, fmt.Errorf("use grant %s: %w", g.ID, err)
	}
	n, err := t.exec(ctx, `UPDATE grants SET used = $2, body = $3 WHERE id = $1 AND used = $4`, g.ID, now, body, before)
	if err != nil {
		return access.Grant{}, fmt.Errorf("use grant %s: %w", g.ID, err)
	}
	if n == 0 {
		return access.Grant{}, errors.Join(g.Check(now), fault.Newf(fault.Conflict, "grant %s is being used", g.ID))
	}
	return g, nil
}

// Grants returns all grants, newest first.
func (t *Tx) Grants(ctx context.Context) ([]access.Grant, error) {
	return t.grants(ctx, `ORDER BY created DESC, id LIMIT $1`, most)
}

// RevokeGrant ends a grant at now; ending it again changes nothing.
func (t *Tx) RevokeGrant(ctx context.Context, id string, now time.Time) error {
	found, err := t.grants(ctx, `WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fault.Newf(fault.NotFound, "there is no grant %q", id)
	}
	g := found[0]
	if !g.Revoked.IsZero() {
		return nil
	}
	g.Revoked = now
	body, err := encode(g)
	if err != nil {
		return fmt.Errorf("revoke grant %s: %w", id, err)
	}
	if _, err := t.exec(ctx, `UPDATE grants SET body = $2 WHERE id = $1`, id, body); err != nil {
		return fmt.Errorf("revoke grant %s: %w", id, err)
	}
	return nil
}

// Setting returns what the server keeps for itself under a key, such as the
// key of the synthetic marker, and whether it is there.
func (t *Tx) Setting(ctx context.Context, key string) (string, bool, error) {
	var value string
	err := t.row(ctx, `SELECT value FROM settings WHERE key = $1`, []any{key}, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read setting %s: %w", key, err)
	}
	return value, true, nil
}

// PutSetting writes a setting.
func (t *Tx) PutSetting(ctx context.Context, key, value string) error {
	_, err := t.exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, document(value))
	if err != nil {
		return fmt.Errorf("write setting %s: %w", key, err)
	}
	return nil
}
